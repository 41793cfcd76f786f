//! Plans: what a dry run shows, what a real call accepts, what is stored.

use std::collections::BTreeMap;

use almanac_shared::{
    platform::{error::Code, id::PublishPlanId},
    publishing::{
        IntentStatus as Status, Problem, Transport, Warning,
        plan::{Plan, PlannedIntent},
        render::Request,
        rules::Skipped,
        service::AcceptedPlan,
        stored::{self, PlanIntent},
    },
};
use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Serialize;
use serde_json::Value;

use crate::http::{
    document_types::{ChannelMethod, DeferredStatus, IntentStatus, Of, PublishChannel, PublishTransport},
    failure::FailureResponse,
};

/// An accepted request to publish.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PublishAccepted {
    /// Null while the request is deferred.
    #[oai(nullable)]
    plan_id: Option<String>,
    /// Null while the request is deferred.
    #[oai(nullable)]
    plan_hash: Option<String>,
    transport: PublishTransport,
    /// Present if Postgres cannot be reached: the request is kept on disk and submitted when Postgres is back. The same
    /// `Idempotency-Key` then answers what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    status: Option<DeferredStatus>,
    intents: Vec<IntentSummary>,
    skipped: Vec<SkippedEntry>,
    /// Null while the request is deferred.
    #[oai(nullable)]
    urls: Option<PlanUrls>,
}

/// Links of a plan.
#[derive(Clone, Debug, Serialize, Object)]
pub struct PlanUrls {
    /// The plan.
    #[serde(rename = "self")]
    #[oai(rename = "self")]
    resource: String,
    /// The events of its intents.
    events: String,
}

/// An intent of an accepted plan.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct IntentSummary {
    id: String,
    /// The entry or placement.
    entry_id: String,
    channel: PublishChannel,
    account_id: String,
    /// `pending`, or `failed` with an error: the channel does not take the entry as it is.
    status: IntentStatus,
    /// Why it cannot be published as it is.
    #[oai(nullable)]
    error: Option<PublishProblem>,
}

/// An entry that is left out.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct SkippedEntry {
    /// The entry or placement.
    entry_id: String,
    /// `CHANNEL_UNSUPPORTED`, `ALREADY_PUBLISHED` or `IN_THE_PAST`.
    code: String,
}

/// What a request would publish.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PublishDryRun {
    /// Always null.
    #[oai(nullable)]
    plan_id: Option<String>,
    /// Approves this plan in the real call; null if Postgres cannot be reached.
    #[oai(nullable)]
    plan_hash: Option<String>,
    transport: PublishTransport,
    intents: Vec<DryRunIntent>,
    skipped: Vec<SkippedEntry>,
    /// What is to be known about the whole answer.
    warnings: Vec<PublishWarning>,
    /// Always null.
    #[oai(nullable)]
    urls: Option<PlanUrls>,
}

/// An entry on its way to an account, as it would be sent.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct DryRunIntent {
    /// Always null.
    #[oai(nullable)]
    id: Option<String>,
    /// The entry or placement.
    entry_id: String,
    channel: PublishChannel,
    /// Null if no account was found.
    #[oai(nullable)]
    account_id: Option<String>,
    /// `dry_run`, or `failed` with an error.
    status: IntentStatus,
    /// The requests that publish it, in order; empty with an error. `{{name}}` stands for a value that is known only later.
    requests: Vec<ChannelRequest>,
    warnings: Vec<PublishWarning>,
    /// Why it cannot be published as it is.
    #[oai(nullable)]
    error: Option<PublishProblem>,
}

/// One request to a channel, without secrets.
#[derive(Clone, Debug, Serialize, Object)]
pub struct ChannelRequest {
    step: String,
    method: ChannelMethod,
    url: String,
    headers: BTreeMap<String, String>,
    /// JSON, or a placeholder for the bytes of a file.
    #[oai(nullable)]
    body: Option<Value>,
}

/// Something to be known about a post that can be published.
#[derive(Clone, Debug, Serialize, Object)]
pub struct PublishWarning {
    code: String,
    message: String,
    /// The field of the entry, or the option, that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    field: Option<String>,
}

/// Why an entry cannot be published as it is.
#[derive(Clone, Debug, Serialize, Object)]
pub struct PublishProblem {
    code: String,
    message: String,
    /// The field of the entry, or the option, that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    field: Option<String>,
    /// The channel's limit that was passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    limit: Option<u64>,
}

/// A stored plan.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlanResponse {
    plan_id: String,
    plan_hash: String,
    transport: PublishTransport,
    /// Id of the user who asked for it.
    approved_by: String,
    created_at: DateTime<Utc>,
    counts: PlanCounts,
    intents: Vec<PlanIntentResponse>,
    skipped: Vec<Of<SkippedEntry>>,
}

/// Number of intents of a plan, by status.
#[derive(Clone, Debug, Default, Serialize, Object)]
pub struct PlanCounts {
    total: u64,
    pending: u64,
    publishing: u64,
    published: u64,
    failed: u64,
    unknown: u64,
    needs_review: u64,
    cancelled: u64,
}

/// An intent in its plan.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlanIntentResponse {
    id: String,
    /// The entry or placement.
    entry_id: String,
    channel: PublishChannel,
    account_id: String,
    status: IntentStatus,
    /// Address of the post.
    #[oai(nullable)]
    external_url: Option<String>,
    /// Why it was not published, or needs a review.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
}

impl PlanUrls {
    fn of(id: PublishPlanId) -> Self {
        let resource = location(id);
        Self { events: format!("{resource}/events"), resource }
    }
}

/// The address of a plan.
pub fn location(id: impl std::fmt::Display) -> String {
    format!("/v1/publish/plans/{id}")
}

