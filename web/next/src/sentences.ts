// What a person reads while the service does not answer.
import { Refusal } from "./refusal.js";
import type { RouteName } from "./routes-table.js";

type Purpose = "generate" | "change" | "read";

const GENERATING: ReadonlySet<RouteName> = new Set<RouteName>(["calendar.generate", "organic.generate"]);

function purposeOf(route: RouteName, method: string): Purpose {
  if (GENERATING.has(route)) return "generate";
  return method === "GET" ? "read" : "change";
}

/** Nothing was sent, so nothing was done. */
export function unreachable(route: RouteName, method: string): Refusal {
  const sentences: Record<Purpose, string> = {
    generate: "The service cannot be reached, so nothing was started. Try again in a moment.",
    change:
      "The service cannot be reached, so your change is not saved yet. Keep this page open and try again in a moment.",
    read: "The service cannot be reached. Try again in a moment.",
  };
  return new Refusal({
    status: 503,
    code: "SERVICE_UNREACHABLE",
    message: sentences[purposeOf(route, method)],
    retryable: true,
    retryAfterSeconds: 2,
  });
}

/** Something was sent, and what became of it is not known. */
export function unanswered(route: RouteName, method: string, timedOut: boolean): Refusal {
  const sentences: Record<Purpose, string> = {
    generate: "The service did not answer in time. It may have started: try again in a moment, nothing is made twice.",
    change: "The service did not answer in time, so your change may not be saved. Keep this page open and try again.",
    read: "The service did not answer in time. Try again in a moment.",
  };
  return new Refusal({
    status: timedOut ? 504 : 502,
    code: timedOut ? "SERVICE_TIMEOUT" : "SERVICE_UNANSWERED",
    message: sentences[purposeOf(route, method)],
    retryable: true,
  });
}

/** An error that does not come from the service itself but from something in front of it. */
export function foreign({ status, headers }: Response): Refusal {
  const shown = status >= 400 ? status : 502;
  const seconds = /^\d{1,6}$/.exec(headers.get("Retry-After") ?? "")?.[0];
  return new Refusal({
    status: shown,
    code: "SERVICE_ERROR",
    message: "The service could not answer. Try again in a moment.",
    retryable: shown >= 500 || shown === 429,
    ...(seconds === undefined ? {} : { retryAfterSeconds: Number(seconds) }),
  });
}
