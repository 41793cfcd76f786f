//! The snapshot of a job whose log is older than its retention: one event, made of what is stored. It has the fields of
//! the job, and beside them what the job made; of a calendar they stand in the envelope that all its events have. What
//! users deleted since is not there.

use almanac_shared::{
    events::event::Encoding,
    jobs::{JobRow, Kind},
    platform::{error::Code, id::UserId},
};
use anyhow::Context;
use serde_json::{Value, json};

use super::{calendar, flashcards, jobs::Job, organic};
use crate::{
    http::{error::ApiError, stream::Live, stream_limit::StreamPermit},
    state::App,
};

/// The stream of that one event.
///
/// # Errors
/// The store is away.
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
    let (id, kind, seq) = (row.id, Kind::parse(&row.kind), row.last_seq);
    let (calendar_id, error) = (row.subject_id.clone(), failure(&row));
    let mut job = serde_json::to_value(Job::from(row)).context("writing a snapshot")?;
    let data = match kind {
        Some(Kind::GenerateFlashcards) => {
            job["suggestions"] = stored(flashcards::made(app, user, id).await)?;
            job
        }
        Some(Kind::GenerateOrganic) => {
            job["placements"] = stored(organic::made(app, user, id).await)?;
            job
        }
        Some(Kind::GenerateCalendar) => {
            let made = stored(calendar::made(app, user, &calendar_id, id).await)?;
            job["entries"] = made.get("entries").cloned().unwrap_or_else(|| json!([]));
            json!({
                "data": job, "error": error,
                "meta": {
                    "runId": id, "calendarId": calendar_id, "version": made.get("version"), "seq": seq, "done": true,
                },
            })
        }
        _ => job,
    };
    Ok(data.to_string())
}

fn failure(row: &JobRow) -> Value {
    match row.status() {
        "failed" => row.error.clone().unwrap_or_default(),
        _ => Value::Null,
    }
}

/// What is stored; an empty list if its owner has deleted it.
fn stored(made: Result<Value, ApiError>) -> Result<Value, ApiError> {
    match made {
        Err(error) if error.code == Code::NotFound => Ok(json!([])),
        made => made,
    }
}
