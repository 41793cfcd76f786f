// Bytes of a response to events. Both encodings give the same objects: the form of an NDJSON line.
import { createParser } from "eventsource-parser";
import { AlmanacError } from "./error.js";

/** An event as it came, before its type is known. */
export interface RawEvent {
  type: string;
  seq?: number;
  [field: string]: unknown;
}

export interface Decoding {
  signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which the connection counts as dead. */
  idleMs: number;
  /** Called with the pause in milliseconds that the service asks for before a reconnect. */
  onRetry?: (ms: number) => void;
}

/**
 * Characters of an unfinished event that are held. The largest event is the diff of a run: 200 entries before and after
 * it, each with all of its fields at their limits, have about 29 million.
 */
const LONGEST_EVENT = 32 * 1024 * 1024;

/** The events of a response. An event that the end of the response cuts is left out. */
export async function* decode(response: Response, decoding: Decoding): AsyncGenerator<RawEvent, void, undefined> {
  const type = (response.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase();
  const body = response.body;
  const parse = type === "text/event-stream" ? sse(decoding) : type === "application/x-ndjson" ? ndjson() : undefined;
  if (parse === undefined || body === null) {
    body?.cancel().catch(() => undefined);
    throw new AlmanacError({
      status: response.status,
      code: "UNEXPECTED_ANSWER",
      message: `the answer is no stream of events but ${type ? type : "without a type"}`,
      requestId: response.headers.get("X-Request-Id") ?? undefined,
    });
  }
  const text = new TextDecoder();
  for await (const chunk of chunks(body, decoding)) yield* parse(text.decode(chunk, { stream: true }));
}

/** Takes the next piece of text; returns the events that it completes. */
type Parse = (text: string) => RawEvent[];

function sse({ onRetry }: Decoding): Parse {
  let found: RawEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      const seq = Number(id || undefined);
      found.push({ ...fieldsOf(data), type: event ?? "message", ...(Number.isSafeInteger(seq) ? { seq } : {}) });
    },
    maxBufferSize: LONGEST_EVENT,
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") throw tooLong();
    },
    ...(onRetry === undefined ? {} : { onRetry }),
  });
  return (text) => {
    found = [];
    parser.feed(text);
    return found;
  };
}

function ndjson(): Parse {
  // Joined once, when the line ends: joining at each piece would copy a long line again and again.
  let pieces: string[] = [];
  let held = 0;
  return (text) => {
    const [end = "", ...others] = text.split("\n");
    const rest = others.pop();
    pieces.push(end);
    held += end.length;
    if (rest === undefined) {
      if (held > LONGEST_EVENT) throw tooLong();
      return [];
    }
    const lines = [pieces.join(""), ...others];
    [pieces, held] = [[rest], rest.length];
    return lines.filter((line) => line.trim() !== "").map((line) => eventOf(fieldsOf(line)));
  };
}

/** Another connection would bring the same event, so it is not retryable. */
function tooLong(): AlmanacError {
  const message = `an event of the stream is longer than ${LONGEST_EVENT} characters`;
  return new AlmanacError({ status: 0, code: "UNEXPECTED_ANSWER", message });
}

function eventOf(fields: Record<string, unknown>): RawEvent {
  return { ...fields, type: typeof fields["type"] === "string" ? fields["type"] : "message" };
}

function fieldsOf(json: string): Record<string, unknown> {
  const value: unknown = JSON.parse(json);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return { data: value };
}

/** A stream in Safari is not iterable, so it is read by hand. Leaving the loop closes the connection. */
async function* chunks(
  body: ReadableStream<Uint8Array>,
  { idleMs, signal }: Decoding,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), idleMs, signal);
      if (done) return;
      yield value;
    }
  } finally {
    // The connection may be gone already.
    reader.cancel().catch(() => undefined);
  }
}

/** A connection without a sign of life. */
export class SilenceError extends Error {}

/** Rejects if the promise takes longer, or with the signal's reason. */
export async function within<T>(promise: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  // It may reject after this function has thrown, and a rejection that nothing handles ends a Node.js process.
  promise.catch(() => undefined);
  signal?.throwIfAborted();
  let stop = (): void => undefined;
  const limit = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      reject(new SilenceError(`nothing came for ${ms} ms`));
    }, ms);
    const abort = () => {
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", abort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    stop();
  }
}
