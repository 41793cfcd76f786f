// The idempotency key of a generation. It lives until the outcome is known: a person who asks for the same again, because the
// answer was lost, gets the calendar that may have been started, and not a second one.
import { isAlmanacError } from "@almanac/client";
import type { CalendarRequest } from "./almanac";

export class StartKey {
  private unanswered: { request: string; key: string } | undefined;

  keyOf(request: CalendarRequest): string {
    const text = JSON.stringify(request);
    if (this.unanswered?.request !== text) this.unanswered = { request: text, key: newKey() };
    return this.unanswered.key;
  }

  /** Forgets the key once events come, or a refusal says that nothing was started. */
  async *settling<T>(events: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      for await (const event of events) {
        this.unanswered = undefined;
        yield event;
      }
    } catch (error) {
      if (isRefusal(error)) this.unanswered = undefined;
      throw error;
    }
  }
}

function isRefusal(error: unknown): boolean {
  return isAlmanacError(error) && error.status >= 400 && error.status < 500 && !error.retryable;
}

/** Pages without TLS have no `crypto.randomUUID`. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
