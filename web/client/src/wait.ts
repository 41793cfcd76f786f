// Waits for the end of a job, by polling at the pace that the service names or by following its events.
import type { RawClient } from "./calls.js";
import { errorOf, isAlmanacError, networkError, retryAfterOf } from "./error.js";
import type { Schemas, StreamEvent } from "./events.js";
import { backOff, sleep } from "./pause.js";
import type { Settings } from "./settings.js";
import type { StreamCall } from "./stream.js";

/** A job: its id, or any answer that has one. */
export type JobRef = string | { runId: string } | { generation_id: string } | { id: string };

export interface WaitOptions {
  /** Stops waiting. The job continues. */
  signal?: AbortSignal;
  /** How long the service may be away in a row before the wait fails, milliseconds. Default 600,000. */
  outageMs?: number;
  /** Follows the events instead of polling. */
  follow?: boolean;
  /** With `follow`: called for each event. */
  onEvent?: (event: StreamEvent<"/jobs/{id}/events">) => void;
  /** Without `follow`: called for each state that was read. */
  onJob?: (job: Schemas["Job"]) => void;
}

/** Resolves with the job once it is final, whichever way it ended. */
export type Wait = (job: JobRef, options?: WaitOptions) => Promise<Schemas["Job"]>;

const ACTIVE: ReadonlySet<string> = new Set(["pending", "running"]);
const PAUSE_SECONDS = 1;
const OUTAGE_MS = 600_000;

export function waitCall(api: RawClient, stream: StreamCall, settings: Settings): Wait {
  return async (job, { signal, outageMs = OUTAGE_MS, follow = false, onEvent, onJob } = {}) => {
    const id = jobIdOf(job);
    if (follow) {
      const events = stream("/jobs/{id}/events", { params: { path: { id } }, ...(signal ? { signal } : {}) });
      for await (const event of events) onEvent?.(event);
    }
    const init = { params: { path: { id } }, ...(signal ? { signal } : {}) };
    let answeredAt = Date.now();
    for (let failures = 0; ;) {
      try {
        const { data, error, response } = await api.GET("/jobs/{id}", init);
        if (data === undefined) throw errorOf(response, error);
        onJob?.(data.data);
        if (!ACTIVE.has(data.data.status)) return data.data;
        [failures, answeredAt] = [0, Date.now()];
        await sleep((retryAfterOf(response) ?? PAUSE_SECONDS) * 1000, signal);
      } catch (error) {
        signal?.throwIfAborted();
        // An answer that broke off is a failure of the network, too.
        const failure = error instanceof TypeError ? networkError(error) : error;
        const mayPass = isAlmanacError(failure) && failure.retryable && Date.now() - answeredAt < outageMs;
        if (!mayPass) throw failure;
        await sleep((failure.retryAfter ?? 0) * 1000 + backOff(++failures, settings.retry), signal);
      }
    }
  };
}

function jobIdOf(job: JobRef): string {
  if (typeof job === "string") return job;
  if ("runId" in job) return job.runId;
  return "generation_id" in job ? job.generation_id : job.id;
}
