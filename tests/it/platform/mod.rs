//! What both programs are built on: settings, migrations and schema versions, connections, query plans, feature flags,
//! telemetry.

mod connections;
mod flags;
mod migrate;
mod plans;
mod settings;
mod trace;
mod versions;
