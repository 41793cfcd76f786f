//! What a provider's refusal means: status, headers and error body in, a classified error out.
//! Called by the adapter for every answer that is not a completion, and for errors inside a stream.
//! Pure; it never decides what to do about the refusal.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use crate::outbound::{ai::AiErrorKind, retry_after::retry_after as headers_retry_after};

/// No provider is believed to need longer; also what keeps a nonsense header from overflowing a clock.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// The kind of an HTTP refusal. `body` is the answer's JSON, or null.
pub(super) fn kind(status: u16, body: &Value) -> AiErrorKind {
    use AiErrorKind as Kind;
    let error = body.get("error").unwrap_or(body);
    if let Some(kind) = kind_by_type(error) {
        return kind;
    }
    match status {
        401 => Kind::Auth,
        402 => Kind::Quota,
        403 => Kind::Policy,
        429 => Kind::RateLimited,
        408 | 500.. => Kind::Transient,
        _ => Kind::Rejected,
    }
}

/// The kind of an error chunk inside an answer that had begun, and the status number it carried, if any. What is retried
/// before an answer is not retried at once inside one: items may have been kept, so the caller asks for the rest.
pub(super) fn kind_in_stream(error: &Value) -> (AiErrorKind, Option<u16>) {
    use AiErrorKind as Kind;
    let code = error.get("code").and_then(number).and_then(|code| u16::try_from(code).ok());
    let kind = match (kind_by_type(error), code) {
        (Some(Kind::Transient | Kind::RateLimited), _) => Kind::InStream,
        (Some(kind), _) => kind,
        (None, Some(status @ 400..=499)) => match kind(status, error) {
            Kind::Transient | Kind::RateLimited => Kind::InStream,
            kind => kind,
        },
        (None, _) => Kind::InStream,
    };
    (kind, code)
}

/// How long the provider asks us to wait, by its headers or the error object.
pub(super) fn retry_after(headers: &HeaderMap, body: &Value) -> Option<Duration> {
    let asked = || body.pointer("/error/availability/retry_after").and_then(number).map(Duration::from_secs);
    headers_retry_after(headers).or_else(asked).map(|wait| wait.min(LONGEST_WAIT))
}

/// The discriminators providers promise to keep: OpenRouter's `error_type` and `availability`, OpenAI's `code`.
fn kind_by_type(error: &Value) -> Option<AiErrorKind> {
    use AiErrorKind as Kind;
    let names = ["/metadata/error_type", "/error_type", "/code", "/type"];
    let named = names.iter().filter_map(|path| error.pointer(path)?.as_str()).find_map(|name| match name {
        "content_policy_violation" | "refusal" | "content_filter" => Some(Kind::Policy),
        "authentication" | "permission_denied" | "invalid_api_key" => Some(Kind::Auth),
        "payment_required" | "insufficient_quota" => Some(Kind::Quota),
        "rate_limit_exceeded" => Some(Kind::RateLimited),
        "provider_overloaded" | "provider_unavailable" | "server" | "timeout" => Some(Kind::Transient),
        _ => None,
    });
    named.or_else(|| match error.pointer("/availability/retryable")?.as_bool()? {
        true => Some(Kind::Transient),
        false => Some(Kind::Rejected),
    })
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use http::header;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_refusal_has_its_kind() {
        use AiErrorKind as Kind;
        let typed = |name: &str| json!({"error": {"code": 400, "metadata": {"error_type": name}}});
        let table = [
            (400, Value::Null, Kind::Rejected),
            (400, typed("content_policy_violation"), Kind::Policy),
            (400, typed("context_length_exceeded"), Kind::Rejected),
            (401, Value::Null, Kind::Auth),
            (402, Value::Null, Kind::Quota),
            (403, json!({"error": {"metadata": {"reasons": ["violence"]}}}), Kind::Policy),
            (403, typed("permission_denied"), Kind::Auth),
            (404, Value::Null, Kind::Rejected),
            (404, json!({"error": {"availability": {"retryable": true}}}), Kind::Transient),
            (408, Value::Null, Kind::Transient),
            (413, Value::Null, Kind::Rejected),
            (422, Value::Null, Kind::Rejected),
            (429, Value::Null, Kind::RateLimited),
            (429, json!({"error": {"code": "insufficient_quota"}}), Kind::Quota),
            (302, Value::Null, Kind::Rejected),
            (500, json!({"error": "text"}), Kind::Transient),
            (502, Value::Null, Kind::Transient),
            (503, json!({"error": {"availability": {"retryable": false}}}), Kind::Rejected),
            (504, Value::Null, Kind::Transient),
            (524, Value::Null, Kind::Transient),
            (529, Value::Null, Kind::Transient),
        ];

        for (status, body, expected) in table {
            assert_eq!(kind(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn an_error_in_the_stream_is_not_taken_for_one_before_it() {
        use AiErrorKind as Kind;
        let table = [
            (json!({"code": 502, "metadata": {"error_type": "provider_unavailable"}}), Kind::InStream, Some(502)),
            (json!({"code": "server_error"}), Kind::InStream, None),
            (json!({"code": "429"}), Kind::InStream, Some(429)),
            (json!({"code": 403}), Kind::Policy, Some(403)),
            (json!({"code": 402}), Kind::Quota, Some(402)),
            (json!("overloaded"), Kind::InStream, None),
        ];

        for (error, kind, status) in table {
            assert_eq!(kind_in_stream(&error), (kind, status), "{error}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let table = [
            (Some("7"), None, Value::Null, Some(7)),
            (Some("Sun, 06 Nov 1994 08:49:50 GMT"), Some(date), Value::Null, Some(13)),
            (Some("Sun, 06 Nov 1994 08:49:00 GMT"), Some(date), Value::Null, Some(0)),
            (Some("Sun, 06 Nov 1994 08:49:50 GMT"), None, Value::Null, None),
            (Some("soon"), Some(date), Value::Null, None),
            (Some("99999999999"), None, Value::Null, Some(3_600)),
            (None, None, json!({"error": {"availability": {"retry_after": 4}}}), Some(4)),
        ];

        for (after, date, body, seconds) in table {
            let mut headers = HeaderMap::new();
            after.map(|value| headers.insert(header::RETRY_AFTER, value.parse().unwrap()));
            date.map(|value| headers.insert(header::DATE, value.parse().unwrap()));
            assert_eq!(retry_after(&headers, &body), seconds.map(Duration::from_secs), "{after:?}");
        }
    }
}
