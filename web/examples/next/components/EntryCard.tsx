"use client";
// A saved post with its fields. They save when they are left, or 800 ms after the last keystroke.
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Entry } from "@/lib/almanac";
import { EntrySaver, textOf, type Draft, type Field, type SaveStatus } from "@/lib/entry-saver";

const UNSAVED: ReadonlySet<SaveStatus["kind"]> = new Set(["waiting", "saving", "failed", "conflict"]);

interface Props {
  calendarId: string;
  entry: Entry;
  onSaved: (entry: Entry) => void;
}

export function EntryCard({ calendarId, entry: latest, onSaved }: Props) {
  const [saver] = useState(() => new EntrySaver(calendarId, latest, onSaved));
  const { entry, draft, status } = useSyncExternalStore(saver.subscribe, saver.getSnapshot, saver.getSnapshot);
  useEffect(() => {
    saver.adopt(latest);
  }, [saver, latest]);
  useEffect(
    () => () => {
      saver.dispose();
    },
    [saver],
  );
  useLastSave(UNSAVED.has(status.kind), saver);

  const field = (name: Field) => ({
    value: draft[name] ?? textOf(entry, name),
    onChange: (event: { target: { value: string } }) => {
      saver.edit(name, event.target.value);
    },
    onBlur: () => {
      saver.leave();
    },
  });
  return (
    <article className="post" data-testid="post" data-key={entry.key} aria-label={`${entry.channel}, ${entry.date}`}>
      <header>
        <input type="time" aria-label="Time" required {...field("time")} /> · {entry.channel}
      </header>
      <label>
        Title
        <input maxLength={200} {...field("title")} />
      </label>
      <label>
        Caption
        <textarea rows={5} maxLength={5000} {...field("caption")} />
      </label>
      <label>
        Hashtags
        <input {...field("hashtags")} />
      </label>
      <footer>
        <span role="status" data-testid="save-status" className={status.kind}>
          <StatusText status={status} />
        </span>
        {entry.editedFields.length > 0 && <small>Edited by you: {entry.editedFields.join(", ")}</small>}
      </footer>
      {status.kind === "conflict" && <Conflict draft={draft} theirs={status.theirs} saver={saver} />}
    </article>
  );
}

function StatusText({ status }: { status: SaveStatus }) {
  switch (status.kind) {
    case "idle":
    case "conflict":
      return "";
    case "waiting":
      return "Editing…";
    case "saving":
      return "Saving…";
    case "saved":
      return "Saved";
    case "failed":
      return (
        <>
          Not saved: {status.problem.message}
          {status.retries && " Your text is kept here and sent again."}
          {status.problem.signIn === true && (
            <a href="/sign-in" target="_blank">
              Sign in in a new tab
            </a>
          )}
        </>
      );
  }
}

/** Both versions, side by side. */
function Conflict({ draft, theirs, saver }: { draft: Draft; theirs: Entry | undefined; saver: EntrySaver }) {
  if (theirs === undefined) {
    return (
      <p role="alert" className="banner problem">
        This post was deleted elsewhere. Your text is still here: copy it before you leave.
      </p>
    );
  }
  const fields = Object.keys(draft) as Field[];
  return (
    <div role="alert" className="banner problem">
      <p>This post was changed elsewhere while you were editing it.</p>
      <div className="versions">
        <section aria-label="Your version">
          <h4>Yours</h4>
          {fields.map((name) => (
            <p key={name} className="text">
              {draft[name]}
            </p>
          ))}
        </section>
        <section aria-label="Saved version">
          <h4>Saved</h4>
          {fields.map((name) => (
            <p key={name} className="text">
              {textOf(theirs, name)}
            </p>
          ))}
        </section>
      </div>
      <button
        type="button"
        onClick={() => {
          saver.keepMine();
        }}
      >
        Keep mine
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          saver.useTheirs();
        }}
      >
        Use the saved one
      </button>
    </div>
  );
}

/** A person who closes the tab with something unsaved is asked, and it is sent at the same time. */
function useLastSave(isUnsaved: boolean, saver: EntrySaver): void {
  useEffect(() => {
    if (!isUnsaved) return;
    const ask = (event: BeforeUnloadEvent) => {
      saver.leave();
      event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => {
      window.removeEventListener("beforeunload", ask);
    };
  }, [isUnsaved, saver]);
}
