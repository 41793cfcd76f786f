//! A medium that is read in parts: which version of it is meant, and its bytes from any place on. A server that ignores
//! `Range` is read from the beginning and what comes before is skipped. What has become another file is `MEDIA_CHANGED`.

use std::time::Duration;

use almanac_shared::{calendar::Medium, platform::error::Code};
use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::Response;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use super::{Cut, Download, Fault, Media, PATIENCE, refused, status_error, unreachable};
use crate::outbound::channels::{ChannelError, ErrorClass};

/// How long a medium without a length is read to learn it.
const MEASURE_PATIENCE: Duration = Duration::from_secs(60);

/// Largest medium that is uploaded in parts although its server does not send parts: each is then read from the beginning,
/// the last one while its request waits.
pub(super) const MOST_SKIPPED: u64 = 64 * 1024 * 1024;

/// Which version of a file an upload is made of. Kept with the intent, so that a later attempt goes on with the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Size in bytes.
    pub size: u64,
    /// The MIME type that its first bytes show.
    pub kind: String,
    /// Milliseconds of a video, if its first bytes say them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// As its server names it; RFC 9110, 8.8.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Where there is no `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// A run of bytes; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first byte.
    pub first: u64,
    /// The last byte.
    pub last: u64,
}

impl Part {
    /// Number of bytes.
    pub const fn length(self) -> u64 {
        self.last + 1 - self.first
    }
}

impl Source {
    pub(super) fn new(size: u64, kind: &str, duration: Option<Duration>, headers: &HeaderMap) -> Self {
        let etag = text(headers, &header::ETAG);
        let last_modified = etag.is_none().then(|| text(headers, &header::LAST_MODIFIED)).flatten();
        let duration_ms = duration.and_then(|duration| u64::try_from(duration.as_millis()).ok());
        Self { size, kind: kind.to_owned(), duration_ms, etag, last_modified }
    }

    /// Whether an answer is of another version. A server that names none is believed.
    fn differs_from(&self, headers: &HeaderMap, size: Option<u64>) -> bool {
        let is_other = |kept: &Option<String>, name| {
            kept.as_ref().zip(text(headers, name)).is_some_and(|(kept, given)| *kept != given)
        };
        size.is_some_and(|size| size != self.size)
            || is_other(&self.etag, &header::ETAG)
            || is_other(&self.last_modified, &header::LAST_MODIFIED)
    }
}

impl Media {
    /// Bytes of a medium as a stream that ends with an error if they end early.
    ///
    /// # Errors
    /// `MEDIA_UNREACHABLE`, or `MEDIA_CHANGED` if its server now has another version.
    pub async fn part(
        &self,
        number: usize,
        medium: &Medium,
        source: &Source,
        part: Part,
    ) -> Result<Download, ChannelError> {
        let range = HeaderValue::from_str(&format!("bytes={}-{}", part.first, part.last));
        let range = range.map_err(|_| changed(number))?;
        let headers = HeaderMap::from_iter([(header::RANGE, range)]);
        let response = self.answer(number, medium, &headers, Instant::now() + PATIENCE).await?;
        let skipped = match response.status() {
            StatusCode::OK if !source.differs_from(response.headers(), response.content_length()) => part.first,
            StatusCode::PARTIAL_CONTENT => match content_range(response.headers()) {
                Some((first, size)) if first == part.first && !source.differs_from(response.headers(), size) => 0,
                _ => return Err(changed(number)),
            },
            // Its last byte now comes before the part.
            StatusCode::OK | StatusCode::RANGE_NOT_SATISFIABLE => return Err(changed(number)),
            status => return Err(status_error(number, status)),
        };
        Ok(download(number, response, skipped, part.length()))
    }

    /// The same bytes in memory, for parts that are small.
    ///
    /// # Errors
    /// As [`Media::part`].
    pub async fn small_part(
        &self,
        number: usize,
        medium: &Medium,
        source: &Source,
        part: Part,
    ) -> Result<Bytes, ChannelError> {
        let (body, _) = self.part(number, medium, source, part).await?.into_stream();
        let bytes = body.try_fold(Vec::new(), |mut bytes, chunk| async move {
            bytes.extend_from_slice(&chunk);
            Ok(bytes)
        });
        match timeout(PATIENCE, bytes).await {
            Ok(Ok(bytes)) => Ok(bytes.into()),
            Ok(Err(_)) | Err(_) => Err(unreachable(ErrorClass::Transient, number, "its server stopped")),
        }
    }

    /// Reads a medium whose server does not name its size to the end, to know it.
    pub(super) async fn measure(&self, number: usize, medium: &Medium, max_bytes: u64) -> Result<u64, ChannelError> {
        let (body, fault) = self.download(number, medium, max_bytes).await?.into_stream();
        let size = body.try_fold(0, |size, chunk| async move { Ok(size + chunk.len() as u64) });
        let stopped = || unreachable(ErrorClass::Transient, number, "its server stopped");
        match timeout(MEASURE_PATIENCE, size).await {
            Ok(size) => size.map_err(|_| fault.error().unwrap_or_else(stopped)),
            Err(_) => Err(unreachable(
                ErrorClass::Validation,
                number,
                "its server names no length and does not send it in time",
            )),
        }
    }
}

fn download(number: usize, response: Response, skipped: u64, length: u64) -> Download {
    let fault = Fault::default();
    // What comes after the part is not read: a server that ignores the range is cut off.
    let bytes = exactly(response.bytes_stream(), skipped, length, fault.clone()).boxed();
    Download { length: Some(length), bytes, fault, number, max_bytes: length }
}

/// `length` bytes behind the first `skipped` ones; an error if there are fewer.
fn exactly<E: Send + 'static>(
    bytes: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    skipped: u64,
    length: u64,
    fault: Fault,
) -> impl Stream<Item = Result<Bytes, Cut>> + Send + 'static {
    stream::try_unfold((bytes.boxed(), skipped, length), move |(mut bytes, mut skipped, left)| {
        let fault = fault.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            loop {
                let Some(Ok(mut chunk)) = bytes.next().await else { return Err(*fault.0.get_or_init(|| Cut::Source)) };
                let dropped = skipped.min(chunk.len() as u64);
                skipped -= dropped;
                chunk.advance(usize::try_from(dropped).unwrap_or(usize::MAX));
                chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                if !chunk.is_empty() {
                    let left = left - chunk.len() as u64;
                    return Ok(Some((chunk, (bytes, skipped, left))));
                }
            }
        }
    })
}

/// The first byte and the size of the file in `Content-Range: bytes 0-99/1234`.
pub(super) fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes ")?;
    let (part, size) = range.split_once('/')?;
    Some((part.split_once('-')?.0.trim().parse().ok()?, size.trim().parse().ok()))
}

fn changed(number: usize) -> ChannelError {
    refused(Code::MediaChanged, number, "It became another file while it was uploaded.")
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
