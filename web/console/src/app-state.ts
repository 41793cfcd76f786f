// What all pages of the app share, made once for the person who signed in.
import { createContext, useContext } from "react";
import type { Observable } from "./saving/observable";
import type { Activity } from "./syntheses/activity";
import type { Removals } from "./themes/removals";

export interface AppState {
  activity: Activity;
  removals: Removals;
  /** Whether the service does not answer. */
  isSlow: Observable<boolean>;
}

export const AppContext = createContext<AppState | null>(null);

export function useApp(): AppState {
  const app = useContext(AppContext);
  if (!app) throw new Error("outside of the app");
  return app;
}
