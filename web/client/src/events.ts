// Types of events: one object each, in the form of an NDJSON line, whichever encoding carried it.
import type { components, paths } from "./generated/api.js";

/** All schemas of the API's document by name. */
export type Schemas = components["schemas"];

interface CalendarEventOf<Type extends string, Data> {
  type: Type;
  /** Position in the event log, from 1; absent in events that are not stored. */
  seq?: number;
  data: Data;
  error: Schemas["StreamError"] | null;
  meta: Schemas["FrameMeta"];
}

/** An event of a calendar run, told apart by `type`. */
export type CalendarEvent =
  | CalendarEventOf<"progress", Schemas["Progress"]>
  | CalendarEventOf<"entry", Schemas["EntryMade"]>
  | CalendarEventOf<"diff", Schemas["DiffResponse"]>
  | CalendarEventOf<"error", Schemas["StreamError"]>
  | CalendarEventOf<"done", Schemas["RunSummary"]>
  | CalendarEventOf<"snapshot", Schemas["CalendarSnapshot"]>;

/** An event of a flashcard generation. */
export type GenerationEvent = Schemas["GenerationLine"];
/** An event of an organic week. */
export type WeekEvent = Schemas["WeekLine"];
/** An event of a synthesis. */
export type SynthesisEvent = Schemas["SynthesisLine"];
/** An event of one publication. */
export type PublicationEvent = Schemas["PublicationLine"];
/** An event of a publishing plan. */
export type PlanEvent = Schemas["PlanLine"];

type Streamed<Operation> = Operation extends {
  responses: { 200: { content: { "text/event-stream": unknown; "application/x-ndjson": infer Line } } };
}
  ? Line extends Schemas["CalendarLine"]
    ? CalendarEvent
    : Line
  : never;

type MethodOf<Path extends keyof paths> = Streamed<paths[Path]["post"]> extends never ? "get" : "post";

/** Paths that answer with a stream. */
export type StreamPath = {
  [Path in keyof paths]: Streamed<paths[Path][MethodOf<Path>]> extends never ? never : Path;
}[keyof paths];

/** The method of a path that answers with a stream: a POST starts work, a GET follows it. */
export type StreamMethod<Path extends StreamPath> = MethodOf<Path>;

/** The events of a path that answers with a stream. */
export type StreamEvent<Path extends StreamPath> = Streamed<paths[Path][MethodOf<Path>]>;
