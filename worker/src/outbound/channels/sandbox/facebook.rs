//! Facebook Pages in the sandbox: feed, photos, videos and reels, the lists of a Page, one post, and its page for people.
//! <https://developers.facebook.com/docs/pages-api/posts>

use almanac_shared::publishing::Channel;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, is_address, json as json_answer, page, text},
    folder::Folder,
    graph,
    posts::{Content, SavedPost},
    tokens,
    uploads::{Upload, UploadKind},
};

mod videos;

const TEXT_UNITS: usize = 63_206;

pub(super) fn answer(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let (method, path) = call.route();
    match (method, &path[..]) {
        ("GET", [_, "posts" | "videos", id] | ["reel", id]) => {
            return Ok(find(folder, id)?.map_or_else(|| graph::unknown(id), |post| page(&post)));
        }
        ("GET" | "POST", ["oauth", "access_token"] | [_, "oauth", "access_token"]) => {
            return Ok(tokens::facebook(call));
        }
        _ => {}
    }
    if !graph::has_token(call) {
        return Ok(graph::no_token());
    }
    match (method, &path[..]) {
        ("POST", [_, page, "feed"]) => feed(call, folder, page),
        ("POST", [_, page, "photos"]) => photo(call, folder, page),
        ("POST", [_, page, "videos"]) => videos::publish(call, folder, page),
        ("POST", [_, page, "video_reels"]) => videos::reel(call, folder, page),
        ("POST", ["video-upload", _, id]) => videos::upload(call, folder, id),
        ("GET", [_, page, edge @ ("videos" | "video_reels")]) => videos::list(call, folder, page, edge),
        ("GET", [_, page, "published_posts"]) => {
            let posts = folder.posts(Channel::Facebook, page)?;
            Ok(graph::list(call, posts, |post| fields(call, post)))
        }
        ("GET", [_, id]) => object(call, folder, id),
        _ => Ok(graph::unknown_path()),
    }
}

/// A post, or a video by its own id or by the one of its post.
fn find(folder: &Folder, id: &str) -> anyhow::Result<Option<SavedPost>> {
    let post = folder.post(Channel::Facebook, id)?;
    let Some((page, video)) = id.split_once('_').filter(|_| post.is_none()) else { return Ok(post) };
    Ok(folder.post(Channel::Facebook, video)?.filter(|post| post.account == page))
}

fn object(call: &Call, folder: &Folder, id: &str) -> anyhow::Result<Answer> {
    if let Some(video) = folder.upload(Channel::Facebook, UploadKind::Video, id)? {
        return videos::object(call, folder, id, &video);
    }
    let post = find(folder, id)?;
    Ok(post.map_or_else(|| graph::unknown(id), |post| json_answer(StatusCode::OK, &fields(call, &post))))
}

fn feed(call: &Call, folder: &Folder, page: &str) -> anyhow::Result<Answer> {
    let body = graph::parameters(call);
    let text = text(&body, "message").to_owned();
    let attached = body.get("attached_media").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut media = Vec::new();
    for photo in attached {
        let id = photo.get("media_fbid").and_then(Value::as_str).unwrap_or_default();
        let photo = folder.upload(Channel::Facebook, UploadKind::Picture, id)?;
        match photo.filter(|photo| photo.owner == page) {
            Some(photo) => media.extend(photo.urls),
            None => return Ok(graph::invalid("Invalid parameter: attached_media")),
        }
    }
    if text.trim().is_empty() && media.is_empty() {
        return Ok(graph::invalid("Missing message or attachment"));
    }
    let content = Content { text, media, options: [].into(), request: body.clone() };
    keep(folder, page, content, |id| json!({"id": id}))
}

fn photo(call: &Call, folder: &Folder, page: &str) -> anyhow::Result<Answer> {
    let request = graph::parameters(call);
    let (url, caption) = (text(&request, "url").to_owned(), text(&request, "caption").to_owned());
    if !is_address(&url) {
        return Ok(graph::refused(324, "(#324) Requires upload file"));
    }
    let upload = Upload {
        channel: Channel::Facebook,
        kind: UploadKind::Picture,
        owner: page.to_owned(),
        created_at: folder.now(),
        size: None,
        urls: vec![url],
        is_processed: false,
        request,
    };
    let photo = folder.add_upload(&upload)?;
    let Upload { request, urls, .. } = upload;
    if request.get("published") == Some(&Value::Bool(false)) {
        return Ok(json_answer(StatusCode::OK, &json!({"id": photo})));
    }
    let content = Content { text: caption, media: urls, options: [].into(), request };
    keep(folder, page, content, |id| json!({"id": photo, "post_id": id}))
}

fn is_too_long(text: &str) -> bool {
    text.encode_utf16().count() > TEXT_UNITS
}

fn keep(folder: &Folder, page: &str, content: Content, answer: impl Fn(&str) -> Value) -> anyhow::Result<Answer> {
    if is_too_long(&content.text) {
        return Ok(graph::invalid("The message is too long"));
    }
    let _lock = folder.lock();
    if folder.duplicate(Channel::Facebook, page, &content)?.is_some() {
        return Ok(graph::refused(506, "Duplicate status message"));
    }
    let post = folder.add_post(Channel::Facebook, page, content, |number| format!("{page}_{number}"))?;
    Ok(json_answer(StatusCode::OK, &answer(&post.id)))
}

/// A video is a post too, under an id with its Page's.
fn fields(call: &Call, post: &SavedPost) -> Value {
    let id = if post.id.contains('_') { post.id.clone() } else { format!("{}_{}", post.account, post.id) };
    let all = json!({
        "permalink_url": format!("{}/facebook/{}/posts/{id}", call.origin, post.account),
        "id": id,
        "message": post.content.text,
        "created_time": graph::time(post.created_at),
    });
    graph::chosen(call, all, "message,created_time")
}
