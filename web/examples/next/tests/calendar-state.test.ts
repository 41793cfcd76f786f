// What the page shows, by what has happened.
import type { CalendarEvent } from "@almanac/client";
import { expect, test } from "vitest";
import type { Entry, Made } from "../lib/almanac";
import { acceptedOf, EMPTY, reduce, type CalendarState, type Change } from "../lib/calendar-state";

const META = { runId: "run", calendarId: "calendar", version: 1, seq: 1, done: false };
const OWN = { ...META, runId: null, calendarId: null, version: null, legacy: true };
const POST = { key: "blog:2027-03-06:1", date: "2027-03-06" } as Made;
const STARTED: Change = { type: "started", slots: [], isRegeneration: false };

function after(...changes: Change[]): CalendarState {
  return changes.reduce(reduce, EMPTY);
}

function entry(meta: CalendarEvent["meta"]): Change {
  return { type: "event", event: { type: "entry", data: POST, error: null, meta } };
}

test("what this app's own generator wrote is no dry run, and stays after its end", () => {
  const { run, calendarId } = after(STARTED, entry(OWN), { type: "ended", interrupted: false });

  expect(run).toMatchObject({ writer: "legacy", isOver: true, made: [POST] });
  expect(calendarId).toBeUndefined();
});

test("a run of this app's own generator can be stopped", () => {
  const { run, notice } = after(STARTED, entry(OWN), { type: "stopped" });

  expect(run?.isOver).toBe(true);
  expect(notice).toBe("Cancelled. 1 of 1 post is here.");
});

test("why a run is not cancelled yet is said until it ends", () => {
  const problem = { message: "Not yet.", details: "" };
  const running = after(STARTED, entry(OWN), { type: "cancel" }, { type: "cancel_problem", problem });
  expect(running.run).toMatchObject({ cancels: 1, cancelProblem: problem });

  const ended = reduce(running, { type: "ended", interrupted: false });

  expect(ended.run?.isOver).toBe(true);
  expect(reduce(ended, { type: "cancel" }).run?.cancels).toBe(1);
});

test("a calendar that is gone leaves no post of its first run", () => {
  const state = after(STARTED, entry(META), { type: "gone" });

  expect(state).toMatchObject({ calendarId: undefined, run: undefined, problem: undefined });
  expect(state.notice).toBe("This calendar was deleted, with all its posts.");
});

test("posts of a calendar that is gone stay to be copied", () => {
  const saved = [{ ...POST, id: "1" } as unknown as Entry];
  const state = after({ type: "loaded", id: "calendar", title: null, entries: saved }, STARTED, { type: "gone" });

  expect(state).toMatchObject({ calendarId: "calendar", saved });
  expect(state.notice).toContain("not saved any more: copy what you need");
});

test("an accept says each kind of change that was left out", () => {
  const keys = { added: ["a"], updated: ["b"], removed: ["c"] };
  const skipped = [
    { key: "b", field: "caption", reason: "edited" },
    { key: "d", field: null, reason: "edited" },
    { key: "e", field: null, reason: "deleted" },
    { key: "f", field: null, reason: "not_in_run" },
  ] as const;

  expect(acceptedOf({ ...keys, entries: [], skipped: [...skipped] })).toBe(
    "Accepted: 3 posts changed. Your edits stayed: 2. Posts that you deleted stay deleted: 1." +
      " Not in this run, so left as they are: 1.",
  );
  expect(acceptedOf({ ...keys, entries: [], skipped: [] })).toBe("Accepted: 3 posts changed.");
});
