// The schedule of a theme, as a person uses it.
import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { AlmanacContext, Schedule, setLanguage } from "../src/schedule";
import { discardUnsaved, hasUnsaved } from "../src/saving/unsaved";
import { Service, THEME, data, offline, refusal, stored } from "./service";

const SAVED = stored({ enabled: true, days: ["mon", "fri"], time_utc: "09:00", emails: ["anna@example.com"] });

let service: Service;
beforeEach(async () => {
  discardUnsaved();
  service = new Service();
  await setLanguage("en");
});

async function show() {
  const view = render(
    <AlmanacContext value={service.almanac}>
      <Schedule themeId={THEME} />
    </AlmanacContext>,
  );
  await screen.findByRole("switch");
  return view;
}

const time = (name = "Time (UTC)") => screen.getByLabelText<HTMLInputElement>(name);
const address = (number: number) => screen.getByLabelText<HTMLInputElement>(`Address ${number}`);
const day = (name: string) => screen.getByRole("button", { name });
const pressed = () =>
  within(screen.getByRole("group", { name: "Days" }))
    .getAllByRole("button", { pressed: true })
    .map((button) => button.getAttribute("aria-label"));

test("a stored schedule is shown as it is", async () => {
  service.schedule = SAVED;
  await show();

  expect(screen.getByRole<HTMLInputElement>("switch").checked).toBe(true);
  expect(pressed()).toEqual(["Monday", "Friday"]);
  expect([time().value, address(1).value]).toEqual(["09:00", "anna@example.com"]);
  expect(service.saved()).toEqual([]);
});

test("a theme without a schedule starts switched off", async () => {
  await show();

  expect(screen.getByRole<HTMLInputElement>("switch").checked).toBe(false);
  expect(screen.queryByRole("button", { name: "Delete schedule" })).toBeNull();
  await userEvent.click(day("Monday"));
  await screen.findByText("Schedule saved");
  expect(service.saved()).toMatchObject([{ enabled: false, days: ["mon"], time_utc: "08:00", emails: [] }]);
});

test("each change is saved once", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.click(screen.getByRole("switch"));
  await screen.findByText("Schedule saved");
  await userEvent.click(day("Wednesday"));
  await waitFor(() => {
    expect(service.saved()).toHaveLength(2);
  });
  await userEvent.click(day("Monday"));
  await waitFor(() => {
    expect(service.saved()).toHaveLength(3);
  });
  await userEvent.selectOptions(screen.getByLabelText("Time zone"), "Asia/Tokyo");
  await userEvent.click(screen.getByRole("button", { name: "Remove anna@example.com" }));
  await waitFor(() => {
    expect(service.saved()).toHaveLength(5);
  });

  expect(service.saved()).toMatchObject([
    { enabled: false, days: ["mon", "fri"], time_utc: "09:00", emails: ["anna@example.com"], timezone: null },
    { days: ["mon", "wed", "fri"] },
    { days: ["wed", "fri"] },
    { timezone: "Asia/Tokyo", time_local: "09:00", time_utc: "09:00" },
    { emails: [] },
  ]);
  expect(service.sent("PUT")[0]?.headers.get("X-Requested-With")).toBe("XMLHttpRequest");
});

/** Another window saves something. */
function saveElsewhere(change: Partial<typeof SAVED>) {
  const version = (service.schedule?.version ?? 0) + 1;
  service.schedule = { ...(service.schedule ?? SAVED), ...change, version };
}

test("changes of two windows are put together", async () => {
  service.schedule = SAVED;
  await show();
  saveElsewhere({ days: ["mon", "fri", "sun"], emails: ["anna@example.com", "ben@example.com"], time_utc: "10:00" });

  await userEvent.click(day("Monday"));
  await screen.findByText("Schedule saved");
  expect(service.schedule).toMatchObject({ days: ["fri", "sun"], time_utc: "10:00" });
  expect([time().value, address(2).value, pressed()]).toEqual(["10:00", "ben@example.com", ["Friday", "Sunday"]]);
  saveElsewhere({ emails: ["ben@example.com"] });
  fireEvent.change(time(), { target: { value: "11:00" } });
  fireEvent.blur(time());

  await waitFor(() => {
    expect(service.schedule).toMatchObject({ days: ["fri", "sun"], time_utc: "11:00", emails: ["ben@example.com"] });
  });
  expect(screen.queryByLabelText("Address 2")).toBeNull();
  expect(hasUnsaved()).toBe(false);
});

