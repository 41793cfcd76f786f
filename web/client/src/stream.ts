// Streams that survive: a cut connection resumes after the last event, an expired token is replaced.
// Leaving a stream, by `break` or by a signal, never cancels the job.
import { exchange, type RawClient } from "./calls.js";
import { decode, SilenceError, within, type Decoding, type RawEvent } from "./decode.js";
import { AlmanacError, errorOf, networkError } from "./error.js";
import type { StreamEvent, StreamMethod, StreamPath } from "./events.js";
import type { paths } from "./generated/api.js";
import { newIdempotencyKey } from "./key.js";
import { backOff, sleep } from "./pause.js";
import type { Settings } from "./settings.js";
import type { Transport } from "./transport.js";
import type { MaybeOptionalInit } from "openapi-fetch";

export interface StreamOptions {
  /** Encoding on the wire; the events are the same. Default `sse`. */
  format?: "sse" | "ndjson";
  /** Starts after this `seq`. */
  after?: number;
  /** Leaves the stream. The job continues. */
  signal?: AbortSignal;
  /** Called for each connection, the first and those that resume. */
  onOpen?: (connection: StreamConnection) => void;
  /** Called when a connection was cut, before the pause. */
  onInterrupt?: (interruption: StreamInterruption) => void;
}

export interface StreamConnection {
  response: Response;
  /** Id of the job; absent for dry runs and plans. */
  jobId: string | undefined;
  /** Whether it continues an earlier connection. */
  resumed: boolean;
}

export interface StreamInterruption {
  error: AlmanacError;
  /** Number of connections in a row that brought no new event. */
  failures: number;
  /** Pause before the next attempt. */
  delayMs: number;
}

type StreamInit<Path extends StreamPath> = MaybeOptionalInit<paths[Path], StreamMethod<Path>>;

/**
 * Starts work and follows it (paths with a POST), or follows it (paths with a GET).
 *
 * A `progress` without `seq` is none of the job's log: the state of the moment, with which the stream of a POST may begin, or
 * a heartbeat. Its values may come again or go back after a reconnect. A stream resumes after the last event with a `seq`.
 */
export type StreamCall = <Path extends StreamPath>(
  path: Path,
  init: NonNullable<StreamInit<Path>> & StreamOptions,
) => AsyncGenerator<StreamEvent<Path>, void, undefined>;

interface Clients {
  /** Repeats nothing: the loop here paces its attempts. */
  api: RawClient;
  transport: Transport;
  settings: Settings;
}

export function streamCall(clients: Clients): StreamCall {
  return ((path: string, init: object) => new Follower(clients, path, init).follow()) as unknown as StreamCall;
}

const MEDIA_TYPES = { sse: "text/event-stream", ndjson: "application/x-ndjson" } as const;
const FINAL = new Set(["done", "complete", "snapshot"]);
const JOB_EVENTS = "/jobs/{id}/events";

interface Init {
  params?: { path?: Record<string, string>; header?: Record<string, unknown>; query?: Record<string, unknown> };
  headers?: HeadersInit;
}

/** One stream over all its connections. */
class Follower {
  private readonly options: StreamOptions;
  private readonly init: Init;
  /** A repeated start with the same key attaches to the job of the first. */
  private readonly key = newIdempotencyKey();
  private readonly starts: boolean;
  private jobId: string | undefined;
  private last: number;
  /** Whether an event was passed on that no other connection can follow: a start must not be repeated after it. */
  private unrepeatable = false;
  /** The last known state of each intent of a plan, whose events have no numbers. At most as many as a plan has intents. */
  private readonly states = new Map<unknown, string>();
  private opened = false;
  /** Aborted when the caller leaves, by its signal or by `return`. */
  private readonly left = new AbortController();
  private isReturned = false;
  private baseMs: number;

