import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createAlmanac, type StreamInterruption } from "../src/index.js";
import {
  bytes,
  collect,
  failure,
  frame,
  ndjson,
  refusal,
  service,
  sse,
  unreachable,
  withoutJitter,
} from "./service.js";
import type { ScriptedService } from "./service.js";

const JOB = "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11";
const LOCATION = { Location: `/v1/jobs/${JOB}` };
const FOLLOW = { params: { path: { id: JOB } } };
const ORDER = { body: { source_text: "A text about coffee" } };

const progress = frame(1, "progress", { completed: 0, total: 2, stage: "drafting", percent: 0 });
const card = (seq: number, front: string) => frame(seq, "suggestion", { id: `card-${seq}`, front, back: "…" });
const done = (seq: number) => frame(seq, "done", { status: "succeeded" });

function client({ fetch }: ScriptedService, options = {}) {
  return createAlmanac({ baseUrl: "https://almanac.example.com", token: "token", fetch, ...options });
}

function header({ requests }: ScriptedService, name: string): (string | null)[] {
  return requests.map(({ headers }) => headers.get(name));
}

beforeEach(withoutJitter);
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("decoding", () => {
  const fronts = ["Wie heißt „Kaffee“ auf 日本語?", "コーヒー ☕ é\u0301", "plain"];

  test("both encodings give the same events", async () => {
    const text = service(sse({ chunks: [progress, card(2, "front"), done(3)] }));
    const lines = service(
      ndjson({
        chunks: [
          '{"type":"progress","seq":1,"completed":0,"total":2,"stage":"drafting","percent":0}\n',
          '{"type":"suggestion","seq":2,"id":"card-2","front":"front","back":"…"}\n{"type":"done","seq":3,"status":"succeeded"}\n',
        ],
      }),
    );

    const bySse = await collect(client(text).stream("/jobs/{id}/events", FOLLOW));
    const byLine = await collect(client(lines).stream("/jobs/{id}/events", { ...FOLLOW, format: "ndjson" }));

    expect(byLine).toEqual(bySse);
    expect(header(text, "Accept")).toEqual(["text/event-stream"]);
    expect(header(lines, "Accept")).toEqual(["application/x-ndjson"]);
  });

  test("lines may be cut at any byte, inside a character too", async () => {
    const text = [
      ...fronts.map((front, at) => JSON.stringify({ type: "suggestion", seq: at + 1, front })),
      '{"type":"done","seq":4}',
      "",
    ].join("\r\n");
    const api = service(ndjson({ chunks: bytes(text) }));

    const events = await collect(client(api).stream("/jobs/{id}/events", { ...FOLLOW, format: "ndjson" }));

    expect(events.map((event) => ("front" in event ? event.front : event.type))).toEqual([...fronts, "done"]);
  });

  test("frames may be cut at any byte, inside a character too", async () => {
    const text = `retry: 2000\n: heartbeat\n\n${fronts.map((front, at) => card(at + 1, front)).join("")}${done(4)}`;
    const api = service(sse({ chunks: bytes(text) }));

    const events = await collect(client(api).stream("/jobs/{id}/events", FOLLOW));

    expect(events.map((event) => ("front" in event ? event.front : event.type))).toEqual([...fronts, "done"]);
  });

  test.each(["sse", "ndjson"] as const)("an event that does not end is an error: %s", async (format) => {
    const closed = vi.fn();
    const piece = new TextEncoder().encode("x".repeat(1024 * 1024));
    const endless = { chunks: ["data: ", ...Array.from({ length: 40 }, () => piece)], onCancel: closed };
    const api = service(format === "sse" ? sse(endless) : ndjson(endless));

    const error = await failure(collect(client(api).stream("/jobs/{id}/events", { ...FOLLOW, format })));

    expect(error).toMatchObject({ name: "AlmanacError", code: "UNEXPECTED_ANSWER", retryable: false });
    expect(closed).toHaveBeenCalledOnce();
    expect(api.requests).toHaveLength(1);
  });

  test.each(["sse", "ndjson"] as const)("a long event in many pieces is read in linear time: %s", async (format) => {
    const front = "x".repeat(8 * 1024 * 1024);
    const text = format === "sse" ? card(1, front) : `${JSON.stringify({ type: "suggestion", seq: 1, front })}\n`;
    const pieces = text.match(/[^]{1,256}/g) ?? [];
    const end = format === "sse" ? done(2) : '{"type":"done","seq":2}\n';
    const stream = { chunks: [...pieces, end] };
    const api = service(format === "sse" ? sse(stream) : ndjson(stream));

    const [event] = await collect(client(api).stream("/jobs/{id}/events", { ...FOLLOW, format }));

    expect(event).toMatchObject({ type: "suggestion", front });
  });

  test("an answer that is no stream is an error that names its type", async () => {
    const api = service(() => new Response("<html>", { headers: { "Content-Type": "text/html" } }));

    const error = await failure(collect(client(api).stream("/jobs/{id}/events", FOLLOW)));

    expect(error).toMatchObject({
      code: "UNEXPECTED_ANSWER",
      message: "the answer is no stream of events but text/html",
    });
  });
});

