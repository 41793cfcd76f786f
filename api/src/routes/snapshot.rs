//! The snapshot of a job whose log is older than its retention: one event, made of what is stored. It has the fields of
//! the job, and beside them what the job made; of a calendar they stand in the envelope that all its events have. What
//! users deleted since is not there.

use almanac_shared::{
    events::event::Encoding,
    jobs::{JobRow, Kind},
    platform::id::UserId,
};
use anyhow::Context;

use super::{jobs::Job, kinds};
use crate::{
    http::{error::ApiError, stream::Live, stream_limit::StreamPermit},
    state::App,
};

/// The stream of that one event.
///
/// # Errors
/// The store is unavailable.
pub async fn stream(
    app: &App,
    user: UserId,
    row: JobRow,
    (encoding, permit): (Encoding, StreamPermit),
) -> Result<Live, ApiError> {
    let seq = row.last_seq;
    let data = snapshot(app, user, row).await?;
    Ok(crate::http::stream::snapshot(seq, data, encoding, permit))
}

async fn snapshot(app: &App, user: UserId, row: JobRow) -> Result<String, ApiError> {
    let job = serde_json::to_value(Job::from(row.clone())).context("writing a snapshot")?;
    let data = match Kind::parse(&row.kind) {
        Some(kind) => kinds::snapshot(app, user, kind, &row, job).await?,
        None => job,
    };
    Ok(data.to_string())
}
