// Fails on a locked package that does not run on Node 20, the oldest release that this workspace supports.
import { readFileSync } from "node:fs";
import semver from "semver";

const OLDEST = "20.19.0";
const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url), "utf8"));
const refused = Object.entries(packages).filter(([, { engines, optional }]) => {
  const range = engines?.node;
  return range && !optional && !semver.satisfies(OLDEST, range);
});
for (const [path, { engines }] of refused) console.error(`${path} needs Node ${engines.node}`);
process.exit(refused.length === 0 ? 0 : 1);
