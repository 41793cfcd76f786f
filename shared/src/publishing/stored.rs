//! Plans and intents as they are stored, for their owner. Filled by the store, called by the service and the routes; holds
//! records, decides nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Channel, IntentStatus, Transport};
use crate::{
    platform::id::{CalendarId, IntentId, JobId, PublishPlanId, RunId, UserId},
    values::wire_enum::wire_enum,
};

/// What one request publishes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its id.
    pub id: PublishPlanId,
    /// Who asked for it.
    pub user_id: UserId,
    /// Names transport, accounts, requests and options.
    pub plan_hash: String,
    /// Where requests go.
    pub transport: Transport,
    /// Entries that were left out, with codes.
    pub skipped: Value,
    /// Accepted at.
    pub created_at: DateTime<Utc>,
}

/// An intent in the list of its plan.
#[derive(Clone, Debug)]
pub struct PlanIntent {
    /// Its id.
    pub id: IntentId,
    /// Its entry or placement.
    pub entry_id: String,
    /// Its channel.
    pub channel: Channel,
    /// Its account.
    pub account_id: String,
    /// Its state.
    pub status: IntentStatus,
    /// The post's address.
    pub external_url: Option<String>,
    /// Why it was not published, or needs a review.
    pub error: Option<Value>,
}

/// One entry on its way to one account.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Its id.
    pub id: IntentId,
    /// Its owner.
    pub user_id: UserId,
    /// The plan it is part of.
    pub plan_id: PublishPlanId,
    /// The calendar of its entry; a placement has none.
    pub calendar_id: Option<CalendarId>,
    /// The brand of its placement; an entry has none.
    pub brand_id: Option<String>,
    /// The run that last wrote the entry.
    pub run_id: Option<RunId>,
    /// Its entry or placement.
    pub entry_id: String,
    /// Its channel.
    pub channel: Channel,
    /// Its account.
    pub account_id: String,
    /// Where its requests are sent.
    pub transport: Transport,
    /// Its requests, without secrets.
    pub payload: Value,
    /// Names the requests.
    pub payload_hash: String,
    /// When it is due.
    pub publish_at: DateTime<Utc>,
    /// Its state.
    pub status: IntentStatus,
    /// Why it was not published, or needs a review.
    pub error: Option<Value>,
    /// 1 and the number of retries.
    pub attempt: i32,
    /// The vendor's id of the post.
    pub external_id: Option<String>,
    /// The post's address.
    pub external_url: Option<String>,
    /// Accepted at.
    pub created_at: DateTime<Utc>,
    /// Last changed at.
    pub updated_at: DateTime<Utc>,
    /// The job of its latest attempt.
    pub job_id: JobId,
}

/// Where an intent stands.
#[derive(Clone, Debug, PartialEq)]
pub struct IntentState {
    /// Its id.
    pub id: IntentId,
    /// Its state.
    pub status: IntentStatus,
    /// The post's address.
    pub external_url: Option<String>,
    /// Why it was not published, or needs a review.
    pub error: Option<Value>,
    /// Last changed at.
    pub updated_at: DateTime<Utc>,
}

wire_enum! {
    /// What a person found out about an intent that needs a review.
    pub enum Resolution {
        /// The post is there.
        Published = "published",
        /// It is not.
        NotPublished = "not_published",
    }
}

/// Numbers of intents by state.
pub fn counts(states: impl IntoIterator<Item = IntentStatus>) -> BTreeMap<IntentStatus, u64> {
    let mut counts = BTreeMap::new();
    for status in states {
        *counts.entry(status).or_default() += 1;
    }
    counts
}
