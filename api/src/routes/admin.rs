//! Routes of operators: flags, queues, jobs of all users, retries. Every route takes `Admin` as its first argument.

use almanac_shared::{
    jobs::{
        Lane,
        admin::{AdminJob, LaneLoad, Retry},
        queue,
    },
    platform::{
        error::Code,
        flags::{self, Flag, Setting, Stored},
        id::{JobId, UserId},
        redis, telemetry,
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
    auth::Admin,
    http::{
        document_types::{FlagName, FlagSource, JobKind, JobState, JobStatus, LaneName},
        error::ApiError,
        negotiation, page,
        reply::Reply,
        strict_json::StrictJson,
    },
    routes::Tag,
    routes::jobs::{Job, filter},
    state::App,
};

/// The routes of operators.
pub struct AdminApi {
    pub(crate) app: App,
}

/// The new value of a flag.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "FlagSetting")]
struct FlagOrder {
    enabled: bool,
    /// Restricts an enabled flag to these users; all users if absent or null.
    #[serde(default)]
    #[oai(nullable)]
    users: Option<Vec<Uuid>>,
}

/// A feature flag.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Flag", rename_all = "camelCase")]
struct FlagResponse {
    name: FlagName,
    enabled: bool,
    /// Users to whom an enabled flag is restricted; null for all users.
    #[oai(nullable)]
    users: Option<Vec<String>>,
    source: FlagSource,
    #[oai(nullable)]
    updated_at: Option<DateTime<Utc>>,
    /// Whether the answering process uses this value already; all processes do within two seconds.
    in_effect: bool,
}

/// A job with the fields of its row.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "AdminJob", rename_all = "camelCase")]
struct AdminJobResponse {
    #[serde(flatten)]
    #[oai(flatten)]
    job: Job,
    user_id: String,
    lane: LaneName,
    state: JobState,
    /// Number of expired leases.
    crashes: i32,
    /// Earliest time of the next start.
    run_at: DateTime<Utc>,
    /// End of the worker's lease.
    #[oai(nullable)]
    lease_expires_at: Option<DateTime<Utc>>,
}

impl From<AdminJob> for AdminJobResponse {
    fn from(row: AdminJob) -> Self {
        Self {
            user_id: row.user.to_string(),
            lane: row.lane.into(),
            state: row.job.state.as_str().into(),
            crashes: row.job.crashes,
            run_at: row.job.run_at,
            lease_expires_at: row.job.lease_expires_at,
            job: row.job.into(),
        }
    }
}

/// A page of jobs.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct AdminJobPage {
    /// Newest first.
    items: Vec<AdminJobResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

/// Load of a lane.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct Queue {
    lane: LaneName,
    /// Number of waiting jobs, including those with a later start time.
    queued: i64,
    /// Age of the oldest due job in seconds; null if none is due.
    #[oai(nullable)]
    oldest_due_seconds: Option<f64>,
    /// Number of jobs with a lease.
    running: i64,
    /// Number of jobs that crashed their workers too often.
    dead: i64,
    /// Number of undelivered ids in Redis; null while Redis is unavailable.
    #[oai(nullable)]
    redis_depth: Option<i64>,
}

/// Load of all lanes.
#[derive(Debug, Serialize, Object)]
struct Queues {
    /// One per lane.
    items: Vec<Queue>,
}

#[derive(ApiResponse)]
enum Retried {
    /// The new job.
    #[oai(status = 202)]
    Accepted(
        Reply<AdminJobResponse>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
    ),
}

#[OpenApi(tag = "Tag::Admin")]
impl AdminApi {
    /// Show a flag
    #[oai(path = "/admin/flags/:name", method = "get", operation_id = "showFlag")]
    async fn show_flag(&self, _admin: Admin, name: Path<FlagName>) -> Result<Reply<FlagResponse>, ApiError> {
        let (app, flag) = (&self.app, flag(&name.0)?);
        let stored = flags::show(&app.database, flag).await?;
        Ok(Reply::new(flag_shown(app, flag, stored)))
    }

    /// Set a flag
    ///
    /// Replaces its value and its users. All processes use the new value within two seconds.
    #[oai(path = "/admin/flags/:name", method = "put", operation_id = "updateFlag")]
    async fn update_flag(
        &self,
        admin: Admin,
        name: Path<FlagName>,
        order: StrictJson<FlagOrder>,
    ) -> Result<Reply<FlagResponse>, ApiError> {
        let (app, flag) = (&self.app, flag(&name.0)?);
        let users = order.0.users.map(|users| users.into_iter().map(UserId).collect());
        let setting = Setting { enabled: order.0.enabled, users };
        let stored = flags::update(&app.database, flag, &setting).await?;
        tracing::info!(
            flag = flag.as_str(),
            enabled = setting.enabled,
            users = setting.users.as_ref().map(Vec::len),
            by = admin.user.map(|user| user.to_string()),
            "a flag was set"
        );
        // The next request to this process must see the change; other processes read it by themselves.
        if let Err(error) = app.flags.refresh().await {
            tracing::warn!(error = format!("{error:#}"), "a flag was set, and cannot be read yet");
        }
        Ok(Reply::new(flag_shown(app, flag, Some(stored))))
    }

