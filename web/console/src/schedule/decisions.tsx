// What became of past fires, in words.
import type { Schemas } from "@almanac/client";
import { useCallback, useState } from "react";
import { Icon, type IconName } from "../parts/icon";
import { useWords, type Words } from "../i18n";
import { codeSentence } from "../errors";
import { useAlmanac } from "../service";
import { dayAndTime } from "../time";
import { useLoad, useRefresh } from "../use-load";

type Decision = Schemas["ScheduleDecision"];

const FIRST = 6;
const REFRESH_SECONDS = 10;

const LOOKS: Record<Decision["outcome"], { icon: IconName; tone: string }> = {
  running: { icon: "clock", tone: "accent" },
  waiting: { icon: "clock", tone: "warning" },
  delivering: { icon: "mail", tone: "accent" },
  done: { icon: "check", tone: "good" },
  skipped: { icon: "skip", tone: "plain" },
  missed: { icon: "warning", tone: "warning" },
  failed: { icon: "warning", tone: "bad" },
};

export function Decisions({ themeId, changes }: { themeId: string; changes: number }) {
  const almanac = useAlmanac();
  const words = useWords();
  const { t, language } = words;
  const [limit, setLimit] = useState(FIRST);
  const load = useCallback(
    (signal: AbortSignal) =>
      almanac.get("/themes/{id}/schedule/decisions", {
        params: { path: { id: themeId }, query: { limit } },
        signal,
      }),
    [almanac, themeId, limit],
  );
  const { data: page, reload } = useLoad(load, changes);
  useRefresh(reload, REFRESH_SECONDS);

  if (!page) return null;
  return (
    <div className="outlook">
      <h3>{t("schedule.log")}</h3>
      {page.items.length === 0 && <p className="empty">{t("schedule.logEmpty")}</p>}
      <ol className="decisions">
        {page.items.map((decision) => {
          const { icon, tone } = LOOKS[decision.outcome];
          return (
            <li key={decision.fire_at} className={`decision tone-${tone}`}>
              <Icon name={icon} />
              <div>
                <span className="decision-text">{inWords(decision, words)}</span>
                <time className="secondary" dateTime={decision.fire_at}>
                  {dayAndTime(decision.fire_at, language)}
                </time>
              </div>
            </li>
          );
        })}
      </ol>
      {page.next_cursor !== null && (
        <button
          type="button"
          className="button button-small button-quiet"
          onClick={() => {
            setLimit((known) => known + 20);
          }}
        >
          {t("older")}
        </button>
      )}
    </div>
  );
}

/** `Skipped: you had another generation running.` */
function inWords({ outcome, reason }: Decision, words: Words): string {
  const { t } = words;
  const known = reason === null ? undefined : codeSentence("reason", reason, words);
  const why = known ?? (reason === null ? undefined : codeSentence("failure", reason, words)) ?? reason;
  if (why === null && outcome === "done") return t("outcome.planned");
  return why === null ? t(`outcome.${outcome}`) : t("outcome.because", { outcome: t(`outcome.${outcome}`), why });
}
