// The list of themes, newest first.
import type { Almanac, Schemas } from "@almanac/client";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore, type RefObject } from "react";
import { useApp } from "../app-state";
import { Page } from "../frame/page";
import { Icon } from "../parts/icon";
import { Link } from "../parts/link";
import { Problem } from "../parts/problem";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import { useQuery } from "../routing";
import { useAlmanac } from "../service";
import { DAYS } from "../schedule/model";
import { dayAndTime } from "../time";
import { useLoad, useRefresh } from "../use-load";
import { languageName, type Theme } from "./model";
import "./themes.css";

const PAGE = 250;
const MOST = 1_000;
/** From here on a list is searched rather than read. */
const SEARCHED_FROM = 6;

export function ThemesPage() {
  const almanac = useAlmanac();
  const words = useWords();
  const { t } = words;
  const { removals } = useApp();
  const removed = useSyncExternalStore(removals.all.subscribe, removals.all.get);
  const [query, setQuery] = useQuery("q");
  const load = useCallback((signal: AbortSignal) => allThemes(almanac, signal), [almanac]);
  const { data, error, reload } = useLoad(load);
  useRefresh(reload);
  // A theme whose removal was refused is there again.
  const refusals = removed.filter(({ save }) => save.kind === "refused").length;
  useEffect(() => {
    if (refusals > 0) reload();
  }, [refusals, reload]);

  const themes = data?.themes.filter(({ id }) => !removals.isHidden(id));
  const found = themes?.filter((theme) => matches(theme, query));
  return (
    <Page
      title={t("themes.title")}
      action={
        <Link to={{ page: "new-theme" }} className="button button-primary">
          <Icon name="plus" /> {t("themes.new")}
        </Link>
      }
    >
      {error !== undefined && (
        <Problem error={error} onRetry={reload}>
          {sentenceOf(error, words)}
        </Problem>
      )}
      {themes && (themes.length >= SEARCHED_FROM || query !== "") && <Search query={query} onChange={setQuery} />}
      {themes?.length === 0 && <NoThemes />}
      {themes && themes.length > 0 && found?.length === 0 && <p className="empty">{t("themes.noMatch", { query })}</p>}
      {found && found.length > 0 && (
        <ul className="theme-list">
          {found.map((theme) => (
            <ThemeRow key={theme.id} theme={theme} />
          ))}
        </ul>
      )}
      {data?.isCut && <p className="secondary">{t("themes.cut", { most: MOST })}</p>}
    </Page>
  );
}

interface ThemeList {
  themes: Theme[];
  /** Whether there are older ones. */
  isCut: boolean;
}

/** All pages of the list, so that a search finds what is on the last one. */
async function allThemes(almanac: Almanac, signal: AbortSignal): Promise<ThemeList> {
  const themes: Theme[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const page: Schemas["ThemePage"] = await almanac.get("/themes", { params: { query }, signal });
    themes.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && themes.length < MOST);
  return { themes, isCut: cursor !== null };
}

function matches({ name, description }: Theme, query: string): boolean {
  const wanted = query.trim().toLowerCase();
  return name.toLowerCase().includes(wanted) || description.toLowerCase().includes(wanted);
}

function Search({ query, onChange }: { query: string; onChange: (query: string) => void }) {
  const { t } = useWords();
  return (
    <div className="search">
      <Icon name="search" />
      <input
        className="input"
        type="search"
        data-search
        aria-label={t("themes.search")}
        placeholder={t("themes.search")}
        value={query}
        onChange={(event) => {
          onChange(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") onChange("");
        }}
      />
    </div>
  );
}

function NoThemes() {
  const { t } = useWords();
  return (
    <div className="welcome">
      <h2>{t("themes.none")}</h2>
      <p className="secondary">{t("themes.noneHint")}</p>
      <ol className="steps">
        <li>{t("themes.step1")}</li>
        <li>{t("themes.step2")}</li>
        <li>{t("themes.step3")}</li>
      </ol>
      <Link to={{ page: "new-theme" }} className="button button-primary">
        <Icon name="plus" /> {t("themes.new")}
      </Link>
    </div>
  );
}

function ThemeRow({ theme }: { theme: Theme }) {
  const { t, language } = useWords();
  return (
    <li className="theme-row">
      <div className="theme-row-main">
        <Link to={{ page: "theme", theme: theme.id }} className="theme-row-name">
          {theme.name}
        </Link>
        <p className="secondary theme-row-text">
          {theme.description === "" ? t("themes.noDescription") : theme.description}
        </p>
        <p className="secondary theme-row-facts">
          <span>{languageName(theme.language, language)}</span>
          {theme.sources.length > 0 && <span>{t("source.count", { count: theme.sources.length })}</span>}
          {theme.sections.length > 0 && <span>{t("section.count", { count: theme.sections.length })}</span>}
        </p>
      </div>
      <NextFire theme={theme.id} />
    </li>
  );
}

function NextFire({ theme }: { theme: string }) {
  const almanac = useAlmanac();
  const { t, language } = useWords();
  const row = useRef<HTMLParagraphElement>(null);
  const isSeen = useSeen(row);
  const load = useCallback(
    async (signal: AbortSignal) => (isSeen ? almanac.schedulesApi.get(theme, { signal }) : undefined),
    [almanac, theme, isSeen],
  );
  const { data: schedule } = useLoad(load);
  if (schedule === undefined) return <p className="next-fire" ref={row} />;
  if (schedule === null) return <p className="next-fire secondary">{t("themes.noSchedule")}</p>;
  if (!schedule.enabled) return <p className="next-fire secondary">{t("themes.scheduleOff")}</p>;
  const days = DAYS.filter((day) => schedule.days.includes(day)).map((day) => t(`dayShort.${day}`));
  return (
    <p className="next-fire">
      <span className="next-fire-on">
        <Icon name="clock" />
        {schedule.next_fire_at === null ? t("themes.noDay") : dayAndTime(schedule.next_fire_at, language)}
      </span>
      <span className="secondary">
        {days.join(", ")} · {schedule.time_local ?? schedule.time_utc} {schedule.timezone ?? "UTC"}
      </span>
    </p>
  );
}

/** Whether something has been on the screen: a long list is not read whole. */
function useSeen(element: RefObject<Element | null>): boolean {
  const [isSeen, setIsSeen] = useState(!("IntersectionObserver" in window));
  useEffect(() => {
    if (isSeen || !element.current) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setIsSeen(true);
    });
    observer.observe(element.current);
    return () => {
      observer.disconnect();
    };
  }, [element, isSeen]);
  return isSeen;
}
