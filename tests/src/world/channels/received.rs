//! One request to a fake network, taken apart: path, query, fields of a JSON body or a form, and its token wherever it
//! stands. `serving` makes one of each request; the fakes read it.
//! What it shows to the ledger has no secret in it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method, header, request::Parts};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::site::Site;

/// Fields that hold a secret.
const SECRETS: [&str; 7] =
    ["access_token", "client_secret", "refresh_token", "fb_exchange_token", "appsecret_proof", "code", "upload_token"];
const SHOWN_CHARACTERS: usize = 6;

#[derive(Debug)]
pub(super) struct Received {
    pub site: Site,
    pub method: Method,
    /// Segments of the path, decoded, without the base path and, for Graph APIs, the version.
    pub segments: Vec<String>,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    /// Of a JSON body or a form, completed by the query for Graph APIs. Empty for an upload.
    pub fields: Value,
    /// Number of bytes of the body; 0 for an upload, which arrives later.
    pub size: u64,
    /// The base URL under which the client reached the fake.
    pub base_url: String,
    path: String,
}

impl Received {
    /// A request whose body has not arrived; `None` if the path is none of a fake's.
    pub fn new(head: &Parts) -> Option<Self> {
        let (site, path) = Site::of_path(head.uri.path())?;
        let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let url = Url::parse(&format!("http://{host}{}", head.uri)).ok()?;
        let mut segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        if site.is_graph() && segments.first().is_some_and(|part| is_version(part)) {
            segments.remove(0);
        }
        Some(Self {
            site,
            method: head.method.clone(),
            segments,
            query: url.query_pairs().into_owned().collect(),
            headers: head.headers.clone(),
            fields: Value::Object(Map::new()),
            size: 0,
            base_url: format!("http://{host}/{}", site.name()),
            path: path.to_owned(),
        })
    }

    /// The same with its body.
    pub fn with_body(mut self, bytes: &Bytes) -> Self {
        self.size = bytes.len() as u64;
        self.fields = fields(&self.headers, bytes);
        if let (true, Some(members)) = (self.site.is_graph(), self.fields.as_object_mut()) {
            for (name, value) in &self.query {
                members.entry(name.clone()).or_insert_with(|| value.as_str().into());
            }
        }
        self
    }

    /// Whether its body is the bytes of a file, which is not collected.
    pub fn is_upload(&self) -> bool {
        let parts = self.parts();
        match (self.site, &self.method) {
            (Site::Facebook, &Method::POST) => parts.first() == Some(&"video-upload"),
            (Site::Linkedin, &Method::PUT) => parts.first() == Some(&"dms-uploads"),
            (Site::Tiktok, &Method::PUT) => parts == ["video"],
            (Site::Youtube, &Method::PUT) => parts == ["upload", "youtube", "v3", "videos"],
            _ => false,
        }
    }

    /// Segments for a match.
    pub fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A field as text, also if it is a number or a truth value.
    pub fn text(&self, name: &str) -> Option<String> {
        match &self.fields[name] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Whether a field is absent or true.
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name).is_none_or(|text| text == "true")
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token that it is sent with; empty without one.
    pub fn token(&self) -> String {
        let bearer = self.header("authorization").and_then(|value| value.split_once(' ')).map(|(_, token)| token);
        let refresh = || self.text("refresh_token").or_else(|| self.text("fb_exchange_token"));
        bearer.map(str::to_owned).or_else(|| self.text("access_token")).or_else(refresh).unwrap_or_default()
    }

    /// Path and query without secrets.
    pub fn target(&self) -> String {
        let kept: Vec<_> = self.query.iter().filter(|(name, _)| !SECRETS.contains(&name.as_str())).collect();
        if kept.is_empty() {
            return self.path.clone();
        }
        format!("{}?{}", self.path, form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish())
    }

    /// The number of bytes that its head announces.
    pub fn announced(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Headers without `Authorization`.
    pub fn shown_headers(&self) -> BTreeMap<String, String> {
        let kept = self.headers.iter().filter(|(name, _)| **name != header::AUTHORIZATION);
        kept.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
    }

    /// The fields with secrets shortened.
    pub fn shown_fields(&self) -> Value {
        let mut shown = self.fields.clone();
        for name in SECRETS {
            if let Some(secret) = shown.get_mut(name).filter(|value| value.is_string()) {
                *secret = shortened(secret.as_str().unwrap_or_default()).into();
            }
        }
        shown
    }
}

/// The last characters of a secret.
pub(super) fn shortened(secret: &str) -> String {
    let skipped = secret.chars().count().saturating_sub(SHOWN_CHARACTERS);
    secret.chars().skip(skipped).collect()
}

fn fields(headers: &HeaderMap, bytes: &Bytes) -> Value {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.starts_with("application/x-www-form-urlencoded") {
        let pairs = form_urlencoded::parse(bytes).into_owned();
        return pairs.map(|(name, value)| (name, Value::from(value))).collect::<Map<_, _>>().into();
    }
    if media_type.starts_with("application/json") && !bytes.is_empty() {
        return serde_json::from_slice(bytes).unwrap_or(Value::Null);
    }
    Value::Object(Map::new())
}

/// `v23.0`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.parse::<f32>().is_ok())
}

/// A segment of a path without percent-encoding. A plus sign is a plus sign there.
fn decoded(segment: &str) -> String {
    let pair = format!("x={}", segment.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
