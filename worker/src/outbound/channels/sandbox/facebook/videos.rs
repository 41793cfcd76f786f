//! Videos that Facebook fetches, and reels in three phases: start, upload, finish.
//! <https://developers.facebook.com/docs/video-api/guides/publishing>,
//! <https://developers.facebook.com/docs/video-api/guides/reels-publishing>

use almanac_shared::publishing::{Channel, render::GRAPH_VERSION};
use http::StatusCode;
use serde_json::{Value, json};

use super::is_too_long;
use crate::outbound::channels::sandbox::{
    call::{Answer, Call, is_address, json as json_answer, text},
    folder::Folder,
    graph,
    posts::{Content, SavedPost},
    uploads::{Upload, UploadKind, described, received},
};

/// The event of a reel that Facebook fetches, with its address.
const SOURCE: &str = "source";
/// The event of a reel that is uploaded, with its size.
const SIZE: &str = "size";

/// A video at an address.
pub(super) fn publish(call: &Call, folder: &Folder, page: &str) -> anyhow::Result<Answer> {
    let request = graph::parameters(call);
    let url = text(&request, "file_url").to_owned();
    if !is_address(&url) {
        return Ok(graph::refused(389, "(#389) Unable to fetch video file from URL."));
    }
    if is_too_long(text(&request, "description")) {
        return Ok(graph::invalid("The description is too long"));
    }
    let video = Upload { urls: vec![url], ..draft(folder, page, request) };
    let id = folder.add_upload(&video)?;
    keep(folder, &id, &video, &video.request, video.urls.clone())?;
    Ok(json_answer(StatusCode::OK, &json!({"id": id})))
}

/// The first and the last phase of a reel.
pub(super) fn reel(call: &Call, folder: &Folder, page: &str) -> anyhow::Result<Answer> {
    let request = graph::parameters(call);
    match text(&request, "upload_phase") {
        "start" => {
            let id = folder.add_upload(&draft(folder, page, request))?;
            let url = format!("{}/facebook/video-upload/{GRAPH_VERSION}/{id}", call.origin);
            Ok(json_answer(StatusCode::OK, &json!({"video_id": id, "upload_url": url})))
        }
        "finish" => finish(folder, page, &request),
        _ => Ok(graph::invalid("upload_phase must be start or finish")),
    }
}

fn draft(folder: &Folder, page: &str, request: Value) -> Upload {
    Upload {
        channel: Channel::Facebook,
        kind: UploadKind::Video,
        owner: page.to_owned(),
        created_at: folder.now(),
        size: None,
        urls: Vec::new(),
        is_processed: true,
        request,
    }
}

fn is_reel(video: &Upload) -> bool {
    video.request.get("upload_phase").is_some()
}

fn reel_of(folder: &Folder, id: &str) -> anyhow::Result<Option<Upload>> {
    Ok(folder.upload(Channel::Facebook, UploadKind::Video, id)?.filter(is_reel))
}

/// The second phase: an address in a header, or bytes from an offset on.
pub(super) fn upload(call: &Call, folder: &Folder, id: &str) -> anyhow::Result<Answer> {
    if reel_of(folder, id)?.is_none() {
        return Ok(graph::unknown(id));
    }
    let done = || Ok(json_answer(StatusCode::OK, &json!({"success": true})));
    if let Some(url) = call.header("file_url") {
        if !is_address(url) || call.arrived.all.bytes > 0 {
            return Ok(graph::invalid("file_url must be an address, without a body"));
        }
        folder.note(id, SOURCE, &url)?;
        return done();
    }
    let so_far = received(&folder.parts(id)?);
    let (Some(offset), Some(size)) = (call.header_number("offset"), call.header_number("file_size")) else {
        return Ok(graph::invalid("file_url, or offset and file_size, are required"));
    };
    let piece = &call.arrived.all;
    let is_known = folder.noted::<u64>(id, SIZE)?.is_none_or(|known| known == size);
    if offset != so_far || !is_known || !call.arrived.is_whole || piece.bytes == 0 || offset + piece.bytes > size {
        return Ok(graph::invalid("offset or file_size does not fit what has arrived"));
    }
    folder.note(id, SIZE, &size)?;
    if folder.add_part(id, offset, piece)? {
        done()
    } else {
        Ok(graph::invalid("offset is what another request sends"))
    }
}

