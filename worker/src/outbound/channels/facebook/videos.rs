//! Videos and reels after the request that publishes them: Meta processes them, and says by their id how that ends.
//! <https://developers.facebook.com/docs/graph-api/reference/video>

use std::time::Duration;

use almanac_shared::{
    platform::{
        clock::{Clock, SystemClock},
        error::Code,
    },
    publishing::render::{GRAPH_VERSION, Known, Request},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{CHANNEL, Facebook};
use crate::outbound::{
    channels::{
        ChannelError, Delivery, ErrorClass, LookUp, LookUpWindow, Posted, Prepared, Sent,
        answer::Answer,
        classify::{self, Verdict},
        graph::{PostList, Search, permalink, read_request, unreadable},
        ids,
        polls::{self, SHORTEST_PAUSE, next_pause},
        post::{self, encoded, instant, is_same_text},
    },
    media::{Bounds, MediaLimits},
};

/// <https://developers.facebook.com/docs/graph-api/reference/page/videos>
const VIDEOS: MediaLimits = MediaLimits {
    seconds: Some(Bounds::new(1, 4 * 3_600)),
    ..MediaLimits::new(&["video/mp4", "video/quicktime"], "MP4 and MOV videos", 10 << 30)
};

const PAGE_VIDEOS: PostList = PostList {
    edge: "videos",
    fields: "id,description,created_time,permalink_url,post_id",
    time: "created_time",
    takes_since: false,
};

const PAGE_REELS: PostList = PostList { edge: "video_reels", ..PAGE_VIDEOS };

pub(super) const VIDEO: &str = "video_id";
/// Known if Facebook answered that it has everything.
const ACCEPTED: &str = "is_accepted";
/// Under these names numbers of questions are known: of all, and of those to which nothing seemed to happen.
const POLLS: &str = "video_polls";
const IDLE: &str = "video_idle";

/// Answers without any progress until a reel counts as not handed in: without Facebook's word for it, and with it.
const MAX_IDLE: (u64, u64) = (5, 30);

/// A video is listed once Facebook has fetched it, which takes longer than other posts: by so many graces.
const GRACES: u32 = 20;

/// Longest pause until a video is looked for again.
const NEXT_SEARCH: Duration = Duration::from_secs(60);

/// What a post is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text and pictures.
    Feed,
    Video,
    Reel,
}

/// A video that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) form: Form,
    pub(super) text: &'a str,
}

/// How far a video is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is not known to have been handed in; whether its bytes have arrived.
    Waiting {
        is_uploaded: bool,
    },
    /// It is processed; whether it is on its way to the Page.
    Working {
        is_publishing: bool,
    },
    /// It is processed, and not on its way to the Page.
    Idle,
    Published,
    /// For this reason.
    Failed(Option<String>),
    Expired,
}

impl Form {
    pub(super) fn of(requests: &[Request]) -> Self {
        let has = |step: &str| requests.iter().any(|request| request.step == step);
        match (has("start"), has("status")) {
            (true, _) => Self::Reel,
            (false, true) => Self::Video,
            (false, false) => Self::Feed,
        }
    }
}

/// Facebook has the video: it says by its id how it ends.
pub(super) fn accepted(answer: &Answer, known: &Known) -> Sent {
    let is_success = answer.body.get("success").is_none_or(|success| success == true);
    let id = ["id", VIDEO].iter().find_map(|name| ids::text(answer.body.get(*name)?));
    let of_reel = || known.get(VIDEO).and_then(ids::text).filter(|_| answer.body.get("success").is_some());
    let Some(id) = id.or_else(of_reel).filter(|_| is_success) else { return answer.without_id() };
    let mut known = known.clone();
    known.insert(VIDEO.to_owned(), id.as_str().into());
    known.insert(ACCEPTED.to_owned(), true.into());
    Sent::Accepted { proof: answer.proof(Some(&id)), known, pause: SHORTEST_PAUSE }
}

impl Facebook {
    /// What is checked before the only request of a video.
    pub(super) async fn check_video(&self, delivery: &Delivery<'_>) -> Result<Prepared, ChannelError> {
        self.media.check(&delivery.entry.media, &VIDEOS).await?;
        Ok(Prepared::Ready)
    }