test.each(["Keep mine", "Use the saved one"])("a time that two windows change is shown twice: %s", async (choice) => {
  service.schedule = SAVED;
  const { unmount } = await show();
  saveElsewhere({ time_local: "10:00", timezone: "Europe/Paris" });
  const paris = { time_local: "10:00", timezone: "Europe/Paris" };

  fireEvent.change(time(), { target: { value: "11:00" } });
  fireEvent.blur(time());
  const conflict = await screen.findByRole("alert");
  expect(within(conflict).getByText("10:00 Europe/Paris").tagName).toBe("BLOCKQUOTE");
  await userEvent.click(day("Sunday"));
  await waitFor(() => {
    expect(service.schedule).toMatchObject({ ...paris, days: ["mon", "fri", "sun"] });
  });
  saveElsewhere({ days: ["mon"] });
  await userEvent.click(day("Tuesday"));
  await waitFor(() => {
    expect(service.schedule).toMatchObject({ ...paris, days: ["mon", "tue"] });
  });
  unmount();
  await show();
  expect([time().value, screen.getAllByRole("alert").length, hasUnsaved()]).toEqual(["11:00", 1, true]);
  await userEvent.click(screen.getByRole("button", { name: choice }));

  const mine = { time_utc: "11:00", time_local: null, timezone: null };
  await waitFor(() => {
    expect(service.schedule).toMatchObject(choice === "Keep mine" ? mine : paris);
  });
  await waitFor(() => {
    expect([screen.queryByRole("alert"), hasUnsaved()]).toEqual([null, false]);
  });
  const label = choice === "Keep mine" ? "Time (UTC)" : "Time (Europe/Paris)";
  expect(time(label).value).toBe(choice === "Keep mine" ? "11:00" : "10:00");
  expect(document.activeElement).toBe(time(label));
});

test("a contested time is no conflict any more when the schedule is deleted elsewhere", async () => {
  service.schedule = SAVED;
  await show();
  saveElsewhere({ time_utc: "10:00" });
  fireEvent.change(time(), { target: { value: "11:00" } });
  fireEvent.blur(time());
  await screen.findByRole("alert");
  service.schedule = null;

  await userEvent.click(day("Sunday"));
  await screen.findByText(/It was deleted elsewhere/);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  await waitFor(() => {
    expect([service.schedule?.time_utc, screen.queryByRole("alert"), hasUnsaved()]).toEqual(["11:00", null, false]);
  });
});

test("the saved time that is used is the newest one", async () => {
  service.schedule = SAVED;
  await show();
  saveElsewhere({ time_utc: "11:00" });
  fireEvent.change(time(), { target: { value: "10:00" } });
  fireEvent.blur(time());
  const choice = await screen.findByRole("button", { name: "Use the saved one" });
  saveElsewhere({ time_utc: "17:17" });

  await userEvent.click(choice);

  await waitFor(() => {
    expect([time().value, screen.queryByText("Schedule saved")]).toEqual(["17:17", null]);
  });
});

test("an address that finds no room any more is kept, said, and not sent", async () => {
  service.schedule = { ...SAVED, emails: [] };
  await show();
  saveElsewhere({ emails: ["a1@example.com", "a2@example.com", "a3@example.com"] });

  await userEvent.click(screen.getByRole("button", { name: "Add an address" }));
  await userEvent.type(address(1), "b1@example.com");
  await userEvent.tab();
  await screen.findByDisplayValue("a3@example.com");

  expect([address(1).value, address(1).getAttribute("aria-invalid")]).toEqual(["b1@example.com", "true"]);
  expect([service.schedule.emails.length, service.saved().length, hasUnsaved()]).toEqual([3, 1, true]);
});

test("what is refused is not sent again as it was", async () => {
  service.schedule = SAVED;
  await show();
  const details = [{ loc: ["body", "emails", 0], msg: "no", type: "rule" }];
  for (let time = 0; time < 5; time++) {
    service.next("PUT", `/themes/${THEME}/schedule`, () => refusal(422, "INVALID_EMAIL", details));
  }

  await userEvent.click(day("Sunday"));
  await screen.findByText(/An address is not valid/);

  expect(service.saved()).toHaveLength(1);
});

