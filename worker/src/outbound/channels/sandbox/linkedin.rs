//! LinkedIn in the sandbox: uploads of pictures, posts, the list of an author, tokens, and a post's page for people.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api>

use std::collections::HashMap;

use almanac_shared::publishing::{Channel, render::LINKEDIN_VERSION};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    super::linkedin::shown_text,
    Answer, Call, empty, html, json as json_answer,
    posts::{Content, Posts, SavedPost, Upload},
    preview,
};

const COMMENTARY_UNITS: usize = 3_000;
const MULTI_IMAGE: std::ops::RangeInclusive<usize> = 2..=20;

/// Posts per page of a list, unless the request names a number.
const PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 100;

/// Lives of tokens in seconds: 60 days and a year.
const ACCESS_SECONDS: u32 = 5_184_000;
const REFRESH_SECONDS: u32 = 31_536_000;

pub(super) fn answer(call: &Call, posts: &Posts) -> anyhow::Result<Answer> {
    let route = call.route();
    match (route.0, &route.1[..]) {
        ("GET", ["feed", "update", urn]) => {
            return Ok(posts.find(urn)?.map_or_else(not_found, |post| html(preview::page(&post))));
        }
        ("POST", ["oauth", "v2", "accessToken"]) => return Ok(tokens(call, posts)),
        ("PUT", ["dms-uploads", id]) => return uploaded(call, posts, id),
        _ => {}
    }
    if let Some(refusal) = check_headers(call) {
        return Ok(refusal);
    }
    match (route.0, &route.1[..]) {
        ("POST", ["rest", "images"]) if call.query("action") == Some("initializeUpload") => initialize(call, posts),
        ("POST", ["rest", "posts"]) => publish(call, posts),
        ("GET", ["rest", "posts"]) if call.query("q") == Some("author") => list(call, posts),
        ("GET", ["rest", "posts", urn]) => {
            Ok(posts.find(urn)?.map_or_else(not_found, |post| json_answer(StatusCode::OK, &element(&post))))
        }
        _ => Ok(not_found()),
    }
}

fn check_headers(call: &Call) -> Option<Answer> {
    if !call.has_token() {
        let message = "Invalid access token";
        return Some(error(StatusCode::UNAUTHORIZED, "INVALID_ACCESS_TOKEN", message));
    }
    match call.headers.get("linkedin-version").map(HeaderValue::as_bytes) {
        None => Some(error(StatusCode::BAD_REQUEST, "VERSION_MISSING", "A version must be present.")),
        Some(version) if version == LINKEDIN_VERSION.as_bytes() => None,
        Some(_) => {
            let message = "Requested version is not active";
            Some(error(StatusCode::UPGRADE_REQUIRED, "NONEXISTENT_VERSION", message))
        }
    }
}

fn initialize(call: &Call, posts: &Posts) -> anyhow::Result<Answer> {
    let body = call.json();
    let Some(owner) = body.pointer("/initializeUploadRequest/owner").and_then(Value::as_str) else {
        return Ok(invalid("The owner is missing"));
    };
    let id = posts.add_upload(&Upload { owner: owner.to_owned(), url: None, bytes: None })?;
    let expires = posts.now().timestamp_millis() + 24 * 3_600 * 1_000;
    let url = format!("{}/linkedin/dms-uploads/{id}", call.origin);
    let image = format!("urn:li:image:{id}");
    let value = json!({"uploadUrlExpiresAt": expires, "uploadUrl": url, "image": image});
    Ok(json_answer(StatusCode::OK, &json!({"value": value})))
}

fn uploaded(call: &Call, posts: &Posts, id: &str) -> anyhow::Result<Answer> {
    if call.body.is_empty() {
        return Ok(invalid("The picture is empty"));
    }
    let is_known = posts.set_uploaded(id, call.body.len())?;
    Ok(if is_known { empty(StatusCode::CREATED) } else { not_found() })
}

