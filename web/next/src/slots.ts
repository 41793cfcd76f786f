// The slots of a calendar: channels × cadence × range. The service computes the same ones by the same rules; both are
// checked against one file. Pure, so that a form can show how many posts a request asks for.
import { readCalendarRequest, type Cadence, type CalendarRequest, type SlotRequest } from "./calendar-request.js";
import { instantOf } from "./instant.js";
import { ruledOut } from "./refusal.js";

export type { Cadence, SlotRequest } from "./calendar-request.js";

/** When and where an entry is wanted. */
export interface Slot {
  /** `channel:date:ordinal`. */
  key: string;
  channel: string;
  /** Local date. */
  date: string;
  /** Local time of day, `HH:MM`. */
  time: string;
  /** RFC 3339 in UTC. */
  scheduledAt: string;
}

/** Slots that a request may have unless the operator configured another number. */
export const MOST_SLOTS = 200;
/** Bounds the time spent on a range whose dates are nearly all skipped. */
const MOST_DATES = 10_000;
const DAY = 86_400_000;

const USUAL_TIMES = new Map([
  ["instagram", "11:00"],
  ["facebook", "13:00"],
  ["tiktok", "18:00"],
  ["youtube", "16:00"],
]);

/**
 * The slots of a request by date, on each date in the request's order of channels.
 * @throws {Refusal} the request is invalid, has more than `most` slots, or skips every date.
 */
export function computeSlots(request: SlotRequest, most = MOST_SLOTS): Slot[] {
  return slotsOf(readCalendarRequest(request), most);
}

export function slotsOf(request: CalendarRequest, most = MOST_SLOTS): Slot[] {
  const slots: Slot[] = [];
  for (let nth = 0; ; nth++) {
    const at = nthDate(request.cadence, request.start, nth);
    const date = new Date(at).toISOString().slice(0, 10);
    if (date > request.end) break;
    if (nth === MOST_DATES) throw tooLarge(most);
    if (request.skipDates.has(date) || request.skipWeekdays.has(new Date(at).getUTCDay())) continue;
    if (slots.length + request.channels.length > most) throw tooLarge(most);
    slots.push(...request.channels.map((channel) => slotOf(request, channel, date)));
  }
  if (slots.length === 0) throw ruledOut("NO_SLOTS", "constraints", "The constraints skip every date of this range.");
  return slots;
}

function slotOf({ times, zone }: CalendarRequest, channel: string, date: string): Slot {
  const time = times.get(channel) ?? USUAL_TIMES.get(channel) ?? "09:00";
  return { key: `${channel}:${date}:1`, channel, date, time, scheduledAt: instantOf(date, time, zone) };
}

/** Always counted from the first date, so that a short month does not move the months after it. */
function nthDate(cadence: Cadence, start: string, nth: number): number {
  const first = Date.parse(`${start}T00:00:00Z`);
  if (cadence === "daily") return first + nth * DAY;
  if (cadence === "weekly") return first + nth * 7 * DAY;
  const { year, month, day } = partsOf(start);
  const lastDay = new Date(Date.UTC(year, month + nth, 0)).getUTCDate();
  return Date.UTC(year, month - 1 + nth, Math.min(day, lastDay));
}

function partsOf(date: string): { year: number; month: number; day: number } {
  return { year: Number(date.slice(0, 4)), month: Number(date.slice(5, 7)), day: Number(date.slice(8)) };
}

function tooLarge(most: number): Error {
  return ruledOut(
    "RANGE_TOO_LARGE",
    "end",
    `The range holds more than ${most} slots. Choose a shorter range or fewer channels.`,
  );
}
