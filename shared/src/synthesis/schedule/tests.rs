//! Fires by table, and what holds for every recurrence.

use chrono::{Days, SecondsFormat};
use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn fire(day: &str, at: &str) -> Fire {
    Fire { date: date(day), at: utc(at) }
}

fn daily(zone: Tz, at: &str) -> Recurrence {
    on(Day::ALL, zone, at)
}

fn on(days: &[Day], zone: Tz, at: &str) -> Recurrence {
    Recurrence { days: days.into(), time: time(at), zone }
}

#[test]
fn a_fire_is_at_the_local_time_of_its_date() {
    for (zone, time, day, expected) in [
        (Tz::UTC, "09:00", "2026-01-26", Some("2026-01-26T09:00:00Z")),
        (Tz::UTC, "00:00", "2028-02-29", Some("2028-02-29T00:00:00Z")),
        (Tz::Asia__Kathmandu, "08:00", "2026-01-26", Some("2026-01-26T02:15:00Z")),
        (Tz::Asia__Kathmandu, "02:00", "2026-01-26", Some("2026-01-25T20:15:00Z")),
        (Tz::America__Los_Angeles, "20:00", "2026-01-26", Some("2026-01-27T04:00:00Z")),
        // 02:00 becomes 03:00, and 03:00 becomes 02:00.
        (Tz::Europe__Paris, "02:30", "2026-03-28", Some("2026-03-28T01:30:00Z")),
        (Tz::Europe__Paris, "02:30", "2026-03-29", Some("2026-03-29T01:00:00Z")),
        (Tz::Europe__Paris, "02:30", "2026-03-30", Some("2026-03-30T00:30:00Z")),
        (Tz::Europe__Paris, "02:30", "2026-10-25", Some("2026-10-25T00:30:00Z")),
        (Tz::Europe__Paris, "02:30", "2026-10-26", Some("2026-10-26T01:30:00Z")),
        // Half an hour of summer time.
        (Tz::Australia__Lord_Howe, "02:15", "2026-10-04", Some("2026-10-03T15:30:00Z")),
        (Tz::Australia__Lord_Howe, "01:45", "2026-04-05", Some("2026-04-04T14:45:00Z")),
        // Two hours of summer time.
        (Tz::Antarctica__Troll, "02:59", "2026-03-29", Some("2026-03-29T01:00:00Z")),
        (Tz::Antarctica__Troll, "01:30", "2026-10-25", Some("2026-10-24T23:30:00Z")),
        // The date begins at 01:00.
        (Tz::America__Santiago, "00:00", "2026-09-06", Some("2026-09-06T04:00:00Z")),
        // The date ends at 23:00, so that its last hour becomes the first instant of the next date.
        (Tz::America__Nuuk, "23:30", "2026-03-28", Some("2026-03-29T01:00:00Z")),
        (Tz::America__Nuuk, "23:30", "2026-03-29", Some("2026-03-30T00:30:00Z")),
        // 23:30 becomes 00:30: both dates exist in part.
        (Tz::America__Toronto, "23:45", "1919-03-30", Some("1919-03-31T04:30:00Z")),
        (Tz::America__Toronto, "00:15", "1919-03-31", Some("1919-03-31T04:30:00Z")),
        // 00:01 becomes 23:01 of the date before.
        (Tz::America__St_Johns, "00:00", "2008-11-02", Some("2008-11-02T02:30:00Z")),
        (Tz::America__St_Johns, "23:30", "2008-11-01", Some("2008-11-02T02:00:00Z")),
        // Dates that do not exist.
        (Tz::Pacific__Apia, "09:00", "2011-12-29", Some("2011-12-29T19:00:00Z")),
        (Tz::Pacific__Apia, "09:00", "2011-12-30", None),
        (Tz::Pacific__Apia, "00:00", "2011-12-30", None),
        (Tz::Pacific__Apia, "00:00", "2011-12-31", Some("2011-12-30T10:00:00Z")),
        (Tz::Pacific__Kwajalein, "23:59", "1993-08-21", None),
        (Tz::Pacific__Kwajalein, "23:59", "1993-08-20", Some("1993-08-21T11:59:00Z")),
    ] {
        let found = daily(zone, time).fire(date(day)).map(text);
        assert_eq!(found.as_deref(), expected, "{zone} {day} {time}");
    }
}

