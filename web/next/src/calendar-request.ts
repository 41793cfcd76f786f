// What a request for a calendar may say, as far as its slots depend on it. Pure.
import { isZone } from "./instant.js";
import { flawed, ruledOut, type Detail } from "./refusal.js";

export type Cadence = "daily" | "weekly" | "monthly";

/** The part of a request that decides its slots. */
export interface SlotRequest {
  channels: string[];
  cadence: Cadence;
  /** First date, `YYYY-MM-DD`. */
  start: string;
  /** Last date, `YYYY-MM-DD`. */
  end: string;
  /** IANA name; UTC if absent. */
  timezone?: string | null;
  constraints?: { [key: string]: unknown } | null;
}

/** A request whose values were checked. */
export interface CalendarRequest {
  /** Each once, in the order of the request. */
  channels: string[];
  cadence: Cadence;
  start: string;
  end: string;
  zone: string;
  times: Map<string, string>;
  skipDates: Set<string>;
  /** 0 is Sunday. */
  skipWeekdays: Set<number>;
  topics: string[];
  calendarId: string | null;
}

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const CADENCES: readonly unknown[] = ["daily", "weekly", "monthly"];
const CHANNELS_MAX = 8;
const TITLE_MAX = 200;
/** Bytes of constraints as JSON. */
const CONSTRAINTS_MAX = 32 * 1024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The fields that a request has, each at most once. Others are ignored. */
export const FIELDS: ReadonlySet<string> = new Set([
  "channels",
  "cadence",
  "start",
  "end",
  "constraints",
  "calendarId",
  "planId",
  "timezone",
  "title",
]);

export const isChannel = (value: unknown): value is string =>
  typeof value === "string" && /^[a-z][a-z0-9_-]{0,31}$/.test(value);
export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);
const isTime = (value: unknown): value is string =>
  typeof value === "string" && /^([01]\d|2[0-3]):[0-5]\d$/.test(value);
const isWeekday = (value: unknown): value is string => WEEKDAYS.includes(value as string);

