// A run that is followed to its end, and what is there then.
import { AlmanacError, type CalendarEvent, type StreamOptions } from "@almanac/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { follow } from "../lib/follow";
import type { Change } from "../lib/calendar-state";
import { LATE_MS, Waiting } from "../lib/waiting";

const META = { runId: "run", calendarId: "calendar", version: 1, seq: 1, done: false };
const PROGRESS = { type: "progress", data: { completed: 0, total: 4, stage: "drafting" }, error: null, meta: META };
const DRY = { ...PROGRESS, meta: { ...META, runId: null, calendarId: null, dryRun: true } };
const LEGACY = { ...PROGRESS, meta: { ...META, runId: null, calendarId: null, legacy: true } };
const MISSING = new AlmanacError({ status: 404, code: "NOT_FOUND", message: "not found" });

const { get } = vi.hoisted(() => ({ get: vi.fn<() => Promise<unknown>>() }));
vi.mock("../lib/almanac", async (original) => ({
  ...(await original<typeof import("../lib/almanac")>()),
  patient: { get },
}));

const replaceState = vi.fn();
let changes: Change[];
const dispatch = (change: Change) => changes.push(change);
const waiting = new Waiting((isAway) => dispatch({ type: "away", isAway }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("window", { history: { replaceState } });
  changes = [];
  get.mockReset().mockResolvedValue({ title: "Calendar", entries: [] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function run(stream: (options: StreamOptions) => AsyncGenerator, isStart = false): Promise<void> {
  const open = (options: StreamOptions) => stream(options) as AsyncGenerator<CalendarEvent>;
  return follow(open, { dispatch, waiting, signal: new AbortController().signal, isStart });
}

function problems(): (string | undefined)[] {
  return changes.flatMap((change) => (change.type === "problem" ? [change.problem?.message] : []));
}

function types(): string[] {
  return changes.map(({ type }) => type);
}

test("after its end what was saved is loaded", async () => {
  await run(async function* () {
    yield await Promise.resolve(PROGRESS);
  });

  expect(types()).toEqual(["event", "loaded", "ended"]);
});

test("a calendar that is gone after the end is said to be gone", async () => {
  get.mockRejectedValue(MISSING);

  await run(async function* () {
    yield await Promise.resolve(PROGRESS);
  });

  expect(types()).toEqual(["event", "gone"]);
  expect(replaceState).toHaveBeenLastCalledWith(null, "", "/");
});

test("a run that is gone when its stream resumes is said to be gone", async () => {
  await run(async function* () {
    yield await Promise.resolve(PROGRESS);
    throw MISSING;
  });

  expect(types()).toEqual(["event", "gone"]);
});

test("the end of a job that was erased says that all is gone", async () => {
  await run(async function* () {
    yield await Promise.resolve(PROGRESS);
    yield { type: "done", seq: 2, status: "cancelled", error: { code: "CANCELLED", message: "Removed." } };
  });

  expect(types()).toEqual(["event", "gone"]);
});

test("a stream that is away is said to be, without a break, until it is back", async () => {
  await run(async function* ({ onOpen, onInterrupt }) {
    const connection = { response: new Response(), jobId: undefined, resumed: false };
    const interruption = { error: MISSING, failures: 1, delayMs: 0 };
    onOpen?.(connection);
    for (let nth = 0; nth < 4; nth++) {
      onInterrupt?.(interruption);
      await vi.advanceTimersByTimeAsync(LATE_MS / 2);
    }
    onOpen?.(connection);
    yield PROGRESS;
  });

  expect(changes.filter(({ type }) => type === "away")).toEqual([
    { type: "away", isAway: true },
    { type: "away", isAway: false },
  ]);
});

test.each([
  { isStart: true, events: [], sentence: /Your calendar may have been started/ },
  { isStart: true, events: [PROGRESS], sentence: /Reload the page to see what is saved/ },
  { isStart: false, events: [], sentence: /Reload the page to see what is saved/ },
  { isStart: true, events: [DRY], sentence: /Nothing of this run is saved: generate again/ },
  { isStart: true, events: [LEGACY], sentence: /Nothing of this run is saved: generate again/ },
])("a lost run says what may be there: $sentence", async ({ isStart, events, sentence }) => {
  await run(async function* () {
    yield* await Promise.resolve(events);
    throw new AlmanacError({ status: 0, code: "NETWORK", message: "" });
  }, isStart);

  expect(problems()).toEqual([expect.stringMatching(sentence)]);
});
