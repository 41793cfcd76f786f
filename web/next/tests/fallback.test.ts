// When something else than the service answers a request for a calendar, and when it must not.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ProxyOutcome } from "../src/index.js";
import {
  CALENDAR,
  dryRun,
  generation,
  hang,
  JOB,
  proxyOf,
  refuse,
  requestTo,
  reset,
  streams,
  Upstream,
  type Proxy,
} from "./upstream.js";

const GENERATE = "POST /v1/ai/calendar";
const KEY = { "Idempotency-Key": "key-1" };

let upstream: Upstream;
beforeEach(async () => {
  upstream = await Upstream.start();
  upstream.on(GENERATE, streams());
});
afterEach(() => upstream.stop());

interface Row {
  name: string;
  /** What the service does with the request. */
  post?: Parameters<Upstream["on"]>[1][];
  arrange?: () => Promise<void> | void;
  enabled?: boolean;
  /** `fallback`: the app's own flow if it has one, else a dry run. */
  outcome: ProxyOutcome | "fallback";
  status: number;
  code?: string;
  /** Requests for a calendar that the service receives. */
  posts: number;
}

const MATRIX: Row[] = [
  { name: "the service answers", outcome: "service", status: 200, posts: 1 },
  { name: "the app's switch is off", enabled: false, outcome: "fallback", status: 200, posts: 0 },
  {
    name: "the flag is off for the caller",
    arrange: () => {
      upstream.flag(false);
    },
    outcome: "fallback",
    status: 200,
    posts: 0,
  },
  { name: "nothing listens", arrange: () => upstream.stop(), outcome: "fallback", status: 200, posts: 0 },
  {
    name: "the service is not ready",
    arrange: () => {
      upstream.on("GET /readyz", refuse(503, "DOWN"));
    },
    outcome: "fallback",
    status: 200,
    posts: 0,
  },
  {
    name: "503 without Location",
    post: [refuse(503, "PROVIDER_UNAVAILABLE")],
    outcome: "fallback",
    status: 200,
    posts: 1,
  },
  {
    name: "503 with Location: it was accepted",
    post: [refuse(503, "UNAVAILABLE", { Location: `/v1/jobs/${JOB}` })],
    outcome: "error",
    status: 503,
    code: "UNAVAILABLE",
    posts: 1,
  },
  {
    name: "503 of a lost store",
    post: [refuse(503, "UNAVAILABLE")],
    outcome: "fallback",
    status: 200,
    posts: 1,
  },
  {
    name: "no answer, then a dry run of a service without its store",
    post: [hang, dryRun],
    outcome: "error",
    status: 502,
    code: "SERVICE_UNANSWERED",
    posts: 2,
  },
  { name: "no answer, then one", post: [hang, streams()], outcome: "service", status: 200, posts: 2 },
  { name: "no answer, twice", post: [hang], outcome: "timeout", status: 504, code: "SERVICE_TIMEOUT", posts: 2 },
  {
    name: "no answer, then 503",
    post: [hang, refuse(503, "PROVIDER_UNAVAILABLE")],
    outcome: "error",
    status: 503,
    posts: 2,
  },
  {
    name: "no answer, then 503 of a lost store",
    post: [hang, refuse(503, "UNAVAILABLE")],
    outcome: "error",
    status: 503,
    code: "UNAVAILABLE",
    posts: 2,
  },
  { name: "a cut connection, then an answer", post: [reset, streams()], outcome: "service", status: 200, posts: 2 },
  {
    name: "a cut connection, twice",
    post: [reset],
    outcome: "error",
    status: 502,
    code: "SERVICE_UNANSWERED",
    posts: 2,
  },
  {
    name: "a cut connection, then nothing listens",
    post: [
      async (response) => {
        response.socket?.destroy();
        await upstream.stop();
      },
    ],
    outcome: "error",
    status: 502,
    code: "SERVICE_UNANSWERED",
    posts: 1,
  },
  {
    name: "another generation is active",
    post: [refuse(409, "ACTIVE_GENERATION")],
    outcome: "service",
    status: 409,
    posts: 1,
  },
  {
    name: "the request breaks a rule",
    post: [refuse(422, "RANGE_TOO_LARGE")],
    outcome: "service",
    status: 422,
    posts: 1,
  },
  { name: "the token is refused", post: [refuse(401, "UNAUTHENTICATED")], outcome: "service", status: 401, posts: 1 },
  { name: "the limit is reached", post: [refuse(429, "RATE_LIMITED")], outcome: "service", status: 429, posts: 1 },
  {
    name: "the service fails",
    post: [refuse(500, "INTERNAL")],
    outcome: "error",
    status: 500,
    code: "INTERNAL",
    posts: 1,
  },
];

async function ends(response: Response): Promise<string> {
  return response.text();
}

