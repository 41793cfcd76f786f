// The console: its schedule component, its words, and the policy that it runs under.
import { expect, inject } from "vitest";
import { flaws } from "../src/axe.js";
import { test } from "../src/browser.js";
import { openConsole, tabTo } from "../src/console.js";
import { expectCount, expectText } from "../src/expect.js";
import { person, type Person } from "../src/people.js";

async function newTheme(owner: Person, theme: { name: string; description?: string; sections?: string[] }) {
  const body = { description: "Coffee and the people behind it", language: "fr", sources: [], sections: [], ...theme };
  return owner.almanac.post("/themes", { body });
}

test("a schedule is made, corrected and removed in French with the keyboard alone", async ({ open }) => {
  const anna = person();
  const theme = await newTheme(anna, { name: "Café" });
  const { api } = inject("addresses");
  const page = await (await open({ locale: "fr-FR" })).newPage();
  await page.goto(`${api}/console`);

  await tabTo(page, page.getByLabel("Jeton d’accès"));
  await page.keyboard.insertText(anna.token);
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("main").getByRole("link", { name: "Café" }));
  await page.keyboard.press("Enter");

  const schedule = page.getByRole("region", { name: "Planification" });
  const status = schedule.getByRole("status");
  const days = schedule.getByRole("group", { name: "Jours" });
  await days.waitFor();
  expect(await days.getByRole("button").allTextContents()).toEqual(["L", "M", "M", "J", "V", "S", "D"]);
  await tabTo(page, schedule.getByRole("switch", { name: "Planification activee" }));
  await page.keyboard.press("Space");
  await expectText(status, "Planification enregistree");
  await tabTo(page, days.getByRole("button", { name: "lundi" }));
  await page.keyboard.press("Space");
  for (let day = 0; day < 4; day++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await tabTo(page, schedule.getByLabel("Heure (UTC)"));
  await page.keyboard.type("09:00");

  const add = schedule.getByRole("button", { name: "Ajouter une adresse" });
  await tabTo(page, add);
  await page.keyboard.press("Enter");
  await page.keyboard.type("nobody");
  await page.keyboard.press("Tab");
  await expectText(schedule, "Cette adresse n’est pas valable.");
  expect(await flaws(page)).toEqual([]);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("test@example.com");
  await page.keyboard.press("Tab");
  for (const address of ["second@example.com", "third@example.com"]) {
    await tabTo(page, add);
    await page.keyboard.press("Enter");
    await page.keyboard.type(address);
    await page.keyboard.press("Tab");
  }
  await expectText(schedule, "3 adresses maximum");
  await expectCount(add, 0);

  await expect
    .poll(() => anna.almanac.schedulesApi.get(theme.id), { timeout: 10_000 })
    .toMatchObject({
      enabled: true,
      days: ["mon", "fri"],
      time_utc: "09:00",
      emails: ["test@example.com", "second@example.com", "third@example.com"],
    });
  await expectText(status, "Planification enregistree");
  await tabTo(page, schedule.getByRole("button", { name: "Supprimer la planification" }));
  await page.keyboard.press("Enter");
  await expectText(status, "Planification supprimee");
  await expect.poll(() => anna.almanac.schedulesApi.get(theme.id), { timeout: 15_000 }).toBeNull();
  expect(await flaws(page)).toEqual([]);
});

test("what has the focus is not behind a bar on a phone", async ({ open }) => {
  const anna = person();
  const theme = await newTheme(anna, { name: "Coffee", sections: ["Farms", "Roasters", "Cups"] });
  const page = await openConsole(
    await open({ viewport: { width: 375, height: 667 } }),
    anna.token,
    `/themes/${theme.id}`,
  );
  await page.getByRole("region", { name: "Schedule" }).getByRole("switch").waitFor();
  await page.getByRole("button", { name: "Delete theme…" }).waitFor();

  const hidden = new Set<string>();
  for (const key of ["Tab", "Shift+Tab"]) {
    for (let stop = 0; stop < 50; stop++) {
      await page.keyboard.press(key);
      const name = await page.evaluate(coveredFocus);
      if (name !== null) hidden.add(`${key}: ${name}`);
    }
  }

  expect([...hidden]).toEqual([]);
});

/** The focused element if something else lies over the middle of it. In the page. */
function coveredFocus(): string | null {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const { left, top, width, height } = element.getBoundingClientRect();
  const shown = document.elementFromPoint(left + width / 2, top + height / 2);
  const isSeen =
    shown !== null &&
    (element.contains(shown) || shown.contains(element) || element.closest("label")?.contains(shown) === true);
  return isSeen ? null : `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent}`;
}

test("a script in a theme and its synthesis is shown as its characters", async ({ open }) => {
  const script = `<script>top.ran = 1</script><img src="x" onerror="top.ran = 1">`;
  const anna = person();
  const theme = await newTheme(anna, { name: script, description: `${script} and coffee`, sections: [script] });
  const accepted = await anna.almanac.post("/themes/{id}/syntheses", { params: { path: { id: theme.id } } });
  const job = await anna.almanac.wait(accepted);
  expect(job.status).toBe("succeeded");
  const context = await open();

  const page = await openConsole(context, anna.token);
  await expectText(page.getByRole("main").getByRole("link", { name: script }), script);
  await page.getByRole("main").getByRole("link", { name: script }).click();
  await expectText(page.getByRole("heading", { level: 1 }), script);
  const synthesis = await openConsole(context, anna.token, `/themes/${theme.id}/syntheses/${job.id}`);
  await expectText(synthesis.frameLocator("iframe").locator("body"), script);
  await synthesis.getByRole("button", { name: "Text", exact: true }).click();
  await synthesis.getByRole("region", { name: "Content" }).getByRole("heading", { name: script }).waitFor();

  for (const shown of [page, synthesis]) expect(await shown.evaluate(() => "ran" in window)).toBe(false);
});

test("the policy of the console stops nothing of it, and nothing comes from another host", async ({ open }) => {
  const anna = person();
  const theme = await newTheme(anna, { name: "Coffee" });
  const context = await open();
  const hosts = new Set<string>();
  context.on("request", (request) => hosts.add(new URL(request.url()).origin));
  const stopped: string[] = [];
  context.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) stopped.push(message.text());
  });

  const page = await openConsole(context, anna.token, `/themes/${theme.id}`);
  await page.getByRole("region", { name: "Schedule" }).getByRole("switch").waitFor();
  await page.reload();
  await page.getByRole("region", { name: "Schedule" }).getByRole("switch").waitFor();

  expect(stopped).toEqual([]);
  expect([...hosts]).toEqual([inject("addresses").api]);
  const policy = (await page.request.get(page.url())).headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  // It is in force: what it does not allow is stopped.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = 1";
    document.body.append(script);
  });
  expect(await page.evaluate(() => "ran" in window)).toBe(false);
  await expect.poll(() => stopped.length).toBeGreaterThan(0);
});
