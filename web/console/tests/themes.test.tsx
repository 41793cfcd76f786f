// Themes: the list, and one that is edited.
import type { Schemas } from "@almanac/client";
import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../src/app";
import { discardUnsaved, hasUnsaved } from "../src/saving/unsaved";
import { setLanguage } from "../src/schedule";
import { scheduleEditors } from "../src/schedule/editor";
import { Gate } from "../src/session/gate";
import { themeEditors } from "../src/themes/editor";
import { Service, THEME, data, offline, refusal, session } from "./service";

const SCRIPT = "<img src=x onerror=alert(1)>";
const COFFEE: Schemas["Theme"] = {
  id: THEME,
  version: 1,
  name: "Coffee",
  description: SCRIPT,
  language: "en",
  sources: ["https://example.com/feed.xml"],
  sections: ["Harvest", "Roasting"],
  created_at: "2026-01-20T09:30:00Z",
  updated_at: "2026-01-20T09:30:00Z",
};

let service: Service;
beforeEach(async () => {
  discardUnsaved();
  service = new Service();
  service.theme = COFFEE;
  await setLanguage("en");
});

async function open(path: string) {
  service.next("GET", "/session", () => data(session()));
  history.replaceState(null, "", `/console${path}`);
  window.dispatchEvent(new PopStateEvent("popstate"));
  render(<App almanac={service.almanac} gate={new Gate()} />);
  await screen.findByRole("main");
}

const patches = () => service.sent("PATCH").map(({ body }) => body);

async function openTheme() {
  await open(`/themes/${THEME}`);
  return screen.findByLabelText<HTMLInputElement>("Name");
}

test("a field is saved when typing pauses, and only that field", async () => {
  const name = await openTheme();
  vi.useFakeTimers();

  for (const text of ["C", "Co", "Coffee weekly"]) fireEvent.change(name, { target: { value: text } });
  await act(() => vi.advanceTimersByTimeAsync(799));
  expect(patches()).toEqual([]);
  await act(() => vi.advanceTimersByTimeAsync(1));

  expect(patches()).toEqual([{ name: "Coffee weekly" }]);
  expect(screen.getByText("Saved")).toBeTruthy();
});

test("without a connection a text is kept and saved later", async () => {
  const name = await openTheme();
  service.next("PATCH", `/themes/${THEME}`, offline);

  fireEvent.change(name, { target: { value: "Tea" } });
  fireEvent.blur(name);
  await screen.findByText("Not saved yet. Trying again.");
  expect([name.value, hasUnsaved()]).toEqual(["Tea", true]);
  window.dispatchEvent(new Event("online"));

  await screen.findByText("Saved");
  expect([patches().at(-1), hasUnsaved()]).toEqual([{ name: "Tea" }, false]);
});

test("a refused field holds nothing else back", async () => {
  const name = await openTheme();
  const details = [{ loc: ["body", "language"], msg: "must be a language tag such as fr or en-US", type: "value" }];
  service.next("PATCH", `/themes/${THEME}`, offline);
  service.next("PATCH", `/themes/${THEME}`, () => refusal(400, "VALIDATION_FAILED", details));

  fireEvent.change(name, { target: { value: "Tea" } });
  fireEvent.blur(name);
  await screen.findByText("Not saved yet. Trying again.");
  fireEvent.change(screen.getByLabelText("Language", { selector: "select" }), { target: { value: "fr" } });

  await screen.findByText("The service does not accept this: must be a language tag such as fr or en-US");
  await waitFor(() => {
    expect(patches()).toEqual([{ name: "Tea" }, { name: "Tea", language: "fr" }, { name: "Tea" }]);
  });
});

/** Another window saves something. */
function saveElsewhere(change: Partial<Schemas["Theme"]>) {
  if (service.theme) service.theme = { ...service.theme, ...change, version: service.theme.version + 1 };
}

test("lists that two windows change are put together", async () => {
  await openTheme();
  const input = screen.getByLabelText<HTMLInputElement>("Address of a feed");
  saveElsewhere({ name: "Tea", sources: ["https://b.example/feed"], sections: ["Harvest", "Roasting", "Cups"] });

  await userEvent.type(input, "https://c.example/feed{Enter}");
  await screen.findByDisplayValue("Tea");
  await userEvent.click(screen.getByRole("button", { name: "Remove “Harvest”" }));

  const together = ["https://c.example/feed", "https://b.example/feed"];
  await waitFor(() => {
    expect(service.theme).toMatchObject({ name: "Tea", sources: together, sections: ["Roasting", "Cups"] });
  });
  expect(hasUnsaved()).toBe(false);
});