describe.each([{ hasLegacy: false }, { hasLegacy: true }])("with a flow of the app: $hasLegacy", ({ hasLegacy }) => {
  it.each(MATRIX)("$name", async ({ post, arrange, enabled = true, outcome, status, code, posts }) => {
    if (post) upstream.on(GENERATE, ...post);
    await arrange?.();
    const calendar = vi.fn(async (request: Request) => new Response(`legacy ${await request.text()}`));
    const proxy = proxyOf(upstream.url, { enabled: () => enabled, ...(hasLegacy ? { legacy: { calendar } } : {}) });

    const response = await proxy.routes.POST(generation({ headers: KEY }));
    const text = await ends(response);

    const expected = outcome === "fallback" ? (hasLegacy ? "legacy" : "dry_run") : outcome;
    expect(proxy.events).toMatchObject([{ outcome: expected, status }]);
    expect(response.status).toBe(status);
    if (code !== undefined) expect(response.headers.get("X-Error-Code")).toBe(code);
    expect(calendar).toHaveBeenCalledTimes(expected === "legacy" ? 1 : 0);
    if (expected === "legacy") expect(text).toContain('legacy {"channels":["instagram","blog"]');
    expect(text.includes('"dryRun":true')).toBe(expected === "dry_run");
    const sent = upstream.of(GENERATE);
    expect(sent).toHaveLength(posts);
    expect(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size).toBeLessThanOrEqual(1);
    await upstream.stop().catch(() => undefined);
    await upstream.restart();
  });
});

