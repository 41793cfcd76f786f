// The package as others get it: packed, installed into an empty project, compiled there and run.
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { frame } from "./service.js";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const PACKAGE = join(import.meta.dirname, "..");
/** Taken from the workspace, so that the test needs no registry. */
const DEPENDENCIES = ["openapi-fetch", "openapi-typescript-helpers", "eventsource-parser"];

let project: string;
let server: Server;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "almanac-client-"));
  server = createServer((request, response) => {
    const found = request.url === "/v1/ai/calendar" && request.method === "POST";
    response.writeHead(found ? 200 : 404, { "Content-Type": found ? "text/event-stream" : "application/json" });
    const refusal = {
      data: null,
      error: { code: "NOT_FOUND", message: "not found", details: [], retryable: false },
      meta: {},
    };
    const events = frame(1, "entry", { data: { caption: "By the model" } }) + frame(2, "done", { data: {} });
    response.end(found ? events : JSON.stringify(refusal));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  server.close();
  await rm(project, { recursive: true });
});

test("the packed package works in an empty project", { timeout: 60_000 }, async () => {
  await run("npm", ["pack", "--silent", "--pack-destination", project], { cwd: PACKAGE });
  const archive = (await readdir(project)).find((name) => name.endsWith(".tgz")) ?? "";
  await cp(join(PACKAGE, "tests/project"), project, { recursive: true });

  const install = ["install", "--offline", "--install-links", "--no-audit", "--no-fund", `./${archive}`];
  await run("npm", [...install, ...DEPENDENCIES.map((name) => join(PACKAGE, "../node_modules", name))], {
    cwd: project,
  });
  await run(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "."], { cwd: project });
  const address = server.address() as { port: number };
  const { stdout } = await run(process.execPath, ["program.js", `http://127.0.0.1:${address.port}`], { cwd: project });

  expect(stdout).toBe("By the model\nNOT_FOUND\n");
  expect(await readdir(join(project, "node_modules/@almanac/client"))).toEqual(["README.md", "dist", "package.json"]);
});
