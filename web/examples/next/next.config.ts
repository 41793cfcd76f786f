import type { NextConfig } from "next";

// Nothing is needed for Almanac. Answers that say `no-transform` are not compressed, so events are not held back.
const config: NextConfig = { poweredByHeader: false };

export default config;
