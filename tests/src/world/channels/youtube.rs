//! YouTube's Data API as its documents describe it: upload sessions, the state of videos, new tokens. Called by `serving`.
//! <https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>
//!
//! A video exists once its last byte has arrived, also if its client does not learn it.

mod session;
mod video;

use http::Method;
use serde_json::json;

pub(super) use self::{
    session::{Session, end_sessions},
    video::Video,
};
use super::{Call, Channels, GOOGLE_APP, Received, Route, Step, answer::Answer};
use crate::run::locked;

/// What a request asks for; `None` for a path that the fake does not have.
pub(super) fn route(channels: &Channels, received: &Received) -> Option<Route> {
    let by_token = |step, action| Route::new(channels.account_of_token(&received.token()), step, action);
    let route = match (&received.method, &received.parts()[..]) {
        (&Method::POST, ["upload", "youtube", "v3", "videos"]) => by_token(Step::Init, session::open),
        (&Method::PUT, ["upload", "youtube", "v3", "videos"]) => session::route(channels, received),
        (&Method::GET, ["youtube", "v3", "videos"]) => by_token(Step::Status, video::read),
        (&Method::GET, ["youtube", "v3", "channels"]) => by_token(Step::Read, read_channel),
        (&Method::POST, ["token"]) => by_token(Step::Token, refresh),
        _ => return None,
    };
    Some(route)
}

/// What is wrong with the token, if anything is. The address of a session needs none.
pub(super) fn check_head(channels: &Channels, account: &str, received: &Received) -> Option<Answer> {
    let is_valid = || channels.account_state(account, |it| it.accepts(&received.token())) == Some(true);
    (!received.is_upload() && !is_valid()).then(|| Answer::google("authError"))
}

/// Whether `part` names only parts that there are, and these among them.
fn has_parts(received: &Received, known: &[&str], needed: &[&str]) -> bool {
    let Some(parts) = received.query.get("part") else { return false };
    let parts: Vec<&str> = parts.split(',').map(str::trim).collect();
    parts.iter().all(|part| known.contains(part)) && needed.iter().all(|part| parts.contains(part))
}

fn read_channel(call: &Call<'_>) -> Answer {
    if !has_parts(call.received, &["id", "snippet", "status", "contentDetails", "statistics"], &[]) {
        return Answer::google("unknownPart");
    }
    let item = json!({ "kind": "youtube#channel", "id": call.account, "snippet": { "title": "A channel" } });
    Answer::ok(json!({ "kind": "youtube#channelListResponse", "items": [item] }))
}

/// A new access token; the refresh token stays. Errors are flat here.
/// <https://developers.google.com/identity/protocols/oauth2/web-server#offline>
fn refresh(call: &Call<'_>) -> Answer {
    let refusal = |status: u16, error: &str, text: &str| {
        Answer::new(status, Some(json!({ "error": error, "error_description": text })))
    };
    if !call.is_of_app(GOOGLE_APP) {
        return refusal(401, "invalid_client", "The OAuth client was not found.");
    }
    if call.received.text("grant_type").is_none_or(|grant| grant != "refresh_token") {
        return refusal(400, "unsupported_grant_type", "Invalid grant_type");
    }
    if !call.channels.accepts_refresh(call.account, &call.received.token()) {
        return refusal(400, "invalid_grant", "Token has been expired or revoked.");
    }
    Answer::ok(json!({
        "access_token": call.channels.grant_access(call.account), "expires_in": 3_599,
        "scope": "https://www.googleapis.com/auth/youtube.upload", "token_type": "Bearer",
    }))
}
