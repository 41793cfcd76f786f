// Lets requests wait for a sign-in: a request that the service refuses for want of a valid token is sent again when the
// person has signed in, so that neither a page nor what was typed in it is lost.
import { Observable } from "../saving/observable";

export class Gate {
  /** Whether requests wait for a sign-in. */
  readonly isClosed = new Observable(false);
  private waiting: (() => void)[] = [];

  /** Resolves after the next sign-in. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.isClosed.set(true);
    await new Promise<void>((resolve, reject) => {
      this.waiting.push(resolve);
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
      });
    });
  }

  close(): void {
    this.isClosed.set(true);
  }

  /** Lets all requests go on. */
  open(): void {
    const resumed = this.waiting;
    this.waiting = [];
    this.isClosed.set(false);
    for (const resume of resumed) resume();
  }

  /** Wraps `fetch`. Requests about the session itself never wait. */
  readonly fetch = async (request: Request): Promise<Response> => {
    for (;;) {
      const copy = request.clone();
      const response = await globalThis.fetch(copy);
      if (response.status !== 401 || new URL(request.url).pathname.endsWith("/session")) return response;
      await response.body?.cancel();
      await this.wait(request.signal);
    }
  };
}
