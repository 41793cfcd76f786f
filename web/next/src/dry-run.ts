// A calendar that never was: what a client sees while the service is switched off or cannot be reached and the app has no
// flow of its own. The same request gives the same bytes; nothing is stored, and no id is made up.
import type { Schemas } from "@almanac/client";
import { readCalendarRequest, type CalendarRequest } from "./calendar-request.js";
import { checkCaller, type Credentials } from "./credentials.js";
import { checkKey, checkMedia, chooseFormat, type Format } from "./negotiation.js";
import { answer, Refusal } from "./refusal.js";
import { FIELDS } from "./request-types.js";
import { slotsOf, type Slot } from "./slots.js";
import { parseJson } from "./strict-json.js";

/** Why nothing is stored. */
export type DryRunReason = "switched_off" | "unreachable";

const MESSAGES: Record<DryRunReason, string> = {
  switched_off: "Calendars are switched off: this is a dry run, and nothing of it is kept.",
  unreachable: "Nothing can be stored at the moment: this is a dry run, and nothing of it is kept.",
};

/** What was asked for. */
interface Asked {
  credentials: Credentials;
  headers: Headers;
  body: Uint8Array;
}

interface DryRun {
  request: CalendarRequest;
  reason: DryRunReason;
  entries: Schemas["EntryMade"][];
  summary: Schemas["RunSummary"];
}

/** Answers a request for a calendar in the format that it accepts, or refuses it as the service would. */
export function dryRunResponse(asked: Asked, reason: DryRunReason, requestId: string): Response {
  const { credentials, headers, body } = asked;
  try {
    checkCaller(credentials, headers);
    checkKey(headers);
    checkMedia(headers);
    const json = parseJson(body, FIELDS);
    const format = chooseFormat(headers.get("Accept"));
    const request = readCalendarRequest(json);
    return respond(dryRun(request, reason), format, requestId);
  } catch (error) {
    if (error instanceof Refusal) return error.toResponse(requestId);
    throw error;
  }
}

function dryRun(request: CalendarRequest, reason: DryRunReason): DryRun {
  const entries = slotsOf(request).map((slot, nth) => placeholder(request, slot, nth));
  const summary: Schemas["RunSummary"] = {
    status: "succeeded",
    entries: entries.length,
    added: entries.length,
    updated: 0,
    removed: 0,
    latencyMs: 0,
    tokens: 0,
    tokensInput: 0,
    tokensOutput: 0,
    costUsd: 0,
    persisted: false,
    message: MESSAGES[reason],
  };
  return { request, reason, entries, summary };
}

function placeholder({ zone, topics }: CalendarRequest, slot: Slot, nth: number): Schemas["EntryMade"] {
  const { key, channel, date, time, scheduledAt } = slot;
  const topic = topics.length > 0 ? (topics[nth % topics.length] ?? "") : "";
  return {
    key,
    channel,
    date,
    time,
    timezone: zone,
    scheduledAt,
    title: `Placeholder for ${channel} on ${date}`,
    topic,
    format: "post",
    caption: "This is a placeholder. The text is written once the calendar service is back.",
    hashtags: [],
    notes: "",
    media: [],
  };
}

/** The events in the order in which a run sends them. */
function* eventsOf({ entries, summary }: DryRun): Generator<[type: string, data: object]> {
  const total = entries.length;
  yield ["progress", { completed: 0, total, stage: "drafting", percent: 0 }];
  for (const entry of entries) yield ["entry", entry];
  yield ["progress", { completed: total, total, stage: "finalizing", percent: 100 }];
  yield ["done", summary];
}

function respond(run: DryRun, format: Format, requestId: string): Response {
  const degraded = run.reason === "unreachable" ? { degraded: ["storage"] } : {};
  if (format === "application/json") {
    const data: Schemas["DryRunResponse"] = { summary: run.summary, entries: run.entries };
    const meta = { requestId, ...degraded, dryRun: true };
    return answer({ data, error: null, meta }, { requestId });
  }
  const encode = format === "text/event-stream" ? toSse : toNdjson;
  const lines = [...eventsOf(run)].map(([type, data], index) => {
    const seq = index + 1;
    const calendarId = run.request.calendarId;
    const meta = { runId: null, calendarId, version: null, seq, done: type === "done", dryRun: true, ...degraded };
    return encode(type, seq, { data, error: null, meta });
  });
  const opening = format === "text/event-stream" ? "retry: 2000\n\n" : "";
  const headers = {
    "Content-Type": format,
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Request-Id": requestId,
  };
  return new Response(opening + lines.join(""), { headers });
}

function toSse(type: string, seq: number, envelope: object): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(envelope)}\n\n`;
}

function toNdjson(type: string, seq: number, envelope: object): string {
  return `${JSON.stringify({ type, seq, ...envelope })}\n`;
}
