//! Facebook Pages as the Graph API's documents describe them: feed, photos, videos, reels, lists of posts, and errors.
//! Called by `serving`. Photos and videos are fetched from no address: their addresses are written down.
//! <https://developers.facebook.com/docs/pages-api/posts>
//!
//! Ids of photos and videos are JSON numbers beyond 2^53; a client that reads them as floating point loses digits.

mod video;

use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    Call, Channels, FACEBOOK_APP, Object, Phase, Post, Received, Route, Site, Step,
    account::{LookUp, Repeats},
    answer::Answer,
};

/// What a request asks for; `None` for a path that the fake does not have.
pub(super) fn route(channels: &Channels, received: &Received) -> Option<Route> {
    let is_finish = received.text("upload_phase").is_some_and(|phase| phase == "finish");
    let is_video = |id: &str| channels.object(id).is_some_and(|object| object.is_video);
    let publishes = if received.is_on("published") { Step::Publish } else { Step::Upload };
    let route = match (&received.method, &received.parts()[..]) {
        (&Method::POST, [page, "feed"]) => Route::new(*page, publishes, publish_text),
        (&Method::POST, [page, "photos"]) => Route::new(*page, publishes, add_photo),
        (&Method::POST, [page, "videos"]) => Route::new(*page, Step::Publish, video::publish),
        (&Method::POST, [page, "video_reels"]) if is_finish => Route::new(*page, Step::Publish, video::finish_reel),
        (&Method::POST, [page, "video_reels"]) => Route::new(*page, Step::Init, video::start_reel),
        (&Method::POST, ["video-upload", .., video]) => {
            Route::new(channels.owner_of(video), Step::Upload, video::upload_reel)
        }
        (&Method::GET, [page, "published_posts" | "posts" | "feed"]) => Route::new(*page, Step::LookUp, list_posts),
        (&Method::GET, [page, "videos" | "video_reels"]) => Route::new(*page, Step::LookUp, video::list_videos),
        (&Method::GET, [page, "scheduled_posts"]) => Route::new(*page, Step::LookUp, list_nothing),
        (&Method::GET | &Method::POST, ["oauth", "access_token"]) => {
            Route::new(channels.account_of_token(&received.token()), Step::Token, exchange_token)
        }
        (&Method::GET, [id]) if is_video(id) => Route::new(channels.owner_of(id), Step::Status, video::read),
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
    let object = Object::new(call.account, &url, Phase::ready());
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

impl Call<'_> {
    fn post_id(&self, number: impl std::fmt::Display) -> String {
        format!("{}_{number}", self.account)
    }

    /// The refusal of a text that the page had last.
    fn repeats_itself(&self, text: &str) -> Option<Answer> {
        let repeats = self.channels.account_state(self.account, |it| it.repeats);
        let last = self.channels.ledger().posts(self.account).pop();
        let is_refused = repeats == Some(Repeats::Refused) && last.is_some_and(|last| last.text == text);
        is_refused.then(|| Answer::graph(506))
    }

    /// Makes a post exist, unless the page refuses to say the same twice in a row.
    fn publish(&self, id: String, text: String, media: Vec<String>) -> Option<Answer> {
        if let Some(refusal) = self.repeats_itself(&text) {
            return Some(refusal);
        }
        let source = text.clone();
        self.channels.publish(Post { id, text, source, media, ..self.post(Site::Facebook) });
        None
    }
}

fn list_posts(call: &Call<'_>) -> Answer {
    list(call, call.channels.listed_posts(call.account), |post| json!({ "id": post.id, "message": post.text }))
}

fn list_nothing(_: &Call<'_>) -> Answer {
    Answer::ok(json!({ "data": [] }))
}

/// A page of posts, newest first; `since` and `until` are seconds of Unix time, `after` is a cursor.
fn list(call: &Call<'_>, mut posts: Vec<Post>, shown: impl Fn(&Post) -> Value) -> Answer {
    let received = call.received;
    if call.channels.account_state(call.account, |it| it.look_up) == Some(LookUp::Off) {
        return Answer::graph(10);
    }
    let number = |name: &str| received.query.get(name).and_then(|text| text.parse::<i64>().ok());
    let count = |name: &str| number(name).and_then(|number| usize::try_from(number).ok());
    let (since, until) = (number("since").unwrap_or(0), number("until").unwrap_or(i64::MAX));
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

pub(super) fn next_page(received: &Received, after: usize) -> String {
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
    if call.channels.object(&id).is_none() {
        return Answer::graph(100);
    }
    Answer::ok(json!({ "id": id.parse::<u64>().map_or(Value::Null, Value::from) }))
}

/// Another token for a valid one; the old one stays valid. Instagram accounts that were connected by Facebook have it too.
pub(super) fn exchange_token(call: &Call<'_>) -> Answer {
    let is_exchange = call.received.text("grant_type").is_some_and(|grant| grant == "fb_exchange_token");
    if !is_exchange || !call.is_of_app(FACEBOOK_APP) {
        return Answer::graph(100);
    }
    if let Some(refusal) = check_token(call.channels, call.account, &call.received.token()) {
        return refusal;
    }
    let token = call.channels.grant_access(call.account);
    Answer::ok(json!({ "access_token": token, "token_type": "bearer", "expires_in": 5_184_000 }))
}

pub(super) fn created_time(post: &Post) -> String {
    post.at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn permalink(id: &str) -> String {
    format!("https://www.facebook.com/{}", id.replace('_', "/posts/"))
}
