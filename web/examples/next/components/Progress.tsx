import type { Run } from "@/lib/calendar-state";

export function Progress({ run, onCancel }: { run: Run; onCancel: () => void }) {
  const canCancel = run.id !== undefined || run.writer === "legacy";
  const total = run.total > 0 ? run.total : undefined;
  return (
    <section className="row" aria-label="Progress">
      <progress aria-label="Posts written" value={run.completed} max={total ?? 1} />
      <span role="status">
        {run.completed} of {total ?? "…"} posts
      </span>
      <button type="button" className="quiet" disabled={!canCancel} onClick={onCancel}>
        Cancel
      </button>
    </section>
  );
}