test.each(["Keep mine", "Use the saved one"])(
  "a text that two windows change is shown in both versions: %s",
  async (choice) => {
    const name = await openTheme();
    saveElsewhere({ name: "Tea" });

    fireEvent.change(name, { target: { value: "Cocoa" } });
    fireEvent.blur(name);
    const conflict = await screen.findByRole("alert");
    expect([name.value, within(conflict).getByText("Tea").tagName]).toEqual(["Cocoa", "BLOCKQUOTE"]);
    fireEvent.change(name, { target: { value: "Cocoa weekly" } });
    fireEvent.blur(name);
    expect([service.theme?.name, hasUnsaved()]).toEqual(["Tea", true]);
    await userEvent.click(within(conflict).getByRole("button", { name: choice }));

    const chosen = choice === "Keep mine" ? "Cocoa weekly" : "Tea";
    await waitFor(() => {
      expect([name.value, service.theme?.name, hasUnsaved()]).toEqual([chosen, chosen, false]);
    });
    expect(screen.queryByRole("alert")).toBeNull();
  },
);

test("a language that two windows change is shown in both versions", async () => {
  await openTheme();
  const language = screen.getByLabelText<HTMLSelectElement>("Language", { selector: "select" });
  saveElsewhere({ language: "de" });

  fireEvent.change(language, { target: { value: "fr" } });
  const conflict = await screen.findByRole("alert");
  expect([language.value, within(conflict).getByText("German").tagName]).toEqual(["fr", "BLOCKQUOTE"]);
  expect([service.theme?.language, hasUnsaved()]).toEqual(["de", true]);
  await userEvent.click(within(conflict).getByRole("button", { name: "Keep mine" }));

  await waitFor(() => {
    expect([service.theme?.language, hasUnsaved()]).toEqual(["fr", false]);
  });
  expect(document.activeElement).toBe(language);
});

test("a save whose answer was lost is no conflict with itself", async () => {
  const name = await openTheme();
  service.next("PATCH", `/themes/${THEME}`, () => {
    saveElsewhere({ name: "Tea" });
    return offline();
  });

  fireEvent.change(name, { target: { value: "Tea" } });
  fireEvent.blur(name);
  await screen.findByText("Not saved yet. Trying again.");
  window.dispatchEvent(new Event("online"));

  await screen.findByText("Saved");
  expect([service.theme?.name, screen.queryByRole("alert"), hasUnsaved()]).toEqual(["Tea", null, false]);
});

test("a text for a theme that was deleted elsewhere is asked about", async () => {
  const name = await openTheme();
  service.next("PATCH", `/themes/${THEME}`, () => refusal(404, "NOT_FOUND"));

  fireEvent.change(name, { target: { value: "Tea" } });
  fireEvent.blur(name);

  await screen.findByText("It is not there, or it is not yours.");
  expect(hasUnsaved()).toBe(true);
});

test("what was not saved of a theme that the person has deleted is forgotten", async () => {
  const name = await openTheme();
  service.next("PATCH", `/themes/${THEME}`, offline);
  service.next("PUT", `/themes/${THEME}/schedule`, offline);
  fireEvent.change(name, { target: { value: "Tea" } });
  fireEvent.blur(name);
  await userEvent.click(await screen.findByRole("switch"));
  await screen.findByText("Not saved yet. Trying again.");
  await screen.findByText(/Not saved yet, trying again/);

  act(() => {
    themeEditors.forget(service.almanac, THEME);
  });
  expect(hasUnsaved()).toBe(true);
  act(() => {
    scheduleEditors.forget(service.almanac, THEME);
  });
  expect(hasUnsaved()).toBe(false);
  window.dispatchEvent(new Event("online"));

  expect([service.sent("PATCH").length, service.sent("PUT").length]).toEqual([1, 1]);
});

