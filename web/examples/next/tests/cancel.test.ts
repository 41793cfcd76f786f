// The end of a run is asked for until that is answered.
import { AlmanacError } from "@almanac/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cancelRun } from "../lib/cancel";

const { post } = vi.hoisted(() => ({ post: vi.fn<() => Promise<unknown>>() }));
vi.mock("../lib/almanac", async (original) => ({
  ...(await original<typeof import("../lib/almanac")>()),
  once: { post },
}));

const YET = "The run could not be cancelled yet. Trying again.";
const said: (string | undefined)[] = [];
let end: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("navigator", { onLine: true });
  said.length = 0;
  end = new AbortController();
  post.mockReset();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function cancel(): Promise<void> {
  return cancelRun("run", (problem) => said.push(problem?.message), end.signal);
}

function refuse(status: number, code: string, retryable: boolean): void {
  post.mockRejectedValueOnce(new AlmanacError({ status, code, message: "may not be saved", retryable }));
}

test("a cancel without an answer is sent again until it has one", async () => {
  refuse(0, "NETWORK", true);
  refuse(504, "SERVICE_TIMEOUT", true);
  post.mockResolvedValueOnce({ status: "cancelling" });

  const cancelled = cancel();
  await vi.advanceTimersByTimeAsync(999);
  expect(post).toHaveBeenCalledTimes(1);
  await vi.runAllTimersAsync();
  await cancelled;

  expect(post).toHaveBeenCalledTimes(3);
  expect(said).toEqual([YET, YET, undefined]);
});

test("the pauses grow to a quarter of a minute", async () => {
  post.mockRejectedValue(new AlmanacError({ status: 0, code: "NETWORK", message: "", retryable: true }));

  const cancelled = cancel();
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000 + 8_000 + 15_000 + 15_000);
  expect(post).toHaveBeenCalledTimes(7);
  end.abort();
  await cancelled;
});

test("the end of the run ends the attempts", async () => {
  refuse(0, "NETWORK", true);
  const cancelled = cancel();
  await vi.advanceTimersByTimeAsync(0);

  end.abort();
  await cancelled;

  expect(post).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("an attempt that the end of the run cut is no problem", async () => {
  post.mockImplementationOnce(() => {
    end.abort();
    return Promise.reject(new AlmanacError({ status: 0, code: "NETWORK", message: "", retryable: true }));
  });

  await cancel();

  expect(said).toEqual([]);
});

test("a refusal for good is said as it is", async () => {
  refuse(403, "OTHER_USER", false);

  await cancel();

  expect(said).toEqual([expect.stringContaining("Another user has signed in")]);
});
