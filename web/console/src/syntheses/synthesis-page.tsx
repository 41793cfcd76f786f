// One synthesis: the mail as its recipients see it, its text, and what became of each mail.
import type { Schemas } from "@almanac/client";
import { useCallback, useEffect, useId } from "react";
import { Page } from "../frame/page";
import { Icon } from "../parts/icon";
import { Problem } from "../parts/problem";
import { useWords } from "../i18n";
import { sentenceOf } from "../errors";
import { navigate, useQuery } from "../routing";
import { useAlmanac } from "../service";
import { dayAndTime, longDate, weekNumber } from "../time";
import { useLoad, useRefresh } from "../use-load";
import { Badge } from "./badge";
import "./syntheses.css";

type Synthesis = Schemas["Synthesis"];

const REFRESH_SECONDS = 10;

export function SynthesisPage({ theme, id }: { theme: string; id: string }) {
  const almanac = useAlmanac();
  const words = useWords();
  const { t, language } = words;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [synthesis, of] = await Promise.all([
        almanac.get("/syntheses/{id}", { params: { path: { id } }, signal }),
        almanac.get("/themes/{id}", { params: { path: { id: theme } }, signal }),
      ]);
      return { synthesis, name: of.name };
    },
    [almanac, theme, id],
  );
  const { data, error, reload } = useLoad(load);

  useEffect(() => {
    const leave = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) navigate({ page: "theme", theme });
    };
    document.addEventListener("keydown", leave);
    return () => {
      document.removeEventListener("keydown", leave);
    };
  }, [theme]);

  const week = data?.synthesis.week ?? null;
  const title = week === null ? t("synthesis.one") : t("synthesis.week", weekNumber(week));
  return (
    <Page title={title} back={{ to: { page: "theme", theme }, label: data?.name ?? t("theme.one") }}>
      {error !== undefined && (
        <Problem error={error} onRetry={reload}>
          {sentenceOf(error, words)}
        </Problem>
      )}
      {data && (
        <>
          <p className="secondary synthesis-facts">
            <Badge group="status" value={data.synthesis.status} />
            <time dateTime={data.synthesis.created_at}>{longDate(data.synthesis.created_at, language)}</time>
            <span>{t(data.synthesis.fire_date === null ? "synthesis.byHand" : "synthesis.bySchedule")}</span>
          </p>
          <div className="synthesis">
            <Content synthesis={data.synthesis} />
            <Deliveries synthesis={id} />
          </div>
        </>
      )}
    </Page>
  );
}

function Content({ synthesis }: { synthesis: Synthesis }) {
  const { t } = useWords();
  const [query, setQuery] = useQuery("view");
  const shown = query === "text" ? "text" : "mail";
  const page = `/v1/syntheses/${synthesis.id}/html`;
  return (
    <section className="synthesis-content" aria-label={t("synthesis.content")}>
      <div className="content-head">
        <div className="segments" role="group" aria-label={t("synthesis.view")}>
          {(["mail", "text"] as const).map((view) => (
            <button
              key={view}
              type="button"
              className="segment"
              aria-pressed={shown === view}
              onClick={() => {
                setQuery(view === "text" ? view : "");
              }}
            >
              {t(view === "mail" ? "synthesis.mail" : "synthesis.text")}
            </button>
          ))}
        </div>
        <a className="button button-small button-quiet" href={page} target="_blank" rel="noreferrer">
          <Icon name="external" /> {t("synthesis.open")}
        </a>
      </div>
      {shown === "mail" ? (
        // No script runs in it, and a link in it opens nothing: the mail is looked at.
        <iframe className="mail" sandbox="" src={page} title={t("synthesis.mail")} />
      ) : (
        <Text sections={synthesis.sections} />
      )}
    </section>
  );
}

function Text({ sections }: { sections: Synthesis["sections"] }) {
  return (
    <div className="mail-text">
      {sections.map((section) => (
        <article key={section.title}>
          <h2>{section.title}</h2>
          <p>{section.summary}</p>
          <ul>
            {section.articles.map(({ title, url, takeaway }) => (
              <li key={title + (url ?? "")}>
                {isWeb(url) ? (
                  <a href={url} target="_blank" rel="noreferrer">
                    {title}
                  </a>
                ) : (
                  <strong>{title}</strong>
                )}
                {takeaway !== "" && <p className="secondary">{takeaway}</p>}
              </li>
            ))}
          </ul>
        </article>
      ))}
    </div>
  );
}

/** A feed may name any address, such as one that runs a script. */
function isWeb(url: string | null): url is string {
  return url !== null && /^https?:\/\//i.test(url);
}

function Deliveries({ synthesis }: { synthesis: string }) {
  const almanac = useAlmanac();
  const { t, language } = useWords();
  const titleId = useId();
  const load = useCallback(
    (signal: AbortSignal) =>
      almanac.get("/syntheses/{id}/deliveries", {
        params: { path: { id: synthesis }, query: { limit: 50 } },
        signal,
      }),
    [almanac, synthesis],
  );
  const { data: page, reload } = useLoad(load);
  useRefresh(reload, REFRESH_SECONDS);
  return (
    <section className="deliveries" aria-labelledby={titleId}>
      <h2 id={titleId}>{t("synthesis.deliveries")}</h2>
      {page?.items.length === 0 && <p className="empty">{t("synthesis.noDeliveries")}</p>}
      <ul>
        {page?.items.map(({ id, email, status, updated_at: at, fire_date: fireDate }) => (
          <li key={id} className="delivery">
            <span className="delivery-address">{email}</span>
            <Badge group="delivery" value={status} />
            <span className="secondary">
              {fireDate === null && `${t("synthesis.test")} · `}
              <time dateTime={at}>{dayAndTime(at, language)}</time>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
