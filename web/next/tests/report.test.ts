// What the log says about requests, and what neither it nor an answer ever says.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  CALENDAR,
  frame,
  generation,
  hang,
  JOB,
  json,
  proxyOf,
  refuse,
  requestTo,
  reset,
  streams,
  TOKEN,
  Upstream,
  USER,
} from "./upstream.js";

const GENERATE = "POST /v1/ai/calendar";

function raise(): never {
  throw new Error("no metrics");
}

let upstream: Upstream;
beforeEach(async () => {
  upstream = await Upstream.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await upstream.stop();
});

describe("a line of the log", () => {
  it("has the fields of every line of the service, the outcome and the duration", async () => {
    upstream.on(GENERATE, streams());
    const { routes, lines, events } = proxyOf(upstream.url);

    await (await routes.POST(generation({ headers: { "X-Request-Id": "r-1" } }))).text();

    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain("\n");
    const line = JSON.parse(lines[0] ?? "") as unknown;
    expect(line).toEqual({
      event: "almanac_proxy",
      at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      requestId: "r-1",
      userId: USER,
      channel: "instagram,blog",
      calendarId: CALENDAR,
      runId: JOB,
      status: 200,
      outcome: "service",
      reason: null,
      code: null,
      route: "calendar.generate",
      method: "POST",
      durationMs: expect.any(Number) as number,
    });
    expect(events).toEqual([line]);
  });

  it.each(["read", "cut", "left"])("of the app's own flow comes when its stream is over: %s", async (ending) => {
    let flow: ReadableStreamDefaultController<string> | undefined;
    let isCancelled = false;
    const body = new ReadableStream<string>({
      start: (controller) => (flow = controller),
      cancel: () => {
        isCancelled = true;
      },
    });
    const calendar = () => new Response(body.pipeThrough(new TextEncoderStream()), { status: 201, statusText: "Own" });
    const { routes, events } = proxyOf(upstream.url, { enabled: () => false, legacy: { calendar } });

    const response = await routes.POST(generation());
    const reader = response.body?.getReader();
    flow?.enqueue("data: 1\n\n");
    await reader?.read();
    expect([response.status, response.statusText, events]).toEqual([201, "Own", []]);
    if (ending === "read") flow?.close();
    if (ending === "cut") flow?.error(new Error("the app's own"));
    if (ending === "left") await reader?.cancel();
    else await reader?.read().catch(() => undefined);

    const reason = ending === "cut" ? "interrupted" : "switched_off";
    expect(events).toMatchObject([{ outcome: ending === "cut" ? "error" : "legacy", reason, status: 201 }]);
    expect(isCancelled).toBe(ending === "left");
  });

  it("has null where there is nothing to say", async () => {
    upstream.on("GET /v1/calendars", json(200, {}));
    const { routes, events } = proxyOf(upstream.url);
    await (await routes.GET(new Request("https://app.example/api/almanac/v1/calendars"))).text();
    expect(events).toMatchObject([{ userId: null, channel: null, calendarId: null, runId: null, status: 200 }]);
  });

  it.each([
    ["PATCH", `/v1/calendars/${CALENDAR}/entries/${JOB}`, { calendarId: CALENDAR, runId: null }],
    ["GET", `/v1/calendars/${CALENDAR}/runs/${JOB}/diff`, { calendarId: CALENDAR, runId: JOB }],
    ["GET", `/v1/jobs/${JOB}`, { calendarId: null, runId: JOB }],
  ] as const)("has the ids of a path: %s %s", async (method, path, ids) => {
    const { routes, events } = proxyOf(upstream.url);
    await (await routes[method](requestTo(method, path, method === "PATCH" ? { json: {} } : {}))).text();
    expect(events).toMatchObject([ids]);
  });

  it("is written when the stream has ended, and counts its time", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    let end = (): void => undefined;
    upstream.on(GENERATE, (response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("retry: 2000\n\n");
      end = () => response.end(frame("done", { status: "succeeded" }, true));
    });
    const { routes, events } = proxyOf(upstream.url);

    const response = await routes.POST(generation());
    expect(events).toEqual([]);
    vi.advanceTimersByTime(60);
    end();
    await response.text();

    expect(events[0]?.durationMs).toBe(60);
  });

  it.each([
    ["succeeded", "service"],
    ["partial", "service"],
    ["cancelled", "service"],
    ["timeout", "timeout"],
    ["failed", "error"],
  ])("of a run that ended as %s says %s", async (status, outcome) => {
    upstream.on(GENERATE, streams(status));
    const { routes, events } = proxyOf(upstream.url);
    await (await routes.POST(generation())).text();
    expect(events).toMatchObject([{ outcome, status: 200 }]);
  });

  it("of an organic week says how it ended", async () => {
    upstream.on("POST /v1/organic/generate-calendar", (response) => {
      response.writeHead(200, { "Content-Type": "application/x-ndjson" });
      response.end(`{"type":"placement"}\n{"type":"complete","status":"timeout"}\n`);
    });
    const { routes, events } = proxyOf(upstream.url);
    const placements = [{ platform: "instagram" }, { platform: "linkedin" }, { platform: "instagram" }];
    await (await routes.POST(requestTo("POST", "/v1/organic/generate-calendar", { json: { placements } }))).text();
    expect(events).toMatchObject([{ outcome: "timeout", channel: "instagram,linkedin" }]);
  });

  it.each([
    ["without its last event", frame("entry", {}), { outcome: "error", reason: "interrupted" }],
    ["before its first event", "", { outcome: "error", reason: "interrupted" }],
    ["with a goodbye of the service", `${frame("entry", {})}retry: 1500\n\n`, { outcome: "service", reason: null }],
  ])("of a stream that ends %s says so", async (_, frames, expected) => {
    upstream.on(GENERATE, (response) => {
      // Closed after the answer, so that a cut looks like an end.
      response.writeHead(200, { "Content-Type": "text/event-stream", Connection: "close" });
      response.write(`retry: 2000\n\n${frames}`, () => response.socket?.destroy());
    });
    const { routes, events } = proxyOf(upstream.url);
    await (await routes.POST(generation())).text();
    expect(events).toMatchObject([expected]);
  });

  it.each([
    ["text/event-stream", (data: string) => `id: 9\nevent: snapshot\ndata: ${data}\n\n`],
    ["application/x-ndjson", (data: string) => `{"type":"snapshot","seq":9,${data.slice(1)}\n`],
  ])("says service also of a %s that ends with a long event", async (type, encode) => {
    const entries = Array.from({ length: 10_000 }, () => ({ caption: '{"type":"error"}' }));
    upstream.on(GENERATE, (response) => {
      response.writeHead(200, { "Content-Type": type });
      response.end(encode(JSON.stringify({ data: { entries } })));
    });
    const { routes, events } = proxyOf(upstream.url);

    await (await routes.POST(generation())).text();

    expect(events).toMatchObject([{ outcome: "service", reason: null }]);
  });

  it("of a stream that is cut within its last event says so", async () => {
    upstream.on(GENERATE, (response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.end(`${frame("progress", {})}id: 2\nevent: done\nda`);
    });
    const { routes, events } = proxyOf(upstream.url);

    await (await routes.POST(generation())).text();

    expect(events).toMatchObject([{ outcome: "error", reason: "interrupted" }]);
  });

  it("of a stream that an expired token ended says service: it goes on with another", async () => {
    upstream.on(`GET /v1/jobs/${JOB}/events`, (response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.end(`event: error\ndata: {"code":"auth_expired","message":"expired"}\n\n`);
    });
    const { routes, events } = proxyOf(upstream.url);
    await (await routes.GET(requestTo("GET", `/v1/jobs/${JOB}/events`))).text();
    expect(events).toMatchObject([{ outcome: "service", reason: null }]);
  });

  it.each<[string, () => unknown]>([
    ["throws", () => raise()],
    ["rejects", () => Promise.reject(new Error("metrics"))],
  ])("changes no answer if its observer %s", async (_, observer) => {
    upstream.on(GENERATE, (response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.end(frame("done", { status: "succeeded" }));
    });
    const { routes } = proxyOf(upstream.url, { onEvent: observer, log: () => raise() });
    expect(await (await routes.POST(generation())).text()).toContain("succeeded");
  });

  it("takes nothing from a request that could forge another line", async () => {
    const channels = ['x"}\n{"outcome":"service"', "ok"];
    const { routes, lines } = proxyOf(upstream.url, { enabled: () => false });
    const headers = { Authorization: `Bearer a.${btoa(JSON.stringify({ sub: 'x"\n{}' }))}.c` };
    await routes.POST(generation({ json: { channels, calendarId: "a\nb" }, headers }));
    expect(lines[0]?.split("\n")).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ userId: null, channel: "ok", calendarId: null });
  });
});

