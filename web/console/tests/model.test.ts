// Rules of schedules and themes, as the service has them.
import { expect, test } from "vitest";
import { parseRoute, pathOf, type Route } from "../src/routing";
import { draftOf, firesAtOnce, isEmail, requestOf, timeOf, toggled } from "../src/schedule/model";
import { cleanLine, cleanText, feedAddress, problemsOf, textProblem, valuesOf } from "../src/themes/model";
import { stored } from "./service";

test("an address is one that every mail server accepts", () => {
  const valid = ["a@b.co", "first.last+tag@sub.example.com", "x_y@ex-ample.org", `${"a".repeat(64)}@example.com`];
  const invalid = [
    "",
    "a",
    "a@b",
    "@b.co",
    "a@.co",
    "a@b..co",
    ".a@b.co",
    "a..b@c.de",
    "a b@c.de",
    "a@-b.de",
    "é@b.co",
  ];
  for (const text of valid) expect(isEmail(text), text).toBe(true);
  for (const text of [...invalid, "a@127.0.0.1", `a@${"b".repeat(250)}.de`, '"a"@b.co']) {
    expect(isEmail(text), text).toBe(false);
  }
});

test("a time is read as people write it", () => {
  const read = {
    "9": "09:00",
    "930": "09:30",
    "9:30": "09:30",
    "0900": "09:00",
    "18h": "18:00",
    "7h05": "07:05",
    "9.30": "09:30",
  };
  for (const [text, time] of Object.entries(read)) expect(timeOf(text), text).toBe(time);
  for (const text of ["", "24:00", "9:60", "12:3", "noon", "99"]) expect(timeOf(text), text).toBeUndefined();
});

test("days are sent in the order of the week", () => {
  expect(toggled(["fri"], "mon")).toEqual(["mon", "fri"]);
  expect(toggled(["mon", "fri"], "mon")).toEqual(["fri"]);
});

test("an untouched schedule is sent as it is stored", () => {
  const schedule = stored({
    enabled: true,
    days: ["fri", "mon"],
    time_utc: "06:00",
    emails: ["a@example.com"],
    timezone: "Asia/Tokyo",
    time_local: "15:30",
    catch_up_minutes: 5,
  });
  expect(requestOf(draftOf(schedule), schedule)).toEqual({
    enabled: true,
    days: ["fri", "mon"],
    time_utc: "06:00",
    emails: ["a@example.com"],
    timezone: "Asia/Tokyo",
    time_local: "15:30",
    catch_up_minutes: 5,
  });
});

test("a schedule fires at once if today is due and has not fired", () => {
  const now = new Date("2026-03-23T22:00:00Z");
  const monday = stored({ enabled: false, days: ["mon"], time_utc: "09:00", emails: [] });
  expect(firesAtOnce(draftOf(monday), monday, now)).toBe(true);
  const later = { ...monday, time_utc: "23:00" };
  expect(firesAtOnce(draftOf(later), later, now)).toBe(false);
  const fired = { ...monday, last_run_at: "2026-03-23T09:01:00Z" };
  expect(firesAtOnce(draftOf(fired), fired, now)).toBe(false);
  // It is Tuesday in Tokyo already.
  const tokyo = { ...monday, timezone: "Asia/Tokyo", time_local: "01:00" };
  expect(firesAtOnce(draftOf(tokyo), tokyo, now)).toBe(false);
});

test("the address of a feed is a web address without a login", () => {
  expect(feedAddress(" example.com/feed ")).toBe("https://example.com/feed");
  expect(feedAddress("http://example.com/feed#top")).toBe("http://example.com/feed");
  for (const text of [
    "",
    "feed",
    "ftp://example.com/feed",
    "https://a:b@example.com",
    "javascript:alert(1)",
    "a b.com",
  ]) {
    expect(feedAddress(text), text).toBeUndefined();
  }
});

test("texts are counted in characters", () => {
  expect(textProblem("name", "🙂".repeat(200))).toBeNull();
  expect(textProblem("name", "🙂".repeat(201))).toBe("tooLong");
  expect(textProblem("name", "  ")).toBe("required");
  expect(textProblem("description", "")).toBeNull();
});

test("each page has an address, and an address its page", () => {
  const id = "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02";
  const routes: Route[] = [
    { page: "themes" },
    { page: "new-theme" },
    { page: "theme", theme: id },
    { page: "synthesis", theme: id, synthesis: id },
  ];
  for (const route of routes) expect(parseRoute(pathOf(route))).toEqual(route);
  expect(parseRoute("/console/")).toEqual({ page: "themes" });
  expect(parseRoute("/console/themes/other")).toEqual({ page: "unknown" });
});

const DRAFT = { name: "Coffee", description: "", language: "en", sources: "", sections: "" };
const lines = (count: number, line: (number: number) => string) =>
  Array.from({ length: count }, (_, number) => line(number)).join("\n");

test.each([
  ["nothing", {}, []],
  ["200 emoji as a name", { name: "😀".repeat(200) }, []],
  ["201 emoji as a name", { name: "😀".repeat(201) }, [{ field: "name", kind: "tooLong" }]],
  ["no name", { name: " " }, [{ field: "name", kind: "required" }]],
  ["a long description", { description: "a".repeat(2_001) }, [{ field: "description", kind: "tooLong" }]],
  ["21 sources", { sources: lines(21, (n) => `a.example/${n}`) }, [{ field: "sources", kind: "most" }]],
  ["one source 21 times", { sources: lines(21, () => "a.example") }, []],
  [
    "a login",
    { sources: "https://a:b@c.example" },
    [{ field: "sources", kind: "invalidLine", line: "https://a:b@c.example" }],
  ],
  ["21 sections", { sections: lines(21, (n) => `Part ${n}`) }, [{ field: "sections", kind: "most" }]],
  ["a long section", { sections: "a".repeat(121) }, [{ field: "sections", kind: "tooLong" }]],
])("what the service would refuse of a new theme: %s", (_, change, problems) => {
  expect(problemsOf({ ...DRAFT, ...change })).toEqual(problems);
});

test("characters that no keyboard makes are left out", () => {
  expect([cleanText("a\0b\ud800c\nd😀"), cleanLine("a\0b\nc\td")]).toEqual(["abc\nd😀", "ab c d"]);
  expect(valuesOf({ ...DRAFT, name: " a\0\tb ", sections: "one\n one\ntwo" })).toMatchObject({
    name: "a b",
    sections: ["one", "two"],
  });
});
