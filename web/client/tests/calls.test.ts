import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AlmanacError, API_VERSION, createAlmanac, isAlmanacError } from "../src/index.js";
import { isNewer } from "../src/version.js";
import { collect, failure, refusal, service, sse, success, unreachable, withoutJitter } from "./service.js";
import type { ScriptedService } from "./service.js";

const JOB = "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11";
const THEME = { params: { path: { id: "theme-1" } } };

function client({ fetch }: ScriptedService, options = {}) {
  return createAlmanac({ baseUrl: "https://almanac.example.com/", token: "token", fetch, ...options });
}

function header({ requests }: ScriptedService, name: string): (string | null)[] {
  return requests.map(({ headers }) => headers.get(name));
}

beforeEach(withoutJitter);
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("answers", () => {
  test("a success is opened, and an empty one is undefined", async () => {
    const api = service(success({ id: "theme-1" }), () => new Response(null, { status: 204 }));

    expect(await client(api).get("/themes/{id}", THEME)).toEqual({ id: "theme-1" });
    await expect(client(api).delete("/themes/{id}", THEME)).resolves.toBeUndefined();
    expect(api.requests[0]?.url).toBe("https://almanac.example.com/v1/themes/theme-1");
  });

  test("a refusal becomes an error with all that the service said", async () => {
    const details = [{ loc: ["body", "emails", 3], msg: "at most 3 addresses", type: "rule" }];
    const api = service(
      refusal(422, { code: "TOO_MANY_EMAILS", message: "at most 3 addresses", details, channel: "instagram" }),
    );

    const error = await failure(client(api).get("/themes/{id}", THEME));

    expect(isAlmanacError(error)).toBe(true);
    expect(error).toBeInstanceOf(AlmanacError);
    expect(error).toMatchObject({
      status: 422,
      code: "TOO_MANY_EMAILS",
      message: "at most 3 addresses",
      details,
      retryable: false,
      retryAfter: undefined,
      requestId: "request-1",
      channel: "instagram",
    });
  });

  test("an answer that is not from the service becomes an error as well", async () => {
    const page = new Response("<html>", { status: 403, headers: { "X-Request-Id": "request-2" } });
    const api = service(
      () => page,
      () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    );

    expect(await failure(client(api).get("/flags"))).toMatchObject({ code: "HTTP_403", requestId: "request-2" });
    expect(await failure(client(api).get("/flags"))).toMatchObject({ code: "UNEXPECTED_ANSWER" });
  });

  test("values are asked for as JSON, and files as they come", async () => {
    const api = service(success({}), () => new Response("front,back\n"));

    await client(api).post("/ai/calendar", {
      body: { channels: ["blog"], cadence: "daily", start: "2026-01-26", end: "2026-01-27" },
    });
    const file = await client(api).get("/cards/export", { params: { query: { format: "csv" } }, parseAs: "text" });

    expect(header(api, "Accept")).toEqual(["application/json", null]);
    expect(file).toBe("front,back\n");
  });

  test("the raw client keeps the envelope and returns refusals", async () => {
    const api = service(success({ name: "almanac" }), refusal(404, { code: "NOT_FOUND" }));

    expect((await client(api).api.GET("/version")).data?.meta.requestId).toBe("request-1");
    expect((await client(api).api.GET("/themes/{id}", THEME)).error?.error.code).toBe("NOT_FOUND");
  });
});

