//! Answers of YouTube's Data API. Its reasons are words; some come from Google's API platform, which writes them in
//! capitals. <https://developers.google.com/youtube/v3/docs/errors>

use almanac_shared::platform::error::Code;
use chrono_tz::America::Los_Angeles;
use serde_json::Value;

use super::{
    ErrorClass, Verdict, auth, by_status, duplicate, permission, policy, quota, rate_limited, rejected, transient,
};
use crate::outbound::{
    channels::{answer::Answer, ids},
    retry_after::{retry_after, until_midnight},
};

/// An answer of YouTube; `None` if it is a success.
pub(in crate::outbound::channels) fn youtube(answer: &Answer) -> Option<Verdict> {
    if answer.is_success() {
        return None;
    }
    let text = |path: &str| answer.body.pointer(path).and_then(Value::as_str).filter(|text| ids::is_word(text));
    let reason = text("/error/errors/0/reason").or_else(|| text("/error/details/0/reason"));
    let reason = reason.or_else(|| text("/error/status"));
    let verdict = reason.and_then(by_reason).unwrap_or_else(|| by_status(answer.status));
    let verdict = if verdict.class == ErrorClass::RateLimited && is_daily(&answer.body) { quota() } else { verdict };
    let asked = retry_after(&answer.headers);
    let verdict = match verdict.class {
        // Quotas are counted by days of the Pacific coast. Such a day may have 25 hours.
        // <https://developers.google.com/youtube/v3/determine_quota_cost>
        ErrorClass::Quota => Verdict { retry_after: until_midnight(&answer.headers, Los_Angeles), ..verdict },
        _ => verdict.after(asked),
    };
    Some(Verdict { provider_code: reason.map(str::to_owned), ..verdict })
}

fn by_reason(reason: &str) -> Option<Verdict> {
    Some(match reason {
        "authError" | "authorizationRequired" | "expired" | "invalidCredentials" | "required" | "UNAUTHENTICATED" => {
            auth()
        }
        // A Google account without a channel is no matter of its tokens.
        "youtubeSignupRequired"
        | "forbidden"
        | "insufficientPermissions"
        | "insufficientAuthorization"
        | "accessNotConfigured"
        | "accountDelegationForbidden"
        | "channelForbidden"
        | "PERMISSION_DENIED"
        | "SERVICE_DISABLED"
        | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => permission(),
        "quotaExceeded" | "dailyLimitExceeded" | "uploadLimitExceeded" => quota(),
        "rateLimitExceeded"
        | "userRateLimitExceeded"
        | "concurrentLimitExceeded"
        | "RATE_LIMIT_EXCEEDED"
        | "RESOURCE_EXHAUSTED" => rate_limited(),
        "backendError" | "internalError" | "serviceUnavailable" | "processingFailure" | "INTERNAL" | "UNAVAILABLE" => {
            transient()
        }
        "accountClosed" | "accountSuspended" | "channelClosed" | "channelSuspended" | "termsOfUse" => policy(),
        "duplicate" => duplicate(),
        "mediaBodyRequired" | "badRequest" | "badContent" | "defaultLanguageNotSetError" => rejected(),
        invalid if invalid.starts_with("invalid") => rejected(),
        _ => return None,
    })
}

/// Whether a limit is one of the day, which the API platform answers like any other rate.
fn is_daily(body: &Value) -> bool {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let details = body.pointer("/error/details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let unit = |detail: &Value| detail.pointer("/metadata/quota_unit").and_then(Value::as_str).map(str::to_owned);
    details.iter().filter_map(unit).any(|unit| unit.contains("/d/")) || text("/error/message").contains(" per day")
}

/// What `status` of a video resource says of a video that YouTube has and does not show; `None` if nothing is wrong with it.
/// <https://developers.google.com/youtube/v3/docs/videos#status.uploadStatus>
pub(in crate::outbound::channels) fn youtube_processing(status: &Value) -> Option<Verdict> {
    let text = |name: &str| status.get(name).and_then(Value::as_str);
    let (verdict, reason) = match text("uploadStatus") {
        Some("failed") => {
            let message =
                "YouTube could not process the video. It stays among the channel's uploads, and nobody sees it.";
            (Verdict::of(ErrorClass::Validation, Code::ChannelRejected, message), text("failureReason"))
        }
        Some("rejected") => (rejection(text("rejectionReason")), text("rejectionReason")),
        _ => return None,
    };
    Some(Verdict { provider_code: reason.filter(|reason| ids::is_word(reason)).map(str::to_owned), ..verdict })
}

fn rejection(reason: Option<&str>) -> Verdict {
    let (class, code) = match reason {
        Some("duplicate") => (ErrorClass::Validation, Code::DuplicatePost),
        Some("length") => (ErrorClass::Validation, Code::ChannelRejected),
        _ => (ErrorClass::Policy, Code::ChannelPolicy),
    };
    let message =
        "YouTube rejected the video after it had arrived. It stays among the channel's uploads, and nobody sees it.";
    Verdict::of(class, code, message)
}
