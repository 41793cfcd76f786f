// Whose an access token is, as far as it says so itself. Only the service can tell whether that is true.

/** Nothing if it cannot be read. */
export function userOf(token: string): string | undefined {
  const [, claims = ""] = token.split(".");
  try {
    const { sub } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))) as { sub?: unknown };
    return typeof sub === "string" ? sub.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
