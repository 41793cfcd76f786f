//! One entry of feed-rs as an item of plain text. Called by `reading`.

use std::collections::HashMap;

use almanac_shared::synthesis::FeedItem;
use chrono::{DateTime, Utc};
use feed_rs::model::{Entry, Link};
use url::Url;

use super::{link, text::plain};
use crate::outbound::ai::text::cut;

const MAX_TITLE: usize = 300;
const MAX_SUMMARY: usize = 600;

/// Characters of a text that stand in for a missing title.
const MAX_BEGINNING: usize = 120;

/// What entries are read with.
pub(super) struct Reader<'a> {
    /// The address of the feed.
    pub url: &'a Url,
    /// Dates of items by key.
    pub known: HashMap<&'a str, DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

impl Reader<'_> {
    /// The item; `None` if it has neither a title nor a text.
    pub fn item(&self, entry: &Entry) -> Option<FeedItem> {
        let summary = summary(entry);
        let mut title = entry.title.as_ref().map(|title| plain(&title.content, MAX_TITLE)).unwrap_or_default();
        if title.is_empty() {
            title = cut(&summary, MAX_BEGINNING).0;
        }
        if title.is_empty() {
            return None;
        }
        let url = self.link(entry);
        let key = link::key(url.as_deref(), entry.id.trim(), &format!("{title}\n{summary}"), self.url);
        let first_seen = || self.known.get(&*key).copied().unwrap_or(self.now).min(self.now);
        let published_at = self.date(entry).unwrap_or_else(first_seen);
        Some(FeedItem { key, title, url, published_at, summary })
    }

    /// The date that the feed gives; a date in the future is now.
    pub fn date(&self, entry: &Entry) -> Option<DateTime<Utc>> {
        entry.published.or(entry.updated).map(|date| date.min(self.now))
    }

    /// The address of the article: the first link that is one, else an id that is an address, as RSS has them.
    fn link(&self, entry: &Entry) -> Option<String> {
        let links = entry.links.iter().filter(|link| is_article(link)).map(|link| link.href.as_str());
        let id = entry.id.trim();
        let id = ["http://", "https://"].iter().any(|scheme| id.starts_with(scheme)).then_some(id);
        // An empty link is resolved to the feed itself.
        let feed = link::normalise(self.url.as_str(), self.url);
        links.chain(id).filter_map(|href| link::normalise(href, self.url)).find(|url| Some(url) != feed.as_ref())
    }
}

/// Whether a link leads to the article, and not to its comments, its editor or a file.
fn is_article(link: &Link) -> bool {
    let is_page = link.media_type.as_deref().is_none_or(|kind| kind.contains("html"));
    link.target.is_none() && is_page && matches!(link.rel.as_deref(), None | Some("alternate"))
}

/// The summary, or else the beginning of the content.
fn summary(entry: &Entry) -> String {
    let summary = entry.summary.as_ref().map(|text| text.content.as_str());
    let content = entry.content.as_ref().and_then(|content| content.body.as_deref());
    let texts = [summary, content].into_iter().flatten().map(|html| plain(html, MAX_SUMMARY));
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
