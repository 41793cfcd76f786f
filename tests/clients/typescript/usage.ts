// A program that uses the generated types as a front end would. It is compiled, never run.
import type { components, operations, paths } from "./generated/almanac";

type Schemas = components["schemas"];

// Requests: optional fields may be left out, closed sets are checked.
export const order: operations["createCalendar"]["requestBody"]["content"]["application/json"] = {
    channels: ["instagram", "blog"],
    cadence: "daily",
    start: "2026-01-26",
    end: "2026-02-01",
};

// @ts-expect-error a cadence outside the closed set
export const wrong: Schemas["CalendarCadence"] = "hourly";

// Answers: nullable fields are present and must be checked.
export function cost(generation: Schemas["AIGenerationDTO"]): number {
    // @ts-expect-error the cost may be null
    const unchecked: number = generation.cost_usd;
    return generation.cost_usd ?? unchecked;
}

// NDJSON: `type` distinguishes the lines.
export function fronts(lines: Schemas["GenerationLine"][]): string[] {
    return lines.flatMap((line) => (line.type === "suggestion" ? [line.front] : []));
}

// Headers, parameters and errors of an operation.
type Create = operations["createBrand"];
export const key: NonNullable<Create["parameters"]["header"]>["Idempotency-Key"] = "order-17";
export type Conflict = Create["responses"][409]["content"]["application/json"]["error"]["code"];
export type Location = operations["createGeneration"]["responses"][202]["headers"]["Location"];

// Files have their own media types.
export type Calendar = paths["/calendars/{id}/export"]["get"]["responses"][200]["content"]["text/calendar"];
