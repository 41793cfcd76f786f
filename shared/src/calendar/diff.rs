//! A regeneration against what is saved, in the calendar's words: entries into the merge, its findings into JSON.
//! Called by the job for the `diff` event and by the diff and accept routes; the rules themselves are `crate::merge`'s.
//! It never judges who may overwrite what, and never looks outside the run's channels × [start, end] (D42).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Content, Entry, EntryKey, Field, Slot, rules::CalendarRequest};
use crate::{
    error::Refusal,
    merge::{self, Accepted, Choice, Diff, Fields, Generated, Record, Saved},
    shape::Shape,
};

/// Everything saved as the merge takes it: tombstones too, or a run would revive what a person deleted.
pub fn saved(entries: &[Entry]) -> Saved<Field> {
    entries.iter().map(|entry| (entry.key.to_string(), record(entry))).collect()
}

fn record(entry: &Entry) -> Record<Field> {
    Record {
        version: entry.version,
        fields: entry.content.fields(),
        edited: entry.edited.clone(),
        base: entry.base.clone(),
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

/// What the run would change (D9).
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
    /// Only these fields of a key, and these even where a person wrote them.
    #[serde(default)]
    pub fields: Option<BTreeMap<String, Vec<String>>>,
    /// Take fields that a person wrote from the run too.
    #[serde(default)]
    pub overwrite_edits: Option<bool>,
}

/// The choice in an accept's body. A key that the run does not know is no flaw: it is reported as skipped.
///
/// # Errors
/// `Malformed` for a field that entries do not have.
pub fn choice(body: AcceptBody) -> Result<Choice<Field>, Refusal> {
    let mut shape = Shape::default();
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
mod tests;
