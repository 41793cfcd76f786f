// One live region for the app: what happens away from the focus is said here.
import { useSyncExternalStore } from "react";
import { Observable } from "../saving/observable";

const said = new Observable("");

export function announce(text: string): void {
  // The same text twice is two announcements.
  said.set(said.get() === text ? `${text}\u00a0` : text);
}

export function Announcements() {
  const text = useSyncExternalStore(said.subscribe, said.get);
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
