//! Pictures and videos of users at their own addresses: checked by their first bytes before a vendor is called, and
//! streamed to vendors that take uploads. Called by the channels' adapters.
//! It must never hold a whole file in memory, and never reach an address that the guard refuses.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use almanac_shared::{calendar::Medium, platform::error::Code};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream, stream::BoxStream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Body, Response};
use tokio::time::{Instant, timeout_at};

pub use self::{
    limits::{Bounds, MediaLimits},
    source::{Part, Source},
};
use self::{
    limits::{Misfit, fitting_type, judge, shape, size_rule},
    source::{MOST_SKIPPED, content_range},
    video::Movie,
};
use super::{
    channels::{ChannelError, ErrorClass},
    guard::{Guard, GuardError},
};

mod limits;
mod source;
mod video;

/// First bytes that a check reads: headers of pictures stand there, behind a preview and colour tables if need be.
const WINDOW: usize = 256 * 1024;

/// Jumps from box to box until the movie of a video is found; more than players write.
const MAX_JUMPS: usize = 8;

/// How long the first bytes are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// `MEDIA_UNREACHABLE`, `MEDIA_TYPE`, `MEDIA_TOO_LARGE`, `MEDIA_DIMENSIONS` or `MEDIA_DURATION` of the first one that
    /// does not fit.
    pub async fn check(&self, media: &[Medium], limits: &MediaLimits) -> Result<(), ChannelError> {
        for (number, medium) in (1..).zip(media) {
            self.check_one(number, medium, limits).await?;
        }
        Ok(())
    }

    /// Checks one medium of a post; `number` counts from 1.
    ///
    /// # Errors
    /// As [`Media::check`].
    pub async fn check_one(&self, number: usize, medium: &Medium, limits: &MediaLimits) -> Result<(), ChannelError> {
        self.fitting(number, medium, limits).await.map(drop)
    }

    /// Checks a medium that is uploaded in parts, and names the version that the parts are taken from.
    ///
    /// # Errors
    /// As [`Media::check`].
    pub async fn inspect(&self, number: usize, medium: &Medium, limits: &MediaLimits) -> Result<Source, ChannelError> {
        let (file, kind) = self.fitting(number, medium, limits).await?;
        let size = match file.size {
            Some(size) => size,
            None => self.measure(number, medium, limits.bytes.most).await?,
        };
        if size > MOST_SKIPPED && !file.takes_ranges {
            let fact = format!("Its server sends no parts of it, which files over {MOST_SKIPPED} bytes need.");
            return Err(refused(Code::MediaUnreachable, number, &fact));
        }
        if size < limits.bytes.least.max(1) {
            return Err(misfit(number)((Code::MediaTooLarge, size_rule(&limits.bytes))));
        }
        Ok(Source::new(size, kind, shape(&file, kind).duration, &file.headers))
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
        let bytes = bounded(response.bytes_stream(), max_bytes, fault.clone()).boxed();
        Ok(Download { length, bytes, fault, number, max_bytes })
    }

    /// The first bytes of a medium that fits, and its MIME type.
    async fn fitting(
        &self,
        number: usize,
        medium: &Medium,
        limits: &MediaLimits,
    ) -> Result<(Beginning, &'static str), ChannelError> {
        let mut file = self.beginning(number, medium, 0).await?;
        let kind = fitting_type(&file, limits).map_err(misfit(number))?;
        if kind.starts_with("video/") {
            file.movie = self.movie(number, medium, &file).await?;
        }
        judge(&file, kind, limits).map_err(misfit(number))?;
        Ok((file, kind))
    }

    /// The beginning of a video's movie box, which stands before or behind its media. `None` if it cannot be found, or
    /// only by reading all of the file.
    async fn movie(&self, number: usize, medium: &Medium, file: &Beginning) -> Result<Option<Vec<u8>>, ChannelError> {
        let (mut start, mut bytes) = (0, file.bytes.clone());
        for _ in 0..MAX_JUMPS {
            let next = match video::find_movie(&bytes, start) {
                Movie::Missing => return Ok(None),
                Movie::At { from, length } => {
                    let inside = usize::try_from(from - start).ok().and_then(|begin| bytes.get(begin..));
                    let inside = inside.unwrap_or_default();
                    if inside.len() as u64 >= length || !file.takes_ranges {
                        return Ok(Some(inside.to_vec()));
                    }
                    return self.beginning(number, medium, from).await.map(|part| Some(part.bytes));
                }
                Movie::After(next) => next,
            };
            if !file.takes_ranges || file.size.is_none_or(|size| next >= size) {
                return Ok(None);
            }
            (start, bytes) = (next, self.beginning(number, medium, next).await?.bytes);
        }
        Ok(None)
    }

    /// The first bytes from `from` on.
    async fn beginning(&self, number: usize, medium: &Medium, from: u64) -> Result<Beginning, ChannelError> {
        let deadline = Instant::now() + PATIENCE;
        let range = HeaderValue::from_str(&format!("bytes={from}-{}", from + WINDOW as u64 - 1));
        let headers = HeaderMap::from_iter(range.ok().map(|range| (header::RANGE, range)));
        let mut response = self.get(number, medium, &headers, deadline).await?;
        let takes_ranges = response.status() == StatusCode::PARTIAL_CONTENT;
        let starts_there = content_range(response.headers()).map_or(from == 0, |(first, _)| first == from);
        if !starts_there {
            let class = if from == 0 { ErrorClass::Validation } else { ErrorClass::Transient };
            return Err(unreachable(class, number, "its server answered another part of it"));
        }
        let mut size = match takes_ranges {
            true => content_range(response.headers()).and_then(|(_, size)| size),
            false => response.content_length(),
        };
        let headers = response.headers().clone();
        let mut bytes = Vec::new();
        let mut is_whole = false;
        while bytes.len() < WINDOW {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk[..chunk.len().min(WINDOW - bytes.len())]),
                Ok(Ok(None)) => {
                    is_whole = from == 0 && (!takes_ranges || size == Some(bytes.len() as u64));
                    break;
                }
                Ok(Err(_)) | Err(_) => return Err(unreachable(ErrorClass::Transient, number, "its server stopped")),
            }
        }
        if is_whole {
            size = Some(bytes.len() as u64);
        }
        Ok(Beginning { bytes, size, is_whole, takes_ranges, headers, movie: None })
    }

    /// The whole file or its part.
    async fn get(
        &self,
        number: usize,
        medium: &Medium,
        headers: &HeaderMap,
        deadline: Instant,
    ) -> Result<Response, ChannelError> {
        let response = self.answer(number, medium, headers, deadline).await?;
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::PARTIAL_CONTENT if headers.contains_key(header::RANGE) => Ok(response),
            status => Err(status_error(number, status)),
        }
    }

    /// What its server answers.
    async fn answer(
        &self,
        number: usize,
        medium: &Medium,
        headers: &HeaderMap,
        deadline: Instant,
    ) -> Result<Response, ChannelError> {
        self.guard.get(&medium.url, headers, deadline).await.map_err(|error| match error {
            GuardError::Refused(rule) => refused(Code::MediaUnreachable, number, rule),
            GuardError::Timeout => unreachable(ErrorClass::Transient, number, "its server did not answer in time"),
            GuardError::Network(_) => unreachable(ErrorClass::Transient, number, "its server could not be reached"),
        })
    }
}

