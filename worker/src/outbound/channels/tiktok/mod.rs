//! TikTok: videos that are uploaded in chunks, and pictures that TikTok fetches. Called by the publishing job through the
//! `Channel` trait. What an account allows is asked for before each post; a post exists once TikTok says that it is
//! published, and is asked for by the handle that its first request gave.
//! <https://developers.tiktok.com/doc/content-posting-api-get-started>

use std::time::Duration;

use almanac_shared::{
    calendar::MediumType,
    platform::error::Code,
    publishing::{
        self, Transport,
        credentials::Tokens,
        options::PrivacyLevel,
        render::{Known, Request},
    },
};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};

use self::{
    creator::{Creator, Posting},
    status::Status,
    video::DeadUploads,
};
use super::{
    Channel, ChannelError, Delivery, ErrorClass, Handles, LookUp, LookUpWindow, Posted, Prepared, Refreshed, Sent,
    answer::Answer, classify, client::ChannelClient, ids, oauth, polls, post, pressure::Pressure,
};
use crate::outbound::{
    media::{Bounds, Media, MediaLimits},
    send_budget::SendBudget,
};

mod chunks;
mod creator;
mod status;
mod video;

/// Where people see posts.
const WEB: &str = "https://www.tiktok.com";

/// <https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>: at most 1080p, in either direction.
const PHOTOS: MediaLimits = MediaLimits {
    width: Some(Bounds { least: 1, most: 1_920 }),
    height: Some(Bounds { least: 1, most: 1_920 }),
    ..MediaLimits::new(&["image/jpeg", "image/webp"], "JPEG and WebP pictures", 20_000_000)
};

/// The pause of an account that has begun too many posts in a minute, if TikTok names none.
const RATE_PAUSE: Duration = Duration::from_secs(30);

/// What names a post from its first request on.
const PUBLISH_ID: &str = "publish_id";
/// How often TikTok was asked how far it is: an account may ask 30 times a minute.
const POLLS: &str = "polls";
const USERNAME: &str = "creator_username";
/// How often TikTok failed with a post that may be sent again.
const FAILURES: &str = "failures";
const MOST_FAILURES: u64 = 3;

/// TikTok.
pub struct Tiktok {
    client: ChannelClient,
    media: Media,
    settings: TiktokSettings,
    pressure: Pressure,
    dead: DeadUploads,
}

/// What the operator has set for TikTok.
#[derive(Clone, Debug)]
pub struct TiktokSettings {
    /// The host of the API, the vendor's unless the operator names another.
    pub base_url: String,
    /// Decides where posts are seen.
    pub transport: Transport,
    /// The installation's client; without it tokens are not refreshed.
    pub app: Option<TiktokApp>,
}

/// The client of the installation at TikTok.
#[derive(Clone, Debug)]
pub struct TiktokApp {
    /// Its public id.
    pub client_key: String,
    /// Its secret.
    pub secret: SecretString,
}

impl Tiktok {
    /// Sends by a client, and checks media before.
    pub fn new(client: ChannelClient, media: Media, settings: TiktokSettings) -> Self {
        Self { client, media, settings, pressure: Pressure::default(), dead: DeadUploads::default() }
    }

    /// A request that may be repeated.
    async fn call(&self, delivery: &Delivery<'_>, request: &Request) -> Result<Answer, ChannelError> {
        let answer = self.client.call(request, &delivery.tokens.access).await?;
        match classify::tiktok(&answer) {
            Some(verdict) => Err(answer.error(verdict, delivery.tokens)),
            None => Ok(answer),
        }
    }

    /// The same for what begins a post. An account that TikTok asks for fewer of them pauses, so that those that wait do not
    /// take the place of one that could go on.
    async fn begin_call(&self, delivery: &Delivery<'_>, request: &Request) -> Result<Answer, ChannelError> {
        let account = &delivery.account.external_id;
        self.pressure.check(account).map_err(|error| {
            let message = "TikTok lets an account begin only some posts in a minute.".to_owned();
            ChannelError { message, ..error }
        })?;
        self.call(delivery, request).await.inspect_err(|error| self.note_pause(delivery, error)).map_err(with_pause)
    }

