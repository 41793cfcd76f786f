//! What the merge promises, by table; over random histories in the file below.

use serde_json::json;

use super::*;

mod histories;

type Field = &'static str;

fn fields(values: &[(Field, &str)]) -> Fields<Field> {
    values.iter().map(|(field, value)| (*field, json!(value))).collect()
}

fn run(records: &[(&str, &[(Field, &str)])]) -> Generated<Field> {
    let records = records.iter().map(|(key, values)| ((*key).to_owned(), fields(values))).collect();
    Generated { records, unfilled: BTreeSet::new() }
}

fn everywhere(_: &str) -> bool {
    true
}

fn first(run: &Generated<Field>) -> Saved<Field> {
    accept(Saved::new(), run, &Choice::default(), everywhere).saved
}

fn naming_keys(keys: &[&str]) -> Choice<Field> {
    Choice { keys: Some(keys.iter().map(|key| (*key).to_owned()).collect()), ..Choice::default() }
}

fn naming_fields(key: &str, fields: &[Field]) -> Choice<Field> {
    Choice { fields: BTreeMap::from([(key.to_owned(), fields.iter().copied().collect())]), ..Choice::default() }
}

fn reasons(accepted: &Accepted<Field>) -> Vec<(&str, Option<Field>, Reason)> {
    accepted.skipped.iter().map(|skipped| (skipped.key.as_str(), skipped.field, skipped.reason)).collect()
}

/// What a client would do with a diff: put in what is added and changed, take out what is removed.
fn applied(diff: &Diff<Field>, saved: &Saved<Field>) -> BTreeMap<String, Fields<Field>> {
    let mut live: BTreeMap<_, _> = saved
        .iter()
        .filter(|(_, record)| !record.deleted)
        .map(|(key, record)| (key.clone(), record.fields.clone()))
        .collect();
    live.extend(diff.added.iter().map(|added| (added.key.clone(), added.fields.clone())));
    live.extend(diff.updated.iter().map(|updated| (updated.key.clone(), updated.after.clone())));
    live.retain(|key, _| !diff.removed.iter().any(|removed| removed.key == *key));
    live
}

#[test]
fn a_diff_names_what_a_run_adds_changes_and_drops() {
    let mut saved = first(&run(&[("a", &[("title", "1"), ("caption", "1")]), ("b", &[("title", "1")]), ("c", &[])]));
    saved.get_mut("a").unwrap().edit(fields(&[("title", "mine"), ("notes", "mine too")]));
    let next = run(&[("a", &[("title", "2"), ("caption", "2")]), ("c", &[]), ("d", &[("title", "2")])]);

    let diff = diff(&saved, &next, everywhere);

    assert_eq!(diff.added, [Added { key: "d".into(), fields: fields(&[("title", "2")]), deleted: false }]);
    assert_eq!(
        diff.updated,
        [Updated {
            key: "a".into(),
            before: fields(&[("title", "mine"), ("caption", "1"), ("notes", "mine too")]),
            after: fields(&[("title", "2"), ("caption", "2"), ("notes", "mine too")]),
            changes: vec!["caption", "title"],
            conflicts: vec!["title"],
        }]
    );
    assert_eq!(diff.removed, [Removed { key: "b".into(), fields: fields(&[("title", "1")]), conflicts: vec![] }]);
}

#[test]
fn a_persons_words_stay_unless_the_field_is_named_or_all_edits_are() {
    let mut saved = first(&run(&[("a", &[("title", "1"), ("caption", "1")])]));
    saved.get_mut("a").unwrap().edit(fields(&[("title", "mine")]));
    let next = run(&[("a", &[("title", "2"), ("caption", "2")])]);
    let all = Choice { overwrite_edits: true, ..Choice::default() };
    let table = [
        (Choice::default(), ["2", "mine"], vec![("a", Some("title"), Reason::Edited)]),
        (naming_keys(&["a"]), ["2", "mine"], vec![("a", Some("title"), Reason::Edited)]),
        (naming_fields("a", &["title"]), ["1", "2"], vec![]),
        (naming_fields("a", &["title", "caption"]), ["2", "2"], vec![]),
        (naming_fields("a", &["notes"]), ["1", "mine"], vec![("a", Some("notes"), Reason::NotInRun)]),
        (all, ["2", "2"], vec![]),
    ];

    for (choice, [caption, title], skipped) in table {
        let accepted = accept(saved.clone(), &next, &choice, everywhere);
        assert_eq!(accepted.saved["a"].fields, fields(&[("caption", caption), ("title", title)]), "{choice:?}");
        assert_eq!(reasons(&accepted), skipped, "{choice:?}");
    }
}

