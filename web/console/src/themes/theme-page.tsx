// One theme: what it is, when it is mailed, and what was written.
import { useId, useState, useSyncExternalStore, type ReactNode } from "react";
import { useApp } from "../app-state";
import { Page } from "../frame/page";
import { Icon } from "../parts/icon";
import { Problem } from "../parts/problem";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import { navigate } from "../routing";
import { useEditor } from "../saving/use-editor";
import { Schedule } from "../schedule/schedule";
import { Syntheses } from "../syntheses/syntheses";
import { themeEditors, type ThemeEditor, type ThemeView } from "./editor";
import { Fields, SaveMark } from "./fields";
import type { Field, Values } from "./model";
import { Sections } from "./sections";
import { Sources } from "./sources";
import "./themes.css";

export function ThemePage({ theme }: { theme: string }) {
  const words = useWords();
  const { t } = words;
  const [editor, view] = useEditor(themeEditors, theme);

  return (
    <Page title={view.stored?.name ?? t("theme.one")} back={{ to: { page: "themes" }, label: t("themes.title") }}>
      {view.loadError !== undefined && (
        <Problem error={view.loadError} onRetry={() => void editor.load()}>
          {sentenceOf(view.loadError, words)}
        </Problem>
      )}
      {view.values && <Theme theme={theme} values={view.values} view={view} editor={editor} />}
    </Page>
  );
}

interface ThemeProps {
  theme: string;
  values: Values;
  view: ThemeView;
  editor: ThemeEditor;
}

function Theme({ theme, values, view, editor }: ThemeProps) {
  const { t } = useWords();
  const { activity, removals } = useApp();
  const { ended } = useSyncExternalStore(activity.view.subscribe, activity.view.get);
  return (
    <div className="theme">
      <Part title={t("theme.about")} hint={t("theme.aboutHint")}>
        <Fields values={values} view={view} editor={editor} />
      </Part>
      <Part title={t("source.title")} hint={t("source.hint")} field="sources" view={view}>
        <Sources theme={theme} urls={values.sources} view={view} editor={editor} version={ended} />
      </Part>
      <Part title={t("section.heading")} hint={t("section.hint")} field="sections" view={view}>
        <Sections titles={values.sections} view={view} editor={editor} />
      </Part>
      <Schedule themeId={theme} />
      <Syntheses theme={theme} />
      <DeleteTheme
        onDelete={() => {
          if (view.stored) removals.start(view.stored, editor.latest);
          navigate({ page: "themes" });
        }}
      />
    </div>
  );
}

interface PartProps {
  title: string;
  hint: string;
  field?: Field;
  view?: ThemeView;
  children: ReactNode;
}

function Part({ title, hint, field, view, children }: PartProps) {
  const titleId = useId();
  return (
    <section className="part" aria-labelledby={titleId}>
      <div className="part-head">
        <h2 id={titleId}>{title}</h2>
        <p className="secondary">{hint}</p>
        {field && view && <SaveMark field={field} view={view} />}
      </div>
      <div className="part-body">{children}</div>
    </section>
  );
}

/** Two clicks, although it can be undone: mails and syntheses go with the theme. */
function DeleteTheme({ onDelete }: { onDelete: () => void }) {
  const { t } = useWords();
  const [isAsking, setIsAsking] = useState(false);
  /** Whether the answer was to keep it: the focus goes back to where it was. */
  const [isKept, setIsKept] = useState(false);
  return (
    <section className="part part-last">
      <div className="part-head">
        <h2>{t("theme.delete")}</h2>
        <p className="secondary">{t("theme.deleteHint")}</p>
      </div>
      <div className="part-body">
        {isAsking ? (
          <div className="row">
            <button type="button" className="button button-danger-solid" onClick={onDelete}>
              <Icon name="trash" /> {t("theme.deleteNow")}
            </button>
            <button
              type="button"
              className="button"
              autoFocus
              onClick={() => {
                setIsAsking(false);
                setIsKept(true);
              }}
            >
              {t("theme.keep")}
            </button>
          </div>
        ) : (
          <button
            type="button"
            className="button button-danger"
            autoFocus={isKept}
            onClick={() => {
              setIsAsking(true);
            }}
          >
            <Icon name="trash" /> {t("theme.deleteAsk")}
          </button>
        )}
      </div>
    </section>
  );
}
