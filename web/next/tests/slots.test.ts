import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Refusal } from "../src/refusal.js";
import { computeSlots, type SlotRequest } from "../src/slots.js";
import { ZONES } from "../src/zones.js";

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
    const request = { channels: ["x"], cadence: "daily", start: "2026-01-26", end: "2026-01-27", ...change };
    const attempt = () => computeSlots(request as SlotRequest);
    expect(attempt).toThrow(Refusal);
    try {
      attempt();
    } catch (error) {
      expect((error as Refusal).fields).toMatchObject({ status: 400, code: "VALIDATION_FAILED" });
      expect((error as Refusal).fields.details?.map((detail) => detail.loc)).toEqual([loc]);
    }
  });
});
