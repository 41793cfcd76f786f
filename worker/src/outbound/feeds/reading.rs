//! From the bytes of a document to items: its charset, its format, feed-rs, and the newest items. Called by `Feeds` on a
//! thread that may block.
//! It must never take long: what feed-rs reads is bounded first, and the work on its items stops after some seconds.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use almanac_shared::synthesis::FeedItem;
use chrono::{DateTime, Utc};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use feed_rs::{model::Entry, parser::Builder};

use super::{FeedError, FeedFault, document::Document, item::Reader, json, xml};

/// Most items of a feed.
pub(super) const MAX_ITEMS: usize = 200;

/// Items that are looked at for the newest ones. Feeds put these first.
pub(super) const MAX_ITEMS_READ: usize = 5_000;

/// Most bytes of a title or a text that are read.
pub(super) const MAX_FIELD_BYTES: usize = 32 << 10;

/// How long the items may take. A tag with ten thousand attributes takes its tokenizer a tenth of a second.
const MAX_TIME: Duration = Duration::from_secs(3);

/// Bytes in which a declaration is looked for.
const DECLARATION: usize = 256;

/// The newest items of a document, newest first. `known` gives the dates of items that have none.
pub(super) fn read(document: &Document, known: &[FeedItem], now: DateTime<Utc>) -> Result<Vec<FeedItem>, FeedError> {
    let entries = parse(document)?;
    let known = known.iter().map(|item| (item.key.as_str(), item.published_at)).collect();
    let reader = Reader { url: &document.url, known, now };
    choose(entries, &reader)
}

fn parse(document: &Document) -> Result<Vec<Entry>, FeedFault> {
    let text = decode(&document.bytes, document.charset.as_deref());
    let reduced = match text.trim_start().bytes().next() {
        Some(b'{') => json::reduce(&text).ok_or(FeedFault::NotAFeed)?,
        Some(b'<') => xml::reduce(&text)?,
        _ => return Err(FeedFault::NotAFeed),
    };
    // Ids that feed-rs generates change with the title, or are random. An empty one says that there is none.
    let parser =
        Builder::new().base_uri(Some(&document.url)).sanitize_content(false).id_generator(|_, _, _| String::new());
    let feed = parser.build().parse(&*reduced).map_err(|_| FeedFault::NotAFeed)?;
    Ok(feed.entries)
}

/// The text of a document. A byte-order mark goes before its declaration, and that before the content type, as in
/// <https://www.rfc-editor.org/rfc/rfc7303#section-3>, except that servers are often wrong where a document says nothing
/// and is UTF-8.
fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    let label =
        |label: &str| Encoding::for_label(label.as_bytes()).filter(|found| ![UTF_16LE, UTF_16BE].contains(found));
    let declared = declared_charset(bytes).as_deref().and_then(label).unwrap_or(UTF_8);
    let is_wrong = declared == UTF_8 && std::str::from_utf8(bytes).is_err();
    let encoding = if is_wrong {
        charset.and_then(label).filter(|encoding| *encoding != UTF_8).unwrap_or(WINDOWS_1252)
    } else {
        declared
    };
    encoding.decode(bytes).0.into_owned()
}

/// The encoding in `<?xml version="1.0" encoding="ISO-8859-1"?>`.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION)]);
    let (declaration, _) = start.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.to_owned())
}

fn choose(mut entries: Vec<Entry>, reader: &Reader) -> Result<Vec<FeedItem>, FeedError> {
    // Entries without a date go first, in the order of the feed: when they were first seen is not known without their keys.
    entries.sort_by_key(|entry| std::cmp::Reverse(reader.date(entry).unwrap_or(reader.now)));
    let started = Instant::now();
    let (mut items, mut keys) = (Vec::new(), HashSet::new());
    for entry in &entries {
        if items.len() == MAX_ITEMS {
            break;
        }
        if started.elapsed() > MAX_TIME {
            return Err(FeedFault::Timeout.into());
        }
        items.extend(reader.item(entry).filter(|item: &FeedItem| keys.insert(item.key.clone())));
    }
    items.sort_by_key(|item| std::cmp::Reverse(item.published_at));
    Ok(items)
}
