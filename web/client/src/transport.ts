// What every request has in common: authentication, the mark of cookie clients, and repetition where that is safe.
import { AlmanacError, isAlmanacError, networkError, retryAfterOf } from "./error.js";
import { backOff, sleep } from "./pause.js";
import type { Settings } from "./settings.js";

/** Sends requests with the caller's token. One instance a client, because of what it remembers between requests. */
export class Transport {
  private expired = false;
  /** Idempotency keys of calendars that may have been accepted, the oldest first. */
  private readonly started = new Set<string>();

  constructor(private readonly settings: Settings) {}

  /** The next request asks for a new token. */
  tokenExpired(): void {
    this.expired = true;
  }

  /** Repeats a request until its outcome is final, a pause would be too long, or the attempts are used up. */
  readonly send = async (request: Request): Promise<Response> => {
    const { attempts, maxRetryAfterSeconds } = this.settings.retry;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.sendOnce(request).catch((error: unknown) => {
        if (isAlmanacError(error)) return error;
        throw error;
      });
      const wait = outcome instanceof Response ? (retryAfterOf(outcome) ?? 0) : 0;
      if (attempt >= attempts || !mayRepeat(request, outcome) || wait > maxRetryAfterSeconds) {
        if (outcome instanceof Response) return outcome;
        throw outcome;
      }
      if (outcome instanceof Response) discard(outcome);
      // The named time is the earliest that makes sense, so the jitter comes on top of it.
      await sleep(wait * 1000 + backOff(attempt, this.settings.retry), request.signal);
    }
  };

  /**
   * One attempt, and a second one with a new token if the first was refused.
   * @throws {AlmanacError} `UNCONFIRMED`: a dry run for a key that may have been accepted, by this call or an earlier one
   */
  readonly sendOnce = async (request: Request): Promise<Response> => {
    const key = isCalendar(request) ? request.headers.get("Idempotency-Key") : null;
    if (key === null) return this.authenticated(request);
    const wasSent = this.started.has(key);
    const response = await this.authenticated(request, key);
    if (wasSent && isDryRun(response)) throw unconfirmed(response);
    if (!wasSent && !mayHaveStarted(response)) this.started.delete(key);
    return response;
  };

  private async authenticated(request: Request, key?: string): Promise<Response> {
    const response = await this.fetch(request, key);
    if (response.status !== 401 || !this.settings.renewable || request.headers.has("Authorization")) return response;
    discard(response);
    this.expired = true;
    return this.fetch(request, key);
  }

  private async fetch(request: Request, key: string | undefined): Promise<Response> {
    const prepared = await this.prepare(request);
    if (key !== undefined) this.remember(key);
    try {
      return await this.settings.fetch(prepared);
    } catch (error) {
      request.signal.throwIfAborted();
      throw this.settings.isNetworkFailure(error) ? networkError(error) : error;
    }
  }

  private remember(key: string): void {
    this.started.delete(key);
    this.started.add(key);
    for (const oldest of this.started) {
      if (this.started.size <= KEYS) break;
      this.started.delete(oldest);
    }
  }

  /** A copy: a request can be sent once only. */
  private async prepare(request: Request): Promise<Request> {
    const copy = request.clone();
    const { credentials, getToken } = this.settings;
    const user = startsSession(request) ? undefined : this.settings.expectedUser();
    if (user !== undefined) copy.headers.set("X-Expected-User", user);
    if (credentials !== undefined && !SAFE.has(request.method)) copy.headers.set("X-Requested-With", "XMLHttpRequest");
    if (getToken !== undefined && !request.headers.has("Authorization")) {
      const token = await whileWanted(Promise.resolve(getToken({ expired: this.expired })), request.signal);
      this.expired = false;
      if (token) copy.headers.set("Authorization", bearer(token));
    }
    return copy;
  }
}

/** A source of tokens may never answer: a caller who gives up is not kept. */
async function whileWanted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let giveUp: () => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => {
      reject(signal.reason as Error);
    };
  });
  signal.addEventListener("abort", giveUp);
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** It may be another user's: then it changes who the user is. */
function startsSession({ method, url }: Request): boolean {
  return method === "POST" && new URL(url).pathname.endsWith("/v1/session");
}

/** Gives a body up, which may have failed already. */
function discard({ body }: Response): void {
  body?.cancel().catch(() => undefined);
}

/** Checked here, because the error of `Headers` would repeat the token. */
function bearer(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token.trim())) return `Bearer ${token.trim()}`;
  throw new AlmanacError({
    status: 0,
    code: "INVALID_TOKEN",
    message: "the token has characters that no header takes",
  });
}

/** Bounds what is held by a server that runs for long. */
const KEYS = 1_000;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** The service has refused the request without acting on it. */
const REFUSED = new Set([408, 429, 503]);
/** It may have acted. */
const UNCERTAIN = new Set([500, 502, 504]);

/** Whether the answer is that of an accepted request, of one that its twin holds up, or of an error that came at any moment. */
function mayHaveStarted(response: Response): boolean {
  const { status, headers } = response;
  if (headers.has("Location") || isInProgress(response)) return true;
  return status >= 500 && status !== 503;
}

/** A calendar is the one that is answered by a dry run. */
function isCalendar({ method, url }: Request): boolean {
  return method === "POST" && new URL(url).pathname.endsWith("/v1/ai/calendar");
}

/** An accepted request has a job, whose address is in `Location`. */
function isDryRun({ ok, headers }: Response): boolean {
  return ok && !headers.has("Location");
}

function isInProgress({ status, headers }: Response): boolean {
  return status === 409 && headers.get("X-Error-Code") === "IDEMPOTENCY_IN_PROGRESS";
}

/** A service without its store answers a dry run, also to a repetition of what it has accepted. */
function unconfirmed(response: Response): AlmanacError {
  discard(response);
  return new AlmanacError({
    status: 0,
    code: "UNCONFIRMED",
    message: "the service cannot look up whether an earlier attempt was accepted",
    retryable: true,
  });
}

function mayRepeat(request: Request, outcome: Response | AlmanacError): boolean {
  const repeatable =
    ["GET", "HEAD", "PUT", "DELETE"].includes(request.method) || request.headers.has("Idempotency-Key");
  if (!(outcome instanceof Response)) return repeatable && outcome.retryable;
  if (outcome.status === 409) return isInProgress(outcome);
  return REFUSED.has(outcome.status) || (repeatable && UNCERTAIN.has(outcome.status));
}
