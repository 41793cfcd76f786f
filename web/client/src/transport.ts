// What every request has in common: authentication, the mark of cookie clients, and repetition where that is safe.
import { AlmanacError, isAlmanacError, networkError, retryAfterOf } from "./error.js";
import { backOff, sleep } from "./pause.js";
import type { Settings } from "./settings.js";

/** Sends requests with the caller's token. One instance a client, because it remembers that a token was refused. */
export class Transport {
  private expired = false;

  constructor(private readonly settings: Settings) {}

  /** The next request asks for a new token. */
  tokenExpired(): void {
    this.expired = true;
  }

  /** Repeats a request until its outcome is final, a pause would be too long, or the attempts are used up. */
  readonly send = async (request: Request): Promise<Response> => {
    const { attempts, maxRetryAfterSeconds } = this.settings.retry;
    for (let attempt = 1, mayHaveStarted = false; ; attempt++) {
      const answer = await this.sendOnce(request).catch((error: unknown) => {
        if (isAlmanacError(error)) return error;
        throw error;
      });
      const outcome = mayHaveStarted && isDryRun(request, answer) ? unconfirmed(answer) : answer;
      mayHaveStarted ||= mayHaveActed(outcome);
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

  /** One attempt, and a second one with a new token if the first was refused. */
  readonly sendOnce = async (request: Request): Promise<Response> => {
    const response = await this.fetch(request);
    if (response.status !== 401 || !this.settings.renewable || request.headers.has("Authorization")) return response;
    discard(response);
    this.expired = true;
    return this.fetch(request);
  };

  private async fetch(request: Request): Promise<Response> {
    const prepared = await this.prepare(request);
    try {
      return await this.settings.fetch(prepared);
    } catch (error) {
      request.signal.throwIfAborted();
      throw this.settings.isNetworkFailure(error) ? networkError(error) : error;
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
      const token = await getToken({ expired: this.expired });
      this.expired = false;
      if (token) copy.headers.set("Authorization", bearer(token));
    }
    return copy;
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

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** The service has refused the request without acting on it. */
const REFUSED = new Set([408, 429, 503]);
/** It may have acted. */
const UNCERTAIN = new Set([500, 502, 504]);

/** Whether a request may have started something in spite of its answer. */
function mayHaveActed(outcome: Response | AlmanacError): boolean {
  if (!(outcome instanceof Response)) return outcome.retryable;
  return outcome.status >= 500 && (outcome.status !== 503 || outcome.headers.has("Location"));
}

/** An accepted request for a calendar has a job, whose address is in `Location`. */
function isDryRun({ method, url }: Request, outcome: Response | AlmanacError): outcome is Response {
  const isCalendar = method === "POST" && new URL(url).pathname.endsWith("/v1/ai/calendar");
  return isCalendar && outcome instanceof Response && outcome.ok && !outcome.headers.has("Location");
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
  if (outcome.status === 409) return outcome.headers.get("X-Error-Code") === "IDEMPOTENCY_IN_PROGRESS";
  return REFUSED.has(outcome.status) || (repeatable && UNCERTAIN.has(outcome.status));
}
