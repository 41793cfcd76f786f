//! The jobs tables for administrators: the jobs of all users, the lanes, and the retry of a final job.
//! Called by `jobs::admin`; writes nothing but through `almanac.retry_job`.

use uuid::Uuid;

use super::{Filter, Reach};
use crate::{
    jobs::{
        JobRow,
        admin::{AdminJob, LaneLoad, Retry},
    },
    platform::{
        db::AdminTx,
        id::{JobId, UserId},
    },
};

/// A row of a list.
struct Row {
    id: JobId,
    user_id: UserId,
    lane: String,
    kind: String,
    state: String,
    attempt: i32,
    crashes: i32,
    created_at: chrono::DateTime<chrono::Utc>,
    started_at: Option<chrono::DateTime<chrono::Utc>>,
    finished_at: Option<chrono::DateTime<chrono::Utc>>,
    run_at: chrono::DateTime<chrono::Utc>,
    lease_expires_at: Option<chrono::DateTime<chrono::Utc>>,
    cancel_requested_at: Option<chrono::DateTime<chrono::Utc>>,
    held_since: Option<chrono::DateTime<chrono::Utc>>,
    progress: Option<serde_json::Value>,
    error: Option<serde_json::Value>,
    subject_type: String,
    subject_id: String,
    retry_of: Option<JobId>,
    last_seq: i64,
}

impl From<Row> for AdminJob {
    fn from(row: Row) -> Self {
        let job = JobRow {
            id: row.id,
            kind: row.kind,
            state: row.state,
            attempt: row.attempt,
            crashes: row.crashes,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            run_at: row.run_at,
            lease_expires_at: row.lease_expires_at,
            cancel_requested_at: row.cancel_requested_at,
            held_since: row.held_since,
            progress: row.progress,
            error: row.error,
            subject_type: row.subject_type,
            subject_id: row.subject_id,
            retry_of: row.retry_of,
            last_seq: row.last_seq,
        };
        Self { job, user: row.user_id, lane: row.lane }
    }
}

/// Jobs, newest first, those after `before` in that order. What is searched for depends on the filter: beside a million
/// jobs that succeeded, a few that wait or failed would otherwise be found by reading all of them.
pub async fn list(
    tx: &mut AdminTx,
    user: Option<UserId>,
    filter: &Filter,
    before: Option<JobId>,
    limit: i64,
) -> sqlx::Result<Vec<AdminJob>> {
    let page = Page { states: filter.spelled(), before: before.map_or(Uuid::max(), |id| id.0), limit };
    let ids = match (user, filter.reach()) {
        (Some(user), _) => ids_of_user(tx, user, filter, &page).await,
        (None, Reach::All) => ids_of_all(tx, filter, &page).await,
        (None, Reach::Active) => ids_of_active(tx, filter, &page).await,
        (None, Reach::Unsuccessful) => ids_of_unsuccessful(tx, filter, &page).await,
    }?;
    rows(tx, &ids).await
}

struct Page {
    states: Option<Vec<String>>,
    before: Uuid,
    limit: i64,
}

async fn ids_of_user(tx: &mut AdminTx, user: UserId, filter: &Filter, page: &Page) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"
        SELECT id
          FROM almanac.jobs
         WHERE user_id = $1
           AND ($2::text IS NULL OR kind = $2)
           AND ($3::text[] IS NULL OR state = ANY ($3))
           AND ($4::boolean IS NULL OR state <> 'queued' OR (started_at IS NOT NULL) = $4)
           AND id < $5
         ORDER BY id DESC
         LIMIT $6
        "#,
        user.0,
        filter.kind,
        page.states.as_deref(),
        filter.started,
        page.before,
        page.limit
    )
    .fetch_all(tx.connection())
    .await
}

async fn ids_of_all(tx: &mut AdminTx, filter: &Filter, page: &Page) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"
        SELECT id
          FROM almanac.jobs
         WHERE ($1::text IS NULL OR kind = $1)
           AND ($2::text[] IS NULL OR state = ANY ($2))
           AND ($3::boolean IS NULL OR state <> 'queued' OR (started_at IS NOT NULL) = $3)
           AND id < $4
         ORDER BY id DESC
         LIMIT $5
        "#,
        filter.kind,
        page.states.as_deref(),
        filter.started,
        page.before,
        page.limit
    )
    .fetch_all(tx.connection())
    .await
}

