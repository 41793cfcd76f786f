// Starts the programs and one browser for all tests, and ends them.
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { stop, variable } from "./programs.js";
import { startAll, type Addresses } from "./stack.js";

declare module "vitest" {
  export interface ProvidedContext {
    addresses: Addresses;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const browser = await chromium.launchServer({
    executablePath: variable("E2E_CHROMIUM"),
    // Chromium's sandbox refuses to run as root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const [api = "", example = "", legacyExample = "", metricsOfApi = "", metricsOfWorker = ""] = await freeOrigins(5);
  const addresses: Addresses = {
    api,
    example,
    legacyExample,
    metrics: { api: metricsOfApi, worker: metricsOfWorker },
    secret: randomBytes(32).toString("hex"),
    browser: browser.wsEndpoint(),
  };
  const tearDown = async () => {
    const programs = ["example", "example-legacy", "api", "worker"];
    await Promise.all([browser.close(), ...programs.map((name) => stop(name))]);
  };
  try {
    await startAll(addresses);
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide("addresses", addresses);
  return tearDown;
}

/** Below the range that outgoing connections take their ports from, so that a program that is started again finds its own. */
async function freeOrigins(count: number): Promise<string[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports].map((port) => `http://127.0.0.1:${port}`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
