// Waits for the end of a job, by polling at the pace that the service names or by following its events.
import { exchange, type RawClient } from "./calls.js";
import { SilenceError, within } from "./decode.js";
import { AlmanacError, errorOf, networkError, retryAfterOf } from "./error.js";
import type { Schemas, StreamEvent } from "./events.js";
import { backOff, sleep } from "./pause.js";
import type { Settings } from "./settings.js";
import type { StreamCall } from "./stream.js";
import type { Transport } from "./transport.js";

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

interface Clients {
  /** Repeats nothing: the loop here paces its attempts. */
  api: RawClient;
  transport: Transport;
  stream: StreamCall;
  settings: Settings;
}

export function waitCall(clients: Clients): Wait {
  return async (job, options = {}) => {
    const { signal, outageMs = OUTAGE_MS, follow = false, onJob } = options;
    const waiting = new Waiting(clients, jobIdOf(job), options);
    let awaySince: number | undefined;
    for (let failures = 0; ;) {
      // A stream that gives up says no more than the read after it.
      if (follow) await waiting.follow();
      const answer = await waiting.read();
      if (answer instanceof AlmanacError) {
        const pause = (answer.retryAfter ?? 0) * 1000 + backOff(++failures, clients.settings.retry);
        awaySince ??= Date.now();
        if (Date.now() + pause > awaySince + outageMs) throw answer;
        await sleep(pause, signal);
        continue;
      }
      onJob?.(answer.job);
      if (!ACTIVE.has(answer.job.status)) return answer.job;
      [failures, awaySince] = [0, undefined];
      await sleep(answer.pauseSeconds * 1000, signal);
    }
  };
}

interface Reading {
  job: Schemas["Job"];
  pauseSeconds: number;
}

/** One job that is waited for. Failures that may pass are returned; any other, and those of callbacks, are thrown. */
class Waiting {
  /** Number of the last event that was passed on. */
  private last = 0;

  constructor(
    private readonly clients: Clients,
    private readonly id: string,
    private readonly options: WaitOptions,
  ) {}

  /** Passes on the events until the log ends, or the stream gives up. */
  async follow(): Promise<void> {
    const { signal, onEvent } = this.options;
    const init = { params: { path: { id: this.id } }, after: this.last, ...(signal ? { signal } : {}) };
    const events = this.clients.stream("/jobs/{id}/events", init);
    try {
      for (;;) {
        const next = await events.next().catch((error: unknown) => this.toOutage(error));
        if (next instanceof AlmanacError || next.done === true) return;
        this.last = next.value.seq ?? this.last;
        onEvent?.(next.value);
      }
    } finally {
      await events.return(undefined);
    }
  }

  async read(): Promise<Reading | AlmanacError> {
    const abort = new AbortController();
    try {
      const { api, transport, settings } = this.clients;
      const init = { params: { path: { id: this.id } }, signal: abort.signal };
      const call = exchange(transport.sendOnce, (fetch) => api.GET("/jobs/{id}", { fetch, ...init }));
      const { data, error, response } = await within(call, settings.idleMs, this.options.signal);
      if (data === undefined) throw errorOf(response, error);
      return { job: data.data, pauseSeconds: retryAfterOf(response) ?? PAUSE_SECONDS };
    } catch (error) {
      return this.toOutage(error);
    } finally {
      // Drops a request that was not answered in time, or is not waited for any more.
      abort.abort();
    }
  }

  private toOutage(error: unknown): AlmanacError {
    this.options.signal?.throwIfAborted();
    const failure = error instanceof SilenceError ? networkError(error) : error;
    if (failure instanceof AlmanacError && failure.retryable) return failure;
    throw failure;
  }
}

function jobIdOf(job: JobRef): string {
  if (typeof job === "string") return job;
  if ("runId" in job) return job.runId;
  return "generation_id" in job ? job.generation_id : job.id;
}
