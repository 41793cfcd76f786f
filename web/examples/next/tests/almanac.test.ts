// Errors as sentences.
import { AlmanacError } from "@almanac/client";
import { expect, test } from "vitest";
import { isNotFound, problemOf } from "../lib/almanac";

test("a request head that is too large is the token's fault, and leads to the sign-in", () => {
  const problem = problemOf(new AlmanacError({ status: 431, code: "SERVICE_ERROR", message: "could not answer" }));

  expect(problem).toMatchObject({ message: expect.stringContaining("This token is too long") as string, signIn: true });
});

test("a stream that was cut for good is no jargon", () => {
  const problem = problemOf(new AlmanacError({ status: 0, code: "STREAM_INTERRUPTED", message: "was cut" }));

  expect(problem.message).toBe("The connection was lost before the end. Reload the page to see what is saved.");
  expect(problem.details).toBe("STREAM_INTERRUPTED");
});

test("only what the service does not find is not found", () => {
  const found = ["NOT_FOUND", "HTTP_404"].map((code) =>
    isNotFound(new AlmanacError({ status: 404, code, message: "" })),
  );

  expect(found).toEqual([true, false]);
});
