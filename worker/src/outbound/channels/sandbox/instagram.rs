//! Instagram in the sandbox: containers, their publication, the limit, the list of media, tokens, and a post's page for
//! people. <https://developers.facebook.com/docs/instagram-platform/content-publishing>

use almanac_shared::publishing::Channel;
use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use self::containers::State;
use super::{
    call::{Answer, Call, json as json_answer, page, text},
    folder::Folder,
    graph,
    posts::{Content, SavedPost},
    tokens,
    uploads::{Upload, UploadKind, post_number},
};

mod containers;

/// Posts of an account in [`QUOTA_WINDOW`]. The vendor's pages disagree whether it is 50 or 100.
const QUOTA: usize = 100;
const QUOTA_WINDOW: TimeDelta = TimeDelta::hours(24);

pub(super) fn answer(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let (method, path) = call.route();
    match (method, &path[..]) {
        ("GET", ["p", id]) => {
            let post = folder.post(Channel::Instagram, id)?;
            return Ok(post.map_or_else(|| graph::unknown(id), |post| page(&post)));
        }
        ("GET", ["refresh_access_token"] | [_, "refresh_access_token"]) => return Ok(tokens::instagram(call)),
        ("GET" | "POST", ["oauth", "access_token"] | [_, "oauth", "access_token"]) => {
            return Ok(tokens::facebook(call));
        }
        _ => {}
    }
    if !graph::has_token(call) {
        return Ok(graph::no_token());
    }
    match (method, &path[..]) {
        ("POST", [_, account, "media"]) => containers::create(call, folder, account),
        ("POST", [_, account, "media_publish"]) => publish(call, folder, account),
        ("GET", [_, account, "media"]) => {
            let posts = folder.posts(Channel::Instagram, account)?;
            Ok(graph::list(call, posts, |post| fields(call, post)))
        }
        ("GET", [_, account, "content_publishing_limit"]) => limit(call, folder, account),
        ("GET", [_, id]) => object(call, folder, id),
        _ => Ok(graph::unknown_path()),
    }
}

/// Publishing a container again answers with the same id.
fn publish(call: &Call, folder: &Folder, account: &str) -> anyhow::Result<Answer> {
    let parameters = graph::parameters(call);
    let id = text(&parameters, "creation_id");
    let container = folder.upload(Channel::Instagram, UploadKind::Container, id)?;
    let Some(container) = container.filter(|container| container.owner == account) else {
        return Ok(graph::refused_for(24, 2_207_006, "The requested resource does not exist"));
    };
    if containers::is_item(&container) {
        return Ok(graph::invalid("An item of a carousel cannot be published by itself"));
    }
    let media = post_number(id)?.to_string();
    match containers::state(folder, id, &container)? {
        State::InProgress => return Ok(containers::not_ready()),
        State::Expired => return Ok(graph::refused_for(24, 2_207_008, "The container is expired")),
        State::Finished if used(folder, account)? >= QUOTA => {
            let members =
                json!({"code": 9, "error_subcode": 2_207_042, "message": "Application request limit reached"});
            return Ok(graph::error(StatusCode::FORBIDDEN, &members));
        }
        State::Finished | State::Published => {}
    }
    folder.add_post_once(Channel::Instagram, account, &media, content(container))?;
    Ok(json_answer(StatusCode::OK, &json!({"id": media})))
}

fn content(container: Upload) -> Content {
    let Upload { request, urls, .. } = container;
    let caption = text(&request, "caption").to_owned();
    let content = Content { text: caption, media: urls, options: [].into(), request: request.clone() };
    content.with_options(&request, &["caption", "image_url", "video_url", "children"])
}

/// How many of its posts count.
fn used(folder: &Folder, account: &str) -> anyhow::Result<usize> {
    let since = folder.now() - QUOTA_WINDOW;
    let posts = folder.posts(Channel::Instagram, account)?;
    Ok(posts.iter().filter(|post| post.created_at > since).count())
}

fn limit(call: &Call, folder: &Folder, account: &str) -> anyhow::Result<Answer> {
    let config = json!({"quota_total": QUOTA, "quota_duration": QUOTA_WINDOW.num_seconds()});
    let all = json!({"quota_usage": used(folder, account)?, "config": config});
    Ok(json_answer(StatusCode::OK, &json!({"data": [graph::chosen(call, all, "quota_usage")]})))
}

/// A container or a medium.
fn object(call: &Call, folder: &Folder, id: &str) -> anyhow::Result<Answer> {
    if let Some(container) = folder.upload(Channel::Instagram, UploadKind::Container, id)? {
        return containers::status(call, folder, id, &container);
    }
    let post = folder.post(Channel::Instagram, id)?;
    Ok(post.map_or_else(|| graph::unknown(id), |post| json_answer(StatusCode::OK, &fields(call, &post))))
}

fn fields(call: &Call, post: &SavedPost) -> Value {
    let all = json!({
        "id": post.id,
        "caption": post.content.text,
        "timestamp": graph::time(post.created_at),
        "permalink": format!("{}/instagram/p/{}", call.origin, post.id),
    });
    graph::chosen(call, all, "id")
}