describe("address and secrets of the service", () => {
  const html = (status: number) => (response: import("node:http").ServerResponse) =>
    response.writeHead(status, { "Content-Type": "text/html" }).end(`<h1>nginx at ${upstream.url}</h1>`);

  const causes: [name: string, status: number, arrange: () => Promise<void> | void][] = [
    [
      "a page of a proxy",
      502,
      () => {
        upstream.on(GENERATE, html(502));
      },
    ],
    [
      "a page of a proxy for a client's mistake",
      400,
      () => {
        upstream.on(GENERATE, html(400));
      },
    ],
    [
      "a redirect",
      502,
      () => {
        upstream.on(GENERATE, (r) => r.writeHead(302, { Location: upstream.url }).end());
      },
    ],
    [
      "no answer",
      504,
      () => {
        upstream.on(GENERATE, hang);
      },
    ],
    [
      "a cut connection",
      502,
      () => {
        upstream.on(GENERATE, reset);
      },
    ],
    [
      "an error of the service",
      500,
      () => {
        upstream.on(GENERATE, refuse(500, "INTERNAL"));
      },
    ],
    ["nothing that listens", 200, () => upstream.stop()],
  ];

  it.each(causes)("are in no answer and no line after %s", async (_, status, arrange) => {
    await arrange();
    const { routes, lines } = proxyOf(upstream.url);

    const response = await routes.POST(generation());
    const body = await response.text();

    expect(response.status).toBe(status);
    const said = [body, JSON.stringify([...response.headers]), ...lines].join("\n");
    const { host, port } = new URL(upstream.url);
    for (const secret of [host, `:${port}`, "127.0.0.1", "nginx", "ECONNREFUSED", "undici", TOKEN, "c2VjcmV0"]) {
      expect(said).not.toContain(secret);
    }
    expect(lines).toHaveLength(1);
    await upstream.stop().catch(() => undefined);
    await upstream.restart();
  });

  it("are no keys of what is remembered between requests", async () => {
    upstream.on(GENERATE, streams());
    const { routes } = proxyOf(upstream.url);
    const secrets = ["opaque-secret-of-a-user", TOKEN];
    const set = vi.spyOn(Map.prototype, "set");

    for (const secret of secrets) {
      const headers = { Authorization: `Bearer ${secret}`, "Idempotency-Key": "key-1" };
      await (await routes.POST(generation({ headers }))).text();
    }
    const keys = set.mock.calls.map(([key]) => String(key));
    set.mockRestore();

    for (const secret of secrets) expect(keys.filter((key) => key.includes(secret))).toEqual([]);
    // Of each caller the flag, the key that was sent, and the turn of that key.
    expect(new Set(keys.filter((key) => /^[0-9a-f]{64}$/.test(key))).size).toBe(4);
  });

  it("are not needed for a dry run", async () => {
    const { routes, events } = proxyOf("", { enabled: () => true });
    expect(await (await routes.POST(generation())).text()).toContain('"dryRun":true');
    expect(events).toMatchObject([{ outcome: "dry_run", reason: "unreachable" }]);
  });
});
