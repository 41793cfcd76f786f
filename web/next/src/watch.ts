// Looks at the bytes of an answer while they pass: each chunk is handed on as it came, when the client asks for it.
import type { ProxyOutcome, Report } from "./report.js";

/** As much is kept of a line. The type of an event is at its beginning, or in a line of its own. */
const LONGEST_LINE = 256 * 1024;

/** How a body ended. */
type Ending = "complete" | "interrupted" | "left";

export interface Watching {
  report: Report;
  /** Whether lines are events, of which the last says how the run ended. */
  isEventStream: boolean;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
}

/** The body, unchanged. Reports when it has ended, and what its last event says about the run. */
export function watched(body: ReadableStream<Uint8Array>, watching: Watching): ReadableStream<Uint8Array> {
  const { report, isEventStream, signal } = watching;
  const reader = body.getReader();
  const lines = new Lines(report);
  let isOver = false;
  const end = (ending: Ending) => {
    // A read that waited when the client left ends too, and says nothing more.
    if (isOver) return;
    isOver = true;
    if (ending === "interrupted") report.set(INTERRUPTED);
    if (ending === "complete" && isEventStream) report.set(outcomeOf(lines));
    report.write();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((): never => {
          end(signal.aborted ? "left" : "interrupted");
          // An answer that is cut must not look complete. The cause would name the service.
          throw new Error("the service has cut its answer");
        });
        if (isOver) return;
        if (done) {
          end("complete");
          controller.close();
          return;
        }
        lines.take(value);
        controller.enqueue(value);
      },
      cancel(reason) {
        end("left");
        // The connection may be gone already, with an error that would name the service.
        return reader.cancel(reason).catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Finds the id of the calendar, and keeps what the last event is. */
class Lines {
  private readonly decoder = new TextDecoder();
  private rest = "";
  /** Of the event whose data comes next. */
  private named = "";
  private type = "";
  private data = "";
  private pauses = 0;
  private isIdKnown = false;

  constructor(private readonly report: Report) {}

  take(chunk: Uint8Array): void {
    const lines = (this.rest + this.decoder.decode(chunk, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    this.rest = this.rest.slice(0, LONGEST_LINE);
    if (!this.isIdKnown) this.readId(`${lines.join("\n")}\n${this.rest}`);
    for (const line of lines) this.read(line);
  }

  /** `undefined` if there was none, or it is no event. Of a long one only the type. */
  last(): LastEvent | undefined {
    try {
      const event: unknown = JSON.parse(this.data);
      if (typeof event !== "object" || event === null) return undefined;
      return { type: this.type, ...event };
    } catch {
      // Too long to be kept.
      const type = this.type || /^\{"type":"(\w+)"/.exec(this.data)?.[1];
      return type === undefined ? undefined : { type };
    }
  }

  /** A process that is about to end names a pause for the reconnect. The first one only opens the stream. */
  get isGoodbye(): boolean {
    return this.pauses > 1;
  }

  private read(line: string): void {
    if (line.startsWith("event:")) this.named = line.slice(6).trim();
    else if (line.startsWith("data:")) [this.type, this.data] = [this.named, line.slice(5)];
    else if (line.startsWith("{")) this.data = line;
    else if (line.startsWith("retry:")) this.pauses++;
  }

  private readId(text: string): void {
    const calendarId = /"calendarId":"([0-9a-f-]{36})"/.exec(text)?.[1];
    if (calendarId === undefined) return;
    this.isIdKnown = true;
    this.report.set({ calendarId });
  }
}

interface LastEvent {
  type: unknown;
  code?: unknown;
  status?: unknown;
  data?: { status?: unknown } | null;
}

const FINAL: ReadonlySet<unknown> = new Set(["done", "complete", "snapshot"]);
const INTERRUPTED = { outcome: "error", reason: "interrupted" } as const;

/**
 * What a stream that has ended says about its run: one that failed counts as an error, one that ran out of time as a
 * time-out. A stream that just stops was interrupted: over a connection that is closed after it, a cut looks like an end.
 */
function outcomeOf(lines: Lines): { outcome?: ProxyOutcome; reason?: "interrupted" } {
  const last = lines.last();
  // The client goes on with a new token.
  if (last?.code === "auth_expired") return {};
  if (!FINAL.has(last?.type)) return lines.isGoodbye ? {} : INTERRUPTED;
  const status = last?.data?.status ?? last?.status;
  if (status === "failed") return { outcome: "error" };
  return status === "timeout" ? { outcome: "timeout" } : {};
}
