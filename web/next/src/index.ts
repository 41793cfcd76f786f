export type { AlmanacRoutesOptions, LegacyHandlers } from "./options.js";
export type { ProxyEvent, ProxyOutcome } from "./report.js";
export type { RouteName } from "./routes-table.js";
export { createAlmanacRoutes, type AlmanacRoutes, type RouteHandler } from "./routes.js";
export type { SentKeysStore } from "./sent-keys.js";
export { computeSlots, type Cadence, type Slot, type SlotRequest } from "./slots.js";
