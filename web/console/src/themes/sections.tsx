// The titles of a theme's sections, in the order of the mail. Without any the model chooses them.
import { useId, useState } from "react";
import { Icon } from "../parts/icon";
import { useWords } from "../i18n";
import type { ThemeEditor, ThemeView } from "./editor";
import { FieldConflict, FieldProblem } from "./fields";
import { LONGEST_SECTION, MOST_SECTIONS, cleanLine, isTooLong } from "./model";

interface SectionsProps {
  titles: readonly string[];
  view: ThemeView;
  editor: ThemeEditor;
}

export function Sections({ titles, view, editor }: SectionsProps) {
  const words = useWords();
  const { t } = words;
  const [listId, problemId] = [useId(), useId()];
  const typed = view.additions.sections;
  const change = (changed: string[]) => {
    editor.edit("sections", changed);
  };

  return (
    <div className="field">
      {titles.length === 0 && <p className="empty">{t("section.none")}</p>}
      <ol className="sections" id={listId} tabIndex={-1}>
        {titles.map((title, index) => (
          <li className="section-row" key={title}>
            <span className="section-number" aria-hidden="true">
              {index + 1}
            </span>
            <span className="section-title">{title}</span>
            <SectionButtons titles={titles} index={index} onChange={change} />
          </li>
        ))}
      </ol>
      {titles.length > MOST_SECTIONS ? (
        <p className="field-problem">{t("section.most", { most: MOST_SECTIONS })}</p>
      ) : (
        <FieldProblem id={problemId} state={view.fields.sections} longest={0} words={words} />
      )}
      <FieldConflict id={listId} field="sections" view={view} editor={editor} />
      {(titles.length < MOST_SECTIONS || typed !== "") && (
        <AddSection
          titles={titles}
          text={typed}
          onType={(text) => {
            editor.typeAddition("sections", text);
          }}
          onAdd={(title) => {
            change([...titles, title]);
          }}
        />
      )}
    </div>
  );
}

interface SectionButtonsProps {
  titles: readonly string[];
  index: number;
  onChange: (titles: string[]) => void;
}

function SectionButtons({ titles, index, onChange }: SectionButtonsProps) {
  const { t } = useWords();
  const title = titles[index] ?? "";
  const move = (to: number) => {
    const others = titles.filter((_, at) => at !== index);
    onChange([...others.slice(0, to), title, ...others.slice(to)]);
  };
  return (
    <span className="row-buttons">
      <button
        type="button"
        className="button button-quiet button-icon"
        aria-label={t("section.up", { title })}
        disabled={index === 0}
        onClick={() => {
          move(index - 1);
        }}
      >
        <Icon name="up" />
      </button>
      <button
        type="button"
        className="button button-quiet button-icon"
        aria-label={t("section.down", { title })}
        disabled={index === titles.length - 1}
        onClick={() => {
          move(index + 1);
        }}
      >
        <Icon name="down" />
      </button>
      <button
        type="button"
        className="button button-quiet button-icon"
        aria-label={t("section.remove", { title })}
        onClick={() => {
          onChange(titles.filter((_, at) => at !== index));
        }}
      >
        <Icon name="close" />
      </button>
    </span>
  );
}

interface AddSectionProps {
  titles: readonly string[];
  text: string;
  onType: (text: string) => void;
  onAdd: (title: string) => void;
}

function AddSection({ titles, text, onType, onAdd }: AddSectionProps) {
  const { t } = useWords();
  const [inputId, problemId] = [useId(), useId()];
  const [problem, setProblem] = useState<"known" | "tooLong" | "most" | null>(null);

  const add = () => {
    const title = cleanLine(text).trim();
    if (title === "") return;
    const found = additionProblem(titles, title);
    setProblem(found);
    if (found !== null) return;
    onType("");
    onAdd(title);
  };

  return (
    <div className="add">
      <label className="visually-hidden" htmlFor={inputId}>
        {t("section.title")}
      </label>
      <div className="add-row">
        <input
          id={inputId}
          className="input"
          placeholder={t("section.example")}
          value={text}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : problemId}
          onChange={(event) => {
            onType(event.target.value);
            setProblem(null);
          }}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.key === "Enter") add();
          }}
        />
        <button type="button" className="button" onClick={add}>
          <Icon name="plus" /> {t("section.add")}
        </button>
      </div>
      {problem !== null && (
        <p className="field-problem" id={problemId}>
          {problem === "known" && t("section.known")}
          {problem === "tooLong" && t("tooLong", { longest: LONGEST_SECTION })}
          {problem === "most" && t("section.most", { most: MOST_SECTIONS })}
        </p>
      )}
    </div>
  );
}

function additionProblem(titles: readonly string[], title: string): "known" | "tooLong" | "most" | null {
  if (titles.includes(title)) return "known";
  if (isTooLong(title, LONGEST_SECTION)) return "tooLong";
  return titles.length >= MOST_SECTIONS ? "most" : null;
}
