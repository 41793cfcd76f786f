import { createAlmanac } from "@almanac/client";
import { afterEach, expect, test, vi } from "vitest";
import { Activity } from "../src/syntheses/activity";

const JOB = "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11";

afterEach(() => {
  vi.useRealTimers();
});

test("a cancel that finds no service is repeated until it is answered", async () => {
  vi.useFakeTimers();
  let away = true;
  const cancels: string[] = [];
  const almanac = createAlmanac({
    baseUrl: "https://almanac.example.com",
    fetch: ({ method, url }) => {
      if (method !== "POST") return new Promise(() => undefined);
      if (url.endsWith("/cancel")) cancels.push(away ? "lost" : "answered");
      if (url.endsWith("/cancel") && away) return Promise.reject(new TypeError("fetch failed"));
      return Promise.resolve(Response.json({ data: { id: JOB }, error: null, meta: { requestId: "request-1" } }));
    },
  });
  const activity = new Activity(almanac);
  await activity.start("theme-1");

  const cancelled = Promise.all([activity.cancel(), activity.cancel()]);
  await vi.advanceTimersByTimeAsync(60_000);
  away = false;
  await vi.advanceTimersByTimeAsync(60_000);
  await cancelled;

  expect(cancels.at(-1)).toBe("answered");
  expect(cancels.filter((each) => each === "answered")).toHaveLength(1);
});
