//! LinkedIn as its documents describe it: posts, images, videos, the finder of an author's posts, and new tokens.
//! Called by `serving`. An answer that creates a post has no body; text is cut where an escape is missing.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api>

mod video;

use http::Method;
use serde_json::{Value, json};

use super::{
    Call, Channels, LINKEDIN_APP, Object, Phase, Post, Received, Route, Site, Step,
    account::{LookUp, Repeats},
    answer::Answer,
    ledger::Content,
    little_text,
};

const COMMENTARY_UNITS: usize = 3_000;
/// Versions that are active. One lives for at least a year.
const VERSIONS: std::ops::RangeInclusive<u32> = 202_511..=202_612;

/// What a request asks for; `None` for a path that the fake does not have.
pub(super) fn route(channels: &Channels, received: &Received) -> Option<Route> {
    let field = |pointer: &str| received.fields.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let action = received.query.get("action").map(String::as_str).unwrap_or_default();
    let owner = field("/initializeUploadRequest/owner");
    let route = match (&received.method, &received.parts()[..], action) {
        (&Method::POST, ["rest", "posts"], _) => Route::new(field("/author"), Step::Publish, create_post),
        (&Method::GET, ["rest", "posts"], _) => {
            let author = received.query.get("author").map(String::as_str).unwrap_or_default();
            Route::new(author, Step::LookUp, find_posts)
        }
        (&Method::GET, ["rest", "posts", urn], _) => Route::new(channels.author_of(urn), Step::Read, read_post),
        (&Method::POST, ["rest", "images"], "initializeUpload") => Route::new(owner, Step::Upload, start_image),
        (&Method::POST, ["rest", "videos"], "initializeUpload") => Route::new(owner, Step::Init, video::start),
        (&Method::POST, ["rest", "videos"], "finalizeUpload") => {
            let owner = channels.owner_of(field("/finalizeUploadRequest/video"));
            Route::new(owner, Step::Finish, video::finish)
        }
        (&Method::GET, ["rest", "images", urn], _) => Route::new(channels.owner_of(urn), Step::Read, read_image),
        (&Method::GET, ["rest", "videos", urn], _) => Route::new(channels.owner_of(urn), Step::Status, video::read),
        (&Method::PUT, ["dms-uploads", urn], _) => Route::new(channels.owner_of(urn), Step::Upload, take_image),
        (&Method::PUT, ["dms-uploads", urn, number], _) => video::route_part(channels, urn, number),
        (&Method::POST, ["oauth", "v2", "accessToken"], _) => {
            Route::new(channels.account_of_token(&received.token()), Step::Token, refresh)
        }
        _ => return None,
    };
    Some(route)
}

/// What is wrong with version and token, if anything is. Uploads need neither, and the host of parts refuses a token.
pub(super) fn check_head(channels: &Channels, account: &str, received: &Received) -> Option<Answer> {
    if received.segments.first().is_some_and(|first| first == "dms-uploads") {
        let is_part = received.segments.len() == 3;
        return (is_part && video::has_forbidden_head(received)).then(|| Answer::empty(400));
    }
    match received.header("linkedin-version").map(str::parse::<u32>) {
        None => return Some(Answer::linkedin_input(400, "VERSION_MISSING", "A version must be present.")),
        Some(Ok(version)) if VERSIONS.contains(&version) => {}
        Some(_) => return Some(Answer::linkedin(426)),
    }
    match channels.account_state(account, |it| it.accepts(&received.token())) {
        Some(true) => None,
        _ if channels.is_valid_token(&received.token()) => Some(Answer::linkedin(403)),
        _ => Some(Answer::linkedin(401)),
    }
}

fn create_post(call: &Call<'_>) -> Answer {
    let fields = &call.received.fields;
    let commentary = fields["commentary"].as_str().unwrap_or_default();
    let required = ["visibility", "distribution", "lifecycleState"];
    if let Some(missing) = required.into_iter().find(|name| fields[*name].is_null()) {
        return Answer::linkedin_input(400, "MISSING_FIELD", &format!("{missing} is required"));
    }
    if commentary.encode_utf16().count() > COMMENTARY_UNITS {
        return Answer::linkedin_input(422, "FIELD_LENGTH_TOO_LONG", "commentary is too long");
    }
    let Some(media) = attached_media(call, &fields["content"]) else {
        return Answer::linkedin_input(400, "INVALID_MEDIA", "media must be uploaded and owned by the author");
    };
    let (text, kept) = little_text::read(commentary);
    if let Some(existing) = existing_post(call, kept) {
        return duplicate(&existing);
    }
    let is_video = media.iter().any(|urn| urn.starts_with("urn:li:video:"));
    let kind = if is_video { "ugcPost" } else { "share" };
    let id = format!("urn:li:{kind}:{}", call.channels.next_number());
    let source = kept.to_owned();
    let content = media.first().filter(|_| is_video).and_then(|urn| call.channels.object(urn)?.content);
    call.channels.publish(Post { id: id.clone(), text, source, media, content, ..call.post(Site::Linkedin) });
    Answer::empty(201).with_header("x-restli-id", id)
}

