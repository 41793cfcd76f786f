import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "browser",
    include: ["tests/**/*.test.ts"],
    globalSetup: "src/setup.ts",
    // One stack and one browser, and one test stops the API.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
