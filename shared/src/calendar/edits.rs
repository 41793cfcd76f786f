//! What a user may write into an entry: the merge patch of an edit, and an entry that is added by hand.
//! Called by the entry routes before anything is stored; the limits are those that a model's items are cut to.
//! Pure. A key is never among the fields: it stays what it was when date or channel change.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ChannelName, Content, EntryKey, Field, Medium, Ordinal, rules, slots};
use crate::{
    platform::error::Refusal,
    values::{
        json_reader::{JsonPath, JsonReader},
        merge::Fields,
    },
};

/// Most characters of a title.
pub const TITLE_CHARS: usize = 200;
/// Most characters of a topic.
pub const TOPIC_CHARS: usize = 200;
/// Most characters of a format.
pub const FORMAT_CHARS: usize = 64;
/// Most characters of a caption: what the longest of the channels takes.
pub const CAPTION_CHARS: usize = 5_000;
/// Most hashtags.
pub const HASHTAGS_MAX: usize = 30;
/// Most characters of a hashtag.
pub const HASHTAG_CHARS: usize = 100;
/// Most characters of notes.
pub const NOTES_CHARS: usize = 2_000;
/// Most media of an entry.
pub const MEDIA_MAX: usize = 20;
/// Most characters of a medium's address.
pub const URL_CHARS: usize = 2_048;
/// Most characters of a medium's description.
pub const ALT_CHARS: usize = 1_000;

/// The fields of a merge patch, in the form they are stored in. `null` empties a field that can be empty.
///
/// # Errors
/// `InvalidFields` with every flaw, `UNKNOWN_TIME_ZONE`.
pub fn patch(body: &Map<String, Value>) -> Result<Fields<Field>, Refusal> {
    let mut shape = JsonReader::default();
    let fields = read(&mut shape, body);
    let fields = shape.finish(Some(fields))?;
    zone_of(&fields)?;
    Ok(fields)
}

/// An entry added by hand: channel, date and title, and whatever else it says. Without a time it gets the channel's
/// usual one, without a zone the calendar's.
///
/// # Errors
/// `InvalidFields` with every flaw, `UNKNOWN_TIME_ZONE`.
pub fn by_hand(body: &Map<String, Value>, calendar_zone: Tz) -> Result<Content, Refusal> {
    let mut shape = JsonReader::default();
    let mut fields = read(&mut shape, body);
    for required in [Field::Channel, Field::Date, Field::Title] {
        if !body.contains_key(required.as_str()) {
            shape.flaw(&[&required.as_str()], "missing", format_args!("missing field `{}`", required.as_str()));
        }
    }
    let channel: Option<ChannelName> =
        fields.get(&Field::Channel).and_then(Value::as_str).and_then(|name| name.parse().ok());
    let usual = channel.map(|channel| rules::wire_time(slots::default_time(&channel)));
    let usual = shape.finish(usual)?;
    fields.entry(Field::Time).or_insert_with(|| usual.into());
    fields.entry(Field::Timezone).or_insert_with(|| calendar_zone.name().into());
    zone_of(&fields)?;
    Content::from_fields(&fields).map_err(|error| Refusal::Unexpected(error.into()))
}

/// The key of an entry added by hand: the first free number for its channel and date.
pub fn hand_key<'a>(channel: &ChannelName, date: NaiveDate, taken: impl IntoIterator<Item = &'a EntryKey>) -> EntryKey {
    let same = taken.into_iter().filter(|key| key.channel == *channel && key.date == date);
    let numbers = same.filter_map(|key| match key.ordinal {
        Ordinal::Hand(nth) => Some(nth),
        Ordinal::Slot(_) => None,
    });
    // One past the highest, not the first gap: a deleted entry's key is not given away.
    let next = numbers.max().unwrap_or(0) + 1;
    EntryKey { channel: channel.clone(), date, ordinal: Ordinal::Hand(next) }
}

fn read(shape: &mut JsonReader, body: &Map<String, Value>) -> Fields<Field> {
    let mut fields = BTreeMap::new();
    for (name, value) in body {
        let Ok(field) = name.parse::<Field>() else {
            shape.flaw(&[name], "unknown_field", "is not a writable field of an entry");
            continue;
        };
        fields.extend(value_of(shape, field, value).map(|value| (field, value)));
    }
    fields
}

