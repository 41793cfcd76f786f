// The words of the console, and the language that they are shown in: the one chosen, else the browser's.
import { createInstance, type TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { en } from "./locales/en";
import { fr } from "./locales/fr";
import { remembered, remember } from "./preferences";

export type Language = "en" | "fr";
export type Translate = TFunction;

const CHOICE = "almanac.language";

const words = createInstance();
void words.init({
  resources: { en: { translation: en }, fr: { translation: fr } },
  lng: firstLanguage(),
  fallbackLng: "en",
  initAsync: false,
  // React writes texts as text.
  interpolation: { escapeValue: false },
});
applyLanguage();

function firstLanguage(): Language {
  const chosen = remembered(CHOICE);
  if (chosen === "en" || chosen === "fr") return chosen;
  const preferred = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "en" || tag === "fr");
  return preferred === "fr" ? "fr" : "en";
}

function applyLanguage(): void {
  document.documentElement.lang = words.language;
}

export async function setLanguage(language: Language): Promise<void> {
  remember(CHOICE, language);
  await words.changeLanguage(language);
  applyLanguage();
}

export interface Words {
  t: Translate;
  language: Language;
  /** Whether there are words for a key that comes from the service, such as an error code. */
  has: (key: string) => boolean;
}

export function useWords(): Words {
  const { t, i18n } = useTranslation("translation", { i18n: words });
  return { t, language: i18n.language === "fr" ? "fr" : "en", has: (key) => i18n.exists(key) };
}
