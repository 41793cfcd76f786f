// When a page says that it waits for Almanac.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LATE_MS, Waiting } from "../lib/waiting";

const said = vi.fn<(isAway: boolean) => void>();
let waiting: Waiting;

beforeEach(() => {
  vi.useFakeTimers();
  said.mockReset();
  waiting = new Waiting(said);
});
afterEach(() => {
  vi.useRealTimers();
});

test("a wait of more than three seconds is said, and its end", () => {
  const answered = waiting.begin();
  vi.advanceTimersByTime(3_000);
  expect(said.mock.calls).toEqual([[true]]);

  answered();
  answered();

  expect(said.mock.calls).toEqual([[true], [false]]);
});

test("a short wait is not said", () => {
  const answered = waiting.begin();
  vi.advanceTimersByTime(LATE_MS - 1);
  answered();
  vi.runAllTimers();

  expect(said).not.toHaveBeenCalled();
});

test("of two waits the sentence stays until the last has ended", () => {
  const [first, second] = [waiting.begin(), waiting.begin()];
  vi.advanceTimersByTime(LATE_MS);
  first();
  expect(said.mock.calls).toEqual([[true]]);

  second();

  expect(said.mock.calls).toEqual([[true], [false]]);
});

test("work that fails ends its wait", async () => {
  const work = waiting.during(new Promise((_, reject) => setTimeout(reject, LATE_MS + 1, new Error("away"))));
  const failed = expect(work).rejects.toThrow("away");
  await vi.runAllTimersAsync();

  await failed;
  expect(said.mock.calls).toEqual([[true], [false]]);
});
