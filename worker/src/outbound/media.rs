//! Pictures of users at their own addresses: checked by their first bytes before a vendor is called, and streamed to
//! vendors that take uploads. Called by the channels' adapters.
//! It must never hold a whole file in memory, and never reach an address that the guard refuses.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use almanac_shared::{calendar::Medium, platform::error::Code};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Body, Response};
use tokio::time::{Instant, timeout_at};

use super::{
    channels::{ChannelError, ErrorClass},
    guard::{Guard, GuardError},
};

/// First bytes that a check reads: headers of pictures stand there, behind a preview and colour tables if need be.
const WINDOW: usize = 256 * 1024;
const WINDOW_RANGE: HeaderValue = HeaderValue::from_static("bytes=0-262143");

/// How long the first bytes are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a channel takes.
#[derive(Clone, Copy, Debug)]
pub struct MediaLimits {
    /// MIME types.
    pub types: &'static [&'static str],
    /// The same for a person.
    pub names: &'static str,
    /// Most bytes.
    pub max_bytes: u64,
    /// Pixels that a picture must stay below.
    pub pixels_below: Option<u64>,
}

/// Fetches media of users.
#[derive(Clone, Debug)]
pub struct Media {
    guard: Guard,
}

impl Media {
    /// Fetches through a guard.
    pub const fn new(guard: Guard) -> Self {
        Self { guard }
    }

    /// Checks the media of a post, in order.
    ///
    /// # Errors
    /// `MEDIA_UNREACHABLE`, `MEDIA_TYPE`, `MEDIA_TOO_LARGE` or `MEDIA_DIMENSIONS` of the first one that does not fit.
    pub async fn check(&self, media: &[Medium], limits: &MediaLimits) -> Result<(), ChannelError> {
        for (number, medium) in (1..).zip(media) {
            let beginning = self.beginning(number, medium).await?;
            judge(&beginning, limits).map_err(|(code, fact)| refused(code, number, &fact))?;
        }
        Ok(())
    }

    /// The bytes of a medium as a stream that ends with an error after `max_bytes`.
    ///
    /// # Errors
    /// `MEDIA_UNREACHABLE`, or `MEDIA_TOO_LARGE` by the length that its server names.
    pub async fn download(&self, number: usize, medium: &Medium, max_bytes: u64) -> Result<Download, ChannelError> {
        let response = self.get(number, medium, &HeaderMap::new(), Instant::now() + PATIENCE).await?;
        let length = response.content_length();
        if length.is_some_and(|length| length > max_bytes) {
            return Err(too_large(number, max_bytes));
        }
        let fault = Fault::default();
        let body = Body::wrap_stream(bounded(response.bytes_stream(), max_bytes, fault.clone()));
        Ok(Download { length, body, fault, number, max_bytes })
    }

    async fn beginning(&self, number: usize, medium: &Medium) -> Result<Beginning, ChannelError> {
        let deadline = Instant::now() + PATIENCE;
        let headers = HeaderMap::from_iter([(header::RANGE, WINDOW_RANGE)]);
        let mut response = self.get(number, medium, &headers, deadline).await?;
        let mut size = match response.status() {
            StatusCode::PARTIAL_CONTENT => total(response.headers()),
            _ => response.content_length(),
        };
        let mut bytes = Vec::new();
        let mut is_whole = false;
        while bytes.len() < WINDOW {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk[..chunk.len().min(WINDOW - bytes.len())]),
                Ok(Ok(None)) => {
                    is_whole = response.status() == StatusCode::OK || size == Some(bytes.len() as u64);
                    break;
                }
                Ok(Err(_)) | Err(_) => return Err(unreachable(ErrorClass::Transient, number, "its server stopped")),
            }
        }
        if is_whole {
            size = Some(bytes.len() as u64);
        }
        Ok(Beginning { bytes, size, is_whole })
    }

    async fn get(
        &self,
        number: usize,
        medium: &Medium,
        headers: &HeaderMap,
        deadline: Instant,
    ) -> Result<Response, ChannelError> {
        let response = self.guard.get(&medium.url, headers, deadline).await.map_err(|error| match error {
            GuardError::Refused(rule) => refused(Code::MediaUnreachable, number, rule),
            GuardError::Timeout => unreachable(ErrorClass::Transient, number, "its server did not answer in time"),
            GuardError::Network(_) => unreachable(ErrorClass::Transient, number, "its server could not be reached"),
        })?;
        let status = response.status();
        match status {
            StatusCode::OK => Ok(response),
            StatusCode::PARTIAL_CONTENT if starts_at_zero(response.headers()) => Ok(response),
            _ => {
                let may_pass = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
                let class = if may_pass { ErrorClass::Transient } else { ErrorClass::Validation };
                Err(unreachable(class, number, &format!("its server answered {}", status.as_u16())))
            }
        }
    }
}

