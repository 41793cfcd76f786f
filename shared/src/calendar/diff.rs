//! A regeneration against what is saved, in the calendar's words: entries into the merge, its findings into JSON.
//! Called by the job for the `diff` event and by the diff and accept routes; the rules themselves are `crate::values::merge`'s.
//! It never judges who may overwrite what, and never looks outside the run's channels × [start, end].

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Content, Entry, EntryKey, Field, Slot, rules::CalendarRequest};
use crate::{
    platform::error::Refusal,
    values::{
        json_reader::JsonReader,
        merge::{self, Accepted, Choice, Diff, Fields, Generated, Record, Saved},
    },
};

/// All saved entries as input of the merge. Includes tombstones; without them a run would restore deleted entries.
pub fn saved(entries: &[Entry]) -> Saved<Field> {
    entries.iter().map(|entry| (entry.key.to_string(), record(entry))).collect()
}

/// One saved entry as the merge takes it.
pub(super) fn record(entry: &Entry) -> Record<Field> {
    Record {
        version: entry.version,
        fields: entry.content.fields(),
        edited: entry.edited.clone(),
        from_run: entry.from_run,
        deleted: entry.deleted,
    }
}

/// What a run made of its slots. A slot it did not fill (deadline, missing items) is not an entry it dropped.
pub fn generated(slots: &[Slot], made: impl IntoIterator<Item = (EntryKey, Fields<Field>)>) -> Generated<Field> {
    let records: BTreeMap<_, _> = made.into_iter().map(|(key, fields)| (key.to_string(), fields)).collect();
    let keys = slots.iter().map(|slot| slot.key.to_string());
    let unfilled: BTreeSet<_> = keys.filter(|key| !records.contains_key(key)).collect();
    Generated { records, unfilled }
}

/// What the run would change.
pub fn diff(request: &CalendarRequest, saved: &Saved<Field>, run: &Generated<Field>) -> Diff<Field> {
    merge::diff(saved, run, |key| covers(request, key))
}

/// Takes from the run what the choice permits.
pub fn accept(
    request: &CalendarRequest,
    saved: Saved<Field>,
    run: &Generated<Field>,
    choice: &Choice<Field>,
) -> Accepted<Field> {
    merge::accept(saved, run, choice, |key| covers(request, key))
}

fn covers(request: &CalendarRequest, key: &str) -> bool {
    key.parse().is_ok_and(|key| request.covers(&key))
}

/// The diff as clients see it. `changes` and `conflicts` are names of fields; `changes` holds the conflicts too.
///
/// # Errors
/// A stored field holds what it cannot hold.
pub fn wire(diff: &Diff<Field>) -> anyhow::Result<Value> {
    let added = diff.added.iter().map(|added| {
        let conflicts: &[&str] = if added.deleted { &["deleted"] } else { &[] };
        entry(&added.key, &added.fields, conflicts)
    });
    let updated = diff.updated.iter().map(|updated| {
        let (before, after) = (content(&updated.key, &updated.before)?, content(&updated.key, &updated.after)?);
        Ok(json!({
            "key": updated.key, "before": before.wire(), "after": after.wire(),
            "changes": updated.changes, "conflicts": updated.conflicts,
        }))
    });
    let removed = diff.removed.iter().map(|removed| {
        let conflicts: Vec<_> = removed.conflicts.iter().map(|field| field.as_str()).collect();
        entry(&removed.key, &removed.fields, &conflicts)
    });
    Ok(json!({
        "added": added.collect::<anyhow::Result<Vec<_>>>()?,
        "updated": updated.collect::<anyhow::Result<Vec<_>>>()?,
        "removed": removed.collect::<anyhow::Result<Vec<_>>>()?,
    }))
}

fn entry(key: &str, fields: &Fields<Field>, conflicts: &[&str]) -> anyhow::Result<Value> {
    let mut entry = Map::from_iter([("key".to_owned(), key.into())]);
    entry.extend(content(key, fields)?.wire());
    entry.insert("conflicts".to_owned(), conflicts.into());
    Ok(entry.into())
}

fn content(key: &str, fields: &Fields<Field>) -> anyhow::Result<Content> {
    Content::from_fields(fields).with_context(|| format!("reading the fields of {key}"))
}

