// The route handlers: which requests go to the service, and what is answered where that cannot be.
//
// The flag decides about generating calendars only; everything else goes to the service in both of its positions.
// Something else is answered only if the service cannot have accepted the request. Nothing is answered twice.
import { describe, readBody } from "./body.js";
import { checkExpectedUser, credentialsOf, type Credentials } from "./credentials.js";
import { digest } from "./digest.js";
import { dryRunResponse } from "./dry-run.js";
import { Gate, type Verdict } from "./gate.js";
import { answerHeaders, requestHeaders } from "./headers.js";
import { requestIdOf, waitOf } from "./negotiation.js";
import { settingsOf, type AlmanacRoutesOptions, type Settings } from "./options.js";
import { Refusal } from "./refusal.js";
import { Report } from "./report.js";
import { whilePresent } from "./presence.js";
import { findRoute, type Route, type RouteName } from "./routes-table.js";
import { SentKeys } from "./sent-keys.js";
import { foreign, unanswered, unreachable } from "./sentences.js";
import { send, type Outcome, type Sending } from "./service.js";
import { watched } from "./watch.js";

export type RouteHandler = (request: Request) => Promise<Response>;

export interface AlmanacRoutes {
  GET: RouteHandler;
  POST: RouteHandler;
  PATCH: RouteHandler;
  DELETE: RouteHandler;
}

/** Handlers for a catch-all route such as `app/api/almanac/[...path]/route.ts`. */
export function createAlmanacRoutes(options: AlmanacRoutesOptions = {}): AlmanacRoutes {
  const proxy = new ServiceProxy(settingsOf(options));
  const handler: RouteHandler = (request) => proxy.handle(request);
  return { GET: handler, POST: handler, PATCH: handler, DELETE: handler };
}

/** One request on its way. */
interface Exchange {
  request: Request;
  route: Route;
  requestId: string;
  report: Report;
  credentials: Credentials;
  body: Uint8Array<ArrayBuffer> | undefined;
}

/** An answer, or the certainty that there is none; and whether an earlier attempt may have been accepted. */
interface Delivery {
  outcome: Outcome;
  maybeAccepted: boolean;
}

class ServiceProxy {
  private readonly gate: Gate;
  private readonly sentKeys: SentKeys;

  constructor(private readonly settings: Settings) {
    this.gate = new Gate(settings);
    this.sentKeys = new SentKeys(settings.sentKeys);
  }

  async handle(request: Request): Promise<Response> {
    const { method } = request;
    const requestId = requestIdOf(request.headers);
    const route = findRoute(method, new URL(request.url).pathname);
    const known = Array.isArray(route)
      ? { route: null, calendarId: null, runId: null }
      : { ...route, route: route.name };
    const report = new Report(this.settings, { ...known, requestId, method });
    try {
      if (Array.isArray(route)) throw noRoute(route);
      const { signal } = request;
      const credentials = await whilePresent(credentialsOf(request, this.settings), signal);
      report.set({ userId: credentials.userId });
      // A clone, because the app's own flow gets the request as it came.
      const body = method === "GET" ? undefined : await whilePresent(readBody(request.clone().body), signal);
      report.set(describe(body));
      return await this.answer({ request, route, requestId, report, credentials, body });
    } catch (error) {
      if (!(error instanceof Refusal)) {
        if (request.signal.aborted) return left(report);
        report.set({ outcome: "error" });
        report.write();
        throw error;
      }
      report.set({ status: error.fields.status, code: error.fields.code });
      report.write();
      return error.toResponse(requestId);
    }
  }

  private async answer(exchange: Exchange): Promise<Response> {
    const { name } = exchange.route;
    if (name === "calendar.generate" || name === "organic.generate") return this.generate(exchange);
    const { outcome } = await this.deliver(this.sending(exchange));
    return this.conclude(exchange, outcome);
  }

  private async generate(exchange: Exchange): Promise<Response> {
    const { request, route, credentials } = exchange;
    const given = request.headers.get("Idempotency-Key");
    if (given === null) return this.generateOnce(exchange, undefined);
    const key = await digest(`${credentials.userId ?? credentials.caller} ${route.path} ${given}`);
    return this.sentKeys.inTurn(key, () => this.generateOnce(exchange, key));
  }