describe("retries", () => {
  test("the service's pause is kept", async () => {
    vi.useFakeTimers();
    const api = service(refusal(429, { code: "RATE_LIMITED", retryable: true }, { "Retry-After": "3" }), success({}));

    const call = client(api).get("/flags");
    await vi.advanceTimersByTimeAsync(2_900);
    expect(api.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);

    await call;
    expect(api.requests).toHaveLength(2);
  });

  test("an exhausted limit without Retry-After names its reset", async () => {
    const limit = { "RateLimit-Policy": '"generation";q=5;w=300', RateLimit: '"generation";r=0;t=120' };
    const api = service(refusal(429, { code: "RATE_LIMITED", retryable: true }, limit));

    const error = await failure(client(api).post("/themes", { body: { name: "Coffee" } as never }));

    expect(error).toMatchObject({ code: "RATE_LIMITED", retryAfter: 120 });
  });

  test("an exhausted limit says nothing about a refusal for another reason", async () => {
    const api = service(refusal(422, { code: "NO_SLOTS" }, { RateLimit: '"calendar";r=0;t=120' }));

    expect(await failure(client(api).get("/flags"))).toMatchObject({ code: "NO_SLOTS", retryAfter: undefined });
  });

  test("a pause that is too long fails at once and names it", async () => {
    const api = service(refusal(429, { code: "RATE_LIMITED", retryable: true }, { "Retry-After": "290" }));

    expect(await failure(client(api).get("/flags"))).toMatchObject({ code: "RATE_LIMITED", retryAfter: 290 });
  });

  test("an answer that cannot be given up is no obstacle to the next attempt", async () => {
    const stuck = new ReadableStream({ cancel: () => Promise.reject(new Error("gone")) });
    const api = service(() => new Response(stuck, { status: 503 }), success({ name: "almanac" }));

    expect(await client(api).get("/version")).toEqual({ name: "almanac" });
  });

  test("attempts are bounded", async () => {
    const api = service(unreachable, unreachable, unreachable);

    const error = await failure(client(api, { retry: { attempts: 3 } }).get("/flags"));

    expect(error).toMatchObject({ status: 0, code: "NETWORK", retryable: true });
    expect(api.requests).toHaveLength(3);
  });

  test("a refusal that time does not change is not repeated", async () => {
    for (const status of [400, 403, 404, 409, 412, 422]) {
      const api = service(refusal(status, { code: "REFUSED" }));
      expect(await failure(client(api).get("/flags"))).toMatchObject({ status });
    }
    const active = service(refusal(409, { code: "ACTIVE_GENERATION", retryable: true }));
    expect(await failure(client(active).post("/themes", { body: {} as never }))).toMatchObject({ status: 409 });
  });

  test("an edit without an answer is not repeated: it may have been saved", async () => {
    const entry = { params: { path: { id: "calendar-1", entry: "entry-1" } }, body: { caption: "By hand" } };
    const api = service(unreachable);

    expect(await failure(client(api).patch("/calendars/{id}/entries/{entry}", entry))).toMatchObject({
      code: "NETWORK",
    });
  });

  test("an edit that the service refused for now is repeated", async () => {
    const entry = { params: { path: { id: "calendar-1", entry: "entry-1" } }, body: { caption: "By hand" } };
    const api = service(refusal(503, { code: "UNAVAILABLE", retryable: true }), success({ id: "entry-1" }));

    await client(api).patch("/calendars/{id}/entries/{entry}", entry);

    expect(await api.requests[1]?.json()).toEqual({ caption: "By hand" });
  });

  test("a dry run is not taken for the answer to a call that may have been accepted", async () => {
    const order = { body: { channels: ["blog"], cadence: "daily" as const, start: "2026-01-26", end: "2026-01-27" } };
    const dryRun = success({ summary: { persisted: false }, entries: [] });
    const accepted = success({ runId: JOB }, { status: 202, headers: { Location: `/v1/jobs/${JOB}` } });
    const found = service(unreachable, dryRun, accepted);
    const unknown = service(unreachable, dryRun, dryRun, dryRun);
    const first = service(refusal(503, { code: "UNAVAILABLE", retryable: true }), dryRun);

    expect(await client(found).post("/ai/calendar", order)).toEqual({ runId: JOB });
    expect(await failure(client(unknown).post("/ai/calendar", order))).toMatchObject({ code: "UNCONFIRMED" });
    expect(await client(first).post("/ai/calendar", order)).toMatchObject({ summary: { persisted: false } });
  });

  describe("a dry run for a key of the caller", () => {
    const order = {
      body: { channels: ["blog"], cadence: "daily" as const, start: "2026-01-26", end: "2026-01-27" },
      params: { header: { "Idempotency-Key": "order-17" } },
    };
    const dryRun = success({ summary: { persisted: false }, entries: [] });
    const location = { Location: `/v1/jobs/${JOB}` };
    const accepted = success({ runId: JOB }, { status: 202, headers: location });
    const retry = { attempts: 1 };
    const outcome = (call: Promise<unknown>) =>
      call.then(
        () => "answered",
        (error: unknown) => (isAlmanacError(error) ? error.code : error),
      );

    test.each([
      ["had no answer", unreachable, "NETWORK"],
      ["failed", refusal(500, { code: "INTERNAL" }), "INTERNAL"],
      ["was accepted", accepted, "answered"],
      ["may have been accepted", refusal(503, { code: "UNAVAILABLE" }, location), "UNAVAILABLE"],
      ["has a twin", refusal(409, { code: "IDEMPOTENCY_IN_PROGRESS" }), "IDEMPOTENCY_IN_PROGRESS"],
    ])("is no answer if an earlier call %s", async (_, first, code) => {
      const api = service(first, dryRun, dryRun, accepted);
      const { post, stream } = client(api, { retry });

      expect(await outcome(post("/ai/calendar", order))).toBe(code);
      expect(await outcome(post("/ai/calendar", order))).toBe("UNCONFIRMED");
      expect(await outcome(collect(stream("/ai/calendar", order)))).toBe("UNCONFIRMED");
      expect(await outcome(post("/ai/calendar", order))).toBe("answered");
    });

    test.each([
      ["was refused", refusal(429, { code: "RATE_LIMITED" }), "RATE_LIMITED"],
      ["was not taken", refusal(503, { code: "UNAVAILABLE" }), "UNAVAILABLE"],
      ["was a dry run", dryRun, "answered"],
      ["had another key", unreachable, "NETWORK"],
    ])("is the answer if an earlier call %s", async (_, first, code) => {
      const { post } = client(service(first, dryRun), { retry });
      const other = { ...order, params: { header: { "Idempotency-Key": "order-18" } } };

      expect(await outcome(post("/ai/calendar", code === "NETWORK" ? other : order))).toBe(code);
      expect(await outcome(post("/ai/calendar", order))).toBe("answered");
    });

    test("is no answer to a call after one that was abandoned, or is under way", async () => {
      const pending = () => new Promise<Response>(() => undefined);
      const { post } = client(service(pending, dryRun), { retry });

      void post("/ai/calendar", order);
      await new Promise((later) => setTimeout(later));

      expect(await outcome(post("/ai/calendar", order))).toBe("UNCONFIRMED");
    });

    test("is the answer if nothing could be sent before", async () => {
      const getToken = vi.fn().mockRejectedValueOnce(new RangeError("signed out")).mockResolvedValue("token");
      const { post } = client(service(dryRun), { retry, getToken });

      expect(await outcome(post("/ai/calendar", order))).toBeInstanceOf(RangeError);
      expect(await outcome(post("/ai/calendar", order))).toBe("answered");
    });
  });

  test("an abort ends the pause", async () => {
    const api = service(refusal(503, { code: "UNAVAILABLE", retryable: true }, { "Retry-After": "10" }));
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort();
    }, 5);

    expect(await failure(client(api).get("/flags", { signal: abort.signal }))).toMatchObject({ name: "AbortError" });
  });
});