describe("a request that may have been accepted", () => {
  const retry = async ({ routes }: Proxy) => {
    const response = await routes.POST(generation({ headers: KEY }));
    return { response, text: await response.text() };
  };

  it("is never answered by anything else, also when its client asks again and nothing listens", async () => {
    upstream.on(GENERATE, hang);
    const proxy = proxyOf(upstream.url);
    expect((await retry(proxy)).response.status).toBe(504);
    await upstream.stop();

    const { response, text } = await retry(proxy);

    expect(response.status).toBe(502);
    expect(text).toContain("It may have started");
    await upstream.restart();
  });

  it("is waited for by another one with its key, whichever way it ends", async () => {
    upstream.on(GENERATE, streams(), refuse(503, "UNAVAILABLE"));
    const proxy = proxyOf(upstream.url);

    const answers = await Promise.all([retry(proxy), retry(proxy)]);

    // Either may be the first.
    expect(answers.map(({ response }) => response.status).sort()).toEqual([200, 503]);
    expect(answers.some(({ text }) => text.includes('"dryRun":true'))).toBe(false);
  });

  it("goes to the service again, also when calendars were switched off in the meantime", async () => {
    let isOn = true;
    const proxy = proxyOf(upstream.url, { enabled: () => isOn });
    await retry(proxy);
    isOn = false;

    await retry(proxy);

    expect(upstream.of(GENERATE)).toHaveLength(2);
    expect((await proxy.routes.POST(generation({ headers: { "Idempotency-Key": "key-2" } }))).status).toBe(200);
    expect(proxy.events.map(({ outcome }) => outcome)).toEqual(["service", "service", "dry_run"]);
  });

  it("is not answered by a dry run of a service that has lost its store", async () => {
    upstream.on(GENERATE, refuse(503, "UNAVAILABLE", { Location: `/v1/jobs/${JOB}` }), dryRun, streams());
    const proxy = proxyOf(upstream.url);
    expect((await retry(proxy)).response.status).toBe(503);

    const { response, text } = await retry(proxy);

    expect(response.status).toBe(502);
    expect(text).toContain("nothing is made twice");
    expect((await retry(proxy)).response.headers.get("Location")).toBe(`/v1/jobs/${JOB}`);
  });

  it("is known to other instances of the app by a shared store", async () => {
    upstream.on(GENERATE, hang);
    const sent = new Set<string>();
    const sentKeys = { has: (key: string) => Promise.resolve(sent.has(key)), add: (key: string) => void sent.add(key) };
    const [first, second] = [proxyOf(upstream.url, { sentKeys }), proxyOf(upstream.url, { sentKeys })];
    expect((await retry(first)).response.status).toBe(504);
    await upstream.stop();

    const { response, text } = await retry(second);
    const other = await second.routes.POST(generation({ headers: { "Idempotency-Key": "key-2" } }));

    expect(response.status).toBe(502);
    expect(text).toContain("It may have started");
    expect(await other.text()).toContain('"dryRun":true');
    expect([...sent]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    await upstream.restart();
  });

  it.each<[string, () => Promise<never>]>([
    [
      "throws",
      () => {
        throw new Error("redis://secret");
      },
    ],
    ["rejects", () => Promise.reject(new Error("redis://secret"))],
    ["does not answer", () => new Promise<never>(() => undefined)],
  ])("may be any with a store that %s", async (_, fail) => {
    let isOn = true;
    const proxy = proxyOf(upstream.url, { enabled: () => isOn, sentKeys: { has: fail, add: fail } });
    const first = await retry(proxy);
    isOn = false;

    const response = await proxy.routes.POST(generation({ headers: { "Idempotency-Key": "key-2" } }));

    expect(first.response.status).toBe(200);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain("It may have started");
    expect(upstream.of(GENERATE)).toHaveLength(1);
    expect(proxy.lines.join()).not.toContain("redis");
  });

  it("is another caller's business", async () => {
    const proxy = proxyOf(upstream.url);
    await retry(proxy);
    await upstream.stop();
    const other = generation({ headers: { ...KEY, Authorization: "Bearer other" } });

    const text = await (await proxy.routes.POST(other)).text();

    expect(text).toContain('"dryRun":true');
    await upstream.restart();
  });
});

it("says how long something in front of the service asks to wait, and nothing of its page", async () => {
  upstream.on(GENERATE, (response) => {
    response.writeHead(429, { "Content-Type": "text/html", "Retry-After": "7" }).end("<h1>nginx</h1>");
  });
  const proxy = proxyOf(upstream.url);

  const response = await proxy.routes.POST(generation());

  expect([response.status, response.headers.get("Retry-After")]).toEqual([429, "7"]);
  const { error } = (await response.json()) as { error: object };
  expect(error).toMatchObject({ code: "SERVICE_ERROR", retryable: true, retryAfterSeconds: 7 });
});

it("is not held up by a service that stalls in the answer to a check", async () => {
  upstream.on("GET /v1/flags", (response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write('{"data":{');
  });
  const proxy = proxyOf(upstream.url);

  const text = await (await proxy.routes.POST(generation())).text();

  expect(text).toContain('"dryRun":true');
  expect(proxy.events).toMatchObject([{ outcome: "dry_run", reason: "unreachable" }]);
});

describe("the way back", () => {
  const outcomeOf = async (proxy: Proxy) => {
    await (await proxy.routes.POST(generation())).text();
    return proxy.events.at(-1)?.outcome;
  };

  it("is taken with the first request after the service listens again", async () => {
    const proxy = proxyOf(upstream.url);
    await upstream.stop();
    expect(await outcomeOf(proxy)).toBe("dry_run");

    await upstream.restart();

    expect(await outcomeOf(proxy)).toBe("service");
  });

  it("is taken as soon as /readyz is healthy, and not before", async () => {
    const proxy = proxyOf(upstream.url);
    upstream.on("GET /readyz", refuse(503, "DOWN"));
    expect(await outcomeOf(proxy)).toBe("dry_run");
    expect(await outcomeOf(proxy)).toBe("dry_run");
    expect(upstream.of("GET /readyz")).toHaveLength(2);

    upstream.on("GET /readyz", (response) => response.end("{}"));

    expect(await outcomeOf(proxy)).toBe("service");
  });

  it("is taken when the flag is switched on, at most five seconds later", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const proxy = proxyOf(upstream.url);
      upstream.flag(false);
      expect(await outcomeOf(proxy)).toBe("dry_run");
      upstream.flag(true);

      vi.setSystemTime(Date.now() + 5_000);

      expect(await outcomeOf(proxy)).toBe("service");
      upstream.flag(false);
      vi.setSystemTime(Date.now() + 5_000);
      expect(await outcomeOf(proxy)).toBe("dry_run");
    } finally {
      vi.useRealTimers();
    }
  });

  it("asks for the flag of each caller, with that caller's token, and remembers it", async () => {
    const proxy = proxyOf(upstream.url);
    await outcomeOf(proxy);
    await outcomeOf(proxy);
    await (await proxy.routes.POST(generation({ headers: { Authorization: "Bearer other" } }))).text();

    const tokens = upstream.of("GET /v1/flags").map(({ headers }) => headers.authorization);
    expect(tokens).toHaveLength(2);
    expect(tokens[1]).toBe("Bearer other");
  });
});