    fn note_pause(&self, delivery: &Delivery<'_>, error: &ChannelError) {
        if error.class == ErrorClass::RateLimited {
            self.pressure.note(&delivery.account.external_id, error.retry_after.unwrap_or(RATE_PAUSE));
        }
    }

    /// What the account allows.
    async fn creator(&self, delivery: &Delivery<'_>) -> Result<Creator, ChannelError> {
        let request = post::step(publishing::Channel::Tiktok, delivery, &Known::new(), "creator_info")?;
        let answer = self.begin_call(delivery, &request).await?;
        Creator::read(&answer.body).ok_or_else(|| unreadable("The account"))
    }

    async fn status(&self, delivery: &Delivery<'_>, known: &Known) -> Result<(Status, Answer), ChannelError> {
        let request = post::step(publishing::Channel::Tiktok, delivery, known, "status")?;
        let answer = self.call(delivery, &request).await?;
        let status = Status::read(&answer.body).ok_or_else(|| unreadable("The status"))?;
        Ok((status, answer))
    }

    async fn prepare_photos(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        self.media.check(&delivery.entry.media, &PHOTOS).await?;
        let creator = self.creator(delivery).await?;
        creator.check(&delivery.options.tiktok, Posting::Photos)?;
        keep_username(&creator, known);
        post::keep(handles, known).await?;
        Ok(Prepared::Ready)
    }

    /// The request that names the media is the one that publishes: TikTok fetches them by itself.
    async fn publish_fetched(&self, delivery: &Delivery<'_>, known: &Known, step: &str, budget: SendBudget) -> Sent {
        let request = match post::step(publishing::Channel::Tiktok, delivery, known, step) {
            Ok(request) => request,
            Err(error) => return Sent::NotSent { error, proof: json!({"reason": "not_rendered", "bodySent": "no"}) },
        };
        let answer = match self.client.publish(&request, &delivery.tokens.access, budget).await {
            Ok(answer) => answer,
            Err(fault) => return fault.sent(),
        };
        if let Some(verdict) = classify::tiktok(&answer) {
            let sent = answer.sent(verdict, delivery.tokens);
            return match sent {
                Sent::NotSent { error, proof } => {
                    self.note_pause(delivery, &error);
                    Sent::NotSent { error: with_pause(error), proof }
                }
                sent => sent,
            };
        }
        let Some(id) = answer.body.pointer("/data/publish_id").and_then(ids::text) else { return answer.without_id() };
        let proof = answer.proof(Some(&id));
        let mut known = known.clone();
        known.insert(PUBLISH_ID.to_owned(), id.into());
        Sent::Accepted { proof, known, pause: polls::SHORTEST_PAUSE }
    }

    /// A post that TikTok has published. Until everybody may see it, it has no id but its handle, and no address.
    fn posted(&self, delivery: &Delivery<'_>, known: &Known, public_id: Option<String>, answer: &Answer) -> Posted {
        let handle = known.get(PUBLISH_ID).and_then(Value::as_str).unwrap_or_default();
        let url = public_id.as_deref().and_then(|id| self.address_of(delivery, known, id));
        let external_id = public_id.unwrap_or_else(|| handle.to_owned());
        let mut proof = answer.proof(Some(&external_id));
        proof["publishId"] = handle.into();
        Posted { external_id, external_url: url, proof }
    }

    fn address_of(&self, delivery: &Delivery<'_>, known: &Known, public_id: &str) -> Option<String> {
        let username = known.get(USERNAME)?.as_str()?;
        let kind = if is_video(delivery) { "video" } else { "photo" };
        Some(format!("{}/@{username}/{kind}/{public_id}", self.settings.web()))
    }
}

impl TiktokSettings {
    /// The sandbox shows its posts itself.
    fn web(&self) -> &str {
        if self.transport == Transport::Sandbox { &self.base_url } else { WEB }
    }

    fn token_url(&self) -> String {
        format!("{}/v2/oauth/token/", self.base_url)
    }
}

