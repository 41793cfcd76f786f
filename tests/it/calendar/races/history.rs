//! The answers that the actors on one calendar got, and whether one order of events explains all of them. An entry's
//! versions are that order: each change makes the next one, so a version made twice is a change that was lost.
//! The rules of an accept stand here a second time, in few words and apart from the code under test.

use std::collections::{BTreeMap, BTreeSet};

use almanac_shared::{
    calendar::{Entry, Field, Run, diff::AcceptBody},
    platform::id::RunId,
    values::merge::Fields,
};
use serde_json::json;

/// What a run says, by key.
pub type Made = BTreeMap<String, Fields<Field>>;

/// All answers that actors got.
#[derive(Debug, Default)]
pub struct History {
    /// What each run made, the first run first.
    pub runs: Vec<(RunId, Made)>,
    /// Keys whose versions are not followed: runs take them away and bring them back.
    loose: BTreeSet<String>,
    changes: BTreeMap<String, BTreeMap<i64, Change>>,
    deletes: BTreeMap<String, usize>,
    by_hand: BTreeMap<String, Entry>,
    sights: Vec<Entry>,
    accepts: Vec<(Made, AcceptBody, Vec<Entry>)>,
}

#[derive(Clone, Debug)]
enum Change {
    Edit(Field, String),
    Accept(Made, AcceptBody),
}

/// An entry at one of its versions.
#[derive(Clone, Debug, PartialEq)]
struct State {
    fields: Fields<Field>,
    edited: BTreeSet<Field>,
    deleted: bool,
}

impl State {
    fn of(entry: &Entry) -> Self {
        Self { fields: entry.content.fields(), edited: entry.edited.clone(), deleted: entry.deleted }
    }

    fn edit(&mut self, field: Field, text: &str) {
        self.fields.insert(field, json!(text));
        self.edited.insert(field);
    }

    /// A field edited by a person stays unless it is named; an entry deleted by a person stays deleted unless its key
    /// is named.
    fn accept(&mut self, key: &str, made: &Made, choice: &AcceptBody) {
        let Some(theirs) = made.get(key) else { return };
        let named = choice.fields.as_ref().and_then(|fields| fields.get(key));
        let key_is_named = choice.keys.as_ref().is_some_and(|keys| keys.iter().any(|one| one == key));
        if (choice.keys.is_some() && !key_is_named && named.is_none()) || (self.deleted && !key_is_named) {
            return;
        }
        self.deleted = false;
        for (field, value) in theirs {
            let may = match named {
                Some(names) => names.iter().any(|name| name == field.as_str()),
                None => !self.edited.contains(field),
            };
            if may && self.fields.get(field) != Some(value) {
                self.fields.insert(*field, value.clone());
                self.edited.remove(field);
            }
        }
    }
}

impl History {
    /// Begins with a calendar's first run.
    pub fn begin(run: RunId, made: Made, loose: &[&str]) -> Self {
        let loose = loose.iter().map(|key| (*key).to_owned()).collect();
        Self { runs: vec![(run, made)], loose, ..Self::default() }
    }

    /// An edit was answered with this entry.
    pub fn edited(&mut self, field: Field, text: &str, answer: Entry) {
        self.changed(&answer.key.to_string(), answer.version, Change::Edit(field, text.to_owned()));
        self.sights.push(answer);
    }

    /// A delete was answered with success.
    pub fn deleted(&mut self, key: &str) {
        *self.deletes.entry(key.to_owned()).or_default() += 1;
    }

    /// A new entry was answered with this.
    pub fn added(&mut self, answer: Entry) {
        let before = self.by_hand.insert(answer.key.to_string(), answer);
        assert!(before.is_none(), "two entries were added under one key: {before:?}");
    }

    /// An accept changed these keys and was answered with these entries.
    pub fn accepted(&mut self, run: RunId, choice: AcceptBody, changed: &[String], entries: Vec<Entry>) {
        let loose = self.loose.clone();
        let made = self.runs.iter().find(|(id, _)| *id == run).map(|(_, made)| made.clone()).expect("a known run");
        for key in changed.iter().filter(|key| !loose.contains(*key)) {
            let version = entries.iter().find(|entry| entry.key.to_string() == *key).map(|entry| entry.version);
            let version = version.unwrap_or_else(|| panic!("{key} was changed and is not there"));
            self.changed(key, version, Change::Accept(made.clone(), choice.clone()));
        }
        let keys: BTreeSet<String> = entries.iter().map(|entry| entry.key.to_string()).collect();
        assert_eq!(keys.len(), entries.len(), "a key stands twice");
        self.sights.extend(entries.iter().cloned());
        self.accepts.push((made, choice, entries));
    }

