// Writes src/generated from the OpenAPI document of the service. With --check it only compares.
import { readFileSync, writeFileSync } from "node:fs";
import { load } from "js-yaml";
import openapiTS, { astToString } from "openapi-typescript";

const DOCUMENT = new URL("../../../api/openapi.yaml", import.meta.url);
const GENERATED = new URL("../src/generated/", import.meta.url);
const NOTICE = "// Generated from api/openapi.yaml by `npm run generate`. Do not edit.\n";

const text = readFileSync(DOCUMENT, "utf8");
const files = {
  "api.d.ts": NOTICE + astToString(await openapiTS(text)),
  "contract.ts": NOTICE + contract(load(text)),
};

let stale = false;
for (const [name, content] of Object.entries(files)) {
  const file = new URL(name, GENERATED);
  if (!process.argv.includes("--check")) writeFileSync(file, content);
  else if (current(file) !== content) {
    stale = true;
    console.error(`src/generated/${name} differs from api/openapi.yaml: run \`npm run generate -w @almanac/client\``);
  }
}
process.exit(stale ? 1 : 0);

// What a program needs to know at run time: the types are gone by then.
function contract({ info, paths }) {
  const keyed = Object.entries(paths)
    .filter(([, { post }]) => post?.parameters?.some(({ name }) => name === "Idempotency-Key"))
    .map(([path]) => `  ${JSON.stringify(path)},\n`);
  return (
    `\n/** Version of the API that this package was generated from. */\n` +
    `export const API_VERSION = ${JSON.stringify(info.version)};\n` +
    `\n/** Paths whose POST takes an \`Idempotency-Key\`. */\n` +
    `export const KEYED_PATHS: ReadonlySet<string> = new Set([\n${keyed.join("")}]);\n`
  );
}

function current(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
