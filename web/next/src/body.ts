// The body of a request. It is held in memory, because it may have to be sent twice; answers never are.
import { isChannel, isUuid } from "./calendar-request.js";
import { Refusal } from "./refusal.js";
import type { ProxyEvent } from "./report.js";

/** As much as the service takes. */
const MOST_BYTES = 256 * 1024;

/** As long as the service waits for it. */
const LONGEST_MS = 30_000;

/** @throws {Refusal} 408, 413 */
export async function readBody(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === null) return undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = "the body did not arrive within 30 s";
      reject(new Refusal({ status: 408, code: "BODY_TIMEOUT", message, retryable: true }));
    }, LONGEST_MS);
  });
  try {
    return await Promise.race([readWhole(body), limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function readWhole(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > MOST_BYTES) {
      // The rest is of no interest, nor is whether it could be given up.
      reader.cancel().catch(() => undefined);
      throw new Refusal({ status: 413, code: "BODY_TOO_LARGE", message: "the body is larger than 256 KiB" });
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return length === 0 ? undefined : whole;
}

/** What the log says about a body: never more than names of channels and the id of a calendar. */
export function describe(body: Uint8Array | undefined): Partial<Pick<ProxyEvent, "channel" | "calendarId">> {
  const fields = parsed(body);
  const { channel, channels, calendarId, placements } = fields;
  const named = [channel, ...list(channels), ...list(placements).map(platformOf)].filter(isChannel);
  return {
    ...(named.length > 0 ? { channel: [...new Set(named)].slice(0, 8).join(",") } : {}),
    ...(isUuid(calendarId) ? { calendarId } : {}),
  };
}

function parsed(body: Uint8Array | undefined): Record<string, unknown> {
  try {
    const value: unknown = body === undefined ? null : JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function platformOf(placement: unknown): unknown {
  return typeof placement === "object" && placement !== null && "platform" in placement ? placement.platform : null;
}
