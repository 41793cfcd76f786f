// The page of the Next.js example, as a person sees it.
import type { BrowserContext, Locator, Page } from "playwright-core";
import { inject } from "vitest";
import { person } from "./people.js";

/** Where its routes are. */
export const PROXY = "/api/almanac";

export interface Order {
  channels: string[];
  start: string;
  end: string;
  topics?: string;
}

/** More posts than a run can write in its time: it goes on for all of it. */
export const LONG: Order = {
  channels: ["instagram", "facebook", "linkedin", "tiktok"],
  start: "2027-03-01",
  end: "2027-04-19",
};

/** Signs in with a token; the next request has it, also one of an open page. */
export async function signIn(context: BrowserContext, token: string): Promise<void> {
  await context.addCookies([{ name: "almanac_token", value: token, url: inject("addresses").example }]);
}

/** The page of a new person, in a window of her own. */
export async function openSignedIn(open: () => Promise<BrowserContext>) {
  const anna = person();
  const context = await open();
  await signIn(context, anna.token);
  return { anna, context, calendar: await Calendar.open(context) };
}

export class Calendar {
  readonly notice: Locator;
  readonly dryRun: Locator;
  /** Says that this app's own generator writes. */
  readonly legacy: Locator;
  /** Says that Almanac cannot be reached. */
  readonly away: Locator;
  readonly posts: Locator;
  /** Places of posts that are not written yet. */
  readonly places: Locator;
  readonly review: Locator;
  readonly problem: Locator;

  private constructor(readonly page: Page) {
    this.notice = page.getByTestId("notice");
    this.dryRun = page.getByTestId("dry-run");
    this.legacy = page.getByTestId("legacy");
    this.away = page.getByTestId("away");
    this.posts = page.getByTestId("post");
    this.places = page.locator("[aria-busy=true]");
    this.review = page.getByRole("region", { name: "Review" });
    this.problem = page.locator(".notices").getByRole("alert");
  }

  /** Opens the page in a new tab: empty, or with a calendar. */
  static async open(context: BrowserContext, id?: string, origin = inject("addresses").example): Promise<Calendar> {
    const page = await context.newPage();
    await page.goto(origin + (id === undefined ? "/" : `/?calendar=${id}`));
    return new Calendar(page);
  }

  async generate({ channels, start, end, topics }: Order): Promise<void> {
    const form = this.page.getByRole("form", { name: "What to write" });
    for (const box of await form.getByRole("checkbox").all()) {
      await box.setChecked(channels.includes((await box.getAttribute("value")) ?? ""));
    }
    await form.getByLabel("First day").fill(start);
    await form.getByLabel("Last day").fill(end);
    if (topics !== undefined) await form.getByLabel("Topics").fill(topics);
    await form.getByRole("button", { name: /generate/i }).click();
  }

  post(key: string): Locator {
    return this.page.locator(`[data-testid="post"][data-key="${key}"]`);
  }

  caption(key: string): Locator {
    return this.post(key).getByLabel("Caption");
  }

  title(key: string): Locator {
    return this.post(key).getByLabel("Title");
  }

  saveStatus(key: string): Locator {
    return this.post(key).getByTestId("save-status");
  }

  /** Types a caption and leaves the field. */
  async edit(key: string, caption: string): Promise<void> {
    await this.caption(key).fill(caption);
    await this.caption(key).blur();
  }

  async keys(): Promise<string[]> {
    return this.posts.evaluateAll((posts) => posts.map((post) => post.getAttribute("data-key") ?? ""));
  }

  /** The id in the address. */
  id(): string {
    return new URL(this.page.url()).searchParams.get("calendar") ?? "";
  }
}
