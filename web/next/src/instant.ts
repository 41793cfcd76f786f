// The instant of a local time in a time zone. Pure; the rules of zones come from the runtime's `Intl`.
import { ZONES } from "./zones.js";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** No zone is more than a day from UTC. */
const WIDEST = 26 * HOUR;

/** The service knows no changes of clocks after 2099: each zone keeps its last offset. `Intl` goes on with its rules. */
const LAST_RULES = Date.UTC(2100, 0, 1);

/** By zone, of which there are only those that the service knows. */
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Throws a `RangeError` if the zone is unknown. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known) return known;
  const digits = "2-digit";
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: digits,
    day: digits,
    hour: digits,
    minute: digits,
    second: digits,
  });
  clocks.set(zone, clock);
  return clock;
}

/** Whether the service knows a zone of this name, and the runtime too. Offsets such as `+02:00` are no names. */
export function isZone(name: string): boolean {
  if (!ZONES.has(name)) return false;
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the zone's clocks show, as if it were UTC. */
function shown(at: number, zone: string): number {
  if (at > LAST_RULES) return at + shown(LAST_RULES, zone) - LAST_RULES;
  const parts = new Map(
    clockOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

/**
 * The first instant at which the zone's clocks show `date` and `time`. Where they jump over that time it is the first
 * instant after the jump; of a time that comes twice it is the earlier one.
 */
export function instantOf(date: string, time: string, zone: string): string {
  const local = Date.parse(`${date}T${time}:00Z`);
  const offsets = [local - WIDEST, local + WIDEST].map((at) => shown(at, zone) - at);
  const exact = offsets.map((offset) => local - offset).filter((at) => shown(at, zone) === local);
  const at = exact.length > 0 ? Math.min(...exact) : endOfGap(local, zone);
  return new Date(at).toISOString().replace(".000Z", "Z");
}

/** Halves the time around the jump until one second is left. */
function endOfGap(local: number, zone: string): number {
  let [before, after] = [local - WIDEST, local + WIDEST];
  while (after - before > SECOND) {
    const middle = before + Math.floor((after - before) / 2 / SECOND) * SECOND;
    if (shown(middle, zone) < local) before = middle;
    else after = middle;
  }
  return after;
}
