//! TikTok in the sandbox: what the account allows, videos and pictures, their parts and status, tokens, and a post's page
//! for people. <https://developers.tiktok.com/doc/content-posting-api-reference-direct-post>

use almanac_shared::publishing::{Channel, options::PrivacyLevel};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, json as json_answer, page, text},
    folder::Folder,
    posts::Content,
    tokens,
    uploads::{Upload, UploadKind, described, post_number, received},
};

mod chunks;
mod init;

pub(super) fn answer(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let (method, path) = call.route();
    match (method, &path[..]) {
        ("GET", [_, "video" | "photo", id]) => {
            let post = folder.post(Channel::Tiktok, id)?;
            return Ok(post.map_or_else(|| refused(&init::NOT_FOUND), |post| page(&post)));
        }
        ("POST", ["v2", "oauth", "token"]) => return tokens::tiktok(call, folder),
        ("PUT", ["video"]) => return chunks::put(call, folder),
        ("POST", ["v2", "post", "publish", ..]) => {}
        _ => return Ok(refused(&init::NOT_FOUND)),
    }
    if !call.has_token() {
        return Ok(refused(&init::NO_TOKEN));
    }
    if !call.is_json() {
        return Ok(refused(&init::invalid("The content type is not JSON")));
    }
    match &path[3..] {
        ["creator_info", "query"] => Ok(data(&creator_info())),
        ["video", "init"] => init::video(call, folder),
        ["content", "init"] => init::photos(call, folder),
        ["status", "fetch"] => status(call, folder),
        _ => Ok(refused(&init::NOT_FOUND)),
    }
}

fn creator_info() -> Value {
    json!({
        "creator_avatar_url": "https://example.com/avatar.png",
        "creator_username": "sandbox",
        "creator_nickname": "Sandbox",
        "privacy_level_options": PrivacyLevel::ALL,
        "comment_disabled": false,
        "duet_disabled": false,
        "stitch_disabled": false,
        "max_video_post_duration_sec": 600,
    })
}

/// The names of the two kinds of fetched posts and of uploaded ones begin differently.
fn publish_id(id: &str, upload: &Upload) -> String {
    let source = text(&upload.request["source_info"], "source");
    let kind = match (upload.kind, source) {
        (UploadKind::Picture, _) => "p_pub_url~v2",
        (_, "FILE_UPLOAD") => "v_pub_file~v2-1",
        _ => "v_pub_url~v2-1",
    };
    format!("{kind}.{id}")
}

fn find(folder: &Folder, publish: &str) -> anyhow::Result<Option<(String, Upload)>> {
    let id = publish.rsplit('.').next().unwrap_or_default();
    for kind in [UploadKind::Picture, UploadKind::Video] {
        if let Some(upload) = folder.upload(Channel::Tiktok, kind, id)? {
            return Ok((publish_id(id, &upload) == publish).then(|| (id.to_owned(), upload)));
        }
    }
    Ok(None)
}

/// Processing is seen once. An id is told only of posts that everybody may see.
fn status(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let body = call.json();
    let Some((id, upload)) = find(folder, text(&body, "publish_id"))? else {
        return Ok(refused(&init::INVALID_PUBLISH_ID));
    };
    let uploaded = received(&folder.parts(&id)?);
    let is_complete = upload.size.is_none_or(|size| uploaded == size);
    if !is_complete || folder.is_first_look(&id)? {
        let (status, bytes) = match upload.size {
            Some(_) => ("PROCESSING_UPLOAD", "uploaded_bytes"),
            None => ("PROCESSING_DOWNLOAD", "downloaded_bytes"),
        };
        return Ok(data(&json!({"status": status, bytes: uploaded})));
    }
    keep(folder, &id, &upload)?;
    let is_public = text(&upload.request["post_info"], "privacy_level") == PrivacyLevel::Public.as_str();
    let ids = if is_public { vec![post_number(&id)?] } else { Vec::new() };
    Ok(data(&json!({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": ids})))
}

/// Keeps the post of an upload that is complete, once.
fn keep(folder: &Folder, id: &str, upload: &Upload) -> anyhow::Result<()> {
    let info = &upload.request["post_info"];
    let texts = [text(info, "title"), text(info, "description")];
    let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let mut media = upload.urls.clone();
    if upload.size.is_some() {
        media.push(described("video", &folder.parts(id)?));
    }
    let content = Content { text: texts.join("\n\n"), media, options: [].into(), request: upload.request.clone() };
    let content = content.with_options(info, &["title", "description"]);
    folder.add_post_once(Channel::Tiktok, &upload.owner, &post_number(id)?.to_string(), content).map(|_| ())
}

/// Why a request is refused.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

fn data(data: &Value) -> Answer {
    let error = json!({"code": "ok", "message": "", "log_id": "sandbox"});
    json_answer(StatusCode::OK, &json!({"data": data, "error": error}))
}

fn refused(refusal: &Refusal) -> Answer {
    let error = json!({"code": refusal.code, "message": refusal.message, "log_id": "sandbox"});
    json_answer(refusal.status, &json!({"data": {}, "error": error}))
}