/** Not `trim`, which takes other characters for white space than the service does. */
function trimmed(text: string): string {
  const isSpace = (at: number): boolean => /\p{White_Space}/u.test(text.charAt(at));
  let [start, end] = [0, text.length];
  while (start < end && isSpace(start)) start++;
  while (start < end && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

/** The usual spelling of a UUID that is written in any of the ways that the service reads. */
function uuidOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const bare = /^\{(.{36})\}$/.exec(value)?.[1] ?? /^urn:uuid:(.{36})$/i.exec(value)?.[1] ?? value;
  const spelled = bare.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return isUuid(spelled) ? spelled.toLowerCase() : undefined;
}

/** A date that exists, in a year that is no slip. */
function isDate(value: unknown): value is string {
  if (typeof value !== "string" || !/^(19|20|21)\d\d-\d\d-\d\d$/.test(value)) return false;
  const at = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Collects flaws, so that all of them are reported together. */
class Reader {
  private readonly flaws: Detail[] = [];

  flaw(loc: Detail["loc"], msg: string, type = "value"): void {
    this.flaws.push({ loc: ["body", ...loc], msg, type });
  }

  check<T>(value: unknown, is: (value: unknown) => value is T, loc: Detail["loc"], msg: string): T[] {
    if (is(value)) return [value];
    this.flaw(loc, msg);
    return [];
  }

  /** The good items of a list; none if it is absent or null. */
  list<T>(value: unknown, is: (value: unknown) => value is T, loc: Detail["loc"], msg: string): T[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.flaw(loc, "must be a list", "type");
      return [];
    }
    return value.flatMap((item: unknown, at) => this.check(item, is, [...loc, at], msg));
  }

  /** The text without white space around it, if it has an allowed number of characters; else nothing. */
  text(value: unknown, loc: Detail["loc"], least: number, most: number): string[] {
    if (typeof value !== "string") {
      this.flaw(loc, "must be a string", "type");
      return [];
    }
    const text = trimmed(value);
    const characters = Array.from(text).length;
    if (characters < least) this.flaw(loc, `must have at least ${least} characters`, "too_short");
    if (characters > most) this.flaw(loc, `must have at most ${most} characters`, "too_long");
    return characters < least || characters > most ? [] : [text];
  }

  /** The good texts of a list. */
  texts(value: unknown, loc: Detail["loc"], bounds: { items: number; least: number; most: number }): string[] {
    if (!Array.isArray(value)) {
      this.flaw(loc, "must be a list", "type");
      return [];
    }
    if (value.length > bounds.items) {
      this.flaw(loc, `must have at most ${bounds.items} items`, "too_long");
      return [];
    }
    return value.flatMap((item: unknown, at) => this.text(item, [...loc, at], bounds.least, bounds.most));
  }

  finish(): void {
    if (this.flaws.length > 0) throw flawed(this.flaws);
  }
}

/**
 * Reads the body of a request.
 * @throws {Refusal} 400 with all flaws of shape, else 422 with the first broken rule.
 */
export function readCalendarRequest(body: unknown): CalendarRequest {
  const reader = new Reader();
  const fields = reader.check(body, isObject, [], "must be an object")[0] ?? {};
  const { cadence, start, end, calendarId = null, planId = null, timezone = null, title = null } = fields;
  const channels = reader.list(fields["channels"] ?? [], isChannel, ["channels"], "must be the name of a channel");
  const named = Array.isArray(fields["channels"]) ? fields["channels"].length : 0;
  if (named < 1 || named > CHANNELS_MAX) reader.flaw(["channels"], `must have 1 to ${CHANNELS_MAX} items`, "length");
  if (!CADENCES.includes(cadence)) reader.flaw(["cadence"], "must be daily, weekly or monthly");
  if (!isDate(start)) reader.flaw(["start"], "must be a date, YYYY-MM-DD", "date");
  if (!isDate(end)) reader.flaw(["end"], "must be a date, YYYY-MM-DD", "date");
  const [calendar, plan] = [uuidOf(calendarId), uuidOf(planId)];
  if (calendarId !== null && calendar === undefined) reader.flaw(["calendarId"], "must be a UUID", "uuid");
  if (planId !== null && plan === undefined) reader.flaw(["planId"], "must be a UUID", "uuid");
  if (title !== null) reader.text(title, ["title"], 1, TITLE_MAX);
  if (timezone !== null && typeof timezone !== "string") reader.flaw(["timezone"], "must be a text", "type");
  const constraints = constraintsOf(reader, fields["constraints"] ?? {});
  reader.finish();

  if ((end as string) < (start as string)) {
    throw ruledOut("END_BEFORE_START", "end", "The range ends before it starts.");
  }
  const zone = (timezone ?? "UTC") as string;
  if (!isZone(zone)) throw ruledOut("UNKNOWN_TIME_ZONE", "timezone", "Unknown time zone.");
  return {
    channels: [...new Set(channels)],
    cadence: cadence as Cadence,
    start: start as string,
    end: end as string,
    zone,
    calendarId: calendar ?? null,
    ...constraints,
  };
}

type Constraints = Pick<CalendarRequest, "times" | "skipDates" | "skipWeekdays" | "topics">;

/** Checks the known keys; null is as good as absent. Only those that slots and placeholders depend on are kept. */
function constraintsOf(reader: Reader, value: unknown): Constraints {
  const given = reader.check(value, isObject, ["constraints"], "must be an object")[0] ?? {};
  const all = Object.fromEntries(Object.entries(given).filter(([, constraint]) => constraint !== null));
  const found: Constraints = { times: new Map(), skipDates: new Set(), skipWeekdays: new Set(), topics: [] };
  for (const [name, constraint] of Object.entries(all)) readConstraint(reader, found, name, constraint);
  if (new TextEncoder().encode(JSON.stringify(all)).length > CONSTRAINTS_MAX) {
    reader.flaw(["constraints"], `must have at most ${CONSTRAINTS_MAX} bytes`, "too_long");
  }
  return found;
}

function readConstraint(reader: Reader, found: Constraints, name: string, value: unknown): void {
  const loc = ["constraints", name];
  switch (name) {
    case "topics":
      found.topics = reader.texts(value, loc, { items: 50, least: 1, most: 200 });
      break;
    case "avoid":
      reader.texts(value, loc, { items: 50, least: 1, most: 200 });
      break;
    case "tone":
    case "audience":
      reader.text(value, loc, 0, 500);
      break;
    case "language":
      reader.text(value, loc, 0, 64);
      break;
    case "brand":
      if (typeof value === "string") reader.text(value, loc, 0, 200);
      else reader.check(value, isObject, loc, "must be a name or an object");
      break;
    case "times":
      found.times = timesOf(reader, value, loc);
      break;
    case "skipDates":
      found.skipDates = new Set(wordsOf(reader, value, loc, isDate, "must be a date, YYYY-MM-DD"));
      break;
    case "skipWeekdays": {
      const days = wordsOf(reader, value, loc, isWeekday, `must be one of ${WEEKDAYS.join(", ")}`);
      found.skipWeekdays = new Set(days.map((day) => WEEKDAYS.indexOf(day)));
    }
  }
}

function wordsOf(
  reader: Reader,
  value: unknown,
  loc: string[],
  is: (value: unknown) => value is string,
  msg: string,
): string[] {
  const texts = reader.texts(value, loc, { items: 1_000, least: 0, most: 64 });
  return texts.flatMap((text, at) => reader.check(text, is, [...loc, at], msg));
}

function timesOf(reader: Reader, value: unknown, loc: string[]): Map<string, string> {
  const times = new Map<string, string>();
  const named = reader.check(value, isObject, loc, "must be an object")[0] ?? {};
  for (const [channel, given] of Object.entries(named)) {
    const at = [...loc, channel];
    reader.check(channel, isChannel, at, "must be the name of a channel");
    for (const text of reader.text(given, at, 0, 64)) {
      for (const time of reader.check(text, isTime, at, "must be a time of day, HH:MM")) times.set(channel, time);
    }
  }
  return times;
}