  private async generateOnce(exchange: Exchange, key: string | undefined): Promise<Response> {
    const { route, credentials } = exchange;
    // Refuses a forged request before anything answers it.
    const sending = this.sending(exchange);
    const wasSent = key === undefined ? false : await this.sentKeys.has(key);
    if (wasSent !== true) {
      const verdict = route.name === "calendar.generate" ? await this.gate.check(credentials) : "service";
      // Where it is not known whether it was sent, it is neither sent past a closed gate nor answered by anything else.
      if (verdict !== "service" && wasSent === undefined) return this.conclude(exchange, UNKNOWN);
      if (verdict !== "service") return this.fallBackUnlessSent(exchange, key, verdict);
    }
    if (key !== undefined) await this.sentKeys.add(key);
    const { outcome, maybeAccepted } = await this.deliver(sending);
    const mayBeThere = maybeAccepted || wasSent !== false || mayBeAccepted(outcome);
    if (key !== undefined && !mayBeThere) this.sentKeys.delete(key);
    if (mayBeThere) return this.conclude(exchange, asOfSent(outcome, route.name));
    if (!isNotTaken(outcome)) return this.conclude(exchange, outcome);
    if (outcome.kind !== "answered") return this.fallBack(exchange, "unreachable");
    // It says more than a refusal made here.
    if (route.name === "organic.generate" && !this.settings.legacy.organic) return this.conclude(exchange, outcome);
    outcome.response.body?.cancel().catch(() => undefined);
    return this.fallBack(exchange, "unavailable");
  }

  /** Another instance may have sent the request while this one looked at the service. */
  private async fallBackUnlessSent(exchange: Exchange, key: string | undefined, verdict: Exclude<Verdict, "service">) {
    const wasSent = key === undefined ? false : await this.sentKeys.has(key);
    return wasSent === false ? this.fallBack(exchange, verdict) : this.conclude(exchange, UNKNOWN);
  }

  /** Sends a request, and once more with the same key if it may have been received and was not answered. */
  private async deliver(sending: Sending): Promise<Delivery> {
    const first = await send(this.settings, sending);
    if (first.kind !== "unanswered") return { outcome: first, maybeAccepted: first.kind === "left" };
    // Keys count for POST only.
    if (sending.method !== "POST") return { outcome: first, maybeAccepted: true };
    const second = await send(this.settings, sending);
    // A second attempt that was not received says nothing about the first.
    return { outcome: second.kind === "unreachable" ? first : second, maybeAccepted: true };
  }

  private sending({ request, route, requestId, credentials, body }: Exchange): Sending {
    const { method, headers, signal } = request;
    if (credentials.ambient && method !== "GET" && headers.get("X-Requested-With") !== "XMLHttpRequest") {
      throw new Refusal({
        status: 403,
        code: "CSRF_REQUIRED",
        message: "a request that is authenticated by a cookie needs X-Requested-With: XMLHttpRequest",
      });
    }
    return {
      method,
      path: route.path + new URL(request.url).search,
      headers: { ...requestHeaders(request), ...credentials.headers, "X-Request-Id": requestId },
      body,
      signal,
      timeoutMs: this.settings.timeoutMs + waitOf(headers) * 1_000,
    };
  }

  private conclude(exchange: Exchange, outcome: Outcome): Response {
    const { request, route, report } = exchange;
    switch (outcome.kind) {
      case "answered":
        return this.passOn(exchange, outcome.response);
      case "unreachable":
        report.set({ outcome: "error", reason: "unreachable" });
        throw unreachable(route.name, request.method);
      case "unanswered":
        report.set({ outcome: outcome.timedOut ? "timeout" : "error", reason: "unanswered" });
        throw unanswered(route.name, request.method, outcome.timedOut);
      case "left":
        return left(report);
    }
  }

