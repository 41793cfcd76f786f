//! Facebook Pages in the sandbox: feed, photos, the list of published posts, one post, and its page for people.
//! <https://developers.facebook.com/docs/pages-api/posts>

use almanac_shared::publishing::Channel;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    Answer, Call, html, json as json_answer,
    posts::{Content, Posts, SavedPost, Upload},
    preview,
};

const TEXT_UNITS: usize = 63_206;

/// Posts per page of a list, unless the request names a number.
const PAGE_SIZE: usize = 25;
const MAX_PAGE_SIZE: usize = 100;

pub(super) fn answer(call: &Call, posts: &Posts) -> anyhow::Result<Answer> {
    let route = call.route();
    if let ("GET", [_, "posts", id]) = (route.0, &route.1[..]) {
        return Ok(posts.find(id)?.map_or_else(|| unknown(id), |post| html(preview::page(&post))));
    }
    if !call.has_token() {
        return Ok(error(StatusCode::BAD_REQUEST, 190, "An access token is required to request this resource."));
    }
    match (route.0, &route.1[..]) {
        ("POST", [_, page, "feed"]) => feed(call, posts, page),
        ("POST", [_, page, "photos"]) => photo(call, posts, page),
        ("GET", [_, page, "published_posts"]) => list(call, posts, page),
        ("GET", [_, id]) => {
            Ok(posts.find(id)?.map_or_else(|| unknown(id), |post| json_answer(StatusCode::OK, &fields(call, &post))))
        }
        _ => Ok(error(StatusCode::BAD_REQUEST, 2500, "Unknown path components.")),
    }
}

fn feed(call: &Call, posts: &Posts, page: &str) -> anyhow::Result<Answer> {
    let body = call.json();
    let text = body.get("message").and_then(Value::as_str).unwrap_or_default();
    let attached = body.get("attached_media").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut media = Vec::new();
    for photo in &attached {
        let id = photo.get("media_fbid").and_then(Value::as_str).unwrap_or_default();
        match posts.upload(id)?.filter(|upload| upload.owner == page).and_then(|upload| upload.url) {
            Some(url) => media.push(url),
            None => return Ok(error(StatusCode::BAD_REQUEST, 100, "(#100) Invalid parameter: attached_media")),
        }
    }
    if text.trim().is_empty() && media.is_empty() {
        return Ok(error(StatusCode::BAD_REQUEST, 100, "(#100) Missing message or attachment"));
    }
    publish(posts, page, Content { text: text.to_owned(), media, request: body.clone() }, |id| json!({"id": id}))
}

fn photo(call: &Call, posts: &Posts, page: &str) -> anyhow::Result<Answer> {
    let body = call.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let url = text("url");
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Ok(error(StatusCode::BAD_REQUEST, 324, "(#324) Requires upload file"));
    }
    let upload = Upload { owner: page.to_owned(), url: Some(url.clone()), bytes: None };
    let photo = posts.add_upload(&upload)?;
    if body.get("published") == Some(&Value::Bool(false)) {
        return Ok(json_answer(StatusCode::OK, &json!({"id": photo})));
    }
    let content = Content { text: text("caption"), media: vec![url], request: body.clone() };
    publish(posts, page, content, |id| json!({"id": photo, "post_id": id}))
}

fn publish(posts: &Posts, page: &str, content: Content, answer: impl Fn(&str) -> Value) -> anyhow::Result<Answer> {
    if content.text.encode_utf16().count() > TEXT_UNITS {
        return Ok(error(StatusCode::BAD_REQUEST, 100, "(#100) The message is too long"));
    }
    let _lock = posts.lock();
    if posts.duplicate(Channel::Facebook, page, &content)?.is_some() {
        return Ok(error(StatusCode::BAD_REQUEST, 506, "Duplicate status message"));
    }
    let post = posts.add(Channel::Facebook, page, content, |number| format!("{page}_{number}"))?;
    tracing::info!(channel = "facebook", "the sandbox kept a post");
    Ok(json_answer(StatusCode::OK, &answer(&post.id)))
}

/// Newest first. The cursor is the id of a page's last post.
fn list(call: &Call, posts: &Posts, page: &str) -> anyhow::Result<Answer> {
    let limit = call.number("limit").unwrap_or(PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    let seconds = |name: &str| call.query(name).and_then(|text| text.parse::<i64>().ok());
    let (since, until) = (seconds("since").unwrap_or(i64::MIN), seconds("until").unwrap_or(i64::MAX));
    let mut all = posts.list(Channel::Facebook, page)?;
    all.retain(|post| (since..=until).contains(&post.created_at.timestamp()));
    let from =
        call.query("after").and_then(|after| all.iter().position(|post| post.id == after)).map_or(0, |at| at + 1);
    let shown = &all[from..all.len().min(from + limit)];
    let mut paging = Map::new();
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        paging.insert("cursors".to_owned(), json!({"before": first.id, "after": last.id}));
        if from + limit < all.len() {
            paging.insert("next".to_owned(), format!("{}/facebook/next", call.origin).into());
        }
    }
    let data: Vec<_> = shown.iter().map(|post| fields(call, post)).collect();
    Ok(json_answer(StatusCode::OK, &json!({"data": data, "paging": paging})))
}

/// The fields that a request asks for; the id always.
fn fields(call: &Call, post: &SavedPost) -> Value {
    let all = json!({
        "id": post.id,
        "message": post.content.text,
        "created_time": post.created_at.format("%Y-%m-%dT%H:%M:%S+0000").to_string(),
        "permalink_url": format!("{}/facebook/{}/posts/{}", call.origin, post.account, post.id),
    });
    let asked: Vec<_> = call.query("fields").unwrap_or("id,message,created_time").split(',').collect();
    let Value::Object(mut all) = all else { return all };
    all.retain(|name, value| (name == "id" || asked.contains(&name.as_str())) && *value != "");
    Value::Object(all)
}

fn unknown(id: &str) -> Answer {
    let message = format!("Unsupported get request. Object with ID '{id}' does not exist.");
    error(StatusCode::BAD_REQUEST, 100, &message)
}

fn error(status: StatusCode, code: u32, message: &str) -> Answer {
    let error = json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "sandbox"});
    json_answer(status, &json!({"error": error}))
}
