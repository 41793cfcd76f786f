import { createAlmanac } from "@almanac/client";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./color-scheme";
import { Gate } from "./session/gate";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

const gate = new Gate();
const almanac = createAlmanac({
  credentials: "same-origin",
  fetch: gate.fetch,
  expectedUser: gate.expectedUser,
  // The page says soon that it waits, and tries again itself.
  retry: { attempts: 2, maxRetryAfterSeconds: 2 },
});
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App almanac={almanac} gate={gate} />
    </StrictMode>,
  );
}
