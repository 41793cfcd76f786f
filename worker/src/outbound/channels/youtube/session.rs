//! The bytes of a video on their way: parts that are streamed, probes, and the last part, which publishes.

use std::collections::BTreeMap;

use almanac_shared::{
    platform::error::Code,
    publishing::render::{Known, Request},
};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    NAME, SESSION, Youtube, incomplete,
    progress::{Progress, next_part, video_id},
    spread, unreadable,
};
use crate::outbound::{
    channels::{
        ChannelError, Delivery, ErrorClass, Sent,
        answer::Answer,
        classify, post,
        upload::{self, Upload},
    },
    media::Part,
    send_budget::SendBudget,
};

/// Hosts of this domain get the token.
const DOMAIN: &str = "googleapis.com";

/// Under this name is known how many bytes have arrived before the last part.
pub(super) const ARRIVED: &str = "arrived_bytes";

/// How often in a row a part or a probe may fail until the slot is given back.
const TRIES: u32 = 4;

/// One session on its way.
pub(super) struct Session<'a> {
    youtube: &'a Youtube,
    delivery: &'a Delivery<'a>,
    known: &'a Known,
    pub(super) size: u64,
}

impl<'a> Session<'a> {
    /// `None` if none was opened.
    pub(super) fn of(youtube: &'a Youtube, delivery: &'a Delivery<'a>, known: &'a Known) -> Option<Self> {
        let size = known.get("video_size")?.as_u64()?;
        known.contains_key(SESSION).then_some(Self { youtube, delivery, known, size })
    }

    /// Uploads all parts but the last one. Each failure is followed by a probe: the session says where to go on.
    pub(super) async fn fill(&self, upload: &Upload<'_>, fresh: bool) -> Result<Progress, ChannelError> {
        let mut progress = fresh.then_some(Progress::Arrived(0));
        let (mut most, mut tries) = (0, 0);
        loop {
            let (asked, answered) = match progress {
                None => (None, self.probe().await),
                Some(Progress::Arrived(arrived)) => match next_part(arrived, self.size, self.youtube.part_bytes) {
                    Some(part) => (Some(part), self.send_part(upload, part).await),
                    None => return Ok(Progress::Arrived(arrived)),
                },
                Some(end) => return Ok(end),
            };
            progress = match answered {
                Ok(Progress::Arrived(arrived)) => {
                    if arrived > most {
                        (most, tries) = (arrived, 0);
                    } else if asked.is_some() {
                        // It took nothing of the part.
                        self.pause(&mut tries, incomplete).await?;
                    }
                    Some(Progress::Arrived(arrived))
                }
                Ok(end) => Some(end),
                Err(error) if may_pass_soon(&error) => {
                    self.pause(&mut tries, || error).await?;
                    None
                }
                Err(error) => return Err(error),
            };
        }
    }

    async fn pause(&self, tries: &mut u32, error: impl FnOnce() -> ChannelError) -> Result<(), ChannelError> {
        *tries += 1;
        if *tries >= TRIES {
            return Err(error());
        }
        tokio::time::sleep(self.youtube.back_off * 2_u32.pow(*tries - 1)).await;
        Ok(())
    }

    async fn send_part(&self, upload: &Upload<'_>, part: Part) -> Result<Progress, ChannelError> {
        let request = self.request(part)?;
        let download = upload.part(part).await?;
        let answer = upload::send(&self.youtube.client, &request, self.token(), download).await?;
        self.progress(&answer)
    }

    /// Asks how much has arrived. It never publishes.
    pub(super) async fn probe(&self) -> Result<Progress, ChannelError> {
        let mut request = post::step(NAME, self.delivery, self.known, "upload")?;
        request.headers =
            BTreeMap::from([("Content-Length", "0".to_owned()), ("Content-Range", format!("bytes */{}", self.size))]);
        request.body = Value::Null;
        let answer = self.youtube.client.call_with(&request, self.token()).await?;
        self.progress(&answer)
    }

