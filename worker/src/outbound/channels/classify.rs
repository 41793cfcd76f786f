//! What a vendor's answer means: status, headers and body in, a class and a code out. Pure; the adapters decide what
//! follows. Codes may be numbers or texts, and unknown ones are judged by the status.
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>,
//! <https://learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling>

use std::time::Duration;

use almanac_shared::platform::error::Code;
use http::HeaderMap;
use serde_json::Value;

use super::{ErrorClass, answer::Answer, ids};
use crate::outbound::retry_after::{retry_after, until_utc_midnight};

/// Percent of a limit at which calls stop.
const USAGE_LIMIT: u64 = 90;

/// The pause where Meta names none. Its limits are counted over an hour.
const USAGE_PAUSE: Duration = Duration::from_secs(300);

/// No vendor needs longer; also what keeps a nonsense header from overflowing a clock.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) class: ErrorClass,
    pub(super) code: Code,
    pub(super) message: &'static str,
    pub(super) retry_after: Option<Duration>,
    /// The vendor's own code.
    pub(super) provider_code: Option<String>,
    /// The post that is already there.
    pub(super) existing_id: Option<String>,
}

impl Verdict {
    fn of(class: ErrorClass, code: Code, message: &'static str) -> Self {
        Self { class, code, message, retry_after: None, provider_code: None, existing_id: None }
    }

    fn after(mut self, pause: Option<Duration>) -> Self {
        self.retry_after = pause.map(|pause| pause.min(LONGEST_PAUSE));
        self
    }
}

fn auth() -> Verdict {
    Verdict::of(
        ErrorClass::Auth,
        Code::ChannelAuthInvalid,
        "The channel no longer takes the account's credentials; connect it again.",
    )
}

fn permission() -> Verdict {
    Verdict::of(ErrorClass::Permission, Code::ChannelPermission, "The account lacks a permission that this post needs.")
}

fn rate_limited() -> Verdict {
    Verdict::of(ErrorClass::RateLimited, Code::ChannelRateLimited, "The channel asks for fewer calls.")
}

fn quota() -> Verdict {
    Verdict::of(ErrorClass::Quota, Code::ChannelQuota, "The channel's number of posts for the day is used up.")
}

fn transient() -> Verdict {
    Verdict::of(ErrorClass::Transient, Code::ChannelUnavailable, "The channel could not serve the request.")
}

fn policy() -> Verdict {
    Verdict::of(ErrorClass::Policy, Code::ChannelPolicy, "The channel blocked the post by its own rules.")
}

fn rejected() -> Verdict {
    Verdict::of(ErrorClass::Validation, Code::ChannelRejected, "The channel refused the post.")
}

fn duplicate() -> Verdict {
    Verdict::of(ErrorClass::Validation, Code::DuplicatePost, "The channel already has a post with this text.")
}

/// An answer of Meta's Graph API; `None` if it is a success. An error may stand inside a 200.
pub(super) fn graph(answer: &Answer) -> Option<Verdict> {
    let error = answer.body.get("error").filter(|error| !error.is_null());
    if answer.is_success() && error.is_none() {
        return None;
    }
    let number = |name: &str| error.and_then(|error| ids::number(error.get(name)?));
    let (code, subcode) = (number("code"), number("error_subcode"));
    let is_transient = error.and_then(|error| error.get("is_transient")?.as_bool()).unwrap_or(false);
    let verdict = graph_subcode(subcode)
        .or_else(|| graph_code(code))
        .or_else(|| is_transient.then(transient))
        .unwrap_or_else(|| by_status(answer.status));
    let pause = match verdict.class {
        ErrorClass::RateLimited | ErrorClass::Quota => {
            regain_access(&answer.headers).or_else(|| retry_after(&answer.headers))
        }
        _ => retry_after(&answer.headers),
    };
    let provider_code = match (code, subcode) {
        (Some(code), Some(subcode)) => Some(format!("{code}/{subcode}")),
        (code, _) => code.map(|code| code.to_string()),
    };
    Some(Verdict { provider_code, ..verdict.after(pause) })
}

fn graph_subcode(subcode: Option<i64>) -> Option<Verdict> {
    Some(match subcode? {
        458..=460 | 463 | 464 | 467 => auth(),
        // Page publishing has to be authorised by its people first.
        1_404_078 => permission(),
        2_207_042 => quota(),
        1_390_008 => rate_limited(),
        1_346_003 | 1_404_102 | 2_207_050 | 2_207_051 => policy(),
        1_363_047 | 1_609_010 | 2_207_001 => transient(),
        _ => return None,
    })
}

fn graph_code(code: Option<i64>) -> Option<Verdict> {
    Some(match code? {
        102 | 190 => auth(),
        3 | 10 | 200..=299 => permission(),
        4 | 17 | 32 | 341 | 613 | 80_000..=80_014 => rate_limited(),
        9 => quota(),
        -1 | 1 | 2 => transient(),
        368 => policy(),
        506 => duplicate(),
        _ => return None,
    })
}

fn by_status(status: u16) -> Verdict {
    match status {
        401 => auth(),
        403 => permission(),
        429 => rate_limited(),
        400 | 402 | 404..=407 | 409..=424 | 426..=499 => rejected(),
        _ => transient(),
    }
}

/// How long to pause because Meta's usage headers are at 90 percent of a limit.
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
pub(super) fn usage_pause(headers: &HeaderMap) -> Option<Duration> {
    let is_used_up = |usage: &Value| {
        let percents = ["call_count", "total_time", "total_cputime"];
        percents.iter().any(|name| usage.get(*name).and_then(Value::as_u64).is_some_and(|used| used >= USAGE_LIMIT))
    };
    let by_app = ["x-app-usage", "x-page-usage"]
        .iter()
        .any(|name| header_json(headers, name).is_some_and(|usage| is_used_up(&usage)));
    let by_use_case = use_cases(headers).iter().any(is_used_up);
    (by_app || by_use_case).then(|| regain_access(headers).unwrap_or(USAGE_PAUSE).min(LONGEST_PAUSE))
}

/// The longest time that a use case needs until calls are taken again.
fn regain_access(headers: &HeaderMap) -> Option<Duration> {
    let minutes = |usage: &Value| usage.get("estimated_time_to_regain_access").and_then(Value::as_u64);
    let longest = use_cases(headers).iter().filter_map(minutes).max().filter(|minutes| *minutes > 0)?;
    Some(Duration::from_secs(longest.saturating_mul(60)))
}

/// `{"<id>": [{usage}, …]}`.
fn use_cases(headers: &HeaderMap) -> Vec<Value> {
    let Some(Value::Object(all)) = header_json(headers, "x-business-use-case-usage") else { return Vec::new() };
    let lists = all.into_iter().filter_map(|(_, list)| match list {
        Value::Array(list) => Some(list),
        _ => None,
    });
    lists.flatten().collect()
}

fn header_json(headers: &HeaderMap, name: &str) -> Option<Value> {
    serde_json::from_slice(headers.get(name)?.as_bytes()).ok()
}

/// An answer of LinkedIn; `None` if it is a success.
pub(super) fn linkedin(answer: &Answer) -> Option<Verdict> {
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

#[cfg(test)]
mod tests;
