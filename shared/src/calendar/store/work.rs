//! Calendars: the SQL of a worker, and the form in which it stores entries.
//! Called by the worker's job; decides nothing.

use serde::Serialize;

use super::{EntryRow, read_made, select_entries};
use crate::{
    calendar::{
        Entry, Made,
        run::{self, Assignment},
    },
    jobs::{
        Lease,
        store::{WriteError, unreadable},
    },
    platform::{
        db::Service,
        id::{CalendarId, EntryId, UserId},
    },
};

/// What a run has to make, and what earlier attempts made of it. `None` if the run no longer exists.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn assignment(service: &Service, user: UserId, lease: Lease) -> Result<Option<Assignment>, WriteError> {
    let row = sqlx::query!(
        r#"
        SELECT r.calendar_id AS "calendar_id: CalendarId", r.version, r.request, r.model, r.prompt_version,
               almanac.run_adopts(r.user_id, r.id) AS "adopts!"
          FROM almanac.calendar_runs r
         WHERE r.user_id = $1 AND r.id = $2
        "#,
        user.0,
        lease.job.0
    )
    .fetch_optional(service.work())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (request, slots) = run::order(row.request).map_err(unreadable)?;
    Ok(Some(Assignment {
        calendar_id: row.calendar_id,
        version: row.version,
        adopts: row.adopts,
        request,
        slots,
        model: row.model,
        prompt_version: row.prompt_version,
        made: made(service, user, lease).await?,
    }))
}

async fn made(service: &Service, user: UserId, lease: Lease) -> Result<Vec<Made>, WriteError> {
    let rows = sqlx::query!(
        r#"
        SELECT key, entry_id AS "entry_id: EntryId", fields
          FROM almanac.calendar_run_entries
         WHERE user_id = $1 AND run_id = $2
         ORDER BY ordinal
        "#,
        user.0,
        lease.job.0
    )
    .fetch_all(service.work())
    .await?;
    rows.into_iter().map(|row| read_made(&row.key, row.entry_id, row.fields).map_err(unreadable)).collect()
}

/// Everything saved of a calendar, tombstones included.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn saved(service: &Service, user: UserId, calendar: CalendarId) -> Result<Vec<Entry>, WriteError> {
    let rows = select_entries!(
        r#"
         WHERE user_id = $1 AND calendar_id = $2
         ORDER BY key
        "#,
        user.0,
        calendar.0
    )
    .fetch_all(service.work())
    .await?;
    rows.into_iter().map(|row| row.read().map_err(unreadable)).collect()
}

/// A saved entry, or its tombstone.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn entry(service: &Service, user: UserId, id: EntryId) -> Result<Option<Entry>, WriteError> {
    let row = select_entries!("WHERE user_id = $1 AND id = $2", user.0, id.0).fetch_optional(service.work()).await?;
    row.map(|row| row.read().map_err(unreadable)).transpose()
}

/// An entry that is not stored yet, as `almanac.store_run_entries` takes it.
#[derive(Clone, Debug, Serialize)]
pub struct NewEntry {
    /// Its place in the run, from 1.
    pub ordinal: i32,
    /// The entry.
    #[serde(flatten)]
    pub made: Made,
}
