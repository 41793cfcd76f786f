//! Facebook Pages: texts, one picture, or several pictures that are uploaded unpublished and then named by one post.
//! Called by the publishing job through the `Channel` trait.
//! A post whose answer is missing is found in the Page's own list; <https://developers.facebook.com/docs/pages-api/posts>.

use std::{collections::BTreeMap, time::Duration};

use almanac_shared::{
    platform::error::Code,
    publishing::{
        self,
        credentials::Tokens,
        render::{GRAPH_VERSION, Known, Method, Request},
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;

use super::{
    Channel, ChannelError, Delivery, ErrorClass, Handles, LookUp, LookUpWindow, Posted, Prepared, Refreshed, Sent,
    answer::Answer,
    classify,
    client::ChannelClient,
    ids,
    post::{self, encoded, instant, is_same_text},
    pressure::Pressure,
};
use crate::outbound::{
    media::{Media, MediaLimits},
    send_budget::SendBudget,
};

/// <https://developers.facebook.com/docs/graph-api/photo-uploads>. The size is the one that the API's own error names.
const PHOTOS: MediaLimits = MediaLimits {
    types: &["image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff", "image/webp"],
    names: "JPEG, PNG, GIF, BMP, TIFF and WebP pictures",
    max_bytes: 4 * 1024 * 1024,
    pixels_below: None,
};

const PHOTO_UPLOAD: &str = "upload_photo_";

/// Posts per page of a list.
const PAGE_SIZE: usize = 100;

/// Pages of a list that are read: more posts than a Page makes in the minutes of a window.
const MAX_PAGES: usize = 10;

/// Facebook Pages.
pub struct Facebook {
    client: ChannelClient,
    media: Media,
    pressure: Pressure,
}

impl Facebook {
    /// Sends by a client, and checks media before.
    pub fn new(client: ChannelClient, media: Media) -> Self {
        Self { client, media, pressure: Pressure::default() }
    }

    /// A step that may be repeated.
    async fn call(&self, delivery: &Delivery<'_>, request: &Request) -> Result<Answer, ChannelError> {
        let answer = self.client.call(request, &delivery.tokens.access).await?;
        self.note_usage(delivery, &answer);
        match classify::graph(&answer) {
            Some(verdict) => Err(answer.error(verdict, delivery.tokens)),
            None => Ok(answer),
        }
    }

    fn note_usage(&self, delivery: &Delivery<'_>, answer: &Answer) {
        if let Some(pause) = classify::usage_pause(&answer.headers) {
            self.pressure.note(&delivery.account.external_id, pause);
        }
    }

    async fn upload_photos(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        for request in post::requests(publishing::Channel::Facebook, delivery, known)? {
            let Some(name) = photo_name(&request.step).filter(|name| !known.contains_key(name)) else { continue };
            self.pressure.check(&delivery.account.external_id)?;
            let answer = self.call(delivery, &request).await?;
            let id = answer.body.get("id").and_then(ids::text).ok_or_else(|| no_id("The photo"))?;
            known.insert(name, id.into());
            post::keep(handles, known).await?;
        }
        Ok(())
    }

    /// The post's address; a failure to read it does not matter.
    async fn permalink(&self, delivery: &Delivery<'_>, known: &Known, id: &str) -> Option<String> {
        let mut known = known.clone();
        known.insert("post_id".to_owned(), id.into());
        let request = post::step(publishing::Channel::Facebook, delivery, &known, "permalink").ok()?;
        permalink_of(&self.call(delivery, &request).await.ok()?.body)
    }
}

#[async_trait]
impl Channel for Facebook {
    async fn prepare(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        post::refuse_videos(delivery)?;
        let requests = post::requests(publishing::Channel::Facebook, delivery, known)?;
        if !are_uploaded(&requests, known) {
            self.media.check(&delivery.entry.media, &PHOTOS).await?;
        }
        self.upload_photos(delivery, known, handles).await?;
        self.pressure.check(&delivery.account.external_id)?;
        Ok(Prepared::Ready)
    }

    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        let request = match post::step(publishing::Channel::Facebook, delivery, known, "publish") {
            Ok(request) => request,
            Err(error) => return Sent::NotSent { error, proof: json!({"reason": "not_rendered", "bodySent": "no"}) },
        };
        let answer = match self.client.publish(&request, &delivery.tokens.access, budget).await {
            Ok(answer) => answer,
            Err(fault) => return fault.sent(),
        };
        self.note_usage(delivery, &answer);
        if let Some(verdict) = classify::graph(&answer) {
            return answer.sent(verdict, delivery.tokens);
        }
        // The answer of a photo names the photo and the post; the one of the feed names the post.
        let id = ["post_id", "id"].iter().find_map(|name| ids::text(answer.body.get(*name)?));
        let Some(id) = id else { return answer.without_id() };
        let url = self.permalink(delivery, known, &id).await;
        answer.posted(id, url)
    }

    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        let publish = post::step(publishing::Channel::Facebook, delivery, known, "publish")?;
        let text = ["message", "caption"].iter().find_map(|name| publish.body.get(*name)?.as_str());
        let text = text.unwrap_or_default();
        let (mut after, mut listed) = (None, 0);
        for _ in 0..MAX_PAGES {
            let answer = match self.call(delivery, &listing(delivery, window, after.as_deref())).await {
                Ok(answer) => answer,
                Err(error) => return post::not_told(error),
            };
            let Some(posts) = answer.body.get("data").and_then(Value::as_array) else { return Err(no_id("The list")) };
            let is_readable =
                |post: &Value| post.get("id").is_some() && post.get("created_time").and_then(created_at).is_some();
            if !posts.iter().all(is_readable) {
                return Err(no_id("The list"));
            }
            listed += posts.len();
            if let Some(posted) = posts.iter().find_map(|post| matching(post, text, window)) {
                return Ok(LookUp::Found(posted));
            }
            after = answer.body.pointer("/paging/cursors/after").and_then(Value::as_str).map(str::to_owned);
            let has_more = answer.body.pointer("/paging/next").is_some() && after.is_some();
            // Newest first.
            let is_older =
                |post: &Value| post.get("created_time").and_then(created_at).is_some_and(|at| at < window.earliest());
            if !has_more || posts.iter().all(is_older) {
                let proof = json!({"listed": listed, "since": instant(window.earliest())});
                return Ok(LookUp::Absent { proof });
            }
        }
        Ok(LookUp::Impossible { why: "The Page has more new posts than could be read.".to_owned() })
    }

    /// A Page's token does not expire by time.
    async fn refresh(&self, _: &Tokens) -> Result<Option<Refreshed>, ChannelError> {
        Ok(None)
    }
}

