// What passes between client and service, and when.
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CALENDAR, code, frame, generation, JOB, json, proxyOf, requestTo, TOKEN, Upstream } from "./upstream.js";

const GENERATE = "POST /v1/ai/calendar";
const EVENTS = `GET /v1/jobs/${JOB}/events`;

let upstream: Upstream;
beforeEach(async () => {
  upstream = await Upstream.start();
});
afterEach(() => upstream.stop());

/** A promise and what resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("a stream", () => {
  it("passes byte for byte", async () => {
    const bytes = Buffer.from(
      `retry: 2000\n\n: heartbeat\n\n${frame("entry", { caption: "Café ☕ — <script>alert(1)</script>" })}\r\n\0${frame("done", {}, true)}`,
    );
    upstream.on(GENERATE, (response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      // Cut within a character.
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    });

    const response = await proxyOf(upstream.url).routes.POST(generation());

    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it.each([
    ["text/event-stream", EVENTS, () => requestTo("GET", `/v1/jobs/${JOB}/events`)],
    [
      "application/x-ndjson",
      "POST /v1/organic/generate-calendar",
      () => requestTo("POST", "/v1/organic/generate-calendar", { json: {} }),
    ],
    ["text/event-stream", GENERATE, generation],
  ])("of %s arrives event by event, before the service has ended it", async (type, operation, request) => {
    const second = gate();
    upstream.on(operation, async (response) => {
      response.writeHead(200, { "Content-Type": type });
      response.write("first\n");
      await second.opened;
      response.end("second\n");
    });
    const { routes } = proxyOf(upstream.url);
    const sent = request();

    const response = await routes[sent.method as "GET" | "POST"](sent);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();

    expect((await reader?.read())?.value).toBe("first\n");
    second.open();
    expect((await reader?.read())?.value).toBe("second\n");
    expect((await reader?.read())?.done).toBe(true);
    expect(response.headers.get("Content-Type")).toBe(type);
    expect(response.headers.get("Cache-Control")).toBe("no-cache, no-transform");
    expect(response.headers.get("X-Accel-Buffering")).toBe("no");
    expect(upstream.of(operation)[0]?.headers["accept-encoding"]).toBe("identity");
  });

  it("that the service cuts does not look complete, and says nothing of the service", async () => {
    upstream.on(GENERATE, (response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write(frame("entry", {}), () => response.socket?.destroy());
    });
    const { routes, events } = proxyOf(upstream.url);

    const response = await routes.POST(generation());

    const error: unknown = await response.text().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe("Error: the service has cut its answer");
    expect((error as Error).cause).toBeUndefined();
    expect(events).toMatchObject([{ outcome: "error", reason: "interrupted", status: 200, calendarId: CALENDAR }]);
  });

  it("that its client leaves while it waits for a chunk has one event, which does not change", async () => {
    const body = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const answer = new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    const fetch: typeof globalThis.fetch = (input, init) =>
      input === `${upstream.url}/v1/ai/calendar` ? Promise.resolve(answer) : globalThis.fetch(input, init);
    const { routes, events } = proxyOf(upstream.url, { fetch });
    const reader = (await routes.POST(generation())).body?.getReader();
    const waiting = reader?.read();
    await setImmediate();

    await reader?.cancel();

    expect((await waiting)?.done).toBe(true);
    await setImmediate();
    expect(events).toMatchObject([{ outcome: "service", reason: null }]);
  });

  it("that its client aborts and then cancels does not fail to be cancelled", async () => {
    upstream.on(GENERATE, (response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("retry: 2000\n\n");
    });
    const client = new AbortController();
    const response = await proxyOf(upstream.url).routes.POST(generation({ signal: client.signal }));

    client.abort();

    await expect(response.body?.cancel()).resolves.toBeUndefined();
  });

  it.each(["before", "after"])(
    "that its client leaves %s the answer is closed at the service, and the job goes on",
    async (when) => {
      upstream.on(GENERATE, (response) => {
        if (when === "before") return;
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write("retry: 2000\n\n");
      });
      const { routes, events } = proxyOf(upstream.url, { timeoutMs: 10_000 });
      const client = new AbortController();

      const answer = routes.POST(generation({ signal: client.signal }));
      if (when === "before") {
        await expect.poll(() => upstream.of(GENERATE).length).toBe(1);
        client.abort();
        await answer;
      } else {
        await (await answer).body?.cancel();
      }

      await upstream.of(GENERATE)[0]?.cut;
      await expect.poll(() => events.length).toBe(1);
      expect(events).toMatchObject([{ outcome: "service", status: when === "before" ? null : 200 }]);
      expect(upstream.received.filter(({ path }) => path.includes("cancel"))).toEqual([]);
    },
  );
});

describe("headers", () => {
  it("that the service needs pass, and no others", async () => {
    const passed = {
      accept: "text/event-stream",
      "content-encoding": "identity",
      "content-type": "application/json",
      "idempotency-key": "key-1",
      "if-match": '"3"',
      "last-event-id": "7",
      prefer: "wait=5",
      "x-request-id": "mine-1",
      "x-requested-with": "XMLHttpRequest",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    upstream.on(GENERATE, json(200, {}));
    const others = {
      cookie: "app_session=secret",
      "x-forwarded-for": "10.0.0.1",
      "x-internal": "secret",
      te: "trailers",
    };

    await proxyOf(upstream.url).routes.POST(generation({ headers: { ...passed, ...others } }));

    const received = upstream.of(GENERATE)[0]?.headers ?? {};
    expect(received).toMatchObject({ ...passed, authorization: `Bearer ${TOKEN}` });
    for (const name of Object.keys(others)) expect(received).not.toHaveProperty(name);
  });

  it("of the answer that clients need pass, and no others", async () => {
    const passed = {
      "content-type": "application/json",
      "idempotency-replayed": "true",
      location: `/v1/jobs/${JOB}`,
      "ratelimit-policy": '"generation";q=5;w=300',
      ratelimit: '"generation";r=3;t=120',
      "retry-after": "3",
      etag: '"4"',
      "x-error-code": "X",
      "x-request-id": "theirs",
    };
    const others = { server: "internal-17", "set-cookie": "a=b", via: "1.1 cache-3", "x-upstream": upstream.url };
    upstream.on(GENERATE, json(202, {}, { ...passed, ...others }));

    const { headers } = await proxyOf(upstream.url).routes.POST(generation());

    expect(Object.fromEntries(headers)).toEqual(passed);
  });

  it("name a job by its path only", async () => {
    upstream.on(GENERATE, json(202, {}, { Location: `${upstream.url}/v1/jobs/${JOB}` }));

    const { headers } = await proxyOf(upstream.url).routes.POST(generation());

    expect(headers.get("Location")).toBe(`/v1/jobs/${JOB}`);
  });

  it("have an id of the request also where the client sent none, the same on both sides", async () => {
    upstream.on(GENERATE, json(200, {}));

    const { headers } = await proxyOf(upstream.url).routes.POST(
      generation({ headers: { "X-Request-Id": "x".repeat(129) } }),
    );

    expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(upstream.of(GENERATE)[0]?.headers["x-request-id"]).toBe(headers.get("X-Request-Id"));
  });
});

describe("credentials", () => {
  const list = "GET /v1/calendars";
  const sent = () => upstream.of(list).at(-1)?.headers;
  const withHeaders = (headers: Record<string, string>) =>
    new Request("https://app.example/api/almanac/v1/calendars?limit=1", { headers });
  beforeEach(() => {
    upstream.on(list, json(200, {}));
  });

  it("are the header Authorization, and then no cookie", async () => {
    const { routes } = proxyOf(upstream.url, { getToken: () => "other" });
    await routes.GET(withHeaders({ Authorization: "Bearer a", Cookie: "almanac_session=b" }));
    expect(sent()).toMatchObject({ authorization: "Bearer a" });
    expect(sent()).not.toHaveProperty("cookie");
  });

  it("are the token that the app finds", async () => {
    const { routes } = proxyOf(upstream.url, {
      getToken: (request) => /app=(\w+)/.exec(request.headers.get("Cookie") ?? "")?.[1],
    });
    await routes.GET(withHeaders({ Cookie: "app=abc; almanac_session=b" }));
    expect(sent()).toMatchObject({ authorization: "Bearer abc" });
    expect(sent()).not.toHaveProperty("cookie");
  });

  it.each(["a\nb", "a b\u00e9", "  "])("that no header takes are refused here: %j", async (token) => {
    const { routes, lines } = proxyOf(upstream.url, { getToken: () => token });
    const headers = { "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest" };
    const order = { method: "POST", body: "{}", headers };

    const response = await routes.POST(new Request("https://app.example/api/almanac/v1/ai/calendar", order));

    expect(response.status).toBe(401);
    expect(await code(response)).toBe("UNAUTHENTICATED");
    expect(upstream.received).toEqual([]);
    expect(lines.join()).not.toContain(token.trim() || "  ");
  });

  it("are the session cookie, without the app's own cookies", async () => {
    await proxyOf(upstream.url).routes.GET(withHeaders({ Cookie: `a=1; almanac_session=${TOKEN}; b=2` }));
    expect(sent()).toMatchObject({ cookie: `almanac_session=${TOKEN}` });
    expect(sent()).not.toHaveProperty("authorization");
  });

  it("that a browser attaches do not authenticate what another site sends", async () => {
    const { routes } = proxyOf(upstream.url, { getToken: () => "abc" });
    const forged = new Request("https://app.example/api/almanac/v1/ai/calendar", { method: "POST", body: "{}" });
    upstream.on(GENERATE, json(202, {}));

    const response = await routes.POST(forged);

    expect(response.status).toBe(403);
    expect(await code(response)).toBe("CSRF_REQUIRED");
    expect(upstream.of(GENERATE)).toEqual([]);
    const own = { method: "POST", body: "{}", headers: { "X-Requested-With": "XMLHttpRequest" } };
    expect((await routes.POST(new Request(forged.url, own))).status).toBe(202);
  });

  it.each([{ isOn: false }, { isOn: true }])("nor does the app's own flow answer that: $isOn", async ({ isOn }) => {
    await upstream.stop();
    const calendar = vi.fn(() => new Response("legacy"));
    const { routes } = proxyOf(upstream.url, { getToken: () => "abc", enabled: () => isOn, legacy: { calendar } });
    const forged = new Request("https://app.example/api/almanac/v1/ai/calendar", { method: "POST", body: "{}" });

    expect(await code(await routes.POST(forged))).toBe("CSRF_REQUIRED");
    expect(calendar).not.toHaveBeenCalled();
    await upstream.restart();
  });

  it("and the query pass unchanged", async () => {
    await proxyOf(upstream.url).routes.GET(withHeaders({}));
    expect(upstream.of(list)[0]?.path).toBe("/v1/calendars?limit=1");
  });
});

describe("a path", () => {
  it.each([
    ["GET", "/v1/admin/queues"],
    ["GET", "/v1/me/data"],
    ["GET", "/metrics"],
    ["GET", `/v1/calendars/${CALENDAR}/../../admin/queues`],
    ["GET", "/v1/calendars/..%2Fadmin%2Fqueues"],
    ["GET", `/v1/calendars/${CALENDAR}%3Fx/export`],
    ["POST", "/v1/session"],
  ] as const)("that is no operation is 404 and never reaches the service: %s %s", async (method, path) => {
    const { routes, events } = proxyOf(upstream.url);

    const response = await routes[method](requestTo(method, path, method === "POST" ? { json: {} } : {}));

    expect(response.status).toBe(404);
    expect(await code(response)).toBe("NOT_FOUND");
    expect(upstream.received).toEqual([]);
    expect(events).toMatchObject([{ status: 404, route: null }]);
  });

  it("that has other methods names them", async () => {
    const response = await proxyOf(upstream.url).routes.GET(requestTo("GET", "/v1/ai/calendar"));
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("POST");
  });

  it("may stand below any folder of the app", async () => {
    upstream.on("GET /v1/flags", json(200, {}));
    const { routes } = proxyOf(upstream.url);
    expect((await routes.GET(new Request("https://app.example/v1/deep/er/v1/flags"))).status).toBe(200);
  });
});

describe("a body", () => {
  it("larger than the service takes is refused here", async () => {
    const response = await proxyOf(upstream.url).routes.POST(generation({ json: "x".repeat(256 * 1024 + 1) }));
    expect(response.status).toBe(413);
    expect(upstream.received).toEqual([]);
  });

  it("that its client does not finish is no error of the app", async () => {
    const client = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        client.signal.addEventListener("abort", () => {
          controller.error(client.signal.reason);
        });
      },
    });
    const url = "https://app.example/api/almanac/v1/ai/calendar";
    const init = {
      method: "POST",
      body,
      headers: { Authorization: "Bearer a" },
      signal: client.signal,
      duplex: "half",
    };
    const { routes, events } = proxyOf(upstream.url);

    const answer = routes.POST(new Request(url, init));
    client.abort();

    expect((await answer).status).toBe(499);
    expect(events).toMatchObject([{ outcome: "service", status: null }]);
  });

  it("of an answer without content is none", async () => {
    upstream.on(`DELETE /v1/calendars/${CALENDAR}/entries/${JOB}`, (response) => response.writeHead(204).end());
    const { routes, events } = proxyOf(upstream.url);

    const response = await routes.DELETE(requestTo("DELETE", `/v1/calendars/${CALENDAR}/entries/${JOB}`));

    expect(response.status).toBe(204);
    expect(response.body).toBeNull();
    expect(events).toMatchObject([{ status: 204, calendarId: CALENDAR }]);
  });

  it("holds the answer back for as long as the client prefers to wait", async () => {
    upstream.on(GENERATE, async (response) => {
      await new Promise((later) => setTimeout(later, 400));
      response.end("{}");
    });
    const { routes } = proxyOf(upstream.url, { timeoutMs: 100 });
    const response = await routes.POST(generation({ headers: { Accept: "application/json", Prefer: "wait=1" } }));
    expect(response.status).toBe(200);
    expect(upstream.of(GENERATE)).toHaveLength(1);
  });
});
