//! YouTube in the sandbox: resumable sessions, videos and their status, tokens, and a video's page for people.
//! <https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>

use almanac_shared::publishing::{Channel, options::PrivacyStatus};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    call::{Answer, Call, empty, json as json_answer, page, text},
    folder::Folder,
    posts::{Content, SavedPost},
    tokens,
    uploads::{Upload, UploadKind, described, post_number},
};

mod session;

const TITLE_UNITS: usize = 100;
const DESCRIPTION_BYTES: usize = 5_000;
const TAGS_UNITS: usize = 500;
const MAX_SIZE: u64 = 256 * 1024 * 1024 * 1024;

pub(super) fn answer(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let (method, path) = call.route();
    match (method, &path[..]) {
        ("GET", ["watch"]) => {
            let post = folder.post(Channel::Youtube, call.query("v").unwrap_or_default())?;
            return Ok(post.map_or_else(not_found, |post| page(&post)));
        }
        ("POST", ["token"]) => return Ok(tokens::google(call)),
        // The address of a session stands for the login.
        ("PUT", ["upload", "youtube", "v3", "videos"]) => return session::put(call, folder),
        _ => {}
    }
    if !call.has_token() {
        return Ok(error(StatusCode::UNAUTHORIZED, "authError", "The request lacks valid authentication credentials."));
    }
    match (method, &path[..]) {
        ("POST", ["upload", "youtube", "v3", "videos"]) => open(call, folder),
        ("GET", ["youtube", "v3", "videos"]) => list(call, folder),
        _ => Ok(not_found()),
    }
}

fn open(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let request = call.json();
    let size = match check_headers(call).and_then(|size| check_video(&request).map(|()| size)) {
        Ok(size) => size,
        Err(refusal) => return Ok(refusal.answer()),
    };
    let mut request = request;
    if let Some(notify) = call.query("notifySubscribers") {
        request["notifySubscribers"] = notify.into();
    }
    let session = Upload {
        channel: Channel::Youtube,
        kind: UploadKind::Video,
        owner: call.account_of_token(),
        created_at: folder.now(),
        size: Some(size),
        urls: Vec::new(),
        is_processed: true,
        request,
    };
    let id = folder.add_upload(&session)?;
    let url = format!("{}/youtube/upload/youtube/v3/videos?uploadType=resumable&upload_id={id}", call.origin);
    let mut answer = empty(StatusCode::OK);
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&url)?);
    Ok(answer)
}

/// Why a video is refused.
struct Refusal(&'static str, &'static str);

impl Refusal {
    fn answer(&self) -> Answer {
        error(StatusCode::BAD_REQUEST, self.0, self.1)
    }
}

/// The size that is announced.
fn check_headers(call: &Call) -> Result<u64, Refusal> {
    let parts: Vec<_> = call.query("part").unwrap_or_default().split(',').collect();
    if call.query("uploadType") != Some("resumable") || !["snippet", "status"].iter().all(|part| parts.contains(part)) {
        return Err(Refusal("badRequest", "uploadType must be resumable, and part must name snippet and status."));
    }
    let kind = call.header("x-upload-content-type").unwrap_or_default();
    if !call.is_json() || !kind.starts_with("video/") && kind != "application/octet-stream" {
        return Err(Refusal("badContent", "The media type is not supported."));
    }
    let size = call.header_number("x-upload-content-length").filter(|size| (1..=MAX_SIZE).contains(size));
    size.ok_or(Refusal("mediaBodyRequired", "The request does not include the video content."))
}

