// The service refuses more than `JSON.parse` does.
import { describe, expect, it } from "vitest";
import { Refusal } from "../src/refusal.js";
import { parseJson } from "../src/strict-json.js";
import { generation, ORDER, proxyOf } from "./upstream.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

function refused(body: Uint8Array): string | undefined {
  try {
    parseJson(body);
    return undefined;
  } catch (error) {
    return error instanceof Refusal ? error.fields.code : String(error);
  }
}

describe("the text of a body", () => {
  it("is read as it is", () => {
    const text = '{"a": ["é", "\\ud83d\\ude00", "\\\\u0000", "\\u0001", 1e308, -0.5, 12], "b\\"": {"[": "]"}}';
    expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
    expect(parseJson(bytes(nested(64)))).toBeTypeOf("object");
    expect(parseJson(bytes(`{"deep in a text": "${"[".repeat(100)}"}`))).toBeTypeOf("object");
  });

  it.each([
    ["a NUL character", '{"title": "a\0b"}', "MALFORMED_TEXT"],
    ["an escaped NUL character", '{"title": "a\\u0000b"}', "MALFORMED_TEXT"],
    ["a NUL character in a name", '{"a\\u0000": 1}', "MALFORMED_TEXT"],
    ["a NUL character after a flaw", '{"title": "a\\u0000b"', "MALFORMED_TEXT"],
    ["the first half of a surrogate pair", '{"title": "\\ud83d"}', "MALFORMED_TEXT"],
    ["a first half before something else", '{"title": "\\ud83d\\u0041"}', "MALFORMED_TEXT"],
    ["the second half of a surrogate pair", '{"title": "\\ude00"}', "MALFORMED_TEXT"],
    ["deep nesting", nested(65), "MALFORMED_JSON"],
    ["a number that no double holds", '{"constraints": {"x": 1e999}}', "MALFORMED_JSON"],
    ["a byte order mark", "\ufeff{}", "MALFORMED_JSON"],
    ["nothing", "", "MALFORMED_JSON"],
  ])("is refused for %s", (_, text, code) => {
    expect(refused(bytes(text))).toBe(code);
  });

  it.each([
    ["a field that stands twice", '{"a": 1, "b": [{"a": 2}], "a": 3}', ["body", "a"]],
    ["one that is spelled otherwise", '{"b\\"": {}, "a": "\\"", "\\u0061": ":"}', ["body", "a"]],
    ["one with the same value", '{"b":{"c":[]},"b":{"c":[]}}', ["body", "b"]],
  ])("names %s", (_, text, loc) => {
    let found: unknown;
    try {
      parseJson(bytes(text), new Set(["a", "b"]));
    } catch (error) {
      found = error;
    }
    expect(found).toMatchObject({ fields: { status: 400, code: "VALIDATION_FAILED", details: [{ loc }] } });
  });

  it.each(['{"a": {"a": 1}, "c": 1, "c": 2}', '[{"a": 1}, {"a": 2}]', '{"a": "a\\":", "b": "{\\"a\\":1}"}', '"a"'])(
    "may hold a name in several places: %s",
    (text) => {
      expect(parseJson(bytes(text), new Set(["a", "b"]))).toEqual(JSON.parse(text));
    },
  );

  it("is UTF-8", () => {
    expect(refused(Uint8Array.of(0x22, 0xff, 0x22))).toBe("MALFORMED_TEXT");
  });

  it("is refused before a dry run if it holds a NUL character", async () => {
    const { routes } = proxyOf("http://127.0.0.1:1", { enabled: () => false });

    const response = await routes.POST(generation({ json: { ...ORDER, title: "a\0b" } }));

    expect(response.status).toBe(400);
    expect(response.headers.get("X-Error-Code")).toBe("MALFORMED_TEXT");
  });
});
