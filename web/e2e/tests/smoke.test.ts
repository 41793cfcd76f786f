// The smoke test of a release, sent through the routes of the example.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, inject, test } from "vitest";
import { PROXY } from "../src/example.js";
import { setFlag } from "../src/flags.js";
import { person } from "../src/people.js";

const SMOKE = join(import.meta.dirname, "../../../deploy/smoke.sh");

afterEach(async () => {
  await setFlag("CALENDAR_SERVICE_ENABLED", true);
  await setFlag("PUBLISH_SERVICE_ENABLED", true);
});

test("with both flags off, calendars, publishing and exports are the same dry runs twice", async () => {
  const anna = person();
  const order = { channels: ["linkedin"], cadence: "daily" as const, start: "2027-03-01", end: "2027-03-01" };
  await anna.almanac.post("/ai/calendar", { body: order, params: { header: { Prefer: "wait=20" } } });
  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  await setFlag("PUBLISH_SERVICE_ENABLED", false);

  const env = {
    PATH: process.env["PATH"] ?? "",
    ALMANAC_URL: inject("addresses").example + PROXY,
    ALMANAC_TOKEN: anna.token,
  };
  const { stdout } = await promisify(execFile)(SMOKE, ["off"], { env });

  expect(stdout).toBe("smoke: off: ok\n");
});
