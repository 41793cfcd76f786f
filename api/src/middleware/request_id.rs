//! The id that names one request in its answer, its log lines and its trace. `observe` gives each request one; everybody
//! else reads it. It must never hold anything that could break a header or a log line.
//! poem's `RequestId` is not used: it repeats incoming ids of any length and adds none to errors.

use std::sync::Arc;

use poem::{
    Request,
    http::{HeaderMap, HeaderValue},
};
use uuid::Uuid;

/// The header, both ways.
pub(super) const HEADER: &str = "x-request-id";

/// A request's id: at most 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The caller's id when it is fit to be repeated, else a fresh one.
    pub(super) fn accept(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).filter(|value| is_fit(value)).and_then(|value| value.to_str().ok());
        given.map_or_else(|| Self(Uuid::now_v7().to_string().into()), |given| Self(given.into()))
    }

    /// The id of a request that came through the edge; empty for one that did not.
    pub fn of(request: &Request) -> Self {
        request.data::<Self>().cloned().unwrap_or_else(|| Self("".into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a header's value.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

fn is_fit(value: &HeaderValue) -> bool {
    (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
}
