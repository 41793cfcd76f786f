// Dates and times as people of a language write them.
import type { Language } from "./i18n";

/** 24 hours in English as well: times of schedules are typed so. */
function format(at: string, language: Language, zone: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { timeZone: zone, ...options }).format(
    new Date(at),
  );
}

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `Mon, 23 Mar, 09:00` */
export function dayAndTime(at: string, language: Language, zone = ownZone()): string {
  return format(at, language, zone, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** `23 March 2026, 09:00` */
export function longDate(at: string, language: Language, zone = ownZone()): string {
  return format(at, language, zone, { dateStyle: "long", timeStyle: "short" });
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** `in 3 days`, `2 hours ago` */
export function relativeTime(at: string, language: Language, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  if (unit === "second") return words.format(0, "second");
  return words.format(Math.round(seconds / size), unit);
}

/** `Week 13, 2026` from `2026-W13`. */
export function weekNumber(week: string): { week: number; year: string } {
  const [year = "", number = ""] = week.split("-W");
  return { week: Number(number), year };
}
