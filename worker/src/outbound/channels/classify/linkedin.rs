//! Answers of LinkedIn.
//! <https://learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling>

use almanac_shared::platform::error::Code;
use http::HeaderMap;
use serde_json::Value;

use super::{ErrorClass, Verdict, by_status, duplicate, quota, rate_limited};
use crate::outbound::{
    channels::{answer::Answer, ids},
    retry_after::{retry_after, until_utc_midnight},
};

/// An answer of LinkedIn; `None` if it is a success.
pub(in crate::outbound::channels) fn linkedin(answer: &Answer) -> Option<Verdict> {
    if answer.is_success() {
        return None;
    }
    let body = &answer.body;
    let text = |path: &str| body.pointer(path).and_then(Value::as_str);
    let message = text("/message").unwrap_or_default();
    let input = text("/errorDetails/inputErrors/0/code");
    let description = text("/errorDetails/inputErrors/0/description").unwrap_or_default();
    let is_duplicate = input == Some("DUPLICATE_POST") || text("/code") == Some("DUPLICATE_POST");
    let verdict = match answer.status {
        422 | 409 | 400 if is_duplicate => {
            let existing_id = post_urn(message).or_else(|| post_urn(description)).map(str::to_owned);
            Verdict { existing_id, ..duplicate() }
        }
        426 => Verdict::of(
            ErrorClass::Validation,
            Code::ChannelRejected,
            "LinkedIn has retired the version of its API that is used here.",
        ),
        429 => linkedin_limit(&answer.headers, message),
        status => by_status(status).after(retry_after(&answer.headers)),
    };
    let service_code = || ["/serviceErrorCode", "/code"].iter().find_map(|path| ids::text(body.pointer(path)?));
    let provider_code = input.filter(|code| ids::is_word(code)).map(str::to_owned).or_else(service_code);
    Some(Verdict { provider_code, ..verdict })
}

/// Daily limits are reset at midnight UTC, by the answer's own date.
fn linkedin_limit(headers: &HeaderMap, message: &str) -> Verdict {
    let asked = retry_after(headers);
    let is_daily = message.split(|char: char| !char.is_alphanumeric()).any(|word| word == "DAY");
    if is_daily { quota().after(asked.or_else(|| until_utc_midnight(headers))) } else { rate_limited().after(asked) }
}

/// The first URN of a post in a text.
fn post_urn(text: &str) -> Option<&str> {
    let from = text.find("urn:li:")?;
    let rest = &text[from..];
    let end = rest.find(|char: char| !(char.is_ascii_alphanumeric() || ":_-".contains(char))).unwrap_or(rest.len());
    let urn = rest[..end].trim_end_matches(':');
    ["urn:li:share:", "urn:li:ugcPost:", "urn:li:activity:"].iter().any(|kind| urn.starts_with(kind)).then_some(urn)
}