#[test]
fn a_recurrence_fires_on_its_days_only() {
    let weekdays = on(&[Day::Fri, Day::Mon], Tz::UTC, "09:00");
    let dates = weekdays.between(date("2026-01-26"), date("2026-02-06"), 10).map(|fire| fire.date.to_string());
    assert_eq!(dates.collect::<Vec<_>>(), ["2026-01-26", "2026-01-30", "2026-02-02", "2026-02-06"]);

    let monday = date("2026-01-26");
    for (offset, day) in (0..).zip(Day::ALL) {
        let next = on(&[*day], Tz::UTC, "09:00").next(monday.pred_opt().unwrap());
        assert_eq!(next.map(|fire| fire.date), Some(monday + Days::new(offset)), "{day}");
    }
}

#[test]
fn the_next_fire_is_for_a_later_date() {
    let mondays = on(&[Day::Mon], Tz::UTC, "09:00");
    assert_eq!(mondays.next(date("2026-01-25")), Some(fire("2026-01-26", "2026-01-26T09:00:00Z")));
    assert_eq!(mondays.next(date("2026-01-26")), Some(fire("2026-02-02", "2026-02-02T09:00:00Z")));
    assert_eq!(on(&[], Tz::UTC, "09:00").next(date("2026-01-26")), None);
    assert_eq!(mondays.next(NaiveDate::MAX), None);
    // 30 December 2011 was to be a Friday.
    let fridays = on(&[Day::Fri], Tz::Pacific__Apia, "09:00");
    assert_eq!(fridays.next(date("2011-12-23")), Some(fire("2012-01-06", "2012-01-05T19:00:00Z")));
}

#[test]
fn a_leap_day_is_a_day() {
    let daily = daily(Tz::Europe__Paris, "08:00");
    assert_eq!(daily.next(date("2028-02-28")), Some(fire("2028-02-29", "2028-02-29T07:00:00Z")));
    assert_eq!(daily.next(date("2027-02-28")), Some(fire("2027-03-01", "2027-03-01T07:00:00Z")));
}

#[test]
fn after_a_save_the_fire_of_today_comes_first_unless_it_has_been() {
    let daily = daily(Tz::Europe__Paris, "08:00");
    let today = fire("2026-01-26", "2026-01-26T07:00:00Z");
    let tomorrow = fire("2026-01-27", "2026-01-27T07:00:00Z");
    for (now, last_fired, expected) in [
        ("2026-01-26T06:59:00Z", None, today),
        ("2026-01-26T15:00:00Z", None, today),
        ("2026-01-26T22:59:59Z", Some("2026-01-25"), today),
        ("2026-01-26T23:00:00Z", Some("2026-01-25"), tomorrow),
        ("2026-01-26T06:00:00Z", Some("2026-01-26"), tomorrow),
        ("2026-01-26T15:00:00Z", Some("2026-01-26"), tomorrow),
    ] {
        let found = daily.first(utc(now), last_fired.map(date));
        assert_eq!(found, Some(expected), "{now} {last_fired:?}");
    }
    assert_eq!(on(&[], Tz::UTC, "08:00").first(utc("2026-01-26T06:00:00Z"), None), None);
}

#[test]
fn a_changed_zone_does_not_fire_twice_for_a_date() {
    // It has fired for 27 January in Auckland, where that date begins eleven hours before it does in London.
    let now = utc("2026-01-26T20:00:00Z");
    let auckland = daily(Tz::Pacific__Auckland, "08:00");
    assert_eq!(auckland.first(now, None), Some(fire("2026-01-27", "2026-01-26T19:00:00Z")));

    let honolulu = daily(Tz::Pacific__Honolulu, "08:00");
    let last_fired = Some(date("2026-01-27"));
    assert_eq!(honolulu.first(now, last_fired), Some(fire("2026-01-28", "2026-01-28T18:00:00Z")));
    assert_eq!(auckland.first(now, last_fired), Some(fire("2026-01-28", "2026-01-27T19:00:00Z")));
    assert_eq!(honolulu.first(now, None), Some(fire("2026-01-26", "2026-01-26T18:00:00Z")));
}

#[test]
fn a_preview_has_both_ends_and_a_limit() {
    let daily = daily(Tz::UTC, "09:00");
    let count = |from, to, most| daily.between(date(from), date(to), most).count();
    assert_eq!(count("2026-01-01", "2026-01-31", 100), 31);
    assert_eq!(count("2026-01-01", "2026-01-01", 100), 1);
    assert_eq!(count("2026-01-02", "2026-01-01", 100), 0);
    assert_eq!(count("2026-01-01", "2199-12-31", 5), 5);
    assert_eq!(count("2026-01-01", "2026-01-31", 0), 0);
    assert_eq!(on(&[], Tz::UTC, "09:00").between(date("1900-01-01"), date("2199-12-31"), 5).count(), 0);
}