/// What was not taken and why, as clients see it: `[{key, field, reason}]`, `field` null for a whole entry.
pub fn wire_skipped(accepted: &Accepted<Field>) -> Value {
    let skipped = accepted.skipped.iter();
    skipped.map(|one| json!({ "key": one.key, "field": one.field, "reason": one.reason.as_str() })).collect()
}

/// The body of an accept, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptBody {
    /// Only these keys; all when absent.
    #[serde(default)]
    pub keys: Option<Vec<String>>,
    /// Only these fields of a key, including fields that a person edited.
    #[serde(default)]
    pub fields: Option<BTreeMap<String, Vec<String>>>,
    /// Also take fields that a person edited from the run.
    #[serde(default)]
    pub overwrite_edits: Option<bool>,
}

/// The choice in an accept's body. A key that the run does not know is no flaw: it is reported as skipped.
///
/// # Errors
/// `InvalidFields` for a field that entries do not have.
pub fn choice(body: AcceptBody) -> Result<Choice<Field>, Refusal> {
    let mut shape = JsonReader::default();
    let mut fields = BTreeMap::new();
    for (key, names) in body.fields.unwrap_or_default() {
        let names = names.iter().enumerate();
        let named = names.filter_map(|(at, name)| shape.word(&[&"fields", &key, &at], name)).collect();
        fields.insert(key, named);
    }
    let keys = body.keys.map(|keys| keys.into_iter().collect());
    shape.finish(Some(Choice { keys, fields, overwrite_edits: body.overwrite_edits.unwrap_or_default() }))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::{
        calendar::{content::Draft, rules::RequestBody, slots},
        platform::id::EntryId,
        values::merge::Reason,
    };

    fn request(end: &str, constraints: Value) -> CalendarRequest {
        let body = json!({
            "channels": ["instagram"], "cadence": "daily", "start": "2026-01-26", "end": end, "constraints": constraints,
        });
        CalendarRequest::parse(serde_json::from_value::<RequestBody>(body).unwrap()).unwrap()
    }

    fn content(request: &CalendarRequest, slot: &Slot, title: &str) -> Content {
        Content::of(slot, request.zone, Draft { title: title.to_owned(), ..Draft::default() })
    }

    /// The entries of a first run.
    fn entries(request: &CalendarRequest, title: &str) -> Vec<Entry> {
        let slots = slots::compute(request, 200).unwrap();
        let entry = |slot: &Slot| {
            let content = content(request, slot, title);
            let updated_at = DateTime::UNIX_EPOCH;
            let (id, key) = (EntryId::fresh(), slot.key.clone());
            Entry { id, key, version: 1, content, edited: BTreeSet::new(), from_run: true, deleted: false, updated_at }
        };
        slots.iter().map(entry).collect()
    }

    /// A run that filled the first `filled` of its slots.
    fn run(request: &CalendarRequest, title: &str, filled: usize) -> Generated<Field> {
        let slots = slots::compute(request, 200).unwrap();
        let made =
            slots.iter().take(filled).map(|slot| (slot.key.clone(), content(request, slot, title).generated_fields()));
        generated(&slots, made)
    }

    fn keys(list: &Value) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|entry| entry["key"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_diff_shows_what_is_added_changed_and_dropped_with_the_conflicts() {
        let mut saved_entries = entries(&request("2026-01-28", json!({})), "Old");
        saved_entries[0].content.title = "Mine".to_owned();
        saved_entries[0].edited.insert(Field::Title);
        saved_entries[1].deleted = true;
        let again = request("2026-01-29", json!({"skipDates": ["2026-01-28"], "times": {"instagram": "18:30"}}));

        let diff = wire(&diff(&again, &saved(&saved_entries), &run(&again, "New", 9))).unwrap();

        assert_eq!(keys(&diff["added"]), ["instagram:2026-01-27:1", "instagram:2026-01-29:1"]);
        assert_eq!(diff["added"][0]["conflicts"], json!(["deleted"]));
        assert_eq!(diff["added"][1]["conflicts"], json!([]));
        assert_eq!(keys(&diff["removed"]), ["instagram:2026-01-28:1"]);
        let updated = &diff["updated"][0];
        assert_eq!((&updated["changes"], &updated["conflicts"]), (&json!(["time", "title"]), &json!(["title"])));
        assert_eq!((&updated["before"]["title"], &updated["after"]["title"]), (&json!("Mine"), &json!("New")));
        assert_eq!(updated["after"]["scheduledAt"], "2026-01-26T18:30:00Z");
        assert_eq!(diff["updated"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_run_cut_short_by_its_deadline_drops_nothing() {
        let request = request("2026-01-30", json!({}));
        let saved = saved(&entries(&request, "Old"));

        let cut_short = run(&request, "New", 2);
        let diff = diff(&request, &saved, &cut_short);
        let accepted = accept(&request, saved, &cut_short, &Choice::default());

        assert_eq!((diff.updated.len(), diff.removed.len()), (2, 0));
        assert_eq!((accepted.saved.len(), accepted.updated.len()), (5, 2));
    }

    #[test]
    fn a_run_leaves_media_other_dates_and_entries_added_by_hand_alone() {
        let whole = request("2026-01-30", json!({}));
        let mut all = entries(&whole, "Old");
        all[0].content.media = serde_json::from_value(json!([{"url": "https://x", "type": "image"}])).unwrap();
        all[0].edited.insert(Field::Media);
        all[1].key = "instagram:2026-01-27:h1".parse().unwrap();
        all[1].from_run = false;
        let part = request("2026-01-27", json!({}));

        let accepted =
            accept(&part, saved(&all), &run(&part, "New", 9), &Choice { overwrite_edits: true, ..Choice::default() });

        assert_eq!(
            accepted.saved["instagram:2026-01-26:1"].fields[&Field::Media],
            json!([{"url": "https://x", "type": "image"}])
        );
        assert_eq!(accepted.saved["instagram:2026-01-26:1"].fields[&Field::Title], "New");
        assert_eq!(accepted.saved["instagram:2026-01-27:h1"].fields[&Field::Title], "Old");
        assert_eq!(accepted.saved["instagram:2026-01-30:1"].fields[&Field::Title], "Old");
        assert!(accepted.removed.is_empty());
    }

    #[test]
    fn a_moved_entry_stays_the_entry_of_its_key() {
        let request = request("2026-01-27", json!({}));
        let mut moved = entries(&request, "Old");
        moved[0].content.date = "2027-05-05".parse().unwrap();
        moved[0].edited.insert(Field::Date);

        let accepted = accept(&request, saved(&moved), &run(&request, "New", 9), &Choice::default());

        let fields = &accepted.saved["instagram:2026-01-26:1"].fields;
        assert_eq!((&fields[&Field::Date], &fields[&Field::Title]), (&json!("2027-05-05"), &json!("New")));
        assert_eq!(
            wire_skipped(&accepted),
            json!([{"key": "instagram:2026-01-26:1", "field": "date", "reason": "edited"}])
        );
        assert_eq!(accepted.skipped[0].reason, Reason::Edited);
    }

    #[test]
    fn a_choice_is_read_from_the_body_and_unknown_fields_are_flaws() {
        let read = |body: Value| choice(serde_json::from_value(body).unwrap());
        assert_eq!(read(json!({})).unwrap(), Choice::default());
        let named = read(json!({"keys": ["a"], "fields": {"b": ["title", "title"]}, "overwriteEdits": true})).unwrap();
        assert_eq!(named.fields["b"], BTreeSet::from([Field::Title]));
        assert!(named.overwrite_edits && named.keys.unwrap().contains("a"));
        match read(json!({"fields": {"a": ["title", "scheduledAt"]}})) {
            Err(Refusal::InvalidFields(flaws)) => assert_eq!(flaws[0].loc, [json!("fields"), json!("a"), json!(1)]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn content_survives_its_field_map_and_its_json() {
        let request = request("2026-01-26", json!({"times": {"instagram": "07:05"}}));
        let content = entries(&request, "Title").remove(0).content;
        assert_eq!(Content::from_fields(&content.fields()).unwrap(), content);
        assert_eq!(Content::from_fields(&content.generated_fields()).unwrap(), content);
        assert_eq!(serde_json::from_value::<Content>(serde_json::to_value(&content).unwrap()).unwrap(), content);
        let wire = Value::from(content.wire());
        assert_eq!((&wire["time"], &wire["scheduledAt"]), (&json!("07:05"), &json!("2026-01-26T07:05:00Z")));
    }
}
