// Requests to the service. What can be told apart here decides everything else: answered, certainly not received, or
// possibly received. Only the second may ever be answered by something else.
import type { Settings } from "./options.js";

/** A request as it is sent on, repeatable because its body is held. */
export interface Sending {
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer> | undefined;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
  /** Milliseconds until the answer must have begun, or ended if it is read whole. */
  timeoutMs: number;
  /** Whether the answer is short and read whole before it counts. */
  whole?: boolean;
}

export type Outcome =
  | { kind: "answered"; response: Response }
  /** No connection was made, so no byte was sent. */
  | { kind: "unreachable" }
  /** The request may have been received, and even carried out. */
  | { kind: "unanswered"; timedOut: boolean }
  /** The client closed its connection. */
  | { kind: "left" };

/** Errors from before the first byte of a request, by their codes in Node.js. Any other may have come later. */
const BEFORE_SENDING = new Set([
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "ERR_INVALID_URL",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export async function send(settings: Settings, sending: Sending): Promise<Outcome> {
  const base = settings.url();
  if (base === undefined) return { kind: "unreachable" };
  const { method, path, headers, body, signal, timeoutMs } = sending;
  const hasLeft = () => signal.aborted;
  if (hasLeft()) return { kind: "left" };
  const abort = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    abort.abort();
  }, timeoutMs);
  // Not `AbortSignal.any`, which the oldest Node.js 20 and edge runtimes lack.
  const leave = () => {
    abort.abort();
  };
  signal.addEventListener("abort", leave);
  try {
    const response = await settings.fetch(base + path, {
      method,
      // A compressed answer would be held back until there is enough to compress.
      headers: { ...headers, "Accept-Encoding": "identity" },
      signal: abort.signal,
      cache: "no-store",
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
    });
    if (await wasPassedOn(response)) return { kind: "unanswered", timedOut: false };
    return { kind: "answered", response: sending.whole ? await readWhole(response) : response };
  } catch (error) {
    if (hasLeft()) return { kind: "left" };
    return isBeforeSending(error) ? { kind: "unreachable" } : { kind: "unanswered", timedOut };
  } finally {
    clearTimeout(timer);
  }
}

/** Reasons of Envoy for a connection that it could not make. */
const NOT_CONNECTED = /reset reason: (remote |local )?connection (failure|timeout)|reset reason: overflow/;

/**
 * Whether a 503 is that of a mesh whose service died after it had got the request. Envoy answers so where other proxies
 * answer 502, and names the reason in its text; one that names none may have passed it on.
 */
async function wasPassedOn(response: Response): Promise<boolean> {
  const { status, headers } = response;
  if (status !== 503 || headers.has("X-Error-Code") || !headers.get("Content-Type")?.startsWith("text/plain"))
    return false;
  const text = await response.clone().text();
  return text.includes("upstream connect error") && !NOT_CONNECTED.test(text);
}

async function readWhole({ status, headers, body }: Response): Promise<Response> {
  const bytes = body === null ? null : await new Response(body).arrayBuffer();
  return new Response(bytes, { status, headers });
}

/** `fetch` hides the reason in `cause`; with several addresses each attempt has its own. */
function isBeforeSending(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  if ("errors" in error && Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.every(isBeforeSending);
  }
  if ("code" in error && typeof error.code === "string") return BEFORE_SENDING.has(error.code);
  return "cause" in error && isBeforeSending(error.cause);
}
