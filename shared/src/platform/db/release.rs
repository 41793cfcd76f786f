//! Since when the running release runs: one row per version, written by the first process that starts with it.
//! Called by both processes at their start, for the deploy marker of the metrics. Nothing is decided by it.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};

use super::TimeoutPool;

/// The version of this program. A release has a version of its own; a deploy of the same version is a restart.
pub const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// When the first process of this release started, by the clock of Postgres.
///
/// # Errors
/// The store is unavailable.
pub(super) async fn first_start(store: &TimeoutPool) -> Result<DateTime<Utc>> {
    sqlx::query!("INSERT INTO almanac.releases (version) VALUES ($1) ON CONFLICT DO NOTHING", RELEASE)
        .execute(store)
        .await
        .context("storing the start of this release")?;
    sqlx::query_scalar!("SELECT first_started_at FROM almanac.releases WHERE version = $1", RELEASE)
        .fetch_one(store)
        .await
        .context("reading the start of this release")
}
