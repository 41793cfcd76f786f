//! What the merge promises over random histories of edits, regenerations and accepts.

use proptest::prelude::*;
use serde_json::json;

use super::{Field, applied, everywhere, first};
use crate::values::merge::*;

const FIELDS: [Field; 3] = ["caption", "notes", "title"];

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
            saved.entry(key.clone()).or_insert_with(|| {
                memory.write(&key, "title", value);
                Record::by_hand(BTreeMap::from([("title", json!(value))]))
            });
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
