// The feeds of a theme: each with its last fetch, and why it failed.
import type { Schemas } from "@almanac/client";
import { useCallback, useId, useState, type ClipboardEvent } from "react";
import { Icon } from "../parts/icon";
import { useWords, type Words } from "../i18n";
import { codeSentence } from "../errors";
import { useAlmanac } from "../service";
import { longDate, relativeTime } from "../time";
import { useLoad, useRefresh } from "../use-load";
import type { ThemeEditor, ThemeView } from "./editor";
import { FieldProblem } from "./fields";
import { MOST_SOURCES, feedAddress, linesOf } from "./model";

type Source = Schemas["ThemeSource"];

const REFRESH_SECONDS = 20;

interface SourcesProps {
  theme: string;
  urls: readonly string[];
  view: ThemeView;
  editor: ThemeEditor;
  /** Read again after this many syntheses, which fetch the feeds. */
  version: number;
}

export function Sources({ theme, urls, view, editor, version }: SourcesProps) {
  const words = useWords();
  const { t } = words;
  const almanac = useAlmanac();
  const load = useCallback(
    (signal: AbortSignal) => almanac.get("/themes/{id}/sources", { params: { path: { id: theme } }, signal }),
    [almanac, theme],
  );
  const { data, reload } = useLoad(load, version + view.changes);
  useRefresh(reload, REFRESH_SECONDS);
  const problemId = useId();
  const typed = view.additions.sources;

  return (
    <div className="field">
      {urls.length === 0 && <p className="empty">{t("source.none")}</p>}
      <ul className="sources">
        {urls.map((url) => (
          <SourceRow
            key={url}
            url={url}
            source={data?.items.find((source) => source.url === url)}
            onRemove={() => {
              editor.edit(
                "sources",
                urls.filter((each) => each !== url),
              );
            }}
          />
        ))}
      </ul>
      {urls.length <= MOST_SOURCES && (
        <FieldProblem id={problemId} state={view.fields.sources} longest={0} words={words} />
      )}
      {(urls.length < MOST_SOURCES || typed !== "") && (
        <AddSource
          urls={urls}
          text={typed}
          onType={(text) => {
            editor.typeAddition("sources", text);
          }}
          onAdd={(added) => {
            editor.edit("sources", [...urls, ...added]);
          }}
        />
      )}
      {urls.length >= MOST_SOURCES && (
        <p className={urls.length > MOST_SOURCES ? "field-problem" : "field-hint"}>
          {t("source.most", { most: MOST_SOURCES })}
        </p>
      )}
    </div>
  );
}

function SourceRow({ url, source, onRemove }: { url: string; source: Source | undefined; onRemove: () => void }) {
  const words = useWords();
  const { t } = words;
  const { host, rest } = partsOf(url);
  return (
    <li className="source">
      <Icon name="feed" />
      <div className="source-text">
        <a className="source-url" href={url} target="_blank" rel="noreferrer">
          <span className="source-host">{host}</span>
          <span className="secondary">{rest}</span>
        </a>
        <SourceState source={source} words={words} />
      </div>
      <button
        type="button"
        className="button button-quiet button-icon"
        aria-label={t("source.remove", { url: host })}
        onClick={onRemove}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

function SourceState({ source, words }: { source: Source | undefined; words: Words }) {
  const { t, language } = words;
  const fetched = source?.last_fetched_at ?? null;
  const error = source?.last_error ?? null;
  if (!source || (fetched === null && error === null)) return <p className="secondary">{t("source.notYet")}</p>;
  return (
    <>
      {error !== null && (
        <p className="status-bad">
          <Icon name="warning" /> {codeSentence("feed", error.code, words) ?? error.message}
        </p>
      )}
      {fetched !== null && (
        <p className="secondary">
          <time dateTime={fetched} title={longDate(fetched, language)}>
            {t("source.fetched", { when: relativeTime(fetched, language) })}
          </time>
          {" · "}
          {t("source.items", { count: source.items })}
        </p>
      )}
    </>
  );
}

/** The part of an address that tells feeds apart, and the rest. */
function partsOf(address: string): { host: string; rest: string } {
  if (!URL.canParse(address)) return { host: address, rest: "" };
  const url = new URL(address);
  return { host: url.host.replace(/^www\./, ""), rest: `${url.pathname}${url.search}`.replace(/\/$/, "") };
}

interface AddSourceProps {
  urls: readonly string[];
  text: string;
  onType: (text: string) => void;
  onAdd: (added: string[]) => void;
}

function AddSource({ urls, text, onType, onAdd }: AddSourceProps) {
  const { t } = useWords();
  const [inputId, problemId] = [useId(), useId()];
  const [problem, setProblem] = useState<"invalid" | "known" | "most" | null>(null);

  const add = (typed: string) => {
    const addresses = linesOf(typed).map(feedAddress);
    if (addresses.length === 0) {
      setProblem(null);
      return;
    }
    const valid = [...new Set(addresses.filter((address) => address !== undefined))];
    const added = valid.filter((address) => !urls.includes(address));
    const isMore = urls.length + added.length > MOST_SOURCES;
    const found = addresses.includes(undefined) ? "invalid" : added.length === 0 ? "known" : isMore ? "most" : null;
    setProblem(found);
    onType(found === null ? "" : typed);
    if (found === null) onAdd(added);
  };

  /** A list of addresses is added line by line; a field of one line would join them. */
  const paste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData("text");
    if (linesOf(pasted).length < 2) return;
    event.preventDefault();
    add(pasted);
  };

  return (
    <div className="add">
      <label className="visually-hidden" htmlFor={inputId}>
        {t("source.address")}
      </label>
      <div className="add-row">
        <input
          id={inputId}
          className="input"
          type="text"
          inputMode="url"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="https://example.com/feed.xml"
          value={text}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : problemId}
          onPaste={paste}
          onChange={(event) => {
            onType(event.target.value);
            setProblem(null);
          }}
          onBlur={() => {
            add(text);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") add(text);
          }}
        />
        <button
          type="button"
          className="button"
          onClick={() => {
            add(text);
          }}
        >
          <Icon name="plus" /> {t("source.add")}
        </button>
      </div>
      {problem !== null && (
        <p className="field-problem" id={problemId}>
          {problem === "most" ? t("source.most", { most: MOST_SOURCES }) : t(`source.${problem}`)}
        </p>
      )}
    </div>
  );
}
