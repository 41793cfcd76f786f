//! The errors of each operation. Most follow from what the operation reads and answers; the rest is in [`RULES`].
//! The integration tests compare each answer that they see with the document.

use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaOperation, MetaParamIn, MetaResponse};

use super::operations::{answers_with, header, is_conditional, streams};
use crate::http::error::wire;

/// Errors that come from rules of the domain: operation, statuses.
const RULES: [(&str, &[u16]); 19] = [
    // A `calendarId` or brand of another user.
    ("createCalendar", &[404]),
    ("generateWeek", &[404]),
    ("publish", &[404]),
    ("exportForPublishing", &[404]),
    ("makeTicket", &[404]),
    // A job that has not ended.
    ("deleteGeneration", &[409]),
    ("deleteCalendar", &[409]),
    ("deleteTheme", &[409]),
    // `ALREADY_FINAL`.
    ("updateSuggestion", &[409]),
    ("cancelIntent", &[409]),
    // `SEQ_AHEAD`, `STREAM_LIMIT`.
    ("followJob", &[409]),
    // Rules of fields.
    ("updateEntry", &[422]),
    ("updatePlacement", &[422]),
    ("listPlacements", &[422]),
    ("updateBrand", &[422]),
    ("connectAccount", &[422]),
    ("saveSchedule", &[422]),
    ("previewSchedule", &[422]),
    // A signature in place of a token; without a secret the route counts as missing.
    ("receiveResendEvent", &[401, 404]),
];

/// Operations that read no store.
const WITHOUT_STORE: [&str; 5] = ["showVersion", "showSession", "makeSession", "deleteSession", "showFlags"];

/// Operations whose `Location` only an accepted request has.
const RETRIES: [&str; 2] = ["retryIntent", "retryJob"];

/// Meaning of each status.
const MEANINGS: [(u16, &str); 15] = [
    (400, "The request does not match the schema."),
    (401, "No valid token."),
    (
        403,
        "The caller may not do this, the request needs `X-Requested-With` (`CSRF_REQUIRED`), or the caller is not the user in \
         `X-Expected-User` (`OTHER_USER`).",
    ),
    (404, "Missing, or not the caller's."),
    (406, "`Accept` names no media type of this operation."),
    (408, "The body did not arrive within 30 s."),
    (409, "Conflicts with the current state."),
    (412, "`If-Match` does not name the current version, or there is one although `If-None-Match` wants none."),
    (413, "The body is larger than 256 KiB."),
    (415, "The body is not JSON."),
    (422, "Refused by a rule."),
    (429, "Rate limited."),
    (431, "The request head is larger than 16 KiB. The connection is closed."),
    (500, "Internal error."),
    (503, "Cannot be accepted now."),
];

/// Adds the errors of an operation.
pub(super) fn add(operation: &mut MetaOperation) {
    let statuses = statuses(operation);
    let is_limited = answers_with(operation, "RateLimit");
    let submits = answers_with(operation, "Location") && !RETRIES.iter().any(|id| operation.operation_id == Some(*id));
    let refusal_of = |status| if status == 503 && submits { unconfirmed() } else { refusal(status, is_limited) };
    let responses = statuses.into_iter().map(refusal_of).collect::<Vec<_>>();
    operation.responses.responses.extend(responses);
}

fn statuses(operation: &MetaOperation) -> Vec<u16> {
    let id = operation.operation_id.unwrap_or_default();
    let ruled = RULES.iter().find(|(name, _)| *name == id).map_or(&[][..], |(_, statuses)| statuses);
    let has_token = !operation.security.is_empty() || id == "deleteSession";
    let has_body = operation.request.is_some();
    let has_key = answers_with(operation, "Idempotency-Replayed");
    let has_id = operation.params.iter().any(|parameter| parameter.in_type == MetaParamIn::Path);
    let occurs = |status: u16| match status {
        400 | 429 | 431 | 500 => true,
        401 => has_token,
        403 => has_token,
        404 => has_id,
        406 => streams(operation),
        408 | 413 | 415 => has_body,
        409 | 422 => has_key,
        412 => is_conditional(operation),
        503 => !WITHOUT_STORE.contains(&id),
        _ => false,
    };
    MEANINGS.iter().map(|&(status, _)| status).filter(|status| ruled.contains(status) || occurs(*status)).collect()
}

/// 503 of an operation that submits work: the commit may have been sent and not answered.
fn unconfirmed() -> MetaResponse {
    let mut response = refusal(503, false);
    response.description = "Cannot be accepted now. With `Location` it may have been: repeat the request with the same \
                            `Idempotency-Key`, if it had one, or look there.";
    response.headers.push(MetaHeader { required: false, ..header("Location") });
    response
}

fn refusal(status: u16, is_limited: bool) -> MetaResponse {
    let description = MEANINGS.iter().find(|(known, _)| *known == status).map_or("", |(_, meaning)| meaning);
    let content = match status {
        431 => Vec::new(),
        _ => vec![MetaMediaType { content_type: "application/json", schema: wire::schema_ref() }],
    };
    let limit: &[&str] = if is_limited { &["RateLimit-Policy", "RateLimit"] } else { &[] };
    let names: &[&str] = match status {
        401 => &["WWW-Authenticate"],
        400 | 403 | 404 | 406 | 409 | 415 | 422 => limit,
        429 => &["Retry-After", "RateLimit-Policy", "RateLimit"],
        503 => &["Retry-After"],
        _ => &[],
    };
    // The state of a limit needs a user and the store; the refusal does not wait for either. Too many open streams are no
    // limit of requests.
    let is_required = |name: &str| !["RateLimit-Policy", "RateLimit"].contains(&name);
    let headers = names.iter().map(|name| MetaHeader { required: is_required(name), ..header(name) }).collect();
    MetaResponse { description, status: Some(status), status_range: None, content, headers }
}
