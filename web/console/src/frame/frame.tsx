// What stands around every page: the rail, the bar with the running work, language, colours and account, and the banner.
import type { Schemas } from "@almanac/client";
import { useCallback, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { useApp } from "../app-state";
import { useColorScheme } from "../color-scheme";
import { setLanguage, useWords } from "../i18n";
import { announce } from "../parts/announce";
import { Icon } from "../parts/icon";
import { Link } from "../parts/link";
import { Menu } from "../parts/menu";
import { Slow } from "../parts/slow";
import { codeSentence } from "../errors";
import { useRoute } from "../routing";
import { useAlmanac } from "../service";
import { stepText } from "../syntheses/syntheses";
import { longDate } from "../time";
import { useLoad, useRefresh } from "../use-load";
import { Shortcuts } from "./shortcuts";
import { RemovalToasts } from "./toast";
import "./frame.css";

const LOOK_SECONDS = 15;
const VERSION_SECONDS = 300;

interface FrameProps {
  session: Schemas["SessionResponse"];
  onSignOut: () => void;
  children: ReactNode;
}

export function Frame({ session, onSignOut, children }: FrameProps) {
  const { t } = useWords();
  const route = useRoute();
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {t("skip")}
      </a>
      <nav className="rail" aria-label={t("navigation")}>
        <Link to={{ page: "themes" }} className="brand" aria-label="Almanac">
          <Mark />
          <span className="brand-name">Almanac</span>
        </Link>
        <Link
          to={{ page: "themes" }}
          className="rail-link"
          aria-current={route.page === "themes" ? "page" : route.page === "unknown" ? undefined : "true"}
        >
          <Icon name="themes" />
          {t("themes.title")}
        </Link>
      </nav>
      <div className="column">
        <header className="bar">
          <Pill />
          <span className="bar-space" />
          <Languages />
          <ColorScheme />
          <Account session={session} onSignOut={onSignOut} />
        </header>
        <Banners />
        <main id="main" className="main">
          {children}
        </main>
      </div>
      <RemovalToasts />
      <Shortcuts />
    </div>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="mark-ground" width="32" height="32" rx="8" />
      <path className="mark-line" d="M6.5 22.5h19M16 8.5v3.25M8.6 12.1l2.1 2.35M23.4 12.1l-2.1 2.35" />
      <path className="mark-sun" d="M10 22.5a6 6 0 0 1 12 0z" />
    </svg>
  );
}

/** The work that runs now. It follows the person through all pages. */
function Pill() {
  const words = useWords();
  const { t } = words;
  const { activity } = useApp();
  const { active, last, ended } = useSyncExternalStore(activity.view.subscribe, activity.view.get);
  useEffect(() => {
    void activity.look();
  }, [activity]);
  useRefresh(activity.look, LOOK_SECONDS);

  useEffect(() => {
    if (ended === 0 || !last) return;
    const failure = last.code === undefined ? undefined : codeSentence("failure", last.code, words);
    announce(failure ?? t(`status.${last.status}`));
    // Said once for each that ends, in the language of that moment.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ended]);

  if (!active) return null;
  const { theme } = active;
  return (
    <div className="pill">
      <span className="pulse" aria-hidden="true" />
      {theme === undefined ? (
        <span className="pill-text">{stepText(active.step, t)}</span>
      ) : (
        <Link className="pill-text" to={{ page: "theme", theme }}>
          {stepText(active.step, t)}
        </Link>
      )}
      <span className="pill-percent">{active.percent} %</span>
      <button
        type="button"
        className="button button-quiet button-icon button-tiny"
        aria-label={t("synthesis.cancel")}
        title={t("synthesis.cancel")}
        onClick={() => void activity.cancel()}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

export function Languages() {
  const { t, language } = useWords();
  return (
    <div className="segments" role="group" aria-label={t("language")}>
      {(["fr", "en"] as const).map((each) => (
        <button
          key={each}
          type="button"
          className="segment"
          lang={each}
          aria-label={each === "fr" ? "Français" : "English"}
          aria-pressed={language === each}
          onClick={() => void setLanguage(each)}
        >
          {each.toUpperCase()}
        </button>
      ))}
    </div>
  );
}

export function ColorScheme() {
  const { t } = useWords();
  const [scheme, toggle] = useColorScheme();
  const label = t(scheme === "light" ? "scheme.dark" : "scheme.light");
  return (
    <button type="button" className="button button-quiet button-icon" aria-label={label} title={label} onClick={toggle}>
      <Icon name={scheme === "light" ? "moon" : "sun"} />
    </button>
  );
}

function Account({ session, onSignOut }: { session: Schemas["SessionResponse"]; onSignOut: () => void }) {
  const { t, language } = useWords();
  return (
    <Menu label={t("account.title")} button={<Icon name="person" />}>
      <dl className="account">
        <dt>{t("account.user")}</dt>
        <dd>
          <code>{session.userId}</code>
        </dd>
        {session.admin && <dd>{t("account.admin")}</dd>}
        <dt>{t("account.until")}</dt>
        <dd>{longDate(session.expiresAt, language)}</dd>
      </dl>
      <button type="button" className="button button-block" onClick={onSignOut}>
        {t("account.signOut")}
      </button>
    </Menu>
  );
}

/** One sentence for each thing that is not as it should be. */
function Banners() {
  const { t } = useWords();
  const { activity, isSlow } = useApp();
  const { degraded } = useSyncExternalStore(activity.view.subscribe, activity.view.get);
  const isOnline = useOnline();
  const isStale = useStale();
  return (
    <div role="status">
      {!isOnline && <p className="banner banner-warning">{t("banner.offline")}</p>}
      {isOnline && <Slow isSlow={isSlow} />}
      {isOnline && degraded.includes("live") && <p className="banner">{t("banner.live")}</p>}
      {isStale && (
        <p className="banner banner-accent">
          {t("banner.stale")}
          <button
            type="button"
            className="button button-small"
            onClick={() => {
              location.reload();
            }}
          >
            {t("banner.reload")}
          </button>
        </p>
      )}
    </div>
  );
}

function useOnline(): boolean {
  const [isOnline, setIsOnline] = useState(navigator.onLine);
  useEffect(() => {
    const change = () => {
      setIsOnline(navigator.onLine);
    };
    window.addEventListener("online", change);
    window.addEventListener("offline", change);
    return () => {
      window.removeEventListener("online", change);
      window.removeEventListener("offline", change);
    };
  }, []);
  return isOnline;
}

/** Whether the service is newer than this page. */
function useStale(): boolean {
  const almanac = useAlmanac();
  const check = useCallback((signal: AbortSignal) => almanac.checkVersion({ signal }), [almanac]);
  const { data, reload } = useLoad(check);
  useRefresh(reload, VERSION_SECONDS);
  return data?.stale === true;
}
