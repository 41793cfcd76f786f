// The answer without a service has the shape of one of the service.
import { describe, expect, it } from "vitest";
import { CALENDAR, code, generation, JOB, ORDER, proxyOf, USER } from "./upstream.js";

interface Frame {
  id: number;
  event: string;
  data: {
    data: Record<string, unknown>;
    error: null;
    meta: Record<string, unknown>;
  };
}

const off = proxyOf("http://127.0.0.1:1", { enabled: () => false }).routes;
const unreachable = proxyOf("http://127.0.0.1:1").routes;

function framesOf(text: string): Frame[] {
  const [opening, ...frames] = text.split("\n\n").filter((frame) => frame !== "");
  expect(opening).toBe("retry: 2000");
  return frames.map((frame) => {
    const [id = "", event = "", data = "", ...more] = frame.split("\n");
    expect(more).toEqual([]);
    return {
      id: Number(id.replace("id: ", "")),
      event: event.replace("event: ", ""),
      data: JSON.parse(data.replace("data: ", "")) as Frame["data"],
    };
  });
}

describe("a dry run", () => {
  it("has the events of a run, an entry for each slot, and one end", async () => {
    const response = await off.POST(generation());
    const frames = framesOf(await response.text());

    expect(response.headers.get("Content-Type")).toBe("text/event-stream");
    expect(response.headers.get("Cache-Control")).toBe("no-cache, no-store, no-transform");
    expect(response.headers.get("X-Accel-Buffering")).toBe("no");
    expect(frames.map(({ event }) => event)).toEqual([
      "progress",
      "entry",
      "entry",
      "entry",
      "entry",
      "progress",
      "done",
    ]);
    const progress = frames.filter(({ event }) => event === "progress").map(({ data: { data } }) => data);
    expect(progress).toEqual([
      { completed: 0, total: 4, stage: "drafting", percent: 0 },
      { completed: 4, total: 4, stage: "finalizing", percent: 100 },
    ]);
    frames.forEach(({ id, event, data: { error, meta } }, index) => {
      const seq = index + 1;
      expect(error).toBeNull();
      expect(id).toBe(seq);
      expect(meta).toEqual({ runId: null, calendarId: null, version: null, seq, done: event === "done", dryRun: true });
    });
  });

  it("fills the slots that the service would fill, with placeholders", async () => {
    const constraints = { topics: ["coffee", "tea"], times: { blog: "07:30" } };
    const json = { ...ORDER, timezone: "Europe/Paris", calendarId: CALENDAR, constraints };

    const frames = framesOf(await (await off.POST(generation({ json }))).text());

    expect(frames[2]?.data.data).toEqual({
      key: "blog:2026-01-26:1",
      channel: "blog",
      date: "2026-01-26",
      time: "07:30",
      timezone: "Europe/Paris",
      scheduledAt: "2026-01-26T06:30:00Z",
      title: "Placeholder for blog on 2026-01-26",
      topic: "tea",
      format: "post",
      caption: expect.stringContaining("placeholder") as string,
      hashtags: [],
      notes: "",
      media: [],
    });
    expect(frames[0]?.data.meta).toMatchObject({ calendarId: CALENDAR });
    expect(frames.at(-1)?.data.data).toMatchObject({ status: "succeeded", entries: 4, persisted: false, tokens: 0 });
  });

  it("says why nothing is kept", async () => {
    const [switchedOff] = framesOf(await (await off.POST(generation())).text()).slice(-1);
    const [away] = framesOf(await (await unreachable.POST(generation())).text()).slice(-1);
    expect(switchedOff?.data.data["message"]).toContain("switched off");
    expect(switchedOff?.data.meta).not.toHaveProperty("degraded");
    expect(away?.data.data["message"]).toContain("Nothing can be stored");
    expect(away?.data.meta).toMatchObject({ degraded: ["storage"] });
  });

  it("has the same bytes each time", async () => {
    const bytes = async () => (await off.POST(generation())).text();
    expect(await bytes()).toBe(await bytes());
  });

  it("comes as lines, if they are asked for", async () => {
    const response = await off.POST(generation({ headers: { Accept: "application/x-ndjson" } }));
    const lines = (await response.text()).trimEnd().split("\n");
    const last: unknown = JSON.parse(lines.at(-1) ?? "");
    expect(response.headers.get("Content-Type")).toBe("application/x-ndjson");
    expect(lines).toHaveLength(7);
    expect(last).toMatchObject({ type: "done", seq: 7, error: null, meta: { done: true, dryRun: true, seq: 7 } });
  });

  it.each([
    ["json", "text/event-stream"],
    ["application/json;q=2, text/event-stream;q=0.1", "text/event-stream"],
    ["application/json;q=x, application/x-ndjson;q=0.1", "application/x-ndjson"],
    ["application/json;q=0.1, text/event-stream;q=0.5, application/json", "application/json; charset=utf-8"],
  ])("comes in the format that the service would choose for %s", async (Accept, expected) => {
    const response = await off.POST(generation({ headers: { Accept } }));
    expect(response.headers.get("Content-Type")).toBe(expected);
  });

  it("comes to the user for whom it is asked", async () => {
    const response = await off.POST(generation({ headers: { "X-Expected-User": USER.toUpperCase() } }));
    expect(response.status).toBe(200);
  });

  it("comes as one document, if that is asked for", async () => {
    const headers = { Accept: "application/json, text/event-stream;q=0.5", "X-Request-Id": "r-1" };
    const response = await off.POST(generation({ headers }));
    const body: unknown = await response.json();
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(body).toMatchObject({
      data: { summary: { entries: 4, persisted: false }, entries: [{ key: "instagram:2026-01-26:1" }, {}, {}, {}] },
      error: null,
      meta: { requestId: "r-1", dryRun: true },
    });
  });

  it.each([
    ["no JSON", "{", 400, "MALFORMED_JSON", {}],
    ["no body", undefined, 400, "MALFORMED_JSON", { "Content-Type": "application/json" }],
    ["no body, and no type", undefined, 415, "UNSUPPORTED_MEDIA_TYPE", {}],
    ["another type", ORDER, 415, "UNSUPPORTED_MEDIA_TYPE", { "Content-Type": "text/plain" }],
    ["a type that begins as JSON", ORDER, 415, "UNSUPPORTED_MEDIA_TYPE", { "Content-Type": "application/json5" }],
    ["a list of types", ORDER, 415, "UNSUPPORTED_MEDIA_TYPE", { "Content-Type": "text/plain, application/json" }],
    ["a compressed body", ORDER, 415, "UNSUPPORTED_MEDIA_TYPE", { "Content-Encoding": "gzip" }],
    ["another type, and no JSON", "{", 415, "UNSUPPORTED_MEDIA_TYPE", { "Content-Type": "text/plain" }],
    ["a field twice", `{"start":"2026-01-26",${JSON.stringify(ORDER).slice(1)}`, 400, "VALIDATION_FAILED", {}],
    [
      "a long key, and another type",
      ORDER,
      400,
      "VALIDATION_FAILED",
      { "Idempotency-Key": "k k", "Content-Type": "a/b" },
    ],
    ["another user", ORDER, 403, "OTHER_USER", { "X-Expected-User": JOB }],
    ["no token", ORDER, 401, "UNAUTHENTICATED", { Authorization: "Bearer" }],
    ["credentials of another kind", ORDER, 401, "UNAUTHENTICATED", { Authorization: "Basic YTpi" }],
    [
      "no token, and another type",
      ORDER,
      401,
      "UNAUTHENTICATED",
      { Authorization: "Basic YTpi", "Content-Type": "a/b" },
    ],
    ["a wrong shape", { ...ORDER, cadence: "hourly" }, 400, "VALIDATION_FAILED", {}],
    ["a broken plan id", { ...ORDER, planId: "7" }, 400, "VALIDATION_FAILED", {}],
    ["a long title", { ...ORDER, title: "é".repeat(201) }, 400, "VALIDATION_FAILED", {}],
    ["a title of spaces", { ...ORDER, title: "  " }, 400, "VALIDATION_FAILED", {}],
    ["a zone in another case", { ...ORDER, timezone: "europe/paris" }, 422, "UNKNOWN_TIME_ZONE", {}],
    ["an end before its start", { ...ORDER, end: "2026-01-25" }, 422, "END_BEFORE_START", {}],
    ["a long range", { ...ORDER, end: "2027-01-26" }, 422, "RANGE_TOO_LARGE", {}],
    ["another format", ORDER, 406, "NOT_ACCEPTABLE", { Accept: "text/html" }],
    ["another format, and no JSON", "{", 400, "MALFORMED_JSON", { Accept: "text/html" }],
    ["a long key", ORDER, 400, "VALIDATION_FAILED", { "Idempotency-Key": "k".repeat(256) }],
    ["a key with a space", ORDER, 400, "VALIDATION_FAILED", { "Idempotency-Key": "k k" }],
  ])("is refused as the service would for %s", async (_, json, status, expected, headers) => {
    const response = await off.POST(generation({ json, headers }));
    expect(response.status).toBe(status);
    expect(response.headers.get("X-Error-Code")).toBe(expected);
    expect(await code(response)).toBe(expected);
  });
});

