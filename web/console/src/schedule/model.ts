// What a person edits of a schedule, and what of it can be saved. Pure.
import type { ScheduleResponse, Schemas, UpsertScheduleRequest } from "@almanac/client";
import { mergedList, mergedValue } from "../saving/merge";

export type Day = Schemas["ScheduleDay"];

export const DAYS: readonly Day[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
export const MOST_EMAILS = 3;
const FIRST_TIME = "08:00";
const LONGEST_EMAIL = 254;

export interface EmailRow {
  key: number;
  /** As typed. */
  text: string;
  /** The last valid address of the row, which is what is saved; null if it never had one. */
  address: string | null;
  /** The address of the row that the service has. */
  stored: string | null;
  problem: EmailProblem | null;
}

/** `most`: others have been added elsewhere, and there is no room for it. */
export type EmailProblem = "invalid" | "duplicate" | "most";

export interface Draft {
  enabled: boolean;
  days: readonly Day[];
  /** The time as typed. */
  timeText: string;
  /** Whether the person has left the field with a text that is no time. */
  isTimeWrong: boolean;
  /** The last valid time: in the zone, or in UTC without one. */
  time: string;
  /** IANA name; null: UTC. */
  zone: string | null;
  /** Whether the time or its zone was changed elsewhere in the same time. The stored ones count until one is chosen. */
  isTimeContested: boolean;
  emails: readonly EmailRow[];
}

export function draftOf(stored: ScheduleResponse | null): Draft {
  const time = stored?.time_local ?? stored?.time_utc ?? FIRST_TIME;
  return {
    // Switched on by the person, never by the first day that is chosen.
    enabled: stored?.enabled ?? false,
    days: stored?.days ?? [],
    timeText: time,
    isTimeWrong: false,
    time,
    zone: stored?.timezone ?? null,
    isTimeContested: false,
    emails: (stored?.emails ?? []).map((address, key) => ({
      key,
      text: address,
      address,
      stored: address,
      problem: null,
    })),
  };
}

/** What is saved of a draft: its valid parts. Fields that are not shown keep their stored values. */
export function requestOf(draft: Draft, stored: ScheduleResponse | null): UpsertScheduleRequest {
  const { enabled, days } = draft;
  return {
    enabled,
    days: [...days],
    ...timeChoice(draft, stored),
    emails: savedRows(draft).map((row) => row.address),
    catch_up_minutes: stored?.catch_up_minutes ?? null,
  };
}

/** A time and its zone are one choice. */
type TimeChoice = Pick<UpsertScheduleRequest, "time_utc" | "timezone" | "time_local">;

function timeChoice({ time, zone, isTimeContested }: Draft, stored: ScheduleResponse | null): TimeChoice {
  if (stored && isTimeContested) return timeOfRequest(stored);
  if (zone === null) return { time_utc: time, timezone: null, time_local: null };
  return { time_utc: stored?.time_utc ?? time, timezone: zone, time_local: time };
}

function timeOfRequest({ time_utc, timezone = null, time_local = null }: TimeChoice): TimeChoice {
  return { time_utc, timezone, time_local };
}

/** A time as people see it: `10:00 Europe/Paris`. */
export function timeText({ time_utc, timezone, time_local }: TimeChoice): string {
  return `${time_local ?? time_utc} ${timezone ?? "UTC"}`;
}

export interface MergedRequest {
  request: UpsertScheduleRequest;
  /** Whether both sides have changed the time or its zone, and not to the same. The request has theirs. */
  isTimeContested: boolean;
}

/** What a person has changed since `base`, on top of what was saved elsewhere since then. */
export function mergedRequest(
  base: UpsertScheduleRequest,
  mine: UpsertScheduleRequest,
  theirs: UpsertScheduleRequest,
): MergedRequest {
  const [before, here, there] = [timeText(base), timeText(mine), timeText(theirs)];
  const isTimeContested = here !== before && there !== before && here !== there;
  const days = mergedList(base.days, mine.days, theirs.days);
  const emails = mergedList(base.emails, mine.emails, theirs.emails);
  const added = emails.filter((email) => !theirs.emails.includes(email));
  const room = MOST_EMAILS - (emails.length - added.length);
  const surplus = added.slice(Math.max(room, 0));
  const request = {
    enabled: mergedValue(base.enabled, mine.enabled, theirs.enabled),
    days: DAYS.filter((day) => days.includes(day)),
    ...timeOfRequest(isTimeContested || here === before ? theirs : mine),
    emails: emails.filter((email) => !surplus.includes(email)),
    catch_up_minutes: theirs.catch_up_minutes ?? null,
  };
  return { request, isTimeContested };
}

/** The draft with what a merged request says; rows in which something is typed stay, those that found no room, and a
 * contested time. */
export function draftWith(draft: Draft, { request, isTimeContested }: MergedRequest, firstKey: number): Draft {
  const { enabled, emails } = request;
  const rows = draft.emails.flatMap((row): EmailRow[] => {
    if (row.address === null || row.text.trim() !== row.address || emails.includes(row.address)) return [row];
    return row.stored === null ? [{ ...row, address: null, problem: "most" }] : [];
  });
  const isMissing = (address: string) => !rows.some((row) => row.address === address);
  const added = emails
    .filter(isMissing)
    .map((address, index) => ({ key: firstKey + index, text: address, address, stored: address, problem: null }));
  const shown = timeText(timeChoice({ ...draft, isTimeContested: false }, null));
  const stays = (isTimeContested || draft.isTimeContested) && shown !== timeText(request);
  const merged = stays ? { ...draft, isTimeContested: true } : draftWithTime(draft, request);
  return {
    ...merged,
    enabled,
    days: DAYS.filter((day) => request.days.includes(day)),
    emails: [...rows, ...added],
  };
}

/** The draft with another time, which is no text that is being typed. */
export function draftWithTime(draft: Draft, { time_utc, timezone, time_local }: TimeChoice): Draft {
  const time = time_local ?? time_utc;
  const isTyped = draft.timeText !== draft.time;
  return {
    ...draft,
    timeText: isTyped ? draft.timeText : time,
    time,
    zone: timezone ?? null,
    isTimeContested: false,
  };
}

/** The rows whose addresses are saved, in the order of the request. */
export function savedRows(draft: Draft): (EmailRow & { address: string })[] {
  return draft.emails.filter((row): row is EmailRow & { address: string } => row.address !== null);
}

/** Whether something was typed that `requestOf` leaves out. */
export function hasUnsavedText(draft: Draft): boolean {
  return draft.timeText !== draft.time || draft.emails.some((row) => row.text.trim() !== (row.address ?? ""));
}

/** Whether something in the form is marked as not saved. */
export function isMarked({ isTimeWrong, isTimeContested, emails }: Draft): boolean {
  return isTimeWrong || isTimeContested || emails.some(({ problem }) => problem !== null);
}

/** Days in the order of the week. */
export function toggled(days: readonly Day[], day: Day): Day[] {
  return DAYS.filter((each) => days.includes(each) !== (each === day));
}

export function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

/** The time that people mean by `9`, `930`, `9.30` or `9h`; nothing if they mean none. */
export function timeOf(text: string): string | undefined {
  const [, hours, minutes = ""] = /^(\d{1,2})(?:\s*[:.hH]?\s*(\d{2}))?\s*[hH]?$/.exec(text.trim()) ?? [];
  if (hours === undefined) return undefined;
  const time = `${hours.padStart(2, "0")}:${minutes.padStart(2, "0")}`;
  return isTime(time) ? time : undefined;
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const EMAIL = new RegExp(`^${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+${LABEL}$`);

/** Addresses that every mail server accepts, as the service checks them: ASCII, with a host name. */
export function isEmail(text: string): boolean {
  return text.length <= LONGEST_EMAIL && EMAIL.test(text) && !/\.\d+$/.test(text);
}

/** What is wrong with the text of a row among the others. Case makes no other recipient. */
export function emailProblem(draft: Draft, row: EmailRow): EmailProblem | null {
  const address = row.text.trim();
  if (!isEmail(address)) return "invalid";
  const isSame = (other: EmailRow) =>
    other.key !== row.key && other.address !== null && other.address.toLowerCase() === address.toLowerCase();
  return draft.emails.some(isSame) ? "duplicate" : null;
}

/** Now in a zone: the day of the week, and the time. */
export function nowIn(zone: string | null, now: Date): { day: Day; time: string } {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone ?? "UTC",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? "";
  const day = DAYS.find((each) => each === part("weekday").toLowerCase()) ?? "mon";
  return { day, time: `${part("hour")}:${part("minute")}` };
}

/** Whether the schedule would fire at once if it were switched on: today's time is past, and today has not fired. */
export function firesAtOnce(draft: Draft, stored: ScheduleResponse | null, now: Date): boolean {
  const today = nowIn(draft.zone, now);
  if (!draft.days.includes(today.day) || draft.time > today.time) return false;
  const last = stored?.last_run_at;
  if (last === undefined || last === null) return true;
  const dateOf = (at: Date) => new Intl.DateTimeFormat("sv-SE", { timeZone: draft.zone ?? "UTC" }).format(at);
  return dateOf(new Date(last)) !== dateOf(now);
}
