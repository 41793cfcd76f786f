//! TikTok's Content Posting API as its documents describe it: what the creator may do, uploads in parts, videos and photos
//! that TikTok fetches, their status, new tokens. Called by `serving`. Nothing is fetched from any address.
//! <https://developers.tiktok.com/doc/content-posting-api-get-started>
//!
//! An answer is a success only if its `error.code` is `ok`. A post exists when its status becomes `PUBLISH_COMPLETE`, which
//! the ledger foretells as one in processing.

mod chunk;
mod init;

use http::Method;
use serde_json::{Value, json};

pub(super) use self::chunk::end_uploads;
use super::{
    Call, Channels, Post, Received, Route, Step, TIKTOK_APP,
    account::LookUp,
    answer::Answer,
    digest::Digest,
    processing::{Ending, Processing},
};
use crate::run::locked;

/// Ids of posts have 19 digits.
const FIRST_POST: u64 = 7_400_000_000_000_000_000;

/// What an init began.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    pub account: String,
    pub upload: Option<Upload>,
    /// Everything that is known of the post before it exists.
    post: Post,
    is_public: bool,
    /// Once all bytes have arrived, or TikTok fetches them.
    processing: Option<Processing>,
    /// Reads after which the public id is shown, if there is to be one.
    id_reads: usize,
}

/// A video that is uploaded in parts.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub id: String,
    token: String,
    size: u64,
    chunk: u64,
    count: u64,
    arrived: u64,
    digest: Digest,
    /// Its address is not valid any more.
    is_over: bool,
}

/// What a request asks for; `None` for a path that the fake does not have.
pub(super) fn route(channels: &Channels, received: &Received) -> Option<Route> {
    if received.method == Method::PUT && received.parts() == ["video"] {
        return Some(chunk::route(channels, received));
    }
    if received.method != Method::POST {
        return None;
    }
    let by_token = |step, action| Route::new(channels.account_of_token(&received.token()), step, action);
    let route = match received.parts()[..] {
        ["v2", "post", "publish", "creator_info", "query"] => by_token(Step::Quota, creator_info),
        ["v2", "post", "publish", "video", "init"] if init::is_fetched(received) => {
            by_token(Step::Publish, init::fetch_video)
        }
        ["v2", "post", "publish", "video", "init"] => by_token(Step::Init, init::begin_video),
        ["v2", "post", "publish", "content", "init"] => by_token(Step::Publish, init::fetch_photos),
        ["v2", "post", "publish", "status", "fetch"] => by_token(Step::Status, read_status),
        ["v2", "video", "list"] => by_token(Step::LookUp, list_videos),
        ["v2", "oauth", "token"] => by_token(Step::Token, refresh),
        _ => return None,
    };
    Some(route)
}

/// What is wrong with token and type of a request, if anything is. The address of an upload needs none, and takes none.
pub(super) fn check_head(channels: &Channels, account: &str, received: &Received) -> Option<Answer> {
    if received.is_upload() {
        return received.header("authorization").map(|_| Answer::empty(400));
    }
    if channels.account_state(account, |it| it.accepts(&received.token())) != Some(true) {
        return Some(Answer::tiktok("access_token_invalid"));
    }
    let is_json = received.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    (!is_json || !received.fields.is_object()).then(|| Answer::tiktok("invalid_param"))
}

/// An answer of data.
fn ok(data: &Value) -> Answer {
    let error = json!({ "code": "ok", "message": "", "log_id": "202611210000000000000000000000FAKE" });
    Answer::ok(json!({ "data": data, "error": error }))
}

fn creator_info(call: &Call<'_>) -> Answer {
    let Some(creator) = call.channels.account_state(call.account, |it| it.creator.clone()) else {
        return Answer::tiktok("access_token_invalid");
    };
    if call.channels.is_exhausted(call.account) {
        return Answer::tiktok("spam_risk_too_many_posts");
    }
    ok(&json!({
        "creator_avatar_url": "https://cdn.example/avatar.jpg", "creator_username": "a_creator",
        "creator_nickname": "A creator", "privacy_level_options": creator.privacy_levels,
        "comment_disabled": creator.comment_disabled, "duet_disabled": creator.duet_disabled,
        "stitch_disabled": creator.stitch_disabled, "max_video_post_duration_sec": creator.max_seconds,
    }))
}