fn check_video(request: &Value) -> Result<(), Refusal> {
    let (snippet, status) = (&request["snippet"], &request["status"]);
    let (title, description) = (text(snippet, "title"), text(snippet, "description"));
    if title.trim().is_empty() || title.encode_utf16().count() > TITLE_UNITS || title.contains(['<', '>']) {
        return Err(Refusal("invalidTitle", "The request metadata specifies an invalid or empty video title."));
    }
    if description.len() > DESCRIPTION_BYTES || description.contains(['<', '>']) {
        return Err(Refusal("invalidDescription", "The request metadata specifies an invalid video description."));
    }
    let tags = snippet["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let units = |tag: &Value| {
        let tag = tag.as_str().unwrap_or_default();
        tag.encode_utf16().count() + if tag.contains(' ') { 3 } else { 1 }
    };
    if tags.iter().map(units).sum::<usize>() > TAGS_UNITS + 1 {
        return Err(Refusal("invalidTags", "The request metadata specifies invalid video keywords."));
    }
    let category = &snippet["categoryId"];
    if !category.is_null() && category.as_str().is_none_or(|id| id.parse::<u16>().is_err()) {
        return Err(Refusal("invalidCategoryId", "The snippet.categoryId property specifies an invalid category ID."));
    }
    let is_private = text(status, "privacyStatus") == PrivacyStatus::Private.as_str();
    let publish_at = &status["publishAt"];
    let is_time = || publish_at.as_str().is_some_and(|at| DateTime::parse_from_rfc3339(at).is_ok());
    let is_allowed = publish_at.is_null() || is_private && is_time();
    if !is_allowed {
        return Err(Refusal(
            "invalidPublishAt",
            "The request metadata specifies an invalid scheduled publishing time.",
        ));
    }
    let privacy = &status["privacyStatus"];
    if !privacy.is_null() && PrivacyStatus::parse(text(status, "privacyStatus")).is_none() {
        return Err(Refusal("invalidVideoMetadata", "The request metadata is invalid."));
    }
    Ok(())
}

/// Eleven characters for 64 bits, as the vendor's ids are.
fn video_id(session: &str) -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(post_number(session)?.to_be_bytes()))
}

/// The number of the session of a video.
fn session_id(video: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(video).ok()?.try_into().ok()?;
    Some(u64::from_be_bytes(bytes).checked_sub(1)?.to_string())
}

/// Keeps the video of a session that is complete, once; whether it was new.
fn keep(folder: &Folder, id: &str, session: &Upload) -> anyhow::Result<bool> {
    let request = &session.request;
    let snippet = &request["snippet"];
    let content = Content {
        text: format!("{}\n\n{}", text(snippet, "title"), text(snippet, "description")),
        media: vec![described("video", &folder.parts(id)?)],
        options: [].into(),
        request: request.clone(),
    };
    let content = content
        .with_options(snippet, &["title", "description"])
        .with_options(&request["status"], &[])
        .with_options(request, &["snippet", "status"]);
    folder.add_post_once(Channel::Youtube, &session.owner, &video_id(id)?, content)
}

/// Videos are being processed once. Unknown ids are left out.
fn list(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let Some(ids) = call.query("id") else {
        return Ok(error(StatusCode::BAD_REQUEST, "missingRequiredParameter", "No filter selected."));
    };
    let parts: Vec<_> = call.query("part").unwrap_or_default().split(',').collect();
    let mut items = Vec::new();
    for id in ids.split(',') {
        let Some(post) = folder.post(Channel::Youtube, id)? else { continue };
        let session = session_id(id).unwrap_or_default();
        let asks = parts.iter().any(|part| ["status", "processingDetails"].contains(part));
        let is_processed = if asks { !folder.is_first_look(&session)? } else { folder.was_looked_at(&session)? };
        let all = resource(&post, is_processed);
        let named = all
            .into_iter()
            .filter(|(name, _)| ["kind", "etag", "id"].contains(&name.as_str()) || parts.contains(&name.as_str()));
        items.push(Value::Object(named.collect()));
    }
    let body = json!({
        "kind": "youtube#videoListResponse",
        "etag": "sandbox",
        "pageInfo": {"totalResults": items.len(), "resultsPerPage": items.len()},
        "items": items,
    });
    Ok(json_answer(StatusCode::OK, &body))
}

fn resource(post: &SavedPost, is_processed: bool) -> Map<String, Value> {
    let request = &post.content.request;
    let mut resource = Map::new();
    for (name, value) in [("kind", "youtube#video"), ("etag", "sandbox"), ("id", post.id.as_str())] {
        resource.insert(name.to_owned(), value.into());
    }
    resource.insert("snippet".to_owned(), request["snippet"].clone());
    let mut status = request["status"].clone();
    status["uploadStatus"] = if is_processed { "processed" } else { "uploaded" }.into();
    resource.insert("status".to_owned(), status);
    let processing = if is_processed { "succeeded" } else { "processing" };
    resource.insert("processingDetails".to_owned(), json!({"processingStatus": processing}));
    resource
}

fn not_found() -> Answer {
    error(StatusCode::NOT_FOUND, "notFound", "The resource cannot be found.")
}

fn error(status: StatusCode, reason: &str, message: &str) -> Answer {
    let errors = json!([{"domain": "youtube", "reason": reason, "message": message}]);
    json_answer(status, &json!({"error": {"code": status.as_u16(), "message": message, "errors": errors}}))
}