#[async_trait]
impl Channel for Tiktok {
    async fn prepare(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        if is_video(delivery) {
            return self.prepare_video(delivery, known, handles).await;
        }
        self.prepare_photos(delivery, known, handles).await
    }

    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        if is_video(delivery) {
            return self.publish_video(delivery, known, budget).await;
        }
        self.publish_fetched(delivery, known, "init_photos", budget).await
    }

    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        _: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        if !known.contains_key(PUBLISH_ID) {
            let why = "TikTok tells what became of a post only by the id that the lost answer had.";
            return Ok(LookUp::Impossible { why: why.to_owned() });
        }
        let (status, answer) = match self.status(delivery, known).await {
            Ok(read) => read,
            Err(error) => return post::not_told(error),
        };
        Ok(match status {
            Status::Complete(public_id) => LookUp::Found(self.posted(delivery, known, public_id, &answer)),
            Status::Uploading(Some(arrived)) if is_video(delivery) && self.is_incomplete(known, arrived) => {
                let size = known.get("video_size").cloned().unwrap_or_default();
                let proof = json!({"status": "PROCESSING_UPLOAD", "uploadedBytes": arrived, "videoSize": size});
                let is_given_up = !known.contains_key(PUBLISH_ID);
                if is_given_up && polls::count(known, FAILURES) >= MOST_FAILURES {
                    let message = "TikTok did not take the last part of the video in three uploads.";
                    let error = ChannelError::new(ErrorClass::Validation, Code::ChannelRejected, message);
                    LookUp::Refused { error, proof }
                } else {
                    LookUp::Absent { proof }
                }
            }
            Status::Failed(reason) => {
                let verdict = classify::tiktok_failure(&reason);
                let proof = json!({"status": "FAILED", "failReason": verdict.provider_code});
                if verdict.class == ErrorClass::Transient && polls::count(known, FAILURES) < MOST_FAILURES {
                    video::forget(known);
                    LookUp::Absent { proof }
                } else {
                    LookUp::Refused { error: answer.error(verdict, delivery.tokens), proof }
                }
            }
            Status::Inbox => {
                let why =
                    "TikTok has put the post into the inbox of the account, where its owner may still publish it.";
                LookUp::Impossible { why: why.to_owned() }
            }
            Status::Uploading(_) | Status::Working => LookUp::Pending(polls::next_pause(known, POLLS)),
        })
    }

    /// A post that only some people may see never has an id.
    fn address_handle(&self, delivery: &Delivery<'_>, known: &Known) -> Option<Known> {
        let is_public = delivery.options.tiktok.privacy_level == Some(PrivacyLevel::Public);
        let kept = [PUBLISH_ID, USERNAME].map(|name| Some((name.to_owned(), known.get(name)?.clone())));
        is_public.then(|| kept.into_iter().collect()).flatten()
    }

    async fn address(&self, delivery: &Delivery<'_>, handle: &Known) -> Result<Option<String>, ChannelError> {
        let (status, _) = self.status(delivery, handle).await?;
        Ok(match status {
            Status::Complete(Some(public_id)) => self.address_of(delivery, handle, &public_id),
            _ => None,
        })
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Option<Refreshed>, ChannelError> {
        let (Some(app), Some(refresh)) = (&self.settings.app, &tokens.refresh) else { return Ok(None) };
        let client = oauth::Client { parameter: "client_key", id: &app.client_key, secret: &app.secret };
        let answer = self.client.post_form(&self.settings.token_url(), oauth::form(&client, refresh)).await?;
        oauth::refreshed(&answer, classify::tiktok_token(&answer), tokens).map(Some)
    }
}

/// Whether a post is one video; else it is pictures only, as rendering it has shown.
fn is_video(delivery: &Delivery<'_>) -> bool {
    delivery.entry.media.iter().any(|medium| medium.kind == MediumType::Video)
}

fn keep_username(creator: &Creator, known: &mut Known) {
    if let Some(name) = &creator.username {
        known.insert(USERNAME.to_owned(), name.as_str().into());
    }
}

/// TikTok names no pause with a limit that is counted by the minute.
fn with_pause(mut error: ChannelError) -> ChannelError {
    if error.class == ErrorClass::RateLimited {
        error.retry_after = error.retry_after.or(Some(RATE_PAUSE));
    }
    error
}

fn unreadable(what: &str) -> ChannelError {
    let message = format!("{what} that TikTok answered cannot be read.");
    ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message)
}

#[cfg(test)]
mod tests;
