//! What both programs are built on: settings, migrations, versions of schema and release, connections, query plans,
//! feature flags, telemetry.

mod connection_pools;
mod feature_flags;
mod migrate;
mod query_plans;
mod releases;
mod schema_versions;
mod settings;
mod telemetry;
