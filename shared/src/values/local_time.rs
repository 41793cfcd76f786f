//! Local time: dates, times of day and zones as people write them, and the instants they stand for.
//! Called by every domain that plans: calendars, organic weeks.
//! Pure: no clock is asked, and no local time is read without its zone.

use chrono::{DateTime, Datelike, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::wire_enum::InvalidText;
use crate::platform::error::{Code, Refusal};

/// Years in which dates may lie. It guards against slips like 0206; every zone's rules are known there.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// The zone of that IANA name.
///
/// # Errors
/// `UNKNOWN_TIME_ZONE`.
pub fn zone(name: &str) -> Result<Tz, Refusal> {
    let message = "Unknown time zone.".to_owned();
    name.parse().map_err(|_| Refusal::Rule { code: Code::UnknownTimeZone, field: "timezone", message })
}

/// A date, `YYYY-MM-DD` and nothing else.
///
/// # Errors
/// Another spelling, a day that does not exist, or a year that must be a slip.
pub fn date(text: &str) -> Result<NaiveDate, InvalidText> {
    let spelled = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = spelled.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    date.filter(|date| YEARS.contains(&date.year())).ok_or(InvalidText("a date from 1900 to 2199, YYYY-MM-DD"))
}

/// A local time of day, `HH:MM` and nothing else.
///
/// # Errors
/// Another spelling, or no such time.
pub fn time(text: &str) -> Result<NaiveTime, InvalidText> {
    let spelled = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let time = spelled.then(|| NaiveTime::parse_from_str(text, "%H:%M").ok()).flatten();
    time.ok_or(InvalidText("a time of day, HH:MM"))
}

/// How a time of day is written.
pub fn wire_time(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

/// The instant of a local time: the first instant at which the zone's clocks show it or, where they jump over it, the
/// first instant after the jump. A time that comes twice is the earlier one.
pub fn instant(date: NaiveDate, time: NaiveTime, zone: Tz) -> DateTime<Utc> {
    let local = date.and_time(time);
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => at.to_utc(),
        LocalResult::Ambiguous(one, other) => one.min(other).to_utc(),
        LocalResult::None => end_of_gap(local, zone),
    }
}

/// Halves the time around the jump until one second is left.
fn end_of_gap(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    // No zone is more than a day from UTC, so the jump lies between.
    let mut before = local.and_utc() - Duration::hours(26);
    let mut after = local.and_utc() + Duration::hours(26);
    while after - before > Duration::seconds(1) {
        let middle = before + Duration::seconds((after - before).num_seconds() / 2);
        if zone.from_utc_datetime(&middle.naive_utc()).naive_local() < local { before = middle } else { after = middle }
    }
    after
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use chrono_tz::TZ_VARIANTS;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn when(local: &str, zone: Tz) -> String {
        instant(at(local).date(), at(local).time(), zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn a_date_has_one_spelling_and_a_plausible_year() {
        for text in ["1900-01-01", "2024-02-29", "2199-12-31"] {
            assert_eq!(date(text).unwrap().to_string(), text);
        }
        let wrong =
            ["", "1899-12-31", "2200-01-01", "2026-02-29", "2026-1-26", "2026-01-260", "20260-1-26", "+026-01-26"];
        for text in wrong.into_iter().chain(["2026/01/26", "2026- 1-26", " 2026-1-26", "2026-01-2x"]) {
            assert_eq!(date(text), Err(InvalidText("a date from 1900 to 2199, YYYY-MM-DD")), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_has_one_spelling() {
        for text in ["00:00", "09:05", "23:59"] {
            assert_eq!(time(text).map(wire_time).as_deref(), Ok(text));
        }
        for text in ["", "24:00", "12:60", "9:05", "09:05:00", "09:5", " 9:05", "09: 5", "+9:05", "0905", "09.05"] {
            assert_eq!(time(text), Err(InvalidText("a time of day, HH:MM")), "{text}");
        }
    }

    #[test]
    fn a_zone_has_an_iana_name() {
        assert_eq!(zone("Asia/Kathmandu").unwrap(), Tz::Asia__Kathmandu);
        for name in ["", "Mars/Base", "+02:00", "asia/kathmandu"] {
            let refused = zone(name);
            assert!(
                matches!(refused, Err(Refusal::Rule { code: Code::UnknownTimeZone, field: "timezone", .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn a_time_that_does_not_exist_is_the_first_instant_after_and_one_that_comes_twice_the_earlier() {
        let table = [
            ("2026-03-29T02:30:00", Tz::Europe__Paris, "2026-03-29T01:00:00Z"),
            ("2026-10-25T02:30:00", Tz::Europe__Paris, "2026-10-25T00:30:00Z"),
            ("2026-03-08T02:00:00", Tz::America__New_York, "2026-03-08T07:00:00Z"),
            ("2026-11-01T01:59:00", Tz::America__New_York, "2026-11-01T05:59:00Z"),
            // Half an hour of summer time.
            ("2026-10-04T02:15:00", Tz::Australia__Lord_Howe, "2026-10-03T15:30:00Z"),
            // Midnight does not exist here on the day summer begins.
            ("2026-09-06T00:00:00", Tz::America__Santiago, "2026-09-06T04:00:00Z"),
            // Samoa had no 30 December 2011 at all.
            ("2011-12-30T09:00:00", Tz::Pacific__Apia, "2011-12-30T10:00:00Z"),
            ("2026-02-28T23:59:00", Tz::Asia__Kathmandu, "2026-02-28T18:14:00Z"),
        ];
        for (local, zone, expected) in table {
            assert_eq!(when(local, zone), expected, "{local} {zone}");
        }
    }

    /// What the zone's clocks show.
    fn shown(instant: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
        zone.from_utc_datetime(&instant.naive_utc()).naive_local()
    }

    /// The promise, said without the word "gap": nothing earlier shows this time, and the clocks show it now or have just
    /// jumped over it.
    fn is_first_instant_of(local: NaiveDateTime, zone: Tz) -> bool {
        let found = instant(local.date(), local.time(), zone);
        let exact = shown(found, zone) == local;
        let jumped = shown(found, zone) > local && shown(found - Duration::seconds(1), zone) < local;
        let quarter_hours = (1..=2 * 24 * 4).map(|n| found - Duration::minutes(15 * n));
        (exact || jumped) && quarter_hours.into_iter().all(|earlier| shown(earlier, zone) != local)
    }

    #[test]
    fn every_zone_has_an_instant_for_every_quarter_hour_around_its_changes_of_this_year() {
        for zone in TZ_VARIANTS {
            let offset = |at: DateTime<Utc>| shown(at, zone) - at.naive_utc();
            let begin = day("2026-01-01").and_time(NaiveTime::MIN).and_utc();
            let days = (0..365).map(|n| begin + Duration::days(n));
            let days = days.filter(|day| offset(*day) != offset(*day + Duration::days(1)));
            let hours = days.flat_map(|day| (0..24).map(move |n| day + Duration::hours(n)));
            let changes = hours.filter(|hour| offset(*hour) != offset(*hour + Duration::hours(1)));
            for change in changes {
                for quarter in -8..=16 {
                    let local = shown(change, zone) + Duration::minutes(15 * quarter);
                    assert!(is_first_instant_of(local, zone), "{local} {zone}");
                }
            }
        }
    }

    fn any_date() -> impl Strategy<Value = NaiveDate> {
        (0u64..109_000).prop_map(|days| day("1900-01-01") + Days::new(days))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_local_time_has_its_first_instant_in_every_zone(
            zone in prop::sample::select(TZ_VARIANTS.to_vec()), date in any_date(), minute in 0i64..24 * 60,
        ) {
            prop_assert!(is_first_instant_of(date.and_time(NaiveTime::MIN) + Duration::minutes(minute), zone));
        }
    }
}
