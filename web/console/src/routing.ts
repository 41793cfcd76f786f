// The address holds what is seen, so that a link shows a colleague the same.
import { useSyncExternalStore } from "react";
import { Observable } from "./saving/observable";

export type Route =
  | { page: "themes" }
  | { page: "new-theme" }
  | { page: "theme"; theme: string }
  | { page: "synthesis"; theme: string; synthesis: string }
  | { page: "unknown" };

const BASE = "/console";
const ID = "[0-9a-fA-F-]{36}";
const THEME = new RegExp(`^/themes/(${ID})$`);
const SYNTHESIS = new RegExp(`^/themes/(${ID})/syntheses/(${ID})$`);

export function parseRoute(pathname: string): Route {
  const path = pathname.slice(BASE.length).replace(/\/+$/, "");
  if (path === "" || path === "/themes") return { page: "themes" };
  if (path === "/themes/new") return { page: "new-theme" };
  const theme = THEME.exec(path)?.[1];
  if (theme !== undefined) return { page: "theme", theme };
  const [, of, synthesis] = SYNTHESIS.exec(path) ?? [];
  if (of !== undefined && synthesis !== undefined) return { page: "synthesis", theme: of, synthesis };
  return { page: "unknown" };
}

export function pathOf(route: Route): string {
  switch (route.page) {
    case "new-theme":
      return `${BASE}/themes/new`;
    case "theme":
      return `${BASE}/themes/${route.theme}`;
    case "synthesis":
      return `${BASE}/themes/${route.theme}/syntheses/${route.synthesis}`;
    default:
      return `${BASE}/themes`;
  }
}

const address = new Observable(location.pathname + location.search);
window.addEventListener("popstate", () => {
  address.set(location.pathname + location.search);
});

export function navigate(route: Route): void {
  show(pathOf(route), false);
}

function show(path: string, replace: boolean): void {
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  address.set(path);
}

export function useRoute(): Route {
  return parseRoute(useAddress().pathname);
}

function useAddress(): URL {
  return new URL(useSyncExternalStore(address.subscribe, address.get), location.origin);
}

/** A part of the address that changes without a new entry in the history. */
export function useQuery(name: string): [string, (value: string) => void] {
  const url = useAddress();
  const change = (value: string) => {
    if (value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    show(url.pathname + url.search, true);
  };
  return [url.searchParams.get(name) ?? "", change];
}
