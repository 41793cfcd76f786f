//! AI calendars: the types. A user names channels, a cadence and a range; the slots are computed, a model fills them,
//! users edit the result, and a later run keeps every edit.
//! Called by the API's routes and the worker's job; no SQL, no HTTP and no clock stands in this folder's pure files.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Serialize, Serializer};

use crate::{
    platform::id::EntryId,
    values::wire_enum::{InvalidText, deserialize_from_str, wire_enum},
};

pub mod content;
pub mod diff;
pub mod dry_run;
pub mod edits;
pub mod export;
pub mod rules;
pub mod run;
pub mod service;
pub mod slots;
pub mod store;
pub mod task;

pub use self::{
    content::{Content, Draft, Medium, MediumType},
    run::{Calendar, Made, Run},
};

/// The name of a channel: `[a-z][a-z0-9_-]{0,31}`. Any such name can be planned for; publishing knows a few of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ChannelName(String);

impl ChannelName {
    /// The most characters of a name.
    pub const MAX: usize = 32;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChannelName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let fits = text.len() <= Self::MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        let expected = "a lower-case letter, then at most 31 lower-case letters, digits, _ or -";
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidText(expected)) }
    }
}

wire_enum! {
    /// How often each channel gets an entry.
    pub enum Cadence {
        /// Each day.
        Daily = "daily",
        /// Each week, on the weekday of the first date.
        Weekly = "weekly",
        /// Each month, on the day of the first date or, where the month is shorter, on its last.
        Monthly = "monthly",
    }
}

/// Identifies an entry across all runs: `channel:date:ordinal`. It never changes, even if the entry is moved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The channel it was made for.
    pub channel: ChannelName,
    /// The date it was made for.
    pub date: NaiveDate,
    /// Distinguishes entries of the same channel and date.
    pub ordinal: Ordinal,
}

/// The last part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ordinal {
    /// The nth computed slot, from 1.
    Slot(u32),
    /// The nth entry that was added by hand, from 1: `h<n>`.
    Hand(u32),
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, nth) = match self.ordinal {
            Ordinal::Slot(nth) => ("", nth),
            Ordinal::Hand(nth) => ("h", nth),
        };
        write!(f, "{}:{}:{mark}{nth}", self.channel.as_str(), self.date)
    }
}

impl FromStr for EntryKey {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let key = || {
            let mut parts = text.splitn(3, ':');
            let channel = parts.next()?.parse().ok()?;
            let date = rules::date(parts.next()?).ok()?;
            let ordinal = parts.next()?;
            let (mark, digits) = ordinal.strip_prefix('h').map_or((false, ordinal), |digits| (true, digits));
            // One spelling only: no sign, no leading zero.
            let nth = digits.parse().ok().filter(|nth: &u32| *nth > 0 && nth.to_string() == digits)?;
            Some(Self { channel, date, ordinal: if mark { Ordinal::Hand(nth) } else { Ordinal::Slot(nth) } })
        };
        key().ok_or(InvalidText("channel:date:ordinal"))
    }
}

deserialize_from_str! { ChannelName EntryKey }

impl Serialize for EntryKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One slot of a run: when and where an entry is wanted. What it says is the model's part, nothing else is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its key, and the future entry's.
    pub key: EntryKey,
    /// Local time of day.
    pub time: NaiveTime,
    /// The instant of date and time in the run's zone.
    pub scheduled_at: DateTime<Utc>,
}

wire_enum! {
    /// A value of an entry that runs write and people edit. The order is the one in which differences are listed.
    pub enum Field {
        /// Where it goes.
        Channel = "channel",
        /// Local date.
        Date = "date",
        /// Local time of day.
        Time = "time",
        /// The zone of date and time. `scheduledAt` is made of the three and is no field of its own.
        Timezone = "timezone",
        /// A headline for people.
        Title = "title",
        /// What it is about.
        Topic = "topic",
        /// What kind of content: reel, carousel, article, ….
        Format = "format",
        /// The text to publish.
        Caption = "caption",
        /// Tags, each with its `#`.
        Hashtags = "hashtags",
        /// For the people who make it.
        Notes = "notes",
        /// Pictures and videos: set by people, never by a model.
        Media = "media",
    }
}

/// A saved entry with all that the merge and the exports need of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its row.
    pub id: EntryId,
    /// Its slot.
    pub key: EntryKey,
    /// Counts its changes, from 1: what `If-Match` names.
    pub version: i64,
    /// What it says now.
    pub content: Content,
    /// Fields edited by a person since they were last accepted from a run.
    pub edited: BTreeSet<Field>,
    /// A run made it, or part of it was accepted from a run.
    pub from_run: bool,
    /// Deleted by a person.
    pub deleted: bool,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Entry {
    /// `human` if the entry was added by hand, otherwise `ai`. `edited` lists the fields edited since.
    pub const fn source(&self) -> &'static str {
        if self.from_run { "ai" } else { "human" }
    }
}
