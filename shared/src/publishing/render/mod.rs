//! An entry and an account as the requests that publish it. The dry run shows them; the worker's adapters send them, with
//! a token. Pure: no request here holds a secret, and rendering twice gives the same requests.
//!
//! A value that is known only later stands as `{{name}}`; its name says which answer or file it comes from. An adapter
//! renders again with what it has learned ([`Post::known`]) and sends the next step. It never replaces placeholders in a
//! request: a caption may hold the same text. Reading steps (quota, status, permalink) and parts of an upload are listed
//! once, also if they are repeated.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::{Account, Channel, Entry, Login, Options, Problem, Warning};
use crate::{
    calendar::{Medium, MediumType},
    platform::error::Code,
    values::wire_enum::wire_enum,
};

mod facebook;
mod instagram;
mod linkedin;
mod text;
mod tiktok;
mod youtube;

/// Version of Meta's Graph API, for Instagram and Facebook.
pub const GRAPH_VERSION: &str = "v23.0";
/// Version of LinkedIn's API; each lives for at least 12 months.
pub const LINKEDIN_VERSION: &str = "202607";

/// Stands for the vendor's id of an account that is not stored.
const NO_ACCOUNT: &str = "{{account_id}}";

const JSON: &str = "application/json; charset=UTF-8";

wire_enum! {
    /// The method of a request.
    pub enum Method {
        /// Reads.
        Get = "GET",
        /// Makes something.
        Post = "POST",
        /// Uploads bytes.
        Put = "PUT",
    }
}

/// One request, without its token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// Which step of publishing it is; unique among the requests of a post.
    pub step: String,
    /// Its method.
    pub method: Method,
    /// Its address.
    pub url: String,
    /// Its headers, but for `Authorization`.
    pub headers: BTreeMap<&'static str, String>,
    /// JSON, or a placeholder for the bytes of a file; null if it has none.
    pub body: Value,
}

impl Request {
    fn new(method: Method, step: impl Into<String>, url: impl Into<String>, body: impl Into<Value>) -> Self {
        Self { step: step.into(), method, url: url.into(), headers: BTreeMap::new(), body: body.into() }
    }

    fn get(step: impl Into<String>, url: String) -> Self {
        Self::new(Method::Get, step, url, Value::Null)
    }

    fn post(step: impl Into<String>, url: String, body: Value) -> Self {
        Self::new(Method::Post, step, url, body).with_header("Content-Type", JSON)
    }

    fn post_empty(step: &str, url: String) -> Self {
        Self::new(Method::Post, step, url, Value::Null)
    }

    /// Uploads the bytes that a placeholder names.
    fn put(step: impl Into<String>, url: String, bytes: &str) -> Self {
        Self::new(Method::Put, step, url, placeholder(bytes))
    }

    fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }
}

/// A post that is to be rendered.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// What it says.
    pub entry: &'a Entry,
    /// Where it goes; `None` renders a placeholder for the vendor's id.
    pub account: Option<&'a Account>,
    /// The request's options, completed by the account's settings.
    pub options: &'a Options,
    /// The vendor's host, without a slash at its end.
    pub base_url: &'a str,
    /// What earlier answers and files gave, by the names of the placeholders; empty in a dry run.
    pub known: &'a Known,
}

/// Values for placeholders.
pub type Known = BTreeMap<String, Value>;

/// What publishes a post.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// In the order in which they are sent.
    pub requests: Vec<Request>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// The requests that publish a post on a channel.
///
/// # Errors
/// The channel does not take the post as it is: nothing of it is cut or left out.
pub fn render(channel: Channel, post: &Post<'_>) -> Result<Rendered, Problem> {
    for (at, medium) in post.entry.media.iter().enumerate() {
        check_address(at, medium)?;
    }
    let mut rendered = match channel {
        Channel::Instagram => instagram::render(post),
        Channel::Tiktok => tiktok::render(post),
        Channel::Linkedin => linkedin::render(post),
        Channel::Facebook => facebook::render(post),
        Channel::Youtube => youtube::render(post),
    }?;
    if let Some(missing) = post.options.missing(channel) {
        return Err(missing);
    }
    if !post.entry.media.is_empty() {
        let message = "Type, size, dimensions and duration of the media are checked when it is published.";
        rendered.warnings.push(Warning::new(Code::MediaUnchecked, "media", message));
    }
    Ok(rendered)
}

