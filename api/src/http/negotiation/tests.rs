//! What `accept` reads from headers, case by case: choices, waits, keys, positions.
//! Run with the crate's own tests; no server is started.

use poem::http::HeaderValue;
use proptest::prelude::*;

use super::*;

const ALL: [ResponseFormat; 3] = [ResponseFormat::Json, ResponseFormat::Sse, ResponseFormat::Ndjson];

fn headers(name: &'static str, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    headers
}

#[test]
fn the_form_follows_accept_by_weight_then_by_the_offer() {
    let cases = [
        ("*/*", Some(ResponseFormat::Json)),
        ("text/event-stream", Some(ResponseFormat::Sse)),
        ("application/x-ndjson", Some(ResponseFormat::Ndjson)),
        ("Application/JSON", Some(ResponseFormat::Json)),
        ("application/json;q=0.5, text/event-stream", Some(ResponseFormat::Sse)),
        ("application/json;q=0.5, text/event-stream;q=0.4", Some(ResponseFormat::Json)),
        ("application/*", Some(ResponseFormat::Json)),
        ("text/*", Some(ResponseFormat::Sse)),
        ("*/*, application/json;q=0", Some(ResponseFormat::Sse)),
        ("*/*;q=0.1, application/x-ndjson;q=0.2", Some(ResponseFormat::Ndjson)),
        ("text/html, application/xhtml+xml, */*;q=0.8", Some(ResponseFormat::Json)),
        ("application/json; charset=utf-8; q=0.3, text/event-stream;q=0.2", Some(ResponseFormat::Json)),
        ("text/html", None),
        ("*/*;q=0", None),
    ];

    for (accept, expected) in cases {
        assert_eq!(choose(&headers("accept", accept), &ALL).ok(), expected, "{accept}");
    }
    assert_eq!(choose(&HeaderMap::new(), &[ResponseFormat::Sse, ResponseFormat::Json]).ok(), Some(ResponseFormat::Sse));
}

#[test]
fn a_form_that_is_not_offered_is_not_acceptable() {
    let error =
        choose(&headers("accept", "application/json"), &[ResponseFormat::Sse, ResponseFormat::Ndjson]).unwrap_err();

    assert_eq!(error.code, Code::NotAcceptable);
}

#[test]
fn a_wait_is_read_among_other_preferences_and_cut_to_a_minute() {
    let cases = [
        ("wait=5", Some(5)),
        ("respond-async, wait=10", Some(10)),
        ("Wait = \"7\" ; foo=bar", Some(7)),
        ("wait=600", Some(60)),
        ("wait=3, wait=9", Some(3)),
        ("wait=soon", None),
        ("wait=-1", None),
        ("handling=lenient", None),
    ];

    for (prefer, seconds) in cases {
        assert_eq!(prefer_wait(&headers("prefer", prefer)), seconds.map(Duration::from_secs), "{prefer}");
    }
}

#[test]
fn an_idempotency_key_has_1_to_255_visible_characters() {
    let long = "k".repeat(255);
    assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
    assert_eq!(idempotency_key(&headers("idempotency-key", &long)).unwrap(), Some(long.as_str()));

    for bad in ["", "two words", "é", &"k".repeat(256)] {
        let headers = headers("idempotency-key", bad);
        let error = idempotency_key(&headers).expect_err("refused");
        assert_eq!(error.details[0].loc, ["header", "Idempotency-Key"], "{bad}");
    }
}

#[test]
fn the_last_event_id_wins_over_the_query() {
    let none = HeaderMap::new();
    assert_eq!(resume_after(&none, None).unwrap(), None);
    assert_eq!(resume_after(&none, Some("7")).unwrap(), Some(7));
    assert_eq!(resume_after(&headers("last-event-id", "3"), Some("7")).unwrap(), Some(3));
    assert_eq!(resume_after(&headers("last-event-id", ""), Some("7")).unwrap(), None);

    for bad in ["-1", "x", "1.5", "99999999999999999999"] {
        assert!(resume_after(&headers("last-event-id", bad), None).is_err(), "{bad}");
        assert!(resume_after(&none, Some(bad)).is_err(), "{bad}");
    }
}

#[test]
fn something_that_may_be_missing_is_changed_as_its_headers_say() {
    let with = |name: HeaderName, value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    };
    let table = [
        (HeaderMap::new(), true, true),
        (with(header::IF_MATCH, "\"3\""), true, false),
        (with(header::IF_MATCH, "*"), true, false),
        (with(header::IF_MATCH, "\"2\""), false, false),
        (with(header::IF_NONE_MATCH, "*"), false, true),
        (with(header::IF_NONE_MATCH, "\"3\""), false, true),
        (with(header::IF_NONE_MATCH, "*, *"), false, true),
    ];
    for (headers, stored, missing) in table {
        assert_eq!((matches(&headers, Some(3)), matches(&headers, None)), (stored, missing), "{headers:?}");
    }
}

proptest! {
    #[test]
    fn any_header_is_read_without_a_panic(text in "[ -~]{0,80}") {
        let _ = choose(&headers("accept", &text), &ALL);
        let _ = prefer_wait(&headers("prefer", &text));
        let _ = resume_after(&headers("last-event-id", &text), None);
    }
}

#[test]
fn a_change_is_let_through_for_the_version_it_names_and_for_none() {
    let headers = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        headers
    };
    for good in [&[][..], &["*"], &["\"3\""], &["\"1\", \"3\""], &["\"1\"", "\"3\""], &["\"a b\", \"3\""]] {
        assert!(if_match(&headers(good), 3), "{good:?}");
    }
    for bad in [&["\"2\""][..], &["3"], &["W/\"3\""], &[""], &["\"33\""], &["\"a b\""], &["*, \"1\""], &["*", "*"]] {
        assert!(!if_match(&headers(bad), 3), "{bad:?}");
    }
}
