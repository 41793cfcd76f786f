// What a client asks for in headers. Pure.
import { flawed, Refusal } from "./refusal.js";

const FORMATS = ["text/event-stream", "application/x-ndjson", "application/json"] as const;
export type Format = (typeof FORMATS)[number];

/** The format of a generated calendar: the highest q wins, then the order of `FORMATS`. Events are the default. */
export function chooseFormat(accept: string | null): Format {
  const ranges = (accept ?? "").split(",").flatMap(rangeOf);
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

/** Nothing for what is no media range, or has no weight from 0 to 1. */
function rangeOf(text: string): Range[] {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
  const quality = weight === "" ? NaN : Number(weight);
  return type.includes("/") && quality >= 0 && quality <= 1 ? [{ type, quality }] : [];
}

/** The most specific range that names the format decides, of equal ones the last. */
function qualityOf(format: Format, ranges: Range[]): number {
  const names = [format, `${format.split("/")[0] ?? ""}/*`, "*/*"];
  const named = names.map((name) => ranges.filter(({ type }) => type === name).at(-1));
  return named.find((range) => range !== undefined)?.quality ?? 0;
}

/** @throws {Refusal} 400, unless there is no key, or one of 1 to 255 visible characters */
export function checkKey(headers: Headers): void {
  const key = headers.get("Idempotency-Key");
  if (key === null || /^[\x21-\x7e]{1,255}$/.test(key)) return;
  const msg = "must be 1 to 255 visible ASCII characters, once";
  throw flawed([{ loc: ["header", "Idempotency-Key"], msg, type: "value" }]);
}

/** @throws {Refusal} 415, unless the body is sent as JSON, without a content coding */
export function checkMedia(headers: Headers): void {
  const coding = headers.get("Content-Encoding");
  if (coding !== null && coding.split(",").some((name) => name.trim().toLowerCase() !== "identity")) {
    throw unsupported("Content-Encoding is not supported", { "Accept-Encoding": "identity" });
  }
  const type = (headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json" && !/^application\/.*\+json$/.test(type)) {
    throw unsupported("the body must be application/json");
  }
}

function unsupported(message: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal({ status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message, headers });
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
