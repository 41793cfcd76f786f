//! YouTube: videos, by resumable uploads. Called by the publishing job through the `Channel` trait.
//! The video exists once its last byte has arrived, so the last part is the request that publishes. Its session makes one
//! video however often a part of it is sent, and tells whether it did.
//! <https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>

use std::time::Duration;

use almanac_shared::{
    platform::error::Code,
    publishing::{
        self, Transport,
        credentials::Tokens,
        render::{Known, vendor_base_url},
    },
};
use async_trait::async_trait;
use http::header;
use rand::Rng;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Channel, ChannelError, Delivery, ErrorClass, Handles, LookUp, LookUpWindow, Posted, Prepared, Refreshed, Sent,
    answer::Answer,
    classify,
    client::ChannelClient,
    oauth, polls, post,
    upload::{self, Upload},
};
use crate::outbound::{
    media::{Media, MediaLimits},
    send_budget::SendBudget,
};

mod progress;
mod session;

use self::{progress::Progress, session::Session};

const NAME: publishing::Channel = publishing::Channel::Youtube;

/// Where people watch.
const WEB: &str = "https://www.youtube.com";

/// Where tokens are refreshed.
const TOKENS: &str = "https://oauth2.googleapis.com";

/// <https://developers.google.com/youtube/v3/docs/videos/insert>. Length and dimensions depend on the account and are left
/// to YouTube.
const VIDEOS: MediaLimits = MediaLimits::new(
    &[
        "video/mp4",
        "video/x-m4v",
        "video/quicktime",
        "video/webm",
        "video/x-matroska",
        "video/x-msvideo",
        "video/x-ms-wmv",
        "video/mpeg",
        "video/x-flv",
    ],
    "videos",
    256 * 1024 * 1024 * 1024,
);

/// Most bytes of a part that is streamed.
const PART_BYTES: u64 = 8 * 1024 * 1024;

/// Under this name the address of the session is known. It is a secret: who has it can upload.
const SESSION: &str = "session_url";

/// Under this name the id of the video is known, if it was found before the last part was sent.
const VIDEO: &str = "video_id";

/// The pause after the first failure of a part; each further one doubles it.
const BACK_OFF: Duration = Duration::from_millis(500);

/// How often a session ended early. Each new one counts among the uploads of a day.
const LOST_SESSIONS: &str = "lost_sessions";
/// Longest pause before a new session in the place of one that ended early.
const LONGEST_SESSION_PAUSE: Duration = Duration::from_secs(3_600);

/// Until a session is asked again that has all bytes and no video.
const SETTLING: Duration = Duration::from_secs(10);

/// Over this time those are spread that wait for the day's quota: thousands must not come back in one second.
const SPREAD: Duration = Duration::from_secs(30 * 60);

/// YouTube.
pub struct Youtube {
    client: ChannelClient,
    media: Media,
    settings: YoutubeSettings,
    part_bytes: u64,
    back_off: Duration,
}

/// What the operator has set for YouTube.
#[derive(Clone, Debug)]
pub struct YoutubeSettings {
    /// The host of the API, the vendor's unless the operator names another.
    pub base_url: String,
    /// Decides where videos are watched.
    pub transport: Transport,
    /// The installation's client; without it tokens are not refreshed.
    pub app: Option<YoutubeApp>,
}

/// The client of the installation at Google.
#[derive(Clone, Debug)]
pub struct YoutubeApp {
    /// Its public id.
    pub client_id: String,
    /// Its secret.
    pub secret: SecretString,
}

impl YoutubeSettings {
    /// Another host for the API serves the tokens too.
    fn token_url(&self) -> String {
        let is_vendors = self.base_url == vendor_base_url(NAME, None);
        format!("{}/token", if is_vendors { TOKENS } else { &self.base_url })
    }

    /// The sandbox shows its videos itself.
    fn watch_url(&self, id: &str) -> String {
        let web = if self.transport == Transport::Sandbox { &self.base_url } else { WEB };
        format!("{web}/watch?v={id}")
    }
}

impl Youtube {
    /// Sends by a client, and checks media before.
    pub const fn new(client: ChannelClient, media: Media, settings: YoutubeSettings) -> Self {
        Self { client, media, settings, part_bytes: PART_BYTES, back_off: BACK_OFF }
    }

    /// Opens a session and keeps its address.
    async fn open_session(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        let request = post::step(NAME, delivery, known, "open_session")?;
        let answer = self.client.call(&request, &delivery.tokens.access).await?;
        if let Some(verdict) = classify::youtube(&answer) {
            return Err(spread(answer.error(verdict, delivery.tokens)));
        }
        let url = answer.headers.get(header::LOCATION).and_then(|url| url.to_str().ok());
        let url = url.filter(|url| upload::is_safe(url, delivery.base_url)).ok_or_else(|| unreadable("The session"))?;
        known.insert(SESSION.to_owned(), url.into());
        post::keep(handles, known).await
    }
}

/// A video that has arrived as a whole.
enum Finished {
    /// YouTube has it.
    Posted(Posted),
    /// YouTube has it and shows it to nobody.
    Refused { error: ChannelError, proof: Value },
}

impl Finished {
    fn sent(self) -> Sent {
        match self {
            Self::Posted(posted) => Sent::Confirmed(posted),
            Self::Refused { error, proof } => Sent::Rejected { error, proof },
        }
    }

    fn found(self) -> LookUp {
        match self {
            Self::Posted(posted) => LookUp::Found(posted),
            Self::Refused { error, proof } => LookUp::Refused { error, proof },
        }
    }
}