#[test]
fn a_fire_may_start_within_its_window_or_until_its_date_ends() {
    for (zone, time, day, catch_up_minutes, expected) in [
        (Tz::UTC, "09:00", "2026-01-26", None, "2026-01-27T00:00:00Z"),
        (Tz::UTC, "09:00", "2026-01-26", Some(90), "2026-01-26T10:30:00Z"),
        (Tz::UTC, "23:59", "2026-01-26", Some(1_440), "2026-01-27T23:59:00Z"),
        (Tz::UTC, "23:59", "2026-01-26", None, "2026-01-27T00:00:00Z"),
        (Tz::Europe__Paris, "08:00", "2026-01-26", None, "2026-01-26T23:00:00Z"),
        (Tz::Europe__Paris, "02:30", "2026-10-25", Some(90), "2026-10-25T02:00:00Z"),
        // The next date begins at 01:00.
        (Tz::America__Santiago, "08:00", "2026-09-05", None, "2026-09-06T04:00:00Z"),
        // The next date does not exist.
        (Tz::Pacific__Apia, "09:00", "2011-12-29", None, "2011-12-30T10:00:00Z"),
        // The fire moved to the next date.
        (Tz::America__Nuuk, "23:30", "2026-03-28", None, "2026-03-30T01:00:00Z"),
        (Tz::America__Nuuk, "23:30", "2026-03-28", Some(10), "2026-03-29T01:10:00Z"),
        (Tz::America__Toronto, "23:45", "1919-03-30", None, "1919-04-01T04:00:00Z"),
    ] {
        let recurrence = daily(zone, time);
        let fire = recurrence.on_or_after(date(day)).unwrap();
        assert_eq!(text(recurrence.latest_start(fire, catch_up_minutes)), expected, "{zone} {day} {time}");
    }
}

#[test]
fn a_fire_is_missed_after_its_window_unless_it_was_past_when_saved() {
    let daily = daily(Tz::UTC, "09:00");
    let fire = fire("2026-01-26", "2026-01-26T09:00:00Z");
    for (catch_up_minutes, saved_at, now, expected) in [
        (Some(10), "2026-01-26T08:59:59Z", "2026-01-26T09:10:00Z", false),
        (Some(10), "2026-01-26T08:59:59Z", "2026-01-26T09:10:01Z", true),
        (Some(10), "2026-01-26T09:00:00Z", "2026-01-26T09:10:01Z", false),
        (Some(10), "2026-01-26T15:00:00Z", "2026-01-26T15:00:15Z", false),
        (None, "2026-01-25T00:00:00Z", "2026-01-27T00:00:00Z", false),
        (None, "2026-01-25T00:00:00Z", "2026-01-27T00:00:01Z", true),
        (None, "2026-01-26T23:59:59Z", "2026-01-27T00:00:14Z", false),
    ] {
        let until = daily.start_until(fire, catch_up_minutes, utc(saved_at));
        let missed = until.is_some_and(|until| utc(now) > until);
        assert_eq!(missed, expected, "{catch_up_minutes:?} {saved_at} {now}");
    }
}

#[test]
fn a_week_is_that_of_the_zone() {
    for (at, zone, expected) in [
        ("2026-03-25T12:00:00Z", Tz::UTC, "2026-W13"),
        ("2026-01-04T23:59:59Z", Tz::UTC, "2026-W01"),
        ("2026-01-04T23:59:59Z", Tz::Europe__Paris, "2026-W02"),
        ("2026-01-05T00:00:00Z", Tz::America__New_York, "2026-W01"),
        // 2026 has 53 weeks; the first of January 2027 is in the last one.
        ("2027-01-01T12:00:00Z", Tz::UTC, "2026-W53"),
        ("2027-01-04T00:00:00Z", Tz::UTC, "2027-W01"),
        // The last days of 2024 are in the first week of 2025.
        ("2024-12-30T00:00:00Z", Tz::UTC, "2025-W01"),
        ("2024-12-29T20:00:00Z", Tz::Asia__Kathmandu, "2025-W01"),
        ("2024-12-29T18:14:59Z", Tz::Asia__Kathmandu, "2024-W52"),
        ("2021-01-03T23:59:59Z", Tz::UTC, "2020-W53"),
    ] {
        assert_eq!(iso_week(utc(at), zone), expected, "{at} {zone}");
    }
}

