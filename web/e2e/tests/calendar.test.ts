// The flow of a calendar: generate, edit, generate again, compare, accept.
import { afterEach, expect } from "vitest";
import { test } from "../src/browser.js";
import { Calendar, signIn, openSignedIn } from "../src/example.js";
import { expectCount, expectText, expectValue } from "../src/expect.js";
import { setFlag } from "../src/flags.js";
import { person } from "../src/people.js";

const WEEKEND = { channels: ["instagram", "linkedin"], start: "2027-03-06", end: "2027-03-07" };
const SATURDAY = "instagram:2027-03-06:1";
const SUNDAY = "linkedin:2027-03-07:1";

afterEach(() => setFlag("CALENDAR_SERVICE_ENABLED", true));

test("what a person edits is there after a reload", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  await calendar.generate(WEEKEND);
  await expectText(calendar.notice, "Done: 4 posts.");

  await calendar.edit(SATURDAY, "By Anna");
  await expectText(calendar.saveStatus(SATURDAY), "Saved");
  await calendar.page.reload();

  await expectValue(calendar.caption(SATURDAY), "By Anna");
  await expectText(calendar.post(SATURDAY), "Edited by you: caption");
  await expectCount(calendar.posts, 4);
});

test("a page that is opened at the moment its run ends shows what was written", async ({ open }) => {
  const context = await open();
  await signIn(context, person().token);
  const calendar = await Calendar.open(context);
  await calendar.generate(WEEKEND);
  await expectText(calendar.notice, "Done: 4 posts.");
  // The run ends when the page asks for it: what is read before that has no posts.
  let isEnded = false;
  await calendar.page.route("**/v1/calendars/*/runs/*", async (route) => {
    isEnded = true;
    await route.continue();
  });
  await calendar.page.route("**/v1/calendars/*", async (route) => {
    if (isEnded) return route.continue();
    const response = await route.fetch();
    const { data, ...rest } = (await response.json()) as { data: object };
    await route.fulfill({ response, json: { ...rest, data: { ...data, entries: [] } } });
  });

  await calendar.page.reload();

  await expectCount(calendar.posts, 4);
});

test("edits outlast the flag of the service, whichever way it is switched", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  await calendar.generate(WEEKEND);
  await expectText(calendar.notice, "Done: 4 posts.");
  await calendar.edit(SATURDAY, "While it was on");
  await expectText(calendar.saveStatus(SATURDAY), "Saved");

  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  await calendar.edit(SUNDAY, "While it was off");
  await expectText(calendar.saveStatus(SUNDAY), "Saved");
  await calendar.page.reload();
  await expectValue(calendar.caption(SATURDAY), "While it was on");
  await expectValue(calendar.caption(SUNDAY), "While it was off");

  await setFlag("CALENDAR_SERVICE_ENABLED", true);
  await calendar.page.reload();
  await expectValue(calendar.caption(SATURDAY), "While it was on");
  await expectValue(calendar.caption(SUNDAY), "While it was off");
});

test("a second run doubles no post, and accepting it keeps what a person edited", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  await calendar.generate({ ...WEEKEND, topics: "slow coffee" });
  await expectText(calendar.notice, "Done: 4 posts.");
  await calendar.edit(SATURDAY, "By Anna");
  await expectText(calendar.saveStatus(SATURDAY), "Saved");
  const before = await calendar.title(SUNDAY).inputValue();

  await calendar.generate({ ...WEEKEND, end: "2027-03-08", topics: "fast tea" });
  await expectText(calendar.review.getByRole("heading", { level: 2 }), "Review");
  await expectText(calendar.notice, "Done: 6 posts.");
  expect(await calendar.keys()).toHaveLength(4);
  await expectValue(calendar.caption(SATURDAY), "By Anna");
  await expectCount(calendar.review.getByRole("region", { name: "New" }).getByTestId("change"), 2);
  await calendar.review.getByRole("button", { name: "Accept all" }).click();
  await expectText(calendar.notice, "Your edits stayed: 1.");

  await calendar.page.reload();
  await expectCount(calendar.posts, 6);
  expect(new Set(await calendar.keys()).size).toBe(6);
  await expectValue(calendar.caption(SATURDAY), "By Anna");
  expect(await calendar.title(SUNDAY).inputValue()).not.toBe(before);
});

