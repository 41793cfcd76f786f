"use client";
// The calendar of the page: loads it, generates it, and accepts what a later run would change.
import type { CalendarEvent, StreamConnection } from "@almanac/client";
import { computeSlots, type Slot } from "@almanac/next/slots";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { almanac, problemOf, type CalendarRequest, type Entry } from "./almanac";
import { acceptedOf, EMPTY, keysOf, reduce, type CalendarState } from "./calendar-state";

export interface CalendarActions {
  generate: (request: CalendarRequest) => void;
  cancel: () => void;
  /** Shows the calendar that a job of this person is about. */
  open: (jobId: string) => void;
  /** All posts of the review without keys; `overwrite` also replaces what the person edited. */
  accept: (keys?: string[], overwrite?: boolean) => Promise<void>;
  /** Closes the review; the saved posts stay as they are. */
  dismiss: () => void;
  onSaved: (entry: Entry) => void;
}

/** The address holds what is shown, so that a reload or a link shows the same. */
function remember(calendarId: string | undefined, runId: string | undefined): void {
  const query = new URLSearchParams();
  if (calendarId !== undefined) query.set("calendar", calendarId);
  if (runId !== undefined) query.set("run", runId);
  window.history.replaceState(null, "", query.size > 0 ? `/?${query.toString()}` : "/");
}

function slotsOf(request: CalendarRequest): Slot[] {
  try {
    return computeSlots(request);
  } catch {
    // The service will say what is wrong with it.
    return [];
  }
}

export function useCalendar(calendarId?: string, runId?: string): [CalendarState, CalendarActions] {
  const [state, dispatch] = useReducer(reduce, { ...EMPTY, calendarId });
  const leave = useRef<AbortController>(undefined);

  /** Follows a run to its end. Leaving the page ends the stream, never the run. */
  const follow = useCallback(async (events: AsyncIterable<CalendarEvent>, signal: AbortSignal) => {
    let last: CalendarEvent["meta"] | undefined;
    try {
      for await (const event of events) {
        last = event.meta;
        if (last.calendarId !== null) remember(last.calendarId, last.runId ?? undefined);
        dispatch({ type: "event", event });
      }
      if (last?.calendarId && last.dryRun !== true) await load(last.calendarId, dispatch);
      dispatch({ type: "ended", interrupted: false });
    } catch (error) {
      if (signal.aborted) return;
      dispatch({ type: "problem", problem: problemOf(error) });
      dispatch({ type: "ended", interrupted: true });
    }
  }, []);

  /** The stream of a run does not say that something is away; the answer about its job does. */
  const onOpen = useCallback(({ jobId }: StreamConnection) => {
    if (jobId === undefined) return;
    almanac.api.GET("/jobs/{id}", { params: { path: { id: jobId } } }).then(
      ({ data }) => {
        dispatch({ type: "degraded", degraded: data?.meta.degraded ?? [] });
      },
      () => undefined,
    );
  }, []);

  const begin = useCallback((): AbortSignal => {
    leave.current?.abort();
    leave.current = new AbortController();
    return leave.current.signal;
  }, []);

  const show = useCallback(
    async (id: string, run: string | undefined, signal: AbortSignal) => {
      try {
        // In this order: what a run has written is there once it has ended.
        const latest = await latestRun(id, run);
        await load(id, dispatch);
        if (signal.aborted || latest === undefined) return;
        const request = latest.request as unknown as CalendarRequest;
        dispatch({ type: "request", request });
        if (run === undefined) return;
        remember(id, run);
        const isRegeneration = latest.version > 1;
        if (latest.status === "pending" || latest.status === "running") {
          dispatch({ type: "started", slots: slotsOf(request), runId: run, isRegeneration });
          const events = almanac.stream("/jobs/{id}/events", { params: { path: { id: run } }, signal, onOpen });
          await follow(events as AsyncIterable<CalendarEvent>, signal);
        } else if (isRegeneration) {
          const diff = await almanac.get("/calendars/{id}/runs/{run}/diff", { params: { path: { id, run } } });
          dispatch({ type: "review", review: keysOf(diff).length > 0 ? { runId: run, diff } : undefined });
        }
      } catch (error) {
        if (!signal.aborted) dispatch({ type: "problem", problem: problemOf(error) });
      }
    },
    [follow, onOpen],
  );

  useEffect(() => {
    if (calendarId !== undefined) void show(calendarId, runId, begin());
    return () => leave.current?.abort();
  }, [calendarId, runId, show, begin]);

  const generate = (request: CalendarRequest) => {
    const signal = begin();
    const isRegeneration = request.calendarId != null;
    dispatch({ type: "started", request, slots: slotsOf(request), isRegeneration });
    void follow(almanac.stream("/ai/calendar", { body: request, signal, onOpen }), signal);
  };

  const cancel = () => {
    const id = state.run?.id;
    if (id === undefined) return;
    almanac.post("/jobs/{id}/cancel", { params: { path: { id } } }).catch((error: unknown) => {
      dispatch({ type: "problem", problem: problemOf(error) });
    });
  };

  const open = (jobId: string) => {
    const signal = begin();
    dispatch({ type: "problem", problem: undefined });
    almanac
      .get("/jobs/{id}", { params: { path: { id: jobId } } })
      .then(({ subject }) => (subject.type === "calendar" ? show(subject.id, jobId, signal) : undefined))
      .catch((error: unknown) => {
        dispatch({ type: "problem", problem: problemOf(error) });
      });
  };

  const accept = async (keys?: string[], overwrite = false) => {
    const { calendarId: id, review } = state;
    if (id === undefined || review === undefined) return;
    const body = { ...(keys === undefined ? {} : { keys }), ...(overwrite ? { overwriteEdits: true } : {}) };
    try {
      const params = { path: { id, run: review.runId } };
      const done = await almanac.post("/calendars/{id}/runs/{run}/accept", { params, body });
      const notice = acceptedOf(done);
      dispatch({ type: "accepted", entries: done.entries, keys: keys ?? keysOf(review.diff), notice });
      if (keys === undefined || keysOf(review.diff).every((key) => keys.includes(key))) remember(id, undefined);
    } catch (error) {
      dispatch({ type: "problem", problem: problemOf(error) });
    }
  };

  const dismiss = () => {
    remember(state.calendarId, undefined);
    dispatch({ type: "review", review: undefined });
  };

  const onSaved = useCallback((entry: Entry) => {
    dispatch({ type: "saved", entry });
  }, []);

  return [state, { generate, cancel, open, accept, dismiss, onSaved }];
}

type Dispatch = (change: Parameters<typeof reduce>[1]) => void;

async function load(id: string, dispatch: Dispatch): Promise<void> {
  const { title, entries } = await almanac.get("/calendars/{id}", { params: { path: { id } } });
  dispatch({ type: "loaded", id, title, entries });
}

/** The run that the address names, else the newest one. */
async function latestRun(id: string, run: string | undefined) {
  if (run !== undefined) return almanac.get("/calendars/{id}/runs/{run}", { params: { path: { id, run } } });
  const { items } = await almanac.get("/calendars/{id}/runs", { params: { path: { id }, query: { limit: 1 } } });
  return items[0];
}
