//! The merge of keyed records that calendar and organic share: what a run would change, and what happens when a user
//! accepts it. Ours is what is saved, with the fields that a person edited; theirs is what the run made. A field in
//! which both agree is no change and no conflict. Pure. It must never change an edited field unless that field was
//! named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::wire_enum::wire_enum;

/// The values of one record. A run may leave fields out: about those it says nothing, and they stay as they are.
pub type Fields<F> = BTreeMap<F, Value>;

/// Everything that is saved, by key; tombstones included.
pub type Saved<F> = BTreeMap<String, Record<F>>;

/// One saved record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<F> {
    /// Counts the changes of this record, from 1.
    pub version: i64,
    /// Its values as people see them.
    pub fields: Fields<F>,
    /// Fields edited by a person since they were last accepted from a run.
    pub edited: BTreeSet<F>,
    /// A run made it, or part of it was accepted from a run. What only people made is not a run's to drop.
    pub from_run: bool,
    /// Deleted by a person. Kept so that no run restores it unless its key is named.
    pub deleted: bool,
}

/// What a run made.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated<F> {
    /// Its records by key.
    pub records: BTreeMap<String, Fields<F>>,
    /// Keys it was asked for and could not fill (deadline, missing items). A record that a run failed to write is not
    /// one it dropped, so about these keys it says nothing.
    pub unfilled: BTreeSet<String>,
}

/// What a run would change in what is saved, each list by key.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff<F> {
    /// Records that are not there now.
    pub added: Vec<Added<F>>,
    /// Records that would read differently.
    pub updated: Vec<Updated<F>>,
    /// Records that came from a run and are not in this one.
    pub removed: Vec<Removed<F>>,
}

/// A record the run would add.
#[derive(Clone, Debug, PartialEq)]
pub struct Added<F> {
    /// Its key.
    pub key: String,
    /// As the run made it.
    pub fields: Fields<F>,
    /// It existed and was deleted by a person: it comes back only if its key is named.
    pub deleted: bool,
}

/// A record the run would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Updated<F> {
    /// Its key.
    pub key: String,
    /// As it is saved.
    pub before: Fields<F>,
    /// With everything the run says.
    pub after: Fields<F>,
    /// The fields in which they differ.
    pub changes: Vec<F>,
    /// Those of the changes that a person edited: they stay unless named.
    pub conflicts: Vec<F>,
}

/// A record the run would remove.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed<F> {
    /// Its key.
    pub key: String,
    /// As it is saved.
    pub fields: Fields<F>,
    /// Fields edited by a person. A record with any of these stays unless its key is named.
    pub conflicts: Vec<F>,
}

/// What a user accepts of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<F> {
    /// Only these keys; every key when absent. Naming a key also permits its removal or revival.
    pub keys: Option<BTreeSet<String>>,
    /// For a key listed here only these fields, including edited ones. A record that does not exist yet is added whole.
    pub fields: BTreeMap<String, BTreeSet<F>>,
    /// Edited fields are also taken from the run. Deleted records stay deleted and edited records are not removed
    /// unless their key is named.
    pub overwrite_edits: bool,
}

/// What accepting did.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted<F> {
    /// Everything that is saved now.
    pub saved: Saved<F>,
    /// Keys of records that came to be, or came back.
    pub added: Vec<String>,
    /// Keys of records that changed.
    pub updated: Vec<String>,
    /// Keys of records that went.
    pub removed: Vec<String>,
    /// What of the run was not taken although it was not ruled out by the choice.
    pub skipped: Vec<Skipped<F>>,
}

/// Something of the run that was not taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Skipped<F> {
    /// The record.
    pub key: String,
    /// The field; `None` if it is about the whole record.
    pub field: Option<F>,
    /// Why.
    pub reason: Reason,
}

wire_enum! {
    /// Why something of a run was not taken.
    pub enum Reason {
        /// Edited by a person.
        Edited = "edited",
        /// Deleted by a person.
        Deleted = "deleted",
        /// The run says nothing about what was named.
        NotInRun = "not_in_run",
    }
}

