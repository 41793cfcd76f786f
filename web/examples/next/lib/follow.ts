// Follows a run to its end, and then reads what was saved. Leaving the page ends the stream, never the run.
import type { CalendarEvent, StreamConnection, StreamOptions } from "@almanac/client";
import { almanac, isNotFound, patient, problemOf, type Reached } from "./almanac";
import { writerOf, type Change } from "./calendar-state";
import type { Waiting } from "./waiting";

export type Dispatch = (change: Change) => void;
/** Opens the stream of a run. */
export type Open = (options: StreamOptions) => AsyncIterable<CalendarEvent>;

interface Page {
  dispatch: Dispatch;
  waiting: Waiting;
  /** Aborted when the page is left, or shows something else. */
  signal: AbortSignal;
  /** Whether the stream starts the run. */
  isStart?: boolean;
}

export async function follow(open: Open, { dispatch, waiting, signal, isStart = false }: Page): Promise<void> {
  let answered: (() => void) | undefined = waiting.begin();
  const isAnswered = () => {
    answered?.();
    answered = undefined;
  };
  const onOpen = (connection: StreamConnection) => {
    isAnswered();
    showDegraded(connection, dispatch);
  };
  const onInterrupt = () => {
    answered ??= waiting.begin();
  };
  let last: CalendarEvent["meta"] | undefined;
  try {
    for await (const event of open({ signal, onOpen, onInterrupt })) {
      last = (event as Partial<CalendarEvent>).meta;
      // The final event of a job that was erased says nothing else.
      if (last === undefined) {
        forget(dispatch);
        return;
      }
      if (last.calendarId !== null) remember(last.calendarId, last.runId ?? undefined);
      dispatch({ type: "event", event });
    }
    if (last?.calendarId && writerOf(last) === "almanac") await waiting.during(load(last.calendarId, dispatch));
    dispatch({ type: "ended", interrupted: false });
  } catch (error) {
    if (signal.aborted) return;
    if (isNotFound(error)) {
      forget(dispatch);
      return;
    }
    dispatch({ type: "problem", problem: problemOf(error, reachedBy(last, isStart)) });
    dispatch({ type: "ended", interrupted: true });
  } finally {
    isAnswered();
  }
}

/** `last` is of the last event that came. */
function reachedBy(last: CalendarEvent["meta"] | undefined, isStart: boolean): Reached {
  if (last === undefined) return isStart ? "asked" : "saved";
  return writerOf(last) === "almanac" ? "saved" : "unsaved";
}

export async function load(id: string, dispatch: Dispatch): Promise<void> {
  const { title, entries } = await patient.get("/calendars/{id}", { params: { path: { id } } });
  dispatch({ type: "loaded", id, title, entries });
}

/** The address holds what is shown, so that a reload or a link shows the same. */
export function remember(calendarId: string | undefined, runId: string | undefined): void {
  const query = new URLSearchParams();
  if (calendarId !== undefined) query.set("calendar", calendarId);
  if (runId !== undefined) query.set("run", runId);
  window.history.replaceState(null, "", query.size > 0 ? `/?${query.toString()}` : "/");
}

function forget(dispatch: Dispatch): void {
  remember(undefined, undefined);
  dispatch({ type: "gone" });
}

/** The stream of a run does not say that something is away; the answer about its job does. */
function showDegraded({ jobId }: StreamConnection, dispatch: Dispatch): void {
  if (jobId === undefined) return;
  almanac.api.GET("/jobs/{id}", { params: { path: { id: jobId } } }).then(
    ({ data }) => {
      dispatch({ type: "degraded", degraded: data?.meta.degraded ?? [] });
    },
    () => undefined,
  );
}
