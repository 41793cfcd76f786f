// What a request for a calendar may say, as far as its slots depend on it. Pure.
import { isZone } from "./instant.js";
import { flawed, ruledOut, type Detail } from "./refusal.js";
import { checkTypes, isObject } from "./request-types.js";

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
const CADENCES: readonly string[] = ["daily", "weekly", "monthly"] satisfies Cadence[];
const CHANNELS_MAX = 8;
const TITLE_MAX = 200;
/** Bytes of constraints as JSON. */
const CONSTRAINTS_MAX = 32 * 1024;
const DATE = "must be a date from 1900 to 2199, YYYY-MM-DD";
const CHANNEL = "must be a lower-case letter, then at most 31 lower-case letters, digits, _ or -";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

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

/** Collects flaws, so that all of them are reported together. */
class Reader {
  private readonly flaws: Detail[] = [];

  flaw(loc: Detail["loc"], msg: string, type = "value"): void {
    this.flaws.push({ loc: ["body", ...loc], msg, type });
  }

  check<T>(value: unknown, is: (value: unknown) => value is T, loc: Detail["loc"], msg: string, type?: string): T[] {
    if (is(value)) return [value];
    this.flaw(loc, msg, type);
    return [];
  }

  /** Whether a text or a list has an allowed size. */
  size(size: number, loc: Detail["loc"], { least, most, unit }: Bounds): boolean {
    if (size < least) this.flaw(loc, `must have at least ${least} ${unit}`, "too_short");
    if (size > most) this.flaw(loc, `must have at most ${most} ${unit}`, "too_long");
    return size >= least && size <= most;
  }

  /** The text without white space around it, if it has an allowed number of characters; else nothing. */
  text(value: unknown, loc: Detail["loc"], least: number, most: number): string[] {
    if (typeof value !== "string") {
      this.flaw(loc, "must be a string", "type");
      return [];
    }
    const text = trimmed(value);
    return this.size(Array.from(text).length, loc, { least, most, unit: "characters" }) ? [text] : [];
  }

  /** The good texts of a list. */
  list(value: unknown, loc: Detail["loc"], most: number): unknown[] {
    if (!Array.isArray(value)) {
      this.flaw(loc, "must be a list", "type");
      return [];
    }
    return this.size(value.length, loc, { least: 0, most, unit: "items" }) ? value : [];
  }

  texts(value: unknown, loc: Detail["loc"], bounds: { items: number; least: number; most: number }): string[] {
    const items = this.list(value, loc, bounds.items);
    return items.flatMap((item, at) => this.text(item, [...loc, at], bounds.least, bounds.most));
  }

  finish(): void {
    if (this.flaws.length > 0) throw flawed(this.flaws);
  }
}

interface Bounds {
  least: number;
  most: number;
  unit: "characters" | "items";
}

/**
 * Reads the body of a request.
 * @throws {Refusal} 400 with the first wrong type or all other flaws of shape, else 422 with the first broken rule.
 */
export function readCalendarRequest(body: unknown): CalendarRequest {
  const { cadence, start, end, calendarId, planId, timezone, title, ...fields } = checkTypes(body);
  const reader = new Reader();
  reader.size(fields.channels.length, ["channels"], { least: 1, most: CHANNELS_MAX, unit: "items" });
  const channels = fields.channels
    .slice(0, CHANNELS_MAX)
    .flatMap((channel, at) => reader.check(channel, isChannel, ["channels", at], CHANNEL));
  if (!CADENCES.includes(cadence)) reader.flaw(["cadence"], `must be one of ${CADENCES.join(", ")}`);
  reader.check(start, isDate, ["start"], DATE, "date");
  reader.check(end, isDate, ["end"], DATE, "date");
  const constraints = constraintsOf(reader, fields.constraints ?? {});
  const [calendar, plan] = [uuidOf(calendarId), uuidOf(planId)];
  if (calendarId != null && calendar === undefined) reader.flaw(["calendarId"], "must be a UUID", "uuid");
  if (planId != null && plan === undefined) reader.flaw(["planId"], "must be a UUID", "uuid");
  if (title != null) reader.text(title, ["title"], 1, TITLE_MAX);
  reader.finish();

  if (end < start) throw ruledOut("END_BEFORE_START", "end", "The range ends before it starts.");
  const zone = timezone ?? "UTC";
  if (!isZone(zone)) throw ruledOut("UNKNOWN_TIME_ZONE", "timezone", "Unknown time zone.");
  return {
    channels: [...new Set(channels)],
    cadence: cadence as Cadence,
    start,
    end,
    zone,
    calendarId: calendar ?? null,
    ...constraints,
  };
}

type Constraints = Pick<CalendarRequest, "times" | "skipDates" | "skipWeekdays" | "topics">;

/** Checks the known keys; null is as good as absent. Only those that slots and placeholders depend on are kept. */
function constraintsOf(reader: Reader, given: Record<string, unknown>): Constraints {
  // The service reads them in the order of their names.
  const names = Object.keys(given).sort();
  const all = Object.fromEntries(names.filter((name) => given[name] !== null).map((name) => [name, given[name]]));
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
      else reader.check(value, isObject, loc, "must be a name or an object", "type");
      break;
    case "times":
      found.times = timesOf(reader, value, loc);
      break;
    case "skipDates":
      found.skipDates = new Set(wordsOf(reader, value, loc, isDate, DATE));
      break;
    case "skipWeekdays": {
      const days = wordsOf(reader, value, loc, isWeekday, "must be one of mon, tue, wed, thu, fri, sat, sun");
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
  return reader.list(value, loc, 1_000).flatMap((item, at) => {
    const place = [...loc, at];
    return reader.text(item, place, 0, 64).flatMap((text) => reader.check(text, is, place, msg));
  });
}

function timesOf(reader: Reader, value: unknown, loc: string[]): Map<string, string> {
  const times = new Map<string, string>();
  const named = reader.check(value, isObject, loc, "must be an object", "type")[0] ?? {};
  for (const [channel, given] of Object.entries(named)) {
    const at = [...loc, channel];
    reader.check(channel, isChannel, at, CHANNEL);
    for (const text of reader.text(given, at, 0, 64)) {
      for (const time of reader.check(text, isTime, at, "must be a time of day, HH:MM", "time"))
        times.set(channel, time);
    }
  }
  return times;
}
