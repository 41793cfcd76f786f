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
