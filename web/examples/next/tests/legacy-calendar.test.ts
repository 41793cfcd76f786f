// The app's own generator, which answers in the place of Almanac.
import { computeSlots } from "@almanac/next/slots";
import { expect, test } from "vitest";
import { legacyCalendar } from "../lib/legacy-calendar";

const ORDER = { channels: ["instagram", "blog"], cadence: "daily" as const, start: "2027-03-06", end: "2027-03-07" };
const LONG = { ...ORDER, end: "2027-05-31" };

interface Frame {
  type: string;
  data: Record<string, unknown>;
  meta: Record<string, unknown>;
}

function ask(body: unknown, signal?: AbortSignal): Promise<Response> {
  const init = { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
  return legacyCalendar(new Request("http://app.test/", { ...init, ...(signal === undefined ? {} : { signal }) }));
}

function reading({ body }: Response): () => Promise<Frame | undefined> {
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  return async () => {
    const { done, value } = await reader.read();
    if (done) return undefined;
    const text = new TextDecoder().decode(value);
    const [, type = "", json = ""] = /^id: \d+\nevent: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    return { type, ...(JSON.parse(json) as Omit<Frame, "type">) };
  };
}

async function framesOf(response: Response): Promise<Frame[]> {
  const next = reading(response);
  const frames: Frame[] = [];
  for (let frame = await next(); frame !== undefined; frame = await next()) frames.push(frame);
  return frames;
}

test("each slot of the request gets a post, each in a chunk of its own", async () => {
  const response = await ask({ ...ORDER, constraints: { topics: ["coffee"] } });

  expect(response.headers.get("Content-Type")).toBe("text/event-stream");
  const frames = await framesOf(response);
  expect(frames.map(({ type }) => type)).toEqual([
    "progress",
    ...["entry", "entry", "entry", "entry"],
    "progress",
    "done",
  ]);
  const entries = frames.filter(({ type }) => type === "entry").map(({ data }) => data);
  expect(entries.map(({ key }) => key)).toEqual(computeSlots(ORDER).map(({ key }) => key));
  for (const { title, caption } of entries) {
    expect(title).toContain("coffee");
    expect(caption).toContain("coffee");
  }
});

test("its frames say who has written, and that nothing is saved", async () => {
  const frames = await framesOf(await ask({ ...ORDER, end: ORDER.start }));

  for (const { meta } of frames) expect(meta).toMatchObject({ runId: null, calendarId: null, legacy: true });
  expect(frames.at(-1)).toMatchObject({ type: "done", data: { persisted: false }, meta: { done: true } });
});

test("it ends when its client leaves", async () => {
  const abort = new AbortController();
  const next = reading(await ask(LONG, abort.signal));
  await next();
  expect((await next())?.type).toBe("entry");

  abort.abort();

  expect(await next()).toBeUndefined();
});

test.each([
  ["no JSON", "{", 400, "The request must be an object in JSON."],
  ["no channel", { ...ORDER, channels: [] }, 400, "Choose 1 to 8 channels."],
  ["a channel that is no name", { ...ORDER, channels: ["Insta!"] }, 400, "A channel must be a name in small letters."],
  ["no cadence", { ...ORDER, cadence: undefined }, 400, "Choose how often: daily, weekly or monthly."],
  ["no first day", { ...ORDER, start: "soon" }, 400, "The first day must be a date, YYYY-MM-DD."],
  ["a day that is not there", { ...ORDER, end: "2027-13-01" }, 400, "The last day must be a date, YYYY-MM-DD."],
  ["a topic of no text", { ...ORDER, constraints: { topics: [1] } }, 400, "Each topic must have 1 to 200 characters."],
  ["an end before the start", { ...ORDER, end: "2027-03-01" }, 422, "The range ends before it starts."],
  ["a calendar of Almanac", { ...ORDER, calendarId: crypto.randomUUID() }, 409, /^Almanac is off .* Your posts stay/],
])("a request with %s is refused in a sentence", async (_, body, status, sentence) => {
  const response = await ask(body);

  expect(response.status).toBe(status);
  const { error } = (await response.json()) as { error: { message: string } };
  expect(error.message).toMatch(sentence);
});