describe("without credentials", () => {
  const anonymous = (headers: Record<string, string> = {}) =>
    new Request("https://app.example/v1/ai/calendar", {
      method: "POST",
      body: JSON.stringify(ORDER),
      headers: { "Content-Type": "application/json", "X-Request-Id": "r-1", ...headers },
    });
  const withoutToken = { getToken: () => undefined };

  it.each([
    ["switched off", { ...withoutToken, enabled: () => false }],
    ["unreachable", { ...withoutToken, enabled: () => true }],
  ])("a dry run is refused as the service would: %s", async (_, options) => {
    const { routes, events } = proxyOf("http://127.0.0.1:1", options);

    const response = await routes.POST(anonymous());

    expect(response.status).toBe(401);
    expect(response.headers.get("X-Error-Code")).toBe("UNAUTHENTICATED");
    expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
    expect(await response.json()).toEqual({
      data: null,
      error: { code: "UNAUTHENTICATED", message: "authentication is required", details: [], retryable: false },
      meta: { requestId: "r-1" },
    });
    expect(events).toMatchObject([{ status: 401, code: "UNAUTHENTICATED" }]);
  });

  it("an empty session is none, and any other is for the service to judge", async () => {
    const session = (cookie: string) =>
      off.POST(anonymous({ Cookie: cookie, "X-Requested-With": "XMLHttpRequest" })).then(({ status }) => status);

    expect(await session("almanac_session=")).toBe(401);
    expect(await session("almanac_session=; almanac_session=a")).toBe(200);
  });
});

describe("the switch of the app", () => {
  it.each([
    ["false", "dry_run"],
    [" OFF ", "dry_run"],
    ["0", "dry_run"],
    ["true", "error"],
    ["", "error"],
  ])("is read from the environment with each request: %j", async (value, outcome) => {
    const { routes, events } = proxyOf("http://127.0.0.1:1", {
      enabled: undefined as never,
      // What would be asked fails, so that `error` shows that the service was asked.
      getToken: () => {
        if (value !== "true" && value !== "") return "t";
        throw new Error("asked");
      },
    });
    process.env["CALENDAR_SERVICE_ENABLED"] = value;
    try {
      const request = new Request("https://app.example/v1/ai/calendar", {
        method: "POST",
        body: JSON.stringify(ORDER),
        headers: { "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest" },
      });
      await routes.POST(request).catch(() => undefined);
    } finally {
      delete process.env["CALENDAR_SERVICE_ENABLED"];
    }
    expect(events).toMatchObject([{ outcome }]);
  });
});
