// Errors as sentences.
import { AlmanacError } from "@almanac/client";
import { expect, test } from "vitest";
import { problemOf } from "../lib/almanac";

test("a request head that is too large is the token's fault, and leads to the sign-in", () => {
  const problem = problemOf(new AlmanacError({ status: 431, code: "SERVICE_ERROR", message: "could not answer" }));

  expect(problem).toMatchObject({ message: expect.stringContaining("This token is too long") as string, signIn: true });
});