    fn changed(&mut self, key: &str, version: i64, change: Change) {
        let before = self.changes.entry(key.to_owned()).or_default().insert(version, change);
        assert!(before.is_none(), "version {version} of {key} was made twice; one change is lost: {before:?}");
    }

    /// Fails the test unless the entries saved in the end, and all that anybody saw on the way, are explained.
    pub fn explains(mut self, saved: &[Entry], runs: &[Run]) {
        let versions: BTreeSet<i32> = runs.iter().map(|run| run.version).collect();
        let expected: BTreeSet<i32> = (1..=i32::try_from(self.runs.len()).unwrap_or(i32::MAX)).collect();
        assert_eq!((versions, runs.len()), (expected, self.runs.len()), "each run is a version of its own");
        let saved: BTreeMap<String, &Entry> = saved.iter().map(|entry| (entry.key.to_string(), entry)).collect();
        for (key, added) in std::mem::take(&mut self.by_hand) {
            let kept = saved.get(&key).unwrap_or_else(|| panic!("{key}, added by hand, is lost"));
            assert_eq!((State::of(kept), kept.version), (State::of(&added), 1), "{key}: no run touches it");
        }
        let made: Vec<String> = self.runs[0].1.keys().cloned().collect();
        for key in made {
            match saved.get(&key) {
                _ if self.loose.contains(&key) => {}
                Some(entry) => self.explains_entry(&key, entry),
                None => panic!("{key} is gone, although it was edited or every run makes it"),
            }
        }
        for (key, entry) in saved.iter().filter(|(key, _)| self.loose.contains(*key)) {
            let said = self.runs.iter().filter_map(|(_, made)| made.get(key));
            let is_said = said
                .into_iter()
                .any(|fields| fields.iter().all(|(field, value)| entry.content.field(*field) == *value));
            assert!(is_said && entry.edited.is_empty(), "{key} says what no run made: {entry:?}");
        }
    }

    fn explains_entry(&mut self, key: &str, last: &Entry) {
        let states = self.replay(key, last.version);
        assert_eq!(states.last(), Some(&State::of(last)), "{key} in the end");
        let at = |version: i64| usize::try_from(version - 1).ok().and_then(|place| states.get(place));
        for seen in self.sights.iter().filter(|seen| seen.key.to_string() == key) {
            assert_eq!(at(seen.version), Some(&State::of(seen)), "{key} as it was shown at version {}", seen.version);
        }
        for (made, choice, entries) in &self.accepts {
            let Some(entry) = entries.iter().find(|entry| entry.key.to_string() == key) else { continue };
            let mut again = State::of(entry);
            again.accept(key, made, choice);
            assert_eq!(again, State::of(entry), "{key}: an accept took all that it could ({choice:?})");
        }
    }

    /// An entry at each of its versions, from the first run's on. A version without an answer is a delete.
    fn replay(&mut self, key: &str, last: i64) -> Vec<State> {
        let mut fields = self.runs[0].1[key].clone();
        fields.insert(Field::Media, json!([]));
        let mut state = State { fields, edited: BTreeSet::new(), deleted: false };
        let mut states = vec![state.clone()];
        let mut changes = self.changes.remove(key).unwrap_or_default();
        let mut deletes = 0;
        for version in 2..=last {
            match changes.remove(&version) {
                Some(Change::Edit(field, text)) => state.edit(field, &text),
                Some(Change::Accept(made, choice)) => {
                    let before = state.clone();
                    state.accept(key, &made, &choice);
                    assert_ne!(before, state, "version {version} of {key}: an accept that may change nothing did");
                }
                None => {
                    state.deleted = true;
                    deletes += 1;
                }
            }
            states.push(state.clone());
        }
        assert!(changes.is_empty(), "{key} ended at version {last}; lost: {changes:?}");
        assert_eq!(deletes, self.deletes.get(key).copied().unwrap_or(0), "{key}: versions rise by what was changed");
        states
    }
}
