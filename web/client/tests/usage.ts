// A program that uses the types as a front end would. It is compiled, never run.
import { createAlmanac, schedulesApi, type CalendarEvent, type ScheduleResponse, type Schemas } from "../src/index.js";

const almanac = createAlmanac({ baseUrl: "https://almanac.example.com", getToken: () => "token" });

/** Events are told apart by `type`. */
export async function captions(request: Schemas["CreateCalendar"], signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for await (const event of almanac.stream("/ai/calendar", { body: request, signal, format: "ndjson" })) {
    if (event.type === "entry") found.push(event.data.caption);
    if (event.type === "diff") found.push(...event.data.added.map(({ key }) => key));
  }
  return found;
}

/** Paths, parameters and bodies are checked, and the envelope is opened. */
export async function calls(id: string): Promise<void> {
  const calendar: Schemas["CalendarWithEntries"] = await almanac.get("/calendars/{id}", { params: { path: { id } } });
  await almanac.delete("/calendars/{id}", { params: { path: { id: calendar.id } } });
  const entry: Schemas["EntryResponse"] = await almanac.patch("/calendars/{id}/entries/{entry}", {
    params: { path: { id, entry: "entry" }, header: { "If-Match": '"3"' } },
    body: { caption: "By hand" },
  });
  const flags: Schemas["FlagsResponse"] = await almanac.get("/flags");
  const schedule: ScheduleResponse | null = await schedulesApi.get(entry.id);
  // @ts-expect-error not the answer of this path
  const wrong: Schemas["Version"] = await almanac.get("/flags");
  // @ts-expect-error a path without its parameter
  await almanac.get("/calendars/{id}");
  // @ts-expect-error a path that does not exist
  await almanac.get("/calendar");
  // @ts-expect-error a field of another type
  await almanac.post("/themes", { body: { name: 1 } });
  console.log(flags, schedule, wrong);
}

export async function follow(id: string): Promise<Schemas["JobStatus"]> {
  for await (const event of almanac.stream("/jobs/{id}/events", { params: { path: { id } }, after: 3 })) {
    console.log(event.type, event.seq);
  }
  for await (const event of almanac.stream("/publish/plans/{id}/events", { params: { path: { id } } })) {
    if (event.type === "result") console.log(event.intentId);
  }
  // @ts-expect-error not a stream
  almanac.stream("/themes", {});
  const accepted = await almanac.post("/ai/generations", { body: { source_text: "…" } });
  return (await almanac.wait("urls" in accepted ? accepted : id)).status;
}

export function isDone(event: CalendarEvent): boolean {
  return event.type === "done" && event.data.status === "succeeded";
}
