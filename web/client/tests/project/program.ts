// A program of a user of the package: it is compiled and run against the packed package.
import { createAlmanac, isAlmanacError } from "@almanac/client";

declare const process: { argv: string[] };

const almanac = createAlmanac({ baseUrl: process.argv[2] ?? "", token: "token" });
const order = { channels: ["blog"], cadence: "weekly" as const, start: "2026-01-26", end: "2026-02-01" };
for await (const event of almanac.stream("/ai/calendar", { body: order })) {
  if (event.type === "entry") console.log(event.data.caption);
}
try {
  await almanac.get("/calendars/{id}", { params: { path: { id: "missing" } } });
} catch (error) {
  if (isAlmanacError(error)) console.log(error.code);
}
