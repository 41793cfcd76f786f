//! What operators see and do: flags, lanes, everybody's jobs, and the repeat of what failed.
//! Every route takes `Admin` first; nothing here may answer anybody else.

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
    http::{error::ApiError, negotiation, page, reply::Reply, strict_json::Strict},
    routes::jobs::{Job, filter},
    state::App,
};

/// The routes of operators.
pub struct AdminApi {
    pub(crate) app: App,
}

/// How a flag shall be set; replaces all of it.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "FlagSetting")]
struct FlagOrder {
    /// Off is off for everybody.
    enabled: bool,
    /// On for these people only; absent or null: for everybody.
    #[serde(default)]
    users: Option<Vec<Uuid>>,
}

/// A flag.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Flag", rename_all = "camelCase")]
struct FlagShown {
    /// Its name.
    name: String,
    /// Off is off for everybody.
    enabled: bool,
    /// On for these people only; null: for everybody.
    users: Option<Vec<String>>,
    /// `row` when an operator has set it, else `default`: the environment's value.
    source: String,
    /// Last set at.
    updated_at: Option<DateTime<Utc>>,
    /// Whether the process that answers goes by this already; every process does within two seconds.
    in_effect: bool,
}

/// A job, as an operator sees it.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "AdminJob", rename_all = "camelCase")]
struct AdminJobShown {
    /// What its owner sees.
    #[serde(flatten)]
    #[oai(flatten)]
    job: Job,
    /// Its owner.
    user_id: String,
    /// The lane that delivers it.
    lane: String,
    /// The row's own word: as `status`, and `queued`, `dead`.
    state: String,
    /// Leases that ran out.
    crashes: i32,
    /// Not before this.
    run_at: DateTime<Utc>,
    /// Until then a worker holds it.
    lease_expires_at: Option<DateTime<Utc>>,
}

impl From<AdminJob> for AdminJobShown {
    fn from(row: AdminJob) -> Self {
        Self {
            user_id: row.user.to_string(),
            lane: row.lane,
            state: row.job.state.clone(),
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
    items: Vec<AdminJobShown>,
    /// Where the list goes on.
    next_cursor: Option<String>,
}

/// A lane and what waits in it.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct Queue {
    /// Its name.
    lane: String,
    /// Jobs that wait, those for a later moment included.
    queued: i64,
    /// For how many seconds the oldest due job has been due; null when none is.
    oldest_due_seconds: Option<f64>,
    /// Jobs that workers hold.
    running: i64,
    /// Jobs that stopped their worker too often.
    dead: i64,
    /// Ids that Redis holds undelivered; null while Redis is away. What waits in Postgres alone is not among them.
    redis_depth: Option<i64>,
}

/// Every lane.
#[derive(Debug, Serialize, Object)]
struct Queues {
    /// One for each lane.
    items: Vec<Queue>,
}

#[derive(ApiResponse)]
enum Retried {
    /// A new job does the same again.
    #[oai(status = 202)]
    Accepted(
        Reply<AdminJobShown>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
    ),
}

#[OpenApi]
impl AdminApi {
    /// One flag.
    #[oai(path = "/admin/flags/:name", method = "get", operation_id = "showFlag")]
    async fn show_flag(&self, _admin: Admin, name: Path<String>) -> Result<Reply<FlagShown>, ApiError> {
        let (app, flag) = (&self.app, flag(&name.0)?);
        let stored = flags::show(&app.database, flag).await?;
        Ok(Reply::new(flag_shown(app, flag, stored)))
    }

    /// Sets a flag: replaces all of it. Every process follows within two seconds.
    #[oai(path = "/admin/flags/:name", method = "put", operation_id = "updateFlag")]
    async fn update_flag(
        &self,
        admin: Admin,
        name: Path<String>,
        order: Strict<FlagOrder>,
    ) -> Result<Reply<FlagShown>, ApiError> {
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
        // The next request here shall meet what this one was told; other processes read it by themselves.
        if let Err(error) = app.flags.refresh().await {
            tracing::warn!(error = format!("{error:#}"), "a flag was set, and cannot be read yet");
        }
        Ok(Reply::new(flag_shown(app, flag, Some(stored))))
    }

    /// The lanes: how much waits, how long, what runs, what died.
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

    /// Everybody's jobs, newest first.
    #[oai(path = "/admin/jobs", method = "get", operation_id = "listAllJobs")]
    async fn list_jobs(
        &self,
        _admin: Admin,
        /// Only this kind.
        kind: Query<Option<String>>,
        /// Only this status.
        status: Query<Option<String>>,
        /// Only this person's.
        user: Query<Option<Uuid>>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<AdminJobPage>, ApiError> {
        let filter = filter(kind.0, status.0.as_deref())?;
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(JobId);
        let user = user.0.map(UserId);
        let mut rows = self.app.operations.list(user, &filter, before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.job.id.0));
        Ok(Reply::new(AdminJobPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Jobs that stopped their worker too often, newest first.
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

    /// Repeats a job that has ended: a new job with a new log, in its owner's name. No limit counts it.
    ///
    /// 409 `NOT_FINAL` while it is active, 422 `RULE_REFUSED` when nothing is left to work on, 409 `ACTIVE_GENERATION` while
    /// its owner is being erased. A repeated erase reaches what existed when the person asked, and no more.
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
    Flag::parse(name).ok_or_else(|| ApiError::new(Code::NotFound, "there is no flag of this name"))
}

fn flag_shown(app: &App, flag: Flag, stored: Option<Stored>) -> FlagShown {
    let known = app.flags.known(flag);
    let (source, updated_at) = match &stored {
        Some(stored) => ("row", Some(stored.updated_at)),
        None => ("default", None),
    };
    let setting = stored.map_or_else(|| app.flags.by_default(flag), |stored| stored.setting);
    FlagShown {
        name: flag.as_str().to_owned(),
        enabled: setting.enabled,
        in_effect: setting == known,
        users: setting.users.map(|users| users.iter().map(UserId::to_string).collect()),
        source: source.to_owned(),
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
        lane: load.lane,
        queued: load.queued,
        oldest_due_seconds: load.oldest_due_seconds,
        running: load.running,
        dead: load.dead,
        redis_depth,
    }
}