/// The name under which the id of an uploaded photo is known.
fn photo_name(step: &str) -> Option<String> {
    step.strip_prefix(PHOTO_UPLOAD).map(|number| format!("photo_{number}_id"))
}

/// Whether there are photos to upload, and all of them are.
fn are_uploaded(requests: &[Request], known: &Known) -> bool {
    let photos: Vec<_> = requests.iter().filter_map(|request| photo_name(&request.step)).collect();
    !photos.is_empty() && photos.iter().all(|name| known.contains_key(name))
}

/// Cursors and not the answer's own link to the next page: the link holds the token.
fn listing(delivery: &Delivery<'_>, window: &LookUpWindow, after: Option<&str>) -> Request {
    let page = encoded(&delivery.account.external_id);
    let since = window.earliest().timestamp();
    let mut url = format!(
        "{}/{GRAPH_VERSION}/{page}/published_posts?fields=id,message,created_time,permalink_url&since={since}&limit={PAGE_SIZE}",
        delivery.base_url
    );
    if let Some(after) = after {
        url.push_str("&after=");
        url.push_str(&encoded(after));
    }
    Request { step: "look_up".to_owned(), method: Method::Get, url, headers: BTreeMap::new(), body: Value::Null }
}

/// The post of a list, if it is the one that was sent.
fn matching(post: &Value, text: &str, window: &LookUpWindow) -> Option<Posted> {
    let id = ids::text(post.get("id")?)?;
    let message = post.get("message").and_then(Value::as_str).unwrap_or_default();
    let created = created_at(post.get("created_time")?)?;
    let is_it = is_same_text(message, text) && window.contains(created) && !window.is_taken(&id);
    is_it.then(|| {
        let proof = json!({"id": id, "createdTime": instant(created)});
        Posted { external_url: permalink_of(post), external_id: id, proof }
    })
}

/// `2026-01-02T03:04:05+0000`, or seconds.
fn created_at(value: &Value) -> Option<DateTime<Utc>> {
    let Some(text) = value.as_str() else { return DateTime::from_timestamp(value.as_i64()?, 0) };
    let read = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z"));
    read.ok().map(|at| at.to_utc())
}

fn permalink_of(post: &Value) -> Option<String> {
    let url = Url::parse(post.get("permalink_url")?.as_str()?).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= 2_000).then(|| url.into())
}

fn no_id(what: &str) -> ChannelError {
    let message = format!("{what} that Facebook answered cannot be read.");
    ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message).after(Duration::from_secs(5))
}

#[cfg(test)]
mod tests;
