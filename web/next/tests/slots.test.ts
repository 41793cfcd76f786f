import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCalendarRequest } from "../src/calendar-request.js";
import { Refusal } from "../src/refusal.js";
import { computeSlots, type SlotRequest } from "../src/slots.js";
import { ZONES } from "../src/zones.js";
import { CALENDAR } from "./upstream.js";

interface Case {
  name: string;
  request: SlotRequest;
  slots?: string[];
  error?: string;
}

// The rules of the service write this file and are checked against it.
const cases = JSON.parse(readFileSync(new URL("../../../tests/golden/slots.json", import.meta.url), "utf8")) as Case[];

function found(request: SlotRequest): Pick<Case, "slots" | "error"> {
  try {
    return { slots: computeSlots(request).map(({ key, time, scheduledAt }) => `${key} ${time} ${scheduledAt}`) };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.fields.code };
    throw error;
  }
}

describe("slots", () => {
  it.each(cases)("are those of the service: $name", ({ request, slots, error }) => {
    expect(found(request)).toEqual(slots === undefined ? { error } : { slots });
  });

  it("has cases to be checked against", () => {
    expect(cases.length).toBeGreaterThan(20);
  });

  it("are refused for a zone whose name the service does not know, also if the runtime does", () => {
    const request: SlotRequest = { channels: ["x"], cadence: "daily", start: "2026-01-26", end: "2026-01-26" };
    for (const timezone of ["europe/paris", "asia/kolkata", "EUROPE/KIEV", "est5edt", "+02:00", ""]) {
      expect(found({ ...request, timezone }), timezone).toEqual({ error: "UNKNOWN_TIME_ZONE" });
    }
    for (const timezone of ZONES) expect(found({ ...request, timezone }), timezone).toHaveProperty("slots");
  });

  it("are found wherever the service finds them", () => {
    const request: SlotRequest = { channels: ["x"], cadence: "daily", start: "2026-01-26", end: "2026-01-27" };
    const constraints = {
      times: { x: " 07:30\u0085" },
      skipWeekdays: [" mon "],
      topics: null,
      brand: { name: 1 },
      more: [1],
    };
    const id = "0198C4A281B07E558A3D2F6A9C417B02";
    const ids = [id, CALENDAR, `{${CALENDAR}}`, `URN:UUID:${CALENDAR}`];

    expect(found({ ...request, constraints })).toEqual({ slots: ["x:2026-01-27:1 07:30 2026-01-27T07:30:00Z"] });
    for (const calendarId of ids) expect(readCalendarRequest({ ...request, calendarId }).calendarId).toBe(CALENDAR);
  });

  it.each([
    // The last change is that of October 2099: winter in the north, summer in the south, from then on.
    ["America/New_York", "2150-07-01", "2150-07-01T14:00:00Z"],
    ["Australia/Sydney", "2099-07-01", "2099-06-30T23:00:00Z"],
    ["Australia/Sydney", "2100-07-01", "2100-06-30T22:00:00Z"],
    ["America/Santiago", "2199-07-01", "2199-07-01T12:00:00Z"],
    ["Asia/Kathmandu", "2199-12-31", "2199-12-31T03:15:00Z"],
    // Clocks go forward at two on this day by the rules of 2099.
    ["Europe/Paris", "2100-03-28", "2100-03-28T01:30:00Z", "02:30"],
  ])("after 2099 are those of the service, which knows no later change of clocks: %s %s", (...row) => {
    const [timezone, date, scheduledAt, time = "09:00"] = row;
    const constraints = { times: { x: time } };
    const request: SlotRequest = { channels: ["x"], cadence: "daily", start: date, end: date, timezone, constraints };

    expect(found(request)).toEqual({ slots: [`x:${date}:1 ${time} ${scheduledAt}`] });
  });

  it("ends a long search in dates that are all skipped", () => {
    const skipWeekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const request: SlotRequest = { channels: ["x"], cadence: "daily", start: "1900-01-01", end: "2199-12-31" };
    expect(found({ ...request, constraints: { skipWeekdays } })).toEqual({ error: "RANGE_TOO_LARGE" });
  });

  it.each([
    [{ channels: [] }, ["body", "channels"]],
    [{ channels: Array.from("abcdefghi") }, ["body", "channels"]],
    [{ channels: ["Insta"] }, ["body", "channels", 0]],
    [{ cadence: "hourly" }, ["body", "cadence"]],
    [{ start: "2026-02-29" }, ["body", "start"]],
    [{ end: "26-01-30" }, ["body", "end"]],
    [{ calendarId: "x" }, ["body", "calendarId"]],
    [{ timezone: 1 }, ["body", "timezone"]],
    [{ constraints: [] }, ["body", "constraints"]],
    [{ constraints: { skipDates: ["2026-13-01"] } }, ["body", "constraints", "skipDates", 0]],
    [{ constraints: { skipWeekdays: ["monday"] } }, ["body", "constraints", "skipWeekdays", 0]],
    [{ constraints: { times: { x: "24:00" } } }, ["body", "constraints", "times", "x"]],
  ])("of a request with a flaw name it: %j", (change, loc) => {
    expect(flawsOf(change)).toEqual([loc]);
  });

  it.each([
    ["calendarId", { calendarId: "0198c4a2-81b0-7e55-8a3d2f6a9c41-7b02" }],
    ["planId", { planId: 7 }],
    ["title", { title: "\u0085" }],
    ["title", { title: 1 }],
    ["constraints.topics.0", { constraints: { topics: [" "] } }],
    ["constraints.topics", { constraints: { topics: Array.from({ length: 51 }, () => "x") } }],
    ["constraints.avoid.0", { constraints: { avoid: ["x".repeat(201)] } }],
    ["constraints.tone", { constraints: { tone: 1 } }],
    ["constraints.audience", { constraints: { audience: "x".repeat(501) } }],
    ["constraints.language", { constraints: { language: "x".repeat(65) } }],
    ["constraints.brand", { constraints: { brand: 1 } }],
    ["constraints.skipDates", { constraints: { skipDates: Array.from({ length: 1_001 }, () => "2026-01-01") } }],
    ["constraints", { constraints: { more: "é".repeat(16_384) } }],
  ])("have the bounds of the service: %s", (way, change) => {
    expect(flawsOf(change).map((loc) => loc.join("."))).toEqual([`body.${way}`]);
  });
});

/** Where a request that is changed so has its flaws. */
function flawsOf(change: object): (string | number)[][] {
  const request = { channels: ["x"], cadence: "daily", start: "2026-01-26", end: "2026-01-27", ...change };
  try {
    computeSlots(request as SlotRequest);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.fields).toMatchObject({ status: 400, code: "VALIDATION_FAILED" });
    return error.fields.details?.map(({ loc }) => loc) ?? [];
  }
  return [];
}
