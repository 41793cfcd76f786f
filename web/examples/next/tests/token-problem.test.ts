// What the sign-in page takes as a token.
import { expect, test } from "vitest";
import { tokenProblem } from "../lib/token-problem";

test.each([
  ["a token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_bmF0dXJl", undefined],
  ["nothing", "", "missing"],
  ["a token in two lines", "eyJhbGciOi\nJIUzI1NiJ9", "characters"],
  ["a token in quotes", '"eyJhbGciOiJIUzI1NiJ9"', "characters"],
  ["characters that no header takes", "eyJ→", "characters"],
  ["more than a cookie takes", "a".repeat(4_001), "length"],
  ["more than a cookie takes once it is escaped", "+".repeat(2_000), "length"],
])("%s", (_, token, problem) => {
  expect(tokenProblem(token)).toBe(problem);
});
