//! Instagram as its documents describe it: containers, their publication, the publishing limit, lists of media, errors.
//! Called by `serving`. Media are fetched from no address: their addresses are written down.
//! <https://developers.facebook.com/docs/instagram-platform/content-publishing>
//!
//! Both logins are served: accounts that were connected by Facebook differ in how their tokens are exchanged.

mod container;

use http::Method;
use serde_json::{Map, Value, json};

pub(super) use self::container::Container;
use super::{
    Call, Channels, Post, Received, Route, Site, Step,
    account::LookUp,
    answer::Answer,
    facebook::{self, check_token},
    processing::Ending,
};
use crate::run::locked;

/// Posts that an account may make in a day, if a test does not say otherwise. The vendor's pages disagree.
const QUOTA: usize = 50;

/// What a request asks for; `None` for a path that the fake does not have.
pub(super) fn route(channels: &Channels, received: &Received) -> Option<Route> {
    let by_token = || channels.account_of_token(&received.token());
    let route = match (&received.method, &received.parts()[..]) {
        (&Method::POST, [account, "media"]) => Route::new(*account, Step::Init, container::create),
        (&Method::POST, [account, "media_publish"]) => Route::new(*account, Step::Publish, publish),
        (&Method::GET, [account, "content_publishing_limit"]) => Route::new(*account, Step::Quota, read_limit),
        (&Method::GET, [account, "media"]) => Route::new(*account, Step::LookUp, list_media),
        (&Method::GET, [account, "stories"]) => Route::new(*account, Step::LookUp, list_stories),
        (&Method::GET, ["refresh_access_token"]) => Route::new(by_token(), Step::Token, refresh),
        (&Method::GET | &Method::POST, ["oauth", "access_token"]) => {
            Route::new(by_token(), Step::Token, facebook::exchange_token)
        }
        (&Method::GET, ["me"]) => Route::new(by_token(), Step::Read, read_account),
        (&Method::GET, [id]) => route_read(channels, id),
        _ => return None,
    };
    Some(route)
}

fn route_read(channels: &Channels, id: &str) -> Route {
    if locked(&channels.containers).contains_key(id) {
        return Route::new(channels.owner_of(id), Step::Status, container::read);
    }
    let author = channels.author_of(id);
    if author.is_empty() {
        return Route::new(channels.owner_of(id), Step::Read, read_account);
    }
    Route::new(author, Step::Read, read_medium)
}

/// The members of an object that `fields` names, and its id; `None` if it has no such member.
pub(super) fn chosen(received: &Received, whole: &Value) -> Option<Value> {
    let Some(fields) = received.text("fields") else { return Some(json!({ "id": whole["id"] })) };
    let mut shown = Map::new();
    for name in fields.split(',').map(str::trim) {
        shown.insert(name.to_owned(), whole.get(name)?.clone());
    }
    shown.insert("id".to_owned(), whole["id"].clone());
    Some(shown.into())
}

fn read_limit(call: &Call<'_>) -> Answer {
    let (used, total) = limit(call);
    let config = json!({ "quota_total": total, "quota_duration": 86_400 });
    Answer::ok(json!({ "data": [{ "quota_usage": used, "config": config }] }))
}

fn limit(call: &Call<'_>) -> (usize, usize) {
    let quota = call.channels.quota(call.account);
    quota.map_or_else(|| (call.channels.ledger().count(call.account), QUOTA), |quota| (quota.used, quota.total))
}

/// Publishing a container a second time answers with the same medium.
fn publish(call: &Call<'_>) -> Answer {
    let Some(id) = call.received.text("creation_id") else { return Answer::graph(100) };
    let found = locked(&call.channels.containers).get(&id).filter(|it| it.account == call.account).cloned();
    let Some(container) = found else { return Answer::graph_sub(24, 2_207_006) };
    if let Some(medium) = container.medium {
        return Answer::ok(json!({ "id": medium }));
    }
    if container.is_item {
        return Answer::graph(100);
    }
    match container.processing.end() {
        Some(Ending::Ready) => {}
        Some(Ending::Expired) => return Answer::graph_sub(-2, 2_207_020),
        Some(_) => return Answer::graph_sub(-1, 2_207_032),
        None => return Answer::graph_sub(9_007, 2_207_027),
    }
    let (used, total) = limit(call);
    if used >= total {
        return Answer::graph_sub(9, 2_207_042);
    }
    let medium = (17_900_000_000_000_000 + call.channels.next_number() % 90_000_000_000_000).to_string();
    if let Some(container) = locked(&call.channels.containers).get_mut(&id) {
        container.medium = Some(medium.clone());
    }
    let Container { caption: text, media, kind, .. } = container;
    let post = call.post(Site::Instagram);
    call.channels.publish(Post { id: medium.clone(), kind, source: text.clone(), text, media, ..post });
    Answer::ok(json!({ "id": medium }))
}

