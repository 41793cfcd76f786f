//! Jobs over HTTP: list, show, follow, cancel, explain, and tickets for browsers.

mod events;

use almanac_shared::{
    jobs::{CancelOutcome, JobRow, Kind, State, service::Listening, store::Filter},
    platform::{
        error::Code,
        id::{JobId, UserId},
    },
};
use chrono::{DateTime, Utc};
use poem::Request;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    auth::{Caller, Listener},
    http::{
        document_types::{CancellationStatus, JobKind, JobStatus, Of},
        error::{ApiError, Detail},
        failure::FailureResponse,
        negotiation::{self, ResponseFormat},
        page,
        reply::{Reply, Urls},
        stream,
        strict_json::StrictJson,
    },
    routes::Tag,
    routes::{kinds, publishing, snapshot},
    state::App,
};

pub use self::events::{ErasureFrame, ErasureLine, EventMeta};
use self::events::{Explanation, JobLog};

/// The routes of jobs.
pub struct JobsApi {
    pub(crate) app: App,
}

/// A job.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct Job {
    /// Also the id of the run or generation.
    id: String,
    kind: JobKind,
    status: JobStatus,
    /// Number of retries so far.
    attempt: i32,
    created_at: DateTime<Utc>,
    /// Time of the first start.
    #[oai(nullable)]
    started_at: Option<DateTime<Utc>>,
    #[oai(nullable)]
    finished_at: Option<DateTime<Utc>>,
    progress: JobProgress,
    /// Why the job failed or was cancelled.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
    subject: Subject,
    urls: Urls,
    /// The job that this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    retry_of: Option<String>,
}

/// Progress of a job.
#[derive(Clone, Debug, Serialize, Object)]
struct JobProgress {
    /// Number of finished items.
    completed: u64,
    /// Number of items; 0 while it is unknown.
    total: u64,
    /// `queued` before the start, then the stage of the job's kind.
    stage: String,
    percent: u64,
}

impl JobProgress {
    fn of(row: &JobRow) -> Self {
        let total = Kind::parse(&row.kind).map_or(0, kinds::usual_total);
        let stage = match (row.state().is_final(), row.started_at) {
            (true, _) => "ended",
            (false, Some(_)) => "running",
            (false, None) => "queued",
        };
        let stored = row.progress.as_ref();
        let number = |name: &str, usual: u64| stored.and_then(|stored| stored[name].as_u64()).unwrap_or(usual);
        let stage = stored.and_then(|stored| stored["stage"].as_str()).unwrap_or(stage).to_owned();
        Self { completed: number("completed", 0), total: number("total", total), stage, percent: number("percent", 0) }
    }
}

/// The resource of a job.
#[derive(Clone, Debug, Serialize, Object)]
pub struct Subject {
    /// `generation`, `calendar`, `week`, `intent`, `synthesis`, `delivery` or `account`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: String,
    id: String,
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        let progress = JobProgress::of(&row);
        Self {
            id: row.id.to_string(),
            status: row.status().into(),
            attempt: row.attempt,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            urls: Urls::of_job(row.id).about(&row.subject_type, &row.subject_id),
            subject: Subject { kind: row.subject_type, id: row.subject_id },
            retry_of: row.retry_of.map(|id| id.to_string()),
            progress,
            kind: row.kind.into(),
            error: row.error.map(Into::into),
        }
    }
}

/// A page of jobs.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct JobPage {
    /// Newest first.
    items: Vec<Job>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

/// An accepted cancellation.
#[derive(Debug, Serialize, Object)]
struct Cancelling {
    status: CancellationStatus,
}

/// A request for a ticket.
#[derive(Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase")]
struct TicketOrder {
    job_id: String,
}

/// A ticket for the events of one job.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct StreamTicket {
    /// Value for `?ticket=`.
    ticket: String,
    /// Checked on connect only.
    expires_at: DateTime<Utc>,
}

#[derive(ApiResponse)]
enum Shown {
    /// The job.
    #[oai(status = 200)]
    Found(
        Reply<Job>,
        /// Seconds until the next poll; absent if the job has ended.
        #[oai(header = "Retry-After")]
        Option<u32>,
    ),
}

#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "made once per request and answered at once")]
enum Cancelled {
    /// The job had ended already.
    #[oai(status = 200)]
    AlreadyFinal(Reply<Job>),
    /// Cancellation was requested.
    #[oai(status = 202)]
    Cancelling(Reply<Cancelling>),
}

#[derive(ApiResponse)]
enum Followed {
    /// The events after the given position, then live events until the final one.
    #[oai(status = 200)]
    Live(JobLog),
    /// No event follows the given position.
    #[oai(status = 204)]
    NothingMore,
}

#[OpenApi(tag = "Tag::Jobs")]
impl JobsApi {
    /// List jobs, newest first
    #[oai(path = "/jobs", method = "get", operation_id = "listJobs")]
    async fn list(
        &self,
        caller: Caller,
        kind: Query<Option<JobKind>>,
        status: Query<Option<JobStatus>>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<JobPage>, ApiError> {
        let app = &self.app;
        let filter = filter(kind.0.map(Into::into), status.0.as_deref())?;
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(JobId);
        let mut rows = app.jobs.list(caller.user, &filter, before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.id.0));
        Ok(app.about_jobs(JobPage { items: rows.into_iter().map(Job::from).collect(), next_cursor }))
    }

