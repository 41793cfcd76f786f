//! What a feed of the world holds, and how its server behaves. Tests make these; `serving` plays them.

use std::time::SystemTime;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How the server answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// The body with an `ETag`, or 304 if the request has that.
    Answer,
    /// This status with the body.
    Status(u16),
    /// 302 to an address; a relative one is on this server.
    Redirect(String),
    /// No answer.
    Hang,
    /// The body byte by byte, ten a second.
    Drip,
    /// The body, followed by 11 MiB of white space.
    TooLarge,
    /// Half of the body, then a reset connection.
    Reset,
}

/// A feed and the behaviour of its server.
#[derive(Clone, Debug)]
pub struct Feed {
    pub(super) content_type: String,
    pub(super) body: Bytes,
    pub(super) behaviour: Behaviour,
}

/// An item of a feed.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Its title.
    pub title: String,
    /// Its address.
    pub link: Option<String>,
    /// Its date.
    pub published_at: Option<DateTime<Utc>>,
    /// Its text: HTML.
    pub html: String,
}

impl Item {
    /// An item with an address, without date and text.
    pub fn new(title: &str, link: &str) -> Self {
        Self { title: title.to_owned(), link: Some(link.to_owned()), ..Self::default() }
    }

    /// The same with a date.
    pub fn at(mut self, published_at: DateTime<Utc>) -> Self {
        self.published_at = Some(published_at);
        self
    }

    /// The same, published so many hours ago.
    pub fn hours_old(self, hours: i64) -> Self {
        self.at(DateTime::<Utc>::from(SystemTime::now()) - TimeDelta::hours(hours))
    }

    /// The same with a text.
    pub fn html(mut self, html: &str) -> Self {
        html.clone_into(&mut self.html);
        self
    }

    fn rss(&self) -> String {
        let link = self.link.as_ref().map(|link| format!("<link>{}</link>", escaped(link))).unwrap_or_default();
        let date = self.published_at.map(|at| format!("<pubDate>{}</pubDate>", at.to_rfc2822())).unwrap_or_default();
        let (title, html) = (escaped(&self.title), escaped(&self.html));
        format!("<item><title>{title}</title>{link}{date}<description>{html}</description></item>")
    }

    fn atom(&self) -> String {
        let link = self.link.as_ref().map(|link| format!("<link href=\"{}\"/>", escaped(link))).unwrap_or_default();
        let date = self.published_at.map(|at| format!("<published>{}</published>", at.to_rfc3339()));
        let (title, html, date) = (escaped(&self.title), escaped(&self.html), date.unwrap_or_default());
        format!("<entry><title>{title}</title>{link}{date}<summary type=\"html\">{html}</summary></entry>")
    }

    fn json(&self) -> Value {
        json!({
            "url": self.link, "title": self.title, "content_html": self.html,
            "date_published": self.published_at.map(|at| at.to_rfc3339()),
        })
    }
}

impl Feed {
    /// An RSS 2.0 feed.
    pub fn rss(items: &[Item]) -> Self {
        let items: String = items.iter().map(Item::rss).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>News</title>\
             <link>https://news.example/</link><description>News</description>{items}</channel></rss>"
        );
        Self::raw("application/rss+xml; charset=utf-8", body)
    }

    /// An Atom feed.
    pub fn atom(items: &[Item]) -> Self {
        let items: String = items.iter().map(Item::atom).collect();
        let body = format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>News</title>{items}</feed>");
        Self::raw("application/atom+xml", body)
    }

    /// A JSON Feed.
    pub fn json(items: &[Item]) -> Self {
        let items: Vec<Value> = items.iter().map(Item::json).collect();
        let body = json!({ "version": "https://jsonfeed.org/version/1.1", "title": "News", "items": items });
        Self::raw("application/feed+json", body.to_string())
    }

    /// Any bytes.
    pub fn raw(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { content_type: content_type.to_owned(), body: body.into(), behaviour: Behaviour::Answer }
    }

    /// A web page.
    pub fn html() -> Self {
        Self::raw("text/html", "<!DOCTYPE html>\n<html lang=en><title>News</title><p>Welcome &amp; hello.</html>")
    }

    /// A refusal.
    pub fn status(code: u16) -> Self {
        Self::html().behaving(Behaviour::Status(code))
    }

    /// A redirect to an address, or to a path of this server such as `/feeds/other`.
    pub fn redirect(to: &str) -> Self {
        Self::raw("text/plain", "").behaving(Behaviour::Redirect(to.to_owned()))
    }

    /// No answer.
    pub fn hang() -> Self {
        Self::raw("text/plain", "").behaving(Behaviour::Hang)
    }

    /// The same feed, byte by byte, ten a second.
    pub fn drip(self) -> Self {
        self.behaving(Behaviour::Drip)
    }

    /// The same feed, followed by 11 MiB of white space.
    pub fn too_large(self) -> Self {
        self.behaving(Behaviour::TooLarge)
    }

    /// Half of the same feed, then a reset connection.
    pub fn reset(self) -> Self {
        self.behaving(Behaviour::Reset)
    }

    /// The tag of its body.
    pub fn etag(&self) -> String {
        format!("\"{:.16}\"", format!("{:x}", Sha256::digest(&self.body)))
    }

    fn behaving(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
