// What axe finds wrong with a page, one line for each rule.
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

export async function flaws(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
