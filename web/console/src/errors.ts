// What a person is told about a failure: a sentence for its code, else the service's own.
import { isAlmanacError } from "@almanac/client";
import type { Words } from "./i18n";

export function sentenceOf(error: unknown, { t, has }: Words): string {
  if (!isAlmanacError(error)) return t("error.UNEXPECTED");
  if (error.status === 429 && error.retryAfter !== undefined) return t("error.wait", { seconds: error.retryAfter });
  return (
    codeSentence("error", error.code, { t, has }) ??
    (error.status >= 500 ? t("error.INTERNAL") : t("refused", { reason: error.message }))
  );
}

type Codes = "error" | "feed" | "failure" | "reason";

/** The sentence for a code of the service; nothing for one that is newer than this page. */
export function codeSentence(group: Codes, code: string, { t, has }: Pick<Words, "t" | "has">): string | undefined {
  const key = `${group}.${code}`;
  return has(key) ? t(key as never) : undefined;
}
