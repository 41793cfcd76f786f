//! How a fake network treats one request: whether it executes it, what it answers, and how it breaks off.
//! Tests queue scripts by account and step with `Channels::play`; without one a request is executed and answered.
//! Pure: it must neither wait nor send.

use std::time::Duration;

use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;

use super::errors::{google_error, graph_error, graph_suberror, linkedin_error, tiktok_error};

/// What a request is for. Scripts are queued by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The one request that publishes a post. On YouTube and TikTok that is the part of a video with its last byte, and on
    /// TikTok also the request for photos or for a video that TikTok fetches.
    Publish,
    /// What comes before it and is no video that is sent in parts: unpublished photos, images, the order to fetch a reel.
    Upload,
    /// The beginning of an upload: a container, an upload session, the first phase of a reel, the parts of a video.
    Init,
    /// Bytes of a video, but for those that publish it.
    Chunk,
    /// The end of an upload in parts, on LinkedIn.
    Finish,
    /// How far a container, an upload or a video is.
    Status,
    /// How much of a YouTube session has arrived.
    Probe,
    /// What the account may do: Instagram's publishing limit, TikTok's creator info.
    Quota,
    /// A list of posts.
    LookUp,
    /// One post, photo, image or account.
    Read,
    /// New tokens.
    Token,
}

/// The treatment of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Script {
    /// Executes it and answers.
    Ok,
    /// The same, with usage headers that say how many percent of the limit are used up.
    OkAtUsage(u8),
    /// The same after a pause.
    Delay(Duration),
    /// The same after `World::release` of the account.
    Hold,
    /// Executes it; the head of the answer comes in small pieces over this time.
    SlowHead(Duration),
    /// Executes it; the body of the answer comes in small pieces over this time.
    SlowBody(Duration),
    /// Executes it; the connection ends in the middle of the answer's body.
    Truncated,
    /// Executes nothing and never answers.
    Hang,
    /// Executes nothing and resets the connection.
    ResetBefore,
    /// Executes it and never answers.
    AcceptThenHang,
    /// Executes it and resets the connection.
    AcceptThenReset,
    /// Executes it and answers with this error all the same.
    AcceptThenStatus(u16),
    /// Executes it and answers after `World::release` of the account.
    AcceptThenHold,
    /// Executes nothing and answers with an error.
    Refuse(Refusal),
    /// Executes nothing and answers with the network's usual error, inside of a 200.
    ErrorIn200,
    /// Executes nothing, lets the account's access tokens expire, and says so.
    ExpireToken,
    /// Of an upload: resets the connection after this number of bytes of its body. The network keeps of them what it keeps
    /// of a broken upload. If the body has no more bytes, it is executed; what is no upload is not.
    CutAfter(u64),
    /// Of an upload: stops reading after this number of bytes of its body until `World::release` of the account. If the client
    /// is gone then, what its system had taken still arrives: some megabytes. What is no upload is held as a whole.
    HoldAfter(u64),
    /// Of a part of a YouTube video: takes all of it, keeps this number of bytes down to a multiple of 256 KiB, and says so.
    /// Any other upload fails.
    Keep(u64),
}

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// The body; `None` for the usual one of the network and the status.
    pub body: Option<Value>,
}

impl Script {
    /// An error with the network's usual body for this status.
    pub const fn status(status: u16) -> Self {
        Self::Refuse(Refusal { status, retry_after: None, body: None })
    }

    /// 429, with or without `Retry-After` in seconds.
    pub const fn too_many(retry_after: Option<u64>) -> Self {
        Self::Refuse(Refusal { status: 429, retry_after, body: None })
    }

    /// An error with a body of the test's own.
    pub const fn refusal(status: u16, retry_after: Option<u64>, body: Value) -> Self {
        Self::Refuse(Refusal { status, retry_after, body: Some(body) })
    }

    /// An error of a Graph API by its code, with the status that it comes with.
    pub fn graph(code: i64) -> Self {
        let (status, body) = graph_error(code);
        Self::refusal(status, None, body)
    }