test("a schedule that two windows make at once is one", async () => {
  await show();
  saveElsewhere({});

  await userEvent.click(day("Sunday"));

  await waitFor(() => {
    expect(service.schedule).toMatchObject({ enabled: true, days: ["mon", "fri", "sun"], emails: SAVED.emails });
  });
});

test("a schedule that was deleted elsewhere is not revived unasked", async () => {
  service.schedule = SAVED;
  await show();
  service.schedule = null;

  await userEvent.click(day("Sunday"));
  await screen.findByText(/It was deleted elsewhere/);
  await userEvent.click(day("Monday"));
  await userEvent.click(day("Monday"));
  expect([service.schedule, service.saved().length]).toEqual([null, 1]);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  await screen.findByText("Schedule saved");
  expect(service.schedule).toMatchObject({ enabled: true, days: ["mon", "fri", "sun"] });
});

test("a schedule that was changed elsewhere is shown before it is deleted", async () => {
  service.schedule = SAVED;
  const { unmount } = await show();
  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  saveElsewhere({ emails: ["anna@example.com", "ben@example.com"] });

  window.dispatchEvent(new Event("pagehide"));
  await screen.findByText("It was changed elsewhere in the meantime, so it was not deleted.");
  expect([address(2).value, pressed(), hasUnsaved()]).toEqual(["ben@example.com", ["Monday", "Friday"], false]);
  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  unmount();

  await waitFor(() => {
    expect(service.schedule).toBeNull();
  });
});

test("a time is saved when typing pauses, once", async () => {
  service.schedule = SAVED;
  await show();
  vi.useFakeTimers();

  for (const text of ["1", "10", "10:", "10:3", "10:30"]) fireEvent.change(time(), { target: { value: text } });
  await act(() => vi.advanceTimersByTimeAsync(799));
  expect(service.saved()).toEqual([]);
  await act(() => vi.advanceTimersByTimeAsync(1));
  fireEvent.blur(time());
  await act(() => vi.advanceTimersByTimeAsync(2_000));

  expect(service.saved().map((it) => it.time_utc)).toEqual(["10:30"]);
});

test("a time is understood as people write it, and a wrong one is said on leaving the field", async () => {
  service.schedule = SAVED;
  await show();

  fireEvent.change(time(), { target: { value: "7h45" } });
  fireEvent.blur(time());
  await screen.findByText("Schedule saved");
  expect([time().value, service.saved()[0]?.time_utc]).toEqual(["07:45", "07:45"]);

  fireEvent.change(time(), { target: { value: "25:00" } });
  expect(screen.queryByText(/Enter a time/)).toBeNull();
  fireEvent.blur(time());
  expect(screen.getByText("Enter a time such as 09:00. Until then 07:45 counts.")).toBeTruthy();
  expect([time().value, time().getAttribute("aria-invalid")]).toEqual(["25:00", "true"]);
  expect(service.saved()).toHaveLength(1);
});

test("changes during a save are sent after it, the last one only", async () => {
  service.schedule = SAVED;
  await show();
  let release: (() => void) | undefined;
  service.next("PUT", `/themes/${THEME}/schedule`, async ({ body }) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return data(stored(body as never));
  });

  for (const name of ["Tuesday", "Wednesday", "Thursday"]) await userEvent.click(day(name));
  expect(service.saved()).toHaveLength(1);
  release?.();
  await waitFor(() => {
    expect(service.saved()).toHaveLength(2);
  });

  expect(service.saved()[1]?.days).toEqual(["mon", "tue", "wed", "thu", "fri"]);
  expect(pressed()).toHaveLength(5);
});

test("an address is checked and saved on leaving its field", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.click(screen.getByRole("button", { name: "Add an address" }));
  expect(document.activeElement).toBe(address(2));
  await userEvent.type(address(2), "bert@example");
  expect(screen.queryByText("This is not a valid address.")).toBeNull();
  await userEvent.tab();
  expect(screen.getByText("This is not a valid address.")).toBeTruthy();
  expect(service.saved()).toEqual([]);

  await userEvent.type(address(2), ".com");
  expect(screen.queryByText("This is not a valid address.")).toBeNull();
  await userEvent.tab();
  await screen.findByText("Schedule saved");
  expect(service.saved().map((it) => it.emails)).toEqual([["anna@example.com", "bert@example.com"]]);
});

test("a stored address counts until a valid one takes its place", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.clear(address(1));
  await userEvent.tab();
  expect(screen.getByText(/Until it is changed, mails go to anna@example.com/)).toBeTruthy();
  await userEvent.click(day("Sunday"));
  await screen.findByText("What is marked is not saved.");

  expect(service.saved()).toMatchObject([{ emails: ["anna@example.com"], days: ["mon", "fri", "sun"] }]);
});

