// Typed calls by openapi-fetch: the raw client, and the same calls with the envelope opened and refusals thrown.
import createClient, { type Client, type FetchResponse, type MaybeOptionalInit } from "openapi-fetch";
import { AlmanacError, errorOf, networkError } from "./error.js";
import type { Schemas } from "./events.js";
import type { paths } from "./generated/api.js";
import { KEYED_PATHS } from "./generated/contract.js";
import { newIdempotencyKey } from "./key.js";
import type { Settings } from "./settings.js";

type Method = "get" | "put" | "post" | "patch" | "delete";
type Json = "application/json";

/** Paths that have the method. */
export type PathOf<M extends Method> = {
  [Path in keyof paths]: paths[Path] extends Record<M, { responses: object }> ? Path : never;
}[keyof paths];

/** The value of a success: `data` of its envelope, else the body; `undefined` for 204. */
export type Answer<Path extends keyof paths, M extends Method, Init = object> =
  paths[Path][M] extends Record<string | number, unknown>
    ? Opened<NonNullable<FetchResponse<paths[Path][M], Init, Json>["data"]>>
    : never;

type Opened<T> = [T] extends [never]
  ? undefined
  : T extends { data: infer D; error: unknown; meta: Schemas["Meta"] }
    ? D
    : T;

type InitOf<Path extends keyof paths, M extends Method> = MaybeOptionalInit<paths[Path], M>;
type Arguments<Init> = undefined extends Init ? [init?: Init] : [init: Init];

/** A call that resolves with the value of a success, and rejects with an `AlmanacError` for anything else. */
export type Call<M extends Method> = <Path extends PathOf<M>, Init extends InitOf<Path, M>>(
  path: Path,
  ...init: Arguments<Init>
) => Promise<Answer<Path, M, Init>>;

export interface Calls {
  get: Call<"get">;
  put: Call<"put">;
  post: Call<"post">;
  patch: Call<"patch">;
  delete: Call<"delete">;
}

/** The client of openapi-fetch: it resolves with `data`, `error` and `response`. */
export type RawClient = Client<paths, Json>;

type Send = (request: Request) => Promise<Response>;

export function rawClient(settings: Settings, send: Send): RawClient {
  const client = createClient<paths, Json>({
    baseUrl: settings.baseUrl,
    headers: settings.headers,
    fetch: send,
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
  });
  client.use({
    onRequest({ request, schemaPath, options }) {
      // Where nothing is asked for, some operations answer with a stream.
      if (options.parseAs === "json" && !request.headers.has("Accept"))
        request.headers.set("Accept", "application/json");
      // Set before the first attempt, so that all attempts of a call share it.
      if (request.method === "POST" && KEYED_PATHS.has(schemaPath) && !request.headers.has("Idempotency-Key")) {
        request.headers.set("Idempotency-Key", newIdempotencyKey());
      }
    },
  });
  return client;
}

interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

export function callsOf(client: RawClient, send: Send): Calls {
  const call =
    (method: Method) =>
    async (path: string, init?: object): Promise<unknown> => {
      const request = client.request as (method: string, path: string, init?: object) => Promise<Result>;
      const { data, error, response } = await exchange(send, (fetch) => request(method, path, { fetch, ...init }));
      if (!response.ok) throw errorOf(response, error);
      return open(data);
    };
  return {
    get: call("get") as Call<"get">,
    put: call("put") as Call<"put">,
    post: call("post") as Call<"post">,
    patch: call("patch") as Call<"patch">,
    delete: call("delete") as Call<"delete">,
  };
}

/**
 * Makes one request by openapi-fetch. What fails before the answer is an error of `send`, or a mistake of the caller that
 * no repetition mends; what fails after its head is the body.
 */
export async function exchange<T>(send: Send, request: (fetch: Send) => Promise<T>): Promise<T> {
  const seen = { answer: false };
  const fetch: Send = async (sent) => {
    const response = await send(sent);
    seen.answer = true;
    return response;
  };
  try {
    return await request(fetch);
  } catch (error) {
    throw seen.answer ? unreadable(error) : error;
  }
}

/** The answer ended early, or is no JSON: a proxy's page, for example. */
function unreadable(error: unknown): unknown {
  if (error instanceof TypeError) return networkError(error);
  if (!(error instanceof SyntaxError)) return error;
  return new AlmanacError({ status: 0, code: "UNEXPECTED_ANSWER", message: "the answer is not JSON", cause: error });
}

function open(body: unknown): unknown {
  const isEnvelope = typeof body === "object" && body !== null && "data" in body && "error" in body && "meta" in body;
  return isEnvelope ? body.data : body;
}