fn value_of(shape: &mut JsonReader, field: Field, value: &Value) -> Option<Value> {
    let way: JsonPath<'_> = &[&field.as_str()];
    let empty = value.is_null();
    match field {
        Field::Channel => {
            let name = shape.text(way, value, 0..=64)?;
            shape.word::<ChannelName>(way, &name).map(|channel| channel.as_str().into())
        }
        Field::Date => {
            let text = shape.text(way, value, 0..=64)?;
            shape.take(way, "date", rules::date(&text)).map(|date| date.to_string().into())
        }
        Field::Time => {
            let text = shape.text(way, value, 0..=64)?;
            shape.take(way, "time", rules::time(&text)).map(|time| rules::wire_time(time).into())
        }
        Field::Timezone => shape.text(way, value, 1..=64).map(Value::from),
        Field::Title => shape.text(way, value, 1..=TITLE_CHARS).map(Value::from),
        Field::Hashtags if empty => Some(Value::Array(Vec::new())),
        Field::Hashtags => Some(shape.texts(way, value, 0..=HASHTAGS_MAX, 1..=HASHTAG_CHARS).into()),
        Field::Media if empty => Some(Value::Array(Vec::new())),
        Field::Media => Some(media(shape, way, value)),
        Field::Topic | Field::Format | Field::Caption | Field::Notes if empty => Some("".into()),
        Field::Topic => shape.text(way, value, 0..=TOPIC_CHARS).map(Value::from),
        Field::Format => shape.text(way, value, 0..=FORMAT_CHARS).map(Value::from),
        Field::Caption => shape.text(way, value, 0..=CAPTION_CHARS).map(Value::from),
        Field::Notes => shape.text(way, value, 0..=NOTES_CHARS).map(Value::from),
    }
}

fn media(shape: &mut JsonReader, way: JsonPath<'_>, value: &Value) -> Value {
    let media = shape.list(way, value, 0..=MEDIA_MAX).unwrap_or_default();
    for (at, item) in media.iter().enumerate() {
        let way = [way, &[&at]].concat();
        match Medium::deserialize(item) {
            Ok(medium) => medium_flaws(shape, &way, &medium),
            Err(error) => shape.flaw(&way, "type", error),
        }
    }
    media.into()
}

fn medium_flaws(shape: &mut JsonReader, way: JsonPath<'_>, medium: &Medium) {
    let host = medium.url.strip_prefix("https://").or_else(|| medium.url.strip_prefix("http://"));
    let printable = medium.url.chars().all(|char| !char.is_whitespace() && !char.is_control());
    if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) || !printable {
        shape.flaw(&[way, &[&"url"]].concat(), "value", "must be an http or https address");
    }
    let url = Value::from(medium.url.as_str());
    shape.text(&[way, &[&"url"]].concat(), &url, 1..=URL_CHARS);
    if let Some(alt) = &medium.alt {
        shape.text(&[way, &[&"alt"]].concat(), &alt.as_str().into(), 0..=ALT_CHARS);
    }
}

