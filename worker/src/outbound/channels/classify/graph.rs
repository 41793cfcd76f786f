//! Answers of Meta's Graph API, for Facebook and Instagram.
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::{
    ErrorClass, LONGEST_PAUSE, Verdict, auth, by_status, duplicate, instagram::instagram_subcode, permission, policy,
    quota, rate_limited, transient,
};
use crate::outbound::{
    channels::{answer::Answer, ids},
    retry_after::retry_after,
};

/// Percent of a limit at which calls stop.
const USAGE_LIMIT: u64 = 90;

/// The pause where Meta names none. Its limits are counted over an hour.
const USAGE_PAUSE: Duration = Duration::from_secs(300);

/// The sub-code of an answer that is an error.
pub(in crate::outbound::channels) fn subcode(answer: &Answer) -> Option<i64> {
    ids::number(answer.body.pointer("/error/error_subcode")?)
}

/// An answer of Meta's Graph API; `None` if it is a success. An error may stand inside a 200.
pub(in crate::outbound::channels) fn graph(answer: &Answer) -> Option<Verdict> {
    let error = answer.body.get("error").filter(|error| !error.is_null());
    if answer.is_success() && error.is_none() {
        return None;
    }
    let number = |name: &str| error.and_then(|error| ids::number(error.get(name)?));
    let (code, subcode) = (number("code"), number("error_subcode"));
    let is_transient = error.and_then(|error| error.get("is_transient")?.as_bool()).unwrap_or(false);
    let verdict = graph_subcode(subcode)
        .or_else(|| instagram_subcode(subcode?))
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

pub(super) fn graph_subcode(subcode: Option<i64>) -> Option<Verdict> {
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

/// How long to pause because Meta's usage headers are at 90 percent of a limit.
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
pub(in crate::outbound::channels) fn usage_pause(headers: &HeaderMap) -> Option<Duration> {
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
