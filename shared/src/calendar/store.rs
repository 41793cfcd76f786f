//! Calendars: the SQL of user requests, through `UserTx`. The worker's SQL is in `store/work.rs`.
//! Called by `service.rs`; decides nothing.

pub mod work;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Calendar, Content, Entry, EntryKey, Field, Made, Run};
use crate::{
    jobs::submission::{Outcome, SubmitError},
    platform::{
        db::{PinnedConnection, UserTx, keyset::LATEST},
        id::{CalendarId, EntryId, JobId, PlanId, RunId, UserId},
    },
    values::merge::{Fields, Record},
};

/// Reads entries; the argument is what follows the column list.
macro_rules! select_entries {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            EntryRow,
            r#"
            SELECT id AS "id: EntryId", key, version, fields, edited, from_run, deleted, updated_at
              FROM almanac.calendar_entries
            "# + $rest,
            $($argument),*
        )
    };
}

use select_entries;

/// Reads runs; the argument is what follows the column list.
macro_rules! select_runs {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Run,
            r#"
            SELECT id AS "id: RunId", calendar_id AS "calendar_id: CalendarId", version, status, request, slots, entries,
                   added, updated, removed, plan_id AS "plan_id: PlanId", model, tokens_input, tokens_output,
                   cost_usd::float8 AS cost_usd, latency_ms, error, created_at, finished_at
              FROM almanac.calendar_runs
            "# + $rest,
            $($argument),*
        )
    };
}

/// Reads calendars; the argument is what follows the column list.
macro_rules! select_calendars {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Calendar,
            r#"
            SELECT id AS "id: CalendarId", title, timezone, version, created_at, updated_at,
                   (SELECT count(*) FROM almanac.calendar_entries e
                     WHERE e.user_id = c.user_id AND e.calendar_id = c.id AND NOT e.deleted) AS "entry_count!"
              FROM almanac.calendars c
            "# + $rest,
            $($argument),*
        )
    };
}