/// A zone in the fields must exist: that is a rule, not a shape.
fn zone_of(fields: &Fields<Field>) -> Result<(), Refusal> {
    match fields.get(&Field::Timezone).and_then(Value::as_str) {
        Some(name) => rules::zone(name).map(drop),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn flaws(refusal: Result<impl std::fmt::Debug, Refusal>) -> Vec<String> {
        let Err(Refusal::InvalidFields(flaws)) = refusal else { panic!("not malformed: {refusal:?}") };
        flaws.iter().map(|flaw| format!("{} {}", Value::from(flaw.loc.clone()), flaw.kind)).collect()
    }

    #[test]
    fn a_patch_holds_what_was_sent_in_the_form_it_is_stored_in() {
        let media = json!([{"url": "https://cdn.example/a.jpg", "type": "image", "alt": "a cup"}]);
        let body =
            object(json!({"date": "2026-02-01", "time": "07:05", "title": " New ", "notes": null, "media": media}));
        let expected = [
            (Field::Date, json!("2026-02-01")),
            (Field::Time, json!("07:05")),
            (Field::Title, json!("New")),
            (Field::Notes, json!("")),
            (Field::Media, media),
        ];
        assert_eq!(patch(&body).unwrap(), Fields::from(expected));
        assert_eq!(patch(&Map::new()).unwrap(), Fields::new());
    }

    #[test]
    fn every_flaw_of_a_patch_is_named() {
        let body = object(json!({
            "key": "a:2026-01-01:1", "scheduledAt": "2026-01-01T00:00:00Z", "title": null, "date": "2026-02-30", "time": "24:00",
            "channel": "Insta", "caption": 7, "hashtags": ["ok", 1, ""],
            "media": [{"url": "ftp://x", "type": "image"}, {"url": "https://x", "type": "sound"}, {"url": "https://", "type": "video"}],
        }));
        assert_eq!(
            flaws(patch(&body)),
            [
                r#"["key"] unknown_field"#,
                r#"["scheduledAt"] unknown_field"#,
                r#"["title"] type"#,
                r#"["date"] date"#,
                r#"["time"] time"#,
                r#"["channel"] value"#,
                r#"["caption"] type"#,
                r#"["hashtags",1] type"#,
                r#"["hashtags",2] too_short"#,
                r#"["media",0,"url"] value"#,
                r#"["media",1] type"#,
                r#"["media",2,"url"] value"#,
            ]
        );
    }

    #[test]
    fn null_empties_what_can_be_empty() {
        let (list, text) = (json!([]), json!(""));
        for (name, empty) in [
            ("hashtags", &list),
            ("media", &list),
            ("topic", &text),
            ("format", &text),
            ("caption", &text),
            ("notes", &text),
        ] {
            let fields = patch(&object(json!({ name: null }))).unwrap();
            assert_eq!(fields, Fields::from([(name.parse().unwrap(), empty.clone())]));
        }
    }

    #[test]
    fn a_text_of_a_patch_may_have_its_maximum_of_characters() {
        for (name, most) in [("title", 200), ("topic", 200), ("format", 64), ("caption", 5_000), ("notes", 2_000)] {
            let text = |chars: usize| patch(&object(json!({ name: "é".repeat(chars) })));
            assert_eq!(text(most).unwrap(), Fields::from([(name.parse().unwrap(), "é".repeat(most).into())]));
            assert_eq!(flaws(text(most + 1)), [format!(r#"["{name}"] too_long"#)]);
        }
        assert_eq!(patch(&object(json!({"hashtags": ["#a"]}))).unwrap()[&Field::Hashtags], json!(["#a"]));
    }

    #[test]
    fn a_medium_has_an_address_with_a_host_and_a_description_within_its_limit() {
        let medium = |url: &str, alt: usize| {
            patch(&object(json!({"media": [{"url": url, "type": "video", "alt": "x".repeat(alt)}]})))
        };
        assert!(medium("http://x", 1_000).is_ok());
        for url in ["x", "https://", "https:///x", "https://a b", "https://a\u{0}"] {
            assert_eq!(flaws(medium(url, 1)), [r#"["media",0,"url"] value"#], "{url}");
        }
        assert_eq!(flaws(medium("https://x", 1_001)), [r#"["media",0,"alt"] too_long"#]);
    }

    #[test]
    fn a_zone_of_a_patch_must_exist() {
        assert!(patch(&object(json!({"timezone": "Europe/Paris"}))).is_ok());
        let refused = patch(&object(json!({"timezone": "Mars/Base"})));
        assert!(matches!(refused, Err(Refusal::Rule { field: "timezone", .. })));
    }

    #[test]
    fn an_entry_added_by_hand_needs_a_channel_a_date_and_a_title() {
        assert_eq!(flaws(by_hand(&Map::new(), Tz::UTC)).len(), 3);
        let body = object(json!({"channel": "tiktok", "date": "2026-07-01", "title": "Ours"}));
        let content = by_hand(&body, Tz::Europe__Paris).unwrap();
        assert_eq!(rules::wire_time(content.time), "18:00");
        assert_eq!(super::super::content::wire_instant(content.scheduled_at()), "2026-07-01T16:00:00Z");
        let elsewhere = object(json!({"channel": "x", "date": "2026-07-01", "title": "Ours", "timezone": "Mars/Base"}));
        assert!(matches!(by_hand(&elsewhere, Tz::UTC), Err(Refusal::Rule { field: "timezone", .. })));
    }

    #[test]
    fn a_key_of_an_entry_added_by_hand_is_never_given_twice() {
        let keys: Vec<EntryKey> =
            ["x:2026-01-01:1", "x:2026-01-01:h2", "y:2026-01-01:h7"].map(|key| key.parse().unwrap()).into();
        let date = keys[0].date;
        assert_eq!(hand_key(&keys[0].channel, date, &keys).to_string(), "x:2026-01-01:h3");
        assert_eq!(hand_key(&keys[0].channel, date, []).to_string(), "x:2026-01-01:h1");
    }
}