test("accepting by the keyboard keeps the focus in the review", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  await calendar.generate({ ...WEEKEND, topics: "slow coffee" });
  await expectText(calendar.notice, "Done: 4 posts.");
  await calendar.generate({ ...WEEKEND, topics: "fast tea" });
  await expectText(calendar.notice, "Done: 4 posts.");
  const changes = calendar.review.getByTestId("change");
  await expectCount(changes, 4);
  const keys = await changes.evaluateAll((all) => all.map((change) => change.getAttribute("data-key")));
  const focused = () =>
    calendar.page.evaluate(() => {
      const { activeElement } = document;
      const change = activeElement?.closest("[data-testid=change]")?.getAttribute("data-key");
      return [change ?? "", activeElement?.textContent];
    });
  const press = (name: string) => calendar.review.getByRole("button", { name, exact: true }).first().press("Enter");

  await changes.nth(1).getByRole("button", { name: "Accept", exact: true }).press("Enter");
  await expect.poll(focused).toEqual([keys[2], "Accept"]);
  await calendar.page.keyboard.press("Enter");
  await expect.poll(focused).toEqual([keys[3], "Accept"]);
  await calendar.page.keyboard.press("Enter");
  await expect.poll(focused).toEqual([keys[0], "Accept"]);
  await press("Accept all");
  await expect.poll(focused).toEqual(["", "Nothing left to review"]);
  await press("Close review");
  await expect.poll(focused).toEqual(["", await calendar.page.getByRole("heading", { level: 2 }).textContent()]);
});

test("an accept that fails leaves the focus where it was", async ({ open }) => {
  const { calendar } = await openSignedIn(open);
  await calendar.generate({ ...WEEKEND, topics: "slow coffee" });
  await expectText(calendar.notice, "Done: 4 posts.");
  await calendar.generate({ ...WEEKEND, topics: "fast tea" });
  await expectText(calendar.notice, "Done: 4 posts.");
  await calendar.page.route("**/accept", (route) => route.fulfill({ status: 422, json: {} }));
  const accept = calendar.review.getByRole("button", { name: "Accept", exact: true }).first();

  await accept.press("Enter");

  await expectCount(calendar.problem, 1);
  expect(await accept.evaluate((button) => button === document.activeElement)).toBe(true);
});

test("a post that a person deleted comes back only if it is accepted by itself", async ({ open }) => {
  const { anna, calendar } = await openSignedIn(open);
  await calendar.generate({ ...WEEKEND, topics: "slow coffee" });
  await expectText(calendar.notice, "Done: 4 posts.");
  const id = calendar.id();
  const { entries } = await anna.almanac.get("/calendars/{id}", { params: { path: { id } } });
  const entry = entries.find(({ key }) => key === SUNDAY)?.id ?? "";
  await anna.almanac.delete("/calendars/{id}/entries/{entry}", { params: { path: { id, entry } } });

  await calendar.page.reload();
  await expectCount(calendar.posts, 3);
  await calendar.generate({ ...WEEKEND, topics: "fast tea" });
  await expectText(calendar.notice, "Done: 4 posts.");
  const deleted = calendar.review.getByRole("region", { name: "New" });
  await expectText(deleted, "You deleted this post: it stays deleted unless you accept this.");
  const address = calendar.page.url();
  await calendar.review.getByRole("button", { name: "Accept all" }).click();
  await expectText(calendar.notice, "Posts that you deleted stay deleted: 1.");
  await expectCount(calendar.posts, 3);

  await calendar.page.goto(address);
  await deleted.getByRole("button", { name: "Accept" }).click();
  await expectText(calendar.notice, "Accepted: 1 post changed.");
  await expectCount(calendar.post(SUNDAY), 1);
});

