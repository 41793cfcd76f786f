//! Reels before the request that publishes them: a start, which gives an id and an address, and an order to fetch the
//! video. A start whose answer is lost leaves an upload that ends by itself and shows nothing.
//! <https://developers.facebook.com/docs/video-api/guides/reels-publishing>

use std::time::Duration;

use almanac_shared::{platform::error::Code, publishing::render::Known};
use serde_json::{Value, json};
use url::Url;

use super::{
    CHANNEL, Facebook,
    videos::{Stage, VIDEO, failed, forget},
};
use crate::outbound::{
    channels::{
        ChannelError, Delivery, ErrorClass, Handles, Prepared, Sent,
        classify::{self, Verdict},
        graph::unreadable,
        ids,
        polls::{self, next_pause},
        post,
    },
    media::{Bounds, MediaLimits},
};

/// 9:16, by the pixels that come nearest to it.
const REELS: MediaLimits = MediaLimits {
    width: Some(Bounds::new(540, 8_192)),
    height: Some(Bounds::new(960, 16_384)),
    ratio: Some(Bounds::new(0.557, 0.568)),
    seconds: Some(Bounds::new(3, 90)),
    ..MediaLimits::new(&["video/mp4", "video/quicktime"], "MP4 and MOV videos", 10 << 30)
};

pub(super) const UPLOAD_URL: &str = "upload_url";
/// Known once Facebook has taken the order to fetch the video.
pub(super) const UPLOADED: &str = "is_uploaded";
/// Under these names numbers are known: of questions about the upload, and of uploads that failed.
const POLLS: &str = "upload_polls";
const FAILURES: &str = "upload_failures";

/// Uploads of one reel that may fail.
const MAX_FAILURES: u64 = 3;

/// Meta's code for a limit of one edge.
const EDGE_LIMIT: &str = "613";

/// Until another reel is tried. 30 are taken within 24 hours, and Facebook does not say since when.
const QUOTA_PAUSE: Duration = Duration::from_secs(3_600);

impl Facebook {
    pub(super) async fn prepare_reel(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        if !known.contains_key(VIDEO) {
            self.media.check(&delivery.entry.media, &REELS).await?;
            self.start(delivery, known, handles).await?;
        }
        if !known.contains_key(UPLOADED) {
            match self.upload(delivery, known).await {
                Ok(()) => known.insert(UPLOADED.to_owned(), true.into()),
                Err(error) if error.class == ErrorClass::Validation => {
                    return begin_again(known, handles, error).await;
                }
                Err(error) => return Err(error),
            };
            post::keep(handles, known).await?;
        }
        self.arrived(delivery, known, handles).await
    }

    /// The first phase.
    async fn start(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        self.graph.check_pressure(delivery)?;
        let request = post::step(CHANNEL, delivery, known, "start")?;
        let answer = self.graph.ask(delivery, &request).await?;
        if let Some(verdict) = classify::graph(&answer) {
            return Err(answer.error(limited(verdict), delivery.tokens));
        }
        let id = answer.body.get(VIDEO).and_then(ids::text);
        let url = answer.body.get(UPLOAD_URL).and_then(Value::as_str);
        let url = url.filter(|url| is_upload_address(url, delivery.base_url));
        let (Some(id), Some(url)) = (id, url) else { return Err(unreadable("The upload", delivery)) };
        known.insert(VIDEO.to_owned(), id.into());
        known.insert(UPLOAD_URL.to_owned(), url.into());
        post::keep(handles, known).await
    }

    /// The second phase: Facebook fetches the video from its address.
    async fn upload(&self, delivery: &Delivery<'_>, known: &Known) -> Result<(), ChannelError> {
        let request = post::step(CHANNEL, delivery, known, "upload")?;
        if !is_upload_address(&request.url, delivery.base_url) {
            return Err(unreadable("The upload", delivery));
        }
        let answer = self.graph.client().call_by_oauth(&request, &delivery.tokens.access).await?;
        match classify::graph(&answer) {
            Some(verdict) => Err(answer.error(verdict, delivery.tokens)),
            None if answer.body.get("success") == Some(&Value::Bool(true)) => Ok(()),
            None => Err(unreadable("The upload", delivery)),
        }
    }

    /// Waits until Facebook has the whole video.
    async fn arrived(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        let expired = || {
            let message = "Facebook let the upload of the reel expire.";
            ChannelError::new(ErrorClass::Validation, Code::ChannelRejected, message)
        };
        match self.stage(delivery, known).await? {
            Some((Stage::Waiting { is_uploaded: false }, _)) => Ok(Prepared::Wait(next_pause(known, POLLS))),
            Some((Stage::Failed(reason), answer)) => Err(failed(&answer, reason.as_deref(), delivery)),
            Some((Stage::Expired, _)) | None => begin_again(known, handles, expired()).await,
            Some(_) => Ok(Prepared::Ready),
        }
    }

    /// The last phase was refused. If the reel is on its way all the same, an earlier request was executed late.
    pub(super) async fn refused_reel(&self, delivery: &Delivery<'_>, known: &Known, sent: Sent) -> Sent {
        let is_refused = matches!(&sent, Sent::Rejected { error, .. } if error.class == ErrorClass::Validation);
        if !is_refused {
            return sent;
        }
        match self.stage(delivery, known).await {
            Ok(Some((Stage::Published | Stage::Working { is_publishing: true }, _))) => {
                Sent::Unknown { why: json!({"reason": "the reel was published before"}) }
            }
            _ => sent,
        }
    }
}

/// Forgets an upload that failed; the error is for the last time.
async fn begin_again(known: &mut Known, handles: &dyn Handles, error: ChannelError) -> Result<Prepared, ChannelError> {
    if polls::count(known, FAILURES) >= MAX_FAILURES {
        return Err(error);
    }
    forget(known);
    post::keep(handles, known).await?;
    Ok(Prepared::Wait(next_pause(known, POLLS)))
}

/// Meta documents how many reels are taken in a day, and no code for it: the limit of the edge is the day's.
pub(super) fn limited(verdict: Verdict) -> Verdict {
    let is_of_edge = verdict.provider_code.as_deref().is_some_and(|code| code.split('/').next() == Some(EDGE_LIMIT));
    if !is_of_edge {
        return verdict;
    }
    Verdict {
        class: ErrorClass::Quota,
        code: Code::ChannelQuota,
        message: "The Page has published as many reels in a day as Facebook allows.",
        retry_after: verdict.retry_after.or(Some(QUOTA_PAUSE)),
        ..verdict
    }
}

/// Upload addresses get the token: they are Facebook's own, or of the host that the operator named.
fn is_upload_address(url: &str, base_url: &str) -> bool {
    let (Ok(upload), Ok(base)) = (Url::parse(url), Url::parse(base_url)) else { return false };
    let host = upload.host_str().unwrap_or_default();
    let is_facebooks = upload.scheme() == "https" && (host == "facebook.com" || host.ends_with(".facebook.com"));
    is_facebooks || upload.origin() == base.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_facebook_and_the_operators_host_only() {
        let base = "http://127.0.0.1:9";
        for (url, is_taken) in [
            ("https://rupload.facebook.com/video-upload/v23.0/1", true),
            ("http://rupload.facebook.com/video-upload/v23.0/1", false),
            ("https://rupload.facebook.com.example/1", false),
            ("https://notfacebook.com/1", false),
            ("http://127.0.0.1:9/facebook/video-upload/v23.0/1", true),
            ("http://127.0.0.1:8/video-upload", false),
            ("{{upload_url}}", false),
        ] {
            assert_eq!(is_upload_address(url, base), is_taken, "{url}");
        }
    }
}