/// Reads all jobs that wait or run.
async fn ids_of_active(tx: &mut AdminTx, filter: &Filter, page: &Page) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"
        WITH active AS MATERIALIZED (
            SELECT id, kind, state, started_at FROM almanac.jobs
             WHERE CASE state WHEN 'queued' THEN true ELSE false END
             UNION ALL
            SELECT id, kind, state, started_at FROM almanac.jobs
             WHERE CASE state WHEN 'running' THEN true ELSE false END)
        SELECT id AS "id!"
          FROM active
         WHERE ($1::text IS NULL OR kind = $1)
           AND ($2::text[] IS NULL OR state = ANY ($2))
           AND ($3::boolean IS NULL OR state <> 'queued' OR (started_at IS NOT NULL) = $3)
           AND id < $4
         ORDER BY id DESC
         LIMIT $5
        "#,
        filter.kind,
        page.states.as_deref(),
        filter.started,
        page.before,
        page.limit
    )
    .fetch_all(tx.connection())
    .await
}

async fn ids_of_unsuccessful(tx: &mut AdminTx, filter: &Filter, page: &Page) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"
        SELECT id
          FROM almanac.jobs
         WHERE CASE WHEN state IN ('partial', 'timeout', 'failed', 'cancelled', 'dead') THEN true ELSE false END
           AND ($1::text IS NULL OR kind = $1)
           AND ($2::text[] IS NULL OR state = ANY ($2))
           AND id < $3
         ORDER BY id DESC
         LIMIT $4
        "#,
        filter.kind,
        page.states.as_deref(),
        page.before,
        page.limit
    )
    .fetch_all(tx.connection())
    .await
}

/// One job, of any user.
pub async fn show(tx: &mut AdminTx, id: JobId) -> sqlx::Result<Option<AdminJob>> {
    Ok(rows(tx, &[id.0]).await?.pop())
}

/// Poison, newest job first; a query with an index of its own, because dead jobs are few among many.
pub async fn dead(tx: &mut AdminTx, before: Option<JobId>, limit: i64) -> sqlx::Result<Vec<AdminJob>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM almanac.jobs WHERE state = 'dead' AND id < $1 ORDER BY id DESC LIMIT $2",
        before.map_or(Uuid::max(), |id| id.0),
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    rows(tx, &ids).await
}

/// These jobs, newest first.
async fn rows(tx: &mut AdminTx, ids: &[Uuid]) -> sqlx::Result<Vec<AdminJob>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: JobId", user_id AS "user_id: UserId", lane, kind, state, attempt, crashes, created_at,
               started_at, finished_at, run_at, lease_expires_at, cancel_requested_at, held_since, progress, error,
               subject_type, subject_id, retry_of AS "retry_of: JobId", last_seq
          FROM almanac.jobs
         WHERE id = ANY ($1)
         ORDER BY id DESC
        "#,
        ids
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(AdminJob::from).collect())
}

/// How busy these lanes are. One probe of a partial index per lane and number, whatever the table holds beside.
pub async fn lanes(tx: &mut AdminTx, lanes: &[String]) -> sqlx::Result<Vec<LaneLoad>> {
    sqlx::query_as!(
        LaneLoad,
        r#"
        SELECT l.lane AS "lane!", w.queued AS "queued!", w.oldest_due_seconds, r.running AS "running!", d.dead AS "dead!"
          FROM unnest($1::text[]) AS l (lane)
         CROSS JOIN LATERAL (
               SELECT count(*) AS queued,
                      extract(epoch FROM clock_timestamp() - min(run_at)
                          FILTER (WHERE run_at <= clock_timestamp()))::float8 AS oldest_due_seconds
                 FROM almanac.jobs WHERE lane = l.lane AND CASE state WHEN 'queued' THEN true ELSE false END) AS w
         CROSS JOIN LATERAL (
               SELECT count(*) AS running FROM almanac.jobs
                WHERE lane = l.lane AND CASE state WHEN 'running' THEN true ELSE false END) AS r
         CROSS JOIN LATERAL (
               SELECT count(*) AS dead FROM almanac.jobs WHERE lane = l.lane AND state = 'dead') AS d
        "#,
        lanes
    )
    .fetch_all(tx.connection())
    .await
}

/// Repeats a final job as a new one.
pub async fn retry(tx: &mut AdminTx, old: JobId, new: JobId, retry: &Retry) -> sqlx::Result<RetryOutcome> {
    sqlx::query_as!(
        RetryOutcome,
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", job_kind AS kind, job_lane AS lane
          FROM almanac.retry_job($1, $2, $3, $4, $5)
        "#,
        old.0,
        new.0,
        retry.key,
        retry.trace,
        retry.request_id
    )
    .fetch_one(tx.connection())
    .await
}

/// What became of a wish to repeat a job.
#[derive(Clone, Debug)]
pub struct RetryOutcome {
    /// `new`, `replay`, `missing`, `unfinished`, `active` or `gone`.
    pub outcome: String,
    /// The job the outcome is about: the new one, or the one that conflicts.
    pub job: Option<JobId>,
    /// Its kind.
    pub kind: Option<String>,
    /// The lane to notify.
    pub lane: Option<String>,
}
