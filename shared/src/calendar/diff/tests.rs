//! The diff and the accept as clients see them.

use chrono::DateTime;
use serde_json::json;

use super::*;
use crate::{
    calendar::{content::Draft, rules::RequestBody, slots},
    id::EntryId,
    merge::Reason,
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
        let (base, edited) = (Some(content.generated_fields()), BTreeSet::new());
        let updated_at = DateTime::UNIX_EPOCH;
        let (id, key) = (EntryId::fresh(), slot.key.clone());
        Entry { id, key, version: 1, content, edited, base, deleted: false, updated_at }
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
    all[1].base = None;
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
        Err(Refusal::Malformed(flaws)) => assert_eq!(flaws[0].loc, [json!("fields"), json!("a"), json!(1)]),
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
