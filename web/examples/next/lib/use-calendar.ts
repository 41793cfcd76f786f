"use client";
// The calendar of the page: loads it, generates it, and accepts what a later run would change.
import { computeSlots, type Slot } from "@almanac/next/slots";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { almanac, patient, problemOf, type CalendarRequest, type Entry, type Problem } from "./almanac";
import { acceptedOf, EMPTY, keysOf, reduce, type CalendarState } from "./calendar-state";
import { cancelRun } from "./cancel";
import { follow, load, remember, type Open } from "./follow";
import { UnansweredStarts } from "./unanswered-starts";
import { Waiting } from "./waiting";

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

function slotsOf(request: CalendarRequest): Slot[] {
  try {
    return computeSlots(request);
  } catch {
    // The service will say what is wrong with it.
    return [];
  }
}

export function useCalendar(
  user: string | undefined,
  calendarId: string | undefined,
  runId: string | undefined,
): [CalendarState, CalendarActions] {
  const [state, dispatch] = useReducer(reduce, { ...EMPTY, calendarId });
  const leave = useRef<AbortController>(undefined);
  const [starts] = useState(() => new UnansweredStarts());
  const [waiting] = useState(
    () =>
      new Waiting((isAway) => {
        dispatch({ type: "away", isAway });
      }),
  );

  const begin = useCallback((): AbortSignal => {
    leave.current?.abort();
    leave.current = new AbortController();
    return leave.current.signal;
  }, []);

  const show = useCallback(
    async (id: string, run: string | undefined, signal: AbortSignal) => {
      try {
        // In this order: what a run has written is there once it has ended.
        const latest = await waiting.during(latestRun(id, run));
        await waiting.during(load(id, dispatch));
        if (signal.aborted || latest === undefined) return;
        const request = latest.request as unknown as CalendarRequest;
        dispatch({ type: "request", request });
        const started = { ...request, calendarId: latest.version > 1 ? id : null };
        await starts.settle(user, started, latest.createdAt);
        if (run === undefined) return;
        remember(id, run);
        const isRegeneration = latest.version > 1;
        if (latest.status === "pending" || latest.status === "running") {
          dispatch({ type: "started", slots: slotsOf(request), runId: run, isRegeneration });
          const params = { path: { id: run } };
          const open = (options: object) => almanac.stream("/jobs/{id}/events", { params, ...options });
          await follow(open as Open, { dispatch, waiting, signal });
        } else if (isRegeneration) {
          const params = { path: { id, run } };
          const diff = await waiting.during(patient.get("/calendars/{id}/runs/{run}/diff", { params }));
          dispatch({ type: "review", review: keysOf(diff).length > 0 ? { runId: run, diff } : undefined });
        }
      } catch (error) {
        if (!signal.aborted) dispatch({ type: "problem", problem: problemOf(error) });
      }
    },
    [waiting, starts, user],
  );

  useEffect(() => {
    if (calendarId !== undefined) void show(calendarId, runId, begin());
    return () => leave.current?.abort();
  }, [calendarId, runId, show, begin]);

  useEffect(() => {
    if (starts.has(user)) dispatch({ type: "unanswered" });
  }, [starts, user]);

  const { id: cancelledId, cancels = 0 } = state.run?.isOver === false ? state.run : {};
  useEffect(() => {
    if (cancelledId === undefined || cancels === 0) return;
    const end = new AbortController();
    const say = (problem: Problem | undefined) => {
      dispatch({ type: "cancel_problem", problem });
    };
    void cancelRun(cancelledId, say, end.signal);
    return () => {
      end.abort();
    };
  }, [cancelledId, cancels]);

  const generate = (request: CalendarRequest) => {
    const signal = begin();
    const isRegeneration = request.calendarId != null;
    dispatch({ type: "started", request, slots: slotsOf(request), isRegeneration });
    const open: Open = (options) =>
      starts.start(user, request, options, (key, started) => {
        const params = { header: { "Idempotency-Key": key } };
        return almanac.stream("/ai/calendar", { params, body: request, ...started });
      });
    void follow(open, { dispatch, waiting, signal, isStart: true });
  };

  const cancel = () => {
    // This app's own generator ends with its request.
    if (state.run?.writer === "legacy") {
      leave.current?.abort();
      dispatch({ type: "stopped" });
      return;
    }
    dispatch({ type: "cancel" });
  };

  const open = (jobId: string) => {
    const signal = begin();
    dispatch({ type: "problem", problem: undefined });
    waiting
      .during(almanac.get("/jobs/{id}", { params: { path: { id: jobId } } }))
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
      const done = await waiting.during(almanac.post("/calendars/{id}/runs/{run}/accept", { params, body }));
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

/** The run that the address names, else the newest one. */
async function latestRun(id: string, run: string | undefined) {
  if (run !== undefined) return patient.get("/calendars/{id}/runs/{run}", { params: { path: { id, run } } });
  const { items } = await patient.get("/calendars/{id}/runs", { params: { path: { id }, query: { limit: 1 } } });
  return items[0];
}