describe("what the flag does not decide", () => {
  const entries = `/v1/calendars/${CALENDAR}/entries`;
  const operations: [name: string, request: () => Request][] = [
    ["entry.add", () => requestTo("POST", entries, { json: { channel: "blog" } })],
    ["entry.edit", () => requestTo("PATCH", `${entries}/${JOB}`, { json: { caption: "Mine" } })],
    ["entry.delete", () => requestTo("DELETE", `${entries}/${JOB}`)],
    ["run.diff", () => requestTo("GET", `/v1/calendars/${CALENDAR}/runs/${JOB}/diff`)],
    ["run.accept", () => requestTo("POST", `/v1/calendars/${CALENDAR}/runs/${JOB}/accept`)],
    ["calendar.show", () => requestTo("GET", `/v1/calendars/${CALENDAR}`)],
    ["job.show", () => requestTo("GET", `/v1/jobs/${JOB}`)],
    ["job.events", () => requestTo("GET", `/v1/jobs/${JOB}/events`)],
    ["job.cancel", () => requestTo("POST", `/v1/jobs/${JOB}/cancel`)],
    ["organic.generate", () => requestTo("POST", "/v1/organic/generate-calendar", { json: {} })],
  ];

  const call = (proxy: Proxy, request: Request) => proxy.routes[request.method as keyof Proxy["routes"]](request);

  it.each(operations)("%s goes to the service in both positions", async (name, request) => {
    upstream.flag(false);
    for (const isOn of [true, false]) {
      const proxy = proxyOf(upstream.url, { enabled: () => isOn });
      const { method, url } = request();
      const operation = `${method} ${new URL(url).pathname.replace("/api/almanac", "")}`;
      upstream.on(operation, (response) => response.end("{}"));
      const before = upstream.of(operation).length;

      const response = await call(proxy, request());

      expect(await response.text()).toBe("{}");
      expect(upstream.of(operation)).toHaveLength(before + 1);
      expect(proxy.events).toMatchObject([{ outcome: "service", status: 200, route: name }]);
    }
  });

  it.each(operations)(
    "%s without the service is 503 with a sentence, never a pretended success",
    async (_, request) => {
      await upstream.stop();
      const proxy = proxyOf(upstream.url);

      const response = await call(proxy, request());

      expect(response.status).toBe(503);
      expect(response.headers.get("Retry-After")).toBe("2");
      const body = (await response.json()) as {
        data: null;
        error: { code: string; message: string; retryable: boolean };
      };
      expect(body.data).toBeNull();
      expect(body.error).toMatchObject({ code: "SERVICE_UNREACHABLE", retryable: true });
      expect(body.error.message).toMatch(/cannot be reached.*(Try|try) again in a moment\.$/);
      expect(proxy.events).toMatchObject([{ outcome: "error", reason: "unreachable", status: 503 }]);
      await upstream.restart();
    },
  );

  it("an edit that is not answered is not sent twice, for it may have been saved", async () => {
    upstream.on(`PATCH ${entries}/${JOB}`, hang);
    const proxy = proxyOf(upstream.url);

    const response = await proxy.routes.PATCH(requestTo("PATCH", `${entries}/${JOB}`, { json: { caption: "Mine" } }));

    expect(response.status).toBe(504);
    expect(await response.text()).toContain("your change may not be saved");
    expect(upstream.of(`PATCH ${entries}/${JOB}`)).toHaveLength(1);
  });

  it("an accept that is not answered is sent once more with the same key", async () => {
    const accept = `/v1/calendars/${CALENDAR}/runs/${JOB}/accept`;
    upstream.on(`POST ${accept}`, hang, (response) => response.end("{}"));
    const proxy = proxyOf(upstream.url);

    const response = await proxy.routes.POST(requestTo("POST", accept, { json: { keys: ["blog:2026-01-26:1"] } }));

    expect(response.status).toBe(200);
    const [first, second] = upstream.of(`POST ${accept}`);
    expect(first?.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.headers["idempotency-key"]).toBe(first?.headers["idempotency-key"]);
    expect(second?.body).toBe(first?.body);
  });

  it("an organic week falls back to the app's own flow only if the service cannot be reached", async () => {
    const organic = vi.fn(() => new Response("legacy week"));
    const proxy = proxyOf(upstream.url, { enabled: () => false, legacy: { organic } });
    const week = () => requestTo("POST", "/v1/organic/generate-calendar", { json: {} });
    upstream.on("POST /v1/organic/generate-calendar", (response) => response.end("{}"));
    expect(await (await proxy.routes.POST(week())).text()).toBe("{}");
    await upstream.stop();

    expect(await (await proxy.routes.POST(week())).text()).toBe("legacy week");
    await upstream.restart();
  });

  it("an organic week that the service refuses for now has that answer if the app has no flow of its own", async () => {
    upstream.on("POST /v1/organic/generate-calendar", refuse(503, "PROVIDER_UNAVAILABLE", { "Retry-After": "120" }));
    const week = () => requestTo("POST", "/v1/organic/generate-calendar", { json: {} });
    const proxy = proxyOf(upstream.url);

    const response = await proxy.routes.POST(week());

    expect(response.headers.get("X-Error-Code")).toBe("PROVIDER_UNAVAILABLE");
    expect(response.headers.get("Retry-After")).toBe("120");
    await response.text();
    expect(proxy.events).toMatchObject([{ outcome: "error", status: 503, code: "PROVIDER_UNAVAILABLE" }]);
    const own = proxyOf(upstream.url, { legacy: { organic: () => new Response("legacy week") } });
    expect(await (await own.routes.POST(week())).text()).toBe("legacy week");
  });
});