impl<F> Default for Choice<F> {
    /// All changes that do not touch a human edit.
    fn default() -> Self {
        Self { keys: None, fields: BTreeMap::new(), overwrite_edits: false }
    }
}

impl<F: Ord> Choice<F> {
    fn takes(&self, key: &str) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.contains(key)) || self.fields.contains_key(key)
    }

    /// Naming fields of a record that the run dropped does not ask for its removal.
    fn removes(&self, key: &str) -> bool {
        self.names(key) || (self.keys.is_none() && !self.fields.contains_key(key))
    }

    fn names(&self, key: &str) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.contains(key))
    }

    fn named(&self) -> BTreeSet<&String> {
        self.keys.iter().flatten().chain(self.fields.keys()).collect()
    }
}

impl<F: Copy + Ord> Record<F> {
    /// A record made by a run and not edited.
    pub fn generated(fields: Fields<F>) -> Self {
        Self { version: 1, fields, edited: BTreeSet::new(), from_run: true, deleted: false }
    }

    /// A record added by a person.
    pub fn by_hand(fields: Fields<F>) -> Self {
        Self { version: 1, edited: fields.keys().copied().collect(), fields, from_run: false, deleted: false }
    }

    /// Writes fields as a human edit; true if that changed anything.
    pub fn edit(&mut self, patch: Fields<F>) -> bool {
        let mut changed = false;
        for (field, value) in patch {
            changed |= self.edited.insert(field);
            changed |= self.fields.get(&field) != Some(&value);
            self.fields.insert(field, value);
        }
        self.version += i64::from(changed);
        changed
    }

    /// Deletes it as a human edit; true if it was not deleted before.
    pub fn delete(&mut self) -> bool {
        let changed = !std::mem::replace(&mut self.deleted, true);
        self.version += i64::from(changed);
        changed
    }

    /// Whether a person edited any field.
    pub fn is_edited(&self) -> bool {
        !self.edited.is_empty()
    }

    /// Whether this field was edited by a person, so that only an accept that names it may change it.
    fn holds(&self, field: F) -> bool {
        self.edited.contains(&field)
    }

    /// The fields that would read differently, in their order.
    fn changes(&self, theirs: &Fields<F>) -> Vec<F> {
        theirs.iter().filter(|(field, value)| self.fields.get(field) != Some(value)).map(|(field, _)| *field).collect()
    }

    /// Takes one field from the run: it is the run's again.
    fn take(&mut self, field: F, value: &Value) {
        self.fields.insert(field, value.clone());
        self.edited.remove(&field);
        self.from_run = true;
    }
}

/// What accepting everything of a run would change. Keys outside `in_scope` are none of the run's business.
pub fn diff<F: Copy + Ord>(saved: &Saved<F>, run: &Generated<F>, in_scope: impl Fn(&str) -> bool) -> Diff<F> {
    let mut diff = Diff { added: Vec::new(), updated: Vec::new(), removed: Vec::new() };
    for (key, theirs) in run.records.iter().filter(|(key, _)| in_scope(key)) {
        match saved.get(key) {
            Some(ours) if !ours.deleted => diff.updated.extend(update(key, ours, theirs)),
            ours => diff.added.push(Added { key: key.clone(), fields: theirs.clone(), deleted: ours.is_some() }),
        }
    }
    for (key, ours) in saved.iter().filter(|(key, ours)| is_dropped(key, ours, run) && in_scope(key)) {
        let conflicts = ours.edited.iter().copied().collect();
        diff.removed.push(Removed { key: key.clone(), fields: ours.fields.clone(), conflicts });
    }
    diff
}

fn update<F: Copy + Ord>(key: &str, ours: &Record<F>, theirs: &Fields<F>) -> Option<Updated<F>> {
    let changes = ours.changes(theirs);
    if changes.is_empty() {
        return None;
    }
    let conflicts = changes.iter().copied().filter(|field| ours.edited.contains(field)).collect();
    let mut after = ours.fields.clone();
    after.extend(theirs.iter().map(|(field, value)| (*field, value.clone())));
    Some(Updated { key: key.to_owned(), before: ours.fields.clone(), after, changes, conflicts })
}