test("a name is needed", async () => {
  const name = await openTheme();

  fireEvent.change(name, { target: { value: " " } });
  fireEvent.blur(name);

  expect(screen.getByText("A theme needs a name.")).toBeTruthy();
  expect([patches(), hasUnsaved()]).toEqual([[], true]);
});

test("sources are added one by one or as a list, and wrong ones stay to be corrected", async () => {
  await openTheme();
  const input = screen.getByLabelText<HTMLInputElement>("Address of a feed");

  await userEvent.type(input, "ftp://example.com{Enter}");
  expect(screen.getByText(/Not the address of a feed/)).toBeTruthy();
  expect(input.value).toBe("ftp://example.com");
  await userEvent.clear(input);
  await userEvent.click(input);
  await userEvent.paste("https://a.example/1\nb.example/2\n");
  await userEvent.type(input, "https://example.com/feed.xml{Enter}");

  expect(screen.getByText("This source is in the list already.")).toBeTruthy();
  const added = ["https://example.com/feed.xml", "https://a.example/1", "https://b.example/2"];
  expect(patches()).toEqual([{ sources: added }]);
});

test.each([
  ["Address of a feed", "ftp://example.com", "https://a.example/feed"],
  ["Title of a section", "Roasting", "Cups"],
])("what is typed and not added is kept and asked about: %s", async (label, refused, added) => {
  await openTheme();
  await userEvent.type(screen.getByLabelText(label), `${refused}{Enter}`);
  expect(screen.getByLabelText(label).getAttribute("aria-invalid")).toBe("true");
  expect(hasUnsaved()).toBe(true);

  await userEvent.click(screen.getAllByRole("link", { name: "Themes" })[0] as HTMLElement);
  expect(hasUnsaved()).toBe(true);
  saveElsewhere({ name: "Tea" });
  await userEvent.click(await within(screen.getByRole("main")).findByRole("link", { name: "Coffee" }));
  await screen.findByDisplayValue("Tea");

  const input = await screen.findByLabelText<HTMLInputElement>(label);
  expect(input.value).toBe(refused);
  await userEvent.clear(input);
  await userEvent.type(input, `${added}{Enter}`);
  await screen.findByText("Saved");
  expect([input.value, hasUnsaved()]).toEqual(["", false]);
});

test("a section that finds no room any more is kept, and said", async () => {
  await openTheme();
  const input = screen.getByLabelText<HTMLInputElement>("Title of a section");
  await userEvent.type(input, "Cups");
  saveElsewhere({ sections: Array.from({ length: 20 }, (_, number) => `Part ${number}`) });
  document.dispatchEvent(new Event("visibilitychange"));
  await screen.findByText("Part 19");

  await userEvent.type(input, "{Enter}");

  expect(screen.getByText("20 sections at most")).toBeTruthy();
  expect([input.value, service.theme?.sections.length, hasUnsaved()]).toEqual(["Cups", 20, true]);
});

test("a list that is too long is kept to be shortened", async () => {
  await openTheme();
  const input = screen.getByLabelText<HTMLInputElement>("Address of a feed");
  await userEvent.click(input);

  await userEvent.paste(Array.from({ length: 20 }, (_, number) => `https://a.example/${number}`).join("\n"));

  expect(screen.getByText("20 sources at most")).toBeTruthy();
  expect([patches(), input.value.includes("https://a.example/19")]).toEqual([[], true]);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a list that is longer than what is read says so", async () => {
  // No row is seen, so that none reads its schedule.
  const never = () => undefined;
  vi.stubGlobal("IntersectionObserver", function () {
    return { observe: never, disconnect: never };
  });
  for (let page = 0; page < 4; page++) {
    const items = Array.from({ length: 250 }, (_, number) => ({ ...COFFEE, id: `${page}-${number}` }));
    service.next("GET", "/themes", () => data({ items, next_cursor: "more" }));
  }

  await open("/");

  expect(await screen.findByText("Only the newest 1000 themes are listed and searched.")).toBeTruthy();
  // Effects of a thousand rows may still be to come: they need the observer above.
  cleanup();
}, 20_000);

test("what cannot be read is read again until it can", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  service.next("GET", "/themes", offline);
  await open("/");
  await screen.findByText("The service cannot be reached.");

  await act(() => vi.advanceTimersByTimeAsync(5_000));

  expect(await within(screen.getByRole("main")).findByRole("link", { name: "Coffee" })).toBeTruthy();
  expect(screen.queryByText("The service cannot be reached.")).toBeNull();
});