fn publish(call: &Call, posts: &Posts) -> anyhow::Result<Answer> {
    let body = call.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (author, commentary) = (text("author"), text("commentary"));
    if !author.starts_with("urn:li:person:") && !author.starts_with("urn:li:organization:") {
        return Ok(invalid("The author is not a URN of a person or an organization"));
    }
    if !["PUBLIC", "CONNECTIONS", "LOGGED_IN"].contains(&text("visibility")) || text("lifecycleState") != "PUBLISHED" {
        return Ok(invalid("visibility or lifecycleState is not a value of its enumeration"));
    }
    let shown = shown_text(commentary);
    if shown.encode_utf16().count() > COMMENTARY_UNITS {
        return Ok(invalid("The commentary is too long"));
    }
    let media = match images(&body) {
        Some(media) => media,
        None => return Ok(invalid("The content is not one picture or 2 to 20 pictures")),
    };
    for urn in &media {
        let upload = posts.upload(urn.trim_start_matches("urn:li:image:"))?;
        if !upload.is_some_and(|upload| upload.owner == author && upload.bytes.is_some()) {
            return Ok(invalid("A picture of the content was not uploaded"));
        }
    }
    if shown.trim().is_empty() && media.is_empty() {
        return Ok(invalid("The post is empty"));
    }
    keep(posts, author, Content { text: shown, media, request: body.clone() })
}

fn keep(posts: &Posts, author: &str, content: Content) -> anyhow::Result<Answer> {
    let _lock = posts.lock();
    if let Some(existing) = posts.duplicate(Channel::Linkedin, author, &content)? {
        let description = format!("Content is a duplicate of {}", existing.id);
        let inputs = json!([{"code": "DUPLICATE_POST", "description": description}]);
        let body = json!({"status": 422, "message": description, "errorDetailType": "com.linkedin.common.error.BadRequest",
                          "errorDetails": {"inputErrors": inputs}});
        return Ok(json_answer(StatusCode::UNPROCESSABLE_ENTITY, &body));
    }
    let post = posts.add(Channel::Linkedin, author, content, |number| format!("urn:li:share:{number}"))?;
    tracing::info!(channel = "linkedin", "the sandbox kept a post");
    let mut answer = empty(StatusCode::CREATED);
    answer.headers_mut().insert("x-restli-id", HeaderValue::from_str(&post.id)?);
    Ok(answer)
}

/// URNs of the pictures of a post; `None` if the content has another form.
fn images(body: &Value) -> Option<Vec<String>> {
    let Some(content) = body.get("content") else { return Some(Vec::new()) };
    let urn = |image: &Value| image.get("id").and_then(Value::as_str).map(str::to_owned);
    if let Some(media) = content.get("media") {
        return Some(vec![urn(media)?]);
    }
    let images = content.pointer("/multiImage/images")?.as_array()?;
    MULTI_IMAGE.contains(&images.len()).then(|| images.iter().map(urn).collect())?
}

/// Newest first.
fn list(call: &Call, posts: &Posts) -> anyhow::Result<Answer> {
    let Some(author) = call.query("author") else { return Ok(invalid("The author is missing")) };
    let count = call.number("count").unwrap_or(PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    let start = call.number("start").unwrap_or(0);
    let all = posts.list(Channel::Linkedin, author)?;
    let elements: Vec<_> = all.iter().skip(start).take(count).map(element).collect();
    let paging = json!({"start": start, "count": count, "links": [], "total": all.len()});
    Ok(json_answer(StatusCode::OK, &json!({"elements": elements, "paging": paging})))
}

fn element(post: &SavedPost) -> Value {
    let at = post.created_at.timestamp_millis();
    let mut element = json!({"id": post.id, "createdAt": at, "publishedAt": at, "lastModifiedAt": at});
    for name in ["author", "commentary", "visibility", "lifecycleState", "content"] {
        if let Some(value) = post.content.request.get(name) {
            element[name] = value.clone();
        }
    }
    element
}

fn tokens(call: &Call, posts: &Posts) -> Answer {
    let form: HashMap<_, _> = form_urlencoded::parse(&call.body).into_owned().collect();
    let has = |name: &str| form.get(name).is_some_and(|value| !value.is_empty());
    if form.get("grant_type").map(String::as_str) != Some("refresh_token") || !has("refresh_token") {
        let body = json!({"error": "invalid_request", "error_description": "A required parameter is missing"});
        return json_answer(StatusCode::BAD_REQUEST, &body);
    }
    if !has("client_id") || !has("client_secret") {
        let body = json!({"error": "invalid_client", "error_description": "Client authentication failed"});
        return json_answer(StatusCode::UNAUTHORIZED, &body);
    }
    let access = format!("sandbox-{}", posts.now().timestamp_micros());
    let body = json!({"access_token": access, "expires_in": ACCESS_SECONDS, "refresh_token": form["refresh_token"],
                      "refresh_token_expires_in": REFRESH_SECONDS});
    json_answer(StatusCode::OK, &body)
}

fn not_found() -> Answer {
    error(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND", "No such resource")
}

fn invalid(message: &str) -> Answer {
    error(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_PARAMETER", message)
}

fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    json_answer(status, &json!({"status": status.as_u16(), "code": code, "message": message}))
}
