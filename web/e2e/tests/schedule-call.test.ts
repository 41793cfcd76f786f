// The schedule of a theme as a page of the same origin saves it: with the session cookie and no token.
import { expect, inject } from "vitest";
import { test } from "../src/browser.js";
import { person } from "../src/people.js";

test("a page with the session cookie saves a schedule and sees its days again", async ({ open }) => {
  const anna = person();
  const theme = await anna.almanac.post("/themes", {
    body: { name: "Coffee", description: "Coffee", language: "fr", sources: [], sections: [] },
  });
  const page = await (await open()).newPage();
  await page.goto(`${inject("addresses").api}/console`);
  const signedIn = await page.evaluate(async (token) => {
    const headers = { Authorization: `Bearer ${token}` };
    return (await fetch("/v1/session", { method: "POST", headers })).status;
  }, anna.token);
  expect(signedIn).toBe(200);

  const put = (headers: Record<string, string>) =>
    page.evaluate(
      async ([id, headers]) => {
        const response = await fetch(`/api/v1/themes/${id}/schedule`, {
          method: "PUT",
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", ...headers },
          body: JSON.stringify({
            enabled: true,
            days: ["mon", "fri"],
            time_utc: "09:00",
            emails: ["test@example.com"],
          }),
        });
        return { status: response.status, body: (await response.json()) as unknown };
      },
      [theme.id, headers] as const,
    );
  const saved = await put({ "X-Requested-With": "XMLHttpRequest" });
  const unmarked = await put({});

  expect(saved).toMatchObject({
    status: 200,
    body: { enabled: true, days: ["mon", "fri"], time_utc: "09:00", emails: ["test@example.com"], theme_id: theme.id },
  });
  expect(unmarked).toMatchObject({ status: 403, body: { error: { code: "CSRF_REQUIRED" } } });
  expect(await anna.almanac.schedulesApi.get(theme.id)).toMatchObject({ days: ["mon", "fri"] });
});
