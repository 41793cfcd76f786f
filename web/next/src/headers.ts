// Which headers pass. Everything that is not named here stays on its side: cookies of the app, addresses of the service.

const REQUEST = [
  "Accept",
  "Content-Encoding",
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "Last-Event-ID",
  "Prefer",
  "X-Expected-User",
  "X-Requested-With",
  "traceparent",
  "tracestate",
];

const ANSWER = [
  "Cache-Control",
  "Content-Disposition",
  "Content-Type",
  "Degraded",
  "ETag",
  "Idempotency-Replayed",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "WWW-Authenticate",
  "X-Dry-Run",
  "X-Error-Code",
];

/** Headers for the service. A POST gets a key if it has none, so that it can be sent twice. */
export function requestHeaders({ method, headers }: Request): Record<string, string> {
  const passed = picked(headers, REQUEST);
  if (method === "POST") passed["Idempotency-Key"] ??= crypto.randomUUID();
  return passed;
}

/** Headers for the client. */
export function answerHeaders(headers: Headers, requestId: string): Headers {
  const passed = new Headers(picked(headers, ANSWER));
  passed.set("X-Request-Id", headers.get("X-Request-Id") ?? requestId);
  // The path of a job, without the service's address.
  const location = headers.get("Location");
  if (location !== null) passed.set("Location", location.replace(/^[a-z]+:\/\/[^/]*/i, ""));
  return passed;
}

function picked(headers: Headers, names: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) found[name] = value;
  }
  return found;
}
