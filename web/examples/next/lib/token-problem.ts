// What a pasted token may look like, and what a person reads about one that cannot be used. Pure.

export type TokenProblem = "missing" | "characters" | "length";

export const TOKEN_PROBLEMS: Record<TokenProblem, string> = {
  missing: "Paste a token first.",
  characters:
    "This is not a token: it has spaces or other characters that no token has. Copy it again, without quotes.",
  length: "This token is too long to be sent. Use one with fewer claims.",
};

/** Browsers drop cookies of more than 4,096 bytes without a word; the rest is for the name. */
const MOST_BYTES = 4_000;

/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

export function tokenProblem(token: string): TokenProblem | undefined {
  if (token === "") return "missing";
  if (!TOKEN.test(token)) return "characters";
  // As it is written into the cookie.
  return encodeURIComponent(token).length > MOST_BYTES ? "length" : undefined;
}

export function isTokenProblem(value: unknown): value is TokenProblem {
  return typeof value === "string" && Object.hasOwn(TOKEN_PROBLEMS, value);
}
