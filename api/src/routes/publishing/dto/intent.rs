//! Intents as their owner sees them.

use almanac_shared::publishing::stored::Intent;
use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Serialize;

use super::plan::ChannelRequest;
use crate::http::{
    document_types::{CancellationStatus, IntentStatus, Of, PublishChannel, PublishTransport},
    failure::FailureResponse,
    reply::Urls,
};

/// One entry on its way to one account.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct IntentResponse {
    id: String,
    plan_id: String,
    /// Null for placements.
    #[oai(nullable)]
    calendar_id: Option<String>,
    /// Null for entries of a calendar.
    #[oai(nullable)]
    brand_id: Option<String>,
    /// The run that last wrote the entry; null if only people did.
    #[oai(nullable)]
    run_id: Option<String>,
    user_id: String,
    /// The entry or placement.
    entry_id: String,
    channel: PublishChannel,
    account_id: String,
    transport: PublishTransport,
    /// The requests that publish it, without secrets.
    payload: Of<Vec<ChannelRequest>>,
    payload_hash: String,
    /// When it is due.
    publish_at: DateTime<Utc>,
    status: IntentStatus,
    /// Why it was not published, or needs a review.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
    /// 1 and the number of retries.
    attempt: i32,
    /// The channel's id of the post.
    #[oai(nullable)]
    external_id: Option<String>,
    /// Address of the post.
    #[oai(nullable)]
    external_url: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// The job of the latest attempt.
    job_id: String,
    urls: Urls,
}

impl From<Intent> for IntentResponse {
    fn from(intent: Intent) -> Self {
        let mut urls = Urls::of_job(intent.job_id).about("intent", &intent.id.to_string());
        urls.cancel = format!("{}/cancel", urls.resource);
        Self {
            id: intent.id.to_string(),
            plan_id: intent.plan_id.to_string(),
            calendar_id: intent.calendar_id.map(|id| id.to_string()),
            brand_id: intent.brand_id,
            run_id: intent.run_id.map(|id| id.to_string()),
            user_id: intent.user_id.to_string(),
            entry_id: intent.entry_id,
            channel: intent.channel.as_str().into(),
            account_id: intent.account_id,
            transport: intent.transport.as_str().into(),
            payload: intent.payload.into(),
            payload_hash: intent.payload_hash,
            publish_at: intent.publish_at,
            status: intent.status.as_str().into(),
            error: intent.error.map(Into::into),
            attempt: intent.attempt,
            external_id: intent.external_id,
            external_url: intent.external_url,
            created_at: intent.created_at,
            updated_at: intent.updated_at,
            job_id: intent.job_id.to_string(),
            urls,
        }
    }
}

/// A page of intents.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct IntentPage {
    /// Newest first.
    pub items: Vec<IntentResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A cancellation that was requested.
#[derive(Debug, Serialize, Object)]
pub struct IntentCancelling {
    pub status: CancellationStatus,
}
