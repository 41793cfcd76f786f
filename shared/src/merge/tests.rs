//! What the merge promises, by table and over random histories.

use proptest::prelude::*;
use serde_json::json;

use super::*;

type Field = &'static str;

const FIELDS: [Field; 3] = ["caption", "notes", "title"];

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
    assert_eq!((record.version, record.is_edited(), &record.base), (3, false, &Some(fields(&[("title", "2")]))));
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

/// One thing that happens to a calendar.
#[derive(Clone, Debug)]
enum Step {
    Edit(String, Field, u8),
    ByHand(String, u8),
    Delete(String),
    Accept(Generated<Field>, Choice<Field>),
}

fn key() -> impl Strategy<Value = String> {
    "[a-d]"
}

fn field() -> impl Strategy<Value = Field> {
    prop::sample::select(FIELDS.to_vec())
}

fn generated() -> impl Strategy<Value = Generated<Field>> {
    let values = prop::collection::btree_map(field(), (0u8..3).prop_map(|value| json!(value)), 0..=3);
    let unfilled = prop::collection::btree_set(key(), 0..2);
    (prop::collection::btree_map(key(), values, 0..=4), unfilled)
        .prop_map(|(records, unfilled)| Generated { records, unfilled })
}

fn choice() -> impl Strategy<Value = Choice<Field>> {
    let keys = prop::option::of(prop::collection::btree_set(key(), 0..=3));
    let fields = prop::collection::btree_map(key(), prop::collection::btree_set(field(), 0..=3), 0..=2);
    (keys, fields, any::<bool>()).prop_map(|(keys, fields, overwrite_edits)| Choice { keys, fields, overwrite_edits })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (key(), field(), 10u8..20).prop_map(|(key, field, value)| Step::Edit(key, field, value)),
        1 => ("h[1-2]", 10u8..20).prop_map(|(key, value)| Step::ByHand(key, value)),
        1 => key().prop_map(Step::Delete),
        2 => (generated(), Just(Choice::default())).prop_map(|(run, choice)| Step::Accept(run, choice)),
        2 => (generated(), choice()).prop_map(|(run, choice)| Step::Accept(run, choice)),
    ]
}

/// What people wrote and never gave up, kept apart from the code under test.
#[derive(Debug, Default)]
struct Memory(BTreeMap<(String, Field), Value>);

impl Memory {
    fn write(&mut self, key: &str, field: Field, value: u8) {
        self.0.insert((key.to_owned(), field), json!(value));
    }

    /// Forgets what this accept was told it may overwrite.
    fn release(&mut self, run: &Generated<Field>, choice: &Choice<Field>) {
        self.0.retain(|(key, field), _| {
            let named_key = choice.keys.as_ref().is_some_and(|keys| keys.contains(key));
            let taken = choice.keys.is_none() || named_key;
            let may_go = named_key && !run.records.contains_key(key);
            let may_change = match choice.fields.get(key) {
                Some(fields) => fields.contains(field),
                None => taken && choice.overwrite_edits,
            };
            !(may_go || may_change)
        });
    }

    fn is_kept_in(&self, saved: &Saved<Field>) -> bool {
        self.0
            .iter()
            .all(|((key, field), value)| saved.get(key).is_some_and(|ours| ours.fields.get(field) == Some(value)))
    }
}

/// Does the step; what people write goes into the memory.
fn happen(step: Step, saved: Saved<Field>, memory: &mut Memory) -> Saved<Field> {
    let mut saved = saved;
    match step {
        Step::Edit(key, field, value) => {
            if let Some(record) = saved.get_mut(&key).filter(|record| !record.deleted) {
                record.edit(BTreeMap::from([(field, json!(value))]));
                memory.write(&key, field, value);
            }
        }
        Step::ByHand(key, value) => {
            if !saved.contains_key(&key) {
                memory.write(&key, "title", value);
                saved.insert(key, Record::by_hand(BTreeMap::from([("title", json!(value))])));
            }
        }
        Step::Delete(key) => {
            saved.get_mut(&key).map(Record::delete);
        }
        Step::Accept(run, choice) => {
            memory.release(&run, &choice);
            saved = accept(saved, &run, &choice, everywhere).saved;
        }
    }
    saved
}

