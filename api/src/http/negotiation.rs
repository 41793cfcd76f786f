//! What a client asks for in headers: how to be answered, how long to wait, where to resume, under which key.
//! Routes call these pure readers. They must never guess: what cannot be read is refused by name.
//! `headers` is not used: it has no `Accept` and no `Prefer`, and its `IfMatch` panics on `"a b"` in debug builds.

use std::time::Duration;

use almanac_shared::{events::event::Encoding, platform::error::Code};
use poem::http::{HeaderMap, HeaderName, header};

use crate::http::error::{ApiError, Detail};

/// The three ways an answer to started work, or a job's log, can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    /// `text/event-stream`.
    Sse,
    /// `application/x-ndjson`.
    Ndjson,
    /// `application/json`.
    Json,
}

impl ResponseFormat {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
        }
    }

    /// The spelling of a job's log that comes closest to it.
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::Ndjson => Encoding::Ndjson,
            Self::Sse | Self::Json => Encoding::Sse,
        }
    }
}

/// Chooses among what a route `offers`, its default first: the highest q wins, the more specific range decides a form's
/// q, and among equals the order of the offer. No `Accept`, or `*/*`, is the default. 406 when nothing fits.
pub fn choose(headers: &HeaderMap, offers: &[ResponseFormat]) -> Result<ResponseFormat, ApiError> {
    let values: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let ranges: Vec<_> = values.iter().flat_map(|value| value.split(',')).filter_map(Range::parse).collect();
    if ranges.is_empty() {
        return offers.first().copied().ok_or_else(not_acceptable);
    }
    let best = offers.iter().rev().map(|&form| (quality(form, &ranges), form)).max_by_key(|&(quality, _)| quality);
    best.filter(|&(quality, _)| quality > 0).map(|(_, form)| form).ok_or_else(not_acceptable)
}

fn not_acceptable() -> ApiError {
    ApiError::new(Code::NotAcceptable, "no acceptable response format")
}

/// One media range with its weight in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = quality.map_or(Some(1.0), |text| text.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)))?;
        Some(Self { kind, subtype, quality: (quality * 1000.0) as u16 })
    }

    /// How closely it names a form: 2 by name, 1 by kind, 0 as anything, none not at all.
    fn specificity(&self, form: ResponseFormat) -> Option<u8> {
        let (kind, subtype) = form.media_type().split_once('/')?;
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (own, "*") if own.eq_ignore_ascii_case(kind) => Some(1),
            (own, sub) if own.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

fn quality(form: ResponseFormat, ranges: &[Range<'_>]) -> u16 {
    let matching = ranges.iter().filter_map(|range| Some((range.specificity(form)?, range.quality)));
    matching.max_by_key(|&(specificity, _)| specificity).map_or(0, |(_, quality)| quality)
}

/// The longest wait a client may ask for.
const MAX_WAIT: u64 = 60;

/// `Prefer: wait=n` (RFC 7240), cut to 60 s. What is no number is no preference: preferences are never refused.
pub fn prefer_wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let preferences = values.flat_map(|value| value.split(','));
    // Of a repeated preference the first counts; a preference's own parameters follow a semicolon.
    let (_, wait) = preferences
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))?;
    let seconds: u64 = wait.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds.min(MAX_WAIT)))
}

/// `Idempotency-Key`: 1 to 255 visible ASCII characters, once; 400 otherwise.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let fit = (1..=255).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    match (value.to_str(), values.next()) {
        (Ok(key), None) if fit => Ok(Some(key)),
        _ => Err(invalid("header", "Idempotency-Key", "must be 1 to 255 visible ASCII characters, once")),
    }
}

/// Where to resume an event log: `Last-Event-ID` wins over `?after=`; nothing means from the start.
pub fn resume_after(headers: &HeaderMap, after: Option<&str>) -> Result<Option<u64>, ApiError> {
    let number = |text: &str| text.parse().ok().filter(|&seq: &u64| i64::try_from(seq).is_ok());
    if let Some(value) = headers.get("last-event-id") {
        let seq = value.to_str().ok().map(str::trim).filter(|text| !text.is_empty());
        // A browser that has seen no id yet sends the header empty.
        let Some(text) = seq else { return Ok(None) };
        return number(text).map(Some).ok_or_else(|| invalid("header", "Last-Event-ID", "must be a sequence number"));
    }
    let Some(text) = after else { return Ok(None) };
    number(text).map(Some).ok_or_else(|| invalid("query", "after", "must be a sequence number"))
}

/// Whether `If-Match` lets a change of this version through: absent and `*` alone do, else one of its tags must be the
/// version. What is no version matches nothing.
pub fn if_match(headers: &HeaderMap, version: i64) -> bool {
    let Some(tags) = tags(headers, &header::IF_MATCH) else { return true };
    tags == ["*"] || tags.contains(&format!("\"{version}\"").as_str())
}

/// Whether `If-Match` and `If-None-Match` let a change of something through that may be missing (RFC 9110, 13.1). Tags in
/// `If-None-Match` would allow a change of any other version, which no client needs: like `*`, they allow none.
pub fn matches(headers: &HeaderMap, version: Option<i64>) -> bool {
    match version {
        Some(version) => !headers.contains_key(header::IF_NONE_MATCH) && if_match(headers, version),
        None => !headers.contains_key(header::IF_MATCH),
    }
}

fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Vec<&'a str>> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    headers.contains_key(name).then(|| values.flat_map(|value| value.split(',').map(str::trim)).collect())
}

fn invalid(place: &str, name: &str, message: &str) -> ApiError {
    ApiError::invalid(vec![Detail::at([place, name], "value", message)])
}

#[cfg(test)]
mod tests;
