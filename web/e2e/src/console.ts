// The console as a person sees it, and the keyboard as the only way to use it.
import type { BrowserContext, Locator, Page } from "playwright-core";
import { expect, inject } from "vitest";

/** Opens a page of the console with the session of a token's owner. */
export async function openConsole(context: BrowserContext, token: string, path = "/themes"): Promise<Page> {
  const { api } = inject("addresses");
  await context.addCookies([{ name: "almanac_session", value: token, url: api }]);
  const page = await context.newPage();
  await page.goto(`${api}/console${path}`);
  return page;
}

const MOST_STOPS = 60;

/** Presses Tab until the element has the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    if (await hasFocus(target)) return;
    await page.keyboard.press("Tab");
  }
  expect.fail(`${MOST_STOPS} times Tab do not lead to ${target.toString()}`);
}

export async function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement);
}
