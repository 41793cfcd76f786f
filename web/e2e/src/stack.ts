// The programs and their settings: one API, one worker, the Next.js example in front of them.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { start, variable, type Program } from "./programs.js";

/** Where everything is. Decided by the set-up, handed to the tests. */
export interface Addresses {
  /** Origin of the API, which serves the console. */
  api: string;
  /** Origin of the Next.js example. */
  example: string;
  /** Origin of the example with a generator of its own, which only tests of that start. */
  legacyExample: string;
  /** Origins of the metrics. */
  metrics: { api: string; worker: string };
  /** Secret of all tokens. */
  secret: string;
  /** The browser's DevTools endpoint. */
  browser: string;
}

const WEB = join(import.meta.dirname, "../..");
/** Calendars of a few entries end long before, those of a hundred do not. */
export const CALENDAR_SECONDS = 10;

function common({ api, secret }: Addresses): Record<string, string> {
  const folder = variable("E2E_FOLDER");
  return {
    REDIS_URL: variable("E2E_REDIS_URL"),
    CALENDAR_TIMEOUT_SECONDS: String(CALENDAR_SECONDS),
    CALENDAR_RATE: "1000/60",
    GENERATION_RATE: "1000/60",
    ORGANIC_RATE: "1000/60",
    PUBLISH_RATE: "1000/60",
    SYNTHESIS_RATE: "1000/60",
    ANONYMOUS_RATE: "1000/60",
    CALENDAR_SERVICE_ENABLED: "true",
    PUBLISH_SERVICE_ENABLED: "true",
    PUBLISH_TRANSPORT: "sandbox",
    SANDBOX_DIR: join(folder, "sandbox"),
    MAIL_DIR: join(folder, "mail"),
    PUBLIC_URL: api,
    CREDENTIALS_KEY: Buffer.from(secret.slice(0, 32)).toString("base64"),
  };
}

export function apiProgram(addresses: Addresses): Program {
  return {
    name: "api",
    command: join(variable("E2E_PROGRAMS"), "almanac-api"),
    args: ["serve"],
    env: {
      ...common(addresses),
      DATABASE_URL: variable("E2E_API_DATABASE_URL"),
      API_ADDR: new URL(addresses.api).host,
      METRICS_ADDR: new URL(addresses.metrics.api).host,
      AUTH_JWT_SECRET: addresses.secret,
      CONSOLE_DIR: join(WEB, "console/dist"),
    },
    readyUrl: `${addresses.api}/readyz`,
  };
}

function workerProgram(addresses: Addresses): Program {
  return {
    name: "worker",
    command: join(variable("E2E_PROGRAMS"), "almanac-worker"),
    args: ["serve"],
    env: {
      ...common(addresses),
      DATABASE_URL: variable("E2E_WORKER_DATABASE_URL"),
      METRICS_ADDR: new URL(addresses.metrics.worker).host,
      AI_PROVIDER: "offline",
      EMAIL_PROVIDER: "log",
      SCHEDULER_TICK_SECONDS: "2",
    },
    readyUrl: `${addresses.metrics.worker}/metrics`,
  };
}

function exampleProgram({ api, example }: Addresses): Program {
  return nextProgram("example", example, { ALMANAC_URL: api });
}

/** The example as an app that had calendars before Almanac. */
export function legacyExampleProgram({ api, legacyExample }: Addresses): Program {
  return nextProgram("example-legacy", legacyExample, { ALMANAC_URL: api, LEGACY_CALENDAR: "true" });
}

function nextProgram(name: string, origin: string, env: Record<string, string>): Program {
  const { hostname, port } = new URL(origin);
  return {
    name,
    command: process.execPath,
    args: [join(WEB, "node_modules/next/dist/bin/next"), "start", "--hostname", hostname, "--port", port],
    env: { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", ...env },
    cwd: join(WEB, "examples/next"),
    readyUrl: origin,
  };
}

/** Writes the schema, its rates and time limits, and starts all programs. */
export async function startAll(addresses: Addresses): Promise<void> {
  const api = apiProgram(addresses);
  const env = { ...api.env, DATABASE_OWNER_URL: variable("E2E_OWNER_DATABASE_URL"), LOG_LEVEL: "warn" };
  execFileSync(api.command, ["migrate"], { env, stdio: "inherit" });
  await Promise.all([start(api), start(workerProgram(addresses)), start(exampleProgram(addresses))]);
}
