// The page of the example for every eye, and its sign-in.
import { expect, inject } from "vitest";
import { flaws } from "../src/axe.js";
import { test } from "../src/browser.js";
import { Calendar, signIn } from "../src/example.js";
import { expectCount, expectText } from "../src/expect.js";
import { person } from "../src/people.js";

const WEEKEND = { channels: ["instagram", "linkedin"], start: "2027-03-06", end: "2027-03-07" };

test("the page has no flaw that axe knows, in light and in dark", async ({ open }) => {
  const context = await open();
  const signInPage = await context.newPage();
  await signInPage.goto(`${inject("addresses").example}/sign-in?problem=length`);
  await signIn(context, person().token);
  const calendar = await Calendar.open(context);
  await calendar.generate(WEEKEND);
  await expectCount(calendar.page.getByTestId("save-status"), 4);
  await calendar.generate({ ...WEEKEND, topics: "fast tea" });
  await expectText(calendar.review, "Accept all");
  await expectCount(calendar.page.getByRole("region", { name: "Progress" }), 0);

  for (const page of [signInPage, calendar.page]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await flaws(page)).toEqual([]);
    }
  }
});

test("on a phone no long word is wider than the page", async ({ open }) => {
  const anna = person();
  const context = await open({ viewport: { width: 375, height: 800 } });
  await signIn(context, anna.token);
  const calendar = await Calendar.open(context);
  await calendar.generate({ ...WEEKEND, topics: "slow coffee" });
  await expectText(calendar.notice, "Done: 4 posts.");
  const path = { id: calendar.id() };
  await anna.almanac.patch("/calendars/{id}", { params: { path }, body: { title: "Wide".repeat(50) } });
  await calendar.page.reload();
  const key = "instagram:2027-03-06:1";
  await calendar.title(key).fill("Title".repeat(40));
  await calendar
    .post(key)
    .getByLabel("Hashtags")
    .fill(`#${"tag".repeat(30)}`);
  await calendar.edit(key, `https://example.org/${"path".repeat(60)}`);
  await expectText(calendar.saveStatus(key), "Saved");

  await calendar.generate({ ...WEEKEND, topics: "t".repeat(150) });
  await expectText(calendar.notice, "Done: 4 posts.");
  await expectText(calendar.review, "path".repeat(60));

  const excess = await calendar.page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  expect(excess).toBeLessThanOrEqual(0);
});

test("a token that cannot be one is refused in a sentence, and a good one leads back", async ({ open }) => {
  const context = await open();
  const page = await context.newPage();
  const address = `${inject("addresses").example}/sign-in?back=${encodeURIComponent("/?calendar=1")}`;
  await page.goto(address);
  const give = async (token: string) => {
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  const problem = page.locator("main").getByRole("alert");

  await give("“eyJhbGciOiJIUzI1NiJ9”");
  await expectText(problem, "This is not a token");
  await give("a".repeat(5_000));
  await expectText(problem, "This token is too long");
  await signIn(context, "eyJ→");
  await page.goto(inject("addresses").example);
  await expectText(problem, "This is not a token");
  await page.goto(address);
  await give(person().token);

  await expect.poll(() => page.url(), { timeout: 20_000 }).toMatch(/\/\?calendar=1$/);
});
