//! A run as a task for a model: the document that asks for drafts, and the drafts the composer gives offline.
//! Called by the worker's job before each call of a model, and by the API for dry runs.
//! It never takes a channel, a date or a time from an answer: an entry is its slot plus a draft.

use std::collections::BTreeSet;

use super::{Content, Draft, EntryKey, Slot, rules::CalendarRequest, rules::wire_time};
use crate::composer::calendar::{self as composer, Document};

/// Asks for the slots that are not made yet.
pub fn document(request: &CalendarRequest, slots: &[Slot], made: &BTreeSet<EntryKey>) -> Document {
    let missing = slots.iter().filter(|slot| !made.contains(&slot.key));
    let wanted = missing.map(|slot| composer::Slot {
        key: slot.key.to_string(),
        channel: slot.key.channel.as_str().to_owned(),
        date: slot.key.date.to_string(),
        time: wire_time(slot.time),
    });
    Document::new(wanted.collect(), request.constraints.all.clone(), request.constraints.language.clone())
}

/// Every slot filled by the composer: the same request gives the same entries, byte for byte.
pub fn dry_run(request: &CalendarRequest, slots: &[Slot]) -> Vec<(EntryKey, Content)> {
    let drafts = composer::compose(&document(request, slots, &BTreeSet::new()));
    let entry = |(slot, draft): (&Slot, composer::Entry)| {
        (slot.key.clone(), Content::of(slot, request.zone, Draft::from(draft)))
    };
    slots.iter().zip(drafts).map(entry).collect()
}

impl From<composer::Entry> for Draft {
    fn from(entry: composer::Entry) -> Self {
        let composer::Entry { key: _, title, topic, format, caption, hashtags, notes } = entry;
        Self { title, topic, format, caption, hashtags, notes }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::calendar::{rules::RequestBody, slots};

    fn request() -> CalendarRequest {
        let body = json!({
            "channels": ["instagram", "blog"], "cadence": "weekly", "start": "2026-01-26", "end": "2026-02-02",
            "timezone": "Europe/Paris", "constraints": {"topics": ["coffee"], "season": "spring", "language": "fr"},
        });
        CalendarRequest::parse(serde_json::from_value::<RequestBody>(body).unwrap()).unwrap()
    }

    #[test]
    fn the_document_asks_for_what_is_missing_with_all_constraints_as_data() {
        let request = request();
        let slots = slots::compute(&request, 200).unwrap();
        let made = slots.iter().take(3).map(|slot| slot.key.clone()).collect();
        assert_eq!(
            Value::from(document(&request, &slots, &made)),
            json!({
                "task": "calendar",
                "slots": [{"key": "blog:2026-02-02:1", "channel": "blog", "date": "2026-02-02", "time": "09:00"}],
                "constraints": {"topics": ["coffee"], "season": "spring", "language": "fr"},
                "language": "fr",
            })
        );
    }

    #[test]
    fn a_dry_run_fills_every_slot_and_is_the_same_each_time() {
        let request = request();
        let slots = slots::compute(&request, 200).unwrap();

        let entries = dry_run(&request, &slots);

        assert_eq!(entries, dry_run(&request, &slots));
        for ((key, content), slot) in entries.iter().zip(&slots) {
            assert_eq!((key, content.date, content.scheduled_at()), (&slot.key, slot.key.date, slot.scheduled_at));
            assert!(content.title.contains("offee") && content.media.is_empty());
        }
        assert_eq!(entries.len(), 4);
    }
}
