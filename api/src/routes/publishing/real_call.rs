//! The real call: submitted, answered again, or refused; and the answers that are stored under an idempotency key.

use std::time::Duration;

use almanac_shared::{
    jobs::{Kind, limits},
    platform::{
        error::{Code, LimitState, Refusal},
        faults::{self, Point},
        id::UserId,
        telemetry,
    },
    publishing::{
        IntentStatus,
        request::Order,
        service::{AcceptedPlan, Submission, Submitted},
    },
};
use poem::http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Published,
    dto::plan::{self, PublishAccepted},
    observe,
};
use crate::{
    auth::Caller,
    http::{
        error::{ApiError, Detail},
        idempotent_post,
        reply::Reply,
    },
    spool::{NewDeferred, NotKept},
    state::App,
};

/// How long the answer to a repeated request waits for the state of the limit, which it does not count in.
const PATIENCE: Duration = Duration::from_millis(250);
/// `Retry-After` while the spool takes nothing, in seconds.
const RETRY_AFTER: u32 = 5;

/// A refusal as it is stored under a key.
#[derive(Debug, Deserialize, Serialize)]
struct StoredRefusal {
    code: String,
    message: String,
    details: Vec<Detail>,
    channel: Option<String>,
}

/// Submits an order.
pub(super) async fn submit(
    app: &App,
    caller: &Caller,
    order: Order,
    key: Option<(String, [u8; 32])>,
) -> Result<Published, ApiError> {
    let submission = Submission {
        user: caller.user,
        order,
        key,
        trace: telemetry::current_traceparent(),
        request_id: Some(caller.request_id.as_str().to_owned()),
        deferred_at: None,
    };
    match app.publishing.submit(&submission, &write).await {
        Ok(submitted) => answer(app, caller, submitted).await,
        Err(Refusal::StoreGone(cause)) => {
            defer(app, caller, submission).await?.ok_or_else(|| Refusal::StoreGone(cause).into())
        }
        // If it is stored after all, the key makes both one request. If it cannot wait either, it is named.
        Err(refusal @ Refusal::Unconfirmed { .. }) => {
            defer(app, caller, submission).await.ok().flatten().ok_or_else(|| refusal.into())
        }
        Err(refusal) => {
            observe::refusal(app, &refusal);
            Err(app.refused(caller.user, app.limits.bucket(Kind::Publish).refused(refusal)).await)
        }
    }
}

/// Keeps a request until Postgres is back; not one without a key, and none without a folder for them.
async fn defer(app: &App, caller: &Caller, submission: Submission) -> Result<Option<Published>, ApiError> {
    let Some(key) = submission.key else { return Ok(None) };
    let limit = app.publish_dry_runs.admit(caller.user)?;
    let new = NewDeferred {
        user: caller.user,
        key,
        body: submission.order.body,
        request_id: caller.request_id.as_str().to_owned(),
        accepted_at: app.clock.now(),
    };
    match app.spool.keep(new).await {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(NotKept::KeyReused) => return Err(Refusal::KeyReused.into()),
        Err(error) => return Err(ApiError::unavailable(RETRY_AFTER, Some(error.into()))),
    }
    faults::pass(Point::AcceptedBeforeAnswer);
    tracing::info!(status = IntentStatus::Deferred.as_str(), "a request to publish waits until Postgres is back");
    let reply = Reply::new(PublishAccepted::deferred(app.publishing.transport())).degraded("storage");
    let (policy, left) = app.limits.bucket(Kind::Publish).values(limit);
    Ok(Some(Published::Accepted(reply, None, None, Some(policy), Some(left))))
}

/// The answer to an accepted or repeated request.
pub(super) async fn answer(app: &App, caller: &Caller, submitted: Submitted) -> Result<Published, ApiError> {
    let accepted = match submitted {
        Submitted::Accepted(accepted) => accepted,
        Submitted::Refused(stored) => return Err(refused_before(&stored)),
    };
    for _ in 0..accepted.made {
        app.metrics.job_accepted(Kind::Publish.as_str());
    }
    let written: Value = serde_json::from_str(&accepted.answer).unwrap_or_default();
    let location = written["planId"].as_str().map(plan::location);
    let replayed = (accepted.made == 0).then(idempotent_post::replayed).flatten();
    let limit = match accepted.limit {
        Some(limit) => Some(limit),
        None => limit_of(app, caller.user).await,
    };
    let (policy, left) = limit.map(|limit| app.limits.bucket(Kind::Publish).values(limit)).unzip();
    Ok(Published::Accepted(Reply::stored(accepted.answer)?, location, replayed, policy, left))
}

/// The bare answer that is stored with a plan.
pub(crate) fn write(accepted: AcceptedPlan<'_>) -> serde_json::Result<String> {
    serde_json::to_string(&PublishAccepted::from(accepted))
}

/// A refusal as text, to be stored under a key.
pub(crate) fn write_refusal(refusal: &ApiError) -> serde_json::Result<String> {
    serde_json::to_string(&StoredRefusal {
        code: refusal.code.as_str().to_owned(),
        message: refusal.message.clone(),
        details: refusal.details.clone(),
        channel: refusal.channel.clone(),
    })
}

fn refused_before(stored: &str) -> ApiError {
    let refusal: StoredRefusal = match serde_json::from_str(stored) {
        Ok(refusal) => refusal,
        Err(error) => return ApiError::internal(anyhow::Error::new(error).context("reading a stored refusal")),
    };
    let code = Code::parse(&refusal.code).unwrap_or(Code::Internal);
    let error = ApiError::new(code, refusal.message).details(refusal.details);
    let error = refusal.channel.into_iter().fold(error, ApiError::about_channel);
    error.with_header(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"))
}

async fn limit_of(app: &App, user: UserId) -> Option<LimitState> {
    let bucket = app.limits.bucket(Kind::Publish);
    let state = limits::state(&app.database, user, bucket.name, bucket.rate);
    tokio::time::timeout(PATIENCE, state).await.ok()?.ok()
}
