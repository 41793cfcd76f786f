//! When a schedule fires, and until when a fire may start.
//! Called by the API's schedule routes and by the worker's scheduler.
//! Pure: the caller passes the current time.

use std::iter;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

pub use self::request::{LocalTime, Schedule, ScheduleBody, is_email};
use super::Day;
use crate::values::local_time;

mod request;

/// Local dates in which every weekday occurs, although a zone may skip one date.
const SEARCH_DATES: usize = 14;

/// A time of day in a zone, on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// Days of the week; a recurrence without days never fires.
    pub days: Vec<Day>,
    /// Local time in `zone`.
    pub time: NaiveTime,
    /// UTC if the schedule has no zone.
    pub zone: Tz,
}

/// One run that a schedule asks for. A schedule has at most one for each local date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fire {
    /// The local date that the fire is for.
    pub date: NaiveDate,
    /// When it is due.
    pub at: DateTime<Utc>,
}

impl Recurrence {
    /// When the recurrence fires for a local date, if it does. A local time that occurs twice fires at the earlier
    /// instant. One that the clocks skip fires at the first instant after the gap, even where that instant already has
    /// the next local date: a date that exists in part fires exactly once. A date that the zone skips does not fire.
    pub fn fire(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let fires = self.days.contains(&date.weekday().into()) && exists(date, self.zone);
        fires.then(|| local_time::instant(date, self.time, self.zone))
    }

    /// The first fire for a local date later than `after`. `None` if there are no days.
    pub fn next(&self, after: NaiveDate) -> Option<Fire> {
        self.on_or_after(after.succ_opt()?)
    }

    /// The first fire of a schedule that is saved at `now`: today's, even if it is past and thus due at once, unless the
    /// schedule has fired for today or for a later date (of the zone that it had before).
    pub fn first(&self, now: DateTime<Utc>, last_fired: Option<NaiveDate>) -> Option<Fire> {
        let today = date_of(now, self.zone);
        match last_fired {
            Some(fired) if fired >= today => self.next(fired),
            _ => self.on_or_after(today),
        }
    }

    /// The fires for the local dates `from` to `to`, both included, and at most `most` of them.
    pub fn between(&self, from: NaiveDate, to: NaiveDate, most: usize) -> impl Iterator<Item = Fire> {
        let fires = iter::successors(self.on_or_after(from), |fire| self.next(fire.date));
        fires.take_while(move |fire| fire.date <= to).take(most)
    }

    /// The last instant at which a fire may start. Without a catch-up window: the end of the local date.
    pub fn latest_start(&self, fire: Fire, catch_up_minutes: Option<u32>) -> DateTime<Utc> {
        match catch_up_minutes {
            Some(minutes) => fire.at + Duration::minutes(minutes.into()),
            // Not `fire.date`: after a gap at midnight it has ended when the fire is due.
            None => end_of_date(date_of(fire.at, self.zone), self.zone),
        }
    }

    /// Until when a fire may start. `None`: at any time, because it was past when the schedule was saved.
    pub fn start_until(
        &self,
        fire: Fire,
        catch_up_minutes: Option<u32>,
        saved_at: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        (saved_at < fire.at).then(|| self.latest_start(fire, catch_up_minutes))
    }

    fn on_or_after(&self, from: NaiveDate) -> Option<Fire> {
        let mut dates = from.iter_days().take(SEARCH_DATES);
        dates.find_map(|date| self.fire(date).map(|at| Fire { date, at }))
    }
}

impl From<Weekday> for Day {
    fn from(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Mon => Self::Mon,
            Weekday::Tue => Self::Tue,
            Weekday::Wed => Self::Wed,
            Weekday::Thu => Self::Thu,
            Weekday::Fri => Self::Fri,
            Weekday::Sat => Self::Sat,
            Weekday::Sun => Self::Sun,
        }
    }
}

/// The ISO 8601 week of an instant in a zone, e.g. `2026-W13`. Its year may differ from that of the date.
pub fn iso_week(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%G-W%V").to_string()
}

/// Version of the compiled time zone data, e.g. `2025b`. Stored fires are computed again when it changes.
pub const fn zone_data_version() -> &'static str {
    chrono_tz::IANA_TZDB_VERSION
}

fn date_of(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// Whether the zone's calendar has this date. Pacific/Apia skipped 30 December 2011 when it crossed the date line.
fn exists(date: NaiveDate, zone: Tz) -> bool {
    date_of(local_time::instant(date, NaiveTime::MIN, zone), zone) == date
}

fn end_of_date(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let next = date.succ_opt();
    next.map_or(DateTime::<Utc>::MAX_UTC, |next| local_time::instant(next, NaiveTime::MIN, zone))
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