test("a calendar that is deleted at the end of its run is not shown as written", async ({ open }) => {
  const { anna, calendar } = await openSignedIn(open);
  await calendar.page.route("**/v1/calendars/*", async (route) => {
    await anna.almanac.delete("/calendars/{id}", { params: { path: { id: calendar.id() } } });
    await route.continue();
  });

  await calendar.generate(WEEKEND);

  await expectText(calendar.notice, "This calendar was deleted, with all its posts.");
  await expectCount(calendar.posts, 0);
  await expectCount(calendar.problem, 0);
  expect(calendar.id()).toBe("");
});

test("two tabs that edit one post see both versions, and nothing is overwritten unasked", async ({ open }) => {
  const anna = person();
  const context = await open();
  await signIn(context, anna.token);
  const first = await Calendar.open(context);
  await first.generate(WEEKEND);
  await expectText(first.notice, "Done: 4 posts.");
  const second = await Calendar.open(context, first.id());
  await expectCount(second.posts, 4);

  await first.edit(SATURDAY, "In the first tab");
  await expectText(first.saveStatus(SATURDAY), "Saved");
  const refused = second.page.waitForResponse((response) => response.request().method() === "PATCH");
  await second.edit(SATURDAY, "In the second tab");
  expect((await refused).status()).toBe(412);

  const conflict = second.post(SATURDAY).getByRole("alert");
  await expectText(conflict.getByRole("region", { name: "Your version" }), "In the second tab");
  await expectText(conflict.getByRole("region", { name: "Saved version" }), "In the first tab");
  await first.page.reload();
  await expectValue(first.caption(SATURDAY), "In the first tab");
  await conflict.getByRole("button", { name: "Keep mine" }).click();
  await expectText(second.saveStatus(SATURDAY), "Saved");
  await first.page.reload();
  await expectValue(first.caption(SATURDAY), "In the second tab");
});

test("a script in a text is shown as its characters, saved, edited and compared", async ({ open }) => {
  const script = `<script>window.ran = 1</script><img src="x" onerror="window.ran = 1">`;
  const { calendar } = await openSignedIn(open);
  await calendar.generate({ ...WEEKEND, topics: script });
  await expectText(calendar.notice, "Done: 4 posts.");
  await calendar.edit(SATURDAY, script);
  await expectText(calendar.saveStatus(SATURDAY), "Saved");

  await calendar.page.reload();
  await expectValue(calendar.caption(SATURDAY), script);
  await calendar.generate({ ...WEEKEND, topics: "slow coffee" });
  const change = calendar.review.locator(`[data-key="${SATURDAY}"]`);
  await expect.poll(() => change.locator("del").allTextContents(), { timeout: 20_000 }).toContain(script);

  expect(await calendar.page.evaluate(() => "ran" in window)).toBe(false);
});

test("with the flag off the page shows a dry run, whole and clean, and nothing is stored", async ({ open }) => {
  await setFlag("CALENDAR_SERVICE_ENABLED", false);
  const { anna, calendar } = await openSignedIn(open);

  await calendar.generate(WEEKEND);

  await expectText(calendar.dryRun, "Dry run.");
  await expectCount(calendar.posts, 4);
  await expectText(calendar.notice, "dry run, and nothing of it is kept");
  expect(await calendar.keys()).toEqual(
    expect.arrayContaining([SATURDAY, SUNDAY, "linkedin:2027-03-06:1", "instagram:2027-03-07:1"]),
  );
  await expectCount(calendar.problem, 0);
  const { items } = await anna.almanac.get("/calendars", { params: { query: { empty: true } } });
  expect(items).toEqual([]);
});