impl Youtube {
    /// What has become of a video. YouTube goes on processing it for a long time: it is read once, and what is not known
    /// then is not waited for.
    async fn finished(&self, delivery: &Delivery<'_>, id: String, mut proof: Value) -> Finished {
        proof["id"] = id.as_str().into();
        if let Some((answer, status)) = self.read_status(delivery, &id).await {
            for name in ["uploadStatus", "failureReason", "rejectionReason"] {
                if let Some(word) = status.get(name).and_then(Value::as_str) {
                    proof[name] = word.into();
                }
            }
            if let Some(verdict) = classify::youtube_processing(&status) {
                return Finished::Refused { error: answer.error(verdict, delivery.tokens), proof };
            }
        }
        let external_url = Some(self.settings.watch_url(&id));
        Finished::Posted(Posted { external_id: id, external_url, proof })
    }

    /// The status of a video; a failure to read it does not matter.
    async fn read_status(&self, delivery: &Delivery<'_>, id: &str) -> Option<(Answer, Value)> {
        let known = Known::from([(VIDEO.to_owned(), id.into())]);
        let request = post::step(NAME, delivery, &known, "status").ok()?;
        let answer = self.client.call(&request, &delivery.tokens.access).await.ok()?;
        let status = answer.body.pointer("/items/0/status").filter(|_| answer.is_success())?.clone();
        Some((answer, status))
    }
}

#[async_trait]
impl Channel for Youtube {
    async fn prepare(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        post::requests(NAME, delivery, known)?;
        if known.contains_key(VIDEO) {
            return Ok(Prepared::Ready);
        }
        let upload = Upload::open(&self.media, delivery, &VIDEOS, known, handles).await?;
        let is_fresh = !known.contains_key(SESSION);
        if is_fresh {
            self.open_session(delivery, known, handles).await?;
        }
        let session = Session::of(self, delivery, known).ok_or_else(|| unreadable("The session"))?;
        match session.fill(&upload, is_fresh).await? {
            Progress::Arrived(arrived) if arrived >= upload.source.size => Ok(Prepared::Wait(SETTLING)),
            Progress::Arrived(arrived) => {
                known.insert(session::ARRIVED.to_owned(), arrived.into());
                Ok(Prepared::Ready)
            }
            Progress::Complete(id) => {
                known.insert(VIDEO.to_owned(), id.into());
                post::keep(handles, known).await?;
                Ok(Prepared::Ready)
            }
            // Nothing of it was published: the last part was not sent, or a probe has shown since that it did not arrive.
            Progress::Gone => {
                known.remove(SESSION);
                let pause = session_pause(polls::count(known, LOST_SESSIONS));
                post::keep(handles, known).await?;
                let message = "YouTube ended the upload before its last part. It begins again.";
                Err(ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message).after(pause))
            }
        }
    }

    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        if let Some(id) = known.get(VIDEO).and_then(Value::as_str) {
            return self.finished(delivery, id.to_owned(), json!({"probed": true})).await.sent();
        }
        let session = Session::of(self, delivery, known);
        let (Some(session), Some(upload)) = (session, Upload::kept(&self.media, delivery, known)) else {
            let proof = json!({"reason": "not_prepared", "bodySent": "no"});
            return Sent::NotSent { error: unreadable("The session"), proof };
        };
        session.publish(&upload, budget).await
    }

    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        _: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        if let Some(id) = known.get(VIDEO).and_then(Value::as_str) {
            return Ok(self.finished(delivery, id.to_owned(), json!({"probed": true})).await.found());
        }
        let Some(session) = Session::of(self, delivery, known) else {
            return Ok(LookUp::Impossible { why: "The address of the upload is not known any more.".to_owned() });
        };
        match session.probe().await {
            Ok(Progress::Complete(id)) => Ok(self.finished(delivery, id, json!({"probed": true})).await.found()),
            Ok(Progress::Arrived(arrived)) if arrived < session.size => {
                Ok(LookUp::Absent { proof: json!({"arrived": arrived, "size": session.size}) })
            }
            Ok(Progress::Arrived(_)) => Ok(LookUp::Pending(SETTLING)),
            Ok(Progress::Gone) => {
                let why = "YouTube does not know the upload any more, and its last part was sent without an answer. \
                           Look among the channel's videos whether it is there.";
                Ok(LookUp::Impossible { why: why.to_owned() })
            }
            Err(error) => post::not_told(error),
        }
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Option<Refreshed>, ChannelError> {
        let (Some(app), Some(refresh)) = (&self.settings.app, &tokens.refresh) else { return Ok(None) };
        let client = oauth::Client { parameter: "client_id", id: &app.client_id, secret: &app.secret };
        let answer = self.client.post_form(&self.settings.token_url(), oauth::form(&client, refresh)).await?;
        oauth::refreshed(&answer, classify::youtube(&answer), tokens).map(Some)
    }
}

/// Those that wait for the quota come back over some time.
fn spread(mut error: ChannelError) -> ChannelError {
    if error.class == ErrorClass::Quota {
        error.retry_after = error.retry_after.map(|pause| pause + SPREAD.mul_f64(rand::rng().random_range(0.0..1.0)));
    }
    error
}

fn incomplete() -> ChannelError {
    let message = "YouTube has not taken all bytes of the video.";
    ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message)
}

fn unreadable(what: &str) -> ChannelError {
    let message = format!("{what} that YouTube answered cannot be read.");
    ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message)
}

/// Pauses before new sessions grow fast: 2, 8, 32 seconds and so on.
fn session_pause(lost: u64) -> Duration {
    let exponent = u32::try_from(lost.saturating_sub(1)).unwrap_or(u32::MAX).min(6);
    (Duration::from_secs(2) * 4_u32.pow(exponent)).min(LONGEST_SESSION_PAUSE)
}

#[cfg(test)]
mod tests;
