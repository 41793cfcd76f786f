"use client";
// What to write: channels, days, how often, about what. The number of posts is computed as the service computes it.
import { computeSlots } from "@almanac/next/slots";
import { useState, type SubmitEvent } from "react";
import type { CalendarRequest } from "@/lib/almanac";
import { posts } from "@/lib/calendar-state";

const CHANNELS = ["instagram", "facebook", "linkedin", "tiktok", "youtube", "blog"];
const LANGUAGES = { en: "English", fr: "Français", de: "Deutsch", es: "Español" };

interface Props {
  request: CalendarRequest | undefined;
  calendarId: string | undefined;
  isRunning: boolean;
  onGenerate: (request: CalendarRequest) => void;
}

export function RequestForm({ request, calendarId, isRunning, onGenerate }: Props) {
  const initial = request ?? firstRequest();
  const [hint, setHint] = useState(() => hintOf(initial));
  const constraints = initial.constraints ?? {};
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isRunning) return;
    const wanted = requestOf(new FormData(event.currentTarget));
    onGenerate(calendarId === undefined ? wanted : { ...wanted, calendarId });
  };
  return (
    <form
      className="request"
      aria-label="What to write"
      onSubmit={submit}
      onInput={(event) => {
        setHint(hintOf(requestOf(new FormData(event.currentTarget))));
      }}
    >
      <fieldset>
        <legend>Channels</legend>
        {CHANNELS.map((channel) => (
          <label key={channel} className="inline">
            <input
              type="checkbox"
              name="channels"
              value={channel}
              defaultChecked={initial.channels.includes(channel)}
            />
            {channel}
          </label>
        ))}
      </fieldset>
      <div className="row">
        <label>
          First day
          <input type="date" name="start" required defaultValue={initial.start} />
        </label>
        <label>
          Last day
          <input type="date" name="end" required defaultValue={initial.end} />
        </label>
        <label>
          How often
          <select name="cadence" defaultValue={initial.cadence}>
            <option value="daily">Every day</option>
            <option value="weekly">Every week</option>
            <option value="monthly">Every month</option>
          </select>
        </label>
        <label>
          Language
          <select name="language" defaultValue={textOf(constraints["language"]) || "en"}>
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <option key={code} value={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div className="row">
        <label className="wide">
          Topics, separated by commas
          <input name="topics" defaultValue={listOf(constraints["topics"]).join(", ")} />
        </label>
        <label className="wide">
          Tone
          <input name="tone" defaultValue={textOf(constraints["tone"])} />
        </label>
      </div>
      <div className="row">
        {/* Not `disabled`, which would take the focus away. */}
        <button aria-disabled={isRunning}>{calendarId === undefined ? "Generate calendar" : "Regenerate"}</button>
        <output aria-label="Size">{hint}</output>
        {calendarId !== undefined && <a href="/">New calendar</a>}
      </div>
    </form>
  );
}

function firstRequest(): CalendarRequest {
  return { channels: ["instagram", "linkedin"], cadence: "daily", start: dayFromNow(1), end: dayFromNow(7) };
}

function requestOf(form: FormData): CalendarRequest {
  const text = (name: string) => textOf(form.get(name)).trim();
  const topics = text("topics").split(",");
  const [tone, language] = [text("tone"), text("language")];
  return {
    channels: form.getAll("channels").map(textOf),
    cadence: text("cadence") as CalendarRequest["cadence"],
    start: text("start"),
    end: text("end"),
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    constraints: {
      topics: topics.map((topic) => topic.trim()).filter((topic) => topic !== ""),
      language,
      ...(tone === "" ? {} : { tone }),
    },
  };
}

/** How many posts it asks for, or why it would be refused. */
function hintOf(request: CalendarRequest): string {
  if (request.channels.length === 0) return "Choose a channel.";
  if (request.start === "" || request.end === "") return "";
  try {
    return posts(computeSlots(request).length);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

function dayFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
