//! Slots of representative requests as a golden file. Clients that compute slots themselves, for a dry run without the
//! service, are checked against the same file.

use std::{collections::BTreeSet, fs, path::PathBuf};

use super::*;
use crate::calendar::{content::wire_instant, rules::wire_time};

/// A request, and what it has to give: `key time scheduledAt` of each slot, or the code of its refusal.
fn wire(name: &str, body: Value) -> Value {
    match slots_of(body.clone()) {
        Ok(slots) => {
            let slot =
                |slot: &Slot| format!("{} {} {}", slot.key, wire_time(slot.time), wire_instant(slot.scheduled_at));
            json!({"name": name, "request": body, "slots": slots.iter().map(slot).collect::<Vec<_>>()})
        }
        Err(Refusal::Rule { code, .. }) => json!({"name": name, "request": body, "error": code.as_str()}),
        Err(other) => panic!("{name}: {other:?}"),
    }
}

fn slots_of(body: Value) -> Result<Vec<Slot>, Refusal> {
    let request = CalendarRequest::parse(serde_json::from_value(body).expect("a body"))?;
    compute(&request, 200)
}

fn golden() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/slots.json"))
}

fn found() -> Value {
    let all = cadences().into_iter().chain(constraints()).chain(zones()).chain(refusals());
    all.map(|(name, body)| wire(name, body)).collect()
}

