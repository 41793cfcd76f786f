//! The refusal's envelope as it stands on the wire and in the OpenAPI document.
//! `error` fills it. It must never hold a cause, only what a client may read.

use almanac_shared::platform::error::{ActiveJob, FieldError};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ApiError;
use crate::http::reply::{Meta, Urls};

/// One flaw of a request.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, Object)]
pub struct Detail {
    /// Path to the flaw: `body`, `query`, `path` or `header`, then names and indexes.
    pub loc: Vec<Value>,
    /// Message for people.
    pub msg: String,
    /// Kind of the flaw, e.g. `missing`, `too_short`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub kind: String,
}

impl Detail {
    /// A detail about `loc`, e.g. `["body", "source_text"]`.
    pub fn at<L: Into<Value>>(loc: impl IntoIterator<Item = L>, kind: &str, msg: impl Into<String>) -> Self {
        Self { loc: loc.into_iter().map(Into::into).collect(), msg: msg.into(), kind: kind.to_owned() }
    }
}

impl From<FieldError> for Detail {
    fn from(flaw: FieldError) -> Self {
        Self::at([Value::from("body")].into_iter().chain(flaw.loc), flaw.kind, flaw.message)
    }
}

/// The job that conflicts with the request.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
#[oai(rename = "ActiveJob")]
pub struct Active {
    /// Id of the job.
    pub id: String,
    /// Kind of the job, e.g. `calendar.generate`.
    pub kind: String,
    /// Links of the job.
    pub urls: Urls,
}

impl From<ActiveJob> for Active {
    fn from(job: ActiveJob) -> Self {
        Self { id: job.id.to_string(), urls: Urls::of_job(job.id), kind: job.kind }
    }
}

/// The `error` of the envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "ErrorBody", rename_all = "camelCase", skip_serializing_if_is_none)]
struct ErrorBody {
    /// `UPPER_SNAKE`; also in the header `X-Error-Code`.
    code: String,
    /// Message for people.
    message: String,
    /// Flaws of the request.
    details: Vec<Detail>,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Pause before the next attempt, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u32>,
    /// The publishing channel that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The job that conflicts with the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<Active>,
}

/// The body of every error.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "ErrorEnvelope")]
struct ErrorEnvelope {
    /// Always null.
    #[oai(nullable)]
    data: Option<Value>,
    error: ErrorBody,
    meta: Meta,
}

/// The body of a refusal.
pub(super) fn envelope(problem: &ApiError, retryable: bool, request_id: &str) -> Vec<u8> {
    let error = ErrorBody {
        code: problem.code.as_str().to_owned(),
        message: problem.message.clone(),
        details: problem.details.clone(),
        retryable,
        retry_after_seconds: problem.retry_after,
        channel: problem.channel.clone(),
        active: problem.active.clone(),
    };
    let envelope = ErrorEnvelope { data: None, error, meta: Meta::new(request_id) };
    // Strings, numbers and booleans only: there is nothing in it that serde_json can refuse.
    serde_json::to_vec(&envelope).unwrap_or_default()
}

/// The schema of the body of every error.
pub(crate) fn schema_ref() -> MetaSchemaRef {
    ErrorEnvelope::schema_ref()
}

/// Which errors an operation has is stated by `openapi::refusals`: the type does not say.
impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(registry: &mut Registry) {
        ErrorEnvelope::register(registry);
    }
}
