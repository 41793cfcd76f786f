// What the page shows, by what has happened.
import { expect, test } from "vitest";
import { acceptedOf } from "../lib/calendar-state";

test("an accept says each kind of change that was left out", () => {
  const keys = { added: ["a"], updated: ["b"], removed: ["c"] };
  const skipped = [
    { key: "b", field: "caption", reason: "edited" },
    { key: "d", field: null, reason: "edited" },
    { key: "e", field: null, reason: "deleted" },
    { key: "f", field: null, reason: "not_in_run" },
  ] as const;

  expect(acceptedOf({ ...keys, entries: [], skipped: [...skipped] })).toBe(
    "Accepted: 3 posts changed. Your edits stayed: 2. Posts that you deleted stay deleted: 1." +
      " Not in this run, so left as they are: 1.",
  );
  expect(acceptedOf({ ...keys, entries: [], skipped: [] })).toBe("Accepted: 3 posts changed.");
});
