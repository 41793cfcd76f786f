// The types of a request's fields in JSON. The service reads these first and names only the first wrong one; values are
// checked afterwards, all together. Pure.
import { flawed, type Detail, type Refusal } from "./refusal.js";

interface FieldType {
  is: (value: unknown) => boolean;
  /** As the service words it. */
  name: string;
  isOptional: boolean;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";

const TEXT: FieldType = { is: isText, name: "a string", isOptional: false };
const OPTIONAL_TEXT: FieldType = { ...TEXT, isOptional: true };

const TYPES: ReadonlyMap<string, FieldType> = new Map([
  ["channels", { is: Array.isArray, name: "a sequence", isOptional: false }],
  ["cadence", TEXT],
  ["start", TEXT],
  ["end", TEXT],
  ["constraints", { is: isObject, name: "a map", isOptional: true }],
  ["calendarId", OPTIONAL_TEXT],
  ["planId", OPTIONAL_TEXT],
  ["timezone", OPTIONAL_TEXT],
  ["title", OPTIONAL_TEXT],
]);

/** The fields that a request has, each at most once. Others are ignored. */
export const FIELDS: ReadonlySet<string> = new Set(TYPES.keys());

/** A request whose fields have their types. */
export interface TypedRequest {
  channels: string[];
  cadence: string;
  start: string;
  end: string;
  constraints?: Record<string, unknown> | null;
  calendarId?: string | null;
  planId?: string | null;
  timezone?: string | null;
  title?: string | null;
}

/** @throws {Refusal} 400, with one detail */
export function checkTypes(body: unknown): TypedRequest {
  if (!isObject(body)) throw wrongType([], body, "an object");
  for (const [name, value] of Object.entries(body)) {
    const type = TYPES.get(name);
    if (type === undefined || value === undefined || (value === null && type.isOptional)) continue;
    if (!type.is(value)) throw wrongType([name], value, type.name);
    if (name === "channels") checkTexts(name, value as unknown[]);
  }
  for (const [name, { isOptional }] of TYPES) {
    if (!isOptional && body[name] === undefined) throw flaw([name], `missing field \`${name}\``, "missing");
  }
  return body as unknown as TypedRequest;
}

function checkTexts(name: string, items: unknown[]): void {
  for (const [at, item] of items.entries()) {
    if (!isText(item)) throw wrongType([name, at], item, TEXT.name);
  }
}

function wrongType(loc: Detail["loc"], value: unknown, expected: string): Refusal {
  return flaw(loc, `invalid type: ${described(value)}, expected ${expected}`, "type");
}

function flaw(loc: Detail["loc"], msg: string, type: string): Refusal {
  return flawed([{ loc: ["body", ...loc], msg, type }]);
}

function described(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "sequence";
  if (typeof value === "string") return `string ${JSON.stringify(value)}`;
  if (typeof value === "boolean") return `boolean \`${value}\``;
  if (typeof value === "number") return `${Number.isSafeInteger(value) ? "integer" : "floating point"} \`${value}\``;
  return "map";
}
