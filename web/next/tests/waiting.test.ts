// What never answers, and answers that say less than they seem to.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CALENDAR, code, generation, JOB, json, proxyOf, requestTo, reset, streams, Upstream } from "./upstream.js";

const GENERATE = "POST /v1/ai/calendar";
const KEY = { "Idempotency-Key": "key-1" };
const never = () => new Promise<never>(() => undefined);

let upstream: Upstream;
beforeEach(async () => {
  upstream = await Upstream.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await upstream.stop();
});

it.each([
  ["connection termination", 502],
  ["", 502],
  ["remote reset", 502],
  ["connection failure", 200],
  ["remote connection failure", 200],
  ["overflow", 200],
])("a 503 of a mesh is answered by a dry run only if nothing was passed on: %s", async (reason, status) => {
  upstream.on(GENERATE, (response) => {
    const because = ` or disconnect/reset before headers. reset reason: ${reason}`;
    const text = `upstream connect error${reason === "" ? "" : because}`;
    response.writeHead(503, { "Content-Type": "text/plain" }).end(text);
  });
  const proxy = proxyOf(upstream.url);

  const response = await proxy.routes.POST(generation({ headers: KEY }));

  expect(response.status).toBe(status);
  expect((await response.text()).includes('"dryRun":true')).toBe(status === 200);
});

it("another instance that sends a request while this one looks at the service is seen", async () => {
  const answers = [false, true];
  const sentKeys = { has: () => answers.shift() ?? true, add: () => undefined };
  const proxy = proxyOf(upstream.url, { sentKeys });
  await upstream.stop();

  const response = await proxy.routes.POST(generation({ headers: KEY }));

  expect(response.status).toBe(502);
  await upstream.restart();
});

it("a client that leaves a flow of the app that never answers is reported, and its key is free", async () => {
  upstream.on(GENERATE, streams());
  let isOn = false;
  const calendar = vi.fn(never);
  const { routes, events } = proxyOf(upstream.url, { enabled: () => isOn, legacy: { calendar } });
  const abort = new AbortController();
  const first = routes.POST(generation({ headers: KEY, signal: abort.signal }));
  const second = routes.POST(generation({ headers: KEY }));
  await vi.waitFor(() => {
    expect(calendar).toHaveBeenCalled();
  });

  isOn = true;
  abort.abort();

  expect((await first).status).toBe(499);
  expect((await second).status).toBe(200);
  expect(events).toMatchObject([{ status: null }]);
});

it("a client that leaves while the app looks for its token is reported", async () => {
  const { routes, events } = proxyOf(upstream.url, { getToken: never });
  const abort = new AbortController();
  const request = new Request("https://app.example/api/almanac/v1/calendars", { signal: abort.signal });
  const answer = routes.GET(request);

  abort.abort();

  expect((await answer).status).toBe(499);
  expect(events).toHaveLength(1);
});

it("a body that does not come is refused after 30 s", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode("{"));
    },
  });
  const init = { method: "POST", body, duplex: "half", headers: { Authorization: "Bearer a" } } as RequestInit;
  const { routes, events } = proxyOf(upstream.url);
  const answer = routes.POST(new Request("https://app.example/api/almanac/v1/ai/calendar", init));

  let seconds = 0;
  const ended = answer.finally(() => vi.useRealTimers());
  // The routes look at the service first, and begin to wait at a moment of their own.
  for (; vi.isFakeTimers(); seconds++) await vi.advanceTimersByTimeAsync(1_000);

  const response = await ended;
  expect(seconds).toBeGreaterThanOrEqual(30);
  expect([response.status, await code(response)]).toEqual([408, "BODY_TIMEOUT"]);
  expect(events).toMatchObject([{ status: 408, code: "BODY_TIMEOUT" }]);
});

it("an edit is not sent again, also with a key", async () => {
  const path = `/v1/calendars/${CALENDAR}/entries/${JOB}`;
  upstream.on(`PATCH ${path}`, reset, json(412, {}));
  const { routes } = proxyOf(upstream.url);

  const response = await routes.PATCH(requestTo("PATCH", path, { json: { title: "a" }, headers: KEY }));

  expect(response.status).toBe(502);
  expect(upstream.of(`PATCH ${path}`)).toHaveLength(1);
});

it("the app's own flow is not called for another user", async () => {
  const calendar = vi.fn(() => new Response("legacy"));
  const { routes } = proxyOf(upstream.url, { enabled: () => false, legacy: { calendar } });

  const response = await routes.POST(generation({ headers: { "X-Expected-User": JOB } }));

  expect([response.status, await code(response)]).toEqual([403, "OTHER_USER"]);
  expect(calendar).not.toHaveBeenCalled();
});

it("the routes need no AbortSignal.any, which edge runtimes and the oldest Node.js 20 lack", async () => {
  vi.spyOn(AbortSignal, "any").mockImplementation(() => {
    throw new TypeError("AbortSignal.any is not a function");
  });
  upstream.on(GENERATE, streams());

  const response = await proxyOf(upstream.url).routes.POST(generation());

  expect([response.status, response.headers.get("Location")]).toEqual([200, `/v1/jobs/${JOB}`]);
  vi.restoreAllMocks();
});
