// Signing in, and being asked again without losing what was typed.
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { App } from "../src/app";
import { setLanguage } from "../src/schedule";
import { hasUnsaved } from "../src/saving/unsaved";
import { Gate } from "../src/session/gate";
import { userOf } from "../src/session/token";
import { Service, THEME, USER, data, refusal, session } from "./service";

const THEME_OF_ANNA = {
  ...{ id: THEME, version: 1, name: "Coffee", description: "", language: "en", sources: [], sections: [] },
  ...{ created_at: "2026-01-20T09:30:00Z", updated_at: "2026-01-20T09:30:00Z" },
};

let service: Service;
let gate: Gate;
beforeEach(async () => {
  gate = new Gate();
  service = new Service(
    () => (request) => gate.fetch(request),
    () => gate.expectedUser(),
  );
  vi.stubGlobal("fetch", (request: Request) => service.answer(request));
  history.replaceState(null, "", "/console/");
  await setLanguage("en");
});

function show() {
  render(<App almanac={service.almanac} gate={gate} />);
}

/** A page of the person whose session is still there. */
function showAt(path: string) {
  service.next("GET", "/session", () => data(session()));
  history.replaceState(null, "", path);
  window.dispatchEvent(new PopStateEvent("popstate"));
  show();
}

const signedOut = () => {
  service.next("GET", "/session", () => refusal(401, "UNAUTHENTICATED"));
};

async function paste(token: string) {
  const input = await screen.findByLabelText<HTMLInputElement>("Access token");
  await userEvent.click(input);
  await userEvent.paste(token);
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  return input;
}

test("a token is exchanged for a session and kept nowhere", async () => {
  signedOut();
  show();

  await paste("  Bearer a.b.c ");
  await screen.findByRole("heading", { name: "Themes" });

  const [made] = service.sent("POST");
  expect([made?.path, made?.headers.get("Authorization")]).toEqual(["/session", "Bearer a.b.c"]);
  expect(made?.headers.get("X-Requested-With")).toBe("XMLHttpRequest");
  expect(JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])).not.toContain("a.b.c");
  expect(document.body.innerHTML).not.toContain("a.b.c");
});

test("a refused token is said, and stays to be corrected", async () => {
  signedOut();
  service.next("POST", "/session", () => refusal(401, "UNAUTHENTICATED"));
  show();

  const input = await paste("wrong");

  await screen.findByText(/This token is not valid/);
  expect([input.value, input.getAttribute("aria-invalid")]).toEqual(["wrong", "true"]);
});

test("a session that is still there needs no token", async () => {
  service.next("GET", "/session", () => data(session()));
  show();

  expect(await screen.findByRole("heading", { name: "Themes" })).toBeTruthy();
});

test("a request that is refused waits for the sign-in, and what was typed is still there", async () => {
  showAt("/console/themes/new");
  await userEvent.type(await screen.findByLabelText("Name"), "Coffee");
  service.next("POST", "/themes", () => refusal(401, "UNAUTHENTICATED"));
  service.next("POST", "/themes", () => data({ id: "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02" }));

  await userEvent.click(screen.getByRole("button", { name: "Create theme" }));
  await screen.findByRole("heading", { name: "Your session has ended" });
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("Coffee");
  await paste("a.b.c");

  await waitFor(() => {
    expect(service.sent("POST").map(({ path }) => path)).toEqual(["/themes", "/session", "/themes"]);
  });
  const [first, , second] = service.sent("POST");
  expect(second?.body).toMatchObject({ name: "Coffee" });
  expect(second?.headers.get("Idempotency-Key")).toBe(first?.headers.get("Idempotency-Key"));
  await waitFor(() => {
    expect(location.pathname).toBe("/console/themes/0198c4a2-81b0-7e55-8a3d-2f6a9c417b02");
  });
});

test.each(["tökén", "a b", "token\u0000"])("a text that is no token is said to be none: %j", async (text) => {
  signedOut();
  show();

  await paste(text);

  await screen.findByText(/This token is not valid/);
  expect(service.sent("POST")).toEqual([]);
});

