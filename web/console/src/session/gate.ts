// Lets requests wait for a sign-in: a request that the service refuses for want of a valid token of this page's user is sent
// again when the person has signed in, so that neither a page nor what was typed in it is lost.
import { AlmanacError } from "@almanac/client";
import { Observable } from "../saving/observable";

/** Why requests wait: the session has ended, or another user has signed in since, in another tab of this browser. */
export type Closed = "ended" | "other-user";

/** No request of the console takes the service so long. */
const ANSWER_MS = 20_000;
/** From then on the person is told. */
const SLOW_MS = 4_000;

export class Gate {
  /** Set while requests wait for a sign-in. */
  readonly closed = new Observable<Closed | null>(null);
  /** Whether a request has waited long, and none was answered since. */
  readonly isSlow = new Observable(false);
  /** The user whom the page was made for. */
  private user: string | undefined;
  private waiting: (() => void)[] = [];

  readonly expectedUser = (): string | undefined => this.user;

  /** From now on the page belongs to a user. */
  admit(user: string): void {
    this.user = user;
  }

  /** Resolves after the next sign-in. */
  private async wait(closed: Closed, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.closed.set(closed);
    await new Promise<void>((resolve, reject) => {
      this.waiting.push(resolve);
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
      });
    });
  }

  /** The session is about to end. */
  close(): void {
    if (this.closed.get() === null) this.closed.set("ended");
  }

  /** Lets all requests go on. */
  open(): void {
    const resumed = this.waiting;
    this.waiting = [];
    this.closed.set(null);
    for (const resume of resumed) resume();
  }

  /** Wraps `fetch`. Requests about the session itself never wait. */
  readonly fetch = async (request: Request): Promise<Response> => {
    for (;;) {
      const response = await this.answerTo(request.clone());
      const closed = reasonOf(response);
      if (closed === null || new URL(request.url).pathname.endsWith("/session")) return response;
      await response.body?.cancel();
      await this.wait(closed, request.signal);
    }
  };

  /** A connection that went silent fails like one that is cut. What a stream brings later has its own limit. */
  private async answerTo(request: Request): Promise<Response> {
    const silence = new AbortController();
    const slow = setTimeout(() => {
      this.isSlow.set(true);
    }, SLOW_MS);
    const timer = setTimeout(() => {
      silence.abort();
    }, ANSWER_MS);
    try {
      const signal = AbortSignal.any([request.signal, silence.signal]);
      const response = await globalThis.fetch(new Request(request, { signal }));
      this.isSlow.set(false);
      return response;
    } catch (cause) {
      request.signal.throwIfAborted();
      throw new AlmanacError({ status: 0, code: "NETWORK", message: "no answer", retryable: true, cause });
    } finally {
      clearTimeout(slow);
      clearTimeout(timer);
    }
  }
}

function reasonOf({ status, headers }: Response): Closed | null {
  if (status === 401) return "ended";
  return status === 403 && headers.get("X-Error-Code") === "OTHER_USER" ? "other-user" : null;
}
