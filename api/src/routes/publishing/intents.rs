//! Intents over HTTP: list, show, cancel, retry, resolve.

use almanac_shared::{
    jobs::{CancelOutcome, Kind},
    platform::{
        error::Code,
        flags::Flag,
        id::{CalendarId, IntentId},
        telemetry,
    },
    publishing::{
        IntentStatus as Status,
        service::{IntentFilter, Publishing},
        stored::Resolution,
    },
};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    dto::{
        NoOptions, ResolveCommand,
        intent::{IntentCancelling, IntentPage, IntentResponse},
    },
    observe,
};
use crate::{
    auth::Caller,
    http::{
        document_types::IntentStatus,
        error::{ApiError, Detail},
        idempotent_json::IdempotentJson,
        idempotent_post::{self, IdempotentPost},
        page,
        reply::Reply,
    },
    routes::Tag,
    state::App,
};

/// The routes of intents.
pub struct IntentsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Cancelled {
    /// Cancellation was requested.
    #[oai(status = 202)]
    Cancelling(Reply<IntentCancelling>),
}

#[derive(ApiResponse)]
enum Retried {
    /// Accepted: a new job of the same intent.
    #[oai(status = 202)]
    Accepted(
        Reply<IntentResponse>,
        #[oai(header = "Location")] Option<String>,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
    ),
}

