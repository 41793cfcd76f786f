// What was saved elsewhere while the person changed the same: both versions stay until one of them is chosen.
import { useWords } from "../i18n";

export interface ConflictProps {
  /** The saved version, as it is shown. */
  saved: string;
  /** The id of the element that takes the focus from the buttons. */
  focus: string;
  onKeepMine: () => void;
  onUseSaved: () => void;
}

export function Conflict({ saved, focus, onKeepMine, onUseSaved }: ConflictProps) {
  const { t } = useWords();
  const choose = (choice: () => void) => () => {
    choice();
    document.getElementById(focus)?.focus();
  };
  return (
    <div className="conflict" role="alert">
      <p>{t("conflict.changed")}</p>
      <blockquote>{saved}</blockquote>
      <div className="row">
        <button type="button" className="button button-small" onClick={choose(onKeepMine)}>
          {t("conflict.keepMine")}
        </button>
        <button type="button" className="button button-small" onClick={choose(onUseSaved)}>
          {t("conflict.useTheirs")}
        </button>
      </div>
    </div>
  );
}
