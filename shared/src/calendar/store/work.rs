//! Calendars: the SQL of a worker, every write under its lease.
//! Called by the worker's job; decides nothing.

use serde_json::{Value, json};

use super::{EntryRow, read_made, uuids};
use crate::{
    calendar::{
        Entry, Made,
        run::{self, Assignment, Spent},
    },
    jobs::{
        Lease,
        store::{WriteError, until_free},
    },
    platform::{
        db::Service,
        id::{CalendarId, EntryId, UserId},
    },
};

/// What a run is to make, and what earlier attempts made of it. None when the run is not there any more.
///
/// # Errors
/// The store is away, or what is stored was not made by us.
pub async fn assignment(service: &Service, user: UserId, lease: Lease) -> Result<Option<Assignment>, WriteError> {
    let row = sqlx::query!(
        r#"
        SELECT r.calendar_id AS "calendar_id: CalendarId", r.version, r.request, r.model, r.prompt_version,
               almanac.run_adopts(r.user_id, r.id) AS "adopts!",
               c.calls AS "calls!", c.tokens_input, c.tokens_output, c.cost_usd
          FROM almanac.calendar_runs r
         CROSS JOIN LATERAL (SELECT count(*) AS calls,
                                    sum(l.tokens_input)::bigint AS tokens_input,
                                    sum(l.tokens_output)::bigint AS tokens_output,
                                    sum(l.cost_usd)::float8 AS cost_usd
                               FROM almanac.llm_calls l WHERE l.job_id = r.id AND l.state <> 'refused') AS c
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
        calls: row.calls,
        spent: Spent { tokens_input: row.tokens_input, tokens_output: row.tokens_output, cost_usd: row.cost_usd },
    }))
}

/// What cannot be read will not be readable in the next attempt either.
fn unreadable(error: anyhow::Error) -> WriteError {
    WriteError::Refused(sqlx::Error::Decode(error.into()))
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
/// The store is away, or what is stored was not made by us.
pub async fn saved(service: &Service, user: UserId, calendar: CalendarId) -> Result<Vec<Entry>, WriteError> {
    let rows = sqlx::query_as!(
        EntryRow,
        r#"
        SELECT id AS "id: EntryId", key, version, fields, base, edited, deleted, updated_at
          FROM almanac.calendar_entries
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

/// A burst of entries with the events that tell of them.
#[derive(Clone, Debug, Default)]
pub struct Burst {
    /// Entries the run had before.
    pub after: i32,
    /// The entries.
    pub made: Vec<Made>,
    /// Type and data of each event.
    pub events: Vec<(String, String)>,
    /// `{completed, total, stage, percent}` for whoever polls the job.
    pub progress: Option<Value>,
}

impl Burst {
    /// The form that `almanac.finish_calendar_runs` takes.
    pub fn rows(&self) -> Value {
        let row = |made: &Made| json!({ "id": made.entry_id, "key": made.key, "fields": made.fields });
        self.made.iter().map(row).collect()
    }
}

/// Stores a burst under the lease; answers the seq of its last event.
pub async fn save(service: &Service, lease: Lease, burst: &Burst) -> Result<i64, WriteError> {
    let columns = Columns::of(burst);
    until_free(|| async {
        let seq = sqlx::query_scalar!(
            r#"SELECT almanac.save_calendar_entries($1, $2, $3, $4, $5, $6, $7, $8, $9) AS "seq!""#,
            lease.job.0,
            lease.epoch,
            burst.after,
            &columns.ids,
            &columns.keys,
            &columns.fields,
            &columns.types,
            &columns.data,
            burst.progress
        )
        .fetch_one(service.work())
        .await?;
        Ok(seq)
    })
    .await
}

struct Columns {
    ids: Vec<uuid::Uuid>,
    keys: Vec<String>,
    fields: Vec<Value>,
    types: Vec<String>,
    data: Vec<String>,
}

impl Columns {
    fn of(burst: &Burst) -> Self {
        // A map of enum names to JSON always has a JSON form.
        let fields = burst.made.iter().map(|made| serde_json::to_value(&made.fields).unwrap_or_default());
        Self {
            ids: uuids(burst.made.iter().map(|made| made.entry_id)),
            keys: burst.made.iter().map(|made| made.key.to_string()).collect(),
            fields: fields.collect(),
            types: burst.events.iter().map(|event| event.0.clone()).collect(),
            data: burst.events.iter().map(|event| event.1.clone()).collect(),
        }
    }
}
