// What was written for a theme, and what is being written now.
import type { Schemas } from "@almanac/client";
import { isAlmanacError } from "@almanac/client";
import { useCallback, useId, useState, useSyncExternalStore } from "react";
import { useApp } from "../app-state";
import { Icon } from "../parts/icon";
import { Link } from "../parts/link";
import { Problem } from "../parts/problem";
import { useWords } from "../i18n";
import { codeSentence, sentenceOf } from "../errors";
import { useAlmanac } from "../service";
import { longDate, weekNumber } from "../time";
import { useLoad, useRefresh } from "../use-load";
import type { ActiveSynthesis } from "./activity";
import { Badge } from "./badge";
import "./syntheses.css";

type Synthesis = Schemas["Synthesis"];

const FIRST = 8;
const REFRESH_SECONDS = 20;

export function Syntheses({ theme }: { theme: string }) {
  const almanac = useAlmanac();
  const words = useWords();
  const { t } = words;
  const titleId = useId();
  const { activity } = useApp();
  const { active, ended } = useSyncExternalStore(activity.view.subscribe, activity.view.get);
  const [limit, setLimit] = useState(FIRST);
  const load = useCallback(
    (signal: AbortSignal) =>
      almanac.get("/themes/{id}/syntheses", { params: { path: { id: theme }, query: { limit } }, signal }),
    [almanac, theme, limit],
  );
  const { data: page, error, reload } = useLoad(load, ended);
  useRefresh(reload, REFRESH_SECONDS);
  const isHere = active?.theme === theme;
  const others = page?.items.filter(({ id }) => id !== active?.id);

  return (
    <section className="part part-wide" aria-labelledby={titleId}>
      <div className="part-head part-head-row">
        <div>
          <h2 id={titleId}>{t("synthesis.title")}</h2>
          <p className="secondary">{t("synthesis.hint")}</p>
        </div>
        <Start theme={theme} active={active} />
      </div>
      <div className="part-body">
        {isHere && <Progress active={active} onCancel={() => activity.cancel()} />}
        {error !== undefined && (
          <Problem error={error} onRetry={reload}>
            {sentenceOf(error, words)}
          </Problem>
        )}
        {others?.length === 0 && !isHere && <p className="empty">{t("synthesis.none")}</p>}
        <ul className="syntheses">
          {others?.map((synthesis) => (
            <SynthesisRow key={synthesis.id} synthesis={synthesis} />
          ))}
        </ul>
        {page && page.next_cursor !== null && (
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
    </section>
  );
}

function Start({ theme, active }: { theme: string; active: ActiveSynthesis | null }) {
  const words = useWords();
  const { t } = words;
  const { activity } = useApp();
  const [isStarting, setIsStarting] = useState(false);
  const [error, setError] = useState<unknown>();

  const start = async () => {
    setIsStarting(true);
    setError(undefined);
    try {
      await activity.start(theme);
    } catch (refusal) {
      setError(refusal);
      // Another one is being written: it is shown.
      if (isAlmanacError(refusal) && refusal.code === "ACTIVE_GENERATION") await activity.look();
    }
    setIsStarting(false);
  };

  return (
    <div className="start">
      <button type="button" className="button" disabled={isStarting || active !== null} onClick={() => void start()}>
        <Icon name="spark" /> {t("synthesis.start")}
      </button>
      {active !== null && active.theme !== theme && <p className="field-hint">{t("synthesis.elsewhere")}</p>}
      {error !== undefined && <Problem error={error}>{sentenceOf(error, words)}</Problem>}
    </div>
  );
}

/** Sections appear where they will stay. */
function Progress({ active, onCancel }: { active: ActiveSynthesis; onCancel: () => Promise<void> }) {
  const { t } = useWords();
  const labelId = useId();
  return (
    <div className="progress">
      <div className="progress-head">
        <span id={labelId} className="progress-label">
          <span className="pulse" aria-hidden="true" /> {stepText(active.step, t)}
        </span>
        <button type="button" className="button button-small" onClick={() => void onCancel()}>
          {t("cancel")}
        </button>
      </div>
      <progress value={active.percent} max={100} aria-labelledby={labelId} />
      {active.sections.length > 0 && (
        <ul className="progress-sections">
          {active.sections.map(({ title }) => (
            <li key={title}>
              <Icon name="check" /> {title}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function stepText(step: string, t: ReturnType<typeof useWords>["t"]): string {
  if (step === "fetch") return t("synthesis.stepFetch");
  return step === "write" ? t("synthesis.stepWrite") : t("synthesis.stepInit");
}

function SynthesisRow({ synthesis }: { synthesis: Synthesis }) {
  const words = useWords();
  const { t, language } = words;
  const { id, theme_id: theme, status, week, sections, error, fire_date: fireDate } = synthesis;
  const title = week === null ? t("synthesis.noWeek") : t("synthesis.week", weekNumber(week));
  return (
    <li className="synthesis-row">
      <div className="synthesis-row-main">
        {status === "succeeded" ? (
          <Link className="synthesis-row-name" to={{ page: "synthesis", theme, synthesis: id }}>
            {title}
          </Link>
        ) : (
          <span className="synthesis-row-name">{title}</span>
        )}
        <p className="secondary">
          <time dateTime={synthesis.created_at}>{longDate(synthesis.created_at, language)}</time>
          {" · "}
          {t(fireDate === null ? "synthesis.byHand" : "synthesis.bySchedule")}
        </p>
        {sections.length > 0 && <p className="synthesis-row-text">{sections.map((it) => it.title).join(" · ")}</p>}
        {error !== null && <p className="secondary">{codeSentence("failure", error.code, words) ?? error.message}</p>}
      </div>
      <Badge group="status" value={status} code={error?.code} />
    </li>
  );
}