    /// Show a job
    #[oai(path = "/jobs/:id", method = "get", operation_id = "showJob")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Shown, ApiError> {
        let app = &self.app;
        let row = app.jobs.show(caller.user, JobId(id.0)).await?;
        let again = (!row.state().is_final()).then_some(1);
        Ok(Shown::Found(app.about_jobs(row.into()), again))
    }

    /// Follow the events of a job
    ///
    /// Server-sent events by default, NDJSON with `Accept: application/x-ndjson`. Sends the stored events, then live ones,
    /// and ends after the final event. Resume with `Last-Event-ID`, or with `after`, which the header overrides; a position
    /// after the end of the log is 409 `SEQ_AHEAD`. Takes a ticket, too.
    #[oai(path = "/jobs/:id/events", method = "get", operation_id = "followJob")]
    async fn follow(
        &self,
        request: &Request,
        listener: Listener,
        id: Path<Uuid>,
        /// Resume after this `seq`.
        after: Query<Option<String>>,
    ) -> Result<Followed, ApiError> {
        let app = &self.app;
        let job = JobId(id.0);
        let (user, expires_at) = admitted(app, listener, job)?;
        let encoding =
            negotiation::choose(request.headers(), &[ResponseFormat::Sse, ResponseFormat::Ndjson])?.encoding();
        let after = resume(request, after.0.as_deref())?;
        let permit = app.streams.admit(user)?;
        match app.jobs.follow(user, job, after, encoding).await? {
            Listening::Follow(follower) => Ok(Followed::Live(stream::live(app, *follower, expires_at, permit).into())),
            Listening::Forgotten(row) => {
                Ok(Followed::Live(snapshot::stream(app, user, *row, (encoding, permit)).await?.into()))
            }
            Listening::NothingMore => Ok(Followed::NothingMore),
            Listening::Ahead => Err(ApiError::new(Code::SeqAhead, "the position is past the end of the log")),
        }
    }

    /// Cancel a job
    ///
    /// Idempotent. Aborts the running call of the model; results that were stored are kept.
    #[oai(path = "/jobs/:id/cancel", method = "post", operation_id = "cancelJob")]
    async fn cancel(&self, caller: Caller, id: Path<Uuid>) -> Result<Cancelled, ApiError> {
        let app = &self.app;
        let id = JobId(id.0);
        match app.jobs.cancel(caller.user, id).await? {
            CancelOutcome::AlreadyFinal => {
                Ok(Cancelled::AlreadyFinal(app.about_jobs(app.jobs.show(caller.user, id).await?.into())))
            }
            CancelOutcome::Ended => {
                publishing::observe::ended(app, caller.user, id).await;
                Ok(Cancelled::Cancelling(app.about_jobs(Cancelling { status: "cancelling".into() })))
            }
            _ => Ok(Cancelled::Cancelling(app.about_jobs(Cancelling { status: "cancelling".into() }))),
        }
    }

    /// Explain why a job waits or failed
    #[oai(path = "/jobs/:id/explain", method = "get", operation_id = "explainJob")]
    async fn explain(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<Of<Explanation>>, ApiError> {
        let app = &self.app;
        Ok(app.about_jobs(app.jobs.explain(caller.user, JobId(id.0)).await?.into()))
    }

    /// Create a ticket for the events of a job
    ///
    /// For clients that cannot set headers, such as a browser's `EventSource`. Valid for one job and 5 minutes, reusable.
    #[oai(path = "/tickets", method = "post", operation_id = "makeTicket")]
    async fn ticket(&self, caller: Caller, order: StrictJson<TicketOrder>) -> Result<Reply<StreamTicket>, ApiError> {
        let app = &self.app;
        let job = order.0.job_id.parse::<JobId>().map_err(|_| ApiError::not_found())?;
        app.jobs.show(caller.user, job).await?;
        let ticket = app.auth.tickets().mint(caller.user, job, app.clock.now());
        Ok(Reply::new(StreamTicket { ticket: ticket.ticket, expires_at: ticket.expires_at }))
    }
}

/// The user and the end of the token. A ticket is checked on connect only.
fn admitted(app: &App, listener: Listener, job: JobId) -> Result<(UserId, Option<DateTime<Utc>>), ApiError> {
    match listener {
        Listener::Caller(caller) => Ok((caller.user, Some(caller.expires_at))),
        Listener::Ticket(ticket) => Ok((app.auth.tickets().check(&ticket, job, app.clock.now())?, None)),
    }
}

fn resume(request: &Request, after: Option<&str>) -> Result<Option<i64>, ApiError> {
    let seq = negotiation::resume_after(request.headers(), after)?;
    Ok(seq.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX)))
}

/// What a list asks for, in the states of the rows.
pub(super) fn filter(kind: Option<String>, status: Option<&str>) -> Result<Filter, ApiError> {
    let refuse = |name: &str, message: &str| ApiError::invalid(vec![Detail::at(["query", name], "enum", message)]);
    if kind.as_deref().is_some_and(|kind| Kind::parse(kind).is_none()) {
        return Err(refuse("kind", "is not a kind of job"));
    }
    let mut filter = Filter { kind, ..Filter::default() };
    let states = match status {
        None => return Ok(filter),
        Some("pending") => {
            filter.started = Some(false);
            vec![State::Queued]
        }
        Some("running") => {
            filter.started = Some(true);
            vec![State::Queued, State::Running]
        }
        Some("failed") => vec![State::Failed, State::Dead],
        Some(word) => match State::parse(word) {
            Some(state) if state.is_final() && state != State::Dead => vec![state],
            _ => return Err(refuse("status", "is no status of a job")),
        },
    };
    filter.states = Some(states);
    Ok(filter)
}
