//! The jobs tables, through the functions of `migrations/functions/jobs/`.
//! Called by services as the user and by the worker as itself. All decisions are made in the functions.

pub mod admin;
pub mod calls;
pub mod ends;
pub mod items;
pub(crate) mod kinds;
mod leases;

use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

pub use self::leases::{
    Held, Reaped, Release, Released, RenewalConnection, Unconfirmed, content_came, reap, release, release_unconfirmed,
    undo_crash,
};
use super::{CancelOutcome, ClaimedJob, Failure, JobRow, LEASE, Lane, Lease, State, loader::JobSnapshot};
use crate::{
    events::event::Event,
    platform::{
        db::{Database, PinnedConnection, Service, TimeoutPool, UserTx},
        error::is_outage,
        id::{JobId, LlmCallId, UserId},
    },
};

/// SQLSTATE of a write under a lease that has moved on.
const LEASE_LOST: &str = "LL001";
/// SQLSTATE of a write whose input has changed since it was read.
const OVERTAKEN: &str = "LL002";
/// A lock was not to be had within `lock_timeout` (PostgreSQL, appendix A).
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Why a worker's write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another worker holds the job now, or it has ended.
    #[error("the lease is lost")]
    LeaseLost,
    /// Its input has changed since it was read: the caller computes it again.
    #[error("overtaken by another write")]
    Overtaken,
    /// Another transaction holds a row or lock that it needs: nothing is written, and the same write may be tried again.
    #[error("another transaction holds the row")]
    Busy,
    /// The store is unavailable; the same write may be tried again.
    #[error("the store is unavailable")]
    Outage(#[source] sqlx::Error),
    /// A statement was refused: our own fault.
    #[error(transparent)]
    Refused(sqlx::Error),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|db| db.code()) {
            Some(code) if code == LEASE_LOST => Self::LeaseLost,
            Some(code) if code == OVERTAKEN => Self::Overtaken,
            Some(code) if code == LOCK_NOT_AVAILABLE => Self::Busy,
            _ if is_outage(&error) => Self::Outage(error),
            _ => Self::Refused(error),
        }
    }
}

/// Pauses between two tries of a write whose row another transaction holds.
pub(crate) const BUSY_PAUSE: Duration = Duration::from_millis(200);

/// Repeats a write of one job while another transaction holds a row that it needs. A held row is no outage, however long
/// it is held; it ends when the row is free, or the lease is lost. Each try waits for `lock_timeout` at most, so that
/// held rows keep no connections from other jobs.
pub(crate) async fn until_free<T, F>(mut write: impl FnMut() -> F) -> Result<T, WriteError>
where
    F: Future<Output = Result<T, WriteError>>,
{
    loop {
        match write().await {
            Err(WriteError::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
            result => return result,
        }
    }
}

/// A row that was not written by this program: it will not be readable in the next attempt either.
pub(crate) fn unreadable(error: anyhow::Error) -> WriteError {
    WriteError::Refused(sqlx::Error::Decode(error.into()))
}

/// The connection that a process claims with: claims never wait behind other statements.
#[derive(Debug)]
pub struct ClaimConnection(PinnedConnection);

/// What all claims of a process have in common.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    /// The process start, as `lease_owner`.
    pub owner: &'a str,
    /// Jobs that have crashed this often are suspects: one owner holds one of them at a time. `None`: no limit.
    pub suspect_threshold: Option<i32>,
    /// A job that starts for the first time has the ledger row of its first call opened in the same commit, if its kind
    /// names that step. `None` opens no call.
    pub provider: Option<&'a str>,
}

/// Which due jobs of a lane are claimed.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// The lane.
    pub lane: Lane,
    /// They have been due for at least this long.
    pub older: Duration,
    /// At most this many, the oldest first.
    pub max: usize,
    /// Jobs that could not be claimed a moment ago.
    pub except: &'a [JobId],
    /// Whether a suspect may be among them.
    pub suspects: bool,
}

/// What came of a claim of due jobs.
#[derive(Debug, Default)]
pub struct DueClaimed {
    /// Jobs that the claimant holds now.
    pub jobs: Vec<ClaimedJob>,
    /// Due jobs that could not be claimed.
    pub in_vain: Vec<JobId>,
}

struct ClaimRow {
    candidate: JobId,
    user_id: Option<UserId>,
    kind: Option<String>,
    lane: Option<String>,
    payload: Option<Value>,
    epoch: Option<i64>,
    attempt: Option<i32>,
    crashes: Option<i32>,
    last_seq: Option<i64>,
    trace: Option<String>,
    request_id: Option<String>,
    time_left_ms: Option<f64>,
    cancel_requested: Option<bool>,
    waited_ms: Option<f64>,
    held_ms: Option<f64>,
    call: Option<LlmCallId>,
}

