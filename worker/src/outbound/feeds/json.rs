//! Cuts a JSON Feed down to what is read of it, before feed-rs reads it: that copies each author of a feed into each item,
//! so that a small document can take any amount of memory. <https://www.jsonfeed.org/version/1.1/>

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::reading::{MAX_FIELD_BYTES, MAX_ITEMS_READ};

/// Fields of an item; ids that are numbers become texts.
const FIELDS: [&str; 9] = [
    "id",
    "url",
    "external_url",
    "title",
    "content_html",
    "content_text",
    "summary",
    "date_published",
    "date_modified",
];

#[derive(Deserialize)]
struct JsonFeed<'a> {
    version: String,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// The feed with these fields only; `None` if the text is not JSON or has no items.
pub(super) fn reduce(text: &str) -> Option<Vec<u8>> {
    let feed: JsonFeed = serde_json::from_str(text).ok()?;
    let items: Vec<Value> = feed.items.iter().take(MAX_ITEMS_READ).filter_map(|item| reduce_item(item)).collect();
    serde_json::to_vec(&json!({ "version": feed.version, "title": "", "items": items })).ok()
}

fn reduce_item(item: &RawValue) -> Option<Value> {
    let fields: std::collections::HashMap<&str, &RawValue> = serde_json::from_str(item.get()).ok()?;
    let kept = FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), field_text(fields.get(name)?.get())?.into())));
    Some(Value::Object(kept.collect::<Map<_, _>>()))
}

fn field_text(raw: &str) -> Option<String> {
    if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(raw.to_owned());
    }
    let mut text: String = serde_json::from_str(raw).ok()?;
    text.truncate(text.floor_char_boundary(MAX_FIELD_BYTES));
    Some(text)
}
