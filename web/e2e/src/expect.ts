// Expectations that wait: a page shows what it shows a moment later.
import type { Locator } from "playwright-core";
import { expect } from "vitest";

const TIMEOUT_MS = 20_000;

export async function expectText(locator: Locator, text: string | RegExp, timeout = TIMEOUT_MS): Promise<void> {
  await expect.poll(() => locator.textContent(), { timeout }).toMatch(text);
}

export async function expectValue(locator: Locator, value: string): Promise<void> {
  await expect.poll(() => locator.inputValue(), { timeout: TIMEOUT_MS }).toBe(value);
}

export async function expectCount(locator: Locator, count: number, timeout = TIMEOUT_MS): Promise<void> {
  await expect.poll(() => locator.count(), { timeout }).toBe(count);
}
