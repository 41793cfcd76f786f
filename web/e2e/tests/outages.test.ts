// A stream whose service goes away, or whose token expires, and comes back.
import type { Page } from "playwright-core";
import { afterEach, expect, inject } from "vitest";
import { test } from "../src/browser.js";
import { Calendar, LONG, PROXY, signIn, openSignedIn, type Order } from "../src/example.js";
import { expectCount, expectText } from "../src/expect.js";
import { person, tokenOf, type Person } from "../src/people.js";
import { ensureRunning, start, stop } from "../src/programs.js";
import { apiProgram, CALENDAR_SECONDS } from "../src/stack.js";

/** The life of a token that expires while a run goes on. */
const SHORT_SECONDS = 4;
const WAIT_MS = (CALENDAR_SECONDS + 20) * 1_000;
const UNANSWERED = "Your calendar may have been started: generate the same again, and nothing is made twice.";
const MAY_HAVE_STARTED = "A calendar that you asked for may have been started. Generate the same again to open it.";
const WEEK = { channels: ["instagram", "linkedin"], start: "2027-03-01", end: "2027-03-07" };
const DAY = { ...WEEK, end: "2027-03-01" };

afterEach(() => ensureRunning(apiProgram(inject("addresses"))));

/** Requests of a page to its routes, as `METHOD path`. */
function requestsOf(page: Page): string[] {
  const requests: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith(PROXY)) requests.push(`${request.method()} ${pathname.slice(PROXY.length)}`);
  });
  return requests;
}

test("a stream whose API is killed goes on to its end once there is one again", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  const requests = requestsOf(calendar.page);
  await calendar.generate(WEEK);
  await expect.poll(() => calendar.posts.count(), { timeout: 20_000 }).toBeGreaterThan(1);

  await stop("api", "SIGKILL");
  await expectText(calendar.away, "Almanac cannot be reached right now. This page keeps trying.", 4_000);
  await start(apiProgram(inject("addresses")));

  await expectText(calendar.notice, "Done: 14 posts.", 40_000);
  await expectCount(calendar.away, 0);
  await expectCount(calendar.posts, 14);
  expect(new Set(await calendar.keys()).size).toBe(14);
  expect(requests.filter((request) => request === "POST /v1/ai/calendar")).toHaveLength(1);
  expect(requests.filter((request) => /^GET \/v1\/jobs\/.*\/events$/.test(request))).not.toHaveLength(0);
});

test("a page that is opened while the API is away says so, and is filled once it is back", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  await calendar.generate(DAY);
  await expectText(calendar.notice, "Done: 2 posts.");

  await stop("api", "SIGKILL");
  await calendar.page.reload();
  await expectText(calendar.away, "Almanac cannot be reached right now. This page keeps trying.", 4_000);
  await start(apiProgram(inject("addresses")));

  await expectCount(calendar.posts, 2, 40_000);
  await expectCount(calendar.away, 0);
  await expectCount(calendar.problem, 0);
});

test("an edit while the API is away is kept in its field and saved when it is back", async ({ open }) => {
  const { anna, calendar } = await openSignedIn(open);
  await calendar.generate(DAY);
  await expectText(calendar.notice, "Done: 2 posts.");
  const key = "linkedin:2027-03-01:1";
  await expectCount(calendar.caption(key), 1);

  await stop("api", "SIGKILL");
  await calendar.edit(key, "Typed in the dark");
  await expectText(calendar.saveStatus(key), "Not saved: The service cannot be reached");
  await start(apiProgram(inject("addresses")));

  await expectText(calendar.saveStatus(key), /^Saved$/, 40_000);
  const { entries } = await anna.almanac.get("/calendars/{id}", { params: { path: { id: calendar.id() } } });
  expect(entries.find((entry) => entry.key === key)?.caption).toBe("Typed in the dark");
});

