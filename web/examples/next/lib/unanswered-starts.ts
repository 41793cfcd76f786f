// The idempotency keys of generations whose outcome is not known. A person who asks for the same again, because the answer
// was lost, gets the calendar that may have been started, and not a second one.
import { isAlmanacError, newIdempotencyKey, type StreamOptions } from "@almanac/client";
import type { CalendarRequest } from "./almanac";
import { StartStore } from "./start-store";

/** Opens the stream of a start under its key. */
type OpenStart<T> = (key: string, options: StreamOptions) => AsyncIterable<T>;

export class UnansweredStarts {
  private readonly store: StartStore;

  constructor(storage: () => Storage = () => window.localStorage) {
    this.store = new StartStore(storage);
  }

  /** Whether the start of a new calendar of this user has no answer yet. */
  has(user: string | undefined): boolean {
    return this.store.names().some((name) => name.startsWith(prefixOf(user, undefined)));
  }

  /** A run of this user was opened: the start that it came from has its answer. */
  async settle(user: string | undefined, request: CalendarRequest, createdAt: string): Promise<void> {
    const name = await nameOf(user, request);
    const start = this.store.find(name);
    // An older run of the same request is none of its.
    if (start !== undefined && Date.parse(createdAt) > start.at - SKEW_MS) this.store.remove(name);
  }

  /** The events of a start. Its key lives until they come, or a refusal says that nothing was started under it. */
  async *start<T>(
    user: string | undefined,
    request: CalendarRequest,
    options: StreamOptions,
    open: OpenStart<T>,
  ): AsyncGenerator<T> {
    const name = await nameOf(user, request);
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
    const start = { key: newIdempotencyKey(), at: Date.now() };
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

/** The most by which the clocks of a browser and of the service differ. */
const SKEW_MS = 60_000;

async function nameOf(user: string | undefined, { calendarId, ...request }: CalendarRequest): Promise<string> {
  return prefixOf(user, calendarId) + (await digestOf(JSON.stringify(sorted(request))));
}

function prefixOf(user: string | undefined, calendarId: string | null | undefined): string {
  return `${user ?? ""}:${calendarId ?? ""}:`;
}

/** The service returns the fields of a request in an order of its own. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]));
}

/** Keeps the texts of a request out of the storage, except in pages without TLS, which have no `crypto.subtle`. */
async function digestOf(json: string): Promise<string> {
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return json;
  return hex(new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(json))));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
