// What the page shows, as a function of what has happened. Pure.
import type { CalendarEvent, Schemas } from "@almanac/client";
import type { Slot } from "@almanac/next/slots";
import type { CalendarRequest, Diff, Entry, Made, Problem } from "./almanac";

export interface CalendarState {
  calendarId: string | undefined;
  title: string | null;
  /** The latest saved entries. */
  saved: Entry[];
  /** The request of the latest run, from which the form starts. */
  request: CalendarRequest | undefined;
  /** How often a request was loaded: the form starts again each time. */
  loads: number;
  run: Run | undefined;
  review: Review | undefined;
  problem: Problem | undefined;
  /** A sentence about what has happened. */
  notice: string | undefined;
  degraded: string[];
  /** Whether something has waited for Almanac for seconds, and still does. */
  isAway: boolean;
}

/** Who writes: Almanac, Almanac or its routes with placeholders, or this app's own generator. Only the first one saves. */
export type Writer = "almanac" | "dry_run" | "legacy";

/** A generation that is under way, or one that has ended and of which nothing is saved. */
export interface Run {
  id: string | undefined;
  isRegeneration: boolean;
  writer: Writer;
  isOver: boolean;
  /** How often the person has pressed Cancel. */
  cancels: number;
  /** Why it is not cancelled yet. */
  cancelProblem?: Problem | undefined;
  /** What will be filled. */
  slots: Slot[];
  made: Made[];
  completed: number;
  total: number;
}

/** What accepting a run would change. */
export interface Review {
  runId: string;
  diff: Diff;
}

export type Change =
  | { type: "loaded"; id: string; title: string | null; entries: Entry[] }
  | { type: "request"; request: CalendarRequest }
  | { type: "started"; request?: CalendarRequest; slots: Slot[]; runId?: string; isRegeneration: boolean }
  /** The page was opened, and an earlier start has no answer. */
  | { type: "unanswered" }
  | { type: "event"; event: CalendarEvent }
  /** `interrupted`: the run may go on, but this page does not see it any more. */
  | { type: "ended"; interrupted: boolean }
  /** The person wants a run of Almanac to end. */
  | { type: "cancel" }
  | { type: "cancel_problem"; problem: Problem | undefined }
  /** The person stopped a run that is only in this page. */
  | { type: "stopped" }
  /** The calendar does not exist any more. */
  | { type: "gone" }
  | { type: "away"; isAway: boolean }
  | { type: "degraded"; degraded: string[] }
  | { type: "review"; review: Review | undefined }
  | { type: "saved"; entry: Entry }
  | { type: "accepted"; entries: Entry[]; keys: string[]; notice: string }
  | { type: "problem"; problem: Problem | undefined };

export const EMPTY: CalendarState = {
  calendarId: undefined,
  title: null,
  saved: [],
  request: undefined,
  loads: 0,
  run: undefined,
  review: undefined,
  problem: undefined,
  notice: undefined,
  degraded: [],
  isAway: false,
};

export function reduce(state: CalendarState, change: Change): CalendarState {
  switch (change.type) {
    case "loaded":
      return { ...state, calendarId: change.id, title: change.title, saved: change.entries };
    case "request":
      return { ...state, request: change.request, loads: state.loads + 1 };
    case "started": {
      const { request = state.request, slots, runId, isRegeneration } = change;
      const counts = { completed: 0, total: slots.length, made: [] };
      const run = {
        id: runId,
        isRegeneration,
        writer: "almanac" as const,
        isOver: false,
        cancels: 0,
        slots,
        ...counts,
      };
      return { ...state, request, run, review: undefined, problem: undefined, notice: undefined, degraded: [] };
    }
    case "unanswered":
      return { ...state, notice: UNANSWERED };
    case "event":
      return state.run === undefined ? state : onEvent(state, state.run, change.event);
    case "ended": {
      const { run } = state;
      // What is not saved is nowhere else, and what came before an interruption may not be loaded again.
      const isKept = run !== undefined && (run.writer !== "almanac" || (change.interrupted && run.made.length > 0));
      return { ...state, run: isKept ? { ...run, isOver: true } : undefined };
    }
    case "cancel":
      return withRun(state, (run) => ({ cancels: run.cancels + 1 }));
    case "cancel_problem":
      return withRun(state, () => ({ cancelProblem: change.problem }));
    case "stopped": {
      const { run } = state;
      if (run === undefined) return state;
      const notice = `Cancelled. ${countOf(run, run.made.length)}.`;
      return { ...state, notice, run: { ...run, isOver: true } };
    }
    case "gone": {
      const ended = { ...state, run: undefined, review: undefined, problem: undefined };
      if (state.saved.length > 0) return { ...ended, notice: GONE_WITH_POSTS };
      return { ...ended, calendarId: undefined, title: null, notice: GONE };
    }
    case "away":
      return { ...state, isAway: change.isAway };
    case "degraded":
      return { ...state, degraded: change.degraded };
    case "review":
      return { ...state, review: change.review };
    case "saved":
      return { ...state, saved: state.saved.map((entry) => (entry.id === change.entry.id ? change.entry : entry)) };
    case "accepted":
      return {
        ...state,
        saved: change.entries,
        notice: change.notice,
        problem: undefined,
        review: state.review && { ...state.review, diff: without(state.review.diff, change.keys) },
      };
    case "problem":
      return { ...state, problem: change.problem };
  }
}

