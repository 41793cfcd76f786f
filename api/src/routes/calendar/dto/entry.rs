//! Entries on the wire: as they are saved, as a run made them, and as parts of a diff. The words are the
//! domain's: each shape here is read from what the domain writes, so that the description says what is sent, and a unit
//! test holds both together byte by byte.

use almanac_shared::{
    calendar::{Entry, export},
    platform::error::Refusal,
};
use chrono::NaiveDate;
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct ContentShown {
    /// Where it goes.
    channel: String,
    /// Local date.
    date: NaiveDate,
    /// Local time of day, `HH:MM`.
    time: String,
    /// IANA zone of date and time.
    timezone: String,
    /// The instant of the three, in UTC.
    scheduled_at: String,
    /// A headline for people.
    title: String,
    /// What it is about.
    topic: String,
    /// What kind of content, such as `reel` or `article`.
    format: String,
    /// The text to publish.
    caption: String,
    /// Tags, each with its `#`.
    hashtags: Vec<String>,
    /// For the people who make it.
    notes: String,
    /// Pictures and videos: set by people, never by a model.
    media: Vec<MediumShown>,
}

/// A picture or a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct MediumShown {
    /// Where it lies: http or https.
    url: String,
    /// What it is.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: MediumKind,
    /// What it shows, for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alt: Option<String>,
}

/// What a medium is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub enum MediumKind {
    /// A picture.
    Image,
    /// A video.
    Video,
}

/// A saved entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct EntryShown {
    /// Its id.
    id: String,
    /// What it is across all runs: `channel:date:ordinal`, `channel:date:h<n>` when a person added it. Never changes.
    key: String,
    /// Counts its changes, from 1: what `If-Match` names.
    version: i64,
    #[serde(flatten)]
    #[oai(flatten)]
    content: ContentShown,
    /// Who made it.
    source: Source,
    /// Fields that a person wrote since they were last accepted from a run.
    edited_fields: Vec<String>,
    /// Last changed at.
    updated_at: String,
}

/// Who made an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub enum Source {
    /// A run; people may have edited it since.
    Ai,
    /// A person, by hand.
    Human,
}

/// An entry as a run made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct EntryMade {
    /// The id of the entry it becomes; only in the stream of a first run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Its slot.
    key: String,
    #[serde(flatten)]
    #[oai(flatten)]
    content: ContentShown,
}

/// An entry that a run would add or remove.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
pub struct EntryListed {
    /// Its key.
    key: String,
    #[serde(flatten)]
    #[oai(flatten)]
    content: ContentShown,
    /// `["deleted"]` for an added entry that a person deleted; of a removed one the fields that a person wrote.
    conflicts: Vec<String>,
}

/// An entry that a run would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
pub struct EntryChanged {
    /// Its key.
    key: String,
    /// As it is saved.
    before: ContentShown,
    /// As it would be if all of it were accepted.
    after: ContentShown,
    /// The fields that differ.
    changes: Vec<String>,
    /// Of these, the ones that a person wrote: they stay unless they are named.
    conflicts: Vec<String>,
}

/// What a run would change now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
pub struct DiffShown {
    /// Entries that would come, or come back.
    added: Vec<EntryListed>,
    /// Entries that would read differently.
    updated: Vec<EntryChanged>,
    /// Entries that the run has no place for.
    removed: Vec<EntryListed>,
}

/// Something of a run that an accept did not take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Object)]
pub struct SkippedShown {
    /// The entry.
    key: String,
    /// The field; null when it is about the whole entry.
    field: Option<String>,
    /// Why.
    reason: SkipReason,
}

/// Why something of a run was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum SkipReason {
    /// A person wrote it.
    Edited,
    /// A person deleted it.
    Deleted,
    /// The run says nothing about what was named.
    NotInRun,
}

