// The colours of the page, in light and in dark: https://www.w3.org/WAI/WCAG22/Understanding/contrast-minimum
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const CSS = readFileSync(join(import.meta.dirname, "../app/globals.css"), "utf8");
const TOKEN = /--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g;
const TOKENS = new Map([...CSS.matchAll(TOKEN)].map(([, name, light, dark]) => [name, { light, dark }]));

const TEXT = 4.5;
/** https://www.w3.org/WAI/WCAG22/Understanding/non-text-contrast */
const SHAPE = 3;

const PAIRS: [front: string, behind: string, least: number][] = [
  ["text", "page", TEXT],
  ["text", "soft", TEXT],
  ["text", "field", TEXT],
  ["muted", "page", TEXT],
  ["muted", "soft", TEXT],
  ["accent", "page", TEXT],
  ["accent", "soft", TEXT],
  ["on-accent", "accent", TEXT],
  ["danger", "page", TEXT],
  ["danger", "soft", TEXT],
  ["edge", "page", SHAPE],
  ["edge", "soft", SHAPE],
];

/** Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function colourOf(name: string, scheme: "light" | "dark"): string {
  const colour = TOKENS.get(name)?.[scheme];
  if (colour === undefined) throw new Error(`--${name} has no ${scheme} colour`);
  return colour;
}

test.each(PAIRS.flatMap((pair) => (["light", "dark"] as const).map((scheme) => [...pair, scheme] as const)))(
  "--%s on --%s reaches %d in its scheme: %s",
  (front, behind, least, scheme) => {
    expect(contrast(colourOf(front, scheme), colourOf(behind, scheme))).toBeGreaterThanOrEqual(least);
  },
);

test("every colour is a token, also that of links and of the page", () => {
  const rules = CSS.replaceAll(TOKEN, "");

  expect(rules).not.toMatch(/#[0-9a-f]{3,8}\b|rgb|hsl|light-dark/i);
  expect(rules).toMatch(/\na \{\n {2}color: var\(--accent\);/);
  expect(rules).toMatch(/\nbody \{[^}]*color: var\(--text\);\n {2}background: var\(--page\);/);
});