impl ClaimRow {
    /// The claimed job; the id of a candidate that could not be claimed otherwise.
    fn into_claimed(self) -> Result<ClaimedJob, JobId> {
        let id = self.candidate;
        let claimed = || {
            Some(ClaimedJob {
                id,
                user_id: self.user_id?,
                kind: self.kind?,
                lane: self.lane?,
                payload: self.payload?,
                epoch: self.epoch?,
                attempt: self.attempt?,
                crashes: self.crashes?,
                last_seq: self.last_seq?,
                trace: self.trace,
                request_id: self.request_id,
                time_left: self.time_left_ms.map(millis),
                cancel_requested: self.cancel_requested?,
                waited: millis(self.waited_ms?),
                held_for: self.held_ms.map(millis),
                first_call: self.call,
            })
        };
        claimed().ok_or(id)
    }
}

fn fresh_calls(count: usize) -> Vec<Uuid> {
    std::iter::repeat_with(|| LlmCallId::fresh().0).take(count).collect()
}

impl ClaimConnection {
    /// One of the pool's connections, for as long as this lives.
    pub fn new(service: &Service) -> Self {
        Self(service.claim_connection())
    }

    /// Claims those of the jobs that are queued and due.
    pub async fn start(&mut self, ids: &[JobId], claimant: Claimant<'_>) -> Result<Vec<ClaimedJob>, WriteError> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let mut connection = self.0.take().await?;
        let started = sqlx::query_as!(
            ClaimRow,
            r#"
            SELECT (job).id AS "candidate!: JobId", (job).user_id AS "user_id: UserId", (job).kind, (job).lane,
                   (job).payload, (job).epoch, (job).attempt, (job).crashes, (job).last_seq, (job).trace,
                   (job).request_id,
                   (extract(epoch FROM (job).deadline_at - clock_timestamp()) * 1000)::float8 AS time_left_ms,
                   (job).cancel_requested_at IS NOT NULL AS cancel_requested,
                   (extract(epoch FROM clock_timestamp() - (job).run_at) * 1000)::float8 AS waited_ms,
                   (extract(epoch FROM clock_timestamp() - (job).held_since) * 1000)::float8 AS held_ms,
                   call AS "call: LlmCallId"
              FROM almanac.start($1, $2, $3, $4, $5, $6)
            "#,
            &ids,
            &fresh_calls(ids.len()),
            claimant.owner,
            interval(LEASE),
            claimant.suspect_threshold,
            claimant.provider
        )
        .fetch_all(&mut *connection);
        let answer = self.0.answer(started).await;
        self.0.put_back(connection, &answer);
        Ok(answer?.into_iter().filter_map(|row| row.into_claimed().ok()).collect())
    }

    /// Claims the oldest due jobs of a lane.
    pub async fn start_due(&mut self, due: Due<'_>, claimant: Claimant<'_>) -> Result<DueClaimed, WriteError> {
        let except: Vec<_> = due.except.iter().map(|job| job.0).collect();
        let mut connection = self.0.take().await?;
        let started = sqlx::query_as!(
            ClaimRow,
            r#"
            SELECT candidate AS "candidate!: JobId", (job).user_id AS "user_id: UserId", (job).kind, (job).lane,
                   (job).payload, (job).epoch, (job).attempt, (job).crashes, (job).last_seq, (job).trace,
                   (job).request_id,
                   (extract(epoch FROM (job).deadline_at - clock_timestamp()) * 1000)::float8 AS time_left_ms,
                   (job).cancel_requested_at IS NOT NULL AS cancel_requested,
                   (extract(epoch FROM clock_timestamp() - (job).run_at) * 1000)::float8 AS waited_ms,
                   (extract(epoch FROM clock_timestamp() - (job).held_since) * 1000)::float8 AS held_ms,
                   call AS "call: LlmCallId"
              FROM almanac.start_due($1, $2, $3, $4, $5, $6, $7, $8, $9)
            "#,
            due.lane.as_str(),
            interval(due.older),
            &except,
            due.suspects,
            &fresh_calls(due.max),
            claimant.owner,
            interval(LEASE),
            claimant.suspect_threshold,
            claimant.provider
        )
        .fetch_all(&mut *connection);
        let answer = self.0.answer(started).await;
        self.0.put_back(connection, &answer);
        let mut claimed = DueClaimed::default();
        for row in answer? {
            match row.into_claimed() {
                Ok(job) => claimed.jobs.push(job),
                Err(id) => claimed.in_vain.push(id),
            }
        }
        Ok(claimed)
    }
}