impl From<AcceptedPlan<'_>> for PublishAccepted {
    fn from(AcceptedPlan { id, plan, intents }: AcceptedPlan<'_>) -> Self {
        let summary = |(intent, id): (&PlannedIntent, &almanac_shared::platform::id::IntentId)| IntentSummary {
            id: id.to_string(),
            entry_id: intent.entry.id.clone(),
            channel: intent.channel.as_str().into(),
            account_id: intent.account_id.clone().unwrap_or_default(),
            status: intent.error.as_ref().map_or(Status::Pending, |_| Status::Failed).as_str().into(),
            error: intent.error.as_ref().map(Into::into),
        };
        Self {
            plan_id: Some(id.to_string()),
            plan_hash: Some(plan.plan_hash.clone()),
            transport: plan.transport.as_str().into(),
            status: None,
            intents: plan.intents.iter().zip(intents).map(summary).collect(),
            skipped: plan.skipped.iter().map(Into::into).collect(),
            urls: Some(PlanUrls::of(id)),
        }
    }
}

impl PublishAccepted {
    /// The answer to a request that waits until Postgres is back.
    pub fn deferred(transport: Transport) -> Self {
        Self {
            plan_id: None,
            plan_hash: None,
            transport: transport.as_str().into(),
            status: Some(Status::Deferred.as_str().into()),
            intents: Vec::new(),
            skipped: Vec::new(),
            urls: None,
        }
    }
}

impl PublishDryRun {
    /// The answer while Postgres cannot be reached: what the entries say is not known.
    pub fn without_store(transport: Transport) -> Self {
        let message = "The entries cannot be read now; run the dry run again.".to_owned();
        Self {
            plan_id: None,
            plan_hash: None,
            transport: transport.as_str().into(),
            intents: Vec::new(),
            skipped: Vec::new(),
            warnings: vec![PublishWarning { code: Code::StoreUnavailable.as_str().to_owned(), message, field: None }],
            urls: None,
        }
    }
}

impl From<Plan> for PublishDryRun {
    fn from(plan: Plan) -> Self {
        Self {
            plan_id: None,
            plan_hash: Some(plan.plan_hash),
            transport: plan.transport.as_str().into(),
            intents: plan.intents.into_iter().map(Into::into).collect(),
            skipped: plan.skipped.iter().map(Into::into).collect(),
            warnings: Vec::new(),
            urls: None,
        }
    }
}

impl From<PlannedIntent> for DryRunIntent {
    fn from(intent: PlannedIntent) -> Self {
        let status = if intent.error.is_some() { Status::Failed } else { Status::DryRun };
        Self {
            id: None,
            entry_id: intent.entry.id,
            channel: intent.channel.as_str().into(),
            account_id: intent.account_id,
            status: status.as_str().into(),
            requests: intent.requests.into_iter().map(Into::into).collect(),
            warnings: intent.warnings.into_iter().map(Into::into).collect(),
            error: intent.error.map(Into::into),
        }
    }
}

impl From<Request> for ChannelRequest {
    fn from(request: Request) -> Self {
        Self {
            step: request.step,
            method: request.method.as_str().into(),
            url: request.url,
            headers: request.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: Some(request.body).filter(|body| !body.is_null()),
        }
    }
}

impl From<Warning> for PublishWarning {
    fn from(Warning { code, message, field }: Warning) -> Self {
        Self { code: code.as_str().to_owned(), message, field: field.map(str::to_owned) }
    }
}

impl From<&Problem> for PublishProblem {
    fn from(problem: &Problem) -> Self {
        problem.clone().into()
    }
}

impl From<Problem> for PublishProblem {
    fn from(Problem { code, message, field, limit }: Problem) -> Self {
        let limit = limit.and_then(|limit| u64::try_from(limit).ok());
        Self { code: code.as_str().to_owned(), message, field: field.map(str::to_owned), limit }
    }
}

impl From<&Skipped> for SkippedEntry {
    fn from(skipped: &Skipped) -> Self {
        Self { entry_id: skipped.entry_id.clone(), code: skipped.code.as_str().to_owned() }
    }
}

impl From<(stored::Plan, Vec<PlanIntent>)> for PlanResponse {
    fn from((plan, intents): (stored::Plan, Vec<PlanIntent>)) -> Self {
        let skipped = plan.skipped.as_array().into_iter().flatten().cloned();
        Self {
            plan_id: plan.id.to_string(),
            plan_hash: plan.plan_hash,
            transport: plan.transport.as_str().into(),
            approved_by: plan.user_id.to_string(),
            created_at: plan.created_at,
            counts: PlanCounts::of(intents.iter().map(|intent| intent.status)),
            intents: intents.into_iter().map(Into::into).collect(),
            skipped: skipped.map(Into::into).collect(),
        }
    }
}

impl PlanCounts {
    /// Of the intents with these states.
    pub fn of(states: impl Iterator<Item = Status>) -> Self {
        let counts = stored::counts(states);
        let of = |status| counts.get(&status).copied().unwrap_or(0);
        Self {
            total: counts.values().sum(),
            pending: of(Status::Pending),
            publishing: of(Status::Publishing),
            published: of(Status::Published),
            failed: of(Status::Failed),
            unknown: of(Status::Unknown),
            needs_review: of(Status::NeedsReview),
            cancelled: of(Status::Cancelled),
        }
    }
}

impl From<PlanIntent> for PlanIntentResponse {
    fn from(intent: PlanIntent) -> Self {
        Self {
            id: intent.id.to_string(),
            entry_id: intent.entry_id,
            channel: intent.channel.as_str().into(),
            account_id: intent.account_id,
            status: intent.status.as_str().into(),
            external_url: intent.external_url,
            error: intent.error.map(Into::into),
        }
    }
}
