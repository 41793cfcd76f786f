// Users of the tests: each test makes its own.
import { createHmac, randomUUID } from "node:crypto";
import { createAlmanac, type Almanac } from "@almanac/client";
import { inject } from "vitest";

/** The service accepts a token for so long after its `exp`. */
export const LEEWAY_SECONDS = 30;

export interface Person {
  id: string;
  token: string;
  /** The person's calls at the service itself, past any page. */
  almanac: Almanac;
}

export function person(): Person {
  const id = randomUUID();
  const token = tokenOf(id);
  return { id, token, almanac: client(token) };
}

/** A token of a person that the service accepts for this number of seconds. */
export function tokenOf(id: string, seconds = 3_600): string {
  return sign({ sub: id, role: "authenticated", aud: "authenticated", exp: now() + seconds - LEEWAY_SECONDS });
}

/** An operator's calls. */
export function operator(): Almanac {
  return client(sign({ role: "service_role", exp: now() + 3_600 }));
}

function client(token: string): Almanac {
  return createAlmanac({ baseUrl: inject("addresses").api, token });
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function sign(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", inject("addresses").secret).update(text).digest("base64url")}`;
}
