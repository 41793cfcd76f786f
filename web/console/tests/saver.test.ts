// The order and the repetition of saves.
import { AlmanacError } from "@almanac/client";
import { beforeEach, expect, test, vi } from "vitest";
import { Saver } from "../src/saving/saver";

const away = new AlmanacError({ status: 0, code: "NETWORK", message: "away", retryable: true });
const wrong = new AlmanacError({ status: 400, code: "VALIDATION_FAILED", message: "wrong" });

type Patch = Record<string, number>;

interface Flight {
  patch: Patch;
  succeed: () => void;
  fail: (error: AlmanacError) => void;
}

let flights: Flight[];
let rest: Patch | undefined;
let saver: Saver<Patch, undefined>;
beforeEach(() => {
  vi.useFakeTimers();
  flights = [];
  rest = undefined;
  saver = new Saver<Patch, undefined>({
    send: (patch) =>
      new Promise((resolve, reject) => {
        flights.push({
          patch,
          succeed: () => {
            resolve(undefined);
          },
          fail: reject,
        });
      }),
    merge: (earlier, later) => ({ ...earlier, ...later }),
    onSaved: () => undefined,
    onRefused: () => rest,
  });
});

const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const sent = () => flights.map(({ patch }) => patch);

test("one save is on the way at a time, and later ones are merged", async () => {
  saver.save({ a: 1 });
  saver.save({ b: 2 });
  saver.save({ b: 3, c: 4 });
  expect(sent()).toEqual([{ a: 1 }]);

  flights[0]?.succeed();
  await tick();
  expect(sent()).toEqual([{ a: 1 }, { b: 3, c: 4 }]);
  flights[1]?.succeed();
  await tick();
  expect([saver.state.get().kind, saver.isSettled()]).toEqual(["saved", true]);
});

test("a pause starts again with each change, and flushing ends it", async () => {
  saver.save({ a: 1 }, 800);
  await tick(700);
  saver.save({ a: 2 }, 800);
  await tick(799);
  expect(sent()).toEqual([]);
  void saver.flush();
  expect(sent()).toEqual([{ a: 2 }]);
});

test("a save that found no connection is repeated under what was changed since", async () => {
  saver.save({ a: 1, b: 1 });
  flights[0]?.fail(away);
  await tick();
  expect(saver.state.get().kind).toBe("waiting");

  saver.save({ b: 2 }, 800);
  await tick(800);
  expect(sent()[1]).toEqual({ a: 1, b: 2 });
});

test("repetitions come ever more slowly", async () => {
  saver.save({ a: 1 });
  const gaps = [2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  for (const [index, gap] of gaps.entries()) {
    flights[index]?.fail(away);
    await tick(gap - 1);
    expect(flights).toHaveLength(index + 1);
    await tick(1);
    expect(flights).toHaveLength(index + 2);
  }
});

test("what is left of a refused save is sent", async () => {
  rest = { b: 1 };
  saver.save({ a: 1, b: 1 });
  flights[0]?.fail(wrong);
  rest = undefined;
  await tick();
  expect(sent()).toEqual([{ a: 1, b: 1 }]);
  expect([saver.state.get().kind, saver.isSettled()]).toEqual(["refused", false]);
});

test("what waits can be taken back", async () => {
  saver.save({ a: 1 }, 6_000);
  expect(saver.cancel()).toEqual({ a: 1 });
  await tick(10_000);
  expect([sent(), saver.isSettled()]).toEqual([[], true]);
});