/// Ends a running job: state, domain row and final event together. Returns the final event, which its kind words; `None`
/// if it could not be read, and the log's followers find it at their next read.
pub async fn finish(
    service: &Service,
    lease: Lease,
    state: State,
    failure: Option<&Failure>,
) -> Result<Option<Event>, WriteError> {
    let error = failure.and_then(|failure| serde_json::to_value(failure).ok());
    let seq = until_free(|| async {
        let seq = sqlx::query_scalar!(
            r#"SELECT almanac.finish($1, $2, $3, $4) AS "seq!""#,
            lease.job.0,
            lease.epoch,
            state.as_str(),
            error
        )
        .fetch_one(service.work())
        .await?;
        Ok(seq)
    })
    .await?;
    let event = sqlx::query_as!(
        Event,
        "SELECT seq, type AS kind, data FROM almanac.job_events WHERE job_id = $1 AND seq = $2",
        lease.job.0,
        seq
    )
    .fetch_one(service.work())
    .await;
    let unread = "the final event of a job could not be read; its followers find it at their next read";
    Ok(event.inspect_err(|error| tracing::warn!(%error, unread)).ok())
}

/// How many jobs of each lane wait and run: lane, state, count. Reads the indexes of those alone.
pub async fn depths(service: &Service) -> sqlx::Result<Vec<(String, String, i64)>> {
    let rows = sqlx::query!(
        r#"
        SELECT lane AS "lane!", 'queued' AS "state!", count(*) AS "jobs!" FROM almanac.jobs
         WHERE CASE state WHEN 'queued' THEN true ELSE false END
         GROUP BY lane
         UNION ALL
        SELECT lane, 'running', count(*) FROM almanac.jobs
         WHERE CASE state WHEN 'running' THEN true ELSE false END
         GROUP BY lane
        "#
    )
    .fetch_all(service.work())
    .await?;
    Ok(rows.into_iter().map(|row| (row.lane, row.state, row.jobs)).collect())
}

/// A job that was ended because its time was over.
#[derive(Clone, Debug)]
pub struct Expired {
    /// The job.
    pub job: JobId,
    /// The code of its error.
    pub code: String,
    /// The event that ended it, for the caller to publish.
    pub event: Event,
}

/// Ends jobs whose time is over and that no worker ends; for a worker.
pub async fn expire_unstarted(service: &Service) -> Result<Vec<Expired>, WriteError> {
    Ok(expire(service.work()).await?)
}

/// The same for an API process.
pub async fn expire_unstarted_as_api(database: &Database) -> sqlx::Result<Vec<Expired>> {
    expire(database.own()).await
}

async fn expire(executor: &TimeoutPool) -> sqlx::Result<Vec<Expired>> {
    let rows = sqlx::query!(
        r#"
        SELECT job_id AS "job!: JobId", code AS "code!", seq AS "seq!", type AS "kind!", data AS "data!"
          FROM almanac.expire_unstarted()
        "#
    )
    .fetch_all(executor)
    .await?;
    let expired = rows.into_iter().map(|row| Expired {
        job: row.job,
        code: row.code,
        event: Event { seq: row.seq, kind: row.kind, data: row.data },
    });
    Ok(expired.collect())
}

/// Who looks at which job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The user who reads.
    pub user: UserId,
    /// Which job.
    pub job: JobId,
}

/// These jobs, each read under its user's row security, in the order of the arguments.
pub(super) async fn look(pinned: &mut PinnedConnection, looks: &[Look]) -> sqlx::Result<Vec<Option<JobSnapshot>>> {
    let users: Vec<_> = looks.iter().map(|look| look.user.0).collect();
    let jobs: Vec<_> = looks.iter().map(|look| look.job.0).collect();
    let mut connection = pinned.take().await?;
    let statement = sqlx::query!(
        r#"
        SELECT n AS "n!", (job).id AS "id!: JobId", (job).kind AS "kind!", (job).state AS "state!",
               (job).attempt AS "attempt!", (job).crashes AS "crashes!", (job).created_at AS "created_at!",
               (job).started_at, (job).finished_at, (job).run_at AS "run_at!", (job).lease_expires_at,
               (job).cancel_requested_at, (job).held_since, (job).progress, (job).error,
               (job).subject_type AS "subject_type!",
               (job).subject_id AS "subject_id!", (job).retry_of AS "retry_of: JobId", (job).last_seq AS "last_seq!",
               kept AS "kept!"
          FROM almanac.look($1, $2)
        "#,
        &users,
        &jobs
    )
    .fetch_all(&mut *connection);
    let answer = pinned.answer(statement).await;
    pinned.put_back(connection, &answer);
    let mut found: Vec<Option<JobSnapshot>> = looks.iter().map(|_| None).collect();
    for row in answer? {
        let place = usize::try_from(row.n - 1).ok().and_then(|at| found.get_mut(at));
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
        if let Some(place) = place {
            *place = Some(JobSnapshot { job, kept: row.kept });
        }
    }
    Ok(found)
}

