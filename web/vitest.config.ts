import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { projects: ["client", "next", "console", "examples/next"] },
});
