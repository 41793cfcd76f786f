// Light or dark: as the system has it, unless the person chose the other one.
import { useSyncExternalStore } from "react";
import { remember, remembered } from "./preferences";
import { Observable } from "./saving/observable";

type Scheme = "light" | "dark";

const CHOICE = "almanac.color-scheme";
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
const scheme = new Observable<Scheme>(current());

systemIsDark.addEventListener("change", apply);
apply();

function current(): Scheme {
  const chosen = remembered(CHOICE);
  if (chosen === "light" || chosen === "dark") return chosen;
  return systemIsDark.matches ? "dark" : "light";
}

function apply(): void {
  scheme.set(current());
  document.documentElement.dataset["scheme"] = scheme.get();
}

export function useColorScheme(): [Scheme, () => void] {
  const shown = useSyncExternalStore(scheme.subscribe, scheme.get);
  const toggle = () => {
    const wanted = shown === "light" ? "dark" : "light";
    const system = systemIsDark.matches ? "dark" : "light";
    // Following the system again needs no choice.
    remember(CHOICE, wanted === system ? null : wanted);
    apply();
  };
  return [shown, toggle];
}