    fn progress(&self, answer: &Answer) -> Result<Progress, ChannelError> {
        if let Some(progress) = Progress::of(answer, self.size) {
            return Ok(progress);
        }
        Err(self.error(answer).unwrap_or_else(|| unreadable("The upload")))
    }

    /// The error of an answer, without the address of the session.
    fn error(&self, answer: &Answer) -> Option<ChannelError> {
        let verdict = classify::youtube(answer)?;
        Some(self.without_address(spread(answer.error(verdict, self.delivery.tokens))))
    }

    fn without_address(&self, mut error: ChannelError) -> ChannelError {
        let address = self.known.get(SESSION).and_then(Value::as_str).unwrap_or_default();
        let secret = address.split_once("upload_id=").map_or(address, |(_, rest)| rest);
        let secret = secret.split('&').next().unwrap_or_default();
        let is_in = |text: &str| text.contains(address) || !secret.is_empty() && text.contains(secret);
        if error.context.get("excerpt").and_then(Value::as_str).is_some_and(is_in) {
            error.context.remove("excerpt");
        }
        error
    }

    fn request(&self, part: Part) -> Result<Request, ChannelError> {
        post::step(NAME, self.delivery, &upload::with_part(self.known, part), "upload")
    }

    fn token(&self) -> Option<&'a SecretString> {
        let address = self.known.get(SESSION).and_then(Value::as_str).unwrap_or_default();
        upload::takes_token(address, self.delivery.base_url, DOMAIN).then_some(&self.delivery.tokens.access)
    }

    /// Sends the last part.
    pub(super) async fn publish(&self, upload: &Upload<'_>, budget: SendBudget) -> Sent {
        let not_sent = |reason, error| Sent::NotSent { error, proof: json!({"reason": reason, "bodySent": "no"}) };
        let Some(arrived) = self.known.get(ARRIVED).and_then(Value::as_u64).filter(|arrived| *arrived < self.size)
        else {
            return not_sent("not_prepared", unreadable("The upload"));
        };
        let part = Part { first: arrived, last: self.size - 1 };
        let request = match self.request(part) {
            Ok(request) => request,
            Err(error) => return not_sent("not_rendered", error),
        };
        let bytes = match upload.small_part(part).await {
            Ok(bytes) => bytes,
            Err(error) => return not_sent("not_read", error),
        };
        match self.youtube.client.publish_bytes(&request, self.token(), bytes, budget).await {
            Ok(answer) => self.sent(&answer).await,
            Err(fault) => fault.sent(),
        }
    }

    /// What became of the last part by its answer. Where that is not certain, a probe tells it later.
    async fn sent(&self, answer: &Answer) -> Sent {
        match Progress::of(answer, self.size) {
            Some(Progress::Complete(id)) => self.youtube.finished(self.delivery, id, answer.proof(None)).await.sent(),
            Some(Progress::Arrived(arrived)) if arrived < self.size => {
                let mut proof = answer.proof(None);
                proof["arrived"] = arrived.into();
                Sent::NotSent { error: incomplete(), proof }
            }
            // A session that is gone may have been completed.
            Some(_) => Sent::Unknown { why: answer.proof(None) },
            None => match classify::youtube(answer) {
                Some(verdict) => match answer.sent(verdict, self.delivery.tokens) {
                    Sent::NotSent { error, proof } => {
                        Sent::NotSent { error: self.without_address(spread(error)), proof }
                    }
                    Sent::Rejected { error, proof } => Sent::Rejected { error: self.without_address(error), proof },
                    sent => sent,
                },
                None if video_id(answer).is_none() && answer.is_success() => answer.without_id(),
                None => Sent::Unknown { why: answer.proof(None) },
            },
        }
    }
}

/// Whether a part or a probe is worth another try while the slot is held. What the medium's server causes is not.
fn may_pass_soon(error: &ChannelError) -> bool {
    let is_passing = matches!(error.class, ErrorClass::Transient | ErrorClass::RateLimited);
    is_passing && error.code != Code::MediaUnreachable && error.retry_after.is_none()
}
