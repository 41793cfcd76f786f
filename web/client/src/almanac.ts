// The client: one object with everything that a program needs of the API.
import { callsOf, rawClient, type Calls, type RawClient } from "./calls.js";
import { createSchedulesApi, type SchedulesApi } from "./schedules.js";
import { settingsOf, type AlmanacOptions } from "./settings.js";
import { streamCall, type StreamCall } from "./stream.js";
import { Transport } from "./transport.js";
import { checkVersionCall, type CheckVersion } from "./version.js";
import { waitCall, type Wait } from "./wait.js";

export interface Almanac extends Calls {
  /** The same calls by openapi-fetch: envelopes, responses and headers as they are, refusals as values. */
  api: RawClient;
  /** Starts work or follows it, event by event, across cut connections and expired tokens. */
  stream: StreamCall;
  /** Waits for the end of a job. */
  wait: Wait;
  /** Compares the version of the service with the one that this package was built for. */
  checkVersion: CheckVersion;
  schedulesApi: SchedulesApi;
}

export function createAlmanac(options: AlmanacOptions = {}): Almanac {
  const settings = settingsOf(options);
  const transport = new Transport(settings);
  const api = rawClient(settings, transport.send);
  const calls = callsOf(api, transport.send);
  const once = rawClient(settings, transport.sendOnce);
  const stream = streamCall({ api: once, transport, settings });
  return {
    ...calls,
    api,
    stream,
    wait: waitCall({ api: once, transport, stream, settings }),
    checkVersion: checkVersionCall(calls),
    schedulesApi: createSchedulesApi(calls),
  };
}

/** Schedules of the signed-in user of this page: same origin, session cookie. */
export const schedulesApi: SchedulesApi = /* @__PURE__ */ createSchedulesApi(
  /* @__PURE__ */ createAlmanac({ credentials: "same-origin" }),
);
