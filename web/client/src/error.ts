// The one error type of this package: a refusal of the API, an answer that is not from the API, or no answer at all.
import type { Schemas } from "./events.js";

export interface AlmanacErrorFields {
  /** HTTP status; 0 if there was no answer. */
  status: number;
  /**
   * `UPPER_SNAKE` code of the API, or `NETWORK`, `HTTP_<status>`, `STREAM_INTERRUPTED`, `UNEXPECTED_ANSWER`,
   * `INVALID_TOKEN`, `UNCONFIRMED`.
   */
  code: string;
  /** Message for people. */
  message: string;
  details?: Schemas["Detail"][] | undefined;
  retryable?: boolean | undefined;
  /** Seconds after which another attempt makes sense. */
  retryAfter?: number | undefined;
  requestId?: string | undefined;
  channel?: string | undefined;
  active?: Schemas["ActiveJob"] | undefined;
  cause?: unknown;
}

export class AlmanacError extends Error {
  override readonly name = "AlmanacError";
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;
  /**
   * `UPPER_SNAKE` code of the API, or `NETWORK`, `HTTP_<status>`, `STREAM_INTERRUPTED`, `UNEXPECTED_ANSWER`,
   * `INVALID_TOKEN`, `UNCONFIRMED`.
   */
  readonly code: string;
  /** Flaws of the request, each with its place. */
  readonly details: Schemas["Detail"][];
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter: number | undefined;
  /** Id of the request, for the operators' logs. */
  readonly requestId: string | undefined;
  /** The publishing channel that was refused. */
  readonly channel: string | undefined;
  /** The job that conflicts with the request. */
  readonly active: Schemas["ActiveJob"] | undefined;

  constructor(fields: AlmanacErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.status = fields.status;
    this.code = fields.code;
    this.details = fields.details ?? [];
    this.retryable = fields.retryable ?? false;
    this.retryAfter = fields.retryAfter;
    this.requestId = fields.requestId;
    this.channel = fields.channel;
    this.active = fields.active;
  }
}

/** Also true for an error of another copy of this package, which `instanceof` is not. */
export function isAlmanacError(error: unknown): error is AlmanacError {
  return error instanceof Error && error.name === "AlmanacError" && "code" in error && "status" in error;
}

/** The error of a response, whose body was read before: the envelope of the API, or whatever a proxy sent instead. */
export function errorOf(response: Response, body: unknown): AlmanacError {
  const { status, headers } = response;
  const envelope = isEnvelope(body) ? body : undefined;
  const refusal = envelope?.error;
  return new AlmanacError({
    status,
    code: refusal?.code ?? headers.get("X-Error-Code") ?? `HTTP_${status}`,
    message: refusal?.message ?? `the answer was HTTP ${status}`,
    details: refusal?.details,
    retryable: refusal?.retryable ?? TEMPORARY.has(status),
    retryAfter: retryAfterOf(response) ?? refusal?.retryAfterSeconds,
    requestId: envelope?.meta?.requestId ?? headers.get("X-Request-Id") ?? undefined,
    channel: refusal?.channel,
    active: refusal?.active,
  });
}

/** The error of a request without an answer. */
export function networkError(cause: unknown): AlmanacError {
  return new AlmanacError({
    status: 0,
    code: "NETWORK",
    message: "the service could not be reached",
    retryable: true,
    cause,
  });
}

/** Seconds to wait: `Retry-After`, or the reset of the limit that refused the request. */
export function retryAfterOf({ status, headers }: Response): number | undefined {
  const value = headers.get("Retry-After");
  if (value !== null) {
    const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
    if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds));
  }
  const reset = /;\s*t=(\d+)/.exec(headers.get("RateLimit") ?? "")?.[1];
  return status === 429 && reset !== undefined ? Number(reset) : undefined;
}

const TEMPORARY = new Set([408, 429, 502, 503, 504]);

function isEnvelope(body: unknown): body is { error: Schemas["ErrorBody"]; meta?: { requestId?: string } } {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string";
}