test("a token that is too long for a request is said to be none", async () => {
  signedOut();
  service.next("POST", "/session", () => new Response(null, { status: 431 }));
  show();

  await paste("a".repeat(100));

  await screen.findByText(/This token is not valid/);
});

test("a page of one user saves nothing as the next one, and goes on when its user is back", async () => {
  showAt("/console/themes/new");
  await userEvent.type(await screen.findByLabelText("Name"), "Coffee");
  service.next("POST", "/themes", () => refusal(403, "OTHER_USER"));
  service.next("POST", "/themes", () => data({ id: "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02" }));

  await userEvent.click(screen.getByRole("button", { name: "Create theme" }));
  await screen.findByRole("heading", { name: "Another user has signed in" });
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("Coffee");
  expect(screen.getByRole("button", { name: "Go on as the other user" })).toBeTruthy();
  await paste("a.b.c");

  await waitFor(() => {
    expect(location.pathname).toBe("/console/themes/0198c4a2-81b0-7e55-8a3d-2f6a9c417b02");
  });
  const expected = service.sent("POST").map(({ path, headers }) => [path, headers.get("X-Expected-User")]);
  expect(expected).toEqual([
    ["/themes", USER],
    ["/session", null],
    ["/themes", USER],
  ]);
});

test("an older page than the service says to reload", async () => {
  service.next("GET", "/version", () => data({ name: "almanac", version: "9.0.0" }));
  showAt("/console/");

  expect(await screen.findByRole("button", { name: "Reload" })).toBeTruthy();
});

test("the service cannot be reached: no sign-in is asked for", async () => {
  service.next("GET", "/session", () => Promise.reject(new TypeError("Failed to fetch")));
  show();

  await screen.findByText("The service cannot be reached.");
  expect(screen.queryByLabelText("Access token")).toBeNull();
});

test("a page that could not be loaded is loaded as soon as it can", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  service.next("GET", "/session", () => Promise.reject(new TypeError("Failed to fetch")));
  showAt("/console/");
  await screen.findByText("The service cannot be reached.");

  await act(() => vi.advanceTimersByTimeAsync(5_000));

  expect(await screen.findByRole("heading", { name: "Themes" })).toBeTruthy();
});

const SLOW = "Almanac is not answering right now. This page keeps what you typed, and keeps trying to reach it.";

test("a service that does not answer is said while loading and at work", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  let answer: (response: Response) => void = () => undefined;
  const silence = () => new Promise<Response>((answered) => (answer = answered));
  service.next("GET", "/session", silence);
  show();
  await act(() => vi.advanceTimersByTimeAsync(4_000));
  expect([screen.getByText(SLOW).tagName, screen.getByText("Loading…").tagName]).toEqual(["P", "P"]);
  act(() => {
    answer(data(session()));
  });
  await screen.findByRole("heading", { name: "Themes" });
  expect(screen.queryByText(SLOW)).toBeNull();

  service.next("GET", "/themes", silence);
  document.dispatchEvent(new Event("visibilitychange"));
  await act(() => vi.advanceTimersByTimeAsync(4_000));

  expect(screen.getByText(SLOW).tagName).toBe("P");
});

test("a service that does not answer is said while signing in", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  signedOut();
  service.next("POST", "/session", () => new Promise(() => undefined));
  show();
  await paste("a.b.c");

  await act(() => vi.advanceTimersByTimeAsync(4_000));

  expect(screen.getByText(SLOW).tagName).toBe("P");
});

test("a page whose person signs in again in another tab goes on", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  service.next("GET", "/session", () => data(session()));
  service.next("GET", "/themes", () => refusal(403, "OTHER_USER"));
  service.next("GET", "/session", () => refusal(403, "OTHER_USER"));
  showAt("/console/");
  await screen.findByRole("heading", { name: "Another user has signed in" });

  await act(() => vi.advanceTimersByTimeAsync(5_000));
  expect(screen.getByRole("heading", { name: "Another user has signed in" })).toBeTruthy();
  await act(() => vi.advanceTimersByTimeAsync(5_000));

  await waitFor(() => {
    expect(screen.queryByRole("heading", { name: "Another user has signed in" })).toBeNull();
  });
});

