//! Every rule of a request, by table.

use serde_json::{Value, json};

use super::*;

fn body() -> ScheduleBody {
    ScheduleBody {
        enabled: true,
        days: vec!["mon".into(), "fri".into()],
        time_utc: "09:00".into(),
        emails: vec!["test@example.com".into()],
        ..ScheduleBody::default()
    }
}

fn texts<const N: usize>(list: [&str; N]) -> Vec<String> {
    list.map(str::to_owned).into()
}

fn with_emails<const N: usize>(emails: [&str; N]) -> Result<Schedule, Refusal> {
    Schedule::parse(ScheduleBody { emails: texts(emails), ..body() })
}

fn with_days<const N: usize>(days: [&str; N]) -> Result<Schedule, Refusal> {
    Schedule::parse(ScheduleBody { days: texts(days), ..body() })
}

fn with_local(timezone: Option<&str>, time_local: Option<&str>) -> Result<Schedule, Refusal> {
    let (timezone, time_local) = (timezone.map(str::to_owned), time_local.map(str::to_owned));
    Schedule::parse(ScheduleBody { timezone, time_local, ..body() })
}

/// The code of the refusal, and place and code of each problem.
fn problems(parsed: Result<Schedule, Refusal>) -> (Code, Vec<String>) {
    match parsed {
        Err(Refusal::Rules { code, channel: None, flaws }) => {
            (code, flaws.iter().map(|flaw| format!("{} {}", Value::from(flaw.loc.clone()), flaw.kind)).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn only_problem(parsed: Result<Schedule, Refusal>) -> String {
    let (code, found) = problems(parsed);
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert!(problem.ends_with(code.as_str()), "{problem}");
    problem.clone()
}

#[test]
fn a_plain_schedule_is_in_utc() {
    let schedule = Schedule::parse(body()).unwrap();

    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
    let expected = Schedule {
        enabled: true,
        days: vec![Day::Mon, Day::Fri],
        time_utc: nine,
        local: None,
        emails: texts(["test@example.com"]),
        catch_up_minutes: None,
    };
    assert_eq!(schedule, expected);
    let recurrence = Recurrence { days: vec![Day::Mon, Day::Fri], time: nine, zone: Tz::UTC };
    assert_eq!(schedule.recurrence(), recurrence);
}

#[test]
fn a_local_time_takes_precedence() {
    let schedule = with_local(Some("Europe/Paris"), Some("07:30")).unwrap();

    let (zone, time) = (Tz::Europe__Paris, NaiveTime::from_hms_opt(7, 30, 0).unwrap());
    assert_eq!(schedule.local, Some(LocalTime { zone, time }));
    assert_eq!(schedule.time_utc, NaiveTime::from_hms_opt(9, 0, 0).unwrap());
    assert_eq!(schedule.recurrence(), Recurrence { days: schedule.days, time, zone });
}

#[test]
fn days_keep_their_order_and_lose_repetitions() {
    let days = |parsed: Result<Schedule, Refusal>| parsed.unwrap().days;
    assert_eq!(days(with_days(["sun", "mon", "sun", "fri", "mon"])), [Day::Sun, Day::Mon, Day::Fri]);
    assert_eq!(days(with_days([])), []);
    for day in ["", "Mon", "monday", " mon", "mo", "lun"] {
        assert_eq!(only_problem(with_days(["tue", day])), r#"["days",1] INVALID_DAY"#, "{day}");
    }
}

#[test]
fn a_time_is_two_digits_of_hours_and_two_of_minutes() {
    for text in ["00:00", "08:05", "23:59"] {
        let parsed = Schedule::parse(ScheduleBody { time_utc: text.into(), ..body() }).unwrap();
        assert_eq!(local_time::wire_time(parsed.time_utc), text);
    }
    for text in ["", "24:00", "12:60", "9:05", "09:05:00", "0905", " 09:05", "-1:00", "０９:05"] {
        let parsed = Schedule::parse(ScheduleBody { time_utc: text.into(), ..body() });
        assert_eq!(only_problem(parsed), r#"["time_utc"] INVALID_TIME"#, "{text}");
        let parsed = with_local(Some("Europe/Paris"), Some(text));
        assert_eq!(only_problem(parsed), r#"["time_local"] INVALID_TIME"#, "{text}");
    }
}

#[test]
fn zone_and_local_time_come_together() {
    for (timezone, time_local, expected) in [
        (Some("Europe/Paris"), None, r#"["time_local"] LOCAL_TIME_INCOMPLETE"#),
        (None, Some("07:30"), r#"["timezone"] LOCAL_TIME_INCOMPLETE"#),
        (Some("Mars/Base"), Some("07:30"), r#"["timezone"] UNKNOWN_TIME_ZONE"#),
        (Some("europe/paris"), Some("07:30"), r#"["timezone"] UNKNOWN_TIME_ZONE"#),
        (Some("+02:00"), Some("07:30"), r#"["timezone"] UNKNOWN_TIME_ZONE"#),
        (Some(""), Some("07:30"), r#"["timezone"] UNKNOWN_TIME_ZONE"#),
    ] {
        assert_eq!(only_problem(with_local(timezone, time_local)), expected, "{timezone:?} {time_local:?}");
    }
}

#[test]
fn a_catch_up_window_has_a_minute_to_a_day() {
    let with_minutes = |minutes| Schedule::parse(ScheduleBody { catch_up_minutes: Some(minutes), ..body() });
    for minutes in [1, 60, 1_440] {
        assert_eq!(with_minutes(minutes).unwrap().catch_up_minutes.map(i64::from), Some(minutes));
    }
    for minutes in [i64::MIN, -1, 0, 1_441, 1 << 32 | 1, i64::MAX] {
        assert_eq!(only_problem(with_minutes(minutes)), r#"["catch_up_minutes"] INVALID_CATCH_UP"#, "{minutes}");
    }
}

#[test]
fn addresses_are_trimmed_and_keep_their_spelling() {
    let emails = |parsed: Result<Schedule, Refusal>| parsed.unwrap().emails;
    assert_eq!(emails(with_emails([])), texts([]));
    assert_eq!(
        emails(with_emails([" Anna@Example.com\t", "bob@example.com"])),
        ["Anna@Example.com", "bob@example.com"]
    );
    assert_eq!(
        emails(with_emails(["b@example.com", "Anna@example.com", "anna@EXAMPLE.com"])),
        ["b@example.com", "Anna@example.com"]
    );
}

#[test]
fn a_fourth_address_is_refused_even_if_it_repeats_one() {
    let one = "test@example.com";
    assert_eq!(only_problem(with_emails([one; 4])), r#"["emails",3] TOO_MANY_EMAILS"#);
    assert_eq!(with_emails([one; 3]).unwrap().emails, [one]);
    let (code, found) = problems(with_emails(["bad", one, one, "not read", "not read"]));
    assert_eq!(code, Code::TooManyEmails);
    assert_eq!(found, [r#"["emails",3] TOO_MANY_EMAILS"#, r#"["emails",0] INVALID_EMAIL"#]);
}

#[test]
fn plain_addresses_are_accepted() {
    let local_of_64 = format!("{}@example.com", "l".repeat(64));
    let label_of_63 = format!("a@{}.com", "d".repeat(63));
    let of_254 = format!("{}@{}.{}.{}.com", "l".repeat(58), "a".repeat(63), "b".repeat(63), "c".repeat(63));
    assert_eq!(of_254.len(), 254);
    for email in [
        "a@b.co",
        "first.last+tag@example.co.uk",
        "o'brien@example.ie",
        "x_y-z%1=2@sub.example.com",
        "1234567890@example.com",
        "user@123.com",
        "user@xn--bcher-kva.example",
        &local_of_64,
        &label_of_63,
        &of_254,
    ] {
        assert_eq!(with_emails([email]).unwrap().emails, [email]);
    }
}

#[test]
fn other_texts_are_no_addresses() {
    let local_of_65 = format!("{}@example.com", "l".repeat(65));
    let label_of_64 = format!("a@{}.com", "d".repeat(64));
    let of_255 = format!("{}@{}.{}.{}.com", "l".repeat(59), "a".repeat(63), "b".repeat(63), "c".repeat(63));
    let grammar = ["", "   ", "plain", "@", "a@", "@example.com", "a@b", "a@@b.co", "a@b@c.co", "a b@c.co", "a@b c.co"];
    let dots = [".a@b.co", "a.@b.co", "a..b@c.co", "a@.b.co", "a@b.co.", "a@b..co", "a@-b.co", "a@b-.co", "a@b.-co"];
    let wider =
        ["\"a b\"@c.co", "A <a@b.co>", "<a@b.co>", "a@[1.2.3.4]", "a@1.2.3.4", "a@b_c.co", "a@b!c.co", "a(c)@b.co"];
    let headers = ["a@b.co\nBcc: c@d.co", "a@b.co\r\n.", "a\r\n@b.co", "a\0@b.co", "a\u{7f}@b.co", "a\t@b.co"];
    let several = ["a@b.co,c@d.co", "a@b.co;c@d.co", "a@b.co c@d.co", "mailto:a@b.co?cc=c@d.co"];
    let beyond_ascii = ["é@b.co", "a@é.co", "a\u{85}b@c.co", "a\u{200b}@b.co", "a\u{2028}@b.co", "a＠b.co"];
    let long = [local_of_65.as_str(), &label_of_64, &of_255];
    let all = [&grammar[..], &dots, &wider, &headers, &several, &beyond_ascii, &long].concat();
    for email in all {
        assert_eq!(only_problem(with_emails([email])), r#"["emails",0] INVALID_EMAIL"#, "{email:?}");
    }
}

#[test]
fn one_refusal_lists_every_problem_in_the_order_of_the_fields() {
    let parsed = Schedule::parse(ScheduleBody {
        enabled: false,
        days: texts(["mon", "x", "tue", "y"]),
        time_utc: "25:00".into(),
        timezone: Some("Mars/Base".into()),
        time_local: None,
        emails: texts(["a@b.co", "bad"]),
        catch_up_minutes: Some(0),
    });

    let (code, found) = problems(parsed);

    assert_eq!(code, Code::InvalidDay);
    let expected = [
        r#"["days",1] INVALID_DAY"#,
        r#"["days",3] INVALID_DAY"#,
        r#"["time_utc"] INVALID_TIME"#,
        r#"["timezone"] UNKNOWN_TIME_ZONE"#,
        r#"["time_local"] LOCAL_TIME_INCOMPLETE"#,
        r#"["emails",1] INVALID_EMAIL"#,
        r#"["catch_up_minutes"] INVALID_CATCH_UP"#,
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_long_list_of_problems_is_cut() {
    let (code, found) = problems(Schedule::parse(ScheduleBody { days: vec!["x".into(); 10_000], ..body() }));
    assert_eq!((code, found.len()), (Code::InvalidDay, PROBLEMS_MAX));
}

#[test]
fn messages_tell_what_to_send() {
    let messages = |parsed: Result<Schedule, Refusal>| match parsed {
        Err(Refusal::Rules { flaws, .. }) => flaws.into_iter().map(|flaw| flaw.message).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(messages(with_days(["x"])), ["A day must be one of mon, tue, wed, thu, fri, sat, sun."]);
    assert_eq!(messages(with_local(Some("UTC"), Some("9"))), ["`time_local` must be a time of day, HH:MM."]);
    assert_eq!(messages(with_local(Some("UTC"), None)), ["`timezone` and `time_local` must be sent together."]);
    assert_eq!(messages(with_emails(["a@b.co"; 4])), ["A schedule has at most 3 e-mail addresses."]);
    assert_eq!(messages(with_emails(["secret@"])), ["Not a valid e-mail address."]);
    let minutes = Schedule::parse(ScheduleBody { catch_up_minutes: Some(0), ..body() });
    assert_eq!(messages(minutes), ["`catch_up_minutes` must be from 1 to 1440."]);
    assert_eq!(json!(Code::TooManyEmails), "TOO_MANY_EMAILS");
}
