//! Feeds as they are found: of all formats, broken, hostile, and on servers that do not do what they should.

mod dates;
mod formats;
mod hostile;
mod keys;
mod servers;
mod texts;

use url::Url;

use super::{document::Document, *};

const NOW: &str = "2026-03-10T12:00:00Z";

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

fn document(bytes: impl Into<Vec<u8>>) -> Document {
    Document { bytes: bytes.into(), url: Url::parse("https://news.example/blog/feed.xml").unwrap(), charset: None }
}

/// The items of a document that was never seen.
fn read(bytes: impl Into<Vec<u8>>) -> Result<Vec<FeedItem>, FeedError> {
    reading::read(&document(bytes), &[], now())
}

/// The items of an RSS feed with this content in its channel.
fn rss(items: &str) -> Vec<FeedItem> {
    read(rss_text(items)).unwrap()
}

fn rss_text(items: &str) -> String {
    format!(r#"<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>"#)
}

/// The items of an Atom feed with this content.
fn atom(entries: &str) -> Vec<FeedItem> {
    read(format!(r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>{entries}</feed>"#)).unwrap()
}

fn titles(items: &[FeedItem]) -> Vec<&str> {
    items.iter().map(|item| item.title.as_str()).collect()
}

fn code(result: Result<Vec<FeedItem>, FeedError>) -> FeedFault {
    result.unwrap_err().code
}
