// The app's own origin in front of Almanac: the browser never sees the service's address.
import { createAlmanacRoutes } from "@almanac/next";
import { legacyCalendar } from "@/lib/legacy-calendar";
import { tokenOf } from "@/lib/token";

// An app that had calendars before Almanac names its own handler here, which answers while Almanac is switched off or cannot
// be reached. The handler is called before Almanac has checked the token: one whose work is worth protecting checks it.
// Without a handler a dry run is answered.
const legacy = process.env["LEGACY_CALENDAR"] === "true" ? { calendar: legacyCalendar } : {};

export const { GET, POST, PATCH, DELETE } = createAlmanacRoutes({ getToken: tokenOf, legacy });
