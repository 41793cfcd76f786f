// Waits for the end of a job, by polling at the pace that the service names or by following its events.
import type { RawClient } from "./calls.js";
import { errorOf, retryAfterOf } from "./error.js";
import type { Schemas, StreamEvent } from "./events.js";
import { sleep } from "./pause.js";
import type { StreamCall } from "./stream.js";

/** A job: its id, or any answer that has one. */
export type JobRef = string | { runId: string } | { generation_id: string } | { id: string };

export interface WaitOptions {
  /** Stops waiting. The job continues. */
  signal?: AbortSignal;
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

export function waitCall(api: RawClient, stream: StreamCall): Wait {
  return async (job, { signal, follow = false, onEvent, onJob } = {}) => {
    const id = jobIdOf(job);
    if (follow) {
      const events = stream("/jobs/{id}/events", { params: { path: { id } }, ...(signal ? { signal } : {}) });
      for await (const event of events) onEvent?.(event);
    }
    for (;;) {
      const { data, error, response } = await api.GET("/jobs/{id}", {
        params: { path: { id } },
        ...(signal ? { signal } : {}),
      });
      if (data === undefined) throw errorOf(response, error);
      onJob?.(data.data);
      if (!ACTIVE.has(data.data.status)) return data.data;
      await sleep((retryAfterOf(response) ?? PAUSE_SECONDS) * 1000, signal);
    }
  };
}

function jobIdOf(job: JobRef): string {
  if (typeof job === "string") return job;
  if ("runId" in job) return job.runId;
  return "generation_id" in job ? job.generation_id : job.id;
}
