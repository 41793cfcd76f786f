// The idempotency keys of generations whose outcome is not known. A person who asks for the same again, because the answer
// was lost, gets the calendar that may have been started, and not a second one.
import { isAlmanacError, type StreamOptions } from "@almanac/client";
import type { CalendarRequest } from "./almanac";
import { StartStore } from "./start-store";

/** Opens the stream of a start under its key. */
type OpenStart<T> = (key: string, options: StreamOptions) => AsyncIterable<T>;

export class UnansweredStarts {
  private readonly store: StartStore;

  constructor(storage: () => Storage = () => window.localStorage) {
    this.store = new StartStore(storage);
  }

  /** Whether a start of this user has no answer yet. */
  has(user: string | undefined): boolean {
    return this.store.names().some((name) => name.startsWith(prefixOf(user)));
  }

  /** The events of a start. Its key lives until they come, or a refusal says that nothing was started under it. */
  async *start<T>(
    user: string | undefined,
    request: CalendarRequest,
    options: StreamOptions,
    open: OpenStart<T>,
  ): AsyncGenerator<T> {
    const name = prefixOf(user) + (await digestOf(request));
    const earlier = this.store.find(name);
    const { key } = earlier ?? this.put(name);
    let mayHaveStarted = earlier !== undefined;
    const onInterrupt: StreamOptions["onInterrupt"] = (interruption) => {
      mayHaveStarted ||= !isRefusal(interruption.error);
      options.onInterrupt?.(interruption);
    };
    let isAnswered = false;
    try {
      for await (const event of open(key, { ...options, onInterrupt })) {
        if (!isAnswered) this.store.remove(name);
        isAnswered = true;
        yield event;
      }
    } catch (error) {
      if (mayHaveStarted ? isOfTheStart(error) : isRefusal(error)) this.store.remove(name);
      throw error;
    }
  }

  private put(name: string): { key: string } {
    const start = { key: newKey(), at: Date.now() };
    this.store.put(name, start);
    return start;
  }
}

/** Whether nothing was started by the request that was answered so. */
function isRefusal(error: unknown): boolean {
  if (!isAlmanacError(error) || error.code === IN_PROGRESS) return false;
  // This app's own routes say so when they could not connect.
  return error.code === "SERVICE_UNREACHABLE" || (error.status >= 400 && error.status < 500);
}

/** Whether nothing was started under the key at all. Other refusals, such as 401, come before the key is looked at. */
function isOfTheStart(error: unknown): boolean {
  return isAlmanacError(error) && error.code !== IN_PROGRESS && [400, 404, 409, 422].includes(error.status);
}

/** Another request with this key has no answer yet. */
const IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS";

function prefixOf(user: string | undefined): string {
  return `${user ?? ""}:`;
}

/** Keeps the texts of a request out of the storage, except in pages without TLS, which have no `crypto.subtle`. */
async function digestOf(request: CalendarRequest): Promise<string> {
  const json = JSON.stringify(request);
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return json;
  return hex(new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(json))));
}

/** Pages without TLS have no `crypto.randomUUID`. */
function newKey(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
