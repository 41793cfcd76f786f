// Two windows of one browser: of two people, and of one.
import type { BrowserContext, Page } from "playwright-core";
import { expect, inject } from "vitest";
import { test } from "../src/browser.js";
import { openConsole } from "../src/console.js";
import { Calendar, signIn } from "../src/example.js";
import { expectCount, expectText, expectValue } from "../src/expect.js";
import { person, type Person } from "../src/people.js";

const MONDAYS = { enabled: false, days: ["mon" as const], time_utc: "09:00", emails: [] };

async function newTheme(
  owner: Person,
  theme: { name: string; sources?: string[]; sections?: string[] },
): Promise<string> {
  const body = { description: "", language: "en", sources: [], sections: [], ...theme };
  return (await owner.almanac.post("/themes", { body })).id;
}

/** Signs in as another tab does: all tabs have the new cookie. */
async function becomes(context: BrowserContext, { token }: Person): Promise<void> {
  await context.addCookies([{ name: "almanac_session", value: token, url: inject("addresses").api }]);
}

async function names(of: Person): Promise<string[]> {
  return (await of.almanac.get("/themes")).items.map(({ name }) => name);
}

async function addSource(page: Page, url: string): Promise<void> {
  await page.getByLabel("Address of a feed").fill(url);
  await page.getByRole("button", { name: "Add", exact: true }).first().click();
}

test("a console of one person saves nothing as the next one who signs in", async ({ open }) => {
  const [anna, ben] = [person(), person()];
  const context = await open();
  const page = await openConsole(context, anna.token, "/themes/new");
  await page.getByLabel("Name").fill("By Anna");

  await becomes(context, ben);
  await page.getByRole("button", { name: "Create theme" }).click();
  const dialog = page.getByRole("dialog", { name: "Another user has signed in" });
  await dialog.waitFor();
  expect([await names(anna), await names(ben)]).toEqual([[], []]);
  await dialog.getByLabel("Access token").fill(anna.token);
  await dialog.getByRole("button", { name: "Sign in", exact: true }).click();

  await expectText(page.getByRole("heading", { level: 1 }), "By Anna");
  expect([await names(anna), await names(ben)]).toEqual([["By Anna"], []]);
});

test("a console goes on as the next person when asked to, without what the first one typed", async ({ open }) => {
  const [anna, ben] = [person(), person()];
  await newTheme(ben, { name: "Ben’s" });
  const theme = await newTheme(anna, { name: "Anna’s" });
  const context = await open();
  const page = await openConsole(context, anna.token, `/themes/${theme}`);
  // The dialog that the answer of a late read opens would take the text.
  await page.waitForLoadState("networkidle");

  await becomes(context, ben);
  await page.getByLabel("Name").fill("Typed by Anna");
  await page.getByLabel("Description").focus();
  page.on("dialog", (dialog) => void dialog.accept());
  await page.getByRole("button", { name: "Go on as the other user" }).click();
  await page.getByRole("navigation").getByRole("link", { name: "Themes" }).click();

  await page.getByRole("main").getByRole("link", { name: "Ben’s" }).waitFor();
  expect([await names(anna), await names(ben)]).toEqual([["Anna’s"], ["Ben’s"]]);
});

test("a console goes on by itself when its person is back in another tab", async ({ open }) => {
  const [anna, ben] = [person(), person()];
  const theme = await newTheme(anna, { name: "Coffee" });
  const context = await open();
  const page = await openConsole(context, anna.token, `/themes/${theme}`);
  // The dialog that the answer of a late read opens would take the text.
  await page.waitForLoadState("networkidle");

  await becomes(context, ben);
  await page.getByLabel("Name").fill("Tea");
  const dialog = page.getByRole("dialog", { name: "Another user has signed in" });
  await dialog.waitFor();
  expect(await names(anna)).toEqual(["Coffee"]);
  await becomes(context, anna);

  await expectCount(dialog, 0);
  await expect.poll(() => names(anna), { timeout: 20_000 }).toEqual(["Tea"]);
});

test("what waits is asked about before a console becomes another person's", async ({ open }) => {
  const [anna, ben] = [person(), person()];
  const theme = await newTheme(anna, { name: "Anna’s" });
  const context = await open();
  const page = await openConsole(context, anna.token, `/themes/${theme}`);
  const questions: string[] = [];
  let answer = false;
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    void (answer ? dialog.accept() : dialog.dismiss());
  });
  await page.getByRole("button", { name: "Delete theme…" }).click();
  await page.getByRole("button", { name: "Delete with everything in it" }).click();
  await becomes(context, ben);
  const goOn = page.getByRole("button", { name: "Go on as the other user" });

  await goOn.click();
  await page.getByLabel("Access token").fill(ben.token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect.poll(() => questions.length, { timeout: 20_000 }).toBe(2);
  expect(new Set(questions)).toEqual(new Set(["Some changes on this page are not saved. Go on and lose them?"]));
  answer = true;
  await goOn.click();

  await page.getByRole("heading", { name: "No theme yet" }).waitFor();
  expect([await names(anna), await names(ben)]).toEqual([["Anna’s"], []]);
});

