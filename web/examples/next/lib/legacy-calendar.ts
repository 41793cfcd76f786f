// The generator that this app had before Almanac: English texts from templates, each sent when it is written. It answers
// in Almanac's place while Almanac is off or cannot be reached. It knows no calendar of Almanac and stores nothing.
import { setTimeout as pause } from "node:timers/promises";
import type { Schemas } from "@almanac/client";
import { computeSlots, type Cadence, type Slot, type SlotRequest } from "@almanac/next/slots";

type Made = Schemas["EntryMade"];

interface Template {
  title: (topic: string) => string;
  caption: (topic: string) => string;
  hashtags: string[];
}

const TEMPLATES: Record<string, Template[]> = {
  instagram: [
    {
      title: (topic) => `A closer look at ${topic}`,
      caption: (topic) => `Swipe for a closer look at ${topic}. Which picture is yours?`,
      hashtags: ["#closerlook"],
    },
    {
      title: (topic) => `Behind the scenes: ${topic}`,
      caption: (topic) => `This is how we prepare ${topic}. Ask us anything below.`,
      hashtags: ["#behindthescenes"],
    },
  ],
  linkedin: [
    {
      title: (topic) => `What we have learned about ${topic}`,
      caption: (topic) => `Three things that we did not know about ${topic} a year ago. What would you add?`,
      hashtags: ["#lessonslearned"],
    },
  ],
  tiktok: [
    {
      title: (topic) => `${topic} in thirty seconds`,
      caption: (topic) => `Half a minute about ${topic}. The end surprises most people.`,
      hashtags: ["#in30seconds"],
    },
  ],
};

const ANY_CHANNEL: Template[] = [
  {
    title: (topic) => `News about ${topic}`,
    caption: (topic) => `What is new about ${topic}, and why it matters to you.`,
    hashtags: ["#news"],
  },
  {
    title: (topic) => `Your questions about ${topic}`,
    caption: (topic) => `You asked, we answer: the question about ${topic} that we get most.`,
    hashtags: ["#yourquestions"],
  },
];

const USUAL_TOPIC = "our work";
/** Between two posts, so that many requests at once do not keep the server busy. */
const PAUSE_MS = 120;

/** A handler for `legacy.calendar` of `createAlmanacRoutes`. It answers with a stream of events, as the page asks for. */
export async function legacyCalendar(request: Request): Promise<Response> {
  const body: unknown = await request.json().catch(() => undefined);
  const flaw = flawOf(body);
  if (flaw !== undefined) return refusal(400, "VALIDATION_FAILED", flaw);
  const wanted = body as LegacyRequest;
  if (wanted.calendarId != null) {
    const stays = "Almanac is off or cannot be reached. Your posts stay as they are, and this app's own generator only";
    return refusal(409, "LEGACY_NEW_ONLY", `${stays} writes new calendars.`);
  }
  try {
    return streamOf(written(computeSlots(wanted), wanted, request.signal));
  } catch (error) {
    return refusal(422, "LEGACY_REFUSED", error instanceof Error ? error.message : "This calendar cannot be planned.");
  }
}

type LegacyRequest = SlotRequest & { calendarId?: string | null };

const CADENCES: readonly unknown[] = ["daily", "weekly", "monthly"] satisfies Cadence[];

/** What is wrong with a request, in a sentence. The dates and the number of posts are checked by `computeSlots`. */
function flawOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return "The request must be an object in JSON.";
  const { channels, cadence, start, end, constraints } = body as Record<string, unknown>;
  if (!Array.isArray(channels) || channels.length < 1 || channels.length > 8) return "Choose 1 to 8 channels.";
  if (!channels.every(isChannel)) return "A channel must be a name in small letters.";
  if (!CADENCES.includes(cadence)) return "Choose how often: daily, weekly or monthly.";
  if (!isDate(start)) return "The first day must be a date, YYYY-MM-DD.";
  if (!isDate(end)) return "The last day must be a date, YYYY-MM-DD.";
  const topics: unknown = (constraints as { topics?: unknown } | null | undefined)?.topics ?? [];
  if (!Array.isArray(topics) || !topics.every(isTopic)) return "Each topic must have 1 to 200 characters.";
  return undefined;
}

function isChannel(value: unknown): boolean {
  return typeof value === "string" && /^[a-z][a-z0-9_-]{0,31}$/.test(value);
}

function isTopic(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "" && value.length <= 200;
}

function isDate(value: unknown): boolean {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
}

function topicsOf({ constraints }: LegacyRequest): string[] {
  const topics = (constraints?.["topics"] ?? []) as string[];
  return topics.length > 0 ? topics : [USUAL_TOPIC];
}

type LegacyEvent = [type: "progress" | "entry" | "done", data: object];

/** The events of a run, in its order. They end when the client leaves. */
async function* written(
  slots: Slot[],
  wanted: LegacyRequest,
  signal: AbortSignal,
): AsyncGenerator<LegacyEvent, undefined> {
  const [total, topics] = [slots.length, topicsOf(wanted)];
  yield ["progress", { completed: 0, total, stage: "drafting" }];
  for (const [nth, slot] of slots.entries()) {
    await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
    const post = write(slot, nth, topics[nth % topics.length] ?? USUAL_TOPIC);
    yield ["entry", { ...post, timezone: wanted.timezone ?? "UTC" }];
  }
  yield ["progress", { completed: total, total, stage: "finalizing" }];
  yield ["done", { status: "succeeded", entries: total, persisted: false }];
  return undefined;
}

function write({ key, channel, date, time, scheduledAt }: Slot, nth: number, topic: string): Omit<Made, "timezone"> {
  const templates = TEMPLATES[channel] ?? ANY_CHANNEL;
  const { title, caption, hashtags } = templates[nth % templates.length] as Template;
  const texts = { title: title(topic), topic, caption: caption(topic), hashtags };
  return { key, channel, date, time, scheduledAt, ...texts, format: "post", notes: "", media: [] };
}

/** The same frames as those of Almanac. `meta.legacy` is this app's own: the page says by it who has written. */
function streamOf(events: AsyncGenerator<LegacyEvent, undefined>): Response {
  let seq = 0;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next();
      if (done) {
        controller.close();
        return;
      }
      const [type, data] = value;
      seq++;
      const meta = { runId: null, calendarId: null, version: null, seq, done: type === "done", legacy: true };
      const json = JSON.stringify({ data, error: null, meta });
      controller.enqueue(encoder.encode(`id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`));
    },
    async cancel() {
      await events.return(undefined);
    },
  });
  const headers = {
    "Content-Type": "text/event-stream",
    // Compressed events would be held back until there is enough to compress.
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Accel-Buffering": "no",
  };
  return new Response(body, { headers });
}

function refusal(status: number, code: string, message: string): Response {
  const error = { code, message, details: [], retryable: false };
  return Response.json({ data: null, error, meta: {} }, { status, headers: { "X-Error-Code": code } });
}
