// Said while the service does not answer: a request may wait for 20 seconds, and is then sent again.
import { useSyncExternalStore } from "react";
import { useWords } from "../i18n";
import type { Observable } from "../saving/observable";

/** To be put into a live region. */
export function Slow({ isSlow }: { isSlow: Observable<boolean> }) {
  const { t } = useWords();
  const isShown = useSyncExternalStore(isSlow.subscribe, isSlow.get);
  return isShown && <p className="banner banner-warning">{t("banner.slow")}</p>;
}
