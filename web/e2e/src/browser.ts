// The browser in a test: `test` with pages that are closed at its end, whose errors fail it.
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from "playwright-core";
import { test as base, expect, inject } from "vitest";

let browser: Browser | undefined;

interface Fixtures {
  /** A new window of one person, with cookies of its own. */
  open: (options?: BrowserContextOptions) => Promise<BrowserContext>;
}

export const test = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern -- vitest demands the pattern
  open: async ({}, use) => {
    browser ??= await chromium.connect(inject("addresses").browser);
    const contexts: BrowserContext[] = [];
    const failures: string[] = [];
    await use(async (options) => {
      const context = await (browser as Browser).newContext(options);
      context.setDefaultTimeout(15_000);
      context.on("weberror", (error) => failures.push(String(error.error())));
      contexts.push(context);
      return context;
    });
    await Promise.all(contexts.map((context) => context.close()));
    expect(failures, "errors in pages").toEqual([]);
  },
});
