// What a person sees of the limits of a run: its time, and one run at a time.
import { expect } from "vitest";
import { test } from "../src/browser.js";
import { Calendar, LONG, signIn, openSignedIn } from "../src/example.js";
import { expectText } from "../src/expect.js";
import { person } from "../src/people.js";
import { CALENDAR_SECONDS } from "../src/stack.js";

const WAIT_MS = (CALENDAR_SECONDS + 20) * 1_000;

test("a second run is refused with a friendly sentence that leads to the first", async ({ open }) => {
  const anna = person();
  const context = await open();
  await signIn(context, anna.token);
  const first = await Calendar.open(context);
  await first.generate(LONG);
  await expect.poll(() => first.posts.count(), { timeout: 20_000 }).toBeGreaterThan(0);

  const second = await Calendar.open(context);
  await second.generate(LONG);
  await expectText(second.problem, "Almanac is already writing a calendar for you.");
  await second.problem.getByRole("button", { name: "Open it" }).click();

  await expect.poll(() => second.id(), { timeout: 20_000 }).toBe(first.id());
  await expect.poll(() => second.posts.count(), { timeout: 20_000 }).toBeGreaterThan(0);
  await second.page.getByRole("button", { name: "Cancel" }).click();
  await expectText(first.notice, "Cancelled.");
  await expectText(second.notice, "Cancelled.");
});

test("a run out of time ends with a friendly sentence, and what was written is there", async ({ open }) => {
  const { anna, calendar } = await openSignedIn(open);
  await calendar.generate(LONG);

  await expectText(calendar.notice, /Almanac ran out of time\. \d+ of 200 posts are here/, WAIT_MS);

  const written = (await calendar.keys()).length;
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(200);
  await calendar.page.reload();
  await expect.poll(() => calendar.posts.count(), { timeout: 20_000 }).toBe(written);
  const { items } = await anna.almanac.get("/jobs", { params: { query: { kind: "calendar.generate" } } });
  expect(items.map(({ status }) => status)).toEqual(["timeout"]);
});
