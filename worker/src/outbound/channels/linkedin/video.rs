//! Videos: uploaded in parts at addresses of their own, joined by their ETags, and processed before a post may name them.
//! Each step is kept, so that an attempt goes on where the last one ended.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/videos-api>

use almanac_shared::{
    platform::{
        clock::{Clock, SystemClock},
        error::Code,
    },
    publishing::{self, render::Known},
};
use chrono::{DateTime, TimeDelta, Utc};
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Linkedin, unreadable};
use crate::outbound::{
    channels::{
        ChannelError, Delivery, ErrorClass, Handles, Prepared,
        answer::Answer,
        classify, ids,
        polls::next_pause,
        post,
        upload::{self, Upload},
    },
    media::{Bounds, MediaLimits, Part},
};

const NAME: publishing::Channel = publishing::Channel::Linkedin;

/// The page speaks of MP4, 3 s to 30 min and 75 KB to 500 MB.
const VIDEOS: MediaLimits = MediaLimits {
    bytes: Bounds::new(75_000, 500 * 1024 * 1024),
    seconds: Some(Bounds::new(3, 30 * 60)),
    ..MediaLimits::new(&["video/mp4"], "MP4 videos", 0)
};

const URN: &str = "video_urn";
const TOKEN: &str = "upload_token";
const PARTS: &str = "upload_parts";
const ETAGS: &str = "part_etags";
const EXPIRY: &str = "upload_expires_ms";
const FINALIZED: &str = "video_finalized";
const AVAILABLE: &str = "video_available";
/// How often LinkedIn was asked how far it is.
const POLLS: &str = "video_polls";
/// How many uploads were begun whose addresses LinkedIn then refused.
const REFUSED: &str = "refused_uploads";

/// Addresses that expire sooner are not used.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// How often a video is uploaded again because LinkedIn refuses its addresses.
const MOST_REFUSED: u64 = 2;

/// A part as LinkedIn wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instruction {
    upload_url: String,
    first_byte: u64,
    last_byte: u64,
}

/// How far LinkedIn is with a video.
enum Status {
    Available,
    Processing,
    /// It waits for parts, or for their end.
    Waiting,
    Failed(String),
}

impl Linkedin {
    /// Uploads the video of a post, and waits until it is available.
    pub(super) async fn prepare_video(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        if is_set(known, AVAILABLE) {
            return Ok(Prepared::Ready);
        }
        if !is_set(known, FINALIZED) {
            let upload = Upload::open(&self.media, delivery, &VIDEOS, known, handles).await?;
            if expires_at(known).is_some_and(|at| at < SystemClock.now() + FRESH) {
                forget(known);
            }
            if !known.contains_key(URN) {
                self.initialize_video(delivery, known, handles).await?;
            }
            self.upload_parts(delivery, known, handles, &upload).await?;
            self.finalize_video(delivery, known).await?;
            known.insert(FINALIZED.to_owned(), true.into());
            post::keep(handles, known).await?;
        }
        match self.video_status(delivery, known).await? {
            Status::Available => {
                known.insert(AVAILABLE.to_owned(), true.into());
                post::keep(handles, known).await?;
                Ok(Prepared::Ready)
            }
            Status::Processing => Ok(Prepared::Wait(next_pause(known, POLLS))),
            // It did not notice the end of the upload: that is said again.
            Status::Waiting => {
                known.remove(FINALIZED);
                Ok(Prepared::Wait(next_pause(known, POLLS)))
            }
            Status::Failed(reason) => Err(processing_failed(&reason)),
        }
    }

    async fn initialize_video(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        let request = post::step(NAME, delivery, known, "initialize_video")?;
        let answer = self.call(delivery, &request).await?;
        let size = known.get("video_size").and_then(Value::as_u64).unwrap_or_default();
        let value = answer.body.get("value").unwrap_or(&Value::Null);
        let urn = value.get("video").and_then(Value::as_str).filter(|urn| ids::is_word(urn));
        let parts = value.get("uploadInstructions").and_then(|parts| instructions(parts, size, delivery.base_url));
        let (Some(urn), Some(parts)) = (urn, parts) else { return Err(unreadable("The upload")) };
        known.insert(URN.to_owned(), urn.into());
        known.insert(PARTS.to_owned(), serde_json::to_value(parts).unwrap_or_default());
        known.insert(TOKEN.to_owned(), value.get("uploadToken").and_then(Value::as_str).unwrap_or_default().into());
        let expiry = ["uploadUrlsExpireAt", "uploadUrlExpiresAt"].iter().find_map(|name| value.get(*name)?.as_i64());
        known.extend(expiry.map(|at| (EXPIRY.to_owned(), at.into())));
        post::keep(handles, known).await
    }

