// The compiler leaves declaration files out of its output.
import { cpSync } from "node:fs";

cpSync(new URL("../src/generated/api.d.ts", import.meta.url), new URL("../dist/generated/api.d.ts", import.meta.url));