    /// How far a video is, and the answer that says so; `None` if there is none of its id.
    pub(super) async fn stage(
        &self,
        delivery: &Delivery<'_>,
        known: &Known,
    ) -> Result<Option<(Stage, Answer)>, ChannelError> {
        let request = post::step(CHANNEL, delivery, known, "status")?;
        let answer = self.graph.ask(delivery, &request).await?;
        match classify::graph(&answer) {
            None if answer.body.get("status").is_none() => Err(unreadable("The status of the video", delivery)),
            None => Ok(Some((stage_of(&answer.body), answer))),
            Some(verdict) if verdict.class == ErrorClass::Validation => Ok(None),
            Some(verdict) => Err(answer.error(verdict, delivery.tokens)),
        }
    }

    /// Finds a video by its id, or among the Page's videos and posts.
    pub(super) async fn find_video(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
        wanted: &Wanted<'_>,
    ) -> Result<LookUp, ChannelError> {
        if is_of_another(known, window) {
            forget(known);
        }
        if known.contains_key(VIDEO) {
            match self.stage(delivery, known).await {
                Ok(Some((stage, answer))) => return self.judge(delivery, known, (stage, answer), wanted.form).await,
                Ok(None) => {}
                Err(error) => return post::not_told(error),
            }
        }
        let found = match self.find_listed(delivery, known, window, wanted).await? {
            LookUp::Absent { proof } => self.absent(window, proof),
            found => found,
        };
        match found {
            LookUp::Absent { .. } if known.contains_key(ACCEPTED) => {
                Ok(LookUp::Impossible { why: "Facebook accepted the video and does not know it any more.".to_owned() })
            }
            LookUp::Absent { proof } => {
                forget(known);
                Ok(LookUp::Absent { proof })
            }
            found => Ok(found),
        }
    }

    /// When a video is listed at the latest: Facebook fetches it first.
    fn listed_by(&self, window: &LookUpWindow) -> DateTime<Utc> {
        window.until + self.settings.lookup_grace * GRACES
    }

    /// A video may still be fetched by Facebook: it is listed later.
    fn absent(&self, window: &LookUpWindow, proof: Value) -> LookUp {
        match (self.listed_by(window) - SystemClock.now()).to_std() {
            Ok(left) if !left.is_zero() => LookUp::Pending(left.min(NEXT_SEARCH)),
            _ => LookUp::Absent { proof },
        }
    }

    /// What the stage of a video means for its post.
    async fn judge(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        (stage, answer): (Stage, Answer),
        form: Form,
    ) -> Result<LookUp, ChannelError> {
        let proof = json!({"video": known.get(VIDEO), "status": answer.body.get("status")});
        let is_reel = form == Form::Reel;
        match stage {
            Stage::Published => self.published(delivery, known, &answer).await,
            // A video needs no request to go to the Page.
            Stage::Idle if !is_reel => self.published(delivery, known, &answer).await,
            Stage::Waiting { .. } if !is_reel => Ok(LookUp::Pending(next_pause(known, POLLS))),
            Stage::Working { .. } => Ok(LookUp::Pending(next_pause(known, POLLS))),
            Stage::Waiting { .. } | Stage::Idle => {
                let is_accepted = known.contains_key(ACCEPTED);
                let most = match (is_accepted, &stage) {
                    (true, _) => MAX_IDLE.1,
                    (false, Stage::Idle) => MAX_IDLE.0,
                    (false, _) => 0,
                };
                if polls::count(known, IDLE) <= most {
                    return Ok(LookUp::Pending(next_pause(known, POLLS)));
                }
                for name in [ACCEPTED, POLLS, IDLE] {
                    known.remove(name);
                }
                Ok(LookUp::Absent { proof })
            }
            Stage::Failed(reason) => Ok(LookUp::Refused { error: failed(&answer, reason.as_deref(), delivery), proof }),
            Stage::Expired => {
                forget(known);
                Ok(LookUp::Absent { proof })
            }
        }
    }

    async fn published(&self, delivery: &Delivery<'_>, known: &Known, answer: &Answer) -> Result<LookUp, ChannelError> {
        let video = known.get(VIDEO).and_then(ids::text).unwrap_or_default();
        let proof = json!({"video": video, "status": answer.body.get("status")});
        let external_id = self.post_of(delivery, &video).await?.unwrap_or(video);
        let external_url = permalink(answer.body.get("permalink_url"));
        Ok(LookUp::Found(Posted { external_id, external_url, proof }))
    }

