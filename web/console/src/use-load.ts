// Reads something of the service when a component appears, and again on demand.
import { isAlmanacError } from "@almanac/client";
import { useCallback, useEffect, useState } from "react";

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  reload: () => void;
}

/** Between two attempts to read what could not be read. */
const AGAIN_MS = 5_000;

/**
 * What cannot be read now is read again until it can. `load` must be stable: wrap it in `useCallback`. What was read stays shown while it is read again, so a component that
 * turns to another subject needs another `key`. Another `version` reads it again.
 */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, version = 0): Loaded<T> {
  const [result, setResult] = useState<{ data: T | undefined; error: unknown }>({ data: undefined, error: undefined });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    load(signal).then(
      (data) => {
        if (!signal.aborted) setResult({ data, error: undefined });
      },
      (error: unknown) => {
        if (!signal.aborted) setResult(({ data }) => ({ data, error }));
      },
    );
    return () => {
      abort.abort();
    };
  }, [load, version, attempt]);

  const reload = useCallback(() => {
    setAttempt((count) => count + 1);
  }, []);
  useRetry(result.error, reload);
  return { ...result, reload };
}

/** Calls `load` again some seconds after an error that passes. */
export function useRetry(error: unknown, load: () => unknown): void {
  useEffect(() => {
    if (!isAlmanacError(error) || !error.retryable) return;
    const timer = setTimeout(load, AGAIN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [error, load]);
}

/** Calls `refresh` when the person comes back to the page, and every so many seconds while it is visible. */
export function useRefresh(refresh: () => unknown, seconds?: number): void {
  useEffect(() => {
    const whenVisible = () => {
      if (document.visibilityState === "visible") refresh();
    };
    document.addEventListener("visibilitychange", whenVisible);
    const timer = seconds === undefined ? undefined : setInterval(whenVisible, seconds * 1000);
    return () => {
      document.removeEventListener("visibilitychange", whenVisible);
      clearInterval(timer);
    };
  }, [refresh, seconds]);
}