describe("idempotency keys", () => {
  const order = { body: { source_text: "A text" } };

  test("one key serves all attempts of a call, and the next call has another", async () => {
    const busy = refusal(409, { code: "IDEMPOTENCY_IN_PROGRESS", retryable: true }, { "Retry-After": "0" });
    const api = service(unreachable, busy, success({}), success({}));

    await client(api).post("/ai/generations", order);
    await client(api).post("/ai/generations", order);

    const [first, second, third, other] = header(api, "Idempotency-Key");
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
  });

  test("a key of the caller is kept", async () => {
    const api = service(success({}));

    await client(api).post("/ai/generations", { ...order, params: { header: { "Idempotency-Key": "order-17" } } });

    expect(header(api, "Idempotency-Key")).toEqual(["order-17"]);
  });

  test("what takes no key gets none", async () => {
    const api = service(success({ ticket: "t" }), success({}), success({}));

    await client(api).post("/tickets", { body: { jobId: JOB } });
    await client(api).get("/flags");
    await client(api).put("/themes/{id}/schedule", { ...THEME, body: {} as never });

    expect(header(api, "Idempotency-Key")).toEqual([null, null, null]);
  });

  test("a page without TLS has keys too", async () => {
    vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const api = service(success({}));

    await client(api).post("/ai/generations", order);
    vi.unstubAllGlobals();

    expect(header(api, "Idempotency-Key")).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  });
});