test("what is marked is not said to be saved", async () => {
  service.schedule = SAVED;
  await show();
  await userEvent.click(day("Sunday"));
  await screen.findByText("Schedule saved");

  fireEvent.change(time(), { target: { value: "25:00" } });
  fireEvent.blur(time());
  expect([screen.queryByText("Schedule saved"), screen.getByText(/^What is marked/).tagName]).toEqual([null, "SPAN"]);
  fireEvent.change(time(), { target: { value: "09:00" } });
  fireEvent.blur(time());
  await screen.findByText("Schedule saved");
  await userEvent.click(screen.getByRole("button", { name: "Add an address" }));
  await userEvent.type(address(2), "anna@example.com");
  await userEvent.tab();

  expect([screen.queryByText("Schedule saved"), screen.getByText(/^What is marked/).tagName]).toEqual([null, "SPAN"]);
});

test("the same address twice is named", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.click(screen.getByRole("button", { name: "Add an address" }));
  await userEvent.type(address(2), "Anna@Example.com");
  await userEvent.tab();

  expect(screen.getByText("This address is in the list already.")).toBeTruthy();
  expect(service.saved()).toEqual([]);
});

test("the third address ends adding", async () => {
  service.schedule = stored({ ...SAVED, emails: ["a@example.com", "b@example.com"] });
  await show();

  await userEvent.click(screen.getByRole("button", { name: "Add an address" }));
  expect(screen.queryByRole("button", { name: "Add an address" })).toBeNull();
  expect(screen.getByText("3 addresses maximum")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Remove a@example.com" }));
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Add an address" }));
});

test("French labels are those of the specification", async () => {
  service.schedule = stored({ ...SAVED, emails: ["a@example.com", "b@example.com"] });
  await setLanguage("fr");
  await show();

  expect(screen.getByRole("heading", { level: 2 }).textContent).toBe("Planification");
  expect(screen.getByRole("switch", { name: "Planification activee" })).toBeTruthy();
  const days = within(screen.getByRole("group", { name: "Jours" })).getAllByRole("button");
  expect(days.map((button) => button.textContent)).toEqual(["L", "M", "M", "J", "V", "S", "D"]);
  expect(days[2]?.getAttribute("aria-label")).toBe("mercredi");
  expect(screen.getByLabelText<HTMLInputElement>("Heure (UTC)").value).toBe("09:00");
  expect(screen.getByRole("group", { name: "Destinataires" })).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Ajouter une adresse" }));
  expect(screen.getByText("3 adresses maximum")).toBeTruthy();
  await userEvent.click(screen.getByRole("switch"));
  expect(await screen.findByText("Planification enregistree")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Supprimer la planification" }));
  expect(screen.getByText("Planification supprimee")).toBeTruthy();
});

test("a zone shows and saves local time, and UTC returns", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.selectOptions(screen.getByLabelText("Time zone"), "Europe/Paris");
  expect(time("Time (Europe/Paris)").value).toBe("09:00");
  fireEvent.change(time("Time (Europe/Paris)"), { target: { value: "18:30" } });
  fireEvent.blur(time("Time (Europe/Paris)"));
  await waitFor(() => {
    expect(service.saved()).toHaveLength(2);
  });
  await userEvent.selectOptions(screen.getByLabelText("Time zone"), "UTC");
  await waitFor(() => {
    expect(service.saved()).toHaveLength(3);
  });

  expect(service.saved()).toMatchObject([
    { timezone: "Europe/Paris", time_local: "09:00", time_utc: "09:00" },
    { timezone: "Europe/Paris", time_local: "18:30", time_utc: "09:00" },
    { timezone: null, time_local: null, time_utc: "18:30" },
  ]);
});

test("fields that are not shown keep their values", async () => {
  service.schedule = { ...SAVED, catch_up_minutes: 90 };
  await show();

  await userEvent.click(day("Sunday"));
  await screen.findByText("Schedule saved");

  expect(service.saved()).toMatchObject([{ catch_up_minutes: 90 }]);
});

test("without a connection the change is kept, said, and saved when it is back", async () => {
  service.schedule = SAVED;
  await show();
  service.next("PUT", `/themes/${THEME}/schedule`, offline);

  fireEvent.change(time(), { target: { value: "11:11" } });
  fireEvent.blur(time());
  await screen.findByText(/Not saved yet, trying again/);
  expect([time().value, hasUnsaved()]).toEqual(["11:11", true]);

  window.dispatchEvent(new Event("online"));
  await screen.findByText("Schedule saved");
  expect([service.saved().at(-1)?.time_utc, hasUnsaved()]).toEqual(["11:11", false]);
});

test("an address that the service refuses stays in its row, and the rest is saved", async () => {
  service.schedule = SAVED;
  await show();
  const details = [{ loc: ["body", "emails", 1], msg: "Not a valid e-mail address.", type: "value" }];
  service.next("PUT", `/themes/${THEME}/schedule`, () => refusal(422, "INVALID_EMAIL", details));

  await userEvent.click(screen.getByRole("button", { name: "Add an address" }));
  await userEvent.type(address(2), "odd@example.com");
  await userEvent.tab();
  await screen.findByText("This is not a valid address.");

  expect(address(2).value).toBe("odd@example.com");
  await waitFor(() => {
    expect(service.saved().map((it) => it.emails)).toEqual([
      ["anna@example.com", "odd@example.com"],
      ["anna@example.com"],
    ]);
  });
});

test("a refusal is said and can be tried again", async () => {
  service.schedule = SAVED;
  await show();
  service.next("PUT", `/themes/${THEME}/schedule`, () => refusal(404, "NOT_FOUND"));

  await userEvent.click(day("Sunday"));
  await screen.findByText(/Not saved\./);
  expect(pressed()).toEqual(["Monday", "Friday", "Sunday"]);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  await screen.findByText("Schedule saved");
  expect(service.saved()).toHaveLength(2);
});

test("a change of a schedule whose theme was deleted is asked about, a removal is not", async () => {
  service.schedule = SAVED;
  await show();
  service.next("PUT", `/themes/${THEME}/schedule`, () => refusal(404, "NOT_FOUND"));
  service.next("DELETE", `/themes/${THEME}/schedule`, () => refusal(404, "NOT_FOUND"));

  await userEvent.click(day("Sunday"));
  await screen.findByText(/Not saved\./);
  expect(hasUnsaved()).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  window.dispatchEvent(new Event("pagehide"));

  await waitFor(() => {
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });
  expect([screen.getByText("Schedule deleted").tagName, hasUnsaved()]).toEqual(["SPAN", false]);
});

test("what could not be saved is there again when the page is", async () => {
  service.schedule = SAVED;
  const { unmount } = await show();
  service.next("PUT", `/themes/${THEME}/schedule`, offline);
  await userEvent.click(day("Sunday"));
  await screen.findByText(/Not saved yet/);

  unmount();
  await show();

  expect(pressed()).toEqual(["Monday", "Friday", "Sunday"]);
  window.dispatchEvent(new Event("online"));
  await screen.findByText("Schedule saved");
});

test("a change, and a removal, outlive a page that is closed", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.click(day("Sunday"));
  await screen.findByText("Schedule saved");
  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  window.dispatchEvent(new Event("pagehide"));
  await waitFor(() => {
    expect(service.sent("DELETE")).toHaveLength(1);
  });

  expect([...service.sent("PUT"), ...service.sent("DELETE")].map(({ keepalive }) => keepalive)).toEqual([true, true]);
});

