// Themes were deleted: each can be taken back for some seconds, and one that could not be deleted says so.
import { useSyncExternalStore } from "react";
import { useApp } from "../app-state";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import type { Removal, Removals } from "../themes/removals";

export function RemovalToasts() {
  const { removals } = useApp();
  const all = useSyncExternalStore(removals.all.subscribe, removals.all.get);
  return (
    <div className="toasts" role="status">
      {all.map((removal) => (
        <Toast key={removal.id} removal={removal} removals={removals} />
      ))}
    </div>
  );
}

function Toast({ removal: { id, name, save }, removals }: { removal: Removal; removals: Removals }) {
  const words = useWords();
  const { t } = words;
  switch (save.kind) {
    case "scheduled":
      return (
        <div className="toast">
          <span>{t("theme.deleted", { name })}</span>
          <button
            type="button"
            className="button button-small"
            onClick={() => {
              removals.undo(id);
              // This button is gone.
              document.querySelector<HTMLElement>("#main h1")?.focus();
            }}
          >
            {t("undo")}
          </button>
        </div>
      );
    case "waiting":
      return (
        <div className="toast">
          <span>
            {t("theme.notDeletedYet", { name })} {sentenceOf(save.error, words)}
          </span>
        </div>
      );
    case "refused":
      return (
        <div className="toast">
          <span>
            {t("theme.notDeleted", { name })} {sentenceOf(save.error, words)}
          </span>
          <button
            type="button"
            className="button button-small"
            onClick={() => {
              removals.dismiss(id);
            }}
          >
            {t("close")}
          </button>
        </div>
      );
    default:
      return null;
  }
}
