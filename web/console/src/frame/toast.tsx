// A theme was deleted: it can be taken back for some seconds.
import { useSyncExternalStore } from "react";
import { useApp } from "../app-state";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";

export function RemovalToast() {
  const words = useWords();
  const { t } = words;
  const { removals } = useApp();
  const removal = useSyncExternalStore(removals.current.subscribe, removals.current.get);
  return (
    <div className="toasts" role="status">
      {removal && (
        <div className="toast">
          <span>
            {removal.error === undefined
              ? t("theme.deleted", { name: removal.name })
              : `${t("theme.notDeleted", { name: removal.name })} ${sentenceOf(removal.error, words)}`}
          </span>
          <button type="button" className="button button-small" onClick={removals.undo}>
            {t(removal.error === undefined ? "undo" : "close")}
          </button>
        </div>
      )}
    </div>
  );
}
