// The schedule of a theme.
import type { Calls } from "./calls.js";
import type { Schemas } from "./events.js";

export type ScheduleResponse = Schemas["ScheduleResponse"];
export type UpsertScheduleRequest = Schemas["UpsertScheduleRequest"];

export interface SchedulesApi {
  /** The schedule, or null if the theme has none. */
  get: (themeId: string, options?: { signal?: AbortSignal }) => Promise<ScheduleResponse | null>;
  /** Creates or replaces the schedule. */
  upsert: (
    themeId: string,
    request: UpsertScheduleRequest,
    options?: { signal?: AbortSignal },
  ) => Promise<ScheduleResponse>;
  /** Removes the schedule. */
  remove: (themeId: string, options?: { signal?: AbortSignal }) => Promise<void>;
}

const SCHEDULE = "/themes/{id}/schedule";

export function createSchedulesApi(calls: Calls): SchedulesApi {
  const of = (id: string) => ({ params: { path: { id } } });
  return {
    get: (themeId, options) => calls.get(SCHEDULE, { ...of(themeId), ...options }),
    upsert: (themeId, body, options) => calls.put(SCHEDULE, { ...of(themeId), ...options, body }),
    remove: async (themeId, options) => {
      await calls.delete(SCHEDULE, { ...of(themeId), ...options });
    },
  };
}
