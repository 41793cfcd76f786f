import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    // A file of its own for each asset: the policy of the page allows none inside of scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npm run dev` beside an API on its default address.
  server: { proxy: { "/v1": "http://127.0.0.1:8080" } },
});
