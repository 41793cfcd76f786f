//! Facebook Pages: texts, one picture, several pictures that are uploaded unpublished and then named by one post, videos
//! and reels. Called by the publishing job through the `Channel` trait.
//! A post whose answer is missing is found in the Page's own list, a video by its id; <https://developers.facebook.com/docs/pages-api/posts>.

use std::time::Duration;

use almanac_shared::publishing::{
    self,
    credentials::Tokens,
    render::{Known, Request},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    Channel, ChannelError, Delivery, Handles, LookUp, LookUpWindow, Posted, Prepared, Refreshed, Sent,
    answer::Answer,
    classify,
    client::ChannelClient,
    graph::{Graph, PostList, Search, permalink, unreadable},
    ids,
    post::{self, instant, is_same_text},
};
use crate::outbound::{
    media::{Media, MediaLimits},
    send_budget::SendBudget,
};

mod reels;
mod videos;

use self::videos::Form;

const CHANNEL: publishing::Channel = publishing::Channel::Facebook;

/// <https://developers.facebook.com/docs/graph-api/photo-uploads>. The size is the one that the API's own error names.
const PHOTOS: MediaLimits = MediaLimits::new(
    &["image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff", "image/webp"],
    "JPEG, PNG, GIF, BMP, TIFF and WebP pictures",
    4 * 1024 * 1024,
);

const POSTS: PostList = PostList {
    edge: "published_posts",
    fields: "id,message,created_time,permalink_url",
    time: "created_time",
    takes_since: true,
};

const PHOTO_UPLOAD: &str = "upload_photo_";

/// Facebook Pages.
pub struct Facebook {
    graph: Graph,
    media: Media,
    settings: FacebookSettings,
}

/// What the operator has set for Facebook.
#[derive(Clone, Copy, Debug)]
pub struct FacebookSettings {
    /// Between the last moment at which a post can have been sent and the search for it.
    pub lookup_grace: Duration,
}

impl Facebook {
    /// Sends by a client, and checks media before.
    pub fn new(client: ChannelClient, media: Media, settings: FacebookSettings) -> Self {
        Self { graph: Graph::new(client), media, settings }
    }

    async fn upload_photos(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        for request in post::requests(CHANNEL, delivery, known)? {
            let Some(name) = photo_name(&request.step).filter(|name| !known.contains_key(name)) else { continue };
            self.graph.check_pressure(delivery)?;
            let answer = self.graph.call(delivery, &request).await?;
            let id = answer.body.get("id").and_then(ids::text).ok_or_else(|| unreadable("The photo", delivery))?;
            known.insert(name, id.into());
            post::keep(handles, known).await?;
        }
        Ok(())
    }

    /// The post's address; a failure to read it does not matter.
    async fn permalink(&self, delivery: &Delivery<'_>, known: &Known, id: &str) -> Option<String> {
        let mut known = known.clone();
        known.insert("post_id".to_owned(), id.into());
        let request = post::step(CHANNEL, delivery, &known, "permalink").ok()?;
        permalink(self.graph.call(delivery, &request).await.ok()?.body.get("permalink_url"))
    }

    /// The post that a feed's answer confirms.
    async fn posted(&self, delivery: &Delivery<'_>, known: &Known, answer: &Answer) -> Sent {
        // The answer of a photo names the photo and the post; the one of the feed names the post.
        let id = ["post_id", "id"].iter().find_map(|name| ids::text(answer.body.get(*name)?));
        let Some(id) = id else { return answer.without_id() };
        let url = self.permalink(delivery, known, &id).await;
        answer.posted(id, url)
    }

    /// Looks for a text among the Page's posts.
    async fn find_post(
        &self,
        delivery: &Delivery<'_>,
        text: &str,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        let find = |post: &Value, at: DateTime<Utc>| {
            let id = ids::text(post.get("id")?)?;
            let message = post.get("message").and_then(Value::as_str).unwrap_or_default();
            let is_it = is_same_text(message, text) && window.contains(at) && !window.is_taken(&id);
            is_it.then(|| {
                let proof = json!({"id": id, "createdTime": instant(at)});
                Posted { external_url: permalink(post.get("permalink_url")), external_id: id, proof }
            })
        };
        Ok(match self.graph.search(delivery, &POSTS, window, find).await {
            Ok(Search::Found(posted)) => LookUp::Found(posted),
            Ok(Search::Missing(listed)) => {
                LookUp::Absent { proof: json!({"listed": listed, "since": instant(window.earliest())}) }
            }
            Ok(Search::Endless) => {
                LookUp::Impossible { why: "The Page has more new posts than could be read.".to_owned() }
            }
            Err(error) => return post::not_told(error),
        })
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
        let requests = post::requests(CHANNEL, delivery, known)?;
        let prepared = match Form::of(&requests) {
            Form::Reel => self.prepare_reel(delivery, known, handles).await?,
            Form::Video => self.check_video(delivery).await?,
            Form::Feed => {
                if !are_uploaded(&requests, known) {
                    self.media.check(&delivery.entry.media, &PHOTOS).await?;
                }
                self.upload_photos(delivery, known, handles).await?;
                Prepared::Ready
            }
        };
        self.graph.check_pressure(delivery)?;
        Ok(prepared)
    }

    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        let not_rendered = |error| Sent::NotSent { error, proof: json!({"reason": "not_rendered", "bodySent": "no"}) };
        let requests = match post::requests(CHANNEL, delivery, known) {
            Ok(requests) => requests,
            Err(error) => return not_rendered(error),
        };
        let request = match post::step(CHANNEL, delivery, known, "publish") {
            Ok(request) => request,
            Err(error) => return not_rendered(error),
        };
        let answer = match self.graph.publish(delivery, &request, budget).await {
            Ok(answer) => answer,
            Err(fault) => return fault.sent(),
        };
        let form = Form::of(&requests);
        if let Some(verdict) = classify::graph(&answer) {
            if form == Form::Reel {
                let sent = answer.sent(reels::limited(verdict), delivery.tokens);
                return self.refused_reel(delivery, known, sent).await;
            }
            return answer.sent(verdict, delivery.tokens);
        }
        match form {
            Form::Feed => self.posted(delivery, known, &answer).await,
            Form::Video | Form::Reel => videos::accepted(&answer, known),
        }
    }

    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        let requests = post::requests(CHANNEL, delivery, known)?;
        let publish = post::step(CHANNEL, delivery, known, "publish")?;
        let text = ["message", "caption", "description"].iter().find_map(|name| publish.body.get(*name)?.as_str());
        let text = text.unwrap_or_default();
        match Form::of(&requests) {
            Form::Feed => self.find_post(delivery, text, window).await,
            form => self.find_video(delivery, known, window, &videos::Wanted { form, text }).await,
        }
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

#[cfg(test)]
mod tests;