/// A run to be submitted.
#[derive(Clone, Debug)]
pub(super) struct NewRun {
    pub user: UserId,
    pub id: JobId,
    pub calendar: CalendarId,
    pub first: bool,
    pub title: Option<String>,
    pub timezone: String,
    pub request: Value,
    pub slots: i32,
    pub plan: Option<PlanId>,
    pub model: String,
    pub prompt_version: String,
    pub key: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub trace: Option<String>,
    pub request_id: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(super) struct Submitted {
    pub outcome: Outcome,
    pub calendar: Option<CalendarId>,
    pub version: Option<i32>,
}

/// Submits a run in one statement and one commit.
pub(super) async fn submit(pinned: &mut PinnedConnection, new: &NewRun) -> Result<Submitted, SubmitError> {
    let mut connection = pinned.take_alive().await.map_err(SubmitError::Unsent)?;
    let statement = sqlx::query!(
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", calendar_id AS "calendar: CalendarId", version,
               active_kind, remaining, reset_seconds, failure
          FROM almanac.submit_calendars($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        "#,
        &[new.user.0],
        &[new.id.0],
        &[new.calendar.0],
        &[new.first],
        &[new.title.as_deref()] as &[Option<&str>],
        &[new.timezone.as_str()] as &[&str],
        std::slice::from_ref(&new.request),
        &[new.slots],
        &[new.plan.map(|plan| plan.0)] as &[Option<Uuid>],
        &[new.model.as_str()] as &[&str],
        &[new.prompt_version.as_str()] as &[&str],
        &[new.key.as_deref()] as &[Option<&str>],
        &[new.fingerprint.as_deref()] as &[Option<&[u8]>],
        &[new.trace.as_deref()] as &[Option<&str>],
        &[new.request_id.as_deref()] as &[Option<&str>]
    )
    .fetch_one(&mut *connection);
    let answer = pinned.answer(statement).await;
    pinned.put_back(connection, &answer);
    let row = answer.map_err(SubmitError::of_statement)?;
    Ok(Submitted {
        outcome: Outcome {
            outcome: row.outcome,
            job: row.job,
            active_kind: row.active_kind,
            remaining: row.remaining,
            reset_seconds: row.reset_seconds,
            failure: row.failure,
        },
        calendar: row.calendar,
        version: row.version,
    })
}

/// One calendar.
pub(super) async fn calendar(tx: &mut UserTx, id: CalendarId) -> sqlx::Result<Option<Calendar>> {
    select_calendars!("WHERE id = $1", id.0).fetch_optional(tx.connection()).await
}

/// Locks a calendar's set of entries against other changes until the transaction ends; returns its zone if it exists.
pub(super) async fn lock(tx: &mut UserTx, id: CalendarId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("SELECT timezone FROM almanac.calendars WHERE id = $1 FOR NO KEY UPDATE", id.0)
        .fetch_optional(tx.connection())
        .await
}

/// This person's calendars, newest first. With `empty` also those that came to nothing: no entry is saved, and no run
/// made one or may still make one.
pub(super) async fn calendars(
    tx: &mut UserTx,
    empty: bool,
    after: Option<(DateTime<Utc>, CalendarId)>,
    limit: i64,
) -> sqlx::Result<Vec<Calendar>> {
    let (at, id) = after.map_or((LATEST, Uuid::max()), |(at, id)| (at, id.0));
    select_calendars!(
        r#"
         WHERE user_id = (SELECT almanac.uid())
           AND (created_at, id) < ($1, $2)
           AND ($4::boolean
                -- In the order of the index, so that no plan reads all rows of the user for each calendar.
                OR (SELECT true FROM almanac.calendar_entries e
                     WHERE e.user_id = c.user_id AND e.calendar_id = c.id
                     ORDER BY e.key
                     LIMIT 1)
                OR (SELECT true FROM almanac.calendar_runs r
                     WHERE r.user_id = c.user_id AND r.calendar_id = c.id
                       AND (r.finished_at IS NULL OR r.entries > 0)
                     ORDER BY r.version
                     LIMIT 1))
         ORDER BY created_at DESC, id DESC
         LIMIT $3
        "#,
        at,
        id,
        limit,
        empty
    )
    .fetch_all(tx.connection())
    .await
}

/// The request of a calendar's first run, as it was sent.
pub(super) async fn first_request(tx: &mut UserTx, calendar: CalendarId) -> sqlx::Result<Option<Value>> {
    let found = sqlx::query_scalar!(
        r#"
        SELECT request
          FROM almanac.calendar_runs
         WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1
         ORDER BY version
         LIMIT 1
        "#,
        calendar.0
    );
    found.fetch_optional(tx.connection()).await
}

/// Gives a calendar another name, or none; false when it is not there.
pub(super) async fn rename(tx: &mut UserTx, id: CalendarId, title: Option<&str>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE almanac.calendars SET title = $2, updated_at = clock_timestamp() WHERE id = $1",
        id.0,
        title
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes a calendar with its runs and entries.
pub(super) async fn delete(tx: &mut UserTx, id: CalendarId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM almanac.calendars WHERE id = $1", id.0).execute(tx.connection()).await?;
    Ok(())
}

/// The run of a calendar that has not ended.
pub(super) async fn active_run(tx: &mut UserTx, id: CalendarId) -> sqlx::Result<Option<JobId>> {
    sqlx::query_scalar!(
        r#"
        SELECT id AS "id: JobId" FROM almanac.calendar_runs
         WHERE calendar_id = $1 AND user_id = (SELECT almanac.uid()) AND status IN ('pending', 'running')
         LIMIT 1
        "#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// A saved entry's row.
pub(super) struct EntryRow {
    pub id: EntryId,
    pub key: String,
    pub version: i64,
    pub fields: Value,
    pub from_run: bool,
    pub edited: Vec<String>,
    pub deleted: bool,
    pub updated_at: DateTime<Utc>,
}

impl EntryRow {
    pub(super) fn read(self) -> anyhow::Result<Entry> {
        let key: EntryKey = self.key.parse().context("reading a stored key")?;
        let fields = fields(self.fields)?;
        let edited = self.edited.iter().map(|name| name.parse::<Field>()).collect::<Result<_, _>>();
        Ok(Entry {
            id: self.id,
            content: Content::from_fields(&fields).with_context(|| format!("reading the fields of {key}"))?,
            key,
            version: self.version,
            edited: edited.context("reading the names of edited fields")?,
            from_run: self.from_run,
            deleted: self.deleted,
            updated_at: self.updated_at,
        })
    }
}

pub(super) fn fields(stored: Value) -> anyhow::Result<Fields<Field>> {
    serde_json::from_value(stored).context("reading stored fields")
}

/// Everything saved of a calendar, tombstones included, by key.
pub(super) async fn entries(tx: &mut UserTx, calendar: CalendarId) -> anyhow::Result<Vec<Entry>> {
    let rows = select_entries!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1
         ORDER BY key
        "#,
        calendar.0
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

/// A saved entry, and the run that last wrote it.
#[derive(Clone, Debug)]
pub(crate) struct SavedEntry {
    pub entry: Entry,
    pub run_id: Option<RunId>,
}

/// Entries of a calendar that are not deleted, by key.
pub(crate) async fn saved(tx: &mut UserTx, calendar: CalendarId, limit: i64) -> anyhow::Result<Vec<SavedEntry>> {
    let rows = sqlx::query_as!(
        SavedRow,
        r#"
        SELECT id AS "id: EntryId", key, version, fields, edited, from_run, updated_at, run_id AS "run_id: RunId"
          FROM almanac.calendar_entries
         WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1 AND NOT deleted
         ORDER BY key
         LIMIT $2
        "#,
        calendar.0,
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(SavedRow::read).collect()
}

/// Those of these entries that are the calendar's and not deleted.
pub(crate) async fn saved_of(
    tx: &mut UserTx,
    calendar: CalendarId,
    ids: &[EntryId],
) -> anyhow::Result<Vec<SavedEntry>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        SavedRow,
        r#"
        SELECT id AS "id: EntryId", key, version, fields, edited, from_run, updated_at, run_id AS "run_id: RunId"
          FROM almanac.calendar_entries
         WHERE user_id = (SELECT almanac.uid()) AND id = ANY ($2) AND calendar_id = $1 AND NOT deleted
        "#,
        calendar.0,
        &ids
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(SavedRow::read).collect()
}

/// The row of an entry that is not deleted.
struct SavedRow {
    id: EntryId,
    key: String,
    version: i64,
    fields: Value,
    edited: Vec<String>,
    from_run: bool,
    updated_at: DateTime<Utc>,
    run_id: Option<RunId>,
}

impl SavedRow {
    fn read(self) -> anyhow::Result<SavedEntry> {
        let Self { id, key, version, fields, edited, from_run, updated_at, run_id } = self;
        let row = EntryRow { id, key, version, fields, from_run, edited, deleted: false, updated_at };
        Ok(SavedEntry { entry: row.read()?, run_id })
    }
}

/// Locks all entries of a calendar against other changes until the transaction ends. Later reads see the latest rows.
pub(super) async fn lock_entries(tx: &mut UserTx, calendar: CalendarId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        SELECT id FROM almanac.calendar_entries
         WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1
         ORDER BY id
           FOR UPDATE
        "#,
        calendar.0
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(())
}

/// One entry, locked for the change that follows.
pub(super) async fn entry_for_update(
    tx: &mut UserTx,
    calendar: CalendarId,
    id: EntryId,
) -> anyhow::Result<Option<Entry>> {
    let row = select_entries!(
        r#"
         WHERE id = $1 AND calendar_id = $2
           FOR UPDATE
        "#,
        id.0,
        calendar.0
    )
    .fetch_optional(tx.connection())
    .await?;
    row.map(EntryRow::read).transpose()
}

/// Keys of a calendar's entries, tombstones included.
pub(super) async fn keys(tx: &mut UserTx, calendar: CalendarId) -> anyhow::Result<Vec<EntryKey>> {
    let keys = sqlx::query_scalar!(
        "SELECT key FROM almanac.calendar_entries WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1",
        calendar.0
    )
    .fetch_all(tx.connection())
    .await?;
    keys.iter().map(|key| key.parse().context("reading a stored key")).collect()
}

/// Writes records under their keys: those that are there change, the others come to be under the ids beside them. `run`
/// is the run that they are accepted from.
pub(super) async fn write(
    tx: &mut UserTx,
    user: UserId,
    calendar: CalendarId,
    run: Option<RunId>,
    records: &[(EntryId, &str, &Record<Field>)],
) -> sqlx::Result<()> {
    let rows = records.iter().map(|(id, key, record)| {
        json!({
            "id": id, "key": key, "version": record.version, "fields": record.fields, "from_run": record.from_run,
            "edited": record.edited, "deleted": record.deleted,
        })
    });
    let rows: Value = rows.collect();
    sqlx::query!(
        r#"
        INSERT INTO almanac.calendar_entries AS e (id, user_id, calendar_id, key, version, fields, edited, from_run, run_id,
                                                   deleted)
        SELECT r.id, $1, $2, r.key, r.version, r.fields, r.edited, r.from_run, $4, r.deleted
          FROM jsonb_to_recordset($3) AS r (id uuid, key text, version bigint, fields jsonb, edited text[],
                                            from_run boolean, deleted boolean)
            ON CONFLICT (user_id, calendar_id, key) DO UPDATE SET
               version = excluded.version,
               fields = excluded.fields,
               edited = excluded.edited,
               from_run = excluded.from_run,
               run_id = coalesce(excluded.run_id, e.run_id),
               deleted = excluded.deleted,
               updated_at = clock_timestamp()
        "#,
        user.0,
        calendar.0,
        rows,
        run.map(|run| run.0)
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Removes entries for good.
pub(super) async fn remove(tx: &mut UserTx, calendar: CalendarId, keys: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM almanac.calendar_entries
         WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1 AND key = ANY ($2)
        "#,
        calendar.0,
        keys
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A calendar's runs, newest first, those of versions before `before`.
pub(super) async fn runs(
    tx: &mut UserTx,
    calendar: CalendarId,
    before: Option<i32>,
    limit: i64,
) -> sqlx::Result<Vec<Run>> {
    select_runs!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1 AND version < $2
         ORDER BY version DESC
         LIMIT $3
        "#,
        calendar.0,
        before.unwrap_or(i32::MAX),
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// One run of a calendar.
pub(super) async fn run(tx: &mut UserTx, calendar: CalendarId, id: RunId) -> sqlx::Result<Option<Run>> {
    select_runs!("WHERE id = $1 AND calendar_id = $2", id.0, calendar.0).fetch_optional(tx.connection()).await
}

/// What a run made, in the order it was made.
pub(super) async fn made(tx: &mut UserTx, run: RunId) -> anyhow::Result<Vec<Made>> {
    let rows = sqlx::query!(
        r#"
        SELECT key, entry_id AS "entry_id: EntryId", fields
          FROM almanac.calendar_run_entries
         WHERE user_id = (SELECT almanac.uid()) AND run_id = $1
         ORDER BY ordinal
        "#,
        run.0
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(|row| read_made(&row.key, row.entry_id, row.fields)).collect()
}

fn read_made(key: &str, entry_id: EntryId, stored: Value) -> anyhow::Result<Made> {
    Ok(Made { key: key.parse().context("reading a stored key")?, entry_id, fields: fields(stored)? })
}