    /// Show the load of all lanes
    #[oai(path = "/admin/queues", method = "get", operation_id = "listQueues")]
    async fn list_queues(&self, _admin: Admin) -> Result<Reply<Queues>, ApiError> {
        let app = &self.app;
        let loads = app.operations.lanes().await?;
        let mut items = Vec::with_capacity(loads.len());
        for load in loads {
            let redis_depth = redis_depth(app, &load).await;
            items.push(queue_shown(load, redis_depth));
        }
        let silent = items.iter().any(|queue| queue.redis_depth.is_none());
        let reply = Reply::new(Queues { items });
        Ok(if silent { reply.degraded("live") } else { reply })
    }

    /// List the jobs of all users, newest first
    #[oai(path = "/admin/jobs", method = "get", operation_id = "listAllJobs")]
    async fn list_jobs(
        &self,
        _admin: Admin,
        kind: Query<Option<JobKind>>,
        status: Query<Option<JobStatus>>,
        /// Only jobs of this user.
        user: Query<Option<Uuid>>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<AdminJobPage>, ApiError> {
        let filter = filter(kind.0.map(Into::into), status.0.as_deref())?;
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(JobId);
        let user = user.0.map(UserId);
        let mut rows = self.app.operations.list(user, &filter, before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.job.id.0));
        Ok(Reply::new(AdminJobPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// List dead jobs, newest first
    ///
    /// A job is dead after it crashed its workers too often; its status is `failed` with code `POISON`.
    #[oai(path = "/admin/dead", method = "get", operation_id = "listDeadJobs")]
    async fn list_dead(
        &self,
        _admin: Admin,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<AdminJobPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(JobId);
        let mut rows = self.app.operations.dead(before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.job.id.0));
        Ok(Reply::new(AdminJobPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Retry a job that has ended
    ///
    /// Submits a new job with its own event log for the same user; no rate limit counts it. A job that has not ended is 409
    /// `UNFINISHED`, a job without anything left to do 422 `RULE_REFUSED`, and a user who is being erased 409
    /// `ACTIVE_GENERATION`. A retried erasure covers what existed at the time of the first request.
    #[oai(path = "/admin/jobs/:id/retry", method = "post", operation_id = "retryJob")]
    async fn submit_retry(&self, request: &Request, admin: Admin, id: Path<Uuid>) -> Result<Retried, ApiError> {
        let app = &self.app;
        let retry = Retry {
            key: negotiation::idempotency_key(request.headers())?.map(str::to_owned),
            trace: telemetry::current_traceparent(),
            request_id: Some(admin.request_id.as_str().to_owned()),
        };
        let retried = app.operations.retry(JobId(id.0), retry).await?;
        if !retried.replayed {
            app.metrics.job_accepted(&retried.job.job.kind);
        }
        let location = format!("/v1/jobs/{}", retried.job.job.id);
        let replayed = retried.replayed.then(|| "true".to_owned());
        Ok(Retried::Accepted(app.about_jobs(retried.job.into()), location, replayed))
    }
}

fn flag(name: &str) -> Result<Flag, ApiError> {
    Flag::parse(name).ok_or_else(|| ApiError::new(Code::NotFound, "unknown flag"))
}

fn flag_shown(app: &App, flag: Flag, stored: Option<Stored>) -> FlagResponse {
    let known = app.flags.known(flag);
    let (source, updated_at) = match &stored {
        Some(stored) => ("row", Some(stored.updated_at)),
        None => ("default", None),
    };
    let setting = stored.map_or_else(|| app.flags.by_default(flag), |stored| stored.setting);
    FlagResponse {
        name: flag.as_str().into(),
        enabled: setting.enabled,
        in_effect: setting == known,
        users: setting.users.map(|users| users.iter().map(UserId::to_string).collect()),
        source: source.into(),
        updated_at,
    }
}

/// Redis may be away at any moment; that is an answer too.
async fn redis_depth(app: &App, load: &LaneLoad) -> Option<i64> {
    let mut connection = app.redis.clone();
    let ask = queue::depth(&mut connection, Lane::parse(&load.lane)?);
    tokio::time::timeout(redis::PATIENCE, ask).await.ok()?.ok()
}

fn queue_shown(load: LaneLoad, redis_depth: Option<i64>) -> Queue {
    Queue {
        lane: load.lane.into(),
        queued: load.queued,
        oldest_due_seconds: load.oldest_due_seconds,
        running: load.running,
        dead: load.dead,
        redis_depth,
    }
}
