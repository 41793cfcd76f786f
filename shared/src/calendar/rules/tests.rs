//! Every flaw and every rule of a request, by table.

use serde_json::json;

use super::*;

fn parse(change: Value) -> Result<CalendarRequest, Refusal> {
    let mut body = json!({"channels": ["instagram"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-30"});
    body.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
    CalendarRequest::parse(serde_json::from_value(body).unwrap())
}

fn flaws(change: Value) -> Vec<String> {
    match parse(change.clone()) {
        Err(Refusal::InvalidFields(flaws)) => {
            flaws.iter().map(|flaw| format!("{} {}", Value::from(flaw.loc.clone()), flaw.kind)).collect()
        }
        other => panic!("{change}: {other:?}"),
    }
}

#[test]
fn a_plain_request_is_taken_with_utc_as_its_zone() {
    let request = parse(json!({})).unwrap();
    assert_eq!((request.zone, request.calendar_id, request.title), (Tz::UTC, None, None));
    let request = parse(json!({"timezone": "Asia/Kathmandu", "title": " Spring ", "start": "1999-12-31"})).unwrap();
    assert_eq!((request.zone, request.title.as_deref()), (Tz::Asia__Kathmandu, Some("Spring")));
}

#[test]
fn every_flaw_is_named_with_the_way_to_it() {
    let table = [
        (json!({"channels": []}), vec![r#"["channels"] too_short"#]),
        (json!({"channels": ["a", "b", "c", "d", "e", "f", "g", "h", "i"]}), vec![r#"["channels"] too_long"#]),
        (
            json!({"channels": ["ok", "Insta", "", "1a", "a b", "é"]}),
            vec![
                r#"["channels",1] value"#,
                r#"["channels",2] value"#,
                r#"["channels",3] value"#,
                r#"["channels",4] value"#,
                r#"["channels",5] value"#,
            ],
        ),
        (json!({"channels": ["a".repeat(33)]}), vec![r#"["channels",0] value"#]),
        (json!({"cadence": "hourly"}), vec![r#"["cadence"] value"#]),
        (json!({"cadence": "Daily"}), vec![r#"["cadence"] value"#]),
        (json!({"start": "2026-02-29", "end": "26-01-30"}), vec![r#"["start"] date"#, r#"["end"] date"#]),
        (json!({"start": "2026-1-26"}), vec![r#"["start"] date"#]),
        (json!({"start": "2026-01-26T00:00:00Z"}), vec![r#"["start"] date"#]),
        (json!({"start": "0206-01-26"}), vec![r#"["start"] date"#]),
        (json!({"calendarId": "x", "planId": "y"}), vec![r#"["calendarId"] uuid"#, r#"["planId"] uuid"#]),
        (json!({"title": " "}), vec![r#"["title"] too_short"#]),
        (json!({"title": "x".repeat(201)}), vec![r#"["title"] too_long"#]),
    ];
    for (change, expected) in table {
        assert_eq!(flaws(change.clone()), expected, "{change}");
    }
}

#[test]
fn malformed_constraints_are_named_to_the_item() {
    let table = [
        (json!({"topics": "coffee"}), r#"["constraints","topics"] type"#),
        (json!({"topics": ["coffee", 1]}), r#"["constraints","topics",1] type"#),
        (json!({"avoid": [""]}), r#"["constraints","avoid",0] too_short"#),
        (json!({"tone": 1}), r#"["constraints","tone"] type"#),
        (json!({"audience": "x".repeat(501)}), r#"["constraints","audience"] too_long"#),
        (json!({"language": ["fr"]}), r#"["constraints","language"] type"#),
        (json!({"brand": 1}), r#"["constraints","brand"] type"#),
        (json!({"times": ["09:00"]}), r#"["constraints","times"] type"#),
        (json!({"times": {"x": "9:00"}}), r#"["constraints","times","x"] time"#),
        (json!({"times": {"x": "24:00"}}), r#"["constraints","times","x"] time"#),
        (json!({"times": {"X": "09:00"}}), r#"["constraints","times","X"] value"#),
        (json!({"skipDates": ["2026-13-01"]}), r#"["constraints","skipDates",0] value"#),
        (json!({"skipWeekdays": ["monday"]}), r#"["constraints","skipWeekdays",0] value"#),
        (json!({"anything": "x".repeat(CONSTRAINTS_MAX)}), r#"["constraints"] too_long"#),
    ];
    for (constraints, expected) in table {
        assert_eq!(flaws(json!({"constraints": constraints})), [expected]);
    }
    let several = [r#"["constraints","skipDates",0] type"#, r#"["constraints","skipDates",1] value"#];
    assert_eq!(flaws(json!({"constraints": {"skipDates": [5, "x"]}})), several);
}

#[test]
fn well_formed_requests_are_refused_by_rules() {
    let table = [
        (json!({"end": "2026-01-25"}), Code::EndBeforeStart, "end"),
        (json!({"timezone": "Europe/Atlantis"}), Code::UnknownTimeZone, "timezone"),
        (json!({"timezone": ""}), Code::UnknownTimeZone, "timezone"),
        (json!({"timezone": "+02:00"}), Code::UnknownTimeZone, "timezone"),
    ];
    for (change, expected, at) in table {
        match parse(change.clone()) {
            Err(Refusal::Rule { code, field, .. }) => assert_eq!((code, field), (expected, at)),
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[test]
fn keys_that_are_not_known_are_kept_for_the_model_and_null_is_as_good_as_absent() {
    let constraints =
        json!({"tone": null, "topics": ["coffee"], "season": {"name": "spring"}, "brand": {"name": "Bean"}});
    let request = parse(json!({"constraints": constraints})).unwrap();
    assert_eq!(
        Value::from(request.constraints.all),
        json!({"topics": ["coffee"], "season": {"name": "spring"}, "brand": {"name": "Bean"}})
    );
}

#[test]
fn a_request_covers_its_channels_between_its_dates_by_key() {
    let request = parse(json!({})).unwrap();
    let table = [
        ("instagram:2026-01-26:1", true),
        ("instagram:2026-01-30:h2", true),
        ("instagram:2026-01-31:1", false),
        ("instagram:2026-01-25:1", false),
        ("tiktok:2026-01-26:1", false),
    ];
    for (key, covered) in table {
        assert_eq!(request.covers(&key.parse().unwrap()), covered, "{key}");
    }
}

#[test]
fn a_key_has_one_spelling() {
    for key in ["instagram:2026-01-26:1", "a:1900-01-01:h12"] {
        assert_eq!(key.parse::<super::super::EntryKey>().unwrap().to_string(), key);
    }
    for text in [
        "",
        "a",
        "a:2026-01-26",
        "a:2026-01-26:0",
        "a:2026-01-26:01",
        "a:2026-01-26:+1",
        "a:2026-01-26:h",
        "A:2026-01-26:1",
        "a:2026-1-26:1",
        "a:2026-01-26:1:1",
    ] {
        assert!(text.parse::<super::super::EntryKey>().is_err(), "{text}");
    }
}

#[test]
fn a_calendar_without_a_title_is_named_by_its_channels_and_dates() {
    let name = |change: Value| parse(change).unwrap().name();
    assert_eq!(name(json!({"end": "2026-01-26"})), "instagram: 2026-01-26");
    assert_eq!(name(json!({"channels": ["x", "tiktok"]})), "x, tiktok: 2026-01-26 to 2026-01-30");
    // Six names and what stands between them are 174 bytes, the dates 24.
    let long = |last: usize| {
        let names: Vec<String> = ('a'..='e').map(|first| first.to_string().repeat(32)).collect();
        let names: Vec<String> = names.into_iter().chain(["f".repeat(last)]).collect();
        (names.join(", "), name(json!({ "channels": names })))
    };
    let (all, fits) = long(4);
    assert_eq!((fits.len(), fits), (TITLE_MAX, format!("{all}: 2026-01-26 to 2026-01-30")));
    assert_eq!(long(5).1, format!("{} and 5 more: 2026-01-26 to 2026-01-30", "a".repeat(32)));
}

#[test]
fn the_known_constraints_are_read() {
    let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let constraints = json!({
        "language": " fr ", "times": {"instagram": "07:30"}, "skipDates": ["2026-01-27"], "skipWeekdays": weekdays,
        "brand": "Bean",
    });
    let read = parse(json!({ "constraints": constraints })).unwrap().constraints;
    assert_eq!(read.language.as_deref(), Some("fr"));
    let (channel, time) = read.times.into_iter().next().unwrap();
    assert_eq!((channel.as_str(), wire_time(time)), ("instagram", "07:30".to_owned()));
    assert_eq!(read.skip_dates, BTreeSet::from(["2026-01-27".parse().unwrap()]));
    let monday = Weekday::Mon;
    let all: Vec<Weekday> = std::iter::successors(Some(monday), |day| Some(day.succ())).take(7).collect();
    assert_eq!(read.skip_weekdays, all);

    let silent = parse(json!({"constraints": {"language": " "}})).unwrap().constraints;
    assert_eq!((silent.language, silent.times.len()), (None, 0));
    let named = |chars: usize| parse(json!({"constraints": {"brand": "x".repeat(chars)}}));
    assert!(named(200).is_ok() && named(201).is_err());
}

#[test]
fn a_date_is_skipped_by_itself_or_by_its_weekday() {
    let constraints = json!({"skipDates": ["2026-01-27"], "skipWeekdays": ["fri"]});
    let constraints = parse(json!({ "constraints": constraints })).unwrap().constraints;
    let skipped = |date: &str| constraints.skips(date.parse().unwrap());
    assert_eq!(["2026-01-27", "2026-01-30", "2026-01-28"].map(skipped), [true, true, false]);
}

#[test]
fn constraints_may_have_their_maximum_of_bytes() {
    let of_size = |size: usize| parse(json!({"constraints": {"a": "x".repeat(size - r#"{"a":""}"#.len())}}));
    assert!(of_size(32_768).is_ok() && of_size(32_769).is_err());
}