#[derive(ApiResponse)]
enum Resolved {
    /// The intent after its review.
    #[oai(status = 200)]
    Intent(Reply<IntentResponse>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Publishing")]
impl IntentsApi {
    /// List intents, newest first
    #[oai(path = "/publish/intents", method = "get", operation_id = "listIntents")]
    async fn list(
        &self,
        caller: Caller,
        /// Only entries of this calendar.
        #[oai(name = "calendarId")]
        calendar_id: Query<Option<String>>,
        /// Only intents with this status.
        status: Query<Option<IntentStatus>>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<IntentPage>, ApiError> {
        let app = &self.app;
        let filter = filter(calendar_id.0.as_deref(), status.0.as_deref())?;
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(IntentId);
        let mut rows = app.publishing.intents(caller.user, filter, before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.id.0));
        Ok(app.about_jobs(IntentPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Show an intent
    #[oai(path = "/publish/intents/:id", method = "get", operation_id = "showIntent")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<IntentResponse>, ApiError> {
        let intent = self.app.publishing.intent(caller.user, IntentId(id.0)).await?;
        Ok(self.app.about_jobs(intent.into()))
    }

    /// Cancel an intent
    ///
    /// One that waits ends at once, and one that a worker has ends soon. One whose post was sent is looked up first: it ends as
    /// `published` if the channel has the post. A final one, and one that needs a review, is 409 `ALREADY_FINAL`.
    #[oai(path = "/publish/intents/:id/cancel", method = "post", operation_id = "cancelIntent")]
    async fn cancel(&self, caller: Caller, id: Path<Uuid>) -> Result<Cancelled, ApiError> {
        let cancelled = self.app.publishing.cancel(caller.user, IntentId(id.0)).await?;
        if cancelled.outcome == CancelOutcome::Ended {
            observe::ended(&self.app, caller.user, cancelled.job).await;
        }
        Ok(Cancelled::Cancelling(self.app.about_jobs(IntentCancelling { status: "cancelling".into() })))
    }

    /// Retry a failed intent
    ///
    /// A new job of the same intent, with the entry as it was accepted, unless it was saved since. One that was published or
    /// cancelled, or needs a review, is 409 `ALREADY_FINAL`, one that has not ended 409 `UNFINISHED`, and one whose entry has
    /// another intent on its way to the account 409 `ALREADY_PUBLISHED`. While `PUBLISH_SERVICE_ENABLED` is off for the caller
    /// it is 409 `SERVICE_DISABLED`.
    #[oai(path = "/publish/intents/:id/retry", method = "post", operation_id = "retryIntent")]
    async fn retry(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        command: IdempotentJson<Option<NoOptions>>,
    ) -> Result<Retried, ApiError> {
        let app = &self.app;
        if !app.flags.is_on(Flag::PublishService, Some(caller.user)) {
            let message = "Publishing is switched off; retry the intent when it is on again.";
            return Err(ApiError::new(Code::ServiceDisabled, message));
        }
        let path = format!("/v1/publish/intents/{}/retry", id.0);
        let mut once = IdempotentPost::begin(app, caller.user, path, command.key).await?;
        if let Some(again) = once.replay()? {
            let location = once.known().and_then(location_of);
            return Ok(Retried::Accepted(again, location, idempotent_post::replayed()));
        }
        let trace = telemetry::current_traceparent();
        let request_id = Some(caller.request_id.as_str());
        match Publishing::retry(once.tx(), IntentId(id.0), trace.as_deref(), request_id).await {
            Ok(intent) => {
                let location = location(&intent.job_id.to_string());
                let reply = once.keep(intent.clone().into()).await?;
                app.publishing.notify_retry(&intent, trace);
                app.metrics.job_accepted(Kind::Publish.as_str());
                Ok(Retried::Accepted(reply, Some(location), None))
            }
            Err(refusal) => {
                drop(once);
                Err(app.refused(caller.user, refusal).await)
            }
        }
    }

    /// Resolve an intent that needs a review
    ///
    /// A person has looked on the channel: the post is there (`published`, perhaps with its address), or it is not
    /// (`not_published`: the intent has failed and can be retried). Writes the intent's receipt. An intent that needs no
    /// review is 409 `ALREADY_FINAL`, one that has not ended 409 `UNFINISHED`.
    #[oai(path = "/publish/intents/:id/resolve", method = "post", operation_id = "resolveIntent")]
    async fn resolve(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        command: IdempotentJson<ResolveCommand>,
    ) -> Result<Resolved, ApiError> {
        let (resolution, url) = resolution(&command.body)?;
        let path = format!("/v1/publish/intents/{}/resolve", id.0);
        let mut once = IdempotentPost::begin(&self.app, caller.user, path, command.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Resolved::Intent(again, idempotent_post::replayed()));
        }
        let intent = Publishing::resolve(once.tx(), IntentId(id.0), resolution, url.as_deref()).await?;
        Ok(Resolved::Intent(once.keep(intent.into()).await?, None))
    }
}

fn location(job: &str) -> String {
    format!("/v1/jobs/{job}")
}

/// The job of a stored answer.
fn location_of(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    answer["jobId"].as_str().map(location)
}

fn filter(calendar: Option<&str>, status: Option<&str>) -> Result<IntentFilter, ApiError> {
    let refuse =
        |name: &str, kind: &str, message: &str| ApiError::invalid(vec![Detail::at(["query", name], kind, message)]);
    let calendar = calendar.map(str::parse::<CalendarId>).transpose();
    let calendar = calendar.map_err(|_| refuse("calendarId", "uuid", "is no id of a calendar"))?;
    let status = status.map(|word| Status::parse(word).ok_or(word)).transpose();
    let status = status.map_err(|_| refuse("status", "enum", "is no status of an intent"))?;
    Ok(IntentFilter { calendar, status })
}

/// What a person found, and the address of the post in its normal spelling.
fn resolution(command: &ResolveCommand) -> Result<(Resolution, Option<String>), ApiError> {
    let refuse =
        |name: &str, kind: &str, message: &str| ApiError::invalid(vec![Detail::at(["body", name], kind, message)]);
    let resolution = Resolution::parse(&command.outcome)
        .ok_or_else(|| refuse("outcome", "enum", "must be published or not_published"))?;
    let Some(url) = &command.url else { return Ok((resolution, None)) };
    let url = Url::parse(&url.0).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let url = url.map(String::from).filter(|url| url.len() <= super::dto::URL_MAX);
    let url =
        url.ok_or_else(|| refuse("url", "value", "must be an http or https address of at most 2,000 characters"))?;
    Ok((resolution, Some(url)))
}
