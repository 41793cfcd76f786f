// An app that had calendars before Almanac: its own generator answers while Almanac is off or away, and never else.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { test } from "../src/browser.js";
import { Calendar, LONG, PROXY, signIn } from "../src/example.js";
import { expectCount, expectText, expectValue } from "../src/expect.js";
import { setFlag } from "../src/flags.js";
import { person, tokenOf, type Person } from "../src/people.js";
import { ensureRunning, logOf, start, stop } from "../src/programs.js";
import { apiProgram, legacyExampleProgram } from "../src/stack.js";

const WEEK = { channels: ["instagram", "linkedin"], start: "2027-03-01", end: "2027-03-07" };
const WEEKEND = { ...WEEK, start: "2027-03-06" };
const SATURDAY = "instagram:2027-03-06:1";
const SUNDAY = "linkedin:2027-03-07:1";
const BANNER =
  "Almanac is off or cannot be reached: these posts come from this app's own generator, which writes English only, " +
  "and are not saved.";

beforeAll(() => start(legacyExampleProgram(inject("addresses"))));
afterAll(() => stop("example-legacy"));
afterEach(async () => {
  await ensureRunning(apiProgram(inject("addresses")));
  await setFlag("CALENDAR_SERVICE_ENABLED", true);
});

function open(context: BrowserContext, id?: string): Promise<Calendar> {
  return Calendar.open(context, id, inject("addresses").legacyExample);
}

/** Signs in with a new token: the routes remember the flag of a token for three seconds. */
async function signInAgain(context: BrowserContext, { id }: Person, seconds: number): Promise<void> {
  await signIn(context, tokenOf(id, seconds));
}

/** What the routes have logged about this person's calendars, the oldest first. */
function generationsOf({ id }: Person): Record<string, unknown>[] {
  const lines = logOf("example-legacy").split("\n");
  const events = lines.filter((line) => line.includes('"almanac_proxy"')).map((line) => JSON.parse(line) as object);
  const all = events.map((event) => event as Record<string, unknown>);
  return all.filter(({ userId, route }) => userId === id && route === "calendar.generate");
}

async function expectNothingStored({ almanac }: Person): Promise<void> {
  expect((await almanac.get("/calendars", { params: { query: { empty: true } } })).items).toEqual([]);
  expect((await almanac.get("/jobs", { params: { query: {} } })).items).toEqual([]);
}

/** Records in the page each number of posts that it shows. */
async function recordCounts(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const counts: number[] = [];
    Object.assign(window, { counts });
    new MutationObserver(() => {
      const count = document.querySelectorAll('[data-testid="post"]').length;
      if (count > 0 && count !== counts.at(-1)) counts.push(count);
    }).observe(document.body, { childList: true, subtree: true });
  });
  return () => page.evaluate(() => (window as unknown as { counts: number[] }).counts);
}

test("with the flag off the app's own generator streams a calendar, post by post", async ({ open: context }) => {
  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  const anna = person();
  const window = await context();
  await signIn(window, anna.token);
  const calendar = await open(window);
  const counts = await recordCounts(calendar.page);

  await calendar.generate(WEEK);

  await expectText(calendar.notice, /^Done: 14 posts\.$/);
  await expectText(calendar.legacy, BANNER);
  await expectCount(calendar.posts, 14);
  const seen = await counts();
  expect(seen[0]).toBe(1);
  expect(seen.length).toBeGreaterThan(7);
  for (const none of [calendar.dryRun, calendar.problem, calendar.page.getByRole("region", { name: "Progress" })]) {
    await expectCount(none, 0);
  }
  expect(await calendar.page.getByTestId("save-status").count()).toBe(0);
  expect(calendar.id()).toBe("");
  await expect
    .poll(() => generationsOf(anna))
    .toMatchObject([
      { outcome: "legacy", reason: "switched_off", status: 200, channel: "instagram,linkedin", runId: null },
    ]);
  await expectNothingStored(anna);
});

