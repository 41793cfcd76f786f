//! Calendar entries as a model's task: its prompts, the schema of one entry, and the reading of an entry from an answer.
//! Called through `Task`.
//! Only what an entry says is read: a channel, a date, a time or an address in an answer is left where it is.

use almanac_shared::{
    calendar::{
        Draft,
        edits::{CAPTION_CHARS, FORMAT_CHARS, HASHTAG_CHARS, HASHTAGS_MAX, NOTES_CHARS, TITLE_CHARS, TOPIC_CHARS},
    },
    composer::calendar::Document,
};
use serde_json::{Value, json};

use super::Wanted;
use crate::outbound::ai::{
    Filtered,
    text::{cut, has_substance},
};

/// Every version of the prompt that a stored run may still name.
pub(super) const PROMPTS: &[(&str, &str)] = &[("v1", include_str!("../../../../prompts/calendar.txt"))];

/// Some 60 entries of usual length. More is what the smaller models refuse; a longer run asks again for what is missing.
pub(super) const MAX_TOKENS: u32 = 16_384;

/// Entries shall differ from each other.
pub(super) const TEMPERATURE: f32 = 0.8;

/// What a model says about one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEntry {
    /// The slot it is for; always one that was asked for.
    pub key: String,
    /// What it says, each field within its limit.
    pub draft: Draft,
}

pub(super) fn item_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "key": { "type": "string" },
            "title": { "type": "string" },
            "topic": { "type": "string" },
            "format": { "type": "string" },
            "caption": { "type": "string" },
            "hashtags": { "type": "array", "items": { "type": "string" } },
            "notes": { "type": "string" },
        },
        "required": ["key", "title", "topic", "format", "caption", "hashtags", "notes"],
        "additionalProperties": false,
    })
}

/// A document that is none of ours asks for nothing.
pub(super) fn wanted(document: &Value) -> Wanted {
    let Some(document) = Document::read(document) else { return Wanted::default() };
    let keys = document.slots.into_iter().map(|slot| slot.key);
    Wanted { most: keys.len(), only: Some(keys.collect()), ..Wanted::default() }
}

/// An entry needs its key, and a title or a caption that says something; what else is missing is empty.
pub(super) fn read(object: &Filtered) -> Option<(CalendarEntry, bool)> {
    let mut was_cut = false;
    let mut text = |name: &str, limit: usize| {
        let (text, cut) = cut(object.get(name).and_then(Value::as_str).unwrap_or_default(), limit);
        was_cut |= cut;
        text
    };
    let (title, caption) = (text("title", TITLE_CHARS), text("caption", CAPTION_CHARS));
    let (topic, format, notes) = (text("topic", TOPIC_CHARS), text("format", FORMAT_CHARS), text("notes", NOTES_CHARS));
    let (hashtags, tags_cut) = hashtags(object.get("hashtags"));
    let key = object.get("key")?.as_str()?.to_owned();
    // A headline is what people recognise an entry by, so one without it borrows from what it says.
    let title = if has_substance(&title) { title } else { cut(&caption, TITLE_CHARS).0 };
    let draft = Draft { title, topic, format, caption, hashtags, notes };
    has_substance(&draft.title).then_some((CalendarEntry { key, draft }, was_cut || tags_cut))
}

/// Tags in one spelling: `#` and no space, each once. Models also give them as one text.
fn hashtags(value: Option<&Value>) -> (Vec<String>, bool) {
    let texts: Vec<&str> = match value {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split_whitespace().collect(),
        _ => Vec::new(),
    };
    let mut tags: Vec<String> = Vec::new();
    let mut was_cut = false;
    for text in texts {
        let word: String = text.chars().filter(|char| !char.is_whitespace() && !matches!(char, '#' | ',')).collect();
        let fits = word.chars().count() < HASHTAG_CHARS;
        let tag = format!("#{word}");
        if word.is_empty() || tags.contains(&tag) {
            continue;
        }
        if fits && tags.len() < HASHTAGS_MAX {
            tags.push(tag);
        } else {
            // Half a tag is another tag, so it is left out instead of being cut.
            was_cut = true;
        }
    }
    (tags, was_cut)
}