fn history(steps: Vec<Step>) -> Saved<Field> {
    steps.into_iter().fold(Saved::new(), |saved, step| happen(step, saved, &mut Memory::default()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn ten_thousand_interleavings_of_edit_regenerate_and_accept_lose_no_word_of_a_person(
        steps in prop::collection::vec(step(), 1..14),
    ) {
        let mut memory = Memory::default();
        let mut saved = Saved::new();
        for step in steps {
            saved = happen(step.clone(), saved, &mut memory);
            prop_assert!(memory.is_kept_in(&saved), "{step:?} lost one of {memory:?}: {saved:?}");
        }
    }
}

proptest! {
    #[test]
    fn accepting_twice_changes_nothing_more(
        steps in prop::collection::vec(step(), 0..12), run in generated(), choice in choice(),
    ) {
        let once = accept(history(steps), &run, &choice, everywhere);

        let twice = accept(once.saved.clone(), &run, &choice, everywhere);

        prop_assert_eq!(twice.saved, once.saved);
        prop_assert!(twice.added.is_empty() && twice.updated.is_empty() && twice.removed.is_empty());
    }

    #[test]
    fn a_diff_applied_to_unedited_records_is_the_run(one in generated(), other in generated()) {
        let saved = first(&one);
        let theirs = |key: &String| other.records.get(key);

        let result = applied(&diff(&saved, &other, everywhere), &saved);

        let expected: BTreeSet<&String> =
            other.records.keys().chain(one.records.keys().filter(|key| other.unfilled.contains(*key))).collect();
        prop_assert_eq!(result.keys().collect::<BTreeSet<_>>(), expected);
        for (key, fields) in &result {
            // About what the run leaves out it says nothing: there the old value stands.
            let mut expected = saved.get(key).map(|record| record.fields.clone()).unwrap_or_default();
            expected.extend(theirs(key).cloned().unwrap_or_default());
            prop_assert_eq!(fields, &expected);
        }
    }

    #[test]
    fn accepting_everything_of_unedited_records_does_what_the_diff_said(one in generated(), other in generated()) {
        let saved = first(&one);
        let promised = applied(&diff(&saved, &other, everywhere), &saved);

        let accepted = accept(saved, &other, &Choice::default(), everywhere).saved;

        let live: BTreeMap<_, _> = accepted.into_iter().map(|(key, record)| (key, record.fields)).collect();
        prop_assert_eq!(live, promised);
    }

    #[test]
    fn after_everything_was_accepted_only_what_people_did_still_differs(
        steps in prop::collection::vec(step(), 0..12), run in generated(),
    ) {
        let accepted = accept(history(steps), &run, &Choice::default(), everywhere);

        let rest = diff(&accepted.saved, &run, everywhere);

        prop_assert!(rest.added.iter().all(|added| added.deleted));
        prop_assert!(rest.updated.iter().all(|updated| updated.changes == updated.conflicts));
        prop_assert!(rest.removed.iter().all(|removed| !removed.conflicts.is_empty()));
        prop_assert_eq!(rest.updated.iter().map(|updated| updated.changes.len()).sum::<usize>()
            + rest.added.len() + rest.removed.len(), accepted.skipped.len());
    }

    #[test]
    fn no_version_ever_goes_back_and_every_change_shows_in_it(
        steps in prop::collection::vec(step(), 0..12), run in generated(), choice in choice(),
    ) {
        let before = history(steps);

        let after = accept(before.clone(), &run, &choice, everywhere).saved;

        for (key, record) in &after {
            if let Some(old) = before.get(key) {
                prop_assert_eq!(record.version - old.version, i64::from(record != old));
            }
        }
    }
}
