// Pauses between attempts. Full jitter keeps many clients from coming back at the same moment:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
import type { RetrySettings } from "./settings.js";

/** Milliseconds before another attempt, of which `failures` have failed in a row. */
export function backOff(
  failures: number,
  { baseMs, maxMs }: Pick<Required<RetrySettings>, "baseMs" | "maxMs">,
): number {
  return Math.random() * Math.min(maxMs, baseMs * 2 ** (failures - 1));
}

/** The longest time that a timer takes; with a longer one it ends at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Resolves after the time; rejects with the signal's reason if that is aborted before. */
export async function sleep(ms: number, signal?: AbortSignal | null): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      },
      Math.min(ms, LONGEST_MS),
    );
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}
