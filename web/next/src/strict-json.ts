// Reads the JSON of a body as strictly as the service: what `JSON.parse` takes and the service refuses is refused here too.
// Pure.
import { flawed, Refusal } from "./refusal.js";

/** Objects and arrays inside each other. */
const MAX_DEPTH = 64;

/**
 * Reads a body, in whose object each of the `fields` may stand once.
 * @throws {Refusal} 400: `MALFORMED_TEXT`, `MALFORMED_JSON` or `VALIDATION_FAILED`
 */
export function parseJson(body: Uint8Array, fields: ReadonlySet<string> = new Set()): unknown {
  const text = decode(body);
  scan(text);
  const value = parse(text);
  const twice = firstRepeated(namesOf(text).filter((name) => fields.has(name)));
  if (twice === undefined) return value;
  throw flawed([{ loc: ["body", twice], msg: `duplicate field \`${twice}\``, type: "duplicate" }]);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw malformed("MALFORMED_JSON", "the body is not JSON");
  }
}

/** The names in the outermost object of a valid JSON text, as often as they stand there; `JSON.parse` keeps the last. */
function namesOf(json: string): string[] {
  const names: string[] = [];
  let [depth, before] = [0, ""];
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token === ":" && depth === 1) names.push(JSON.parse(before) as string);
    before = token;
  }
  return names;
}

function firstRepeated(names: string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) < at);
}

function decode(body: Uint8Array): string {
  try {
    // A byte order mark is kept: it is no JSON.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw malformed("MALFORMED_TEXT", "the body is not UTF-8");
  }
}

/** One pass for NUL characters, halves of surrogate pairs, deep nesting, and numbers out of the range of a double. */
function scan(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\0") throw malformed("MALFORMED_TEXT", "the body holds a NUL character");
    if (character === '"') inString = !inString;
    else if (inString) {
      if (character === "\\") at += escapeLength(text, at) - 1;
    } else if (character === "[" || character === "{") {
      if (++depth > MAX_DEPTH) throw tooDeep();
    } else if (character === "]" || character === "}") depth--;
    else if (character >= "0" && character <= "9") at += numberLength(text, at) - 1;
  }
}

/** A surrogate pair counts as one escape. */
function escapeLength(text: string, at: number): number {
  const unit = escapedUnit(text, at);
  if (unit === undefined) return 2;
  if (unit === 0) throw malformed("MALFORMED_TEXT", "the body holds an escaped NUL character");
  if (!isHigh(unit) && !isLow(unit)) return 6;
  if (isHigh(unit) && isLow(escapedUnit(text, at + 6) ?? 0)) return 12;
  throw malformed("MALFORMED_TEXT", "the body holds half a surrogate pair");
}

function escapedUnit(text: string, at: number): number | undefined {
  const digits = /^\\u([0-9a-f]{4})$/i.exec(text.slice(at, at + 6))?.[1];
  return digits === undefined ? undefined : parseInt(digits, 16);
}

const isHigh = (unit: number): boolean => unit >>> 10 === 0b11_0110;
const isLow = (unit: number): boolean => unit >>> 10 === 0b11_0111;

function numberLength(text: string, at: number): number {
  const part = /[0-9.eE+-]+/y;
  part.lastIndex = at;
  const number = part.exec(text)?.[0] ?? "";
  if (Math.abs(Number(number)) === Infinity) {
    const detail = { msg: "a number is out of range", type: "json" };
    throw malformed("MALFORMED_JSON", "the body contains a number out of range", detail);
  }
  return number.length;
}

function tooDeep(): Refusal {
  const detail = { msg: `nested deeper than ${MAX_DEPTH}`, type: "depth" };
  return malformed("MALFORMED_JSON", "the body is nested too deeply", detail);
}

function malformed(
  code: "MALFORMED_TEXT" | "MALFORMED_JSON",
  message: string,
  detail = { msg: message, type: code === "MALFORMED_TEXT" ? "text" : "json" },
): Refusal {
  return new Refusal({ status: 400, code, message, details: [{ loc: ["body"], ...detail }] });
}
