// Calls and types of Almanac, through this app's own routes.
import { createAlmanac, isAlmanacError, type AlmanacError, type Schemas } from "@almanac/client";
import { TOKEN_PROBLEMS } from "./token-problem";

let user: string | undefined;

/** All tabs of a browser share one cookie: nothing of this page is done as a user who signed in since in another tab. */
export function actFor(pageUser: string | undefined): void {
  user = pageUser;
}

const options = { baseUrl: "/api/almanac", credentials: "same-origin", expectedUser: () => user } as const;

export const almanac = createAlmanac(options);

/** For what a page cannot do without: it outlasts a minute in which the service is away. */
export const patient = createAlmanac({ ...options, retry: { attempts: 12 } });

/** For what is sent again by its caller, which tells the person what it waits for. */
export const once = createAlmanac({ ...options, retry: { attempts: 1 } });

export type Entry = Schemas["EntryResponse"];
export type Made = Schemas["EntryMade"];
export type Diff = Schemas["DiffResponse"];
export type Changed = Schemas["EntryChanged"];
export type CalendarRequest = Schemas["CreateCalendar"];

export interface Problem {
  message: string;
  /** Code and id of the request, for the people who are asked for help. */
  details: string;
  /** A job of this person that is in the way. */
  activeJob?: string | undefined;
  signIn?: boolean;
}

/** The only part of a request's head that grows with the person is the token. */
const HEAD_TOO_LARGE = 431;

const SENTENCES: Record<string, string> = {
  ACTIVE_GENERATION: "Almanac is already writing a calendar for you.",
  OTHER_USER: "Another user has signed in in this browser. Sign in as yourself to go on with this page.",
  UNAUTHENTICATED: "Your session has ended. Sign in again: what Almanac is writing goes on.",
  NOT_FOUND: "This calendar does not exist, or it is not yours.",
  RATE_LIMITED: "That was a lot of calendars at once. Wait a moment, then try again.",
  UNAVAILABLE: "Almanac cannot be reached right now. Try again in a moment.",
  PROVIDER_UNAVAILABLE: "The model that writes the texts cannot be reached right now. Try again in a moment.",
};

/** How far a generation had come: asked for without an answer, or written by one that saves it, or by one that does not. */
export type Reached = "asked" | "saved" | "unsaved";

/** `reached` is for the errors of a generation. */
export function problemOf(error: unknown, reached?: Reached): Problem {
  if (!isAlmanacError(error)) return { message: "Something went wrong. Reload the page.", details: String(error) };
  const isTooLong = error.status === HEAD_TOO_LARGE;
  return {
    message: isTooLong ? TOKEN_PROBLEMS.length : sentenceOf(error, reached),
    details: [error.code, error.requestId].filter(Boolean).join(" "),
    activeJob: error.active?.id,
    signIn: isTooLong || ["UNAUTHENTICATED", "OTHER_USER"].includes(error.code),
  };
}

export function isNotFound(error: unknown): boolean {
  return isAlmanacError(error) && error.code === "NOT_FOUND";
}

function sentenceOf(error: AlmanacError, reached: Reached | undefined): string {
  if (LOST.has(error.code)) return lostSentence(reached);
  return SENTENCES[error.code] ?? ruleSentence(error);
}

const LOST = new Set(["NETWORK", "STREAM_INTERRUPTED"]);

function lostSentence(reached: Reached | undefined): string {
  const failed = navigator.onLine ? "The connection failed." : "You are offline.";
  const cut = "The connection was lost before the end.";
  switch (reached) {
    case undefined:
      return failed;
    case "asked":
      return `${failed} Your calendar may have been started: generate the same again, and nothing is made twice.`;
    case "saved":
      return `${cut} Reload the page to see what is saved.`;
    case "unsaved":
      return `${cut} Nothing of this run is saved: generate again.`;
  }
}

/** Rules name what is wrong with a request, and the details name the fields. */
function ruleSentence({ message, details }: AlmanacError): string {
  const flaws = details.map(({ loc, msg }) => `${loc.slice(1).join(" ")}: ${msg}`);
  return flaws.length > 0 && message.includes("schema") ? flaws.join("; ") : message;
}