    /// An error of a Graph API by code and sub-code, as Instagram has them.
    pub fn graph_sub(code: i64, subcode: i64) -> Self {
        let (status, body) = graph_suberror(code, subcode);
        Self::refusal(status, None, body)
    }

    /// An error of a Graph API that names itself transient, whatever its code says.
    pub fn graph_transient(code: i64) -> Self {
        let (status, mut body) = graph_error(code);
        body["error"]["is_transient"] = true.into();
        Self::refusal(status, None, body)
    }

    /// An error of TikTok's by its code, with the status that it is documented with.
    pub fn tiktok(code: &str) -> Self {
        let (status, body) = tiktok_error(code);
        Self::refusal(status, None, body)
    }

    /// The same inside of a 200.
    pub fn tiktok_in_200(code: &str) -> Self {
        Self::refusal(200, None, tiktok_error(code).1)
    }

    /// An error of Google's by its reason, with the status that it comes with.
    pub fn google(reason: &str) -> Self {
        let (status, body) = google_error(reason);
        Self::refusal(status, None, body)
    }

    /// LinkedIn's limit for a day, which ends at midnight UTC.
    pub fn linkedin_daily_limit() -> Self {
        let mut body = linkedin_error(429);
        body["message"] = "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.".into();
        Self::refusal(429, None, body)
    }

    /// Outcomes for this number of requests, the same for the same seed, and `Ok` for all later ones. Some execute the
    /// request without an answer, some do neither, some refuse it: the ledger says which post exists.
    pub fn seeded(seed: u64, count: usize) -> Vec<Self> {
        let outcomes = [
            Self::Ok,
            Self::AcceptThenHang,
            Self::AcceptThenReset,
            Self::AcceptThenStatus(500),
            Self::ResetBefore,
            Self::status(500),
            Self::too_many(Some(1)),
        ];
        let mut random = StdRng::seed_from_u64(seed);
        let picked = (0..count).filter_map(|_| outcomes.choose(&mut random).cloned());
        picked.chain([Self::Ok]).collect()
    }

    /// Whether the client cannot know from the answer whether the request was executed.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Hang | Self::ResetBefore | Self::AcceptThenHang | Self::AcceptThenReset => true,
            Self::Truncated | Self::CutAfter(_) => true,
            Self::AcceptThenStatus(status) => *status >= 500,
            Self::Refuse(refusal) => refusal.status >= 500,
            Self::Ok | Self::OkAtUsage(_) | Self::Delay(_) | Self::Hold | Self::AcceptThenHold => false,
            Self::SlowHead(_) | Self::SlowBody(_) | Self::ErrorIn200 | Self::ExpireToken => false,
            Self::HoldAfter(_) | Self::Keep(_) => false,
        }
    }

    /// Whether the request has no effect.
    pub(super) const fn executes_nothing(&self) -> bool {
        matches!(self, Self::Hang | Self::ResetBefore | Self::Refuse(_) | Self::ErrorIn200 | Self::ExpireToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_outcomes_and_ends_well() {
        let scripts = Script::seeded(7, 60);

        assert_eq!(scripts, Script::seeded(7, 60));
        assert_ne!(scripts, Script::seeded(8, 60));
        assert_eq!((scripts.len(), scripts.last()), (61, Some(&Script::Ok)));
        let ambiguous = scripts.iter().filter(|script| script.is_ambiguous()).count();
        assert!((20..60).contains(&ambiguous), "{ambiguous} of 60 are ambiguous");
    }

    #[test]
    fn an_error_of_the_graph_says_whether_it_is_transient() {
        let transient = |script: &Script| match script {
            Script::Refuse(Refusal { body: Some(body), .. }) => body["error"]["is_transient"].clone(),
            _ => Value::Null,
        };
        assert_eq!(transient(&Script::graph(2)), true);
        assert_eq!(transient(&Script::graph(190)), false);
        assert_eq!(transient(&Script::graph_transient(1)), true);
    }
}