    /// Uploads the parts that are missing, in their order, and keeps the ETag of each.
    async fn upload_parts(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
        upload: &Upload<'_>,
    ) -> Result<(), ChannelError> {
        let parts = known.get(PARTS).and_then(|parts| serde_json::from_value::<Vec<Instruction>>(parts.clone()).ok());
        let parts = parts.ok_or_else(|| unreadable("The upload"))?;
        let mut etags = known.get(ETAGS).and_then(Value::as_array).cloned().unwrap_or_default();
        for instruction in parts.iter().skip(etags.len()) {
            let answer = self.upload_part(delivery, known, upload, instruction).await?;
            // The address alone allows the upload: it has expired.
            if matches!(answer.status, 401 | 403 | 404 | 410) {
                return Err(self.begin_again(delivery, known, handles, &answer).await?);
            }
            if let Some(verdict) = classify::linkedin(&answer) {
                return Err(answer.error(verdict, delivery.tokens));
            }
            etags.push(etag(&answer).ok_or_else(|| unreadable("The part"))?.into());
            known.insert(ETAGS.to_owned(), etags.clone().into());
            post::keep(handles, known).await?;
        }
        Ok(())
    }

    /// Neither the token nor the version of the API belongs to a part.
    async fn upload_part(
        &self,
        delivery: &Delivery<'_>,
        known: &Known,
        upload: &Upload<'_>,
        instruction: &Instruction,
    ) -> Result<Answer, ChannelError> {
        let mut known = known.clone();
        known.insert("part_upload_url".to_owned(), instruction.upload_url.as_str().into());
        let request = post::step(NAME, delivery, &known, "upload_video")?;
        let part = Part { first: instruction.first_byte, last: instruction.last_byte };
        upload::send(&self.client, &request, None, upload.part(part).await?).await
    }

    /// The addresses of an upload are of no use any more: the next attempt begins another one, if that can still help.
    async fn begin_again(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
        answer: &Answer,
    ) -> Result<ChannelError, ChannelError> {
        let refused = known.get(REFUSED).and_then(Value::as_u64).unwrap_or_default();
        if refused >= MOST_REFUSED {
            let message = "LinkedIn refuses the parts of the video at the addresses that it named.";
            let error = ChannelError::new(ErrorClass::Validation, Code::ChannelRejected, message);
            let seen = classify::linkedin(answer).map(|verdict| answer.error(verdict, delivery.tokens));
            return Ok(ChannelError { context: seen.map(|seen| seen.context).unwrap_or_default(), ..error });
        }
        forget(known);
        known.insert(REFUSED.to_owned(), (refused + 1).into());
        post::keep(handles, known).await?;
        let message = "The addresses of the upload have expired. It begins again.";
        Ok(ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message))
    }

    /// Joins the parts. Where that seems to fail it may have been done before: the status of the video tells.
    async fn finalize_video(&self, delivery: &Delivery<'_>, known: &Known) -> Result<(), ChannelError> {
        let request = post::step(NAME, delivery, known, "finalize_video")?;
        let Err(error) = self.call(delivery, &request).await else { return Ok(()) };
        if matches!(error.class, ErrorClass::Auth | ErrorClass::RateLimited | ErrorClass::Quota) {
            return Err(error);
        }
        match self.video_status(delivery, known).await {
            Ok(Status::Available | Status::Processing) => Ok(()),
            Ok(Status::Failed(reason)) => Err(processing_failed(&reason)),
            Ok(Status::Waiting) | Err(_) => Err(error),
        }
    }

    async fn video_status(&self, delivery: &Delivery<'_>, known: &Known) -> Result<Status, ChannelError> {
        let request = post::step(NAME, delivery, known, "video_status")?;
        let answer = self.call(delivery, &request).await?;
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str).filter(|text| ids::is_word(text));
        Ok(match text("status").ok_or_else(|| unreadable("The video"))? {
            "AVAILABLE" => Status::Available,
            "WAITING_UPLOAD" => Status::Waiting,
            "PROCESSING_FAILED" => Status::Failed(text("processingFailureReason").unwrap_or_default().to_owned()),
            // Words that LinkedIn adds later are no end.
            _ => Status::Processing,
        })
    }
}

/// The parts of an answer, if they are the file from its first to its last byte and may be sent where they go.
fn instructions(parts: &Value, size: u64, base_url: &str) -> Option<Vec<Instruction>> {
    let parts: Vec<Instruction> = serde_json::from_value(parts.clone()).ok()?;
    let mut next = 0;
    for part in &parts {
        let follows = part.first_byte == next && part.last_byte >= part.first_byte;
        if !follows || !upload::is_safe(&part.upload_url, base_url) {
            return None;
        }
        next = part.last_byte.checked_add(1)?;
    }
    (next == size && size > 0).then_some(parts)
}

/// Without quotes, as most clients send it back.
fn etag(answer: &Answer) -> Option<String> {
    let etag = answer.headers.get(header::ETAG)?.to_str().ok()?.trim();
    let etag = etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')).unwrap_or(etag);
    (!etag.is_empty()).then(|| etag.to_owned())
}

fn expires_at(known: &Known) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(known.get(EXPIRY)?.as_i64()?)
}

fn is_set(known: &Known, name: &str) -> bool {
    known.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// Forgets an upload, but not the version of the video.
fn forget(known: &mut Known) {
    for name in [URN, TOKEN, PARTS, ETAGS, EXPIRY] {
        known.remove(name);
    }
}

fn processing_failed(reason: &str) -> ChannelError {
    let message = "LinkedIn could not process the video. Nothing was posted.";
    let mut error = ChannelError::new(ErrorClass::Validation, Code::ChannelRejected, message);
    if !reason.is_empty() {
        error.context.insert("provider_code".to_owned(), reason.into());
    }
    error
}