test("a source shows its last fetch and why it failed", async () => {
  const error = { code: "WEB_PAGE", message: "The address shows a web page." };
  const fetched = { url: COFFEE.sources[0], last_fetched_at: new Date().toISOString(), last_error: error, items: 3 };
  service.next("GET", `/themes/${THEME}/sources`, () => data({ items: [fetched] }));
  await openTheme();

  expect(await screen.findByText("This is a web page. Use the address of its feed.")).toBeTruthy();
  expect(screen.getByText(/3 items/)).toBeTruthy();
});

test("sections are moved with buttons", async () => {
  await openTheme();

  await userEvent.click(screen.getByRole("button", { name: "Move “Roasting” up" }));

  await waitFor(() => {
    expect(patches()).toEqual([{ sections: ["Roasting", "Harvest"] }]);
  });
});

test.each(["Keep mine", "Use the saved one"])(
  "sections that two windows move are shown in both orders: %s",
  async (choice) => {
    service.theme = { ...COFFEE, sections: ["A", "B", "C"] };
    await openTheme();
    saveElsewhere({ sections: ["A", "C", "B"] });

    await userEvent.click(screen.getByRole("button", { name: "Move “B” up" }));
    const conflict = await screen.findByRole("alert");
    expect(within(conflict).getByText(/^A\s+C\s+B$/)).toBeTruthy();
    expect([service.theme.sections, hasUnsaved()]).toEqual([["A", "C", "B"], true]);
    await userEvent.click(within(conflict).getByRole("button", { name: choice }));

    const chosen = choice === "Keep mine" ? ["B", "A", "C"] : ["A", "C", "B"];
    await waitFor(() => {
      expect([service.theme?.sections, hasUnsaved()]).toEqual([chosen, false]);
    });
    expect(screen.getAllByText(/^[ABC]$/).map(({ textContent }) => textContent)).toEqual(chosen);
  },
);

test("markup in a theme is shown as text", async () => {
  await open("/");

  expect(await screen.findByText(SCRIPT)).toBeTruthy();
  expect(document.querySelector("img")).toBeNull();
});

test("a new theme cannot be changed while it is sent, so that nothing typed is lost", async () => {
  await open("/themes/new");
  const name = await screen.findByLabelText<HTMLInputElement>("Name");
  let answer: (response: Response) => void = () => undefined;
  service.next("POST", "/themes", () => new Promise((answered) => (answer = answered)));

  await userEvent.type(name, "Coffee");
  await userEvent.type(screen.getByLabelText("Description"), "Weekly{Enter}news");
  await userEvent.click(screen.getByRole("button", { name: "Create theme" }));
  await userEvent.type(name, " and tea");

  expect([name.value, name.readOnly]).toEqual(["Coffee", true]);
  expect(within(screen.getByRole("main")).getByLabelText<HTMLSelectElement>("Language").disabled).toBe(true);
  answer(refusal(422, "RULE_REFUSED"));
  await waitFor(() => {
    expect(name.readOnly).toBe(false);
  });
  await userEvent.type(name, " and tea");
  expect(name.value).toBe("Coffee and tea");
});

test("asking whether to delete a theme keeps the focus on a safe button", async () => {
  await openTheme();
  const opener = await screen.findByRole("button", { name: "Delete theme…" });
  expect(document.activeElement).not.toBe(opener);

  opener.focus();
  await userEvent.keyboard("{Enter}");
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Keep it" }));
  await userEvent.keyboard("{Enter}");

  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Delete theme…" }));
});