describe("authentication", () => {
  test("a refused token is replaced once", async () => {
    const unauthenticated = refusal(401, { code: "UNAUTHENTICATED" });
    const api = service(unauthenticated, success({}), unauthenticated, unauthenticated);
    const getToken = ({ expired }: { expired: boolean }) => Promise.resolve(expired ? "new" : "old");

    await client(api, { getToken }).get("/flags");
    expect(await failure(client(api, { getToken }).get("/flags"))).toMatchObject({ status: 401 });

    expect(header(api, "Authorization")).toEqual(["Bearer old", "Bearer new", "Bearer old", "Bearer new"]);
  });

  test("a failing source of tokens is the caller's error", async () => {
    const api = service();
    const getToken = () => Promise.reject(new RangeError("signed out"));

    expect(await failure(client(api, { getToken }).get("/flags"))).toBeInstanceOf(RangeError);
  });

  test("a caller who gives up does not wait for a source of tokens", async () => {
    const abort = new AbortController();
    const getToken = () => new Promise<string>(() => undefined);
    const call = failure(client(service(), { getToken }).get("/flags", { signal: abort.signal }));

    abort.abort(new Error("enough"));

    expect(await call).toMatchObject({ message: "enough" });
  });

  test("a mistake in a function of the caller is no failure of the network", async () => {
    const mistake = new TypeError("Cannot read properties of undefined (reading 'token')");
    const raise = () => Promise.reject(mistake);
    const api = service(...Array.from({ length: 3 }, () => () => new Promise<Response>(() => undefined)));
    const order = { body: { source_text: "A text" } };

    for (const options of [{ getToken: raise }, { fetch: raise }, { baseUrl: "almanac" }]) {
      const { get, wait, stream } = client(api, options);
      for (const call of [get("/flags"), wait(JOB), collect(stream("/ai/generations", order))]) {
        expect(await failure(call)).toBeInstanceOf(TypeError);
      }
    }
    expect(api.requests).toHaveLength(0);
  });

  test("a connection that fails in a function of the caller is one of the network", async () => {
    const unreached = [
      "fetch failed",
      "Failed to fetch",
      "Load failed",
      "NetworkError when attempting to fetch resource.",
    ];

    for (const message of unreached) {
      const fetch = vi.fn(() => Promise.reject(new TypeError(message)));
      const error = await failure(client(service(), { fetch, retry: { attempts: 2 } }).get("/flags"));
      expect(error).toMatchObject({ code: "NETWORK", retryable: true });
      expect(fetch).toHaveBeenCalledTimes(2);
    }
  });

  test("the runtime's fetch is recognized whatever it says", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no route")));
    try {
      const call = createAlmanac({ baseUrl: "https://almanac.example.com", retry: { attempts: 1 } }).get("/flags");
      expect(await failure(call)).toMatchObject({ code: "NETWORK" });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("an answer that is cut is a failure of the network", async () => {
    const cut = () =>
      new Response(
        new ReadableStream({
          pull: (body) => {
            body.error(new TypeError("terminated"));
          },
        }),
        { status: 200 },
      );

    expect(await failure(client(service(cut)).get("/flags"))).toMatchObject({ code: "NETWORK", retryable: true });
  });

  test("a token that no header takes is in no error, and nothing is sent", async () => {
    const api = service();

    const error = await failure(client(api, { token: "secret\ntoken" }).get("/flags"));

    expect(error).toMatchObject({ code: "INVALID_TOKEN", retryable: false });
    expect(error).not.toHaveProperty("cause");
    expect((error as Error).message).not.toContain("secret");
    expect(api.requests).toHaveLength(0);
  });

  test("a header of the call stands above the token", async () => {
    const api = service(refusal(401, { code: "UNAUTHENTICATED" }));
    const getToken = () => "token";

    const call = client(api, { getToken }).post("/session", { headers: { Authorization: "Bearer other" } });

    expect(await failure(call)).toMatchObject({ status: 401 });
    expect(header(api, "Authorization")).toEqual(["Bearer other"]);
  });

  test("with the session cookie, what changes something is marked", async () => {
    const api = service(success(null), success({}));
    const cookie = client(api, { token: undefined, credentials: "include" });

    await cookie.get("/themes/{id}/schedule", THEME);
    await cookie.put("/themes/{id}/schedule", { ...THEME, body: {} as never });

    expect(header(api, "X-Requested-With")).toEqual([null, "XMLHttpRequest"]);
    expect(api.requests.map(({ credentials }) => credentials)).toEqual(["include", "include"]);
    expect(header(api, "Authorization")).toEqual([null, null]);
  });

  test("each request but the start of a session says for which user it is", async () => {
    const api = service(success([]), success({}), success([]));
    let user: string | undefined = "anna";
    const almanac = client(api, { expectedUser: () => user });

    await almanac.get("/themes");
    await almanac.post("/session");
    user = undefined;
    await almanac.get("/themes");

    expect(header(api, "X-Expected-User")).toEqual(["anna", null, null]);
  });
});

describe("waiting", () => {
  const job = (status: string) => ({ id: JOB, status });

  test("polling keeps to the service's pace", async () => {
    vi.useFakeTimers();
    const api = service(
      success(job("pending"), { headers: { "Retry-After": "2" } }),
      success(job("running"), { headers: { "Retry-After": "5" } }),
      success(job("partial")),
    );

    const waiting = client(api).wait({ runId: JOB });
    await vi.advanceTimersByTimeAsync(6_900);
    expect(api.requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);

    expect(await waiting).toMatchObject({ status: "partial" });
  });

  test("an outage is outlasted, but not for ever", async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(1);
    let away = true;
    const answer: typeof unreachable = (request) => (away ? unreachable : success(job("succeeded")))(request);
    const api = service(success(job("running")), ...Array.from({ length: 1_000 }, () => answer));
    const waiting = client(api).wait(JOB);
    await vi.advanceTimersByTimeAsync(300_000);
    away = false;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await waiting).toMatchObject({ status: "succeeded" });

    away = true;
    const outage = failure(client(api).wait(JOB, { outageMs: 60_000 }));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await outage).toMatchObject({ code: "NETWORK" });
  });

  test("a request that is not answered is dropped, and the next one is", async () => {
    vi.useFakeTimers();
    const api = service(() => new Promise(() => undefined), success(job("succeeded")));
    const signals: AbortSignal[] = [];
    const fetch = (request: Request) => {
      signals.push(request.signal);
      return api.fetch(request);
    };

    const waiting = client({ ...api, fetch }).wait(JOB);
    await vi.advanceTimersByTimeAsync(46_000);

    expect(await waiting).toMatchObject({ status: "succeeded" });
    expect(signals[0]?.aborted).toBe(true);
  });

  test("a pause that is longer than a timer takes is no busy loop", async () => {
    vi.useFakeTimers();
    const running = success(job("running"), { headers: { "Retry-After": "3000000" } });
    const api = service(running, running, running);
    const abort = new AbortController();

    const waiting = failure(client(api).wait(JOB, { signal: abort.signal }));
    await vi.advanceTimersByTimeAsync(60_000);
    abort.abort();

    expect(await waiting).toMatchObject({ name: "AbortError" });
    expect(api.requests).toHaveLength(1);
  });

  test("an error of a callback ends the wait, and is not taken for an outage", async () => {
    const api = service(success(job("running")));
    const onJob = () => {
      throw new TypeError("a mistake of the page");
    };

    expect(await failure(client(api).wait(JOB, { onJob }))).toBeInstanceOf(TypeError);
    expect(api.requests).toHaveLength(1);
  });

  test("an answer that is no JSON ends the wait as an error of this package", async () => {
    const api = service(() => new Response("<html>", { headers: { "Content-Type": "text/html" } }));

    expect(await failure(client(api).wait(JOB))).toMatchObject({ name: "AlmanacError", code: "UNEXPECTED_ANSWER" });
  });

  test("following outlasts an outage, and shows each event once", async () => {
    vi.useFakeTimers();
    const first = sse({ chunks: ["id: 1\nevent: progress\ndata: {}\n\n"], ending: "cut" });
    const rest = sse({ chunks: ["id: 2\nevent: done\ndata: {}\n\n"] });
    const api = service(first, ...Array.from({ length: 40 }, () => unreachable), rest, success(job("succeeded")));
    const seen: unknown[] = [];

    const waiting = client(api).wait(JOB, { follow: true, onEvent: ({ seq }) => seen.push(seq) });
    await vi.advanceTimersByTimeAsync(600_000);

    expect(await waiting).toMatchObject({ status: "succeeded" });
    expect(seen).toEqual([1, 2]);
    expect(header(api, "Last-Event-ID").at(-2)).toBe("1");
  });

  test("a job that is not there ends the wait at once", async () => {
    const api = service(refusal(404, { code: "NOT_FOUND" }));

    expect(await failure(client(api).wait(JOB))).toMatchObject({ status: 404 });
    expect(api.requests).toHaveLength(1);
  });

  test("following shows the events and ends with the job", async () => {
    const api = service(sse({ chunks: ["id: 1\nevent: done\ndata: {}\n\n"] }), success(job("failed")));
    const types: string[] = [];

    const ended = await client(api).wait(JOB, { follow: true, onEvent: ({ type }) => types.push(type) });

    expect(types).toEqual(["done"]);
    expect(ended.status).toBe("failed");
  });

  test("an abort ends it", async () => {
    const api = service(success(job("running"), { headers: { "Retry-After": "9" } }));
    const abort = new AbortController();

    const waiting = client(api).wait(JOB, {
      signal: abort.signal,
      onJob: () => {
        abort.abort();
      },
    });

    expect(await failure(waiting)).toMatchObject({ name: "AbortError" });
  });
});

