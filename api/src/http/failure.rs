//! Why work failed, as jobs, generations, runs and final events carry it. The worker writes it; this describes it in the
//! OpenAPI document.

use poem_openapi::Object;

/// Why work failed.
#[derive(Debug, Object)]
#[oai(rename = "Failure")]
pub struct FailureResponse {
    /// Code for programs.
    code: String,
    /// Message for people.
    message: String,
    /// What the provider did.
    reason: Option<String>,
    /// The field of the entry, or the option, that it is about.
    field: Option<String>,
    /// The channel's limit that was passed.
    limit: Option<u64>,
    /// Whether the same request may succeed later.
    retryable: Option<bool>,
    /// The post that the channel takes this one for.
    existing_id: Option<String>,
    /// HTTP status of the provider's answer.
    provider_status: Option<i64>,
    /// The provider's code of the error.
    provider_code: Option<String>,
    /// The provider's id of the call.
    request_id: Option<String>,
    /// First 500 characters of the provider's answer, without secrets.
    excerpt: Option<String>,
    /// Milliseconds that the call took.
    latency_ms: Option<i64>,
    /// Pause that the provider asks for.
    retry_after_seconds: Option<i64>,
}
