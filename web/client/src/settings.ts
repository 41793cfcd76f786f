// What a caller configures, and the values used where it does not.

/** Asked for a token before each request. `expired` is true if the service refused the last one. */
export type GetToken = (request: {
  expired: boolean;
}) => string | null | undefined | Promise<string | null | undefined>;

export interface RetrySettings {
  /** Attempts of one call, the first included. Default 4. */
  attempts?: number;
  /** Attempts in a row to resume a stream that bring no new event; heartbeats are none. Default 12. */
  reconnects?: number;
  /** Upper limit of the first pause, doubled for each further one. Default 500. */
  baseMs?: number;
  /** Upper limit of any pause that the client chooses. Default 10,000. */
  maxMs?: number;
  /** A call whose `Retry-After` is longer fails at once, with `retryAfter` in the error. Default 20. */
  maxRetryAfterSeconds?: number;
}

export interface AlmanacOptions {
  /** Origin of the service, or of a proxy with its prefix; `/v1` is appended. Default: the page's own origin. */
  baseUrl?: string;
  /** A token that stays the same. */
  token?: string;
  /** A source of tokens; asked again with `expired: true` after a token was refused. */
  getToken?: GetToken;
  /** Authenticates with the session cookie, and marks requests as the service demands for it. */
  credentials?: "include" | "same-origin";
  /**
   * The id of the user whom the calling page was made for. The service refuses requests whose credentials are another
   * user's (403 `OTHER_USER`): all tabs of a browser share one cookie. The start of a session is not checked.
   */
  expectedUser?: () => string | undefined;
  /** Further headers of each request. */
  headers?: Record<string, string>;
  /** Default: the global `fetch`, looked up at each call. A failed connection rejects as the global `fetch` does. */
  fetch?: (request: Request) => Promise<Response>;
  retry?: RetrySettings;
  /** A stream without a byte for so long counts as cut: the service sends a heartbeat every 15 s. Default 45,000. */
  idleMs?: number;
}

export interface Settings {
  baseUrl: string;
  headers: Record<string, string>;
  credentials: "include" | "same-origin" | undefined;
  getToken: GetToken | undefined;
  expectedUser: () => string | undefined;
  /** Whether a refused token can be replaced. */
  renewable: boolean;
  fetch: (request: Request) => Promise<Response>;
  /** Whether an error of `fetch` is that of a connection, and not a mistake in a function of the caller. */
  isNetworkFailure: (error: unknown) => boolean;
  retry: Required<RetrySettings>;
  idleMs: number;
}

/** The `fetch` of any runtime reports all failures of the network as a `TypeError`. */
const isTypeError = (error: unknown): error is TypeError => error instanceof TypeError;

/** How the message begins in Node.js, Deno, Cloudflare, Chrome, Firefox, Safari and ponyfills. */
const FETCH_FAILURES = [
  "fetch failed",
  "terminated",
  "error sending request",
  "network connection lost",
  "failed to fetch",
  "network error",
  "networkerror",
  "load failed",
  "the network connection",
  "the internet connection",
  "could not connect",
  "network request failed",
];

/** The same error out of a function of the caller, whose own mistakes are often a `TypeError` too. */
function isFetchFailure(error: unknown): boolean {
  if (!isTypeError(error)) return false;
  const message = error.message.toLowerCase();
  return FETCH_FAILURES.some((beginning) => message.startsWith(beginning));
}

export function settingsOf(options: AlmanacOptions): Settings {
  const { token, getToken, credentials } = options;
  return {
    baseUrl: `${(options.baseUrl ?? "").replace(/\/+$/, "")}/v1`,
    headers: options.headers ?? {},
    credentials,
    getToken: getToken ?? (token === undefined ? undefined : () => token),
    renewable: getToken !== undefined,
    expectedUser: options.expectedUser ?? (() => undefined),
    fetch: options.fetch ?? ((request) => globalThis.fetch(request)),
    isNetworkFailure: options.fetch === undefined ? isTypeError : isFetchFailure,
    retry: {
      attempts: 4,
      reconnects: 12,
      baseMs: 500,
      maxMs: 10_000,
      maxRetryAfterSeconds: 20,
      ...options.retry,
    },
    idleMs: options.idleMs ?? 45_000,
  };
}
