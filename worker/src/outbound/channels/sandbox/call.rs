//! A request as the channels of the sandbox read it, and the forms of their answers.

use std::collections::HashMap;

use almanac_shared::publishing::Channel;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body_util::Full;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::{posts::SavedPost, preview, receive::Arrived};

/// Previews load nothing.
pub(super) const PREVIEW_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

pub(super) type Answer = Response<Full<Bytes>>;

/// A request.
pub(super) struct Call {
    method: Method,
    /// Decoded segments; the first one is the channel.
    path: Vec<String>,
    query: HashMap<String, String>,
    headers: HeaderMap,
    /// Empty if it is an upload.
    pub(super) body: Bytes,
    /// What is kept of an upload.
    pub(super) arrived: Arrived,
    pub(super) origin: String,
}

impl Call {
    pub(super) fn new(head: &Parts, origin: String) -> Self {
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        Self {
            method: head.method.clone(),
            path: head.uri.path().split('/').skip(1).map(decoded).collect(),
            query: query.into_owned().collect(),
            headers: head.headers.clone(),
            body: Bytes::new(),
            arrived: Arrived::default(),
            origin,
        }
    }

    /// Whether the body is the bytes of a file.
    pub(super) fn is_upload(&self) -> bool {
        self.method == Method::PUT || self.path.get(1).is_some_and(|segment| segment == "video-upload")
    }

    pub(super) fn channel(&self) -> Option<Channel> {
        self.path.first().and_then(|segment| Channel::parse(segment))
    }

    /// Method and path without the channel, for a match. A slash at the end does not matter.
    pub(super) fn route(&self) -> (&str, Vec<&str>) {
        let mut path: Vec<_> = self.path.iter().skip(1).map(String::as_str).collect();
        path.pop_if(|last| last.is_empty());
        (self.method.as_str(), path)
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub(super) fn queries(&self) -> impl Iterator<Item = (&String, &String)> {
        self.query.iter()
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.query(name)?.parse().ok()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn header_number(&self, name: &str) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// Null if it is not JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("application/json"))
    }

    /// `None` if the body is not a form.
    pub(super) fn form(&self) -> Option<HashMap<String, String>> {
        let is_form = self.header("content-type")?.starts_with("application/x-www-form-urlencoded");
        is_form.then(|| form_urlencoded::parse(&self.body).into_owned().collect())
    }

    /// The access token of the `Authorization` header.
    pub(super) fn token(&self) -> Option<&str> {
        let value = self.header(header::AUTHORIZATION.as_str())?;
        let token = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("OAuth "))?;
        Some(token.trim()).filter(|token| !token.is_empty())
    }

    pub(super) fn has_token(&self) -> bool {
        self.token().is_some()
    }

    /// Stands for the account where requests name it by their token only. A preview must not show a token.
    pub(super) fn account_of_token(&self) -> String {
        let hash = Sha256::digest(self.token().unwrap_or_default());
        format!("account of token {}", hex(&hash[..4]))
    }
}

/// A segment of a path as the text that was encoded.
fn decoded(segment: &str) -> String {
    let pair = format!("={segment}");
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, text)| text.into_owned()).unwrap_or_default()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A member that is a text; empty if there is none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a vendor could fetch from an address.
pub(super) fn is_address(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

pub(super) fn json(status: StatusCode, body: &Value) -> Answer {
    let mut answer = empty(status);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *answer.body_mut() = Full::new(body.to_string().into());
    answer
}

/// The page of a post for people.
pub(super) fn page(post: &SavedPost) -> Answer {
    let mut answer = empty(StatusCode::OK);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PREVIEW_POLICY);
    *answer.body_mut() = Full::new(preview::page(post).into());
    answer
}
