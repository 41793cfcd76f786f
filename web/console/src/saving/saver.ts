// Sends changes one after another. What has not been sent yet is replaced by, or merged with, what comes later, so that
// the last change always wins and none is lost: a change that could not be sent is kept and sent again.
import { AlmanacError, isAlmanacError } from "@almanac/client";
import { Observable } from "./observable";

export type SaveState =
  | { kind: "idle" }
  /** Changed, and sent after a pause. */
  | { kind: "scheduled" }
  | { kind: "saving" }
  | { kind: "saved" }
  /** Could not be sent, and is tried again. */
  | { kind: "waiting"; error: AlmanacError }
  /** The service refuses it. */
  | { kind: "refused"; error: AlmanacError };

export interface SaverOptions<V, R> {
  send: (value: V) => Promise<R>;
  /** What to send in place of two changes; by default the later one. */
  merge?: (earlier: V, later: V) => V;
  onSaved: (result: R, value: V) => void;
  /** May return what is left to send without what was refused. */
  onRefused: (error: AlmanacError, value: V) => V | undefined;
}

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

export class Saver<V, R> {
  readonly state = new Observable<SaveState>({ kind: "idle" });
  private next: { value: V } | undefined;
  /** Whether `next` is sent as soon as possible. */
  private due = false;
  private sending: Promise<void> | undefined;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: SaverOptions<V, R>) {}

  /** Sends a change, after a pause in which further ones may come. */
  save(value: V, pauseMs = 0): void {
    this.next = { value: this.combined(value) };
    this.failures = 0;
    if (pauseMs === 0) {
      void this.flush();
    } else {
      this.wait(pauseMs);
      if (!this.sending) this.state.set({ kind: "scheduled" });
    }
  }

  /** Sends now what waits; resolves when it has arrived or failed. */
  readonly flush = (): Promise<void> => {
    clearTimeout(this.timer);
    this.due = this.next !== undefined;
    if (this.due) this.sending ??= this.run();
    return this.sending ?? Promise.resolve();
  };

  /** Forgets what was not sent yet, and returns it. */
  cancel(): V | undefined {
    clearTimeout(this.timer);
    const value = this.next?.value;
    this.next = undefined;
    this.due = false;
    if (!this.sending) this.state.set({ kind: "idle" });
    return value;
  }

  /** Replaces what was not sent yet, or drops it. For `send`, when what is stored has changed below it. */
  amend(change: (pending: V) => V | undefined): void {
    if (this.next === undefined) return;
    const value = change(this.next.value);
    this.next = value === undefined ? undefined : { value };
    if (value === undefined) clearTimeout(this.timer);
  }

  /** What was not sent yet. */
  pending(): V | undefined {
    return this.next?.value;
  }

  /** Whether there is nothing to send, on the way, or refused. */
  isSettled(): boolean {
    return this.next === undefined && ["idle", "saved"].includes(this.state.get().kind);
  }

  private combined(later: V): V {
    return this.next === undefined || !this.options.merge ? later : this.options.merge(this.next.value, later);
  }

  private wait(ms: number): void {
    clearTimeout(this.timer);
    this.due = false;
    this.timer = setTimeout(() => void this.flush(), ms);
  }

  private async run(): Promise<void> {
    while (this.due && this.next !== undefined) {
      const { value } = this.next;
      this.next = undefined;
      this.due = false;
      this.state.set({ kind: "saving" });
      await this.attempt(value);
    }
    this.sending = undefined;
  }

  private async attempt(value: V): Promise<void> {
    try {
      const result = await this.options.send(value);
      this.failures = 0;
      this.options.onSaved(result, value);
      this.state.set(this.next === undefined ? { kind: "saved" } : { kind: "scheduled" });
    } catch (cause) {
      const error = isAlmanacError(cause) ? cause : unexpected(cause);
      // A page of something in between passes too, and says nothing about the change.
      if (error.retryable || error.code === "UNEXPECTED_ANSWER") this.retry(value, error);
      else this.refuse(value, error);
    }
  }

  private retry(value: V, error: AlmanacError): void {
    const later = this.next;
    this.next = { value };
    if (later !== undefined) this.next = { value: this.combined(later.value) };
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, LONGEST_PAUSE_MS);
    this.failures += 1;
    this.wait(Math.max(pause, (error.retryAfter ?? 0) * 1000));
    this.state.set({ kind: "waiting", error });
  }

  private refuse(value: V, error: AlmanacError): void {
    const rest = this.options.onRefused(error, value);
    if (rest !== undefined) {
      const later = this.next;
      this.next = { value: rest };
      if (later !== undefined) this.next = { value: this.combined(later.value) };
      this.due = true;
    }
    this.state.set({ kind: "refused", error });
  }
}

function unexpected(cause: unknown): AlmanacError {
  return new AlmanacError({ status: 0, code: "UNEXPECTED", message: String(cause), cause });
}
