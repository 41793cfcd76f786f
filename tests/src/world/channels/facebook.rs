//! Facebook Pages as the Graph API's documents describe them: feed, photos, videos, reels, lists of posts, and errors.
//! Called by `serving`. Photos and videos are fetched from no address: their addresses are written down.
//! <https://developers.facebook.com/docs/pages-api/posts>
//!
//! Ids of photos and videos are JSON numbers beyond 2^53; a client that reads them as floating point loses digits.

use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    Call, Channels, Received, Route,
    account::{LookUp, Repeats},
    answer::Answer,
    ledger::{Post, Site},
    objects::{Object, Phase},
    script::Step,
};

/// What a request asks for; `None` for a path that the fake does not have.
pub(super) fn route(channels: &Channels, received: &Received) -> Option<Route> {
    let is_finish = received.text("upload_phase").is_some_and(|phase| phase == "finish");
    let publishes = if received.is_on("published") { Step::Publish } else { Step::Upload };
    let route = match (&received.method, &received.parts()[..]) {
        (&Method::POST, [page, "feed"]) => Route::new(*page, publishes, publish_text),
        (&Method::POST, [page, "photos"]) => Route::new(*page, publishes, add_photo),
        (&Method::POST, [page, "videos"]) => Route::new(*page, Step::Publish, publish_video),
        (&Method::POST, [page, "video_reels"]) if is_finish => Route::new(*page, Step::Publish, publish_reel),
        (&Method::POST, [page, "video_reels"]) => Route::new(*page, Step::Upload, start_reel),
        (&Method::POST, ["video-upload", video]) => Route::new(channels.owner_of(video), Step::Upload, upload_reel),
        (&Method::GET, [page, "published_posts" | "posts" | "feed"]) => Route::new(*page, Step::LookUp, list_posts),
        (&Method::GET, [page, "videos" | "video_reels"]) => Route::new(*page, Step::LookUp, list_videos),
        (&Method::GET, [page, "scheduled_posts"]) => Route::new(*page, Step::LookUp, list_nothing),
        (&Method::GET | &Method::POST, ["oauth", "access_token"]) => {
            Route::new(channels.account_of_token(&received.token()), Step::Token, exchange_token)
        }
        (&Method::GET, [id]) => {
            let page = id.split_once('_').map_or_else(|| channels.owner_of(id), |(page, _)| page.to_owned());
            Route::new(page, Step::Read, read_one)
        }
        _ => return None,
    };
    Some(route)
}

/// What is wrong with the token, if anything is.
pub(super) fn check_token(channels: &Channels, account: &str, token: &str) -> Option<Answer> {
    match channels.account_state(account, |it| it.accepts(token)) {
        Some(true) => None,
        // A token of another page may not manage this one.
        _ if channels.is_valid_token(token) => Some(Answer::graph(200)),
        _ => Some(Answer::graph(190)),
    }
}

fn publish_text(call: &Call<'_>) -> Answer {
    let received = call.received;
    let text = received.text("message").unwrap_or_default();
    let Some(media) = attached_photos(call, &received.fields["attached_media"]) else { return Answer::graph(100) };
    let id = call.post_id(call.channels.next_number());
    let answer = Answer::ok(json!({ "id": id }));
    if !received.is_on("published") {
        return answer;
    }
    if text.is_empty() && media.is_empty() && received.text("link").is_none() {
        return Answer::graph(100);
    }
    call.publish(id, text, media).unwrap_or(answer)
}

/// The addresses of attached photos, which must be unpublished ones of the page. A form holds the list as text.
fn attached_photos(call: &Call<'_>, attached: &Value) -> Option<Vec<String>> {
    let parsed = attached.as_str().and_then(|text| serde_json::from_str(text).ok());
    let list = parsed.as_ref().unwrap_or(attached);
    let url_of = |item: &Value| {
        let id = &item["media_fbid"];
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let photo = call.channels.object(&id)?;
        (photo.account == call.account && !photo.is_published).then_some(photo.source)
    };
    list.as_array().into_iter().flatten().map(url_of).collect()
}

