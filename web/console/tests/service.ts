// A service in memory that answers as the API does, and remembers what it was asked.
import {
  createAlmanac,
  type Almanac,
  type ScheduleResponse,
  type Schemas,
  type UpsertScheduleRequest,
} from "@almanac/client";

export const THEME = "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02";
export const USER = "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11";

export interface Call {
  method: string;
  path: string;
  headers: Headers;
  /** Whether it outlives the page. */
  keepalive: boolean;
  body: unknown;
}

type Answer = (call: Call) => Response | Promise<Response>;

export class Service {
  theme: Schemas["Theme"] | null = null;
  schedule: ScheduleResponse | null = null;
  fires: string[] = [];
  decisions: object[] = [];
  readonly calls: Call[] = [];
  readonly almanac: Almanac;
  private answers = new Map<string, Answer[]>();

  constructor(
    wrap: (fetch: (request: Request) => Promise<Response>) => (request: Request) => Promise<Response> = (it) => it,
    expectedUser?: () => string | undefined,
  ) {
    this.almanac = createAlmanac({
      baseUrl: "http://almanac.test",
      credentials: "same-origin",
      fetch: wrap((request) => this.answer(request)),
      retry: { attempts: 1 },
      ...(expectedUser === undefined ? {} : { expectedUser }),
    });
  }

  /** The next answer to this call, in place of the usual one. */
  next(method: string, path: string, answer: Answer): void {
    const key = `${method} ${path}`;
    this.answers.set(key, [...(this.answers.get(key) ?? []), answer]);
  }

  sent(method: string): Call[] {
    return this.calls.filter((call) => call.method === method);
  }

  /** Bodies of the schedules that were sent. */
  saved(): UpsertScheduleRequest[] {
    return this.sent("PUT").map(({ body }) => body as UpsertScheduleRequest);
  }

  readonly answer = async (request: Request): Promise<Response> => {
    const text = await request.text();
    const path = new URL(request.url).pathname.replace("/v1", "");
    const call = {
      method: request.method,
      path,
      headers: request.headers,
      keepalive: request.keepalive,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
    this.calls.push(call);
    const scripted = this.answers.get(`${call.method} ${path}`)?.shift();
    return scripted ? scripted(call) : this.usual(call);
  };

  private usual({ method, path, body, headers }: Call): Response {
    const isSchedule = path.endsWith("/schedule");
    if (method !== "GET" && isStale(headers, isSchedule ? this.schedule : this.theme)) {
      return refusal(412, "PRECONDITION_FAILED");
    }
    if (path.endsWith("/schedule") && method === "GET") return data(this.schedule);
    if (path.endsWith("/schedule") && method === "PUT") {
      this.schedule = stored(body as UpsertScheduleRequest, (this.schedule?.version ?? 0) + 1);
      return data(this.schedule);
    }
    if (path.endsWith("/schedule") && method === "DELETE") {
      this.schedule = null;
      return new Response(null, { status: 204 });
    }
    if (path.endsWith("/preview")) {
      return data({ items: this.fires.map((at) => ({ fire_at: at, local_time: at, zone: "UTC" })) });
    }
    if (path.endsWith("/decisions")) return data({ items: this.decisions, next_cursor: null });
    if (path === "/session" && method === "POST") return data(session());
    if (path === "/themes") return data({ items: this.theme ? [this.theme] : [], next_cursor: null });
    if (path === `/themes/${THEME}` && this.theme) {
      if (method === "DELETE") return new Response(null, { status: 204 });
      const version = this.theme.version + (method === "PATCH" ? 1 : 0);
      this.theme = { ...this.theme, ...(body as object), version };
      return data(this.theme);
    }
    if (path.endsWith("/sources")) return data({ items: [] });
    if (path.endsWith("/syntheses")) return data({ items: [], next_cursor: null });
    if (path === "/jobs") return data({ items: [], nextCursor: null });
    if (path === "/version") return data({ name: "almanac", version: "0.1.0" });
    return refusal(404, "NOT_FOUND");
  }
}

function isStale(headers: Headers, current: { version: number } | null): boolean {
  const expected = headers.get("If-Match");
  if (headers.get("If-None-Match") === "*" && current !== null) return true;
  return expected !== null && expected !== `"${current?.version}"`;
}

export function stored(request: UpsertScheduleRequest, version = 1): ScheduleResponse {
  return {
    id: "0198c4a2-0000-7000-8000-000000000001",
    theme_id: THEME,
    version,
    last_run_at: null,
    next_fire_at: null,
    ...request,
    days: request.days as ScheduleResponse["days"],
    timezone: request.timezone ?? null,
    time_local: request.time_local ?? null,
    catch_up_minutes: request.catch_up_minutes ?? null,
  };
}

export function session(userId = USER, seconds = 3600): object {
  const expiresAt = new Date(Date.now() + seconds * 1000).toISOString();
  return { userId, role: "authenticated", admin: false, expiresAt };
}

export function data(value: unknown): Response {
  return Response.json({ data: value, error: null, meta: { requestId: "req-1" } });
}

export function refusal(status: number, code: string, details: object[] = [], retryable = false): Response {
  const error = { code, message: "refused", details, retryable };
  const headers = { "X-Error-Code": code };
  return Response.json({ data: null, error, meta: { requestId: "req-2" } }, { status, headers });
}

export function offline(): Promise<Response> {
  return Promise.reject(new TypeError("Failed to fetch"));
}
