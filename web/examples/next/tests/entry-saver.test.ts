// What a person types, while it is saved and while it cannot be.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Entry } from "../lib/almanac";
import { EntrySaver, textOf, type Field } from "../lib/entry-saver";

interface Patch {
  params: { header: { "If-Match": string } };
  body: Partial<Entry>;
}

const { patch, get } = vi.hoisted(() => ({
  patch: vi.fn<(path: string, init: Patch) => Promise<Entry>>(),
  get: vi.fn<() => Promise<{ entries: Entry[] }>>(),
}));
vi.mock("../lib/almanac", () => ({
  once: { patch, get },
  problemOf: (error: Error) => ({ message: error.message, details: "" }),
}));

const ENTRY = { id: "1", version: 1, title: "Title", time: "09:00", caption: "", hashtags: [] as string[] } as Entry;
const PAUSE = 800;

/** The entry as the service has it. */
let stored: Entry;

beforeEach(() => {
  vi.useFakeTimers();
  stored = ENTRY;
  patch.mockReset();
  get.mockReset().mockImplementation(() => Promise.resolve({ entries: [stored] }));
  patch.mockImplementation((_, { params, body }) => {
    if (params.header["If-Match"] !== `"${stored.version}"`) return refused("PRECONDITION_FAILED");
    stored = { ...stored, ...body, version: stored.version + 1 };
    return Promise.resolve(stored);
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function refused(code: string, retryable = false): Promise<never> {
  return Promise.reject(Object.assign(new Error(code), { code, retryable }));
}

function open(): EntrySaver {
  return new EntrySaver("calendar", stored, () => undefined);
}

function shown(saver: EntrySaver, field: Field): string {
  const { entry, draft } = saver.getSnapshot();
  return draft[field] ?? textOf(entry, field);
}

function status(saver: EntrySaver): string {
  return saver.getSnapshot().status.kind;
}

test("hashtags stay as they are typed, also while they are saved", async () => {
  const saver = open();
  saver.edit("hashtags", "#a");
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(status(saver)).toBe("saved");

  saver.edit("hashtags", "#a ");
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(shown(saver, "hashtags")).toBe("#a ");
  saver.edit("hashtags", "#a b");
  await vi.advanceTimersByTimeAsync(PAUSE);

  expect(status(saver)).toBe("saved");
  expect(shown(saver, "hashtags")).toBe("#a b");
  expect(patch.mock.calls.map(([, { body }]) => body.hashtags)).toEqual([["#a"], ["#a", "#b"]]);
  saver.leave();
  expect(shown(saver, "hashtags")).toBe("#a #b");
});

test("a text that the service keeps in another form is sent once, and shown as it is kept when the field is left", async () => {
  patch.mockImplementation((_, { body }) => {
    stored = { ...stored, title: body.title?.trim() ?? stored.title, version: stored.version + 1 };
    return Promise.resolve(stored);
  });
  const saver = open();

  saver.edit("title", "New ");
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(shown(saver, "title")).toBe("New ");
  saver.edit("caption", "Text");
  await vi.advanceTimersByTimeAsync(PAUSE);

  expect(patch.mock.calls.map(([, { body }]) => body)).toEqual([{ title: "New " }, { caption: "Text" }]);
  saver.leave();
  expect(shown(saver, "title")).toBe("New");
});

test("a text that could not be saved is sent again when its post is not shown any more", async () => {
  patch.mockImplementationOnce(() => refused("INTERNAL"));
  const saver = open();
  saver.edit("caption", "Mine");
  await vi.advanceTimersByTimeAsync(PAUSE);
  expect(status(saver)).toBe("failed");

  saver.dispose();
  await vi.advanceTimersByTimeAsync(0);

  expect(stored.caption).toBe("Mine");
});

test("a version that was saved elsewhere while something is typed is shown beside it, not overwritten", async () => {
  const saver = open();
  saver.edit("caption", "Mine");
  stored = { ...stored, caption: "Theirs", version: 2 };

  saver.adopt(stored);
  await vi.advanceTimersByTimeAsync(PAUSE);

  expect(stored.caption).toBe("Theirs");
  expect(saver.getSnapshot().status).toEqual({ kind: "conflict", theirs: stored });
  saver.keepMine();
  await vi.advanceTimersByTimeAsync(0);
  expect(stored.caption).toBe("Mine");
});

test("a version that was saved elsewhere is shown as soon as nothing is typed", async () => {
  const saver = open();
  saver.edit("caption", "Mine");
  stored = { ...stored, title: "Theirs", version: 2 };
  saver.adopt(stored);
  expect(shown(saver, "title")).toBe("Title");

  saver.edit("caption", "");
  await vi.advanceTimersByTimeAsync(PAUSE);

  expect(shown(saver, "title")).toBe("Theirs");
  expect(patch).not.toHaveBeenCalled();
});

test("the text of a post that was deleted elsewhere stays to be copied", async () => {
  patch.mockImplementation(() => refused("NOT_FOUND"));
  const saver = open();

  saver.edit("caption", "Mine");
  await vi.advanceTimersByTimeAsync(PAUSE);

  expect(saver.getSnapshot().status).toEqual({ kind: "conflict", theirs: undefined });
  expect(shown(saver, "caption")).toBe("Mine");
});