test("a removal can be undone", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  expect(screen.getByText("Schedule deleted")).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>("switch").checked).toBe(false);
  await userEvent.click(screen.getByRole("button", { name: "Undo" }));

  expect(pressed()).toEqual(["Monday", "Friday"]);
  expect([service.sent("DELETE"), service.saved()]).toEqual([[], []]);
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Delete schedule" }));
});

test("a removal is not undone if another window has deleted the schedule", async () => {
  service.schedule = SAVED;
  await show();
  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  service.schedule = null;

  await userEvent.click(screen.getByRole("button", { name: "Undo" }));

  await screen.findByText("Schedule deleted");
  expect([screen.queryAllByRole("button", { pressed: true }), time().value]).toEqual([[], "08:00"]);
  expect(screen.queryByRole("button", { name: /Undo|Delete schedule/ })).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole("switch"));
  expect([service.sent("DELETE"), service.saved(), hasUnsaved()]).toEqual([[], [], false]);
});

test("a removal is sent after six seconds", async () => {
  service.schedule = SAVED;
  await show();
  vi.useFakeTimers();

  fireEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  await act(() => vi.advanceTimersByTimeAsync(5_999));
  expect(service.sent("DELETE")).toHaveLength(0);
  await act(() => vi.advanceTimersByTimeAsync(1));

  expect(service.sent("DELETE")).toHaveLength(1);
  expect(screen.getByText("Schedule deleted")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole("switch"));
});

