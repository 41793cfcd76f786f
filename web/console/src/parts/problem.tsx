// A failure in a sentence. Code and request id are behind "Details", to be copied into a report.
import { isAlmanacError } from "@almanac/client";
import type { ReactNode } from "react";
import { useWords } from "../i18n";
import { Icon } from "./icon";

export interface ProblemProps {
  error: unknown;
  onRetry?: () => void;
  children: ReactNode;
}

export function Problem({ error, onRetry, children }: ProblemProps) {
  const { t } = useWords();
  return (
    <div className="problem" role="alert">
      <p>
        <Icon name="warning" /> <span>{children}</span>
      </p>
      {onRetry && (
        <button type="button" className="button button-small" onClick={onRetry}>
          {t("retry")}
        </button>
      )}
      {isAlmanacError(error) && <Details text={detailsOf(error)} />}
    </div>
  );
}

function Details({ text }: { text: string }) {
  const { t } = useWords();
  return (
    <details className="details">
      <summary>{t("details")}</summary>
      <pre>{text}</pre>
      {/* Pages without TLS have none. */}
      {"clipboard" in navigator && (
        <button type="button" className="button button-small" onClick={() => void navigator.clipboard.writeText(text)}>
          {t("copy")}
        </button>
      )}
    </details>
  );
}

function detailsOf(error: { code: string; message: string; requestId: string | undefined }): string {
  return [error.code, error.message, error.requestId].filter((part) => part !== undefined).join("\n");
}
