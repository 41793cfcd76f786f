// One calendar for one request, also when its answer is lost.
import { AlmanacError } from "@almanac/client";
import { beforeEach, expect, test } from "vitest";
import type { CalendarRequest } from "../lib/almanac";
import { StartKey } from "../lib/start-key";

const WEEK: CalendarRequest = { channels: ["x"], cadence: "daily", start: "2027-03-01", end: "2027-03-07" };

let start: StartKey;
beforeEach(() => {
  start = new StartKey();
});

async function outcome(status: number | undefined): Promise<void> {
  const events = async function* () {
    await Promise.resolve();
    if (status !== undefined) throw new AlmanacError({ status, code: "X", message: "x", retryable: status === 0 });
    yield 1;
  };
  try {
    for await (const event of start.settling(events())) expect(event).toBe(1);
  } catch (error) {
    expect(error).toMatchObject({ status });
  }
}

test.each([0, 500, 502, 504])("a start whose answer was lost is asked for again under its key: %s", async (status) => {
  const key = start.keyOf(WEEK);
  await outcome(status);

  expect(start.keyOf({ ...WEEK })).toBe(key);
  expect(start.keyOf({ ...WEEK, end: "2027-03-08" })).not.toBe(key);
});

test.each([undefined, 400, 422])("a start that was answered is followed by another one: %s", async (status) => {
  const key = start.keyOf(WEEK);
  await outcome(status);

  expect(start.keyOf(WEEK)).not.toBe(key);
});