/// The URNs of attached images or of a video: all must be ready, and the author's.
fn attached_media(call: &Call<'_>, content: &Value) -> Option<Vec<String>> {
    let single = content["media"]["id"].as_str();
    let several = content["multiImage"]["images"].as_array().into_iter().flatten().map(|image| image["id"].as_str());
    let urns = single.map(Some).into_iter().chain(several);
    let checked = |urn: Option<&str>| {
        let urn = urn?;
        let object = call.channels.object(urn)?;
        (object.account == call.account && object.is_ready()).then(|| urn.to_owned())
    };
    urns.map(checked).collect()
}

/// The author's post of the same text that the duplicate check finds.
fn existing_post(call: &Call<'_>, commentary: &str) -> Option<Post> {
    let repeats = call.channels.account_state(call.account, |it| it.repeats)?;
    let mut posts = call.channels.ledger().posts(call.account).into_iter().rev();
    posts.find(|post| repeats == Repeats::Refused && post.source == commentary)
}

fn duplicate(existing: &Post) -> Answer {
    let mut answer = Answer::linkedin_input(422, "DUPLICATE_POST", "Duplicate post is detected");
    if let Some(body) = &mut answer.body {
        body["message"] = format!("Content is a duplicate of {}", existing.id).into();
    }
    answer
}

/// A page of an author's posts, newest first.
fn find_posts(call: &Call<'_>) -> Answer {
    let received = call.received;
    if call.channels.account_state(call.account, |it| it.look_up) == Some(LookUp::Off) {
        return Answer::linkedin(403);
    }
    if received.query.get("q").is_none_or(|finder| finder != "author") {
        return Answer::linkedin(400);
    }
    let number = |name: &str| received.query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (start, count) = (number("start").unwrap_or(0), number("count").unwrap_or(10).clamp(1, 100));
    let mut posts = call.channels.listed_posts(call.account);
    posts.reverse();
    let rest = posts.get(start..).unwrap_or_default();
    let elements: Vec<Value> = rest.iter().take(count).map(shown).collect();
    let next = json!({
        "rel": "next", "type": "application/json",
        "href": format!("/rest/posts?author={}&q=author&start={}&count={count}", call.account, start + count),
    });
    let links = if rest.len() > count { json!([next]) } else { json!([]) };
    Answer::ok(json!({ "elements": elements, "paging": { "start": start, "count": count, "links": links } }))
}

fn read_post(call: &Call<'_>) -> Answer {
    let urn = call.received.segments.last().cloned().unwrap_or_default();
    let found = call.channels.ledger().posts(call.account).into_iter().find(|post| post.id == urn);
    found.map_or_else(|| Answer::linkedin(404), |post| Answer::ok(shown(&post)))
}

fn shown(post: &Post) -> Value {
    let at = post.at.timestamp_millis();
    json!({
        "id": post.id, "author": post.account, "commentary": post.source, "lifecycleState": "PUBLISHED",
        "visibility": "PUBLIC", "createdAt": at, "publishedAt": at, "lastModifiedAt": at,
    })
}

fn start_image(call: &Call<'_>) -> Answer {
    let urn = format!("urn:li:image:C4D10AQ{}", call.channels.next_number());
    call.channels.add_object(urn.clone(), Object::new(call.account, "", Phase::WaitingForUpload));
    let url = format!("{}/dms-uploads/{urn}", call.received.base_url);
    Answer::ok(json!({ "value": { "uploadUrlExpiresAt": in_a_day(), "uploadUrl": url, "image": urn } }))
}

fn take_image(call: &Call<'_>) -> Answer {
    let urn = call.received.segments.last().cloned().unwrap_or_default();
    if !call.intake.is_kept_whole() {
        return Answer::empty(500);
    }
    let content = Content { size: call.intake.size, sha256: call.intake.digest.hex() };
    let taken =
        call.channels.change_object(&urn, |image| (image.phase, image.content) = (Phase::ready(), Some(content)));
    Answer::empty(if taken { 201 } else { 404 })
}

fn read_image(call: &Call<'_>) -> Answer {
    let urn = call.received.segments.last().cloned().unwrap_or_default();
    let Some(image) = call.channels.object(&urn) else { return Answer::linkedin(404) };
    let status = if image.is_ready() { "AVAILABLE" } else { "WAITING_UPLOAD" };
    Answer::ok(json!({ "id": urn, "owner": call.account, "status": status }))
}

/// New tokens for a refresh token, which is used up: the second of two requests with the same one is refused.
fn refresh(call: &Call<'_>) -> Answer {
    let refusal = |status: u16, error: &str, text: &str| {
        Answer::new(status, Some(json!({ "error": error, "error_description": text })))
    };
    if !call.is_of_app(LINKEDIN_APP) {
        return refusal(401, "invalid_client", "Client authentication failed");
    }
    if call.received.text("grant_type").is_none_or(|grant| grant != "refresh_token") {
        return refusal(400, "unsupported_grant_type", "The grant type is not supported");
    }
    let Some(next) = call.channels.rotate(call.account, &call.received.token()) else {
        let text = "The provided authorization grant or refresh token is invalid, expired or revoked.";
        return refusal(400, "invalid_grant", text);
    };
    Answer::ok(json!({
        "access_token": call.channels.grant_access(call.account), "expires_in": 5_184_000,
        "refresh_token": next, "refresh_token_expires_in": 31_536_000, "scope": "w_member_social,r_member_social",
    }))
}

fn in_a_day() -> i64 {
    super::state::now().timestamp_millis() + 86_400_000
}
