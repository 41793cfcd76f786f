//! The lines of a stream, byte for byte. The golden lines are the examples that clients are written from.

use serde_json::json;

use super::*;
use crate::events::event as log;

const LINES: &str = include_str!("../../../../tests/golden/organic/events.ndjson");

fn failure(code: Option<Code>, id: Option<&str>) -> Event {
    Event::Error(Failure { code, message: "No.".to_owned(), placement_id: id.map(|id| id.parse().unwrap()) })
}

#[test]
fn the_example_lines_round_trip_byte_for_byte() {
    for line in LINES.lines() {
        let event: Event = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
    }
    assert_eq!(LINES.lines().count(), 3);
}

#[test]
fn the_log_writes_an_example_line_as_the_type_and_its_data() {
    for line in LINES.lines() {
        let event: Event = serde_json::from_str(line).unwrap();
        let logged = log::Event::decoration(event.kind(), event.data().unwrap());
        let frame = log::Frame::of(&logged);
        assert_eq!(frame.bytes(log::Encoding::Ndjson), format!("{line}\n").as_bytes());
        assert_eq!(frame.last, event.kind() == "complete");
    }
}

#[test]
fn the_example_is_read_into_its_words() {
    let read = |line: &str| serde_json::from_str(line).unwrap();
    let events: Vec<Event> = LINES.lines().map(read).collect();
    let [Event::Progress(progress), Event::Placement { placement }, Event::Complete(complete)] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((progress.completed, progress.total, progress.stage), (1, 6, Some(Stage::Drafting)));
    assert_eq!(placement.content.kind, Format::Reel);
    assert_eq!(placement.schedule.time_of_day, TimeOfDay::Morning);
    assert_eq!(
        TimeOfDay::of(placement.schedule.scheduled_at.at(), chrono_tz::Tz::America__Los_Angeles),
        TimeOfDay::Morning
    );
    assert_eq!(*complete, Complete::default());
}

#[test]
fn what_is_not_there_is_left_out_but_the_account_of_a_newsletter_is_null() {
    let table = [
        (
            Event::Progress(Progress { completed: 0, total: 3, ..Progress::default() }),
            r#"{"type":"progress","completed":0,"total":3}"#,
        ),
        (failure(None, None), r#"{"type":"error","message":"No."}"#),
        (
            failure(Some(Code::MissingAccount), Some("p1")),
            r#"{"type":"error","code":"MISSING_ACCOUNT","message":"No.","placementId":"p1"}"#,
        ),
        (
            Event::Complete(Complete { status: Some("failed".to_owned()), ..Complete::default() }),
            r#"{"type":"complete","status":"failed"}"#,
        ),
    ];
    for (event, line) in table {
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
        assert_eq!(serde_json::from_str::<Event>(line).unwrap(), event);
    }
    let letter = PlatformAccount { name: Outlet::Newsletter, account_id: None };
    assert_eq!(serde_json::to_string(&letter).unwrap(), r#"{"name":"newsletter","accountId":null}"#);
}

#[test]
fn a_moved_placement_says_so_and_why() {
    let schedule = Schedule {
        day_id: "2026-01-26".parse().unwrap(),
        scheduled_at: "2026-01-26T17:30:00Z".parse().unwrap(),
        time_of_day: TimeOfDay::Morning,
        adjusted: Some(true),
        reason: Some("Taken.".to_owned()),
    };
    assert_eq!(
        serde_json::to_string(&schedule).unwrap(),
        r#"{"dayId":"2026-01-26","scheduledAt":"2026-01-26T17:30:00Z","timeOfDay":"morning","adjusted":true,"reason":"Taken."}"#
    );
}

#[test]
fn the_codes_that_the_document_names_are_spelled_as_there() {
    for code in ["ACCOUNT_DISCONNECTED", "AUTH_FAILED", "MISSING_ACCOUNT", "TREND_NOT_FOUND"] {
        let line = json!({ "type": "error", "code": code, "message": "m" }).to_string();
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Event>(&line).unwrap()).unwrap(), line);
    }
}
