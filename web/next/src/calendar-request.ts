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
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isChannel = (value: unknown): value is string =>
  typeof value === "string" && /^[a-z][a-z0-9_-]{0,31}$/.test(value);
export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isTime = (value: unknown): value is string =>
  typeof value === "string" && /^([01]\d|2[0-3]):[0-5]\d$/.test(value);

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
  if (calendarId !== null && !isUuid(calendarId)) reader.flaw(["calendarId"], "must be a UUID", "uuid");
  if (planId !== null && !isUuid(planId)) reader.flaw(["planId"], "must be a UUID", "uuid");
  for (const text of title === null ? [] : reader.check(title, isText, ["title"], "must be a text")) {
    const characters = Array.from(text.trim()).length;
    if (characters < 1 || characters > TITLE_MAX) {
      reader.flaw(["title"], `must have 1 to ${TITLE_MAX} characters`, "length");
    }
  }
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
    calendarId: calendarId as string | null,
    ...constraints,
  };
}

type Constraints = Pick<CalendarRequest, "times" | "skipDates" | "skipWeekdays" | "topics">;

/** The known keys that slots and placeholders depend on. */
function constraintsOf(reader: Reader, value: unknown): Constraints {
  const at = "constraints";
  const all = reader.check(value, isObject, [at], "must be an object")[0] ?? {};
  const dates = reader.list(all["skipDates"], isDate, [at, "skipDates"], "must be a date, YYYY-MM-DD");
  const isWeekday = (day: unknown): day is string => WEEKDAYS.includes(day as string);
  const days = reader.list(
    all["skipWeekdays"],
    isWeekday,
    [at, "skipWeekdays"],
    `must be one of ${WEEKDAYS.join(", ")}`,
  );
  return {
    times: timesOf(reader, all["times"] ?? {}, [at, "times"]),
    skipDates: new Set(dates),
    skipWeekdays: new Set(days.map((day) => WEEKDAYS.indexOf(day))),
    topics: reader.list(all["topics"], isText, [at, "topics"], "must be a text").filter((topic) => topic.trim() !== ""),
  };
}

function timesOf(reader: Reader, value: unknown, loc: string[]): Map<string, string> {
  const times = new Map<string, string>();
  const named = reader.check(value, isObject, loc, "must be an object")[0] ?? {};
  for (const [channel, time] of Object.entries(named)) {
    reader.check(channel, isChannel, [...loc, channel], "must be the name of a channel");
    for (const good of reader.check(time, isTime, [...loc, channel], "must be a time of day, HH:MM")) {
      times.set(channel, good);
    }
  }
  return times;
}
