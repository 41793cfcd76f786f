// What a client asks for in headers. Pure.
import { Refusal } from "./refusal.js";

const FORMATS = ["text/event-stream", "application/x-ndjson", "application/json"] as const;
export type Format = (typeof FORMATS)[number];

/** The format of a generated calendar: the highest q wins, then the order of `FORMATS`. Events are the default. */
export function chooseFormat(accept: string | null): Format {
  const ranges = (accept ?? "")
    .split(",")
    .map(rangeOf)
    .filter(({ type }) => type !== "");
  if (ranges.length === 0) return FORMATS[0];
  const offers = FORMATS.map((format) => ({ format, quality: qualityOf(format, ranges) }));
  const best = offers.reduce((best, offer) => (offer.quality > best.quality ? offer : best));
  if (best.quality > 0) return best.format;
  throw new Refusal({ status: 406, code: "NOT_ACCEPTABLE", message: "no acceptable response format" });
}

interface Range {
  type: string;
  quality: number;
}

function rangeOf(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
  return { type, quality: Number.isNaN(quality) ? 0 : quality };
}

/** The most specific range that names the format decides. */
function qualityOf(format: Format, ranges: Range[]): number {
  const names = [format, `${format.split("/")[0] ?? ""}/*`, "*/*"];
  const named = names.map((name) => ranges.find(({ type }) => type === name));
  return named.find((range) => range !== undefined)?.quality ?? 0;
}

/** Seconds of `Prefer: wait=n`: the service holds its answer back for so long. */
export function waitOf(headers: Headers): number {
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,3})"?/i.exec(headers.get("Prefer") ?? "")?.[1];
  return Math.min(Number(seconds ?? 0), 60);
}

/** The request's id if it may be repeated in headers and log lines, else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get("X-Request-Id") ?? "";
  return /^[\x21-\x7e]{1,128}$/.test(given) ? given : crypto.randomUUID();
}
