// The text fields of a theme: saved when the person stops typing or leaves the field.
import type { AlmanacError } from "@almanac/client";
import { useId } from "react";
import { Conflict } from "../parts/conflict";
import { Icon } from "../parts/icon";
import { useWords, type Words } from "../i18n";
import { sentenceOf } from "../errors";
import type { FieldState, ThemeEditor, ThemeView } from "./editor";
import {
  LANGUAGES,
  LONGEST_DESCRIPTION,
  LONGEST_NAME,
  cleanLine,
  cleanText,
  languageName,
  type Field,
  type Values,
} from "./model";

export const TYPING_PAUSE_MS = 800;

export function Fields({ values, view, editor }: { values: Values; view: ThemeView; editor: ThemeEditor }) {
  const words = useWords();
  const { t, language } = words;
  const [nameId, aboutId, languageId] = [useId(), useId(), useId()];
  return (
    <div className="fields">
      <div className="field">
        <FieldHead id={nameId} label={t("theme.name")} field="name" view={view} />
        <input
          id={nameId}
          className="input"
          value={values.name}
          aria-invalid={isWrong(view.fields.name)}
          aria-describedby={`${nameId}-problem`}
          onChange={(event) => {
            editor.edit("name", cleanLine(event.target.value), TYPING_PAUSE_MS);
          }}
          onBlur={editor.commit}
        />
        <FieldProblem id={`${nameId}-problem`} state={view.fields.name} longest={LONGEST_NAME} words={words} />
        <FieldConflict id={nameId} field="name" view={view} editor={editor} />
      </div>
      <div className="field">
        <FieldHead id={aboutId} label={t("theme.description")} field="description" view={view} />
        <textarea
          id={aboutId}
          className="input"
          rows={3}
          value={values.description}
          placeholder={t("theme.descriptionHint")}
          aria-invalid={isWrong(view.fields.description)}
          aria-describedby={`${aboutId}-problem`}
          onChange={(event) => {
            editor.edit("description", cleanText(event.target.value), TYPING_PAUSE_MS);
          }}
          onBlur={editor.commit}
        />
        <FieldProblem
          id={`${aboutId}-problem`}
          state={view.fields.description}
          longest={LONGEST_DESCRIPTION}
          words={words}
        />
        <FieldConflict id={aboutId} field="description" view={view} editor={editor} />
      </div>
      <div className="field field-narrow">
        <FieldHead id={languageId} label={t("theme.language")} field="language" view={view} />
        <select
          id={languageId}
          className="input select"
          value={values.language}
          onChange={(event) => {
            editor.edit("language", event.target.value);
          }}
        >
          <LanguageOptions chosen={values.language} shownIn={language} />
        </select>
        <FieldProblem id={`${languageId}-problem`} state={view.fields.language} longest={0} words={words} />
        <FieldConflict id={languageId} field="language" view={view} editor={editor} />
      </div>
    </div>
  );
}

export function LanguageOptions({ chosen, shownIn }: { chosen: string; shownIn: string }) {
  const tags = LANGUAGES.includes(chosen) ? LANGUAGES : [chosen, ...LANGUAGES];
  const named = tags.map((tag) => [tag, languageName(tag, shownIn)] as const);
  named.sort(([, one], [, other]) => one.localeCompare(other, shownIn));
  return named.map(([tag, name]) => (
    <option key={tag} value={tag}>
      {name}
    </option>
  ));
}

interface FieldHeadProps {
  id?: string;
  label: string;
  field: Field;
  view: ThemeView;
}

/** The label of a field, and beside it what became of the last change. */
export function FieldHead({ id, label, field, view }: FieldHeadProps) {
  return (
    <div className="field-head">
      {id === undefined ? (
        <span className="label">{label}</span>
      ) : (
        <label htmlFor={id} className="label">
          {label}
        </label>
      )}
      <SaveMark field={field} view={view} />
    </div>
  );
}

export function SaveMark({ field, view }: { field: Field; view: ThemeView }) {
  const { t } = useWords();
  const state = view.fields[field];
  const waits = view.save.kind === "waiting" && state?.kind === "changed";
  const isSaving = view.save.kind === "saving" && state?.kind === "changed";
  return (
    <span role="status" className="save-mark">
      {isSaving && <span className="status-quiet status-late">{t("saving")}</span>}
      {state?.kind === "saved" && (
        <span className="status-good">
          <Icon name="check" /> {t("saved")}
        </span>
      )}
      {waits && <span className="status-bad">{t("notSavedYet")}</span>}
      {(state?.kind === "refused" || state?.kind === "conflict") && <span className="status-bad">{t("notSaved")}</span>}
    </span>
  );
}

interface FieldConflictProps {
  id: string;
  field: Field;
  view: ThemeView;
  editor: ThemeEditor;
}

export function FieldConflict({ id, field, view, editor }: FieldConflictProps) {
  const { language } = useWords();
  const state = view.fields[field];
  if (state?.kind !== "conflict") return null;
  const saved = state.theirs ?? "";
  return (
    <Conflict
      saved={field === "language" ? languageName(saved, language) : saved}
      focus={id}
      onKeepMine={() => {
        editor.keepMine(field);
      }}
      onUseSaved={() => {
        editor.useTheirs(field);
      }}
    />
  );
}

function isWrong(state: FieldState | undefined): boolean {
  return state?.kind === "wrong" || state?.kind === "refused";
}

interface FieldProblemProps {
  id: string;
  state: FieldState | undefined;
  longest: number;
  words: Words;
}

export function FieldProblem({ id, state, longest, words }: FieldProblemProps) {
  if (!isWrong(state)) return null;
  const { t } = words;
  return (
    <p className="field-problem" id={id}>
      {state?.problem === "required" && t("theme.nameRequired")}
      {state?.problem === "tooLong" && t("tooLong", { longest })}
      {state?.error && refusal(state.error, words)}
    </p>
  );
}

/** What the service says about a value, which the rules of this page let pass. */
function refusal(error: AlmanacError, words: Words): string {
  const reason = error.details[0]?.msg;
  return reason === undefined ? sentenceOf(error, words) : words.t("refusedValue", { reason });
}
