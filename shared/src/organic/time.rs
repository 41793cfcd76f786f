//! Time in organic weeks: instants as they were sent, weeks in their zone, and times of day.
//! Called wherever a placement's time is read, planned or shown.
//! Pure: no clock is asked, and every local time is one of a zone that is named.

use std::str::FromStr;

use chrono::{
    DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, SubsecRound, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use super::{TimeOfDay, rules};
use crate::values::wire_enum::{InvalidText, deserialize_from_str};

/// An instant and how it is written. What a client wrote in UTC is given back as it was written, so that it can compare;
/// everything else is written in UTC and whole seconds.
#[derive(Clone, Debug)]
pub struct Timestamp {
    at: DateTime<Utc>,
    text: String,
}

impl Timestamp {
    /// The instant, to the microsecond: that is what the store keeps.
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same instant, written in UTC.
    pub fn in_utc(self) -> Self {
        if self.text.ends_with('Z') { self } else { self.at.into() }
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self { at, text: at.to_rfc3339_opts(SecondsFormat::Secs, true) }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let read = rules::instant(text)?;
        Ok(Self { at: read.trunc_subsecs(6), text: text.to_owned() })
    }
}

/// Two spellings of one instant are equal.
impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Timestamp {}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

deserialize_from_str! { Timestamp }

/// Seven local dates of a zone, from a Monday. By its clocks they have 167, 168 or 169 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// The Monday.
    pub start: NaiveDate,
    /// The zone of all its times; the request's wins over the brand's.
    pub zone: Tz,
}

impl Week {
    /// Its seven dates.
    pub fn dates(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let start = self.start;
        (0..7).filter_map(move |day| start.checked_add_days(Days::new(day)))
    }

    /// Whether a date is one of the seven.
    pub fn holds(&self, date: NaiveDate) -> bool {
        (0..7).contains(&(date - self.start).num_days())
    }

    /// The date that the zone's calendars show at an instant.
    pub fn date_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.local(at).date()
    }

    /// The time that the zone's clocks show at an instant.
    pub fn time_of(&self, at: DateTime<Utc>) -> NaiveTime {
        self.local(at).time()
    }

    fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        self.zone.from_utc_datetime(&at.naive_utc()).naive_local()
    }
}

impl TimeOfDay {
    /// The part of the day that the zone's clocks show at an instant.
    pub fn of(at: DateTime<Utc>, zone: Tz) -> Self {
        match zone.from_utc_datetime(&at.naive_utc()).hour() {
            5..12 => Self::Morning,
            12..17 => Self::Afternoon,
            17..21 => Self::Evening,
            _ => Self::Night,
        }
    }
}
