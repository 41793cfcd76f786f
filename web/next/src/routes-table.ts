// The operations that are passed on, each with its method and path. Anything else is 404 and never reaches the service.

export type RouteName =
  | "calendar.generate"
  | "organic.generate"
  | "calendar.list"
  | "calendar.show"
  | "calendar.rename"
  | "calendar.delete"
  | "calendar.export"
  | "entry.add"
  | "entry.edit"
  | "entry.delete"
  | "run.list"
  | "run.show"
  | "run.diff"
  | "run.accept"
  | "job.list"
  | "job.show"
  | "job.events"
  | "job.explain"
  | "job.cancel"
  | "publish"
  | "publish.export"
  | "flags"
  | "version";

export interface Route {
  name: RouteName;
  /** Path at the service. */
  path: string;
  calendarId: string | null;
  runId: string | null;
}

const TABLE: [RouteName, method: string, path: string][] = [
  ["calendar.generate", "POST", "/v1/ai/calendar"],
  ["organic.generate", "POST", "/v1/organic/generate-calendar"],
  ["calendar.list", "GET", "/v1/calendars"],
  ["calendar.show", "GET", "/v1/calendars/:calendarId"],
  ["calendar.rename", "PATCH", "/v1/calendars/:calendarId"],
  ["calendar.delete", "DELETE", "/v1/calendars/:calendarId"],
  ["calendar.export", "GET", "/v1/calendars/:calendarId/export"],
  ["entry.add", "POST", "/v1/calendars/:calendarId/entries"],
  ["entry.edit", "PATCH", "/v1/calendars/:calendarId/entries/:entry"],
  ["entry.delete", "DELETE", "/v1/calendars/:calendarId/entries/:entry"],
  ["run.list", "GET", "/v1/calendars/:calendarId/runs"],
  ["run.show", "GET", "/v1/calendars/:calendarId/runs/:runId"],
  ["run.diff", "GET", "/v1/calendars/:calendarId/runs/:runId/diff"],
  ["run.accept", "POST", "/v1/calendars/:calendarId/runs/:runId/accept"],
  ["job.list", "GET", "/v1/jobs"],
  // A run has the id of its job.
  ["job.show", "GET", "/v1/jobs/:runId"],
  ["job.events", "GET", "/v1/jobs/:runId/events"],
  ["job.explain", "GET", "/v1/jobs/:runId/explain"],
  ["job.cancel", "POST", "/v1/jobs/:runId/cancel"],
  ["publish", "POST", "/v1/publish"],
  ["publish.export", "POST", "/v1/publish/export"],
  ["flags", "GET", "/v1/flags"],
  ["version", "GET", "/v1/version"],
];

/** The prefix is whatever folder of the app the handlers are exported from. Ids hold neither dots nor escapes. */
const ROUTES = TABLE.map(([name, method, path]) => {
  const pattern = path.replace(/:(\w+)/g, (_, parameter: string) => `(?<${parameter}>[A-Za-z0-9_-]{1,64})`);
  return { name, method, pattern: new RegExp(`(?<path>${pattern})$`) };
});

/** The route of a request; the methods that its path has if it lacks this one. */
export function findRoute(method: string, pathname: string): Route | string[] {
  const methods: string[] = [];
  for (const route of ROUTES) {
    const found = route.pattern.exec(pathname)?.groups;
    if (found === undefined) continue;
    if (route.method !== method) methods.push(route.method);
    else {
      const { path = "", calendarId = null, runId = null } = found;
      return { name: route.name, path, calendarId, runId };
    }
  }
  return methods;
}
