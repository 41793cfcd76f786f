// The user's token: in a cookie that scripts cannot read, or of the server's environment for a demo with one user.
import { cookies } from "next/headers";

export const TOKEN_COOKIE = "almanac_token";

/** The token for a request to the proxy. A real app takes it from its own session. */
export async function tokenOf(): Promise<string | undefined> {
  return (await cookies()).get(TOKEN_COOKIE)?.value ?? process.env["ALMANAC_TOKEN"];
}

/** The user of a token, as it says: whether that is true the service decides. */
export function userOf(token: string): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sub?: unknown };
    return typeof claims.sub === "string" ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}