/// Whether a run made this record and the new run has no place for it. A record added by a person is never dropped by a
/// run.
fn is_dropped<F>(key: &str, ours: &Record<F>, run: &Generated<F>) -> bool {
    ours.from_run && !ours.deleted && !run.records.contains_key(key) && !run.unfilled.contains(key)
}

/// Takes from a run what the choice permits. Accepting the same again changes nothing.
pub fn accept<F: Copy + Ord>(
    saved: Saved<F>,
    run: &Generated<F>,
    choice: &Choice<F>,
    in_scope: impl Fn(&str) -> bool,
) -> Accepted<F> {
    let mut accepted = Accepted::nothing_of(saved);
    for (key, theirs) in run.records.iter().filter(|(key, _)| in_scope(key) && choice.takes(key)) {
        accepted.take(key, theirs, choice);
    }
    let dropped = accepted.saved.iter().filter(|(key, ours)| is_dropped(key, ours, run));
    let dropped = dropped.filter(|(key, _)| in_scope(key) && choice.removes(key));
    let dropped: Vec<String> = dropped.map(|(key, _)| key.clone()).collect();
    for key in dropped {
        accepted.drop_record(key, choice);
    }
    accepted.report_strangers(choice, |key| in_scope(key) && run.records.contains_key(key));
    accepted
}

impl<F: Copy + Ord> Accepted<F> {
    fn nothing_of(saved: Saved<F>) -> Self {
        Self { saved, added: Vec::new(), updated: Vec::new(), removed: Vec::new(), skipped: Vec::new() }
    }

    /// Keys that were named and that this run has nothing to do with.
    fn report_strangers(&mut self, choice: &Choice<F>, is_in_run: impl Fn(&str) -> bool) {
        let reported: BTreeSet<&String> =
            self.removed.iter().chain(self.skipped.iter().map(|skipped| &skipped.key)).collect();
        let strangers = choice.named().into_iter().filter(|key| !is_in_run(key) && !reported.contains(key));
        let strangers: Vec<_> = strangers.map(|key| skipped(key, None, Reason::NotInRun)).collect();
        self.skipped.extend(strangers);
    }

    fn take(&mut self, key: &str, theirs: &Fields<F>, choice: &Choice<F>) {
        let Some(ours) = self.saved.get_mut(key) else {
            self.saved.insert(key.to_owned(), Record::generated(theirs.clone()));
            self.added.push(key.to_owned());
            return;
        };
        if ours.deleted && !choice.names(key) {
            self.skipped.push(skipped(key, None, Reason::Deleted));
            return;
        }
        let revived = std::mem::take(&mut ours.deleted);
        let chosen = choice.fields.get(key);
        let mut changed = revived;
        for field in ours.changes(theirs) {
            match chosen {
                Some(chosen) if !chosen.contains(&field) => continue,
                None if ours.holds(field) && !choice.overwrite_edits => {
                    self.skipped.push(skipped(key, Some(field), Reason::Edited));
                    continue;
                }
                _ => {}
            }
            if let Some(value) = theirs.get(&field) {
                ours.take(field, value);
                changed = true;
            }
        }
        ours.version += i64::from(changed);
        let silent = chosen.into_iter().flatten().filter(|field| !theirs.contains_key(field));
        self.skipped.extend(silent.map(|field| skipped(key, Some(*field), Reason::NotInRun)));
        match (revived, changed) {
            (true, _) => self.added.push(key.to_owned()),
            (false, true) => self.updated.push(key.to_owned()),
            (false, false) => {}
        }
    }

    fn drop_record(&mut self, key: String, choice: &Choice<F>) {
        let edited = self.saved.get(&key).is_some_and(Record::is_edited);
        if edited && !choice.names(&key) {
            self.skipped.push(skipped(&key, None, Reason::Edited));
        } else {
            self.saved.remove(&key);
            self.removed.push(key);
        }
    }
}

fn skipped<F>(key: &str, field: Option<F>, reason: Reason) -> Skipped<F> {
    Skipped { key: key.to_owned(), field, reason }
}

#[cfg(test)]
mod tests;
