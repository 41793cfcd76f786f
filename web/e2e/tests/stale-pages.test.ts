// A page that was open while the API became newer.
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "../src/browser.js";
import { openConsole } from "../src/console.js";
import { Calendar, signIn } from "../src/example.js";
import { person } from "../src/people.js";

/** The API as it will be. */
async function becomeNewer(context: BrowserContext): Promise<void> {
  const body = { data: { name: "almanac", version: "99.0.0" }, error: null, meta: { requestId: "1" } };
  await context.route("**/v1/version", (route) => route.fulfill({ json: body }));
}

/** The person looks at another tab, and comes back. */
async function comeBack(page: Page): Promise<void> {
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
}

/** Follows the offer, until another document has taken the place of the old one. */
async function reload(page: Page): Promise<void> {
  await page.evaluate(() => {
    document.documentElement.dataset.age = "old";
  });
  await page.getByRole("button", { name: "Reload" }).click();
  const age = () => page.evaluate(() => document.documentElement.dataset.age ?? "new").catch(() => "between");
  await expect.poll(age, { timeout: 40_000 }).toBe("new");
}

test("a console that is older than the API says so and offers to reload", async ({ open }) => {
  const context = await open();
  const checked = context.waitForEvent("response", (response) => response.url().endsWith("/v1/version"));
  const page = await openConsole(context, person().token);
  await page.getByRole("main").waitFor();
  await checked;
  expect(await page.getByRole("button", { name: "Reload" }).count()).toBe(0);

  await becomeNewer(context);
  await comeBack(page);

  await page.getByText("A newer version of this page").waitFor();
  await reload(page);
});

test("an app that is older than the API says so and offers to reload", async ({ open }) => {
  const context = await open();
  await signIn(context, person().token);
  const checked = context.waitForEvent("response", (response) => response.url().endsWith("/v1/version"));
  const { page } = await Calendar.open(context);
  await checked;
  expect(await page.getByRole("button", { name: "Reload" }).count()).toBe(0);

  await becomeNewer(context);
  await comeBack(page);

  await page.getByText("This page is older than Almanac.").waitFor();
  await reload(page);
});