/// The media of a reel whose upload is complete.
fn uploaded(folder: &Folder, id: &str) -> anyhow::Result<Option<Vec<String>>> {
    if let Some(url) = folder.noted::<String>(id, SOURCE)? {
        return Ok(Some(vec![url]));
    }
    let parts = folder.parts(id)?;
    let size = folder.noted::<u64>(id, SIZE)?;
    Ok((size == Some(received(&parts))).then(|| vec![described("video", &parts)]))
}

/// Finishing again changes nothing.
fn finish(folder: &Folder, page: &str, request: &Value) -> anyhow::Result<Answer> {
    let id = text(request, "video_id");
    let Some(video) = reel_of(folder, id)?.filter(|video| video.owner == page) else {
        return Ok(graph::invalid("video_id is not a reel of this Page"));
    };
    if text(request, "video_state") != "PUBLISHED" {
        return Ok(graph::invalid("video_state must be PUBLISHED"));
    }
    if is_too_long(text(request, "description")) {
        return Ok(graph::invalid("The description is too long"));
    }
    let Some(media) = uploaded(folder, id)? else {
        return Ok(graph::refused(6_000, "(#6000) There was a problem uploading your video file."));
    };
    keep(folder, id, &video, request, media)?;
    Ok(json_answer(StatusCode::OK, &json!({"success": true})))
}

/// The post of a video has its id.
fn keep(folder: &Folder, id: &str, video: &Upload, request: &Value, media: Vec<String>) -> anyhow::Result<()> {
    let description = text(request, "description").to_owned();
    let kind = json!({"kind": if is_reel(video) { "reel" } else { "video" }});
    let content = Content { text: description, media, options: [].into(), request: request.clone() };
    let content = content.with_options(request, &["description", "file_url", "video_id"]).with_options(&kind, &[]);
    folder.add_post_once(Channel::Facebook, &video.owner, id, content).map(|_| ())
}

/// A video, also before it is published. It is processed once.
pub(super) fn object(call: &Call, folder: &Folder, id: &str, video: &Upload) -> anyhow::Result<Answer> {
    let post = folder.post(Channel::Facebook, id)?;
    let asks = call.query("fields").is_some_and(|fields| fields.split(',').any(|field| field == "status"));
    let is_ready = post.is_some() && if asks { !folder.is_first_look(id)? } else { folder.was_looked_at(id)? };
    let is_uploaded = post.is_some() || uploaded(folder, id)?.is_some();
    let phase = |is_done, is_begun| json!({"status": if is_done { "complete" } else if is_begun { "in_progress" } else { "not_started" }});
    let stage = match (is_ready, post.is_some(), is_uploaded) {
        (true, ..) => "ready",
        (false, true, _) => "processing",
        (false, false, true) => "upload_complete",
        (false, false, false) => "uploading",
    };
    let status = json!({
        "video_status": stage,
        "uploading_phase": phase(is_uploaded, true),
        "processing_phase": phase(is_ready, post.is_some()),
        "publishing_phase": phase(is_ready, false),
    });
    let mut all = post.as_ref().map_or_else(|| json!({"id": id}), |post| members(call, post, is_reel(video)));
    all["status"] = status;
    Ok(json_answer(StatusCode::OK, &graph::chosen(call, all, "description")))
}

fn members(call: &Call, post: &SavedPost, is_reel: bool) -> Value {
    let path = if is_reel { format!("reel/{}", post.id) } else { format!("{}/videos/{}", post.account, post.id) };
    json!({
        "id": post.id,
        "description": post.content.text,
        "created_time": graph::time(post.created_at),
        "permalink_url": format!("{}/facebook/{path}", call.origin),
        "post_id": format!("{}_{}", post.account, post.id),
        "published": true,
    })
}

/// The videos of a Page, or its reels.
pub(super) fn list(call: &Call, folder: &Folder, page: &str, edge: &str) -> anyhow::Result<Answer> {
    let wants_reels = edge == "video_reels";
    let mut posts = folder.posts(Channel::Facebook, page)?;
    let kind = |post: &SavedPost| post.content.options.get("kind").and_then(Value::as_str).map(|kind| kind == "reel");
    posts.retain(|post| kind(post) == Some(wants_reels));
    Ok(graph::list(call, posts, |post| {
        graph::chosen(call, members(call, post, wants_reels), "description,created_time")
    }))
}