/// The vendor's host. Instagram has one for each kind of login.
pub const fn vendor_base_url(channel: Channel, login: Option<Login>) -> &'static str {
    match (channel, login) {
        (Channel::Instagram, Some(Login::Facebook)) | (Channel::Facebook, _) => "https://graph.facebook.com",
        (Channel::Instagram, _) => "https://graph.instagram.com",
        (Channel::Tiktok, _) => "https://open.tiktokapis.com",
        (Channel::Linkedin, _) => "https://api.linkedin.com",
        (Channel::Youtube, _) => "https://www.googleapis.com",
    }
}

impl Post<'_> {
    /// The vendor's id of the account.
    fn external_id(&self) -> &str {
        self.account.map_or(NO_ACCOUNT, |account| account.external_id.as_str())
    }

    /// The vendor's id as a segment of a path.
    fn account_segment(&self) -> String {
        self.account.map_or_else(|| NO_ACCOUNT.to_owned(), |account| path_segment(&account.external_id))
    }

    /// A value that is known only later.
    fn later(&self, name: &str) -> Value {
        self.known.get(name).cloned().unwrap_or_else(|| placeholder(name).into())
    }

    /// The same as text, for a header or a whole address.
    fn later_text(&self, name: &str) -> String {
        match self.later(name) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// The same as a segment of a path.
    fn later_segment(&self, name: &str) -> String {
        if self.known.contains_key(name) { path_segment(&self.later_text(name)) } else { placeholder(name) }
    }

    /// The part of a file that a request uploads.
    fn content_range(&self) -> String {
        let [first, last, size] = ["first_byte", "last_byte", "video_size"].map(|name| self.later_text(name));
        format!("bytes {first}-{last}/{size}")
    }

    /// Caption, blank line, hashtags.
    fn text(&self) -> String {
        text::joined(&self.entry.caption, &self.entry.hashtags)
    }

    /// An address of Meta's Graph API.
    fn graph_url(&self, path: &str) -> String {
        format!("{}/{GRAPH_VERSION}/{path}", self.base_url)
    }

    fn unsupported(&self, channel: &str) -> Problem {
        let message = format!("{channel} has no {} that could be published.", self.entry.format);
        Problem::new(Code::FormatUnsupported, "format", message)
    }
}

/// The media of a post by what a channel can make of them.
enum Visual<'a> {
    None,
    Image(&'a Medium),
    Video(&'a Medium),
    /// At least two pictures.
    Images,
    /// At least two media, a video among them.
    Mixed,
}

impl<'a> Visual<'a> {
    fn of(media: &'a [Medium]) -> Self {
        match media {
            [] => Self::None,
            [one] if one.kind == MediumType::Image => Self::Image(one),
            [one] => Self::Video(one),
            several if several.iter().all(|medium| medium.kind == MediumType::Image) => Self::Images,
            _ => Self::Mixed,
        }
    }
}

/// The only video of a post.
fn only_video(media: &[Medium]) -> Result<&Medium, Problem> {
    match Visual::of(media) {
        Visual::Video(video) => Ok(video),
        Visual::None => Err(media_required("a video")),
        Visual::Image(_) | Visual::Images => Err(media_type("This needs a video, not a picture.")),
        Visual::Mixed => Err(media_count("This needs exactly one video.", 1)),
    }
}

fn media_required(what: &str) -> Problem {
    Problem::new(Code::MediaRequired, "media", format!("The entry has no media; this needs {what}."))
}

fn media_type(message: &str) -> Problem {
    Problem::new(Code::MediaType, "media", message)
}

fn media_count(message: impl Into<String>, limit: usize) -> Problem {
    Problem::new(Code::MediaCount, "media", message).with_limit(limit)
}

/// At least `least` and at most `most` media.
fn check_count(media: &[Medium], least: usize, most: usize) -> Result<(), Problem> {
    let limit = if media.len() < least { least } else { most };
    let message = || format!("This takes {least} to {most} media; the entry has {}.", media.len());
    if (least..=most).contains(&media.len()) { Ok(()) } else { Err(media_count(message(), limit)) }
}

/// Vendors fetch media without a login, and a login in an address would be shown to them.
fn check_address(at: usize, medium: &Medium) -> Result<(), Problem> {
    let is_public = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    };
    if Url::parse(&medium.url).is_ok_and(|url| is_public(&url)) {
        return Ok(());
    }
    let message = format!("The address of medium {} must be http or https, without a login.", at + 1);
    Err(Problem::new(Code::MediaUrl, "media", message))
}

fn placeholder(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// Text as one segment of a path: what separates parts of an address is percent-encoded.
fn path_segment(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests;
