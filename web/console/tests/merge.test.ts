// Changes of two windows, put together.
import { expect, test } from "vitest";
import { mergedList } from "../src/saving/merge";
import { draftOf, draftWith, mergedRequest, requestOf } from "../src/schedule/model";
import { mergedTheme, type Values } from "../src/themes/model";

test.each([
  [
    ["a", "b"],
    ["a", "b"],
    ["b", "a"],
    ["b", "a"],
  ],
  [
    ["a", "b"],
    ["b", "a"],
    ["a", "b"],
    ["b", "a"],
  ],
  [
    ["a", "b"],
    ["a", "b", "c"],
    ["a", "b", "d"],
    ["a", "b", "c", "d"],
  ],
  [["a", "b"], ["b"], ["a"], []],
  [
    ["a", "b"],
    ["b", "a"],
    ["a", "b", "c"],
    ["b", "a", "c"],
  ],
  [[], ["a"], ["a"], ["a"]],
  [
    ["a", "b"],
    ["a", "b", "c"],
    ["b", "a"],
    ["b", "a", "c"],
  ],
  [
    ["a", "b", "c"],
    ["a", "c"],
    ["c", "b", "a"],
    ["c", "a"],
  ],
])("of %j, mine %j and theirs %j become %j", (base, mine, theirs, merged) => {
  expect(mergedList<string>(base, mine, theirs)).toEqual(merged);
});

const BASE: Values = { name: "a", description: "b", language: "en", sources: [], sections: [] };

test("a text conflicts only if both sides have changed it, and not to the same", () => {
  const theirs = { ...BASE, name: "theirs" };
  expect(mergedTheme(BASE, { ...BASE, description: "mine" }, theirs)).toEqual({
    values: { ...BASE, name: "theirs", description: "mine" },
    conflicts: {},
  });
  expect(mergedTheme(BASE, { ...BASE, name: "theirs" }, theirs).conflicts).toEqual({});
  expect(mergedTheme(BASE, { ...BASE, name: "mine" }, theirs)).toEqual({
    values: { ...BASE, name: "mine" },
    conflicts: { name: "theirs" },
  });
  const languages = mergedTheme(BASE, { ...BASE, language: "fr" }, { ...BASE, language: "de" });
  expect(languages).toEqual({ values: { ...BASE, language: "fr" }, conflicts: { language: "de" } });
});

test("the order of sections conflicts only if both sides have changed it, and not to the same", () => {
  const of = (...sections: string[]) => ({ ...BASE, sections });
  const base = of("a", "b", "c");
  expect(mergedTheme(base, of("b", "a", "c"), of("a", "c", "b", "d"))).toEqual({
    values: of("b", "a", "c", "d"),
    conflicts: { sections: "a\nc\nb\nd" },
  });
  expect(mergedTheme(base, of("b", "a", "c"), of("b", "a", "c", "d")).conflicts).toEqual({});
  expect(mergedTheme(base, of("b", "a", "c"), of("a", "b")).conflicts).toEqual({});
});

test("the time and its zone are one choice", () => {
  const none = requestOf(draftOf(null), null);
  const paris = { ...none, timezone: "Europe/Paris", time_local: "09:00" };
  const later = { ...none, time_utc: "18:00" };

  expect(mergedRequest(none, later, paris)).toMatchObject({ request: paris, isTimeContested: true });
  for (const [mine, theirs, merged] of [
    [{ ...none, enabled: true }, paris, { ...paris, enabled: true }],
    [later, { ...none, enabled: true }, { ...later, enabled: true }],
    [paris, { ...paris, time_utc: "07:00" }, paris],
  ] as const) {
    expect(mergedRequest(none, mine, theirs)).toMatchObject({ request: merged, isTimeContested: false });
  }
});

test("what is being typed stays where it is", () => {
  const draft = draftOf(null);
  const row = { key: 7, text: "anna@", address: null, stored: null, problem: null };
  const typing = { ...draft, timeText: "1", emails: [row] };
  const request = { ...requestOf(draft, null), time_utc: "10:00", emails: ["ben@example.com"] };

  const shown = draftWith(typing, { request, isTimeContested: false }, 8);

  expect([shown.timeText, shown.time]).toEqual(["1", "10:00"]);
  expect(shown.emails.map(({ key, text }) => [key, text])).toEqual([
    [7, "anna@"],
    [8, "ben@example.com"],
  ]);
});