test("a theme that is gone already is deleted", async () => {
  await openTheme();
  service.next("DELETE", `/themes/${THEME}`, () => refusal(404, "NOT_FOUND"));
  await userEvent.click(await screen.findByRole("button", { name: "Delete theme…" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete with everything in it" }));
  await screen.findByText("“Coffee” was deleted.");

  window.dispatchEvent(new Event("pagehide"));

  await waitFor(() => {
    expect([service.sent("DELETE").length, screen.queryByText(/was not deleted/)]).toEqual([1, null]);
  });
});

test("a theme that was changed elsewhere is not deleted", async () => {
  await openTheme();
  await userEvent.click(await screen.findByRole("button", { name: "Delete theme…" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete with everything in it" }));
  saveElsewhere({ description: "Kept" });

  window.dispatchEvent(new Event("pagehide"));

  await screen.findByText("“Coffee” was not deleted. It was changed elsewhere in the meantime.");
  await within(screen.getByRole("main")).findByRole("link", { name: "Coffee" });
  expect(service.theme?.description).toBe("Kept");
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByText(/was not deleted/)).toBeNull();
});

test("a theme is deleted although the person's own last change came late", async () => {
  const name = await openTheme();
  let answer: (response: Response) => void = () => undefined;
  service.next("PATCH", `/themes/${THEME}`, () => new Promise((resolve) => (answer = resolve)));
  fireEvent.change(name, { target: { value: "Tea" } });
  fireEvent.blur(name);
  await userEvent.click(await screen.findByRole("button", { name: "Delete theme…" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete with everything in it" }));

  saveElsewhere({ name: "Tea" });
  window.dispatchEvent(new Event("pagehide"));
  answer(data(service.theme));

  await waitFor(() => {
    expect(service.sent("DELETE").map(({ headers }) => headers.get("If-Match"))).toEqual(['"2"']);
  });
  expect(screen.queryByText(/was not deleted/)).toBeNull();
});

test("what was refused of a theme is not asked about once the theme is deleted", async () => {
  const name = await openTheme();
  service.next("PATCH", `/themes/${THEME}`, () => refusal(422, "INVALID_INPUT"));
  fireEvent.change(name, { target: { value: "Refused" } });
  fireEvent.blur(name);
  await screen.findByText("Not saved");
  await userEvent.click(await screen.findByRole("button", { name: "Delete theme…" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete with everything in it" }));
  expect(hasUnsaved()).toBe(true);

  window.dispatchEvent(new Event("pagehide"));

  await waitFor(() => {
    expect([service.sent("DELETE").length, hasUnsaved()]).toEqual([1, false]);
  });
});

test("a removal whose answer was lost is asked for again", async () => {
  await openTheme();
  await userEvent.click(await screen.findByRole("button", { name: "Delete theme…" }));
  await userEvent.click(screen.getByRole("button", { name: "Delete with everything in it" }));
  service.next("DELETE", `/themes/${THEME}`, offline);
  service.next("DELETE", `/themes/${THEME}`, () => refusal(404, "NOT_FOUND"));

  window.dispatchEvent(new Event("pagehide"));
  await screen.findByText(/No answer yet to the deletion of “Coffee”. Trying again./);
  expect(hasUnsaved()).toBe(true);
  window.dispatchEvent(new Event("online"));

  await waitFor(() => {
    expect([screen.queryByText(/“Coffee”/), hasUnsaved(), service.sent("DELETE").length]).toEqual([null, false, 2]);
  });
});

test("a change that is overtaken again and again is sent again after a pause", async () => {
  const name = await openTheme();
  for (let time = 0; time < 5; time++) {
    service.next("PATCH", `/themes/${THEME}`, () => refusal(412, "PRECONDITION_FAILED"));
  }

  fireEvent.change(name, { target: { value: "Tea" } });
  fireEvent.blur(name);
  await screen.findByText("Not saved yet. Trying again.");
  window.dispatchEvent(new Event("online"));

  await screen.findByText("Saved");
  expect(service.theme?.name).toBe("Tea");
});

test("a deleted theme can be taken back, and leaving the page deletes it", async () => {
  await openTheme();
  const remove = async () => {
    await userEvent.click(await screen.findByRole("button", { name: "Delete theme…" }));
    await userEvent.click(screen.getByRole("button", { name: "Delete with everything in it" }));
    await screen.findByText("“Coffee” was deleted.");
  };

  await remove();
  expect(within(screen.getByRole("main")).queryByRole("link", { name: "Coffee" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(document.activeElement?.textContent).toBe("Themes");
  await userEvent.click(await within(screen.getByRole("main")).findByRole("link", { name: "Coffee" }));
  expect(service.sent("DELETE")).toEqual([]);
  await remove();
  window.dispatchEvent(new Event("pagehide"));

  await waitFor(() => {
    expect(service.sent("DELETE").map(({ path }) => path)).toEqual([`/themes/${THEME}`]);
  });
});