fn add_photo(call: &Call<'_>) -> Answer {
    let received = call.received;
    let Some(url) = received.text("url") else { return Answer::graph(100) };
    let photo = call.channels.next_number();
    let object = Object::new(call.account, &url, Phase::Ready);
    if !received.is_on("published") {
        call.channels.add_object(photo.to_string(), object);
        return Answer::ok(json!({ "id": photo }));
    }
    let text = received.text("caption").or_else(|| received.text("message")).unwrap_or_default();
    let id = call.post_id(call.channels.next_number());
    let answer = Answer::ok(json!({ "id": photo, "post_id": id }));
    if let Some(refusal) = call.publish(id, text, vec![url]) {
        return refusal;
    }
    call.channels.add_object(photo.to_string(), Object { is_published: true, ..object });
    answer
}

fn publish_video(call: &Call<'_>) -> Answer {
    let Some(url) = call.received.text("file_url") else { return Answer::graph(100) };
    let video = call.channels.next_number();
    let text = call.received.text("description").unwrap_or_default();
    if let Some(refusal) = call.publish(call.post_id(video), text, vec![url.clone()]) {
        return refusal;
    }
    let object = Object::new(call.account, &url, call.channels.processing(call.account));
    call.channels.add_object(video.to_string(), Object { is_published: true, ..object });
    Answer::ok(json!({ "id": video }))
}

fn start_reel(call: &Call<'_>) -> Answer {
    let video = call.channels.next_number();
    call.channels.add_object(video.to_string(), Object::new(call.account, "", Phase::WaitingForUpload));
    let upload_url = format!("{}/video-upload/{video}", call.received.base_url);
    Answer::ok(json!({ "video_id": video, "upload_url": upload_url }))
}

fn upload_reel(call: &Call<'_>) -> Answer {
    let video = call.received.segments.last().cloned().unwrap_or_default();
    let source = call.received.header("file_url").unwrap_or("uploaded bytes").to_owned();
    let uploaded = call.channels.change_object(&video, |object| {
        object.source = source;
        object.phase = Phase::Uploaded;
    });
    if uploaded { Answer::ok(json!({ "success": true })) } else { Answer::graph(100) }
}

fn publish_reel(call: &Call<'_>) -> Answer {
    let video = call.received.text("video_id").unwrap_or_default();
    let uploaded = call.channels.object(&video).filter(|object| object.phase == Phase::Uploaded);
    let Some(object) = uploaded else { return Answer::graph(100) };
    let text = call.received.text("description").unwrap_or_default();
    if let Some(refusal) = call.publish(call.post_id(&video), text, vec![object.source]) {
        return refusal;
    }
    let phase = call.channels.processing(call.account);
    call.channels.change_object(&video, |object| {
        object.phase = phase;
        object.is_published = true;
    });
    Answer::ok(json!({ "success": true }))
}

impl Call<'_> {
    fn post_id(&self, number: impl std::fmt::Display) -> String {
        format!("{}_{number}", self.account)
    }

    /// Makes a post exist, unless the page refuses to say the same twice in a row.
    fn publish(&self, id: String, text: String, media: Vec<String>) -> Option<Answer> {
        let repeats = self.channels.account_state(self.account, |it| it.repeats);
        let last = self.channels.ledger().posts(self.account).pop();
        if repeats == Some(Repeats::Refused) && last.is_some_and(|last| last.text == text) {
            return Some(Answer::graph(506));
        }
        let source = text.clone();
        self.channels.publish(Post { id, text, source, media, ..self.post(Site::Facebook) });
        None
    }
}

fn list_posts(call: &Call<'_>) -> Answer {
    list(call, |post| json!({ "id": post.id, "message": post.text }))
}

fn list_videos(call: &Call<'_>) -> Answer {
    let number = |post: &Post| post.id.rsplit('_').next().and_then(|number| number.parse::<u64>().ok());
    list(call, |post| json!({ "id": number(post), "description": post.text }))
}