fn cadences() -> Vec<(&'static str, Value)> {
    let eight = ["instagram", "facebook", "tiktok", "youtube", "linkedin", "blog", "x", "a-b_9"];
    vec![
        ("one day", json!({"channels": ["instagram"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-26"})),
        (
            "daily over a leap day",
            json!({"channels": ["instagram"], "cadence": "daily", "start": "2028-02-27", "end": "2028-03-02"}),
        ),
        (
            "eight channels at their usual times",
            json!({"channels": eight, "cadence": "daily", "start": "2026-12-31", "end": "2027-01-01"}),
        ),
        (
            "a channel named twice",
            json!({"channels": ["tiktok", "blog", "tiktok"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-27"}),
        ),
        (
            "weekly, its last date included",
            json!({"channels": ["x"], "cadence": "weekly", "start": "2026-02-26", "end": "2026-03-12"}),
        ),
        (
            "weekly for two years",
            json!({"channels": ["x"], "cadence": "weekly", "start": "1999-12-31", "end": "2001-12-28"}),
        ),
        (
            "monthly on the 31st over a leap year",
            json!({"channels": ["x", "instagram"], "cadence": "monthly", "start": "2027-12-31", "end": "2029-02-28"}),
        ),
        (
            "monthly on 29 February",
            json!({"channels": ["x"], "cadence": "monthly", "start": "2028-02-29", "end": "2029-03-28"}),
        ),
        (
            "two hundred slots",
            json!({"channels": eight, "cadence": "daily", "start": "2026-01-01", "end": "2026-01-25"}),
        ),
    ]
}

fn constraints() -> Vec<(&'static str, Value)> {
    vec![
        (
            "times of channels",
            json!({
                "channels": ["instagram", "blog"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-27",
                "constraints": {"times": {"instagram": "07:30", "blog": "23:59", "youtube": "00:00"}},
            }),
        ),
        (
            "dates to skip, some outside the range",
            json!({
                "channels": ["x", "blog"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-30",
                "constraints": {"skipDates": ["2026-01-28", "2030-01-01", "2026-01-28"]},
            }),
        ),
        (
            "weekends to skip",
            json!({
                "channels": ["x"], "cadence": "daily", "start": "2026-01-28", "end": "2026-02-09",
                "constraints": {"skipWeekdays": ["sat", "sun"], "skipDates": ["2026-02-02"], "topics": ["coffee"]},
            }),
        ),
        (
            "weekdays to skip in a monthly cadence",
            json!({
                "channels": ["x"], "cadence": "monthly", "start": "2026-01-31", "end": "2026-12-31",
                "constraints": {"skipWeekdays": ["mon", "tue", "wed", "thu", "fri"]},
            }),
        ),
        (
            "constraints that are null",
            json!({
                "channels": ["x"], "cadence": "weekly", "start": "2026-01-26", "end": "2026-02-02",
                "constraints": {"times": null, "skipDates": null, "tone": "warm"}, "timezone": null, "title": null,
            }),
        ),
    ]
}

fn zones() -> Vec<(&'static str, Value)> {
    let at = |zone: &str, time: &str, start: &str, end: &str| {
        json!({
            "channels": ["x"], "cadence": "daily", "start": start, "end": end, "timezone": zone,
            "constraints": {"times": {"x": time}},
        })
    };
    vec![
        ("summer time begins in Paris", at("Europe/Paris", "02:30", "2026-03-28", "2026-03-30")),
        ("summer time ends in Paris", at("Europe/Paris", "02:30", "2026-10-24", "2026-10-26")),
        ("summer time begins in New York", at("America/New_York", "02:00", "2026-03-07", "2026-03-09")),
        ("a quarter to six hours", at("Asia/Kathmandu", "00:15", "2026-02-28", "2026-03-01")),
        ("half an hour of summer time", at("Australia/Lord_Howe", "02:15", "2026-10-03", "2026-10-05")),
        ("a midnight that does not exist", at("America/Santiago", "00:00", "2026-09-05", "2026-09-07")),
        ("a date that does not exist", at("Pacific/Apia", "09:00", "2011-12-29", "2011-12-31")),
        ("a name of another zone", at("Asia/Calcutta", "09:00", "2026-01-26", "2026-01-26")),
        ("the last summer that the zones know", at("Europe/Paris", "09:00", "2099-07-01", "2099-07-01")),
        ("a summer after it", at("Europe/Paris", "09:00", "2100-07-01", "2100-07-01")),
        ("a winter of the south after it", at("Australia/Sydney", "09:00", "2150-07-01", "2150-07-01")),
        ("UTC by name", at("UTC", "09:00", "2026-01-26", "2026-01-26")),
    ]
}

fn refusals() -> Vec<(&'static str, Value)> {
    let daily = |start: &str, end: &str| json!({"channels": ["x"], "cadence": "daily", "start": start, "end": end});
    let mut in_atlantis = daily("2026-01-26", "2026-01-27");
    in_atlantis["timezone"] = json!("Europe/Atlantis");
    let mut skipped = daily("2026-01-31", "2026-02-01");
    skipped["constraints"] = json!({"skipWeekdays": ["sat", "sun"]});
    vec![
        ("an end before its start", daily("2026-01-26", "2026-01-25")),
        ("an unknown time zone", in_atlantis),
        ("two hundred slots and one", daily("2026-01-01", "2026-07-20")),
        ("every date skipped", skipped),
    ]
}

#[test]
fn slots_are_computed_as_their_golden_file_says() {
    let expected: Value = serde_json::from_str(&fs::read_to_string(golden()).expect("a golden file")).expect("JSON");
    let found = found();
    let both = found.as_array().into_iter().flatten().zip(expected.as_array().into_iter().flatten());
    for (found, expected) in both {
        assert_eq!(found, expected, "{found:#}");
    }
    assert_eq!(found.as_array().map(Vec::len), expected.as_array().map(Vec::len));
}

#[test]
#[ignore = "writes the golden file; run it by hand after a wanted change and read the difference"]
fn write_the_golden_file() {
    fs::write(golden(), format!("{:#}\n", found())).expect("a file");
}

/// The list of `web/next`, which a dry run without the service goes by.
#[test]
fn the_zones_of_the_web_are_those_that_are_known_here() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/next/src/zones.ts");
    let text = fs::read_to_string(path).expect("a list of zones");
    let listed: BTreeSet<&str> = text.rsplit('`').nth(1).expect("a template").split_whitespace().collect();

    let known: BTreeSet<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    assert!(!listed.is_empty());
    assert_eq!(listed, known);
}
