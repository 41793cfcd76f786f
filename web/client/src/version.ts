// Whether a page that was loaded some time ago is older than the service it talks to.
import type { Calls } from "./calls.js";
import { API_VERSION } from "./generated/contract.js";

export interface VersionCheck {
  /** Version of the API that this bundle was built for. */
  bundle: string;
  /** Version of the API that answers. */
  service: string;
  /** The service is newer: the page should be loaded again. */
  stale: boolean;
}

export type CheckVersion = (options?: { signal?: AbortSignal }) => Promise<VersionCheck>;

export function checkVersionCall(calls: Calls): CheckVersion {
  return async (options) => {
    const { version } = await calls.get("/version", { ...options });
    return { bundle: API_VERSION, service: version, stale: isNewer(version, API_VERSION) };
  };
}

/** Compares dotted numbers; what follows a `-` or `+` is left out. */
export function isNewer(version: string, than: string): boolean {
  const [left, right] = [numbersOf(version), numbersOf(than)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function numbersOf(version: string): number[] {
  return (version.split(/[-+]/)[0] ?? "").split(".").map((part) => Number(part) || 0);
}