/// One job of this person.
pub async fn show(tx: &mut UserTx, id: JobId) -> sqlx::Result<Option<JobRow>> {
    sqlx::query_as!(
        JobRow,
        r#"
        SELECT id AS "id: JobId", kind, state, attempt, crashes, created_at, started_at, finished_at, run_at,
               lease_expires_at, cancel_requested_at, held_since, progress, error, subject_type, subject_id,
               retry_of AS "retry_of: JobId", last_seq
          FROM almanac.jobs
         WHERE id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// Which jobs a list asks for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this kind, on the wire.
    pub kind: Option<String>,
    /// Only these states.
    pub states: Option<Vec<State>>,
    /// Only started (or only never started) ones; separates `pending` from `running` among the queued.
    pub started: Option<bool>,
}

impl Filter {
    fn spelled(&self) -> Option<Vec<String>> {
        self.states.as_ref().map(|states| states.iter().map(|state| state.as_str().to_owned()).collect())
    }

    /// Which part of the table holds all that it asks for.
    fn reach(&self) -> Reach {
        let Some(states) = &self.states else { return Reach::All };
        let active = states.iter().filter(|state| matches!(state, State::Queued | State::Running)).count();
        if active == states.len() {
            Reach::Active
        } else if active == 0 && !states.contains(&State::Succeeded) {
            Reach::Unsuccessful
        } else {
            Reach::All
        }
    }
}

/// A part of the table of jobs that has an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    All,
    /// Queued and running jobs.
    Active,
    /// Jobs that ended in any other way than `succeeded`.
    Unsuccessful,
}

/// This person's jobs, newest first, those after `before` in that order.
pub async fn list(tx: &mut UserTx, filter: &Filter, before: Option<JobId>, limit: i64) -> sqlx::Result<Vec<JobRow>> {
    let states = filter.spelled();
    sqlx::query_as!(
        JobRow,
        r#"
        SELECT id AS "id: JobId", kind, state, attempt, crashes, created_at, started_at, finished_at, run_at,
               lease_expires_at, cancel_requested_at, held_since, progress, error, subject_type, subject_id,
               retry_of AS "retry_of: JobId", last_seq
          FROM almanac.jobs
         WHERE user_id = (SELECT almanac.uid())
           AND ($1::text IS NULL OR kind = $1)
           AND ($2::text[] IS NULL OR state = ANY ($2))
           AND ($3::boolean IS NULL OR state <> 'queued' OR (started_at IS NOT NULL) = $3)
           AND id < $4
         ORDER BY id DESC
         LIMIT $5
        "#,
        filter.kind,
        states.as_deref(),
        filter.started,
        before.map_or(Uuid::max(), |id| id.0),
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// Requests cancellation as the job's owner: one statement, so that the job's row is locked only for its duration.
pub async fn cancel(database: &Database, user: UserId, id: JobId) -> sqlx::Result<CancelOutcome> {
    let outcome = sqlx::query_scalar!(r#"SELECT almanac.cancel_as($1, $2) AS "outcome!""#, user.0, id.0)
        .fetch_one(database.own())
        .await?;
    Ok(match outcome.as_str() {
        "missing" => CancelOutcome::Missing,
        "final" => CancelOutcome::AlreadyFinal,
        "ended" => CancelOutcome::Ended,
        _ => CancelOutcome::Cancelling,
    })
}

/// What stands before a queued job in its lane, for `explain`: jobs due before it, and jobs running now.
pub async fn lane_load(database: &Database, id: JobId) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar!(r#"SELECT almanac.lane_load($1)"#, id.0).fetch_one(database.own()).await
}

pub(crate) fn interval(duration: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX) }
}

fn millis(value: f64) -> Duration {
    Duration::from_secs_f64((value / 1000.0).max(0.0))
}
