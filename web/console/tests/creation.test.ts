// One theme for one draft, also when answers are lost.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Creation } from "../src/themes/creation";
import type { Values } from "../src/themes/model";
import { Service, THEME, data, offline, refusal } from "./service";

const COFFEE: Values = { name: "Coffee", description: "", language: "en", sources: [], sections: [] };
const TEA = { ...COFFEE, name: "Tea" };

let service: Service;
let creation: Creation;
beforeEach(() => {
  service = new Service();
  creation = new Creation();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const create = (values: Values) => creation.create(service.almanac, values);
const next = (answer: () => Response | Promise<Response>) => {
  service.next("POST", "/themes", answer);
};
const keys = () => service.sent("POST").map(({ headers }) => headers.get("Idempotency-Key"));

test("a draft whose answer was lost is sent again under the same key", async () => {
  next(offline);
  next(() => data({ id: THEME }));

  await expect(create(COFFEE)).rejects.toThrow();
  expect(await create(COFFEE)).toBe(THEME);

  const [first, second] = keys();
  expect([first, service.sent("PATCH")]).toEqual([second, []]);
});

test("a draft that was changed after a lost answer becomes one theme with the change", async () => {
  next(offline);
  next(() => data({ id: THEME }));
  service.next("PATCH", `/themes/${THEME}`, offline);
  next(() => data({ id: THEME }));
  service.next("PATCH", `/themes/${THEME}`, () => data({}));

  await expect(create(COFFEE)).rejects.toThrow();
  await expect(create(TEA)).rejects.toThrow();
  expect(await create(TEA)).toBe(THEME);

  expect(new Set(keys()).size).toBe(1);
  expect(service.sent("POST").map(({ body }) => (body as Values).name)).toEqual(["Coffee", "Coffee", "Coffee"]);
  expect(service.sent("PATCH").at(-1)?.body).toEqual(TEA);
});

test("a draft that was refused, and one after it, have keys of their own", async () => {
  next(() => refusal(400, "VALIDATION_FAILED"));
  next(() => data({ id: THEME }));
  next(() => data({ id: THEME }));

  await expect(create(COFFEE)).rejects.toThrow();
  await create(TEA);
  await create(TEA);

  expect(new Set(keys()).size).toBe(3);
});

test("a theme that was deleted before its change arrived is made again", async () => {
  next(offline);
  next(() => data({ id: THEME }));
  service.next("PATCH", `/themes/${THEME}`, () => refusal(404, "NOT_FOUND"));
  next(() => data({ id: THEME }));

  await expect(create(COFFEE)).rejects.toThrow();
  await expect(create(TEA)).rejects.toThrow();
  await create(TEA);

  expect(service.sent("POST").map(({ body }) => (body as Values).name)).toEqual(["Coffee", "Coffee", "Tea"]);
});

test("a page without TLS, which has no randomUUID, makes a theme", async () => {
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  next(() => data({ id: THEME }));

  expect(await create(COFFEE)).toBe(THEME);

  expect(keys()[0]).toMatch(/^[0-9a-f]{32}$/);
});