#[test]
fn a_field_taken_from_a_run_is_the_runs_again() {
    let mut saved = first(&run(&[("a", &[("title", "1")])]));
    saved.get_mut("a").unwrap().edit(fields(&[("title", "mine")]));

    let accepted = accept(saved, &run(&[("a", &[("title", "2")])]), &naming_fields("a", &["title"]), everywhere);

    let record = &accepted.saved["a"];
    assert_eq!((record.version, record.is_edited(), record.from_run), (3, false, true));
    assert_eq!(record.fields, fields(&[("title", "2")]));
    let accepted = accept(accepted.saved, &run(&[("a", &[("title", "3")])]), &Choice::default(), everywhere);
    assert_eq!(accepted.saved["a"].fields, fields(&[("title", "3")]));
}

#[test]
fn a_record_that_the_run_dropped_goes_unless_a_person_wrote_in_it() {
    let mut saved = first(&run(&[("plain", &[("title", "1")]), ("edited", &[("title", "1")])]));
    saved.get_mut("edited").unwrap().edit(fields(&[("title", "mine")]));
    let nothing = run(&[]);

    let overwriting = Choice { overwrite_edits: true, ..Choice::default() };
    for choice in [Choice::default(), overwriting] {
        let accepted = accept(saved.clone(), &nothing, &choice, everywhere);
        assert_eq!(accepted.removed, ["plain"]);
        assert_eq!(reasons(&accepted), [("edited", None, Reason::Edited)]);
    }
    assert_eq!(accept(saved.clone(), &nothing, &naming_keys(&["edited"]), everywhere).removed, ["edited"]);
    assert!(accept(saved, &nothing, &naming_fields("plain", &["title"]), everywhere).removed.is_empty());
}

#[test]
fn a_record_that_a_person_made_or_a_run_could_not_fill_is_never_dropped() {
    let mut saved = first(&run(&[("late", &[("title", "1")])]));
    saved.insert("hand".into(), Record::by_hand(fields(&[("title", "mine")])));
    let next = Generated { unfilled: BTreeSet::from(["late".to_owned()]), ..run(&[]) };

    let accepted = accept(saved.clone(), &next, &naming_keys(&["hand", "late"]), everywhere);

    assert!(diff(&saved, &next, everywhere).removed.is_empty());
    assert_eq!(accepted.saved, saved);
    assert_eq!(reasons(&accepted), [("hand", None, Reason::NotInRun), ("late", None, Reason::NotInRun)]);
}

#[test]
fn a_deleted_record_comes_back_only_when_its_key_is_named() {
    let mut saved = first(&run(&[("a", &[("title", "1"), ("caption", "1")])]));
    saved.get_mut("a").unwrap().edit(fields(&[("title", "mine")]));
    saved.get_mut("a").unwrap().delete();
    let next = run(&[("a", &[("title", "2"), ("caption", "2")])]);

    assert!(diff(&saved, &next, everywhere).added[0].deleted);
    let overwriting = Choice { overwrite_edits: true, ..Choice::default() };
    for choice in [Choice::default(), overwriting, naming_fields("a", &["title"])] {
        let accepted = accept(saved.clone(), &next, &choice, everywhere);
        assert_eq!((&accepted.saved, reasons(&accepted)), (&saved, vec![("a", None, Reason::Deleted)]));
    }
    let accepted = accept(saved, &next, &naming_keys(&["a"]), everywhere);
    assert_eq!(accepted.added, ["a"]);
    assert_eq!(accepted.saved["a"].fields, fields(&[("title", "mine"), ("caption", "2")]));
}

#[test]
fn keys_outside_the_runs_scope_are_left_alone() {
    let saved = first(&run(&[("in", &[("title", "1")]), ("out", &[("title", "1")])]));
    let next = run(&[("out", &[("title", "2")]), ("out too", &[])]);
    let in_scope = |key: &str| key == "in";

    let diff = diff(&saved, &next, in_scope);
    let accepted = accept(saved, &next, &Choice::default(), in_scope);

    assert!(diff.added.is_empty() && diff.updated.is_empty());
    assert_eq!(accepted.removed, ["in"]);
    assert_eq!(accepted.saved["out"].fields, fields(&[("title", "1")]));
    assert_eq!(accepted.saved.len(), 1);
}

#[test]
fn writing_the_same_again_changes_nothing_more() {
    let mut record = Record::generated(fields(&[("title", "1")]));
    assert!(record.edit(fields(&[("title", "1")])));
    assert!(!record.edit(fields(&[("title", "1")])));
    assert!(record.delete() && !record.delete());
    assert_eq!(record.version, 3);
}
