//! Compares fires with a search through what the clocks of every zone show, minute by minute around each change and date
//! by date elsewhere. The search knows only the way from UTC to local time, which has neither gaps nor repetitions.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use chrono::{Days, Offset};
use chrono_tz::TZ_VARIANTS;

use super::*;

const DAY: i64 = 24 * 60;

/// In the middle of the usual gaps, at their edges, and at the edges of a date.
const TIMES: [i64; 10] =
    [0, 30, 60 + 30, 2 * 60, 2 * 60 + 15, 2 * 60 + 30, 3 * 60 + 30, 12 * 60, 23 * 60 + 30, DAY - 1];

#[test]
fn fires_of_the_next_years_are_found_by_searching() {
    check_every_zone(2026..2036);
}

#[test]
fn fires_of_past_years_are_found_by_searching() {
    check_every_zone(2004..2014);
}

fn check_every_zone(years: Range<i32>) {
    let minutes = minute(years.start)..minute(years.end);
    let mut zones: HashMap<Vec<Change>, Tz> = HashMap::new();
    for zone in TZ_VARIANTS {
        zones.entry(changes(zone, &minutes)).or_insert(zone);
    }
    for (changes, zone) in zones {
        let checked: BTreeSet<i64> = changes.iter().skip(1).flat_map(|change| check_change(zone, change.at)).collect();
        let dates = minutes.start / DAY..minutes.end / DAY;
        dates.filter(|date| !checked.contains(date)).for_each(|date| check_usual_date(zone, date));
    }
}

/// The minute from which a zone has an offset, both in minutes.
#[derive(PartialEq, Eq, Hash)]
struct Change {
    at: i64,
    offset: i64,
}

/// The offset at the beginning, and each change. Zones whose lists are equal show the same times.
fn changes(zone: Tz, minutes: &Range<i64>) -> Vec<Change> {
    let mut changes = vec![Change { at: minutes.start, offset: offset(zone, minutes.start) }];
    for end in minutes.clone().step_by(DAY as usize / 2).skip(1) {
        let (mut before, mut after) = (end - DAY / 2, end);
        if offset(zone, before) == offset(zone, after) {
            continue;
        }
        let old = offset(zone, before);
        while after - before > 1 {
            let middle = before.midpoint(after);
            if offset(zone, middle) == old { before = middle } else { after = middle }
        }
        changes.push(Change { at: after, offset: offset(zone, after) });
    }
    changes
}

/// Checks the local dates of about three days before and after a change, and returns them.
fn check_change(zone: Tz, change: i64) -> Range<i64> {
    let shown = Shown::around(zone, change);
    for date in shown.whole_dates() {
        for time in TIMES {
            check_date(&shown, date, time);
        }
    }
    shown.whole_dates()
}

fn check_date(shown: &Shown, date: i64, time: i64) {
    let context = format!("{} {} minute {time}", shown.zone, day(date));
    let recurrence = daily(shown.zone, time);
    let fire = recurrence.fire(day(date));
    assert_eq!(fire, shown.first(date, time).map(instant), "{context}");
    if let Some(at) = fire {
        let end = recurrence.latest_start(Fire { date: day(date), at }, None);
        assert_eq!(end, instant(shown.end_of_date(at.timestamp() / 60)), "{context}");
    }
}

/// Far from a change, a fire is when the clocks show its time.
fn check_usual_date(zone: Tz, date: i64) {
    let time = TIMES[date as usize % TIMES.len()];
    let at = daily(zone, time).fire(day(date)).unwrap();
    let shown = at.with_timezone(&zone).naive_local();
    assert_eq!(shown, instant(date * DAY + time).naive_utc(), "{zone}");
}

/// What a zone's clocks show in successive minutes.
struct Shown {
    zone: Tz,
    /// The minutes in which the clocks show each local date.
    dates: BTreeMap<i64, Vec<Minute>>,
}

struct Minute {
    /// Since 1970, in UTC.
    at: i64,
    /// Since midnight, as shown.
    time: i64,
}

impl Shown {
    fn around(zone: Tz, change: i64) -> Self {
        let mut dates: BTreeMap<i64, Vec<Minute>> = BTreeMap::new();
        for at in change - 3 * DAY..change + 3 * DAY {
            let local = at + offset(zone, at);
            dates.entry(local.div_euclid(DAY)).or_default().push(Minute { at, time: local.rem_euclid(DAY) });
        }
        Self { zone, dates }
    }

    /// The first and the last date are cut; each other one is complete, or skipped by the zone.
    fn whole_dates(&self) -> Range<i64> {
        self.dates.keys().min().unwrap() + 1..*self.dates.keys().max().unwrap()
    }

    /// The first minute of a date at or after a time of day; if the date ends before, the first minute of the next date.
    fn first(&self, date: i64, time: i64) -> Option<i64> {
        let found = self.dates.get(&date)?.iter().find(|minute| minute.time >= time);
        Some(found.map_or_else(|| self.begin_after(date), |minute| minute.at))
    }

    /// The first minute that shows a later date than `minute` does.
    fn end_of_date(&self, minute: i64) -> i64 {
        self.begin_after((minute + offset(self.zone, minute)).div_euclid(DAY))
    }

    fn begin_after(&self, date: i64) -> i64 {
        self.dates.range(date + 1..).next().unwrap().1[0].at
    }
}

fn minute(year: i32) -> i64 {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(NaiveTime::MIN).and_utc().timestamp() / 60
}

fn instant(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_secs(minute * 60).unwrap()
}

fn offset(zone: Tz, minute: i64) -> i64 {
    i64::from(instant(minute).with_timezone(&zone).offset().fix().local_minus_utc() / 60)
}

fn day(date: i64) -> NaiveDate {
    NaiveDate::default() + Days::new(date as u64)
}

fn daily(zone: Tz, time: i64) -> Recurrence {
    let time = NaiveTime::MIN + Duration::minutes(time);
    Recurrence { days: Day::ALL.into(), time, zone }
}
