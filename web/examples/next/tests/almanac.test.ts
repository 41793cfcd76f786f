// Errors as sentences.
import { AlmanacError } from "@almanac/client";
import { afterEach, expect, test, vi } from "vitest";
import { isNotFound, problemOf } from "../lib/almanac";

test("a request head that is too large is the token's fault, and leads to the sign-in", () => {
  const problem = problemOf(new AlmanacError({ status: 431, code: "SERVICE_ERROR", message: "could not answer" }));

  expect(problem).toMatchObject({ message: expect.stringContaining("This token is too long") as string, signIn: true });
});

const NETWORK = new AlmanacError({ status: 0, code: "NETWORK", message: "could not be reached" });
const CUT = new AlmanacError({ status: 0, code: "STREAM_INTERRUPTED", message: "was cut" });

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([NETWORK, CUT])("a run that was cut for good is no jargon: $code", (error) => {
  vi.stubGlobal("navigator", { onLine: true });
  const problem = problemOf(error, "saved");

  expect(problem.message).toBe("The connection was lost before the end. Reload the page to see what is saved.");
  expect(problem.details).toBe(error.code);
});

test.each([NETWORK, CUT])("a start without an answer may have started: $code", (error) => {
  vi.stubGlobal("navigator", { onLine: true });

  expect(problemOf(error, "asked").message).toBe(
    "The connection failed. Your calendar may have been started: generate the same again, and nothing is made twice.",
  );
});

test("a person is offline only where the browser says so", () => {
  vi.stubGlobal("navigator", { onLine: true });
  expect(problemOf(NETWORK).message).toBe("The connection failed.");

  vi.stubGlobal("navigator", { onLine: false });
  expect(problemOf(NETWORK).message).toBe("You are offline.");
  expect(problemOf(NETWORK, "asked").message).toMatch(/^You are offline\. Your calendar may have been started/);
});

test("only what the service does not find is not found", () => {
  const found = ["NOT_FOUND", "HTTP_404"].map((code) =>
    isNotFound(new AlmanacError({ status: 404, code, message: "" })),
  );

  expect(found).toEqual([true, false]);
});
