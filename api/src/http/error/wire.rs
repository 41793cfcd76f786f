//! The refusal's envelope as it stands on the wire and in the OpenAPI document.
//! `error` fills it. It must never hold a cause, only what a client may read.

use almanac_shared::platform::error::{ActiveJob, Flaw};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;
use serde_json::Value;

use super::ApiError;
use crate::http::reply::{Meta, Urls};

/// One thing that is wrong with a request, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub struct Detail {
    /// The way there, from `body`, `query`, `path` or `header`: names and indexes.
    pub loc: Vec<Value>,
    /// For a person.
    pub msg: String,
    /// For a program, e.g. `missing`, `too_short`.
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

impl From<Flaw> for Detail {
    fn from(flaw: Flaw) -> Self {
        Self::at([Value::from("body")].into_iter().chain(flaw.loc), flaw.kind, flaw.message)
    }
}

/// The job that stands in the way, as a client sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
#[oai(rename = "ActiveJob")]
pub struct Active {
    /// The running job.
    pub id: String,
    /// Its kind, e.g. `calendar.generate`.
    pub kind: String,
    /// Where to look at it, follow it, cancel it.
    pub urls: Urls,
}

impl From<ActiveJob> for Active {
    fn from(job: ActiveJob) -> Self {
        Self { id: job.id.to_string(), urls: Urls::of_job(&job.kind, job.id), kind: job.kind }
    }
}

/// The `error` of the envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Error", rename_all = "camelCase", skip_serializing_if_is_none)]
struct ErrorBody {
    /// `UPPER_SNAKE`, repeated in the header `X-Error-Code`.
    code: String,
    /// For a person.
    message: String,
    /// What exactly is wrong, where it can be said.
    details: Vec<Detail>,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Seconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u32>,
    /// The publishing channel it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The job that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<Active>,
}

/// The whole body of a refusal; `data` is always null.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "ErrorEnvelope")]
struct ErrorEnvelope {
    /// Always null.
    data: Option<Value>,
    /// What went wrong.
    error: ErrorBody,
    /// About this answer.
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

/// The refusals every operation may answer, for the document.
const DOCUMENTED: &[(u16, &str)] = &[
    (400, "The request does not match the schema"),
    (401, "No token, or one that does not verify"),
    (403, "The caller is known but may not"),
    (404, "Missing, or not yours"),
    (409, "The present state is in the way"),
    (412, "`If-Match` does not match the current version"),
    (413, "The body is over 256 KiB"),
    (415, "A content type this operation does not read"),
    (422, "Well-formed, but refused by a rule"),
    (429, "Rate limited; carries `Retry-After`"),
    (500, "Our fault"),
    (503, "Cannot be accepted now; carries `Retry-After`"),
];

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        let responses = DOCUMENTED.iter().map(|&(status, description)| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType { content_type: "application/json", schema: ErrorEnvelope::schema_ref() }],
            headers: Vec::new(),
        });
        MetaResponses { responses: responses.collect() }
    }

    fn register(registry: &mut Registry) {
        ErrorEnvelope::register(registry);
    }
}