/// How far a publication is; the post exists once its end is shown, or would be.
fn read_status(call: &Call<'_>) -> Answer {
    let Some(id) = call.received.fields["publish_id"].as_str() else { return Answer::tiktok("invalid_param") };
    let mut publications = locked(&call.channels.publications);
    let Some(publication) = publications.get_mut(id) else { return Answer::tiktok("invalid_publish_id") };
    if publication.account != call.account {
        return Answer::tiktok("token_not_authorized_for_specified_publish_id");
    }
    let end = publication.processing.as_mut().and_then(Processing::read);
    match end {
        None => ok(&publication.in_progress()),
        Some(Ending::Failed(reason) | Ending::Rejected(reason)) => {
            call.channels.ledger().take_processing(id);
            ok(&json!({ "status": "FAILED", "fail_reason": reason }))
        }
        Some(Ending::Expired) => {
            call.channels.ledger().take_processing(id);
            ok(&json!({ "status": "FAILED", "fail_reason": "publish_cancelled" }))
        }
        Some(Ending::Ready | Ending::Stuck) => {
            call.channels.show(id);
            ok(&publication.complete(call, id))
        }
    }
}

impl Publication {
    fn in_progress(&self) -> Value {
        match &self.upload {
            Some(upload) => json!({ "status": "PROCESSING_UPLOAD", "uploaded_bytes": upload.arrived }),
            None => json!({ "status": "PROCESSING_DOWNLOAD", "downloaded_bytes": 1_048_576 }),
        }
    }

    /// The public id comes when moderation has ended, and never for what only some people may see.
    fn complete(&mut self, call: &Call<'_>, id: &str) -> Value {
        let mut shown = json!({ "status": "PUBLISH_COMPLETE" });
        if self.is_public && self.id_reads == 0 {
            let known = self.post.public_id.get_or_insert_with(|| new_post_id(call.channels).to_string()).clone();
            shown["publicaly_available_post_id"] = json!([known.parse::<u64>().unwrap_or_default()]);
            call.channels.ledger().change_post(id, |post| post.public_id = Some(known));
        }
        self.id_reads = self.id_reads.saturating_sub(1);
        shown
    }
}

fn new_post_id(channels: &Channels) -> u64 {
    FIRST_POST + channels.next_number() % 1_000_000_000_000
}

/// A page of public videos, newest first.
fn list_videos(call: &Call<'_>) -> Answer {
    if call.channels.account_state(call.account, |it| it.look_up) == Some(LookUp::Off) {
        return Answer::tiktok("scope_not_authorized");
    }
    let mut posts = call.channels.listed_posts(call.account);
    posts.retain(|post| post.public_id.is_some());
    posts.reverse();
    let shown = |post: &Post| {
        json!({
            "id": post.public_id, "title": post.text, "create_time": post.at.timestamp(),
            "share_url": format!("https://www.tiktok.com/@a_creator/video/{}", post.public_id.as_deref().unwrap_or("")),
        })
    };
    let count = call.received.fields["max_count"].as_u64().map_or(10, |count| count.clamp(1, 20));
    let count = usize::try_from(count).unwrap_or(10);
    let videos: Vec<Value> = posts.iter().take(count).map(shown).collect();
    ok(&json!({ "videos": videos, "has_more": posts.len() > count, "cursor": 0 }))
}

/// New tokens for a refresh token, which is used up. Errors are flat here.
/// <https://developers.tiktok.com/doc/oauth-user-access-token-management>
fn refresh(call: &Call<'_>) -> Answer {
    let refusal = |status: u16, error: &str| {
        let body = json!({ "error": error, "error_description": "The request was refused.", "log_id": "FAKE" });
        Answer::new(status, Some(body))
    };
    let is_form = call.received.header("content-type").is_some_and(|it| it == "application/x-www-form-urlencoded");
    if !is_form || call.received.text("grant_type").is_none_or(|grant| grant != "refresh_token") {
        return refusal(400, "invalid_request");
    }
    if !call.is_of_app(TIKTOK_APP) {
        return refusal(401, "invalid_client");
    }
    let Some(next) = call.channels.rotate(call.account, &call.received.token()) else {
        return refusal(400, "invalid_grant");
    };
    Answer::ok(json!({
        "open_id": call.account, "scope": "user.info.basic,video.publish,video.upload",
        "access_token": call.channels.grant_access(call.account), "expires_in": 7_200,
        "refresh_token": next, "refresh_expires_in": 15_552_000, "token_type": "Bearer",
    }))
}
