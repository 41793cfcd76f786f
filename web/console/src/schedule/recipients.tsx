// Up to three addresses. Each is checked when the person leaves its field.
import { useEffect, useId, useRef } from "react";
import { Icon } from "../parts/icon";
import { useWords } from "../i18n";
import type { ScheduleEditor } from "./editor";
import { MOST_EMAILS, type EmailRow } from "./model";

const PROBLEMS = {
  invalid: "schedule.emailInvalid",
  duplicate: "schedule.emailDuplicate",
  most: "schedule.maxEmails",
} as const;

export function Recipients({ rows, editor }: { rows: readonly EmailRow[]; editor: ScheduleEditor }) {
  const { t } = useWords();
  const labelId = useId();
  const addButton = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLUListElement>(null);
  /** Where the focus goes when the number of rows has changed by a click. */
  const focus = useRef<"last" | "add" | undefined>(undefined);

  useEffect(() => {
    if (focus.current === "last") list.current?.querySelector<HTMLInputElement>("li:last-child input")?.focus();
    if (focus.current === "add") {
      (addButton.current ?? list.current?.querySelector<HTMLInputElement>("li:last-child input"))?.focus();
    }
    focus.current = undefined;
  }, [rows.length]);

  return (
    <div className="field" role="group" aria-labelledby={labelId}>
      <span className="label" id={labelId}>
        {t("schedule.emails")}
      </span>
      {rows.length > 0 && (
        <ul className="recipients" ref={list}>
          {rows.map((row, index) => (
            <Recipient
              key={row.key}
              row={row}
              number={index + 1}
              editor={editor}
              onRemove={() => {
                focus.current = "add";
                editor.removeEmail(row.key);
              }}
            />
          ))}
        </ul>
      )}
      {rows.length < MOST_EMAILS ? (
        <button
          type="button"
          className="button button-small"
          ref={addButton}
          onClick={() => {
            focus.current = "last";
            editor.addEmail();
          }}
        >
          <Icon name="plus" /> {t("schedule.addEmail")}
        </button>
      ) : (
        <p className="field-hint">{t("schedule.maxEmails")}</p>
      )}
    </div>
  );
}

interface RecipientProps {
  row: EmailRow;
  number: number;
  editor: ScheduleEditor;
  onRemove: () => void;
}

function Recipient({ row, number, editor, onRemove }: RecipientProps) {
  const { t } = useWords();
  const problemId = useId();
  return (
    <li>
      <div className="recipient">
        <input
          className="input"
          type="email"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-label={t("schedule.email", { number })}
          placeholder={t("schedule.emailExample")}
          value={row.text}
          aria-invalid={row.problem !== null}
          aria-describedby={row.problem === null ? undefined : problemId}
          onChange={(event) => {
            editor.typeEmail(row.key, event.target.value);
          }}
          onBlur={() => {
            editor.commitEmail(row.key);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") editor.commitEmail(row.key);
          }}
        />
        <button
          type="button"
          className="button button-quiet button-icon"
          aria-label={t("schedule.removeEmail", { address: row.text || String(number) })}
          onClick={onRemove}
        >
          <Icon name="close" />
        </button>
      </div>
      {row.problem !== null && (
        <p className="field-problem" id={problemId}>
          {t(PROBLEMS[row.problem])}
          {row.address !== null && ` ${t("schedule.emailKept", { address: row.address })}`}
        </p>
      )}
    </li>
  );
}
