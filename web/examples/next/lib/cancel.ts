// Asks for the end of a run until that is answered. Asking twice does nothing twice.
import { isAlmanacError } from "@almanac/client";
import { once, problemOf, type Problem } from "./almanac";

const LONGEST_PAUSE_MS = 15_000;

/** `say` gets what is in the way, and nothing once it is answered. The signal is aborted when the run has ended. */
export async function cancelRun(
  id: string,
  say: (problem: Problem | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  do {
    try {
      await once.post("/jobs/{id}/cancel", { params: { path: { id } }, signal });
      say(undefined);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isAlmanacError(error) || !error.retryable) {
        say(problemOf(error));
        return;
      }
      say({ ...problemOf(error), message: "The run could not be cancelled yet. Trying again." });
    }
  } while (await pause(Math.min(1_000 * 2 ** failures++, LONGEST_PAUSE_MS), signal));
}

/** Whether the run still goes on after the pause. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, true);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