#[test]
fn the_zone_data_has_a_version() {
    let (year, letter) = zone_data_version().split_at(4);
    assert!(year.parse::<u16>().unwrap() >= 2025 && letter.len() == 1, "{year}{letter}");
}

fn any_date() -> impl Strategy<Value = NaiveDate> {
    (0u64..109_000).prop_map(|days| date("1900-01-01") + Days::new(days))
}

fn any_recurrence() -> impl Strategy<Value = Recurrence> {
    let days = prop::sample::subsequence(Day::ALL.to_vec(), 0..=7).prop_shuffle();
    let zone = prop::sample::select(TZ_VARIANTS.to_vec());
    (days, zone, 0..24u32, 0..60u32).prop_map(|(days, zone, hour, minute)| Recurrence {
        days,
        zone,
        time: NaiveTime::from_hms_opt(hour, minute, 0).unwrap(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn fires_follow_each_other_and_skip_none(recurrence in any_recurrence(), start in any_date()) {
        let fires: Vec<Fire> = recurrence.between(start, start + Days::new(60), 100).collect();

        for pair in fires.windows(2) {
            prop_assert!(pair[0].date < pair[1].date && pair[0].at < pair[1].at, "{pair:?}");
            prop_assert_eq!(recurrence.next(pair[0].date), Some(pair[1]));
        }
        let expected = start.iter_days().take(61).filter_map(|date| {
            recurrence.fire(date).map(|at| Fire { date, at })
        });
        prop_assert_eq!(fires, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_date_fires_if_and_only_if_its_day_is_chosen(recurrence in any_recurrence(), start in any_date()) {
        // Dates that a zone skipped when it crossed the date line.
        let skipped = [date("1993-08-21"), date("1994-12-31"), date("2011-12-30")];
        for date in start.iter_days().take(14).filter(|date| !skipped.contains(date)) {
            let day = date.format("%a").to_string().to_lowercase();
            let chosen = recurrence.days.iter().any(|chosen| chosen.as_str() == day);
            prop_assert_eq!(recurrence.fire(date).is_some(), chosen, "{}", date);
        }
    }

    #[test]
    fn the_first_fire_is_of_today_or_later_and_after_the_last(
        recurrence in any_recurrence(), today in any_date(), second in 0i64..86_400, ago in prop::option::of(-2i64..10),
    ) {
        let now = today.and_time(NaiveTime::MIN).and_utc() + Duration::seconds(second);
        let shown = now.with_timezone(&recurrence.zone).date_naive();
        let last_fired = ago.map(|days| shown - Duration::days(days));

        let first = recurrence.first(now, last_fired);

        prop_assert_eq!(first.is_none(), recurrence.days.is_empty());
        if let Some(first) = first {
            prop_assert!(first.date >= shown && last_fired.is_none_or(|fired| first.date > fired), "{first:?}");
            let earliest = last_fired.and_then(|fired| fired.succ_opt()).map_or(shown, |date| date.max(shown));
            let earlier = earliest.iter_days().take_while(|date| *date < first.date);
            prop_assert!(earlier.into_iter().all(|date| recurrence.fire(date).is_none()), "{first:?}");
        }
    }

    #[test]
    fn a_fire_may_start_when_it_is_due(
        recurrence in any_recurrence(), start in any_date(), minutes in prop::option::of(1u32..=1_440),
    ) {
        for fire in recurrence.between(start, start + Days::new(14), 14) {
            let end = recurrence.latest_start(fire, minutes);
            let long_ago = fire.at - Duration::days(1);

            // Pacific/Kwajalein had 30 September 1969 almost twice.
            prop_assert!(end > fire.at && end - fire.at <= Duration::hours(48), "{fire:?} {end}");
            prop_assert_eq!(recurrence.start_until(fire, minutes, long_ago), Some(end));
            prop_assert_eq!(recurrence.start_until(fire, minutes, fire.at), None);
        }
    }

    #[test]
    fn a_week_is_a_year_and_a_number(date in any_date(), zone in prop::sample::select(TZ_VARIANTS.to_vec())) {
        let at = date.and_time(NaiveTime::MIN).and_utc();
        let local = at.with_timezone(&zone).date_naive();
        // The week of a date is that of its Thursday, and the first one has the year's first Thursday.
        let thursday = local - Duration::days(i64::from(local.weekday().num_days_from_monday())) + Duration::days(3);
        let week = format!("{}-W{:02}", thursday.year(), thursday.ordinal0() / 7 + 1);
        prop_assert_eq!(iso_week(at, zone), week);
    }
}
