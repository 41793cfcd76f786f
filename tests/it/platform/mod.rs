//! What both programs are built on: settings, migrations and schema versions, connections, query plans, feature flags,
//! telemetry.

mod connection_pools;
mod feature_flags;
mod migrate;
mod query_plans;
mod schema_versions;
mod settings;
mod telemetry;