  constructor(
    private readonly clients: Clients,
    private readonly path: string,
    init: Init & StreamOptions,
  ) {
    const { format, after, signal, onOpen, onInterrupt, ...rest } = init;
    this.options = { format, after, signal, onOpen, onInterrupt } as StreamOptions;
    this.init = rest;
    this.starts = !path.endsWith("/events");
    this.jobId = path === JOB_EVENTS ? rest.params?.path?.["id"] : undefined;
    this.last = after ?? 0;
    this.baseMs = clients.settings.retry.baseMs;
  }

  /** A generator takes a `return` once its `next` has ended, which may wait for the next event: so `next` is ended first. */
  follow(): AsyncGenerator<RawEvent, void, undefined> {
    const events = this.events();
    const end = events.return.bind(events);
    events.return = (value) => {
      this.isReturned = true;
      this.left.abort();
      return end(value);
    };
    return events;
  }

  private async *events(): AsyncGenerator<RawEvent, void, undefined> {
    const { signal } = this.options;
    const leave = () => {
      this.left.abort(signal?.reason);
    };
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      yield* this.connections();
    } catch (error) {
      if (!this.isReturned) throw error;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** The events of one connection after the other. */
  private async *connections(): AsyncGenerator<RawEvent, void, undefined> {
    let failures = 0;
    for (;;) {
      const connection = this.connection();
      try {
        for (;;) {
          const next = await this.next(connection);
          if (next === undefined) return;
          if (next instanceof AlmanacError) {
            await this.pause(next, ++failures);
            break;
          }
          if (this.isNew(next)) failures = 0;
          yield next;
          if (FINAL.has(next.type)) return;
        }
      } finally {
        // Closes the connection, also when the caller leaves its loop.
        await connection.return(false);
      }
    }
  }

  /** The next event; nothing after the end of the log; an error that another connection may mend. Throws any other. */
  private async next(connection: Connection): Promise<RawEvent | AlmanacError | undefined> {
    try {
      const { done, value } = await connection.next();
      if (done !== true) return value;
      return value ? undefined : interrupted("the connection was closed before the final event");
    } catch (error) {
      this.left.signal.throwIfAborted();
      if (error instanceof AlmanacError && error.retryable && error.code !== "ACTIVE_GENERATION") return error;
      throw error;
    }
  }

  /** The events of one connection; returns whether the log has ended. */
  private async *connection(): Connection {
    const { signal } = this.left;
    signal.throwIfAborted();
    const abort = new AbortController();
    const leave = () => {
      abort.abort(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      const response = await this.open(abort.signal);
      if (response.status === 204) return true;
      this.jobId ??= jobOf(response.headers.get("Location"));
      this.options.onOpen?.({ response, jobId: this.jobId, resumed: this.opened });
      this.opened = true;
      yield* this.unseen(decode(response, this.decoding(abort.signal)));
      return false;
    } finally {
      signal.removeEventListener("abort", leave);
      abort.abort();
    }
  }

  private decoding(signal: AbortSignal): Decoding {
    const onRetry = (ms: number) => {
      this.baseMs = ms;
    };
    return { signal, idleMs: this.clients.settings.idleMs, onRetry };
  }

  /** Leaves out what an earlier connection brought. */
  private async *unseen(events: AsyncIterable<RawEvent>): AsyncGenerator<RawEvent, void, undefined> {
    try {
      for await (const event of events) {
        if (isExpiry(event)) throw this.expiry();
        // A dry run has positions and no job: started again it may become a real run, whose first events are not these.
        if (event.seq === undefined || this.hasNoLog()) this.unrepeatable = true;
        if (event.seq !== undefined && event.seq <= this.last) continue;
        this.last = event.seq ?? this.last;
        yield event;
      }
    } catch (error) {
      throw error instanceof AlmanacError ? error : interrupted("the connection was cut", error);
    }
  }

  /** Whether an event shows progress. A heartbeat does not, nor does the state of an intent that was shown before. */
  private isNew(event: RawEvent): boolean {
    if (event.seq !== undefined) return true;
    if (event.type !== "result") return false;
    const state = JSON.stringify(event);
    const isNew = this.states.get(event["intentId"]) !== state;
    this.states.set(event["intentId"], state);
    return isNew;
  }

  private async open(abort: AbortSignal): Promise<Response> {
    const { format = "sse" } = this.options;
    const { method, path, init } = this.request();
    const headers = new Headers(init.headers);
    headers.set("Accept", MEDIA_TYPES[format]);
    if (
      method === "POST" &&
      !headers.has("Idempotency-Key") &&
      init.params?.header?.["Idempotency-Key"] === undefined
    ) {
      headers.set("Idempotency-Key", this.key);
    }
    if (method === "GET" && this.last > 0) headers.set("Last-Event-ID", String(this.last));
    const request = this.clients.api.request as (method: string, path: string, init: object) => Promise<Opened>;
    const asked = { ...init, headers, parseAs: "stream", signal: abort };
    const call = exchange(this.clients.transport.sendOnce, (fetch) =>
      request(method.toLowerCase(), path, { fetch, ...asked }),
    );
    const { error, response } = await within(call, this.clients.settings.idleMs, abort).catch(unanswered);
    if (!response.ok) throw errorOf(response, error);
    return response;
  }

  private request(): { method: "GET" | "POST"; path: string; init: Init } {
    if (this.jobId !== undefined && this.path !== JOB_EVENTS) {
      return { method: "GET", path: JOB_EVENTS, init: { params: { path: { id: this.jobId } } } };
    }
    return { method: this.starts ? "POST" : "GET", path: this.path, init: this.init };
  }

  /** Whether a further connection would start again instead of following what was started. */
  private hasNoLog(): boolean {
    return this.starts && this.jobId === undefined;
  }

  /** Waits before the next connection, or throws where there can be none. */
  private async pause(error: AlmanacError, failures: number): Promise<void> {
    const { retry } = this.clients.settings;
    const limit = this.opened ? retry.reconnects : retry.attempts - 1;
    const lost = this.hasNoLog() && this.unrepeatable;
    const wait = error.retryAfter ?? 0;
    if (lost || failures > limit || wait > retry.maxRetryAfterSeconds) throw error;
    const expired = error.code === EXPIRED && failures === 1;
    const delayMs = expired ? 0 : wait * 1000 + backOff(failures, { ...retry, baseMs: this.baseMs });
    if (!expired) this.options.onInterrupt?.({ error, failures, delayMs });
    await sleep(delayMs, this.left.signal);
  }

  /** A page's cookie may have been replaced by another tab, so that one more attempt makes sense there too. */
  private expiry(): AlmanacError {
    const { renewable, credentials } = this.clients.settings;
    const canBeRenewed = renewable || credentials !== undefined;
    this.clients.transport.tokenExpired();
    return new AlmanacError({
      status: canBeRenewed ? 0 : 401,
      code: EXPIRED,
      message: "the token has expired; the job continues",
      retryable: canBeRenewed,
    });
  }
}

const EXPIRED = "auth_expired";

type Connection = AsyncGenerator<RawEvent, boolean, undefined>;

interface Opened {
  error?: unknown;
  response: Response;
}

function unanswered(error: unknown): never {
  throw error instanceof SilenceError ? networkError(error) : error;
}

function interrupted(message: string, cause?: unknown): AlmanacError {
  return new AlmanacError({ status: 0, code: "STREAM_INTERRUPTED", message, retryable: true, cause });
}

function jobOf(location: string | null): string | undefined {
  return /\/jobs\/([^/?#]+)/.exec(location ?? "")?.[1];
}

function isExpiry({ type, code, error }: RawEvent): boolean {
  if (type !== "error") return false;
  return code === EXPIRED || (typeof error === "object" && error !== null && "code" in error && error.code === EXPIRED);
}
