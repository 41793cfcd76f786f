// The schedule of a theme. Every valid change is saved at once.
import { useEffect, useId, useRef } from "react";
import { Icon } from "../parts/icon";
import { Problem } from "../parts/problem";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import { useEditor } from "../saving/use-editor";
import { Days } from "./days";
import { Decisions } from "./decisions";
import { scheduleEditors, type ScheduleEditor, type ScheduleView } from "./editor";
import { Fires } from "./fires";
import { firesAtOnce, isMarked, type Draft } from "./model";
import { Recipients } from "./recipients";
import { Time } from "./time";
import "../styles/tokens.css";
import "../styles/controls.css";
import "./schedule.css";

export interface ScheduleProps {
  themeId: string;
}

export function Schedule({ themeId }: ScheduleProps) {
  const words = useWords();
  const { t } = words;
  const titleId = useId();
  const [editor, view] = useEditor(scheduleEditors, themeId);

  return (
    <section className="schedule" aria-labelledby={titleId} aria-busy={!view.draft}>
      <header className="schedule-head">
        <h2 id={titleId}>{t("schedule.title")}</h2>
        <Status view={view} editor={editor} />
      </header>
      {view.draft && <Form draft={view.draft} view={view} editor={editor} />}
      {!view.draft && view.loadError !== undefined && (
        <Problem error={view.loadError} onRetry={() => void editor.load()}>
          {t("schedule.notLoaded")} {sentenceOf(view.loadError, words)}
        </Problem>
      )}
      {!view.draft && view.loadError === undefined && <div className="schedule-placeholder" />}
      {view.draft && (
        <div className="schedule-outlook">
          <Fires themeId={themeId} draft={view.draft} changes={view.changes} />
          <Decisions themeId={themeId} changes={view.changes} />
        </div>
      )}
    </section>
  );
}

function Form({ draft, view, editor }: { draft: Draft; view: ScheduleView; editor: ScheduleEditor }) {
  const { t } = useWords();
  const warns = !draft.enabled && firesAtOnce(draft, view.stored, new Date());
  const { canUndo } = view;
  const isRemovable = view.stored !== null && !canUndo;
  const enabledSwitch = useRef<HTMLInputElement>(null);
  const removeButton = useRef<HTMLButtonElement>(null);
  const buttons = useRef({ canUndo, isRemovable });

  useEffect(() => {
    const isGone = (buttons.current.canUndo && !canUndo) || (buttons.current.isRemovable && !isRemovable && !canUndo);
    buttons.current = { canUndo, isRemovable };
    // The button that had the focus is gone: "Undo", or "Delete schedule" when there is none any more.
    if (!isGone || document.activeElement !== document.body) return;
    (removeButton.current ?? enabledSwitch.current)?.focus({ preventScroll: true });
  }, [canUndo, isRemovable]);

  return (
    <div className="schedule-form">
      <div>
        <label className="switch">
          <input
            type="checkbox"
            role="switch"
            ref={enabledSwitch}
            checked={draft.enabled}
            onChange={(event) => {
              editor.setEnabled(event.target.checked);
            }}
          />
          <span className="switch-track" aria-hidden="true" />
          {t("schedule.enabled")}
        </label>
        {warns && (
          <p className="note note-warning">
            <Icon name="warning" /> {t("schedule.firesAtOnce", { time: draft.time })}
          </p>
        )}
      </div>
      <Days
        chosen={draft.days}
        onToggle={(day) => {
          editor.toggleDay(day);
        }}
      />
      <Time draft={draft} stored={view.stored} editor={editor} />
      <Recipients rows={draft.emails} editor={editor} />
      {isRemovable && (
        <button
          type="button"
          ref={removeButton}
          className="button button-quiet button-danger schedule-remove"
          onClick={() => {
            editor.remove();
          }}
        >
          <Icon name="trash" /> {t("schedule.remove")}
        </button>
      )}
    </div>
  );
}

const NOTICES = {
  saved: { style: "status-good", icon: "check" },
  savedInPart: { style: "status-plain", icon: "warning" },
  deleted: { style: "status-plain", icon: "trash" },
  kept: { style: "status-bad", icon: "warning" },
} as const;

/** What became of the last change: said beside the title, and announced. */
function Status({ view, editor }: { view: ScheduleView; editor: ScheduleEditor }) {
  const words = useWords();
  const { t } = words;
  const { save, canUndo, draft } = view;
  const notice = view.notice === "saved" && draft && isMarked(draft) ? "savedInPart" : view.notice;
  const isFailed = save.kind === "waiting" || save.kind === "refused";
  const isSaving = save.kind === "saving" && !isFailed;
  const undoButton = useRef<HTMLButtonElement>(null);

  // The button that removed the schedule is gone.
  useEffect(() => {
    if (canUndo) undoButton.current?.focus({ preventScroll: true });
  }, [canUndo]);

  return (
    <div className="schedule-status">
      <p role="status" className="status-line">
        {isSaving && notice !== "deleted" && <span className="status-quiet">{t("schedule.saving")}</span>}
        {!isFailed && (!isSaving || notice === "deleted") && notice && (
          <span className={NOTICES[notice].style}>
            <Icon name={NOTICES[notice].icon} />
            {t(`schedule.${notice}`)}
          </span>
        )}
        {isFailed && (
          <span className="status-bad">
            <Icon name="warning" />
            {t(save.kind === "waiting" ? "schedule.notSavedYet" : "schedule.notSaved")} {sentenceOf(save.error, words)}
          </span>
        )}
      </p>
      {canUndo && (
        <button
          type="button"
          className="button button-small"
          ref={undoButton}
          onClick={() => {
            editor.undoRemoval();
          }}
        >
          {t("undo")}
        </button>
      )}
      {isFailed && (
        <button
          type="button"
          className="button button-small"
          onClick={() => {
            editor.retry();
          }}
        >
          {t("retry")}
        </button>
      )}
    </div>
  );
}