function withRun(state: CalendarState, change: (run: Run) => Partial<Run>): CalendarState {
  const { run } = state;
  return run === undefined || run.isOver ? state : { ...state, run: { ...run, ...change(run) } };
}

function onEvent(state: CalendarState, known: Run, event: CalendarEvent): CalendarState {
  const { meta } = event;
  const run = { ...known, writer: writerOf(meta), id: meta.runId ?? known.id };
  // A dry run of a new calendar has no id.
  const degraded = meta.degraded ?? state.degraded;
  const next = { ...state, run, calendarId: meta.calendarId ?? state.calendarId, degraded };
  switch (event.type) {
    case "progress":
      return { ...next, run: { ...run, completed: event.data.completed, total: event.data.total } };
    case "entry":
      return { ...next, run: { ...run, made: [...run.made, event.data], completed: run.made.length + 1 } };
    case "diff":
      return { ...next, review: { runId: run.id ?? "", diff: event.data } };
    case "error":
      return { ...next, notice: event.data.message };
    case "snapshot":
      return { ...next, run: { ...run, made: event.data.entries } };
    case "done":
      return { ...next, notice: endingOf(run, event.data) };
  }
}

/** `legacy` is of this app's own generator; Almanac does not send it. */
export function writerOf(meta: CalendarEvent["meta"] & { legacy?: boolean }): Writer {
  if (meta.legacy === true) return "legacy";
  return meta.dryRun === true ? "dry_run" : "almanac";
}

const UNANSWERED = "A calendar that you asked for may have been started. Generate the same again to open it.";
const GONE = "This calendar was deleted, with all its posts.";
const GONE_WITH_POSTS = `${GONE} What this page still shows is not saved any more: copy what you need.`;

/** Begins a sentence that ends by a full stop or goes on. */
function countOf(run: Run, entries: number): string {
  const total = Math.max(run.total, entries);
  return `${entries} of ${posts(total)} ${total === 1 ? "is" : "are"} here`;
}

/** How a run has ended, in a sentence. */
function endingOf(run: Run, { status, entries, message }: Extract<CalendarEvent, { type: "done" }>["data"]): string {
  const count = countOf(run, entries);
  switch (status) {
    case "timeout":
      return `Almanac ran out of time. ${count}; generate again to get the rest.`;
    case "cancelled":
      return `Cancelled. ${count}.`;
    case "failed":
      return message ?? "Almanac could not write this calendar. Try again.";
    case "partial":
      return `${count}. ${message ?? "Generate again to get the rest."}`;
    default:
      return message ?? `Done: ${posts(entries)}.`;
  }
}

type Accepted = Schemas["AcceptDone"];
type Skipped = Schemas["SkippedResponse"];

/** What was left out, by its reason. */
const SKIPPED: Record<Skipped["reason"], (left: Skipped[]) => string> = {
  edited: (left) => `Your edits stayed: ${left.length}.`,
  deleted: (left) => `Posts that you deleted stay deleted: ${left.length}.`,
  not_in_run: (left) => `Not in this run, so left as they are: ${left.length}.`,
};

/** What an accept has done, in sentences. */
export function acceptedOf({ added, updated, removed, skipped }: Accepted): string {
  const changes = added.length + updated.length + removed.length;
  const left = (Object.keys(SKIPPED) as Skipped["reason"][]).map((reason) => {
    const those = skipped.filter((one) => one.reason === reason);
    return those.length === 0 ? "" : ` ${SKIPPED[reason](those)}`;
  });
  return `Accepted: ${posts(changes)} changed.${left.join("")}`;
}

function without(diff: Diff, keys: string[]): Diff {
  const isLeft = ({ key }: { key: string }) => !keys.includes(key);
  return {
    added: diff.added.filter(isLeft),
    updated: diff.updated.filter(isLeft),
    removed: diff.removed.filter(isLeft),
  };
}

export function posts(count: number): string {
  return count === 1 ? "1 post" : `${count} posts`;
}

export function keysOf({ added, updated, removed }: Diff): string[] {
  return [...added, ...updated, ...removed].map(({ key }) => key);
}
