//! The words: one spelling each, weeks by their zone's clocks, instants as they were written.

use chrono::{DateTime, Days, NaiveTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::*;
use crate::values::local_time::instant;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn every_word_is_read_by_its_spelling_and_no_other() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(*format));
        assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        assert_eq!(format.label().to_lowercase(), format.as_str());
    }
    for platform in Platform::ALL {
        assert_eq!(platform.as_str().parse(), Ok(Outlet::Platform(*platform)));
    }
    assert_eq!("newsletter".parse(), Ok(Outlet::Newsletter));
    for wrong in ["", "Reel", "video", "beta-launch "] {
        assert!(wrong.parse::<Format>().is_err() && wrong.parse::<SchedulePreset>().is_err(), "{wrong}");
        assert!(wrong.parse::<Outlet>().is_err(), "{wrong}");
    }
}

#[test]
fn the_list_in_a_refusal_names_every_word() {
    fn named<T: FromStr<Err = InvalidText>>(all: &[T], spelling: impl Fn(&T) -> &'static str) {
        let Err(InvalidText(expected)) = "".parse::<T>() else { panic!("no word is empty") };
        assert_eq!(expected, format!("one of {}", all.iter().map(spelling).collect::<Vec<_>>().join(", ")));
    }
    named(Format::ALL, |word| word.as_str());
    named(Stage::ALL, |word| word.as_str());
    named(SchedulePreset::ALL, |word| word.as_str());
    named(TimeOfDay::ALL, |word| word.as_str());
}

#[test]
fn a_placement_id_is_an_id_like_any_other() {
    for good in ["p1", "plc 7/2", "post #1", &"é".repeat(128)] {
        assert_eq!(good.parse::<PlacementId>().unwrap().as_str(), good);
    }
    assert!("a\nb".parse::<PlacementId>().is_err());
    let monday = day("2026-01-26");
    for made in [PlacementId::of_preset(monday, Platform::Tiktok), PlacementId::of_newsletter(monday)] {
        assert_eq!(made.as_str().parse(), Ok(made));
    }
}

#[test]
fn a_time_of_day_is_read_off_the_clocks_of_the_zone() {
    let table = [
        ("2026-01-26T17:00:00Z", Tz::America__Los_Angeles, TimeOfDay::Morning),
        ("2026-01-26T17:00:00Z", Tz::UTC, TimeOfDay::Evening),
        ("2026-01-26T11:59:59Z", Tz::UTC, TimeOfDay::Morning),
        ("2026-01-26T12:00:00Z", Tz::UTC, TimeOfDay::Afternoon),
        ("2026-01-26T16:59:59Z", Tz::UTC, TimeOfDay::Afternoon),
        ("2026-01-26T20:59:59Z", Tz::UTC, TimeOfDay::Evening),
        ("2026-01-26T21:00:00Z", Tz::UTC, TimeOfDay::Night),
        ("2026-01-26T04:59:59Z", Tz::UTC, TimeOfDay::Night),
        ("2026-01-26T05:00:00Z", Tz::UTC, TimeOfDay::Morning),
        // A quarter to six in the evening there.
        ("2026-01-26T12:00:00Z", Tz::Asia__Kathmandu, TimeOfDay::Evening),
    ];
    for (instant, zone, expected) in table {
        assert_eq!(TimeOfDay::of(at(instant), zone), expected, "{instant} {zone}");
    }
}

#[test]
fn two_spellings_of_one_instant_are_equal_and_two_instants_are_not() {
    let read = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(read("2026-01-26T09:00:00Z"), read("2026-01-26T10:00:00+01:00"));
    assert_ne!(read("2026-01-26T09:00:00Z"), read("2026-01-26T09:00:01Z"));
}

#[test]
fn a_week_shows_instants_by_the_clocks_of_its_zone() {
    let week = Week { start: day("2026-01-26"), zone: Tz::Asia__Kathmandu };
    let shown = (week.date_of(at("2026-01-26T18:30:00Z")), week.time_of(at("2026-01-26T18:30:00Z")));
    assert_eq!(shown, (day("2026-01-27"), NaiveTime::from_hms_opt(0, 15, 0).unwrap()));
}

#[test]
fn what_was_written_in_utc_is_given_back_as_it_was_written() {
    let table = [
        ("2026-01-26T17:00:00Z", "2026-01-26T17:00:00Z"),
        ("2026-01-26T17:00:00.000Z", "2026-01-26T17:00:00.000Z"),
        ("2026-01-26T09:00:00-08:00", "2026-01-26T17:00:00Z"),
        ("2026-01-26T17:00:00+00:00", "2026-01-26T17:00:00Z"),
    ];
    for (sent, shown) in table {
        let read: Timestamp = sent.parse().unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), sent);
        assert_eq!(read.clone().in_utc().as_str(), shown);
        assert_eq!(read, at("2026-01-26T17:00:00Z").into());
    }
    let finer: Timestamp = "2026-01-26T17:00:00.123456789Z".parse().unwrap();
    assert_eq!(finer.at(), at("2026-01-26T17:00:00.123456Z"));
}

#[test]
fn a_week_has_an_hour_more_or_less_where_the_clocks_change() {
    let hours = |start: &str, zone: Tz| {
        let week = Week { start: day(start), zone };
        let midnight = |date: NaiveDate| instant(date, NaiveTime::MIN, zone);
        (midnight(week.start + Days::new(7)) - midnight(week.start)).num_hours()
    };
    assert_eq!(hours("2026-03-02", Tz::America__Los_Angeles), 167);
    assert_eq!(hours("2026-10-26", Tz::America__Los_Angeles), 169);
    assert_eq!(hours("2026-01-26", Tz::America__Los_Angeles), 168);
}

proptest! {
    #[test]
    fn a_week_holds_its_seven_dates_and_no_other(days in 0u64..100_000, other in -20i64..20) {
        let week = Week { start: day("1900-01-01") + Days::new(days), zone: Tz::UTC };
        let date = week.start + chrono::Duration::days(other);
        prop_assert_eq!(week.holds(date), week.dates().any(|held| held == date));
        prop_assert_eq!(week.holds(date), (0..7).contains(&other));
    }

    #[test]
    fn the_date_of_an_instant_is_the_one_its_zone_shows(
        seconds in -2_000_000_000i64..6_000_000_000, zone in prop::sample::select(TZ_VARIANTS.to_vec()),
    ) {
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        let week = Week { start: day("2026-01-26"), zone };
        prop_assert_eq!(week.date_of(at), at.with_timezone(&zone).date_naive());
    }
}
