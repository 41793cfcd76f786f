// Keys of what is remembered: secrets must not stay in memory for longer than their request.

/** SHA-256 in hexadecimal digits, by the Web Crypto of Node.js and of edge runtimes. */
export async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
