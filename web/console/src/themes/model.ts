// What a theme may be, as the service checks it. Pure.
import type { Schemas } from "@almanac/client";
import { isOrderContested, mergedList, mergedValue } from "../saving/merge";

export type Theme = Schemas["Theme"];
export type Field = "name" | "description" | "language" | "sources" | "sections";
export type Values = Pick<Theme, Field>;

export const LONGEST_NAME = 200;
export const LONGEST_DESCRIPTION = 2_000;
export const MOST_SOURCES = 20;
export const MOST_SECTIONS = 20;
export const LONGEST_SECTION = 120;
const LONGEST_ADDRESS = 2_048;

/** Languages to choose from; a theme may have any other that was set elsewhere. */
export const LANGUAGES = ["en", "fr", "de", "es", "it", "pt", "nl", "pl", "sv", "da", "fi", "cs", "ro", "el", "tr"]
  .concat(["uk", "ru", "ar", "he", "hi", "zh", "ja", "ko"])
  .sort();

const LISTS = ["sources", "sections"] as const;
export type ListField = (typeof LISTS)[number];

export interface MergedTheme {
  values: Values;
  /** The stored values of fields that were changed on both sides, to another value or order; of sections, one title a line. */
  conflicts: Partial<Record<Field, string>>;
}

/** What a person has changed since `base`, on top of what was saved elsewhere since then. */
export function mergedTheme(base: Values, mine: Values, theirs: Values): MergedTheme {
  const values = { ...mine };
  const conflicts: MergedTheme["conflicts"] = {};
  for (const list of LISTS) values[list] = mergedList(base[list], mine[list], theirs[list]);
  // The order of sources means nothing.
  if (isOrderContested(base.sections, mine.sections, theirs.sections)) conflicts.sections = theirs.sections.join("\n");
  for (const field of ["name", "description", "language"] as const) {
    values[field] = mergedValue(base[field], mine[field], theirs[field]);
    if (values[field] !== theirs[field] && theirs[field] !== base[field]) conflicts[field] = theirs[field];
  }
  return { values, conflicts };
}

export type TextProblem = "required" | "tooLong";

export function textProblem(field: "name" | "description", text: string): TextProblem | null {
  if (field === "name" && text.trim() === "") return "required";
  return isTooLong(text, field === "name" ? LONGEST_NAME : LONGEST_DESCRIPTION) ? "tooLong" : null;
}

/** The service counts characters, not UTF-16 units. */
export function isTooLong(text: string, longest: number): boolean {
  return Array.from(text.trim()).length > longest;
}

/** Without what no keyboard makes and the service refuses: NUL, and halves of surrogate pairs. */
export function cleanText(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, "");
}

/** The same on one line, as the subject of a mail. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\p{Cc}+/gu, " ");
}

/** The address of a feed in its normal form; nothing if it is none. `example.com/feed` is taken as https. */
export function feedAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:/i.test(trimmed) ? trimmed : `https://${trimmed}`;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  url.hash = "";
  const isWeb = ["http:", "https:"].includes(url.protocol) && url.hostname.includes(".") && !/\s/.test(trimmed);
  const hasLogin = url.username !== "" || url.password !== "";
  return isWeb && !hasLogin && url.href.length <= LONGEST_ADDRESS ? url.href : undefined;
}

/** Lines or words of a pasted text. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

export interface Draft {
  name: string;
  description: string;
  language: string;
  /** Addresses, one a line. */
  sources: string;
  /** Titles, one a line. */
  sections: string;
}

export type DraftProblem =
  | { field: "name"; kind: TextProblem }
  | { field: "description"; kind: "tooLong" }
  | { field: "sources"; kind: "invalidLine"; line: string }
  | { field: "sections"; kind: "tooLong" }
  | { field: "sources" | "sections"; kind: "most" };

/** What the service would refuse of a new theme, at most one for a field, in the order of the form. */
export function problemsOf(draft: Draft): DraftProblem[] {
  const problems: DraftProblem[] = [];
  const { sources, sections } = valuesOf(draft);
  const name = textProblem("name", draft.name);
  if (name !== null) problems.push({ field: "name", kind: name });
  if (textProblem("description", draft.description) !== null) problems.push({ field: "description", kind: "tooLong" });
  const line = linesOf(draft.sources).find((each) => feedAddress(each) === undefined);
  if (line !== undefined) problems.push({ field: "sources", kind: "invalidLine", line });
  else if (sources.length > MOST_SOURCES) problems.push({ field: "sources", kind: "most" });
  if (sections.some((title) => isTooLong(title, LONGEST_SECTION)))
    problems.push({ field: "sections", kind: "tooLong" });
  else if (sections.length > MOST_SECTIONS) problems.push({ field: "sections", kind: "most" });
  return problems;
}

/** The theme that a draft asks for. */
export function valuesOf(draft: Draft): Values {
  const { name, description, language } = draft;
  const sources = linesOf(draft.sources).map((line) => feedAddress(line) ?? line);
  return {
    name: cleanLine(name).trim(),
    description: cleanText(description).trim(),
    language,
    sources: [...new Set(sources)],
    sections: [...new Set(linesOf(draft.sections).map(cleanLine))],
  };
}

export function languageName(tag: string, shownIn: string): string {
  try {
    return new Intl.DisplayNames(shownIn, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
