// The processes under test. Each has a pid file and a log below the folder that web.sh names, so that a test can stop one
// that the set-up has started, and web.sh can end what an interrupted run leaves behind.
import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { within } from "./within.js";

const FOLDER = variable("E2E_FOLDER");

export interface Program {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd?: string;
  /** Answers with a success once the program serves. */
  readyUrl: string;
}

/** Starts it, in a session of its own, and waits until it serves. */
export async function start(program: Program): Promise<void> {
  const { name, command, args, env, cwd, readyUrl } = program;
  const log = openSync(join(FOLDER, "log", `${name}.log`), "a");
  const { HOME = "/", PATH = "" } = process.env;
  const child = spawn(command, args, {
    env: { HOME, PATH, ...env },
    detached: true,
    stdio: ["ignore", log, log],
    ...(cwd === undefined ? {} : { cwd }),
  });
  child.unref();
  writeFileSync(pidFile(name), String(child.pid));
  await within(30_000, `${name} to serve`, async () => {
    if (child.exitCode !== null) return true;
    const response = await fetch(readyUrl);
    await response.body?.cancel();
    return response.ok;
  });
  if (child.exitCode !== null) throw new Error(`${name} has ended: see .local/web/log/${name}.log`);
}

/** Starts it unless it runs: a test that failed may have left it stopped. */
export async function ensureRunning(program: Program): Promise<void> {
  const file = pidFile(program.name);
  if (!existsSync(file) || !isAlive(Number(readFileSync(file, "utf8")))) await start(program);
}

/** Signals it and waits for its end. */
export async function stop(name: string, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  const file = pidFile(name);
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, "utf8"));
  if (isAlive(pid)) process.kill(pid, signal);
  await within(30_000, `${name} to end`, () => Promise.resolve(!isAlive(pid)));
  rmSync(file);
}

/** What it has written to its output so far. */
export function logOf(name: string): string {
  return readFileSync(join(FOLDER, "log", `${name}.log`), "utf8");
}

export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run these tests with \`make test T=web\``);
  return value;
}

function pidFile(name: string): string {
  return join(FOLDER, "run", `${name}.pid`);
}

/** A zombie has ended; its parent has only not looked yet. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