/// The first bytes of a file.
struct Beginning {
    bytes: Vec<u8>,
    /// The size of the whole file, if its server named one.
    size: Option<u64>,
    /// Whether the bytes are the whole file.
    is_whole: bool,
}

/// Whether a file fits. Where its server names no size, or a long header hides the dimensions, the vendor decides.
fn judge(file: &Beginning, limits: &MediaLimits) -> Result<(), (Code, String)> {
    let kind = infer::get(&file.bytes).map(|kind| kind.mime_type());
    if !kind.is_some_and(|kind| limits.types.contains(&kind)) {
        return Err((Code::MediaType, format!("The channel takes {}.", limits.names)));
    }
    if file.size.is_some_and(|size| size > limits.max_bytes) {
        return Err((Code::MediaTooLarge, most_bytes(limits.max_bytes)));
    }
    let Some(below) = limits.pixels_below else { return Ok(()) };
    match imagesize::blob_size(&file.bytes) {
        Ok(size) if (size.width as u64).saturating_mul(size.height as u64) >= below => {
            Err((Code::MediaDimensions, format!("The channel takes pictures of less than {below} pixels.")))
        }
        Err(_) if file.is_whole => Err((Code::MediaDimensions, "Its dimensions cannot be read.".to_owned())),
        _ => Ok(()),
    }
}

fn most_bytes(max_bytes: u64) -> String {
    format!("The channel takes at most {max_bytes} bytes.")
}

fn too_large(number: usize, max_bytes: u64) -> ChannelError {
    refused(Code::MediaTooLarge, number, &most_bytes(max_bytes))
}

fn refused(code: Code, number: usize, fact: &str) -> ChannelError {
    ChannelError::new(ErrorClass::Validation, code, format!("Medium {number} cannot be published. {fact}"))
}

fn unreachable(class: ErrorClass, number: usize, why: &str) -> ChannelError {
    ChannelError::new(class, Code::MediaUnreachable, format!("Medium {number} could not be fetched: {why}."))
}

/// The size of the whole file in `Content-Range: bytes 0-99/1234`.
fn total(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_RANGE)?.to_str().ok()?.rsplit_once('/')?.1.trim().parse().ok()
}

fn starts_at_zero(headers: &HeaderMap) -> bool {
    let range = headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
    range.is_none_or(|range| range.trim_start().starts_with("bytes 0-"))
}

/// A medium on its way to a vendor.
pub struct Download {
    /// Its length, if its server names one.
    pub length: Option<u64>,
    /// Its bytes.
    pub body: Body,
    fault: Fault,
    number: usize,
    max_bytes: u64,
}

impl Download {
    /// The bytes, and what explains later why they ended early.
    pub fn into_parts(self) -> (Body, DownloadFault) {
        let Self { body, fault, number, max_bytes, .. } = self;
        (body, DownloadFault { fault, number, max_bytes })
    }
}

/// Why the bytes of a medium ended early, if they did.
pub struct DownloadFault {
    fault: Fault,
    number: usize,
    max_bytes: u64,
}

impl DownloadFault {
    /// The error, if the medium and not the vendor is its cause.
    pub fn error(&self) -> Option<ChannelError> {
        self.fault.0.get().map(|cut| match cut {
            Cut::TooLarge => too_large(self.number, self.max_bytes),
            Cut::Source => unreachable(ErrorClass::Transient, self.number, "its server stopped"),
        })
    }
}

#[derive(Clone, Debug, Default)]
struct Fault(Arc<OnceLock<Cut>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Cut {
    #[error("the medium is larger than its limit")]
    TooLarge,
    #[error("the medium's server stopped")]
    Source,
}

/// The same bytes, at most `max_bytes` of them.
fn bounded<E: Send + 'static>(
    bytes: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    max_bytes: u64,
    fault: Fault,
) -> impl Stream<Item = Result<Bytes, Cut>> + Send + 'static {
    stream::try_unfold((bytes.boxed(), max_bytes), move |(mut bytes, left)| {
        let fault = fault.clone();
        async move {
            let cut = match bytes.next().await {
                None => return Ok(None),
                Some(Ok(chunk)) => match left.checked_sub(chunk.len() as u64) {
                    Some(left) => return Ok(Some((chunk, (bytes, left)))),
                    None => Cut::TooLarge,
                },
                Some(Err(_)) => Cut::Source,
            };
            Err(*fault.0.get_or_init(|| cut))
        }
    })
}

#[cfg(test)]
mod tests;
