//! What uploads in parts have in common: the version of the video that all parts come from, and one part on its way.
//! Called by the adapters of channels that take uploads.

use almanac_shared::{
    calendar::Medium,
    platform::error::Code,
    publishing::render::{Known, Request},
};
use secrecy::SecretString;
use url::Url;

use super::{ChannelError, Delivery, ErrorClass, Handles, answer::Answer, client::ChannelClient, post};
use crate::outbound::media::{Download, Media, MediaLimits, Part, Source};

/// Under this name the version of the video is known.
const SOURCE: &str = "source";

/// A post's only video, whose bytes are read from its own server.
pub(super) struct Upload<'a> {
    media: &'a Media,
    video: &'a Medium,
    /// The version that is uploaded.
    pub(super) source: Source,
}

impl<'a> Upload<'a> {
    /// Checks the video of a post once and keeps its version, size and type (`source`, `video_size`, `content_type`), so that
    /// later attempts go on with the same file.
    pub(super) async fn open(
        media: &'a Media,
        delivery: &Delivery<'a>,
        limits: &MediaLimits,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Self, ChannelError> {
        if let Some(upload) = Self::kept(media, delivery, known) {
            return Ok(upload);
        }
        let video = video(delivery)?;
        let source = media.inspect(1, video, limits).await?;
        known.insert("video_size".to_owned(), source.size.into());
        known.insert("content_type".to_owned(), source.kind.as_str().into());
        known.insert(SOURCE.to_owned(), serde_json::to_value(&source).unwrap_or_default());
        post::keep(handles, known).await?;
        Ok(Self { media, video, source })
    }

    /// The upload that an earlier attempt began.
    pub(super) fn kept(media: &'a Media, delivery: &Delivery<'a>, known: &Known) -> Option<Self> {
        let video = delivery.entry.media.first()?;
        let source = known.get(SOURCE).and_then(|source| serde_json::from_value(source.clone()).ok())?;
        Some(Self { media, video, source })
    }

    /// Bytes of the video as a stream.
    pub(super) async fn part(&self, part: Part) -> Result<Download, ChannelError> {
        self.media.part(1, self.video, &self.source, part).await
    }

    /// The same in memory, for small parts.
    pub(super) async fn small_part(&self, part: Part) -> Result<bytes::Bytes, ChannelError> {
        self.media.small_part(1, self.video, &self.source, part).await
    }
}

/// What is known, with the part that the next request uploads.
pub(super) fn with_part(known: &Known, part: Part) -> Known {
    let mut known = known.clone();
    known.insert("first_byte".to_owned(), part.first.into());
    known.insert("last_byte".to_owned(), part.last.into());
    known
}

/// Sends bytes that may be sent again. A failure of their source is not the vendor's.
pub(super) async fn send(
    client: &ChannelClient,
    request: &Request,
    token: Option<&SecretString>,
    download: Download,
) -> Result<Answer, ChannelError> {
    let length = download.length;
    let (body, fault) = download.into_parts();
    let answer = client.upload(request, token, body, length).await;
    answer.map_err(|error| fault.error().unwrap_or_else(|| error.into()))
}

/// Whether bytes may be sent to an address that a vendor named: it is https, or on the host that the operator named.
pub(super) fn is_safe(url: &str, base_url: &str) -> bool {
    let (Ok(upload), Ok(base)) = (Url::parse(url), Url::parse(base_url)) else { return false };
    upload.scheme() == "https" || upload.origin() == base.origin()
}

/// Whether the token belongs there: on https hosts of the vendor's own domain, or on the host that the operator named.
pub(super) fn takes_token(url: &str, base_url: &str, domain: &str) -> bool {
    let (Ok(upload), Ok(base)) = (Url::parse(url), Url::parse(base_url)) else { return false };
    let host = upload.host_str().unwrap_or_default();
    let is_vendors = host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    upload.scheme() == "https" && is_vendors || upload.origin() == base.origin()
}

fn video<'a>(delivery: &Delivery<'a>) -> Result<&'a Medium, ChannelError> {
    delivery.entry.media.first().ok_or_else(|| {
        ChannelError::new(ErrorClass::Validation, Code::MediaRequired, "The entry has no media; this needs a video.")
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_vendors_own_hosts_get_the_token() {
        let base = "https://api.linkedin.com";
        for (url, is_safe, takes_token) in [
            ("https://www.linkedin.com/dms-uploads/x", true, true),
            ("https://api.linkedin.com/mediaUpload/x", true, true),
            ("https://linkedin.com/x", true, true),
            ("http://www.linkedin.com/dms-uploads/x", false, false),
            ("https://linkedin.com.example/x", true, false),
            ("https://evillinkedin.com/x", true, false),
            ("ftp://www.linkedin.com/x", false, false),
            ("nonsense", false, false),
        ] {
            let found = (super::is_safe(url, base), super::takes_token(url, base, "linkedin.com"));
            assert_eq!(found, (is_safe, takes_token), "{url}");
        }
        let on_base =
            |url| (super::is_safe(url, "http://127.0.0.1:1"), super::takes_token(url, "http://127.0.0.1:1", "x"));
        assert_eq!(on_base("http://127.0.0.1:1/upload"), (true, true));
        assert_eq!(on_base("http://127.0.0.1:2/upload"), (false, false));
    }
}