#[cfg(test)]
mod tests {
    use super::{super::super::filter::tests::filtered, *};

    #[test]
    fn an_entry_is_read_without_what_is_not_its_to_say() {
        let object = json!({
            "key": "instagram:2026-01-26:1", "title": "Tea", "topic": "t", "format": "reel", "caption": "c",
            "hashtags": ["#slow coffee", "slowcoffee", "", "##a,"], "notes": "n", "channel": "tiktok", "date": "1999-01-01",
            "time": "00:00", "scheduledAt": "1999-01-01T00:00:00Z", "media": [{"url": "https://x"}],
        });

        let (entry, was_cut) = read(&filtered(&object)).unwrap();

        let draft = Draft {
            title: "Tea".to_owned(),
            topic: "t".to_owned(),
            format: "reel".to_owned(),
            caption: "c".to_owned(),
            hashtags: vec!["#slowcoffee".to_owned(), "#a".to_owned()],
            notes: "n".to_owned(),
        };
        assert_eq!((entry, was_cut), (CalendarEntry { key: "instagram:2026-01-26:1".to_owned(), draft }, false));
    }

    #[test]
    fn an_entry_needs_a_key_and_something_to_say() {
        for object in [
            json!({"title": "Tea"}),
            json!({"key": 1, "title": "Tea"}),
            json!({"key": "k", "notes": "note"}),
            json!([]),
            json!({"key": "k", "title": "...", "caption": "[…]"}),
        ] {
            assert_eq!(read(&filtered(&object)), None, "{object}");
        }
        let (entry, _) = read(&filtered(&json!({"key": "k", "caption": "Only this", "hashtags": "#a #b"}))).unwrap();
        assert_eq!((entry.draft.title.as_str(), entry.draft.hashtags.len()), ("Only this", 2));
    }

    #[test]
    fn an_entry_over_its_limits_is_cut_and_marked() {
        let tags: Vec<String> = (0..40).map(|n| format!("#{n}")).collect();
        let object = json!({"key": "k", "title": "é".repeat(201), "caption": "c".repeat(9_000), "hashtags": tags});

        let (entry, was_cut) = read(&filtered(&object)).unwrap();

        assert!(was_cut);
        assert_eq!(entry.draft.title.chars().count(), TITLE_CHARS);
        assert_eq!(entry.draft.caption.chars().count(), CAPTION_CHARS);
        assert_eq!(entry.draft.hashtags.len(), HASHTAGS_MAX);
    }

    #[test]
    fn a_document_wants_the_keys_of_its_slots() {
        let slot = |key: &str| json!({"key": key, "channel": "x", "date": "2026-01-26", "time": "09:00"});
        let wanted = wanted(&json!({"task": "calendar", "slots": [slot("a"), slot("b")], "constraints": {}}));
        assert_eq!(wanted.most, 2);
        assert_eq!(wanted.only, Some(["a".to_owned(), "b".to_owned()].into()));
    }

    #[test]
    fn what_the_composer_writes_is_read_whole() {
        let slot = |day: u32| json!({"key": format!("x:{day}"), "channel": "tiktok", "date": format!("2026-03-{day:02}"), "time": "09:00"});
        for language in ["en", "fr"] {
            let constraints =
                json!({"topics": ["slow coffee", "t".repeat(200)], "brand": "Bean & Co", "tone": "playful"});
            let slots: Vec<Value> = (1..=31).map(slot).collect();
            let document =
                json!({"task": "calendar", "slots": slots, "constraints": constraints, "language": language});
            let document = Document::read(&document).unwrap();

            for composed in almanac_shared::composer::calendar::compose(&document) {
                let (entry, was_cut) = read(&filtered(&composed.clone().into())).unwrap();
                assert!(!was_cut);
                assert_eq!(entry, CalendarEntry { key: composed.key.clone(), draft: Draft::from(composed) });
            }
        }
    }

    #[test]
    fn every_prompt_is_long_enough_to_recognise_an_echo_and_names_its_task() {
        for (version, text) in PROMPTS {
            assert!(text.chars().count() > 500 && text.contains("\"calendar\""), "{version}");
        }
    }
}