describe("schedules", () => {
  const schedule = { enabled: true, days: ["mon", "fri"], time_utc: "09:00", emails: ["test@example.com"] };

  test("get, upsert and remove are the three calls of a theme", async () => {
    const api = service(success(null), success({ ...schedule, id: "1" }), () => new Response(null, { status: 204 }));
    const { schedulesApi } = client(api);

    expect(await schedulesApi.get("theme-1")).toBeNull();
    expect(await schedulesApi.upsert("theme-1", schedule)).toMatchObject({ days: ["mon", "fri"] });
    await schedulesApi.remove("theme-1");

    expect(api.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      "GET /v1/themes/theme-1/schedule",
      "PUT /v1/themes/theme-1/schedule",
      "DELETE /v1/themes/theme-1/schedule",
    ]);
    expect(await api.requests[1]?.json()).toEqual(schedule);
  });
});

describe("versions", () => {
  test("a newer service makes the bundle stale", async () => {
    const api = service(
      success({ name: "almanac", version: "99.0.0" }),
      success({ name: "almanac", version: API_VERSION }),
    );

    expect(await client(api).checkVersion()).toEqual({ bundle: API_VERSION, service: "99.0.0", stale: true });
    expect((await client(api).checkVersion()).stale).toBe(false);
  });

  test("versions are compared by number", () => {
    expect(isNewer("0.10.0", "0.9.1")).toBe(true);
    expect(isNewer("1.0", "1.0.0")).toBe(false);
    expect(isNewer("0.9.0", "0.10.0")).toBe(false);
    expect(isNewer("1.0.1-rc.1", "1.0.0")).toBe(true);
  });
});
