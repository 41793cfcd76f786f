// Whether the service generates calendars now: the app's switch, the service's flag for the caller, and its health.
import type { Credentials } from "./credentials.js";
import type { Settings } from "./options.js";
import { send, type Outcome } from "./service.js";

export type Verdict = "service" | "switched_off" | "unreachable";

/** A changed flag is seen after so long at most. */
const FLAG_MS = 3_000;
/** A healthy service is asked again after so long. An unhealthy one is asked each time: it is used as soon as it is back. */
const HEALTH_MS = 1_000;
/** Health and flag are answered from memory; a service that takes longer cannot be worked with. */
const CHECK_TIMEOUT_MS = 2_000;
const CALLERS = 1_000;

export class Gate {
  private healthyUntil = 0;
  /** By digest of the caller's secret, the oldest first. */
  private readonly flags = new Map<string, { on: boolean; until: number }>();

  constructor(private readonly settings: Settings) {}

  async check(credentials: Credentials): Promise<Verdict> {
    if (!this.settings.enabled()) return "switched_off";
    const [healthy, on] = await Promise.all([this.isHealthy(), this.isOn(credentials)]);
    if (!healthy || on === undefined) return "unreachable";
    return on ? "service" : "switched_off";
  }

  private async isHealthy(): Promise<boolean> {
    if (Date.now() < this.healthyUntil) return true;
    const outcome = await this.get("/readyz", {});
    const healthy = outcome.kind === "answered" && outcome.response.ok;
    this.healthyUntil = healthy ? Date.now() + HEALTH_MS : 0;
    return healthy;
  }

  /** `undefined` if nothing answers. A refusal says nothing about the flag: the service will refuse the request, too. */
  private async isOn({ caller, headers }: Credentials): Promise<boolean | undefined> {
    const known = this.flags.get(caller);
    if (known && Date.now() < known.until) return known.on;
    const outcome = await this.get("/v1/flags", headers);
    if (outcome.kind !== "answered") return undefined;
    const body: unknown = await outcome.response.json().catch(() => null);
    if (!outcome.response.ok) return true;
    this.flags.delete(caller);
    const on = flagIn(body) ?? true;
    this.flags.set(caller, { on, until: Date.now() + FLAG_MS });
    for (const oldest of this.flags.keys()) {
      if (this.flags.size <= CALLERS) break;
      this.flags.delete(oldest);
    }
    return on;
  }

  /** Not bound to one client's connection: others may wait for the same answer. */
  private get(path: string, headers: Record<string, string>): Promise<Outcome> {
    const signal = new AbortController().signal;
    const checked = { method: "GET", body: undefined, timeoutMs: CHECK_TIMEOUT_MS, whole: true };
    return send(this.settings, { ...checked, path, headers, signal });
  }
}

function flagIn(body: unknown): boolean | undefined {
  const data = typeof body === "object" && body !== null && "data" in body ? body.data : undefined;
  const has = typeof data === "object" && data !== null && "CALENDAR_SERVICE_ENABLED" in data;
  return has ? data.CALENDAR_SERVICE_ENABLED === true : undefined;
}