test("what is not saved is asked about before the page becomes another user's", async () => {
  const asked = vi.fn(() => false);
  vi.stubGlobal("confirm", asked);
  showAt("/console/themes/new");
  await userEvent.type(await screen.findByLabelText("Name"), "Coffee");
  service.next("POST", "/themes", () => refusal(401, "UNAUTHENTICATED"));
  service.next("POST", "/session", () => data(session(THEME)));

  await userEvent.click(screen.getByRole("button", { name: "Create theme" }));
  await paste("another.users.token");

  await waitFor(() => {
    expect(asked).toHaveBeenCalledWith("Some changes on this page are not saved. Go on and lose them?");
  });
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("Coffee");
});

function tokenOf(user: string): string {
  const claims = btoa(JSON.stringify({ sub: user }));
  return `e30.${claims}.x`;
}

test("a token of the page's own user is sent unasked", async () => {
  const asked = vi.fn(() => false);
  vi.stubGlobal("confirm", asked);
  showAt("/console/themes/new");
  fireEvent.change(await screen.findByLabelText("Name"), { target: { value: "Coffee" } });
  act(() => {
    gate.close();
  });

  await paste(`Bearer ${tokenOf(USER.toUpperCase())}`);

  await waitFor(() => {
    expect([service.sent("POST").length, gate.closed.get()]).toEqual([1, null]);
  });
  expect(asked).not.toHaveBeenCalled();
});

test.each([
  ["no", []],
  ["yes", ["/session"]],
])("a token of another user is sent only if the answer is yes: %s", async (answer, sent) => {
  const asked = vi.fn(() => answer === "yes");
  vi.stubGlobal("confirm", asked);
  showAt("/console/themes/new");
  fireEvent.change(await screen.findByLabelText("Name"), { target: { value: "Coffee" } });
  act(() => {
    gate.close();
  });
  service.next("POST", "/session", () => data(session(THEME)));

  await paste(tokenOf(THEME));

  await waitFor(() => {
    expect(asked).toHaveBeenCalledOnce();
  });
  await waitFor(() => {
    expect(service.sent("POST").map(({ path }) => path)).toEqual(sent);
  });
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("Coffee");
  expect(screen.getByLabelText<HTMLInputElement>("Access token").value).toBe(answer === "yes" ? "" : tokenOf(THEME));
  expect([asked.mock.calls.length, hasUnsaved()]).toEqual([1, answer === "no"]);
});

test.each(["", "a", "a.b.c", "a.é.c", `a.${btoa("null")}.c`, `a.${btoa("{}")}.c`, `a.${btoa('{"sub":1}')}.c`])(
  "a token that names no user is of no known user: %j",
  (token) => {
    expect(userOf(token)).toBeUndefined();
  },
);

test("a token is read in its own alphabet", () => {
  const claims = Buffer.from(JSON.stringify({ name: "~~~???ÿÿ", sub: "Anna" })).toString("base64url");
  expect([/[-_]/.test(claims), userOf(`e30.${claims}.x`)]).toEqual([true, "anna"]);
});

test("a removal that waits is asked about before the page becomes another user's", async () => {
  const asked = vi.fn(() => false);
  vi.stubGlobal("confirm", asked);
  service.theme = THEME_OF_ANNA;
  showAt(`/console/themes/${THEME}`);
  await userEvent.click(await screen.findByRole("button", { name: "Delete theme…" }));
  service.next("GET", "/themes", () => refusal(403, "OTHER_USER"));
  service.next("DELETE", `/themes/${THEME}`, () => refusal(403, "OTHER_USER"));
  await userEvent.click(screen.getByRole("button", { name: "Delete with everything in it" }));

  await userEvent.click(await screen.findByRole("button", { name: "Go on as the other user" }));

  expect(asked).toHaveBeenCalledOnce();
  expect(service.sent("DELETE")).toHaveLength(1);
});
