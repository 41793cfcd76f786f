export { createAlmanac, schedulesApi, type Almanac } from "./almanac.js";
export type { Answer, Calls, PathOf, RawClient } from "./calls.js";
export { AlmanacError, isAlmanacError, type AlmanacErrorFields } from "./error.js";
export type {
  CalendarEvent,
  GenerationEvent,
  PlanEvent,
  PublicationEvent,
  Schemas,
  StreamEvent,
  StreamPath,
  SynthesisEvent,
  WeekEvent,
} from "./events.js";
export type { components, operations, paths } from "./generated/api.js";
export { newIdempotencyKey } from "./key.js";
export { API_VERSION } from "./generated/contract.js";
export {
  createSchedulesApi,
  type ScheduleResponse,
  type SchedulesApi,
  type UpsertScheduleRequest,
} from "./schedules.js";
export type { AlmanacOptions, GetToken, RetrySettings } from "./settings.js";
export type { StreamConnection, StreamInterruption, StreamOptions } from "./stream.js";
export type { CheckVersion, VersionCheck } from "./version.js";
export type { JobRef, Wait, WaitOptions } from "./wait.js";