/// Stories are no media of the list.
fn list_media(call: &Call<'_>) -> Answer {
    list(call, false)
}

fn list_stories(call: &Call<'_>) -> Answer {
    list(call, true)
}

/// A page of media, newest first; `after` is a cursor.
fn list(call: &Call<'_>, stories: bool) -> Answer {
    if call.channels.account_state(call.account, |it| it.look_up) == Some(LookUp::Off) {
        return Answer::graph(10);
    }
    let mut posts = call.channels.listed_posts(call.account);
    posts.retain(|post| (post.kind == "STORIES") == stories);
    posts.reverse();
    let number = |name: &str| call.received.query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (from, limit) = (number("after").unwrap_or(0), number("limit").unwrap_or(25).clamp(1, 100));
    let rest = posts.get(from..).unwrap_or_default();
    let shown = rest.iter().take(limit).map(|post| chosen(call.received, &medium(post)));
    let Some(data) = shown.collect::<Option<Vec<Value>>>() else { return Answer::graph(100) };
    if data.is_empty() {
        return Answer::ok(json!({ "data": [] }));
    }
    let mut paging = json!({ "cursors": { "before": from.to_string(), "after": (from + data.len()).to_string() } });
    if rest.len() > limit {
        paging["next"] = facebook::next_page(call.received, from + limit).into();
    }
    Answer::ok(json!({ "data": data, "paging": paging }))
}

fn medium(post: &Post) -> Value {
    let (kind, product) = match post.kind {
        "CAROUSEL" => ("CAROUSEL_ALBUM", "FEED"),
        "REELS" => ("VIDEO", "REELS"),
        "STORIES" => ("IMAGE", "STORY"),
        _ => ("IMAGE", "FEED"),
    };
    let code = post.id.trim_start_matches("179");
    json!({
        "id": post.id, "caption": post.text, "timestamp": facebook::created_time(post), "media_type": kind,
        "media_product_type": product, "permalink": format!("https://www.instagram.com/p/Fake{code}/"),
        "username": "an_account",
    })
}

fn read_medium(call: &Call<'_>) -> Answer {
    let id = call.received.segments.first().cloned().unwrap_or_default();
    let post = call.channels.ledger().posts(call.account).into_iter().find(|post| post.id == id);
    let shown = post.and_then(|post| chosen(call.received, &medium(&post)));
    shown.map_or_else(|| Answer::graph(100), Answer::ok)
}

fn read_account(call: &Call<'_>) -> Answer {
    let count = call.channels.ledger().posts(call.account).len();
    let whole = json!({
        "id": call.account, "user_id": call.account, "username": "an_account", "name": "An account",
        "account_type": "BUSINESS", "media_count": count,
    });
    chosen(call.received, &whole).map_or_else(|| Answer::graph(100), Answer::ok)
}

/// Another token for a valid one that is at least a day old; the old one stays valid.
/// <https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>
fn refresh(call: &Call<'_>) -> Answer {
    if call.received.text("grant_type").is_none_or(|grant| grant != "ig_refresh_token") {
        return Answer::graph(100);
    }
    let token = call.received.token();
    if let Some(refusal) = check_token(call.channels, call.account, &token) {
        return refusal;
    }
    if call.channels.account_state(call.account, |it| it.is_old_enough(&token)) != Some(true) {
        return Answer::graph(100);
    }
    let token = call.channels.grant_access(call.account);
    Answer::ok(
        json!({ "access_token": token, "token_type": "bearer", "expires_in": 5_184_000, "permissions": "instagram_business_basic,instagram_business_content_publish" }),
    )
}