    /// The id of a video's post; the video's own where Facebook does not tell it.
    async fn post_of(&self, delivery: &Delivery<'_>, video: &str) -> Result<Option<String>, ChannelError> {
        let url = format!("{}/{GRAPH_VERSION}/{}?fields=post_id", delivery.base_url, encoded(video));
        match self.graph.call(delivery, &read_request("post_id", url)).await {
            Ok(answer) => Ok(answer.body.get("post_id").and_then(ids::text)),
            Err(error) if error.may_pass() || error.class == ErrorClass::Auth => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Looks among the Page's videos, which may still be processed, then among its posts.
    async fn find_listed(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
        wanted: &Wanted<'_>,
    ) -> Result<LookUp, ChannelError> {
        let page = &delivery.account.external_id;
        let window = &LookUpWindow { until: self.listed_by(window), ..window.clone() };
        let find = |video: &Value, at: DateTime<Utc>| {
            let id = ids::text(video.get("id")?)?;
            let post_id = video.get("post_id").and_then(ids::text).unwrap_or_else(|| format!("{page}_{id}"));
            let text = video.get("description").and_then(Value::as_str).unwrap_or_default();
            let is_taken = window.is_taken(&id) || window.is_taken(&post_id);
            let is_it = is_same_text(text, wanted.text) && window.contains(at) && !is_taken;
            is_it.then(|| {
                let proof = json!({"id": id, "createdTime": instant(at)});
                Posted { external_url: permalink(video.get("permalink_url")), external_id: id, proof }
            })
        };
        let list = if wanted.form == Form::Reel { &PAGE_REELS } else { &PAGE_VIDEOS };
        match self.graph.search(delivery, list, window, find).await {
            Ok(Search::Found(video)) => {
                known.insert(VIDEO.to_owned(), video.external_id.into());
                Ok(LookUp::Pending(SHORTEST_PAUSE))
            }
            Ok(Search::Missing(_)) => self.find_post(delivery, wanted.text, window).await,
            Ok(Search::Endless) => {
                Ok(LookUp::Impossible { why: "The Page has more new videos than could be read.".to_owned() })
            }
            Err(error) => post::not_told(error),
        }
    }
}

/// Whether the video was only found in a list, and another intent has turned out to be the one that it belongs to.
fn is_of_another(known: &Known, window: &LookUpWindow) -> bool {
    let is_found = !known.contains_key(ACCEPTED) && !known.contains_key(super::reels::UPLOAD_URL);
    is_found && known.get(VIDEO).and_then(ids::text).is_some_and(|id| window.is_taken(&id))
}

/// Takes a video that is of no use out of what is known.
pub(super) fn forget(known: &mut Known) {
    for name in [VIDEO, super::reels::UPLOAD_URL, super::reels::UPLOADED, ACCEPTED, POLLS, IDLE] {
        known.remove(name);
    }
}

/// Why a video that Facebook could not process is no post.
pub(super) fn failed(answer: &Answer, reason: Option<&str>, delivery: &Delivery<'_>) -> ChannelError {
    let verdict = Verdict {
        class: ErrorClass::Validation,
        code: Code::ChannelRejected,
        message: "Facebook could not process the video.",
        retry_after: None,
        provider_code: ["/status/processing_phase/errors/0/code", "/status/processing_phase/error/code"]
            .iter()
            .find_map(|path| ids::text(answer.body.pointer(path)?)),
        existing_id: None,
    };
    answer.error_saying(verdict, reason, delivery.tokens)
}

fn stage_of(video: &Value) -> Stage {
    let word = |path: &str| video.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let phase = |name: &str| word(&format!("/status/{name}_phase/status"));
    let is_out = phase("publishing") == "complete" || word("/status/publishing_phase/publish_status") == "published";
    let is_publishing = is_out || phase("publishing") == "in_progress";
    let has_failed = ["uploading", "processing", "publishing"].iter().any(|name| phase(name) == "error");
    match word("/status/video_status") {
        "error" => Stage::Failed(reason(video)),
        _ if has_failed => Stage::Failed(reason(video)),
        "expired" => Stage::Expired,
        "ready" if is_out => Stage::Published,
        "ready" if is_publishing => Stage::Working { is_publishing },
        "ready" => Stage::Idle,
        "uploading" | "upload_complete" if !is_publishing => {
            let is_uploaded = word("/status/video_status") == "upload_complete" || phase("uploading") == "complete";
            Stage::Waiting { is_uploaded }
        }
        _ => Stage::Working { is_publishing },
    }
}

/// What Facebook says about a failure, in any of its phases.
fn reason(video: &Value) -> Option<String> {
    let phases = ["processing", "uploading", "publishing"];
    let paths = phases
        .iter()
        .flat_map(|phase| ["errors/0/message", "error/message"].map(|path| format!("/status/{phase}_phase/{path}")));
    let mut found = paths.filter_map(|path| video.pointer(&path).and_then(Value::as_str));
    found.next().map(str::to_owned)
}