/** Generates so that the requests arrive and their answers do not. */
async function generateUnanswered(calendar: Calendar, order: Order): Promise<void> {
  const starts = `**${PROXY}/v1/ai/calendar`;
  await calendar.page.route(starts, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await calendar.generate(order);
  await expectText(calendar.problem, UNANSWERED, WAIT_MS);
  await calendar.page.unroute(starts);
}

async function expectOneCalendar({ almanac }: Person, calendar: Calendar): Promise<void> {
  await expectCount(calendar.posts, 2);
  await expectText(calendar.notice, "Done: 2 posts.");
  const { items } = await almanac.get("/calendars", { params: { query: { empty: true } } });
  expect(items.map(({ id }) => id)).toEqual([calendar.id()]);
}

test("a calendar whose start had no answer is not made twice by a second press", async ({ open }) => {
  const { anna, calendar } = await openSignedIn(open);
  await generateUnanswered(calendar, DAY);

  await calendar.generate(DAY);

  await expectOneCalendar(anna, calendar);
});

test("a lost start is not made twice after a reload, which says so", async ({ open }) => {
  const { anna, calendar } = await openSignedIn(open);
  await generateUnanswered(calendar, DAY);

  await calendar.page.reload();
  await expectText(calendar.notice, MAY_HAVE_STARTED);
  await calendar.generate(DAY);

  await expectOneCalendar(anna, calendar);
  await calendar.page.reload();
  await expectCount(calendar.posts, 2);
  await expectText(calendar.notice, /^$/);
});

test("a lost start that is opened in another way is not remembered", async ({ open }) => {
  const { anna, calendar } = await openSignedIn(open);
  await generateUnanswered(calendar, DAY);
  const { items } = await anna.almanac.get("/calendars", { params: { query: { empty: true } } });

  await calendar.page.goto(`${inject("addresses").example}/?calendar=${items[0]?.id ?? ""}`);
  await expectCount(calendar.posts, 2);
  await calendar.page.goto(inject("addresses").example);
  await expectText(calendar.notice, /^$/);
  await calendar.generate(DAY);

  await expectText(calendar.notice, "Done: 2 posts.");
  expect(calendar.id()).not.toBe(items[0]?.id);
});

test("a lost start is not made twice in a tab, and is of its user only", async ({ open }) => {
  const { anna, context, calendar } = await openSignedIn(open);
  await generateUnanswered(calendar, DAY);
  const boris = person();
  await signIn(context, boris.token);
  const other = await Calendar.open(context);
  await expectText(other.notice, /^$/);
  await other.generate(DAY);
  await expectOneCalendar(boris, other);

  await signIn(context, anna.token);
  const second = await Calendar.open(context);
  await expectText(second.notice, MAY_HAVE_STARTED);
  await second.generate(DAY);

  await expectOneCalendar(anna, second);
});

test("a cancel whose answer is lost is sent again, and its alert goes", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  await calendar.generate(LONG);
  await expect.poll(() => calendar.posts.count(), { timeout: 20_000 }).toBeGreaterThan(1);
  const requests = requestsOf(calendar.page);
  // The first two do not arrive.
  await calendar.page.route(`**${PROXY}/v1/jobs/*/cancel`, (route) => route.abort(), { times: 2 });

  await calendar.page.getByRole("button", { name: "Cancel" }).click();

  await expectText(calendar.problem, "The run could not be cancelled yet. Trying again.", 5_000);
  await expectText(calendar.notice, /^Cancelled\. \d+ of 200 posts are here\.$/, 9_000);
  await expectCount(calendar.problem, 0);
  expect(requests.filter((request) => /^POST .*\/cancel$/.test(request))).toHaveLength(3);
});

test("a stream whose token expires goes on with the one that replaced it", async ({ open }) => {
  const { anna, context, calendar } = await openSignedIn(open);
  const requests = requestsOf(calendar.page);
  await signIn(context, tokenOf(anna.id, SHORT_SECONDS));
  await calendar.generate(LONG);
  await expect.poll(() => calendar.posts.count(), { timeout: 20_000 }).toBeGreaterThan(1);

  await signIn(context, anna.token);

  await expectText(calendar.notice, /of 200 posts are here/, WAIT_MS);
  expect(requests.filter((request) => /^GET \/v1\/jobs\/.*\/events$/.test(request))).toHaveLength(1);
  const keys = await calendar.keys();
  expect(new Set(keys).size).toBe(keys.length);
});

test("a person whose session ended signs in again and finds the run going on", async ({ open }) => {
  const { anna, context, calendar } = await openSignedIn(open);
  await signIn(context, tokenOf(anna.id, SHORT_SECONDS));
  await calendar.generate(LONG);

  await expectText(calendar.problem, "Your session has ended.");
  await expectCount(calendar.places, 0);
  await calendar.problem.getByRole("link", { name: "Sign in again" }).click();
  await calendar.page.getByLabel("Token").fill(anna.token);
  await calendar.page.getByRole("button", { name: "Sign in" }).click();

  await expect.poll(() => calendar.posts.count(), { timeout: WAIT_MS }).toBeGreaterThan(1);
  expect(calendar.id()).not.toBe("");
});
