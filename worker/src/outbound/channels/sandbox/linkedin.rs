//! LinkedIn in the sandbox: uploads of pictures and videos, posts, the list of an author, tokens, and a post's page for
//! people. <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api>

use almanac_shared::publishing::{Channel, render::LINKEDIN_VERSION};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{
    super::linkedin::shown_text,
    call::{Answer, Call, empty, json as json_answer, page, text},
    folder::Folder,
    posts::{Content, SavedPost},
    tokens,
};

mod images;
mod videos;

const COMMENTARY_UNITS: usize = 3_000;
const MULTI_IMAGE: std::ops::RangeInclusive<usize> = 2..=20;

/// Posts per page of a list, unless the request names a number.
const PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 100;

pub(super) fn answer(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let (method, path) = call.route();
    match (method, &path[..]) {
        ("GET", ["feed", "update", urn]) => {
            let post = folder.post(Channel::Linkedin, urn)?;
            return Ok(post.map_or_else(not_found, |post| page(&post)));
        }
        ("POST", ["oauth", "v2", "accessToken"]) => return Ok(tokens::linkedin(call)),
        ("PUT", ["dms-uploads", id]) => return images::put(call, folder, id),
        ("PUT", ["dms-uploads", id, number]) => return videos::put(call, folder, id, number),
        _ => {}
    }
    if let Some(refusal) = check_headers(call) {
        return Ok(refusal);
    }
    match (method, &path[..], call.query("action")) {
        ("POST", ["rest", "images"], Some("initializeUpload")) => images::initialize(call, folder),
        ("POST", ["rest", "videos"], Some("initializeUpload")) => videos::initialize(call, folder),
        ("POST", ["rest", "videos"], Some("finalizeUpload")) => videos::finalize(call, folder),
        ("GET", ["rest", "videos", urn], _) => videos::status(folder, urn),
        ("POST", ["rest", "posts"], _) => publish(call, folder),
        ("GET", ["rest", "posts"], _) if call.query("q") == Some("author") => list(call, folder),
        ("GET", ["rest", "posts", urn], _) => {
            let post = folder.post(Channel::Linkedin, urn)?;
            Ok(post.map_or_else(not_found, |post| json_answer(StatusCode::OK, &element(&post))))
        }
        _ => Ok(not_found()),
    }
}

fn check_headers(call: &Call) -> Option<Answer> {
    if !call.has_token() {
        let message = "Invalid access token";
        return Some(error(StatusCode::UNAUTHORIZED, "INVALID_ACCESS_TOKEN", message));
    }
    match call.header("linkedin-version") {
        None => Some(error(StatusCode::BAD_REQUEST, "VERSION_MISSING", "A version must be present.")),
        Some(LINKEDIN_VERSION) => None,
        Some(_) => {
            let message = "Requested version is not active";
            Some(error(StatusCode::UPGRADE_REQUIRED, "NONEXISTENT_VERSION", message))
        }
    }
}

fn publish(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let body = call.json();
    let author = text(&body, "author");
    if !author.starts_with("urn:li:person:") && !author.starts_with("urn:li:organization:") {
        return Ok(invalid("The author is not a URN of a person or an organization"));
    }
    if !["PUBLIC", "CONNECTIONS", "LOGGED_IN"].contains(&text(&body, "visibility"))
        || text(&body, "lifecycleState") != "PUBLISHED"
    {
        return Ok(invalid("visibility or lifecycleState is not a value of its enumeration"));
    }
    let shown = shown_text(text(&body, "commentary"));
    if shown.encode_utf16().count() > COMMENTARY_UNITS {
        return Ok(invalid("The commentary is too long"));
    }
    let Some(urns) = media_urns(&body) else {
        return Ok(invalid("The content is not one video, one picture or 2 to 20 pictures"));
    };
    let mut media = Vec::new();
    for urn in &urns {
        let uploaded = match urn.strip_prefix(videos::URN) {
            Some(_) if urns.len() > 1 => None,
            Some(id) => videos::uploaded(folder, author, id)?,
            None => images::uploaded(folder, author, urn)?,
        };
        let Some(uploaded) = uploaded else {
            return Ok(invalid("A picture or video of the content was not uploaded, or is not available"));
        };
        media.push(uploaded);
    }
    if shown.trim().is_empty() && media.is_empty() {
        return Ok(invalid("The post is empty"));
    }
    let kind = if urns.iter().any(|urn| urn.starts_with(videos::URN)) { "ugcPost" } else { "share" };
    let options = json!({"visibility": body["visibility"]});
    let content = Content { text: shown, media, options: [].into(), request: body.clone() };
    keep(folder, author, content.with_options(&options, &[]), kind)
}

fn keep(folder: &Folder, author: &str, content: Content, kind: &str) -> anyhow::Result<Answer> {
    let _lock = folder.lock();
    if let Some(existing) = folder.duplicate(Channel::Linkedin, author, &content)? {
        let description = format!("Content is a duplicate of {}", existing.id);
        let inputs = json!([{"code": "DUPLICATE_POST", "description": description}]);
        let body = json!({"status": 422, "message": description, "errorDetailType": "com.linkedin.common.error.BadRequest",
                          "errorDetails": {"inputErrors": inputs}});
        return Ok(json_answer(StatusCode::UNPROCESSABLE_ENTITY, &body));
    }
    let post = folder.add_post(Channel::Linkedin, author, content, |number| format!("urn:li:{kind}:{number}"))?;
    let mut answer = empty(StatusCode::CREATED);
    answer.headers_mut().insert("x-restli-id", HeaderValue::from_str(&post.id)?);
    Ok(answer)
}

/// URNs of the media of a post; `None` if the content has another form.
fn media_urns(body: &Value) -> Option<Vec<String>> {
    let Some(content) = body.get("content") else { return Some(Vec::new()) };
    let urn = |medium: &Value| medium.get("id").and_then(Value::as_str).map(str::to_owned);
    if let Some(media) = content.get("media") {
        return Some(vec![urn(media)?]);
    }
    let images = content.pointer("/multiImage/images")?.as_array()?;
    MULTI_IMAGE.contains(&images.len()).then(|| images.iter().map(urn).collect())?
}

/// Newest first.
fn list(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let Some(author) = call.query("author") else { return Ok(invalid("The author is missing")) };
    let count = call.number("count").unwrap_or(PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    let start = call.number("start").unwrap_or(0);
    let all = folder.posts(Channel::Linkedin, author)?;
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

fn not_found() -> Answer {
    error(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND", "No such resource")
}

fn invalid(message: &str) -> Answer {
    error(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_PARAMETER", message)
}

fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    json_answer(status, &json!({"status": status.as_u16(), "code": code, "message": message}))
}
