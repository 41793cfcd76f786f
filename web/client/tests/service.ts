// A service with scripted answers, in place of `fetch`.
import { vi } from "vitest";

type Script = (request: Request) => Response | Promise<Response>;

export interface ScriptedService {
  fetch: (request: Request) => Promise<Response>;
  requests: Request[];
}

/** Answers each request with the next script; one more request than that fails the test. */
export function service(...scripts: Script[]): ScriptedService {
  const requests: Request[] = [];
  return {
    requests,
    fetch: async (request) => {
      const script = scripts[requests.length];
      requests.push(request.clone());
      if (script === undefined) throw new Error(`unexpected request: ${request.method} ${request.url}`);
      return script(request);
    },
  };
}

export function success(data: unknown, init: ResponseInit = {}): Script {
  return () => Response.json({ data, error: null, meta: { requestId: "request-1" } }, init);
}

export function refusal(status: number, error: object, headers: Record<string, string> = {}): Script {
  const code = "code" in error && typeof error.code === "string" ? { "X-Error-Code": error.code } : {};
  const body = {
    data: null,
    error: { message: "refused", details: [], retryable: false, ...error },
    meta: { requestId: "request-1" },
  };
  return () => Response.json(body, { status, headers: { ...code, ...headers } });
}

/** No connection: what `fetch` throws then. */
export const unreachable: Script = () => Promise.reject(new TypeError("fetch failed"));

export type Ending = "closed" | "cut" | "open";

interface Stream {
  chunks: (string | Uint8Array)[];
  ending?: Ending;
  headers?: Record<string, string>;
  onCancel?: () => void;
  /** Called when everything of an open stream has been read, and more is waited for. */
  onIdle?: () => void;
}

export function sse(stream: Stream): Script {
  return () => streamed("text/event-stream; charset=utf-8", stream);
}

export function ndjson(stream: Stream): Script {
  return () => streamed("application/x-ndjson", stream);
}

function streamed(type: string, { chunks, ending = "closed", headers = {}, onCancel, onIdle }: Stream): Response {
  const rest = chunks.map((chunk) => (typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = rest.shift();
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (ending === "closed") controller.close();
      else if (ending === "cut") controller.error(new TypeError("terminated"));
      else onIdle?.();
    },
    cancel: () => onCancel?.(),
  });
  return new Response(body, { headers: { "Content-Type": type, ...headers } });
}

export function frame(seq: number, type: string, data: unknown): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The text in pieces of one byte. */
export function bytes(text: string): Uint8Array[] {
  return Array.from(new TextEncoder().encode(text), (byte) => Uint8Array.of(byte));
}

/** Pauses between attempts take no time. */
export function withoutJitter(): void {
  vi.spyOn(Math, "random").mockReturnValue(0);
}

export async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const event of events) found.push(event);
  return found;
}

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error,
  );
}
