//! The upload of a video. Nothing is posted before its last byte has arrived, so that all chunks but the last belong to the
//! preparation and the last one is the request that publishes.
//! Uploads that are given up cost one of the six that an account may begin in a minute; nobody sees them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use almanac_shared::{
    platform::clock::{Clock, SystemClock},
    publishing::{
        self,
        render::{Known, Request},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{POLLS, PUBLISH_ID, Tiktok, chunks::Chunks, creator::Posting, keep_username, status::Status, unreadable};
use crate::outbound::{
    channels::{
        ChannelError, Delivery, ErrorClass, Handles, Prepared, Sent, classify, ids, polls, post,
        upload::{self, Upload, with_part},
    },
    media::{Bounds, MediaLimits, Part},
    send_budget::SendBudget,
};

/// <https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>. How long a video may be is also limited by
/// its account; frame rates and codecs are left to TikTok.
const VIDEOS: MediaLimits = MediaLimits {
    width: Some(Bounds { least: 360, most: 4_096 }),
    height: Some(Bounds { least: 360, most: 4_096 }),
    seconds: Some(Bounds { least: 1, most: 600 }),
    ..MediaLimits::new(&["video/mp4", "video/quicktime", "video/webm"], "MP4, QuickTime and WebM videos", 4_000_000_000)
};

/// An upload address is valid for an hour; then a request that began in it needs some minutes to end.
const UPLOAD_LIFE: TimeDelta = TimeDelta::minutes(65);

const UPLOAD_URL: &str = "upload_url";
/// From then on the address is of no use.
const UPLOAD_UNTIL: &str = "upload_until";
const CHUNK_SIZE: &str = "chunk_size";
const CHUNK_COUNT: &str = "chunk_count";
/// TikTok confirmed the last chunk.
const IS_COMPLETE: &str = "upload_complete";

/// Uploads whose last chunk was refused for good, by their `publish_id`: known only to the process that was told so. Each
/// other one learns it from an answer of its own, or from the age of the address.
#[derive(Debug, Default)]
pub(super) struct DeadUploads(Mutex<BTreeSet<String>>);

impl DeadUploads {
    fn note(&self, known: &Known) {
        self.set().extend(publish_id(known).map(str::to_owned));
    }

    /// Whether it is one of them; it is asked for once.
    fn take(&self, known: &Known) -> bool {
        publish_id(known).is_some_and(|id| self.set().remove(id))
    }

    fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the upload is that earlier attempts began.
enum Standing {
    /// There is none that could be gone on with.
    None,
    /// So many bytes have arrived.
    At(u64),
    /// All bytes may have arrived.
    Whole,
}

impl Tiktok {
    /// Uploads all chunks but the last.
    pub(super) async fn prepare_video(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        let upload = Upload::open(&self.media, delivery, &VIDEOS, known, handles).await?;
        let arrived = match self.standing(delivery, &upload, known).await? {
            Standing::None => {
                self.begin(delivery, &upload, known, handles).await?;
                0
            }
            Standing::At(arrived) => arrived,
            // The last chunk is refused then, and the look-up tells what became of the post.
            Standing::Whole => return Ok(Prepared::Ready),
        };
        for part in chunks(&upload, known).missing(arrived) {
            self.send_chunk(delivery, &upload, known, part, handles).await?;
        }
        Ok(Prepared::Ready)
    }

    async fn standing(
        &self,
        delivery: &Delivery<'_>,
        upload: &Upload<'_>,
        known: &Known,
    ) -> Result<Standing, ChannelError> {
        if publish_id(known).is_none() {
            return Ok(Standing::None);
        }
        let (status, answer) = self.status(delivery, known).await?;
        Ok(match status {
            Status::Uploading(arrived) if arrived.unwrap_or_default() < upload.source.size => {
                if is_old(known) {
                    Standing::None
                } else {
                    Standing::At(arrived.unwrap_or_default())
                }
            }
            Status::Failed(reason) => match classify::tiktok_failure(&reason) {
                verdict if verdict.class == ErrorClass::Transient => Standing::None,
                verdict => return Err(answer.error(verdict, delivery.tokens)),
            },
            _ => Standing::Whole,
        })
    }

    /// Asks for an upload address, and keeps it before it is used.
    async fn begin(
        &self,
        delivery: &Delivery<'_>,
        upload: &Upload<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        forget(known);
        let creator = self.creator(delivery).await?;
        let length = upload.source.duration_ms.map(Duration::from_millis);
        creator.check(&delivery.options.tiktok, Posting::Video(length))?;
        keep_username(&creator, known);
        let chunks = Chunks::new(upload.source.size);
        known.insert(CHUNK_SIZE.to_owned(), chunks.chunk.into());
        known.insert(CHUNK_COUNT.to_owned(), chunks.count.into());
        let request = post::step(publishing::Channel::Tiktok, delivery, known, "init_video")?;
        let answer = self.begin_call(delivery, &request).await?;
        let text = |path: &str| answer.body.pointer(path).and_then(Value::as_str);
        let id = text("/data/publish_id").filter(|id| ids::is_word(id));
        // The address holds the secret that allows the upload.
        let url = text("/data/upload_url").filter(|url| upload::is_safe(url, delivery.base_url));
        let (Some(id), Some(url)) = (id, url) else { return Err(unreadable("The upload")) };
        known.insert(PUBLISH_ID.to_owned(), id.into());
        known.insert(UPLOAD_URL.to_owned(), url.into());
        known.insert(UPLOAD_UNTIL.to_owned(), post::instant(SystemClock.now() + UPLOAD_LIFE).into());
        post::keep(handles, known).await
    }

    /// Sends a chunk that does not publish. One that fails is sent by a later attempt, from where TikTok then is.
    async fn send_chunk(
        &self,
        delivery: &Delivery<'_>,
        upload: &Upload<'_>,
        known: &mut Known,
        part: Part,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        let request = chunk_request(delivery, known, part)?;
        let download = upload.part(part).await?;
        let answer = upload::send(&self.client, &request, None, download).await?;
        let Some(verdict) = classify::tiktok_chunk(&answer) else { return Ok(()) };
        if is_over(answer.status) {
            forget(known);
            post::keep(handles, known).await?;
        }
        Err(answer.error(verdict, delivery.tokens))
    }

    /// Sends the last chunk. What its answer does not confirm is looked up: a chunk that is repeated after it has arrived is
    /// refused too.
    pub(super) async fn publish_video(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        let not_sent = |error| Sent::NotSent { error, proof: json!({"reason": "not_rendered", "bodySent": "no"}) };
        let Some(upload) = Upload::kept(&self.media, delivery, known) else {
            return not_sent(unreadable("The upload"));
        };
        let part = chunks(&upload, known).last();
        let request = match chunk_request(delivery, known, part) {
            Ok(request) => request,
            Err(error) => return not_sent(error),
        };
        let download = match upload.part(part).await {
            Ok(download) => download,
            Err(error) => return Sent::NotSent { error, proof: json!({"reason": "no_medium", "bodySent": "no"}) },
        };
        let answer = match self.client.publish_download(&request, None, download, budget).await {
            Ok(answer) => answer,
            Err(fault) => return fault.sent(),
        };
        match answer.status {
            201 => {
                let mut known = known.clone();
                known.insert(IS_COMPLETE.to_owned(), true.into());
                Sent::Accepted { proof: answer.proof(publish_id(&known)), known, pause: polls::SHORTEST_PAUSE }
            }
            code => {
                if code == 400 || is_over(code) {
                    self.dead.note(known);
                }
                Sent::Unknown { why: answer.proof_of("last_chunk_not_confirmed") }
            }
        }
    }

    /// Whether bytes of the video are missing although its last chunk was sent; an upload that cannot be gone on with is
    /// then forgotten.
    pub(super) fn is_incomplete(&self, known: &mut Known, arrived: u64) -> bool {
        let size = known.get("video_size").and_then(Value::as_u64).unwrap_or_default();
        if known.contains_key(IS_COMPLETE) || arrived >= size {
            return false;
        }
        if self.dead.take(known) || is_old(known) {
            forget(known);
        }
        true
    }
}

fn chunks(upload: &Upload<'_>, known: &Known) -> Chunks {
    let chunk = known.get(CHUNK_SIZE).and_then(Value::as_u64);
    chunk.map_or_else(|| Chunks::new(upload.source.size), |chunk| Chunks::of(upload.source.size, chunk))
}

fn chunk_request(delivery: &Delivery<'_>, known: &Known, part: Part) -> Result<Request, ChannelError> {
    if !known.contains_key(UPLOAD_URL) {
        return Err(unreadable("The upload"));
    }
    post::step(publishing::Channel::Tiktok, delivery, &with_part(known, part), "upload")
}

/// Forgets an upload. The version of the video stays.
pub(super) fn forget(known: &mut Known) {
    for name in [PUBLISH_ID, UPLOAD_URL, UPLOAD_UNTIL, CHUNK_SIZE, CHUNK_COUNT, IS_COMPLETE, POLLS] {
        known.remove(name);
    }
}

fn publish_id(known: &Known) -> Option<&str> {
    known.get(PUBLISH_ID).and_then(Value::as_str)
}

/// Whether an upload address is too old to be of any use.
fn is_old(known: &Known) -> bool {
    let until = known.get(UPLOAD_UNTIL).and_then(Value::as_str).and_then(|at| at.parse::<DateTime<Utc>>().ok());
    until.is_some_and(|until| until <= SystemClock.now())
}

/// Statuses of an upload that takes no more bytes: its address has expired, or it is not known any more.
const fn is_over(status: u16) -> bool {
    matches!(status, 403 | 404)
}
