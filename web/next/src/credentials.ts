// Who calls. Tokens are passed on, never checked here: the service decides. Their `sub` is read for the log only.
import { isUuid } from "./calendar-request.js";
import { digest } from "./digest.js";
import type { Settings } from "./options.js";
import { Refusal } from "./refusal.js";

const SESSION_COOKIE = "almanac_session";

export interface Credentials {
  /** Headers for the service. */
  headers: Record<string, string>;
  /** Whether the browser attached them without the page's doing, so that another site could have caused the request. */
  ambient: boolean;
  /** Distinguishes callers: a digest of the secret; empty without credentials. */
  caller: string;
  /** The unverified `sub` of the token. */
  userId: string | null;
}

/**
 * An `Authorization` header alone decides, as at the service.
 * @throws {Refusal} 401, for a token of the app that no header takes
 */
export async function credentialsOf(request: Request, settings: Settings): Promise<Credentials> {
  const authorization = request.headers.get("Authorization");
  if (authorization !== null) return credentials({ Authorization: authorization }, authorization, false);
  const token = await settings.getToken(request);
  if (token) return credentials({ Authorization: `Bearer ${checked(token)}` }, token, true);
  const session = cookieOf(request.headers.get("Cookie") ?? "", SESSION_COOKIE);
  // Other cookies are the app's own and none of the service's business.
  if (session !== undefined) return credentials({ Cookie: `${SESSION_COOKIE}=${session}` }, session, true);
  return { headers: {}, ambient: false, caller: "", userId: null };
}

async function credentials(headers: Record<string, string>, secret: string, ambient: boolean): Promise<Credentials> {
  return { headers, ambient, caller: await digest(secret), userId: subjectOf(secret) };
}

/** @throws {Refusal} 401, where nothing that is sent can be a token; 403, as below */
export function checkCaller(credentials: Credentials, request: Headers): void {
  const { Authorization: authorization, Cookie: cookie } = credentials.headers;
  if (authorization === undefined && cookie === undefined) throw unauthenticated("authentication is required");
  if (authorization !== undefined && !/^bearer +\S/i.test(authorization)) {
    throw unauthenticated("the Authorization header is no bearer token");
  }
  checkExpectedUser(credentials, request);
}

/** @throws {Refusal} 403, for the token of another user than is expected */
export function checkExpectedUser(credentials: Credentials, request: Headers): void {
  const expected = request.get("X-Expected-User")?.toLowerCase();
  const user = credentials.userId?.toLowerCase();
  if (expected !== undefined && user !== undefined && user !== expected) throw otherUser();
}

function unauthenticated(message: string): Refusal {
  return new Refusal({ status: 401, code: "UNAUTHENTICATED", message, headers: { "WWW-Authenticate": "Bearer" } });
}

function otherUser(): Refusal {
  const message = "the credentials are not those of the user in X-Expected-User";
  return new Refusal({ status: 403, code: "OTHER_USER", message });
}

/** Checked here, because `fetch` would repeat the token in its error. */
function checked(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token.trim())) return token.trim();
  throw unauthenticated("the token has characters that no header takes");
}

/** An empty cookie is none, as at the service. */
function cookieOf(header: string, name: string): string | undefined {
  const pairs = header.split(";").map((pair) => pair.trim());
  const values = pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
  return values.find((value) => value !== "");
}

function subjectOf(secret: string): string | null {
  const payload = secret.split(".")[1];
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    const sub = typeof claims === "object" && claims !== null && "sub" in claims ? claims.sub : null;
    return isUuid(sub) ? sub : null;
  } catch {
    return null;
  }
}
