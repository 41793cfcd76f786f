// What is said about each request: one line of JSON, and an event for the app's metrics. No URL, token, text or cause.
import type { RouteName } from "./routes-table.js";

/**
 * What answered: the service (also requests that are refused before they reach it), the app's own flow, or a dry run.
 * `error` and `timeout`: nothing did, or the service failed, or the run that was streamed did.
 */
export type ProxyOutcome = "service" | "legacy" | "dry_run" | "error" | "timeout";

export interface ProxyEvent {
  event: "almanac_proxy";
  /** When the request ended, RFC 3339. */
  at: string;
  requestId: string;
  /** The unverified `sub` of the token. */
  userId: string | null;
  /** Channels of the request, joined by commas. */
  channel: string | null;
  calendarId: string | null;
  runId: string | null;
  /** HTTP status; null if the client left before there was one. */
  status: number | null;
  outcome: ProxyOutcome;
  /** Why the service did not answer it. */
  reason: "switched_off" | "unreachable" | "unavailable" | "unanswered" | "interrupted" | null;
  /** Code of a refusal. */
  code: string | null;
  /** The operation; null for a path that is none. */
  route: RouteName | null;
  method: string;
  /** Until the last byte of the answer. */
  durationMs: number;
}

export interface Reporting {
  log: (line: string) => void;
  onEvent: (event: ProxyEvent) => void;
}

/** Collects what becomes known on the way, and reports once. */
export class Report {
  private readonly started = performance.now();
  private isWritten = false;
  private readonly event: ProxyEvent;

  constructor(
    private readonly to: Reporting,
    known: Pick<ProxyEvent, "requestId" | "route" | "method" | "calendarId" | "runId">,
  ) {
    this.event = {
      event: "almanac_proxy",
      at: "",
      requestId: known.requestId,
      userId: null,
      channel: null,
      calendarId: known.calendarId,
      runId: known.runId,
      status: null,
      outcome: "service",
      reason: null,
      code: null,
      route: known.route,
      method: known.method,
      durationMs: 0,
    };
  }

  set(found: Partial<ProxyEvent>): void {
    Object.assign(this.event, found);
  }

  write(): void {
    if (this.isWritten) return;
    this.isWritten = true;
    this.set({ at: new Date().toISOString(), durationMs: Math.round(performance.now() - this.started) });
    observe(() => {
      this.to.log(JSON.stringify(this.event));
    });
    const onEvent: (event: ProxyEvent) => unknown = this.to.onEvent;
    observe(() => onEvent(this.event));
  }
}

/** An observer that fails changes nothing of an answer, which may be that of a request that was carried out. */
function observe(observer: () => unknown): void {
  try {
    Promise.resolve(observer()).catch(() => undefined);
  } catch {
    // Where would it be said?
  }
}
