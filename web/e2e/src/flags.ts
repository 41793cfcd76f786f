// Flags as an operator sets them.
import type { Schemas } from "@almanac/client";
import { inject } from "vitest";
import { operator, person } from "./people.js";
import { within } from "./within.js";

/** Sets a flag for all users and waits until the API, and the routes of the example, have it. */
export async function setFlag(name: Schemas["FlagName"], enabled: boolean): Promise<void> {
  await operator().put("/admin/flags/{name}", { params: { path: { name } }, body: { enabled } });
  // The routes remember a flag by caller; a new one sees it as soon as the API does.
  await within(10_000, `${name} to be ${String(enabled)}`, async () => {
    const headers = { Authorization: `Bearer ${person().token}` };
    const response = await fetch(`${inject("addresses").api}/v1/flags`, { headers });
    const { data } = (await response.json()) as { data: Schemas["FlagsResponse"] };
    return data[name] === enabled;
  });
}
