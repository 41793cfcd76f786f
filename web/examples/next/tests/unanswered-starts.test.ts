// One calendar for one request, also when its answer is lost.
import { AlmanacError, type StreamOptions } from "@almanac/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CalendarRequest } from "../lib/almanac";
import { UnansweredStarts } from "../lib/unanswered-starts";

const WEEK: CalendarRequest = { channels: ["x"], cadence: "daily", start: "2027-03-01", end: "2027-03-07" };
const HOUR = 60 * 60_000;
/** An outcome: events, or an error with this status and code. */
type Outcome = "events" | [status: number, code?: string];
const LOST: Outcome = [0, "NETWORK"];

/** What all tabs of a browser share. */
let stored: Map<string, string>;
beforeEach(() => {
  stored = new Map();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function tab(): UnansweredStarts {
  const storage = {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, text: string) => stored.set(name, text),
    removeItem: (name: string) => stored.delete(name),
    key: (at: number) => [...stored.keys()][at] ?? null,
    get length() {
      return stored.size;
    },
  };
  return new UnansweredStarts(() => storage as unknown as Storage);
}

/** Starts, and returns the key. The outcomes before the last one are attempts that the client repeats by itself. */
async function start(starts: UnansweredStarts, outcomes: Outcome[], request = WEEK, user = "anna"): Promise<string> {
  let sent = "";
  const open = async function* (key: string, { onInterrupt }: StreamOptions) {
    sent = key;
    for (const [nth, outcome] of outcomes.entries()) {
      await Promise.resolve();
      if (outcome === "events") {
        yield* [1, 2];
        continue;
      }
      const [status, code = "X"] = outcome;
      const error = new AlmanacError({ status, code, message: "x" });
      if (nth === outcomes.length - 1) throw error;
      onInterrupt?.({ error, failures: 1, delayMs: 0 });
    }
  };
  try {
    for await (const event of starts.start(user, request, {}, open)) expect([1, 2]).toContain(event);
  } catch (error) {
    expect(error).toBeInstanceOf(AlmanacError);
  }
  return sent;
}

test.each([0, 500, 502, 504])("a start whose answer was lost is asked for again under its key: %s", async (status) => {
  const page = tab();
  const key = await start(page, [[status]]);

  expect(await start(page, [LOST], { ...WEEK, end: "2027-03-08" })).not.toBe(key);
  expect(await start(page, [LOST])).toBe(key);
});

test("a reload and another tab ask under the same key", async () => {
  const key = await start(tab(), [LOST]);

  expect(tab().has("anna")).toBe(true);
  expect(await start(tab(), ["events"])).toBe(key);
  expect(tab().has("anna")).toBe(false);
  expect(stored.size).toBe(0);
});

test.each<Outcome>(["events", [400], [422], [409, "ACTIVE_GENERATION"], [429], [401], [503, "SERVICE_UNREACHABLE"]])(
  "a start that was answered is followed by another one: %s",
  async (outcome) => {
    const page = tab();
    const key = await start(page, [outcome]);

    expect(page.has("anna")).toBe(false);
    expect(await start(page, [LOST])).not.toBe(key);
  },
);

test.each<Outcome>([[401], [403], [429], [409, "IDEMPOTENCY_IN_PROGRESS"]])(
  "a refusal before the key is looked at leaves an earlier start: %s",
  async (...outcome) => {
    const key = await start(tab(), [LOST]);
    expect(await start(tab(), [outcome as Outcome])).toBe(key);
    expect(await start(tab(), [LOST, outcome as Outcome])).toBe(key);

    expect(await start(tab(), [[422]])).toBe(key);
    expect(await start(tab(), [LOST])).not.toBe(key);
  },
);

test("an attempt that the client repeated by itself may have started, too", async () => {
  const key = await start(tab(), [LOST, [401]]);

  expect(await start(tab(), ["events"])).toBe(key);
});

test("what could not be sent, several times, was not started", async () => {
  await start(tab(), [[503, "SERVICE_UNREACHABLE"], [429], [503, "SERVICE_UNREACHABLE"]]);

  expect(tab().has("anna")).toBe(false);
});

test("the start of another user is not taken", async () => {
  const key = await start(tab(), [LOST]);

  expect(tab().has("boris")).toBe(false);
  expect(await start(tab(), [LOST], WEEK, "boris")).not.toBe(key);
  expect(await start(tab(), [LOST])).toBe(key);
});

test("a start is kept for as long as the service keeps its key", async () => {
  vi.useFakeTimers();
  const key = await start(tab(), [LOST]);
  vi.advanceTimersByTime(24 * HOUR - 1);
  expect(tab().has("anna")).toBe(true);

  vi.advanceTimersByTime(1);

  expect(tab().has("anna")).toBe(false);
  expect(stored.size).toBe(0);
  expect(await start(tab(), [LOST])).not.toBe(key);
});

test("a start whose run was opened in another way is answered", async () => {
  const { channels, ...rest } = WEEK;
  const reordered = { ...rest, channels, calendarId: null };
  const key = await start(tab(), [LOST]);
  const page = tab();

  await page.settle("anna", { ...reordered, end: "2027-03-08" }, new Date().toISOString());
  await page.settle("boris", reordered, new Date().toISOString());
  await page.settle("anna", reordered, new Date(Date.now() - 2 * HOUR).toISOString());
  expect(page.has("anna")).toBe(true);
  await page.settle("anna", reordered, new Date().toISOString());

  expect(page.has("anna")).toBe(false);
  expect(await start(tab(), ["events"])).not.toBe(key);
});

test("a lost run of a calendar is no lost calendar", async () => {
  const again = { ...WEEK, calendarId: "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02" };
  const key = await start(tab(), [LOST], again);

  expect(tab().has("anna")).toBe(false);
  expect(await start(tab(), ["events"], again)).toBe(key);
});

test("the texts of a request are not stored", async () => {
  await start(tab(), [LOST], { ...WEEK, constraints: { topics: ["secret"] } });

  expect(JSON.stringify([...stored])).not.toContain("secret");
});

test("a page without TLS knows the same request again", async () => {
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });

  expect(await start(tab(), [LOST])).toBe(await start(tab(), [LOST]));
});

test("what is stored in another form is no start", async () => {
  const key = await start(tab(), [LOST]);
  for (const name of stored.keys()) stored.set(name, "{");

  expect(tab().has("anna")).toBe(false);
  expect(await start(tab(), ["events"])).not.toBe(key);
});

test("a storage that throws leaves the key to the page", async () => {
  const page = new UnansweredStarts(() => {
    throw new Error("no storage");
  });
  const key = await start(page, [LOST]);

  expect(page.has("anna")).toBe(true);
  expect(await start(page, ["events"])).toBe(key);
  expect(page.has("anna")).toBe(false);
});