test("a removal is sent on leaving the page", async () => {
  service.schedule = SAVED;
  const { unmount } = await show();

  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  unmount();

  await waitFor(() => {
    expect(service.sent("DELETE")).toHaveLength(1);
  });
});

test("a change after a removal makes a new schedule", async () => {
  service.schedule = SAVED;
  await show();

  await userEvent.click(screen.getByRole("button", { name: "Delete schedule" }));
  await userEvent.click(day("Sunday"));
  await screen.findByText("Schedule saved");

  expect(service.saved()).toMatchObject([{ enabled: false, days: ["sun"], emails: [] }]);
  expect(service.sent("DELETE")).toEqual([]);
});

test("the days are one stop of the Tab key, and arrows move between them", async () => {
  service.schedule = SAVED;
  await show();

  screen.getByRole("switch").focus();
  await userEvent.tab();
  expect(document.activeElement).toBe(day("Monday"));
  await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(document.activeElement).toBe(day("Saturday"));
  await userEvent.keyboard(" ");
  await screen.findByText("Schedule saved");
  expect(pressed()).toEqual(["Monday", "Friday", "Saturday"]);
  await userEvent.tab();
  expect(document.activeElement).toBe(time());
});

test("switching on warns if today's time has passed", async () => {
  vi.useFakeTimers({ now: new Date("2026-03-23T10:00:00Z"), toFake: ["Date"] });
  service.schedule = stored({ ...SAVED, enabled: false });
  await show();

  expect(screen.getByText(/09:00 has passed today/)).toBeTruthy();
  await userEvent.click(day("Monday"));
  expect(screen.queryByText(/has passed today/)).toBeNull();
});

test("the next fires are shown in local time and in UTC", async () => {
  service.schedule = stored({ ...SAVED, timezone: "Europe/Paris", time_local: "09:00" });
  service.fires = ["03-23", "03-27", "03-30", "04-03", "04-06", "04-10"].map((date) => `2026-${date}T07:00:00Z`);
  await show();

  const table = within(await screen.findByRole("table"));
  const rows = table.getAllByRole("row").slice(1);
  expect(rows).toHaveLength(5);
  const cells = rows.slice(1, 3).map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent));
  expect(cells.map(([local, utc]) => [local, utc])).toEqual([
    ["Fri 27 Mar, 08:00", "Fri 27 Mar, 07:00"],
    ["Mon 30 Mar, 09:00", "Mon 30 Mar, 07:00"],
  ]);
  expect(table.getByText("Local time (Europe/Paris)")).toBeTruthy();
});

test("decisions are told in words", async () => {
  service.schedule = SAVED;
  const at = (date: string) => ({ fire_at: `2026-03-${date}T09:00:00Z`, at: `2026-03-${date}T09:01:00Z` });
  service.decisions = [
    { ...at("23"), outcome: "done", reason: null },
    { ...at("20"), outcome: "done", reason: "NO_NEWS" },
    { ...at("16"), outcome: "skipped", reason: "BUSY" },
    { ...at("13"), outcome: "failed", reason: "SOURCES_FAILED" },
    { ...at("09"), outcome: "failed", reason: "SOMETHING_NEW" },
  ];
  await show();

  await screen.findByText("Done as planned");
  expect(screen.getByText("Done. The sources had nothing new, so no mail was sent.")).toBeTruthy();
  expect(screen.getByText("Skipped. Another synthesis or calendar of yours was being written.")).toBeTruthy();
  expect(screen.getByText("Failed. None of the sources could be read.")).toBeTruthy();
  expect(screen.getByText("Failed. SOMETHING_NEW")).toBeTruthy();
});

test("a schedule that cannot be read says so, with a way to try again", async () => {
  service.next("GET", `/themes/${THEME}/schedule`, offline);
  render(
    <AlmanacContext value={service.almanac}>
      <Schedule themeId={THEME} />
    </AlmanacContext>,
  );

  await screen.findByText(/The schedule could not be read/);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("switch")).toBeTruthy();
});
