// Requests that get no answer, and requests that wait for a sign-in.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Gate } from "../src/session/gate";
import { refusal } from "./service";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const REQUEST = "http://almanac.test/v1/themes";

function silent(request: Request): Promise<Response> {
  return new Promise((_, reject) => {
    request.signal.addEventListener("abort", () => {
      reject(request.signal.reason as Error);
    });
  });
}

test("a connection that goes silent fails like one that is cut", async () => {
  vi.stubGlobal("fetch", silent);
  const outcome = expect(new Gate().fetch(new Request(REQUEST))).rejects.toMatchObject({
    code: "NETWORK",
    retryable: true,
  });

  await vi.advanceTimersByTimeAsync(20_000);

  await outcome;
});

test("a service that does not answer is slow until the next answer", async () => {
  const gate = new Gate();
  vi.stubGlobal("fetch", silent);
  const outcome = expect(gate.fetch(new Request(`${REQUEST}/session`))).rejects.toThrow("no answer");

  await vi.advanceTimersByTimeAsync(3_999);
  expect(gate.isSlow.get()).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(gate.isSlow.get()).toBe(true);
  await vi.advanceTimersByTimeAsync(16_000);
  await outcome;
  expect(gate.isSlow.get()).toBe(true);
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("data")));
  await gate.fetch(new Request(REQUEST));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(gate.isSlow.get()).toBe(false);
});

test("a caller who gives up is told so, and a stream may take its time", async () => {
  vi.stubGlobal("fetch", silent);
  const abort = new AbortController();
  const outcome = expect(new Gate().fetch(new Request(REQUEST, { signal: abort.signal }))).rejects.toThrow("enough");
  abort.abort(new Error("enough"));
  await outcome;

  let aborted = false;
  vi.stubGlobal("fetch", (request: Request) => {
    request.signal.addEventListener("abort", () => (aborted = true));
    return Promise.resolve(new Response("data"));
  });
  await new Gate().fetch(new Request(REQUEST));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(aborted).toBe(false);
});

test("a request of another user's page waits until its user is back", async () => {
  const answers = [refusal(403, "OTHER_USER"), refusal(401, "UNAUTHENTICATED"), new Response("done")];
  vi.stubGlobal("fetch", () => Promise.resolve(answers.shift()));
  const gate = new Gate();
  const answer = gate.fetch(new Request(REQUEST));

  for (const closed of ["other-user", "ended"]) {
    await vi.waitFor(() => {
      expect(gate.closed.get()).toBe(closed);
    });
    gate.open();
  }

  expect(await (await answer).text()).toBe("done");
});

test("another refusal is the caller's", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(refusal(403, "CSRF_REQUIRED")));

  expect((await new Gate().fetch(new Request(REQUEST))).status).toBe(403);
});
