// Generated from api/openapi.yaml by `npm run generate`. Do not edit.

/** Version of the API that this package was generated from. */
export const API_VERSION = "0.1.0";

/** Paths whose POST takes an `Idempotency-Key`. */
export const KEYED_PATHS: ReadonlySet<string> = new Set([
  "/ai/generations",
  "/ai/generations/{id}/accept",
  "/ai/generations/{id}/reject",
  "/ai/calendar",
  "/calendars/{id}/entries",
  "/calendars/{id}/runs/{run}/accept",
  "/brands",
  "/brands/{id}/import",
  "/brands/{id}/accounts",
  "/brands/{id}/trends",
  "/brands/{id}/assets",
  "/organic/generate-calendar",
  "/publish",
  "/publish/intents/{id}/retry",
  "/publish/intents/{id}/resolve",
  "/themes",
  "/themes/{id}/schedule/test-mail",
  "/themes/{id}/syntheses",
  "/admin/jobs/{id}/retry",
]);