describe("resuming", () => {
  test("a connection cut inside an event resumes without loss or duplicate", async () => {
    const whole = card(3, "third");
    const api = service(
      sse({ chunks: [progress, card(2, "second"), whole.slice(0, 30)], ending: "cut" }),
      sse({ chunks: [card(2, "second"), whole, done(4)] }),
    );

    const events = await collect(client(api).stream("/jobs/{id}/events", FOLLOW));

    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(header(api, "Last-Event-ID")).toEqual([null, "2"]);
  });

  test("an id that is no number does not hide where the stream was", async () => {
    const foreign = "id: x\nevent: progress\ndata: {}\n\n";
    const api = service(sse({ chunks: [progress, foreign], ending: "cut" }), sse({ chunks: [done(2)] }));

    const events = await collect(client(api).stream("/jobs/{id}/events", FOLLOW));

    expect(events.map(({ seq }) => seq)).toEqual([1, undefined, 2]);
    expect(header(api, "Last-Event-ID")).toEqual([null, "1"]);
  });

  test("a line that the end of the connection cuts is read again", async () => {
    const line = '{"type":"suggestion","seq":2,"front":"second"}\n';
    const api = service(
      ndjson({ chunks: ['{"type":"progress","seq":1}\n', line.slice(0, 20)] }),
      ndjson({ chunks: [line, '{"type":"done","seq":3}\n'] }),
    );

    const events = await collect(client(api).stream("/jobs/{id}/events", { ...FOLLOW, format: "ndjson" }));

    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test("a stream that started work goes on with the events of its job", async () => {
    const api = service(
      sse({ chunks: [progress], ending: "cut", headers: LOCATION }),
      unreachable,
      sse({ chunks: [card(2, "second"), done(3)] }),
    );
    const opened: [string | undefined, boolean][] = [];

    const events = await collect(
      client(api).stream("/ai/generations", {
        ...ORDER,
        onOpen: ({ jobId, resumed }) => opened.push([jobId, resumed]),
      }),
    );

    expect(events.map(({ type }) => type)).toEqual(["progress", "suggestion", "done"]);
    expect(api.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      "POST /v1/ai/generations",
      `GET /v1/jobs/${JOB}/events`,
      `GET /v1/jobs/${JOB}/events`,
    ]);
    expect(header(api, "Last-Event-ID")).toEqual([null, "1", "1"]);
    expect(opened).toEqual([
      [JOB, false],
      [JOB, true],
    ]);
  });

  test("a progress that is not in the log does not move the place to resume from", async () => {
    const inFrames = 'event: progress\ndata: {"completed":0,"total":0}\n\n';
    const inLines = '{"type":"progress","completed":0,"total":0}\n';
    const bodies = {
      sse: (...chunks: string[]) => sse({ chunks, ending: "cut", headers: LOCATION }),
      ndjson: (...chunks: string[]) => ndjson({ chunks, ending: "cut", headers: LOCATION }),
    };
    for (const [format, unnumbered, first, last] of [
      ["sse", inFrames, progress, done(2)] as const,
      ["ndjson", inLines, '{"type":"progress","seq":1}\n', '{"type":"done","seq":2}\n'] as const,
    ]) {
      const body = bodies[format];
      const api = service(body(unnumbered), body(unnumbered, first, unnumbered), body(unnumbered, last));

      const events = await collect(client(api).stream("/ai/generations", { ...ORDER, format }));

      expect(events.map(({ seq }) => seq)).toEqual([undefined, undefined, 1, undefined, undefined, 2]);
      expect(api.requests.map(({ method }) => method)).toEqual(["POST", "GET", "GET"]);
      expect(header(api, "Last-Event-ID")).toEqual([null, null, "1"]);
    }
  });

  test("a start without an answer is repeated with its key", async () => {
    const api = service(
      unreachable,
      refusal(503, { code: "UNAVAILABLE", retryable: true }),
      sse({ chunks: [done(1)] }),
    );

    await collect(client(api).stream("/ai/generations", ORDER));

    const [key, ...others] = header(api, "Idempotency-Key");
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
    expect(others).toEqual([key, key]);
    expect(await Promise.all(api.requests.map((request) => request.json() as Promise<unknown>))).toEqual([
      ORDER.body,
      ORDER.body,
      ORDER.body,
    ]);
  });

  test("a resume at the end of the log ends the stream", async () => {
    const api = service(sse({ chunks: [progress], ending: "cut" }), () => new Response(null, { status: 204 }));

    const events = await collect(client(api).stream("/jobs/{id}/events", FOLLOW));

    expect(events).toHaveLength(1);
  });

  test("a log that is gone ends with its snapshot", async () => {
    const api = service(sse({ chunks: [frame(9, "snapshot", { id: JOB, status: "succeeded" })], ending: "open" }));

    const events = await collect(client(api).stream("/jobs/{id}/events", FOLLOW));

    expect(events.map(({ type }) => type)).toEqual(["snapshot"]);
  });

  test("a start is not repeated after events of a dry run, which has no job", async () => {
    const entry = `id: 1\nevent: entry\ndata: ${JSON.stringify({ data: { key: "blog:2026-01-26:1" }, meta: { dryRun: true } })}\n\n`;
    const api = service(sse({ chunks: [entry], ending: "cut" }));
    const order = { channels: ["blog"], cadence: "daily" as const, start: "2026-01-26", end: "2026-01-27" };

    const error = await failure(collect(client(api).stream("/ai/calendar", { body: order })));

    expect(error).toMatchObject({ code: "STREAM_INTERRUPTED", retryable: true });
    expect(api.requests).toHaveLength(1);
  });

  test("a dry run is not taken for the answer to a start that may have been accepted", async () => {
    const order = { channels: ["blog"], cadence: "daily" as const, start: "2026-01-26", end: "2026-01-27" };
    const dryRun = sse({ chunks: [done(1)] });
    const started = sse({ chunks: [done(1)], headers: { Location: `/v1/jobs/${JOB}` } });
    const start = (api: ScriptedService) => collect(client(api).stream("/ai/calendar", { body: order }));

    const mended = service(unreachable, dryRun, started);
    expect(await start(mended)).toHaveLength(1);
    expect(mended.requests).toHaveLength(3);

    const uncertain = service(refusal(500, { code: "INTERNAL", retryable: true }), dryRun, dryRun, dryRun);
    expect(await failure(start(uncertain))).toMatchObject({ code: "UNCONFIRMED", retryable: true });

    const nothingTaken = service(refusal(503, { code: "UNAVAILABLE", retryable: true }), dryRun);
    expect(await start(nothingTaken)).toHaveLength(1);
  });

  test("it gives up after attempts that brought no event, and counts from the last event", async () => {
    const cut = sse({ chunks: [": heartbeat\n\n"], ending: "cut" });
    const api = service(cut, cut, sse({ chunks: [progress], ending: "cut" }), cut, cut, cut);
    const failures: number[] = [];

    const error = await failure(
      collect(
        client(api, { retry: { reconnects: 2 } }).stream("/jobs/{id}/events", {
          ...FOLLOW,
          onInterrupt: (interruption) => failures.push(interruption.failures),
        }),
      ),
    );

    expect(error).toMatchObject({ code: "STREAM_INTERRUPTED" });
    expect(failures).toEqual([1, 2, 1, 2]);
  });

  test("heartbeats are no events that count, in either encoding", async () => {
    const inFrames = sse({ chunks: ['event: progress\ndata: {"completed":0,"total":2}\n\n'], ending: "cut" });
    const inLines = ndjson({ chunks: ['{"type":"progress","completed":0,"total":2}\n'], ending: "cut" });

    for (const [format, cut] of [["sse", inFrames] as const, ["ndjson", inLines] as const]) {
      const api = service(cut, cut, cut);
      const following = client(api, { retry: { reconnects: 2 } }).stream("/jobs/{id}/events", { ...FOLLOW, format });

      expect(await failure(collect(following))).toMatchObject({ code: "STREAM_INTERRUPTED" });
      expect(api.requests).toHaveLength(3);
    }
  });

  test("the state of a plan counts if it has changed", async () => {
    const state = (status: string) => {
      const data = JSON.stringify({ intentId: "intent-1", status, externalUrl: null, error: null });
      return sse({ chunks: [`event: result\ndata: ${data}\n\n`], ending: "cut" });
    };
    const [pending, publishing] = [state("pending"), state("publishing")];
    const api = service(pending, pending, publishing, publishing, publishing);
    const plan = { params: { path: { id: "plan-1" } } };

    const following = client(api, { retry: { reconnects: 2 } }).stream("/publish/plans/{id}/events", plan);

    expect(await failure(collect(following))).toMatchObject({ code: "STREAM_INTERRUPTED" });
    expect(api.requests).toHaveLength(5);
  });

  test("silence for longer than three heartbeats counts as a cut", async () => {
    vi.useFakeTimers();
    const api = service(sse({ chunks: [progress], ending: "open" }), sse({ chunks: [done(2)] }));

    const events = collect(client(api).stream("/jobs/{id}/events", FOLLOW));
    await vi.advanceTimersByTimeAsync(44_900);
    expect(api.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);

    expect((await events).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("a start that is not answered is dropped and repeated", async () => {
    vi.useFakeTimers();
    const api = service(() => new Promise(() => undefined), sse({ chunks: [done(1)] }));
    let dropped: AbortSignal | undefined;
    const fetch = (request: Request) => {
      dropped ??= request.signal;
      return api.fetch(request);
    };

    const events = collect(client({ ...api, fetch }).stream("/ai/generations", ORDER));
    await vi.advanceTimersByTimeAsync(45_100);

    expect(await events).toHaveLength(1);
    expect(dropped?.aborted).toBe(true);
  });

  test("pauses are random below a limit that doubles and that the service sets", async () => {
    vi.mocked(Math.random).mockReturnValue(0.5);
    vi.useFakeTimers();
    const api = service(
      sse({ chunks: ["retry: 2000\n\n", progress], ending: "cut" }),
      unreachable,
      unreachable,
      unreachable,
      sse({ chunks: [done(2)] }),
    );
    const delays: number[] = [];
    const onInterrupt = ({ delayMs }: StreamInterruption) => delays.push(delayMs);

    const events = collect(client(api).stream("/jobs/{id}/events", { ...FOLLOW, onInterrupt }));
    await vi.advanceTimersByTimeAsync(60_000);
    await events;

    expect(delays).toEqual([1_000, 2_000, 4_000, 5_000]);
  });

  test("a refused resume waits as long as the service says", async () => {
    vi.useFakeTimers();
    const limit = refusal(429, { code: "STREAM_LIMIT", retryable: true }, { "Retry-After": "7" });
    const api = service(sse({ chunks: [progress], ending: "cut" }), limit, sse({ chunks: [done(2)] }));

    const events = collect(client(api).stream("/jobs/{id}/events", FOLLOW));
    await vi.advanceTimersByTimeAsync(6_900);
    expect(api.requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);

    expect(await events).toHaveLength(2);
  });
});

describe("refusals", () => {
  test("a second generation is refused at once, with the active one", async () => {
    const active = { id: JOB, kind: "calendar.generate", urls: { self: "a", events: "b", cancel: "c" } };
    const api = service(refusal(409, { code: "ACTIVE_GENERATION", retryable: true, active }));

    const error = await failure(collect(client(api).stream("/ai/generations", ORDER)));

    expect(error).toMatchObject({ status: 409, code: "ACTIVE_GENERATION", active });
  });

  test("a job that is gone ends a resume", async () => {
    const api = service(sse({ chunks: [progress], ending: "cut" }), refusal(404, { code: "NOT_FOUND" }));

    const error = await failure(collect(client(api).stream("/jobs/{id}/events", FOLLOW)));

    expect(error).toMatchObject({ status: 404 });
  });
});

describe("expired tokens", () => {
  const expiry = 'event: error\ndata: {"code":"auth_expired","message":"The token has expired"}\n\n';

  test("a new token is asked for, and the stream goes on", async () => {
    const api = service(sse({ chunks: [progress, expiry] }), sse({ chunks: [card(2, "second"), done(3)] }));
    const asked: boolean[] = [];
    const getToken = ({ expired }: { expired: boolean }) => {
      asked.push(expired);
      return expired ? "second" : "first";
    };

    const events = await collect(client(api, { getToken }).stream("/jobs/{id}/events", FOLLOW));

    expect(events.map(({ type }) => type)).toEqual(["progress", "suggestion", "done"]);
    expect(asked).toEqual([false, true]);
    expect(header(api, "Authorization")).toEqual(["Bearer first", "Bearer second"]);
    expect(header(api, "Last-Event-ID")).toEqual([null, "1"]);
  });

  test("the same in lines", async () => {
    const api = service(
      ndjson({ chunks: ['{"type":"progress","seq":1}\n{"type":"error","code":"auth_expired","message":"…"}\n'] }),
      ndjson({ chunks: ['{"type":"done","seq":2}\n'] }),
    );

    const events = await collect(
      client(api, { getToken: () => "token" }).stream("/jobs/{id}/events", { ...FOLLOW, format: "ndjson" }),
    );

    expect(events.map(({ type }) => type)).toEqual(["progress", "done"]);
  });

  test("a token that cannot be replaced ends the stream", async () => {
    const api = service(sse({ chunks: [progress, expiry] }));

    const error = await failure(collect(client(api).stream("/jobs/{id}/events", FOLLOW)));

    expect(error).toMatchObject({ status: 401, code: "auth_expired", retryable: false });
  });

  test("a session that another tab renewed goes on, one that ended does not", async () => {
    const renewed = service(sse({ chunks: [progress, expiry] }), sse({ chunks: [done(2)] }));
    const ended = service(sse({ chunks: [progress, expiry] }), refusal(401, { code: "UNAUTHENTICATED" }));
    const cookie = { token: undefined, credentials: "include" };

    expect(await collect(client(renewed, cookie).stream("/jobs/{id}/events", FOLLOW))).toHaveLength(2);
    expect(await failure(collect(client(ended, cookie).stream("/jobs/{id}/events", FOLLOW)))).toMatchObject({
      status: 401,
    });
  });

  test("tokens that expire one after another do not make a busy loop", async () => {
    const api = service(...Array.from({ length: 4 }, () => sse({ chunks: [expiry] })));

    const error = await failure(
      collect(client(api, { getToken: () => "token", retry: { reconnects: 3 } }).stream("/jobs/{id}/events", FOLLOW)),
    );

    expect(error).toMatchObject({ code: "auth_expired" });
  });
});

describe("leaving", () => {
  test("an abort ends the loop with its reason and closes the connection, and the job is left alone", async () => {
    const closed = vi.fn();
    const api = service(sse({ chunks: [progress], ending: "open", headers: LOCATION, onCancel: closed }));
    const abort = new AbortController();

    const leaving = failure(
      (async () => {
        for await (const event of client(api).stream("/ai/generations", { ...ORDER, signal: abort.signal })) {
          expect(event.type).toBe("progress");
          abort.abort();
        }
      })(),
    );

    expect(await leaving).toMatchObject({ name: "AbortError" });
    expect(closed).toHaveBeenCalledOnce();
    expect(api.requests.map(({ method }) => method)).toEqual(["POST"]);
  });

  test("an abort while waiting for a byte, or for the next attempt, ends it at once", async () => {
    vi.mocked(Math.random).mockReturnValue(1);
    for (const ending of ["open", "cut"] as const) {
      const abort = new AbortController();
      const onIdle = () => {
        abort.abort();
      };
      const api = service(sse({ chunks: [progress], ending, onIdle }));
      const events = collect(
        client(api).stream("/jobs/{id}/events", {
          ...FOLLOW,
          signal: abort.signal,
          onInterrupt: () => {
            abort.abort();
          },
        }),
      );

      expect(await failure(events)).toMatchObject({ name: "AbortError" });
    }
  });

  test("an abort before the first answer reaches the request", async () => {
    const abort = new AbortController();
    const api = service(
      (request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener("abort", () => {
            reject(request.signal.reason as Error);
          });
          abort.abort();
        }),
    );

    const error = await failure(collect(client(api).stream("/ai/generations", { ...ORDER, signal: abort.signal })));

    expect(error).toMatchObject({ name: "AbortError" });
  });

  test("a return ends a call of next that waits", async () => {
    const closed = vi.fn();
    const pending = () => new Promise<Response>(() => undefined);
    const waiting = [
      service(sse({ chunks: [progress], ending: "open", headers: LOCATION, onCancel: closed })),
      service(
        sse({ chunks: [progress], headers: LOCATION }),
        refusal(503, { retryable: true }, { "Retry-After": "9" }),
      ),
      service(sse({ chunks: [progress], headers: LOCATION }), pending),
    ];
    for (const api of waiting) {
      const signal = new AbortController().signal;
      const remove = vi.spyOn(signal, "removeEventListener");
      const add = vi.spyOn(signal, "addEventListener");
      const events = client(api).stream("/ai/generations", { ...ORDER, signal });
      expect((await events.next()).value).toMatchObject({ type: "progress" });
      const next = events.next();
      await new Promise((later) => setTimeout(later, 5));

      expect(await events.return(undefined)).toEqual({ done: true, value: undefined });

      expect(await next).toEqual({ done: true, value: undefined });
      expect(remove).toHaveBeenCalledTimes(add.mock.calls.length);
    }
    expect(closed).toHaveBeenCalledOnce();
  });

  test("a return closes the request that waits for its answer", async () => {
    let dropped: AbortSignal | undefined;
    const api = service((request) => {
      dropped = request.signal;
      return new Promise(() => undefined);
    });
    const events = client(api).stream("/ai/generations", ORDER);
    const next = events.next();
    await new Promise((later) => setTimeout(later));

    await events.return(undefined);

    expect((await next).done).toBe(true);
    expect(dropped?.aborted).toBe(true);
  });

  test("no rejection is left unhandled by an abort", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    // As `fetch` does: an abort is an error of the request, and of the body.
    const linked = (signal: AbortSignal) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(progress));
          signal.addEventListener("abort", () => {
            controller.error(signal.reason);
          });
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    };
    const fetch = ({ signal, url }: Request) => {
      if (url.endsWith("/events")) return Promise.resolve(linked(signal));
      return new Promise<Response>((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      });
    };
    const { stream, wait } = createAlmanac({ baseUrl: "https://almanac.example.com", fetch });
    const abort = new AbortController();

    const following = (async () => {
      for await (const event of stream("/jobs/{id}/events", { ...FOLLOW, signal: abort.signal })) {
        expect(event.type).toBe("progress");
        abort.abort();
      }
    })();

    expect(await failure(following)).toMatchObject({ name: "AbortError" });
    expect(await failure(wait(JOB, { signal: AbortSignal.abort() }))).toMatchObject({ name: "AbortError" });
    await new Promise((later) => setTimeout(later, 20));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("an abort before the loop begins sends nothing", async () => {
    const api = service();

    const events = client(api).stream("/ai/generations", { ...ORDER, signal: AbortSignal.abort() });

    expect(await failure(collect(events))).toMatchObject({ name: "AbortError" });
    expect(api.requests).toHaveLength(0);
  });

  test("leaving the loop closes the connection", async () => {
    const closed = vi.fn();
    const api = service(sse({ chunks: [progress, card(2, "second")], ending: "open", onCancel: closed }));

    for await (const event of client(api).stream("/jobs/{id}/events", FOLLOW)) {
      expect(event.seq).toBe(1);
      break;
    }

    expect(closed).toHaveBeenCalledOnce();
    expect(api.requests).toHaveLength(1);
  });
});
