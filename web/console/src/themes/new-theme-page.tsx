// A new theme. What was typed is kept until it is created, also when another page is looked at in between.
import { isAlmanacError } from "@almanac/client";
import { useId, useState, useSyncExternalStore, type SubmitEvent } from "react";
import { Page } from "../frame/page";
import { Problem } from "../parts/problem";
import { useWords, type Words } from "../i18n";
import { sentenceOf } from "../errors";
import { navigate } from "../routing";
import { Observable } from "../saving/observable";
import { guardUnsaved } from "../saving/unsaved";
import { useAlmanac } from "../service";
import { LanguageOptions } from "./fields";
import { Creation } from "./creation";
import {
  LONGEST_DESCRIPTION,
  LONGEST_NAME,
  LONGEST_SECTION,
  MOST_SECTIONS,
  MOST_SOURCES,
  problemsOf,
  valuesOf,
  type Draft,
  type DraftProblem,
} from "./model";
import "./themes.css";

/** Outlives the page. */
const kept = new Observable<Draft | undefined>(undefined);
const creation = new Creation();
guardUnsaved({
  isUnsaved: () => {
    const draft = kept.get();
    return draft !== undefined && [draft.name, draft.description, draft.sources, draft.sections].join("") !== "";
  },
});

export function NewThemePage() {
  const almanac = useAlmanac();
  const words = useWords();
  const { t, language } = words;
  const [empty] = useState<Draft>({ name: "", description: "", language, sources: "", sections: "" });
  const draft = useSyncExternalStore(kept.subscribe, kept.get) ?? empty;
  // What is typed while the draft is sent would be neither in the new theme nor on its page.
  const [isSending, setIsSending] = useState(false);
  const [error, setError] = useState<unknown>();
  const [problems, setProblems] = useState<Partial<Record<keyof Draft, string | undefined>>>({});
  const ids = { name: useId(), description: useId(), language: useId(), sources: useId(), sections: useId() };

  const change = (field: keyof Draft, value: string) => {
    kept.set({ ...draft, [field]: value });
    setProblems((known) => ({ ...known, [field]: undefined }));
  };

  const create = async () => {
    setIsSending(true);
    setError(undefined);
    try {
      const id = await creation.create(almanac, valuesOf(draft));
      kept.set(undefined);
      navigate({ page: "theme", theme: id });
    } catch (refusal) {
      setIsSending(false);
      const details = isAlmanacError(refusal) ? refusal.details : [];
      setProblems(
        Object.fromEntries(details.map(({ loc, msg }) => [String(loc[1]), t("refusedValue", { reason: msg })])),
      );
      setError(refusal);
    }
  };

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const found = problemsOf(draft);
    setProblems(Object.fromEntries(found.map((problem) => [problem.field, problemText(problem, t)])));
    const [first] = found;
    if (first === undefined) void create();
    else document.getElementById(ids[first.field])?.focus();
  };

  const text = (field: "name" | "description" | "sources" | "sections") => ({
    id: ids[field],
    className: "input",
    value: draft[field],
    readOnly: isSending,
    "aria-invalid": problems[field] !== undefined,
    "aria-describedby": problems[field] === undefined ? undefined : `${ids[field]}-problem`,
    onChange: (event: { target: { value: string } }) => {
      change(field, event.target.value);
    },
  });
  const problem = (field: keyof Draft) =>
    problems[field] !== undefined && (
      <p className="field-problem" id={`${ids[field]}-problem`}>
        {problems[field]}
      </p>
    );

  return (
    <Page title={t("themes.new")} back={{ to: { page: "themes" }, label: t("themes.title") }}>
      <form className="new-theme" onSubmit={submit} noValidate>
        <div className="field">
          <label className="label" htmlFor={ids.name}>
            {t("theme.name")}
          </label>
          <input {...text("name")} placeholder={t("theme.nameExample")} autoFocus />
          {problem("name")}
        </div>
        <div className="field">
          <label className="label" htmlFor={ids.description}>
            {t("theme.description")}
          </label>
          <textarea {...text("description")} rows={3} placeholder={t("theme.descriptionHint")} />
          {problem("description")}
        </div>
        <div className="field field-narrow">
          <label className="label" htmlFor={ids.language}>
            {t("theme.language")}
          </label>
          <select
            id={ids.language}
            className="input select"
            value={draft.language}
            disabled={isSending}
            onChange={(event) => {
              change("language", event.target.value);
            }}
          >
            <LanguageOptions chosen={draft.language} shownIn={language} />
          </select>
        </div>
        <div className="field">
          <label className="label" htmlFor={ids.sources}>
            {t("source.lines")}
          </label>
          <textarea
            {...text("sources")}
            rows={3}
            spellCheck={false}
            autoCapitalize="none"
            placeholder="https://example.com/feed.xml"
          />
          {problem("sources")}
          <p className="field-hint">{t("source.hint")}</p>
        </div>
        <div className="field">
          <label className="label" htmlFor={ids.sections}>
            {t("section.lines")}
          </label>
          <textarea {...text("sections")} rows={3} />
          {problem("sections")}
          <p className="field-hint">{t("section.hint")}</p>
        </div>
        {error !== undefined && <Problem error={error}>{sentenceOf(error, words)}</Problem>}
        <div className="row">
          <button type="submit" className="button button-primary" disabled={isSending}>
            {t(isSending ? "themes.creating" : "themes.create")}
          </button>
        </div>
      </form>
    </Page>
  );
}

function problemText(problem: DraftProblem, t: Words["t"]): string {
  switch (problem.kind) {
    case "required":
      return t("theme.nameRequired");
    case "tooLong":
      return t("tooLong", { longest: LONGEST[problem.field] });
    case "invalidLine":
      return t("source.invalidLine", { line: problem.line });
    case "most":
      return problem.field === "sources"
        ? t("source.most", { most: MOST_SOURCES })
        : t("section.most", { most: MOST_SECTIONS });
  }
}

const LONGEST = { name: LONGEST_NAME, description: LONGEST_DESCRIPTION, sections: LONGEST_SECTION };
