// Why a request is not served, in the envelope that the service uses. It never holds the cause.

export interface Detail {
  loc: (string | number)[];
  msg: string;
  type: string;
}

export interface RefusalFields {
  status: number;
  /** `UPPER_SNAKE`. */
  code: string;
  /** Message for people. */
  message: string;
  details?: Detail[];
  /** Whether the same request may succeed later. */
  retryable?: boolean;
  retryAfterSeconds?: number;
  headers?: Record<string, string>;
}

export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(readonly fields: RefusalFields) {
    super(fields.message);
  }

  toResponse(requestId: string): Response {
    const { status, code, message, details = [], retryable = false, retryAfterSeconds, headers } = this.fields;
    const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    const error = { code, message, details, retryable, ...wait };
    const more = {
      "X-Error-Code": code,
      ...(retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) }),
      ...headers,
    };
    return answer({ data: null, error, meta: { requestId } }, { requestId, status, headers: more });
  }
}

interface AnswerInit {
  requestId: string;
  status?: number;
  headers?: Record<string, string>;
}

/** A JSON answer with the headers that the service sends with one. */
export function answer(envelope: object, { requestId, status = 200, headers = {} }: AnswerInit): Response {
  const usual = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Request-Id": requestId,
  };
  return new Response(JSON.stringify(envelope), { status, headers: { ...usual, ...headers } });
}

/** 400: the body does not match the schema. */
export function flawed(details: Detail[]): Refusal {
  return new Refusal({
    status: 400,
    code: "VALIDATION_FAILED",
    message: "the request does not match the schema",
    details,
  });
}

/** 422: a well-formed request that a rule refuses. */
export function ruledOut(code: string, field: string, message: string): Refusal {
  return new Refusal({ status: 422, code, message, details: [{ loc: ["body", field], msg: message, type: "rule" }] });
}
