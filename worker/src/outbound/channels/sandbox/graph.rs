//! What Instagram and Facebook have in common: Meta's Graph API with its parameters, errors, fields and lists.
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    call::{Answer, Call, json as json_answer},
    posts::SavedPost,
};

/// Posts per page of a list, unless the request names a number.
const PAGE_SIZE: usize = 25;
const MAX_PAGE_SIZE: usize = 100;

/// Parameters of the query and of the body, which is JSON or a form; without the token.
pub(super) fn parameters(call: &Call) -> Value {
    let mut all: Map<_, _> = call.queries().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    match call.form() {
        Some(form) => all.extend(form.into_iter().map(|(name, value)| (name, value.into()))),
        None => all.extend(call.json().as_object().cloned().unwrap_or_default()),
    }
    all.remove("access_token");
    Value::Object(all)
}

/// True as JSON or as text.
pub(super) fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value == true || value == "true")
}

/// The token may be a parameter.
pub(super) fn has_token(call: &Call) -> bool {
    let in_body = || {
        let of_form = call.form().and_then(|mut form| form.remove("access_token"));
        of_form.or_else(|| call.json().get("access_token").and_then(Value::as_str).map(str::to_owned))
    };
    let parameter = call.query("access_token").map(str::to_owned).or_else(in_body);
    call.has_token() || parameter.is_some_and(|token| !token.is_empty())
}

pub(super) fn no_token() -> Answer {
    refused(190, "An access token is required to request this resource.")
}

pub(super) fn unknown_path() -> Answer {
    refused(2500, "Unknown path components.")
}

pub(super) fn unknown(id: &str) -> Answer {
    refused(100, &format!("Unsupported get request. Object with ID '{id}' does not exist."))
}

/// An invalid parameter.
pub(super) fn invalid(message: &str) -> Answer {
    refused(100, &format!("(#100) {message}"))
}

pub(super) fn refused(code: i32, message: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, &json!({"code": code, "message": message}))
}

/// An error with the documented subcode.
pub(super) fn refused_for(code: i32, subcode: u32, message: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, &json!({"code": code, "error_subcode": subcode, "message": message}))
}

pub(super) fn error(status: StatusCode, members: &Value) -> Answer {
    let mut error = json!({"type": "OAuthException", "is_transient": false, "fbtrace_id": "sandbox"});
    for (name, value) in members.as_object().into_iter().flatten() {
        error[name] = value.clone();
    }
    json_answer(status, &json!({"error": error}))
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// The fields that a request asks for; the id always, and none that are empty.
pub(super) fn chosen(call: &Call, all: Value, default: &str) -> Value {
    let asked: Vec<_> = call.query("fields").unwrap_or(default).split(',').collect();
    let Value::Object(mut all) = all else { return all };
    all.retain(|name, value| (name == "id" || asked.contains(&name.as_str())) && *value != "" && !value.is_null());
    Value::Object(all)
}

/// Newest first. The cursor is the id of a page's last post.
pub(super) fn list(call: &Call, mut posts: Vec<SavedPost>, fields: impl Fn(&SavedPost) -> Value) -> Answer {
    let limit = call.number("limit").unwrap_or(PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    let seconds = |name: &str| call.query(name).and_then(|text| text.parse::<i64>().ok());
    let (since, until) = (seconds("since").unwrap_or(i64::MIN), seconds("until").unwrap_or(i64::MAX));
    posts.retain(|post| (since..=until).contains(&post.created_at.timestamp()));
    let after = call.query("after").and_then(|after| posts.iter().position(|post| post.id == after));
    let from = after.map_or(0, |at| at + 1);
    let shown = &posts[from..posts.len().min(from + limit)];
    let mut paging = Map::new();
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        paging.insert("cursors".to_owned(), json!({"before": first.id, "after": last.id}));
        if from + limit < posts.len() {
            paging.insert("next".to_owned(), format!("{}/next", call.origin).into());
        }
    }
    let data: Vec<_> = shown.iter().map(fields).collect();
    json_answer(StatusCode::OK, &json!({"data": data, "paging": paging}))
}