/// The first bytes of a file.
#[derive(Debug, Default)]
struct Beginning {
    bytes: Vec<u8>,
    /// The size of the whole file, if its server named one.
    size: Option<u64>,
    /// Whether the bytes are the whole file.
    is_whole: bool,
    /// Whether its server sends parts.
    takes_ranges: bool,
    headers: HeaderMap,
    /// The beginning of a video's movie box.
    movie: Option<Vec<u8>>,
}

fn status_error(number: usize, status: StatusCode) -> ChannelError {
    let may_pass = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    let class = if may_pass { ErrorClass::Transient } else { ErrorClass::Validation };
    unreachable(class, number, &format!("its server answered {}", status.as_u16()))
}

fn too_large(number: usize, max_bytes: u64) -> ChannelError {
    refused(Code::MediaTooLarge, number, &size_rule(&Bounds::new(0, max_bytes)))
}

fn misfit(number: usize) -> impl Fn(Misfit) -> ChannelError {
    move |(code, fact)| refused(code, number, &fact)
}

fn refused(code: Code, number: usize, fact: &str) -> ChannelError {
    ChannelError::new(ErrorClass::Validation, code, format!("Medium {number} cannot be published. {fact}"))
}

fn unreachable(class: ErrorClass, number: usize, why: &str) -> ChannelError {
    ChannelError::new(class, Code::MediaUnreachable, format!("Medium {number} could not be fetched: {why}."))
}

/// A medium on its way to a vendor.
pub struct Download {
    /// Its length, if its server names one.
    pub length: Option<u64>,
    bytes: BoxStream<'static, Result<Bytes, Cut>>,
    fault: Fault,
    number: usize,
    max_bytes: u64,
}

impl Download {
    /// The bytes as a body, and what explains later why they ended early.
    pub fn into_parts(self) -> (Body, DownloadFault) {
        let (bytes, fault) = self.into_stream();
        (Body::wrap_stream(bytes), fault)
    }

    pub(super) fn into_stream(self) -> (BoxStream<'static, Result<Bytes, Cut>>, DownloadFault) {
        let Self { bytes, fault, number, max_bytes, .. } = self;
        (bytes, DownloadFault { fault, number, max_bytes })
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
pub(super) enum Cut {
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