test("what two windows of one person change is put together", async ({ open }) => {
  const anna = person();
  const theme = await newTheme(anna, { name: "Coffee", sources: ["https://a.example/feed"] });
  const context = await open();
  const first = await openConsole(context, anna.token, `/themes/${theme}`);
  const second = await openConsole(context, anna.token, `/themes/${theme}`);
  for (const page of [first, second]) await page.getByRole("switch").waitFor();

  await addSource(first, "https://b.example/feed");
  await first.getByRole("group", { name: "Days" }).getByRole("button", { name: "Monday" }).click();
  await first.getByLabel("Name").fill("Tea");
  await first.getByLabel("Name").blur();
  await expect.poll(() => names(anna), { timeout: 20_000 }).toEqual(["Tea"]);
  await expectText(first.getByRole("region", { name: "Schedule" }).getByRole("status"), "Schedule saved");
  await addSource(second, "https://c.example/feed");
  await second.getByRole("group", { name: "Days" }).getByRole("button", { name: "Friday" }).click();

  const stored = async () => {
    const path = { id: theme };
    const { sources } = await anna.almanac.get("/themes/{id}", { params: { path } });
    return { sources: [...sources].sort(), days: (await anna.almanac.schedulesApi.get(theme))?.days };
  };
  const together = ["a", "b", "c"].map((name) => `https://${name}.example/feed`);
  await expect.poll(stored, { timeout: 20_000 }).toEqual({ sources: together, days: ["mon", "fri"] });
  await expectValue(second.getByLabel("Name"), "Tea");
});

test("an order that two windows change is the one that the person chooses", async ({ open }) => {
  const anna = person();
  const theme = await newTheme(anna, { name: "Coffee", sections: ["Farms", "Roasters", "Cups"] });
  const context = await open();
  const first = await openConsole(context, anna.token, `/themes/${theme}`);
  const second = await openConsole(context, anna.token, `/themes/${theme}`);
  const sections = async () => (await anna.almanac.get("/themes/{id}", { params: { path: { id: theme } } })).sections;
  for (const page of [first, second]) await page.getByRole("button", { name: "Move “Cups” up" }).waitFor();

  await first.getByRole("button", { name: "Move “Cups” up" }).click();
  await expect.poll(sections, { timeout: 20_000 }).toEqual(["Farms", "Cups", "Roasters"]);
  await second.getByRole("button", { name: "Move “Roasters” up" }).click();
  await expectText(second.getByRole("alert"), "Farms\nCups\nRoasters");
  expect(await sections()).toEqual(["Farms", "Cups", "Roasters"]);
  await second.getByRole("button", { name: "Keep mine" }).click();

  await expect.poll(sections, { timeout: 20_000 }).toEqual(["Roasters", "Farms", "Cups"]);
});

test("a schedule that was deleted elsewhere is made again only when asked to", async ({ open }) => {
  const anna = person();
  const theme = await newTheme(anna, { name: "Coffee" });
  await anna.almanac.schedulesApi.upsert(theme, MONDAYS);
  const page = await openConsole(await open(), anna.token, `/themes/${theme}`);
  const days = page.getByRole("group", { name: "Days" });
  const status = page.getByRole("region", { name: "Schedule" }).getByRole("status");
  await days.waitFor();

  await anna.almanac.schedulesApi.remove(theme);
  await days.getByRole("button", { name: "Friday" }).click();
  await expectText(status, "It was deleted elsewhere.");
  await days.getByRole("button", { name: "Sunday" }).click();
  await expectText(status, "It was deleted elsewhere.");
  expect(await anna.almanac.schedulesApi.get(theme)).toBeNull();
  await page.getByRole("button", { name: "Try again" }).click();

  await expectText(status, "Schedule saved");
  expect(await anna.almanac.schedulesApi.get(theme)).toMatchObject({ days: ["mon", "fri", "sun"] });
});

test("a schedule that was changed elsewhere is not deleted unseen", async ({ open }) => {
  const anna = person();
  const theme = await newTheme(anna, { name: "Coffee" });
  await anna.almanac.schedulesApi.upsert(theme, MONDAYS);
  const page = await openConsole(await open(), anna.token, `/themes/${theme}`);
  const region = page.getByRole("region", { name: "Schedule" });

  await region.getByRole("button", { name: "Delete schedule" }).click();
  await anna.almanac.schedulesApi.upsert(theme, { ...MONDAYS, time_utc: "10:00" });

  await expectText(region.getByRole("status"), "so it was not deleted");
  await expectValue(region.getByLabel("Time (UTC)"), "10:00");
  expect(await anna.almanac.schedulesApi.get(theme)).toMatchObject({ time_utc: "10:00" });
});

test("an app's page of one person saves nothing as the next one who signs in", async ({ open }) => {
  const [anna, ben] = [person(), person()];
  const context = await open();
  await signIn(context, anna.token);
  const calendar = await Calendar.open(context);
  await calendar.generate({ channels: ["instagram"], start: "2027-03-06", end: "2027-03-06" });
  await expectText(calendar.notice, "Done: 1 post.");
  const key = "instagram:2027-03-06:1";

  await signIn(context, ben.token);
  await calendar.edit(key, "By Anna");
  await expectText(calendar.saveStatus(key), "Another user has signed in");
  await calendar.generate({ channels: ["instagram"], start: "2027-03-06", end: "2027-03-07" });
  await expectText(calendar.problem, "Another user has signed in");
  expect((await ben.almanac.get("/calendars", { params: { query: { empty: true } } })).items).toEqual([]);
  await signIn(context, anna.token);

  await expectText(calendar.saveStatus(key), /^Saved$/);
  await expectValue(calendar.caption(key), "By Anna");
});