test("its posts are there while its answer is open, and it ends when it is cancelled", async ({ open: context }) => {
  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  const anna = person();
  const window = await context();
  await signIn(window, anna.token);
  const calendar = await open(window);
  const ended = calendar.page.waitForEvent("requestfailed", (request) => request.url().includes(`${PROXY}/v1/ai/`));

  await calendar.generate(LONG);
  await expect.poll(() => calendar.posts.count(), { timeout: 20_000 }).toBeGreaterThan(0);
  await expectCount(calendar.page.getByRole("region", { name: "Progress" }), 1);
  await calendar.page.getByRole("button", { name: "Cancel" }).click();

  expect((await ended).method()).toBe("POST");
  await expectText(calendar.notice, /^Cancelled\. \d+ of 200 posts are here\.$/);
  expect(await calendar.posts.count()).toBeLessThan(200);
  await expectCount(calendar.places, 0);
  await expectCount(calendar.problem, 0);
  await expectNothingStored(anna);
});

test("a stream that is cut leaves its posts, and no place that waits", async ({ open: context }) => {
  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  const anna = person();
  const window = await context();
  await signIn(window, anna.token);
  const calendar = await open(window);
  await calendar.generate(LONG);
  await expect.poll(() => calendar.posts.count(), { timeout: 20_000 }).toBeGreaterThan(1);

  try {
    await stop("example-legacy", "SIGKILL");

    await expectText(calendar.problem, "The connection was lost before the end. Nothing of this run is saved");
    await expectCount(calendar.places, 0);
    expect(await calendar.posts.count()).toBeGreaterThan(1);
    await expectCount(calendar.page.getByRole("region", { name: "Progress" }), 0);
  } finally {
    await start(legacyExampleProgram(inject("addresses")));
  }
  await expectNothingStored(anna);
});

test("with the flag on again the same page is Almanac's, and edits outlast the flag", async ({ open: context }) => {
  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  const anna = person();
  const window = await context();
  await signIn(window, anna.token);
  const calendar = await open(window);
  await calendar.generate(WEEKEND);
  await expectText(calendar.legacy, "Without Almanac.");
  await expectText(calendar.notice, "Done: 4 posts.");

  await setFlag("CALENDAR_SERVICE_ENABLED", true);
  await signInAgain(window, anna, 3_000);
  await calendar.generate(WEEKEND);
  await expectCount(calendar.page.getByTestId("save-status"), 4);
  await expectCount(calendar.legacy, 0);
  await calendar.edit(SATURDAY, "While it was on");
  await expectText(calendar.saveStatus(SATURDAY), "Saved");

  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  await signInAgain(window, anna, 2_900);
  await calendar.edit(SUNDAY, "While it was off");
  await expectText(calendar.saveStatus(SUNDAY), "Saved");
  await calendar.page.reload();
  await expectValue(calendar.caption(SATURDAY), "While it was on");
  await calendar.generate(WEEKEND);
  await expectText(calendar.problem, "Your posts stay as they are");
  await expectValue(calendar.caption(SUNDAY), "While it was off");

  await setFlag("CALENDAR_SERVICE_ENABLED", true);
  await signInAgain(window, anna, 2_800);
  await calendar.page.reload();
  await expectValue(calendar.caption(SATURDAY), "While it was on");
  await expectValue(calendar.caption(SUNDAY), "While it was off");
  await expectCount(calendar.posts, 4);
  expect(generationsOf(anna)).toMatchObject([
    { outcome: "legacy", status: 200 },
    { outcome: "service", status: 200 },
    { outcome: "legacy", status: 409 },
  ]);
});

test("while the API is away the app's own generator answers, and after that Almanac", async ({ open: context }) => {
  const anna = person();
  const window = await context();
  await signIn(window, anna.token);
  const calendar = await open(window);
  const counts = await recordCounts(calendar.page);

  await stop("api", "SIGKILL");
  await calendar.generate(WEEKEND);
  await expectText(calendar.notice, "Done: 4 posts.");
  await expectText(calendar.legacy, BANNER);
  expect((await counts())[0]).toBe(1);
  await expectCount(calendar.problem, 0);
  await start(apiProgram(inject("addresses")));
  await expectNothingStored(anna);

  await calendar.generate(WEEKEND);
  await expectCount(calendar.page.getByTestId("save-status"), 4);
  await expectCount(calendar.legacy, 0);
  await expect
    .poll(() => generationsOf(anna))
    .toMatchObject([
      { outcome: "legacy", reason: "unreachable", status: 200 },
      { outcome: "service", reason: null, status: 200 },
    ]);
});