/// Reads a shape from what the domain wrote.
///
/// # Errors
/// The domain writes another shape: a mistake of ours.
pub(in crate::routes::calendar) fn read<T: DeserializeOwned>(written: Value) -> Result<T, Refusal> {
    serde_json::from_value(written).map_err(|error| Refusal::Unexpected(error.into()))
}

/// A saved entry, as it is shown everywhere.
///
/// # Errors
/// See [`read`].
pub(in crate::routes::calendar) fn shown(entry: &Entry) -> Result<EntryShown, Refusal> {
    read(export::wire(entry).into())
}

/// Saved entries, in their order.
///
/// # Errors
/// See [`read`].
pub(in crate::routes::calendar) fn all_shown(entries: &[Entry]) -> Result<Vec<EntryShown>, Refusal> {
    entries.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use almanac_shared::{
        calendar::{
            Content, Draft, Field, Slot, diff, dry_run,
            rules::{CalendarRequest, RequestBody},
            run, slots,
        },
        platform::id::EntryId,
        values::merge::{Reason, Skipped},
    };
    use chrono::DateTime;
    use serde_json::json;

    use super::{super::frame::RunSummary, *};

    fn order() -> (CalendarRequest, Vec<Slot>) {
        let body = json!({"channels": ["blog"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-27"});
        let request = CalendarRequest::parse(serde_json::from_value::<RequestBody>(body).unwrap()).unwrap();
        let slots = slots::compute(&request, 9).unwrap();
        (request, slots)
    }

    fn content(title: &str) -> Content {
        let (request, slots) = order();
        let draft = Draft { title: title.to_owned(), hashtags: vec!["#a".to_owned()], ..Draft::default() };
        let mut content = Content::of(&slots[0], request.zone, draft);
        let media =
            json!([{"url": "https://x/y", "type": "image", "alt": "z"}, {"url": "https://x/z", "type": "video"}]);
        content.media = serde_json::from_value(media).unwrap();
        content
    }

    /// What is sent is, byte for byte, what the domain wrote.
    #[track_caller]
    fn stays<T: DeserializeOwned + Serialize>(written: Value) {
        let text = written.to_string();
        let read: T = read(written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn each_shape_is_what_the_domain_writes() {
        let (request, slots) = order();
        let (old, new) = (content("Old"), content("New"));
        let entry = |nth: usize, edited: &[Field], deleted| Entry {
            id: EntryId::fresh(),
            key: slots[nth].key.clone(),
            version: 3,
            content: old.clone(),
            edited: edited.iter().copied().collect::<BTreeSet<_>>(),
            base: Some(old.generated_fields()),
            deleted,
            updated_at: DateTime::UNIX_EPOCH,
        };
        let made = |nth: usize| (slots[nth].key.clone(), new.generated_fields());

        stays::<EntryShown>(export::wire(&entry(0, &[Field::Title], false)).into());
        stays::<EntryMade>(run::wire(None, &slots[0].key, &old));
        stays::<EntryMade>(run::wire(Some(EntryId::fresh()), &slots[0].key, &old));
        let saved = diff::saved(&[entry(0, &[Field::Title], false), entry(1, &[], true)]);
        let again = diff::generated(&slots, [made(0), made(1)]);
        stays::<DiffShown>(diff::wire(&diff::diff(&request, &saved, &again)).unwrap());
        let dropped = diff::generated(&[], []);
        stays::<DiffShown>(diff::wire(&diff::diff(&request, &saved, &dropped)).unwrap());
        let mut accepted = diff::accept(&request, saved, &again, &Default::default());
        accepted.skipped.push(Skipped { key: "x".to_owned(), field: None, reason: Reason::NotInRun });
        assert_eq!(accepted.skipped.len(), 3, "each reason once");
        stays::<Vec<SkippedShown>>(diff::wire_skipped(&accepted));
        stays::<RunSummary>(dry_run::dry_run(&request, &slots, None, dry_run::Reason::SwitchedOff).summary);
    }
}
