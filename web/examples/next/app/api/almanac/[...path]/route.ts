// The app's own origin in front of Almanac: the browser never sees the service's address.
import { createAlmanacRoutes } from "@almanac/next";
import { tokenOf } from "@/lib/token";

export const { GET, POST, PATCH, DELETE } = createAlmanacRoutes({ getToken: tokenOf });

// An app that had calendars before Almanac adds `legacy: { calendar: itsOwnHandler }`; that handler answers while
// Almanac is switched off or cannot be reached. Without it a dry run is answered.
