// A service that answers as a test scripts it, on a real socket; and the handlers in front of it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { createAlmanacRoutes, type AlmanacRoutes, type AlmanacRoutesOptions, type ProxyEvent } from "../src/index.js";

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
  /** Resolves when the connection was closed before the answer was complete. */
  cut: Promise<void>;
}

type Answer = (response: ServerResponse, received: Received) => unknown;

export class Upstream {
  readonly received: Received[] = [];
  private readonly answers = new Map<string, Answer[]>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Upstream> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const upstream = new Upstream(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void upstream.serve(request, response);
    });
    upstream.on("GET /readyz", json(200, { status: "ready" }));
    upstream.flag(true);
    return upstream;
  }

  /** Answers in this order; the last one for all that follow. */
  on(operation: string, ...answers: Answer[]): void {
    this.answers.set(operation, answers);
  }

  flag(isOn: boolean): void {
    const data = { CALENDAR_SERVICE_ENABLED: isOn, PUBLISH_SERVICE_ENABLED: false };
    this.on("GET /v1/flags", json(200, { data, error: null, meta: { requestId: "1" } }));
  }

  /** Requests of this operation. */
  of(operation: string): Received[] {
    return this.received.filter(({ method, path }) => `${method} ${path.split("?")[0] ?? ""}` === operation);
  }

  /** Nothing listens at its address any more. */
  async stop(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
    // The other ends are in this process, too: they see it when the loop has turned.
    await setImmediate();
    await setImmediate();
  }

  /** The same address again. */
  async restart(): Promise<void> {
    const port = Number(new URL(this.url).port);
    await new Promise<void>((listening) => this.server.listen(port, "127.0.0.1", listening));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    const { method = "", url = "", headers } = request;
    const cut = new Promise<void>((left) => {
      response.on("close", () => {
        if (!response.writableFinished) left();
      });
    });
    const received = { method, path: url, headers, body, cut };
    this.received.push(received);
    const answers = this.answers.get(`${method} ${url.split("?")[0] ?? ""}`) ?? [json(404, refusal("NOT_FOUND"))];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    await answer?.(response, received);
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function refusal(code: string): object {
  return { data: null, error: { code, message: "no", details: [], retryable: true }, meta: { requestId: "1" } };
}

export const refuse = (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  json(status, refusal(code), { "X-Error-Code": code, ...headers });

export const hang: Answer = () => undefined;
export const reset: Answer = (response) => response.socket?.destroy();

export const JOB = "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11";
export const CALENDAR = "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02";

export function frame(type: string, data: object, done = false, seq = 1): string {
  const meta = { runId: JOB, calendarId: CALENDAR, version: 1, seq, done };
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ data, error: null, meta })}\n\n`;
}

/** A whole stream. */
export const streams =
  (status = "succeeded"): Answer =>
  (response) => {
    response.writeHead(200, {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-cache, no-transform",
      Location: `/v1/jobs/${JOB}`,
    });
    response.write("retry: 2000\n\n");
    response.end(frame("done", { status }, true));
  };

/** What a service without its store answers: a stream without a job. */
export const dryRun: Answer = (response) => {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.end(frame("done", { status: "succeeded", dryRun: true }, true));
};

export interface Proxy {
  routes: AlmanacRoutes;
  events: ProxyEvent[];
  lines: string[];
}

export function proxyOf(url: string, options: AlmanacRoutesOptions = {}): Proxy {
  const [events, lines]: [ProxyEvent[], string[]] = [[], []];
  const routes = createAlmanacRoutes({
    url,
    timeoutMs: 200,
    enabled: () => true,
    log: (line) => lines.push(line),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { routes, events, lines };
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
export const USER = "0198c4a2-0000-7000-8000-000000000001";
export const TOKEN = `${encoded({ alg: "HS256" })}.${encoded({ sub: USER, aud: "authenticated" })}.c2VjcmV0LXNpZ25hdHVyZQ`;

export const ORDER = { channels: ["instagram", "blog"], cadence: "daily", start: "2026-01-26", end: "2026-01-27" };

export function requestTo(
  method: string,
  path: string,
  init: Omit<RequestInit, "body"> & { json?: unknown } = {},
): Request {
  const { json: body, headers, ...rest } = init;
  const sent = new Headers({ Authorization: `Bearer ${TOKEN}` });
  if (body !== undefined) sent.set("Content-Type", "application/json");
  for (const [name, value] of new Headers(headers)) sent.set(name, value);
  return new Request(`https://app.example/api/almanac${path}`, {
    method,
    headers: sent,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...rest,
  });
}

export const generation = (init: Parameters<typeof requestTo>[2] = {}): Request =>
  requestTo("POST", "/v1/ai/calendar", { json: ORDER, ...init });

export const code = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;
