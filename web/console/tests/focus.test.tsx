// The focus after the first sign-in. The first page of a file is the first page of the app: other tests would take its place.
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { App } from "../src/app";
import { setLanguage } from "../src/schedule";
import { Gate } from "../src/session/gate";
import { Service, refusal } from "./service";

test("the title of the page has the focus after the first sign-in", async () => {
  const service = new Service();
  service.next("GET", "/session", () => refusal(401, "UNAUTHENTICATED"));
  history.replaceState(null, "", "/console/");
  await setLanguage("en");
  render(<App almanac={service.almanac} gate={new Gate()} />);

  await userEvent.type(await screen.findByLabelText("Access token"), "a.b.c{Enter}");

  const title = await screen.findByRole("heading", { name: "Themes" });
  await waitFor(() => {
    expect(document.activeElement).toBe(title);
  });
});
