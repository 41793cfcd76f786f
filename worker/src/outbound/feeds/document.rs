//! The HTTP side of a feed: a conditional request, its status, and a body of at most 10 MiB. Called by `Feeds::fetch`.
//! It must never hold more of a body than that, nor decompress one: compression is not asked for.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::Response;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{FeedError, FeedFault, Source};
use crate::outbound::guard::Guard;

const MAX_BYTES: usize = 10 << 20;

/// Longest validator that is kept: it is stored, and sent with each later request.
const MAX_VALIDATOR_BYTES: usize = 1_024;

const ACCEPT: HeaderValue = HeaderValue::from_static(
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
);
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// What a server answered.
pub(super) enum Answer {
    Unchanged,
    Changed { etag: Option<String>, last_modified: Option<String>, document: Document },
}

/// A document that may be a feed.
pub(super) struct Document {
    pub bytes: Vec<u8>,
    /// Its address after redirects.
    pub url: Url,
    /// The charset in its content type.
    pub charset: Option<String>,
}

/// The answer of a feed's server.
pub(super) async fn fetch(guard: &Guard, source: &Source, deadline: Instant) -> Result<Answer, FeedError> {
    if Instant::now() >= deadline {
        return Err(FeedFault::Timeout.into());
    }
    let headers = request_headers(source);
    let response = guard.get(&source.url, &headers, deadline).await?;
    if response.status() == StatusCode::NOT_MODIFIED && is_conditional(&headers) {
        return Ok(Answer::Unchanged);
    }
    check_status(response.status())?;
    check_encoding(response.headers())?;
    let etag = validator(response.headers(), header::ETAG);
    let last_modified = validator(response.headers(), header::LAST_MODIFIED);
    let (url, charset) = (response.url().clone(), charset(response.headers()));
    let bytes = read_body(response, deadline).await?;
    Ok(Answer::Changed { etag, last_modified, document: Document { bytes, url, charset } })
}

fn request_headers(source: &Source) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(header::ACCEPT, ACCEPT), (header::ACCEPT_ENCODING, IDENTITY)]);
    let validators = [(header::IF_NONE_MATCH, &source.etag), (header::IF_MODIFIED_SINCE, &source.last_modified)];
    for (name, validator) in validators {
        if let Some(value) = validator.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_NONE_MATCH) || headers.contains_key(header::IF_MODIFIED_SINCE)
}

fn check_status(status: StatusCode) -> Result<(), FeedError> {
    let code = status.as_u16();
    let fault = match code {
        200 | 203 => return Ok(()),
        404 | 410 => FeedFault::NotFound,
        401 | 403 | 407 | 451 => FeedFault::AccessDenied,
        429 => FeedFault::RateLimited,
        500..=599 => FeedFault::ServerError,
        _ => return Err(FeedError::new(FeedFault::UnexpectedAnswer, format!("The feed's server answered {code}."))),
    };
    Err(fault.into())
}

/// A compressed body could be any size, and none was asked for.
fn check_encoding(headers: &HeaderMap) -> Result<(), FeedError> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding.is_empty() || encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(FeedError::new(FeedFault::UnexpectedAnswer, "The feed's server sends the feed only compressed."))
}

fn validator(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    })
}

async fn read_body(mut response: Response, deadline: Instant) -> Result<Vec<u8>, FeedError> {
    if response.content_length().is_some_and(|length| length > MAX_BYTES as u64) {
        return Err(FeedFault::TooLarge.into());
    }
    let mut bytes = Vec::new();
    loop {
        let chunk = timeout_at(deadline, response.chunk()).await.map_err(|_| FeedFault::Timeout)?;
        let Some(chunk) = chunk.map_err(|_| FeedFault::Unreachable)? else { return Ok(bytes) };
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(FeedFault::TooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
}
