// What a dry run refuses, in the details of the service: the expected ones were recorded from it.
import { describe, expect, it } from "vitest";
import { generation, ORDER, proxyOf } from "./upstream.js";

type Flaw = [loc: (string | number)[], msg: string, type: string];

const { routes } = proxyOf("http://127.0.0.1:1", { enabled: () => false });
const CHANNEL = "must be a lower-case letter, then at most 31 lower-case letters, digits, _ or -";
const DATE = "must be a date from 1900 to 2199, YYYY-MM-DD";
const TIME = "must be a time of day, HH:MM";

async function flawsOf(json: unknown): Promise<Flaw[]> {
  const response = await routes.POST(generation({ json: JSON.stringify(json) }));
  const { error } = (await response.json()) as { error: { details: { loc: Flaw[0]; msg: string; type: string }[] } };
  expect(response.status).toBe(400);
  return error.details.map(({ loc: [body, ...loc], msg, type }) => {
    expect(body).toBe("body");
    return [loc, msg, type];
  });
}

const changed = (change: object): object => ({ ...ORDER, ...change });
const constrained = (constraints: unknown): object => changed({ constraints });
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

describe("a wrong type is the only flaw that is named", () => {
  it.each<[body: unknown, flaw: Flaw]>([
    [[], [[], "invalid type: sequence, expected an object", "type"]],
    [null, [[], "invalid type: null, expected an object", "type"]],
    ["text", [[], 'invalid type: string "text", expected an object', "type"]],
    [5, [[], "invalid type: integer `5`, expected an object", "type"]],
    [1.5, [[], "invalid type: floating point `1.5`, expected an object", "type"]],
    [{}, [["channels"], "missing field `channels`", "missing"]],
    [changed({ start: undefined, end: undefined }), [["start"], "missing field `start`", "missing"]],
    [changed({ channels: null }), [["channels"], "invalid type: null, expected a sequence", "type"]],
    [changed({ channels: {} }), [["channels"], "invalid type: map, expected a sequence", "type"]],
    [changed({ channels: ["a", null, 7] }), [["channels", 1], "invalid type: null, expected a string", "type"]],
    [changed({ cadence: 5, title: "" }), [["cadence"], "invalid type: integer `5`, expected a string", "type"]],
    [changed({ title: true }), [["title"], "invalid type: boolean `true`, expected a string", "type"]],
    [changed({ timezone: [] }), [["timezone"], "invalid type: sequence, expected a string", "type"]],
    [changed({ planId: {} }), [["planId"], "invalid type: map, expected a string", "type"]],
    [constrained([]), [["constraints"], "invalid type: sequence, expected a map", "type"]],
    [constrained("x"), [["constraints"], 'invalid type: string "x", expected a map', "type"]],
    [constrained(nested(130)), [[], "nested deeper than 64", "depth"]],
  ])("%j", async (body, flaw) => {
    expect(await flawsOf(body)).toEqual([flaw]);
  });
});

describe("wrong values are named together", () => {
  it.each<[body: object, flaws: Flaw[]]>([
    [changed({ channels: [] }), [[["channels"], "must have at least 1 items", "too_short"]]],
    [
      changed({ channels: ["Insta", ..."a b c d e f g H".split(" ")] }),
      [
        [["channels"], "must have at most 8 items", "too_long"],
        [["channels", 0], CHANNEL, "value"],
      ],
    ],
    [
      changed({ channels: [], cadence: "x", start: "soon", end: "y", title: "", constraints: { tone: 1 } }),
      [
        [["channels"], "must have at least 1 items", "too_short"],
        [["cadence"], "must be one of daily, weekly, monthly", "value"],
        [["start"], DATE, "date"],
        [["end"], DATE, "date"],
        [["constraints", "tone"], "must be a string", "type"],
        [["title"], "must have at least 1 characters", "too_short"],
      ],
    ],
    [constrained({ brand: 5 }), [[["constraints", "brand"], "must be a name or an object", "type"]]],
    [constrained({ times: [] }), [[["constraints", "times"], "must be an object", "type"]]],
    [constrained({ times: { blog: "25:00" } }), [[["constraints", "times", "blog"], TIME, "time"]]],
    [
      constrained({ times: { BLOG: "x" } }),
      [
        [["constraints", "times", "BLOG"], CHANNEL, "value"],
        [["constraints", "times", "BLOG"], TIME, "time"],
      ],
    ],
    [constrained({ skipDates: ["2026-13-01"] }), [[["constraints", "skipDates", 0], DATE, "value"]]],
    [
      constrained({ skipDates: [5, "x"] }),
      [
        [["constraints", "skipDates", 0], "must be a string", "type"],
        [["constraints", "skipDates", 1], DATE, "value"],
      ],
    ],
    [
      constrained({ skipWeekdays: ["monday"] }),
      [[["constraints", "skipWeekdays", 0], "must be one of mon, tue, wed, thu, fri, sat, sun", "value"]],
    ],
    [
      constrained({ tone: 1, audience: 3 }),
      [
        [["constraints", "audience"], "must be a string", "type"],
        [["constraints", "tone"], "must be a string", "type"],
      ],
    ],
  ])("%j", async (body, flaws) => {
    expect(await flawsOf(body)).toEqual(flaws);
  });
});
