// Keys that work on every page, and the list of them.
import { useEffect, useRef } from "react";
import { useWords } from "../i18n";
import { navigate } from "../routing";

const KEYS = ["?", "/", "n", "t", "Esc"] as const;

export function Shortcuts() {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || dialog.current?.open) return;
      if (event.key === "?") dialog.current?.showModal();
      else if (event.key === "n") navigate({ page: "new-theme" });
      else if (event.key === "t") navigate({ page: "themes" });
      else if (event.key === "/") document.querySelector<HTMLElement>("[data-search]")?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => {
      document.removeEventListener("keydown", press);
    };
  }, []);

  return (
    <dialog className="dialog" ref={dialog} aria-label={t("shortcut.title")}>
      <h2>{t("shortcut.title")}</h2>
      <dl className="shortcuts">
        {KEYS.map((key) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(`shortcut.${key}`)}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" className="button">
          {t("close")}
        </button>
      </form>
    </dialog>
  );
}