  /** The answer of the service as it comes, byte for byte; of its headers only those that are known to be harmless. */
  private passOn({ request, requestId, report }: Exchange, response: Response): Response {
    const { status, body } = response;
    const type = (response.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
    const isForeign = type === "text/html" || (!response.ok && type !== "application/json");
    if (status >= 500 || (isForeign && status < 400)) report.set({ outcome: "error" });
    if (isForeign) {
      // Pages of proxies name hosts and software.
      body?.cancel().catch(() => undefined);
      throw foreign(response);
    }
    const headers = answerHeaders(response.headers, requestId);
    const runId = /^\/v1\/jobs\/([A-Za-z0-9-]+)$/.exec(headers.get("Location") ?? "")?.[1];
    report.set({ status, code: headers.get("X-Error-Code"), ...(runId === undefined ? {} : { runId }) });
    if (body === null) {
      report.write();
      return new Response(null, { status, headers });
    }
    const isEventStream = type === "text/event-stream" || type === "application/x-ndjson";
    if (isEventStream) {
      headers.set("Cache-Control", headers.get("Cache-Control") ?? "no-cache, no-transform");
      headers.set("X-Accel-Buffering", "no");
    }
    return new Response(watched(body, { report, isEventStream, signal: request.signal }), { status, headers });
  }

  /** Called only if the service cannot have accepted the request. */
  private async fallBack(exchange: Exchange, reason: Exclude<Verdict, "service"> | "unavailable"): Promise<Response> {
    const { request, route, requestId, report, credentials, body = new Uint8Array() } = exchange;
    const { legacy } = this.settings;
    report.set({ reason });
    checkExpectedUser(credentials, request.headers);
    const own = route.name === "calendar.generate" ? legacy.calendar?.(request) : legacy.organic?.(request);
    if (own !== undefined) return reportedLegacy(await whilePresent(own, request.signal), exchange);
    if (route.name === "organic.generate") {
      report.set({ outcome: "error" });
      throw unreachable(route.name, request.method);
    }
    const why = reason === "switched_off" ? reason : "unreachable";
    const response = dryRunResponse({ credentials, headers: request.headers, body }, why, requestId);
    report.set({ outcome: "dry_run", status: response.status, code: response.headers.get("X-Error-Code") });
    report.write();
    return response;
  }
}

/** The app's own answer, reported when its last byte has passed. */
function reportedLegacy(response: Response, { report, request: { signal } }: Exchange): Response {
  const { status, statusText, headers, body } = response;
  report.set({ outcome: "legacy", status });
  if (body === null) {
    report.write();
    return response;
  }
  return new Response(watched(body, { report, isEventStream: false, signal }), { status, statusText, headers });
}

/** For a client that has closed its connection. */
function left(report: Report): Response {
  report.write();
  return new Response(null, { status: 499 });
}

const UNKNOWN: Outcome = { kind: "unanswered", timedOut: false };

/** No byte was sent, or the service says that it took nothing. */
function isNotTaken(outcome: Outcome): boolean {
  if (outcome.kind === "unreachable") return true;
  return outcome.kind === "answered" && outcome.response.status === 503 && !outcome.response.headers.has("Location");
}

/** Whether this answer is that of an accepted request, of its twin, or of an error that came at any moment. */
function mayBeAccepted(outcome: Outcome): boolean {
  if (outcome.kind !== "answered") return outcome.kind === "unanswered";
  const { status, headers } = outcome.response;
  return headers.has("Location") || status === 409 || (status >= 500 && status !== 503);
}

/**
 * The outcome of a request that may have been accepted before. A service that cannot be reached now has perhaps started it,
 * and one without its store answers a dry run, also to a request that it, or another process of it, has accepted.
 */
function asOfSent(outcome: Outcome, route: RouteName): Outcome {
  if (outcome.kind === "unreachable") return UNKNOWN;
  if (route !== "calendar.generate" || outcome.kind !== "answered") return outcome;
  const { response } = outcome;
  if (!response.ok || response.headers.has("Location")) return outcome;
  response.body?.cancel().catch(() => undefined);
  return UNKNOWN;
}

function noRoute(methods: string[]): Refusal {
  if (methods.length === 0) return new Refusal({ status: 404, code: "NOT_FOUND", message: "not found" });
  const headers = { Allow: methods.join(", ") };
  return new Refusal({ status: 405, code: "METHOD_NOT_ALLOWED", message: "method not allowed", headers });
}