fn list_nothing(_: &Call<'_>) -> Answer {
    Answer::ok(json!({ "data": [] }))
}

/// A page of posts, newest first; `since` and `until` are seconds of Unix time, `after` is a cursor.
fn list(call: &Call<'_>, shown: impl Fn(&Post) -> Value) -> Answer {
    let received = call.received;
    if call.channels.account_state(call.account, |it| it.look_up) == Some(LookUp::Off) {
        return Answer::graph(10);
    }
    let number = |name: &str| received.query.get(name).and_then(|text| text.parse::<i64>().ok());
    let count = |name: &str| number(name).and_then(|number| usize::try_from(number).ok());
    let (since, until) = (number("since").unwrap_or(0), number("until").unwrap_or(i64::MAX));
    let mut posts = call.channels.listed_posts(call.account);
    posts.retain(|post| (since..=until).contains(&post.at.timestamp()));
    posts.reverse();
    let (from, limit) = (count("after").unwrap_or(0), count("limit").unwrap_or(25).clamp(1, 100));
    let rest = posts.get(from..).unwrap_or_default();
    let with_times = |post: &Post| {
        let mut shown = shown(post);
        shown["created_time"] = created_time(post).into();
        shown["permalink_url"] = permalink(&post.id).into();
        shown
    };
    let data: Vec<Value> = rest.iter().take(limit).map(with_times).collect();
    if data.is_empty() {
        return list_nothing(call);
    }
    let mut paging = json!({ "cursors": { "before": from.to_string(), "after": (from + data.len()).to_string() } });
    if rest.len() > limit {
        paging["next"] = next_page(received, from + limit).into();
    }
    Answer::ok(json!({ "data": data, "paging": paging }))
}

fn next_page(received: &Received, after: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(received.query.iter().filter(|(name, _)| *name != "after"));
    let query = query.append_pair("after", &after.to_string()).finish();
    format!("{}/v23.0/{}?{query}", received.base_url, received.segments.join("/"))
}

fn read_one(call: &Call<'_>) -> Answer {
    let id = call.received.segments.first().cloned().unwrap_or_default();
    if id == call.account {
        return Answer::ok(json!({ "id": id, "name": "A page" }));
    }
    if let Some(post) = call.channels.ledger().posts(call.account).into_iter().find(|post| post.id == id) {
        let (created, permalink) = (created_time(&post), permalink(&id));
        return Answer::ok(
            json!({ "id": id, "message": post.text, "created_time": created, "permalink_url": permalink }),
        );
    }
    let Some(phase) = call.channels.read_object(&id) else { return Answer::graph(100) };
    let status = match phase {
        Phase::WaitingForUpload | Phase::Uploaded => "upload_complete",
        Phase::Processing(_) => "processing",
        Phase::Ready => "ready",
    };
    let number = id.parse::<u64>().map_or(Value::Null, Value::from);
    let permalink = format!("/reel/{id}/");
    Answer::ok(json!({ "id": number, "status": { "video_status": status }, "permalink_url": permalink }))
}

/// Another token for a valid one; the old one stays valid.
fn exchange_token(call: &Call<'_>) -> Answer {
    let is_exchange = call.received.text("grant_type").is_some_and(|grant| grant == "fb_exchange_token");
    if !is_exchange || !call.channels.is_client(Site::Facebook, call.received) {
        return Answer::graph(100);
    }
    if let Some(refusal) = check_token(call.channels, call.account, &call.received.token()) {
        return refusal;
    }
    let token = call.channels.grant_access(call.account);
    Answer::ok(json!({ "access_token": token, "token_type": "bearer", "expires_in": 5_184_000 }))
}

fn created_time(post: &Post) -> String {
    post.at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn permalink(id: &str) -> String {
    format!("https://www.facebook.com/{}", id.replace('_', "/posts/"))
}
