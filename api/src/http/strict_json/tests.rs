//! What `strict` takes and refuses, case by case, and the field that every refusal names.
//! Run with the crate's own tests; no server is started.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize)]
struct Order {
    source_text: String,
    #[serde(default)]
    #[expect(dead_code, reason = "only its type matters here")]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    #[expect(dead_code, reason = "only its type matters here")]
    kind: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Daily,
}

/// Everything of it may be missing: the shape that serde would fill from a list of any length.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Wishes {
    tone: Option<String>,
    inner: Option<Box<Wishes>>,
    by_name: BTreeMap<String, Wishes>,
    pair: Option<Box<(u8, Wishes)>>,
    way: Option<Way>,
    any: Value,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    Sent { to: Option<String> },
    Kept(Box<Wishes>),
    Moved(u8, u8),
    Left,
}

fn refusal(body: &[u8]) -> ApiError {
    parse::<Order>(body).expect_err("the body is refused")
}

#[test]
fn every_mismatch_names_its_field() {
    let cases = [
        (json!({}), json!(["body", "source_text"]), "missing"),
        (json!({"source_text": 5}), json!(["body", "source_text"]), "type"),
        (json!({"source_text": null}), json!(["body", "source_text"]), "type"),
        (json!({"source_text": true}), json!(["body", "source_text"]), "type"),
        (json!({"source_text": "a", "lines": [{"kind": "daily"}, {}]}), json!(["body", "lines", 1, "kind"]), "missing"),
        (json!({"source_text": "a", "lines": [{"kind": "hourly"}]}), json!(["body", "lines", 0, "kind"]), "enum"),
        (json!({"source_text": "a", "lines": 3}), json!(["body", "lines"]), "type"),
        (json!([]), json!(["body"]), "type"),
        (json!(["a"]), json!(["body"]), "type"),
        (json!("text"), json!(["body"]), "type"),
    ];

    for (body, loc, kind) in cases {
        let error = refusal(body.to_string().as_bytes());
        assert_eq!(error.code, Code::ValidationFailed, "{body}");
        assert_eq!(json!(error.details[0].loc), loc, "{body}");
        assert_eq!(error.details[0].kind, kind, "{body}");
        assert!(!error.details[0].msg.contains("line 1"), "{}", error.details[0].msg);
    }
}

#[test]
fn a_list_is_no_object_wherever_an_object_is_asked_for() {
    let cases = [
        (json!(["warm"]), json!(["body"])),
        (json!({"inner": ["warm"]}), json!(["body", "inner"])),
        (json!({"inner": {"inner": []}}), json!(["body", "inner", "inner"])),
        (json!({"by_name": {"a": {}, "b": ["warm"]}}), json!(["body", "by_name", "b"])),
        (json!({"pair": [1, ["warm"]]}), json!(["body", "pair", 1])),
        (json!({"way": {"sent": ["anna"]}}), json!(["body", "way", "sent"])),
        (json!({"way": {"kept": ["warm"]}}), json!(["body", "way", "kept"])),
    ];

    for (body, loc) in cases {
        let error = parse::<Wishes>(body.to_string().as_bytes()).expect_err("a list is refused");
        assert_eq!((json!(error.details[0].loc), error.details[0].kind.as_str()), (loc, "type"), "{body}");
        assert!(error.details[0].msg.ends_with("expected an object"), "{}", error.details[0].msg);
    }
}

#[test]
fn lists_and_everything_else_are_read_where_they_are_asked_for() {
    let body = json!({
        "tone": "warm", "inner": {"tone": null, "way": "left"}, "by_name": {"a": {"way": {"moved": [1, 2]}}},
        "pair": [1, {"way": {"sent": {"to": "anna"}}}], "way": {"kept": {}}, "any": [[1, -2, 2.5, true], {"a": []}],
    });

    let read = parse::<Wishes>(body.to_string().as_bytes()).expect("taken");

    assert_eq!(read, serde_json::from_value(body).expect("taken by serde"));
}

#[test]
fn a_repeated_field_is_refused_by_name() {
    let error = refusal(br#"{"source_text": "a", "source_text": "b"}"#);

    assert_eq!(json!(error.details[0].loc), json!(["body", "source_text"]));
    assert_eq!(error.details[0].kind, "duplicate");
}

#[test]
fn what_is_no_json_or_no_text_has_a_code_of_its_own() {
    let deep = [vec![b'['; 65], vec![b']'; 65]].concat();
    let cases: [(&[u8], Code); 12] = [
        (b"", Code::MalformedJson),
        (b"{", Code::MalformedJson),
        (b"{\"source_text\": \"a\"} x", Code::MalformedJson),
        (b"{\"source_text\": 1e999}", Code::MalformedJson),
        (&deep, Code::MalformedJson),
        (b"{\"source_text\": \"\xff\"}", Code::MalformedText),
        (b"{\"source_text\": \"a\0b\"}", Code::MalformedText),
        (br#"{"source_text": "a\u0000b"}"#, Code::MalformedText),
        (br#"{"other": "a\u0000b", "source_text": "a"}"#, Code::MalformedText),
        (br#"{"source_text": "\ud800"}"#, Code::MalformedText),
        (br#"{"source_text": "\udc00 \ud800"}"#, Code::MalformedText),
        (br#"{"source_text": "\ud800\u0041"}"#, Code::MalformedText),
    ];

    for (body, code) in cases {
        assert_eq!(refusal(body).code, code, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn unusual_but_sound_text_is_taken_as_it_stands() {
    let cases = [
        (r#"{"source_text": "\ud83d\ude00"}"#, "\u{1F600}"),
        (r#"{"source_text": "\\u0000"}"#, "\\u0000"),
        (r#"{"source_text": "\"[[[{{{\""}"#, "\"[[[{{{\""),
        (r#"{"source_text": "5", "unknown": {"deep": [1, 2.5e3]}}"#, "5"),
    ];

    for (body, text) in cases {
        assert_eq!(parse::<Order>(body.as_bytes()).expect("taken").source_text, text);
    }
}

#[test]
fn lengths_are_counted_in_characters_and_reported_together() {
    let check = |text: &str| Checks::default().length("source_text", text, 2..=3).finish();

    assert!(check("éé").is_ok());
    assert!(check("ééé").is_ok());
    let error = Checks::default().length("front", "é", 2..=3).count("items", 9, 1..=8).finish().expect_err("refused");

    let details: Vec<_> = error.details.iter().map(|detail| (json!(detail.loc), detail.kind.as_str())).collect();
    assert_eq!(details, [(json!(["body", "front"]), "too_short"), (json!(["body", "items"]), "too_long")]);
    assert_eq!(check("éééé").expect_err("refused").details[0].kind, "too_long");
}

proptest! {
    /// What we let through never holds a NUL, and whatever serde_json takes without one, we take.
    #[test]
    fn the_scan_agrees_with_the_parser(text in any::<String>()) {
        let body = json!({"source_text": text}).to_string();
        let outcome = parse::<Order>(body.as_bytes());
        prop_assert_eq!(outcome.is_ok(), !text.contains('\0'));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse::<Value>(&bytes);
    }

    #[test]
    fn any_escape_is_read_without_a_panic(escapes in "(\\\\u[dD][89a-fA-F0-9][0-9a-f]{2}|\\\\u00[0-9]{2}|\\\\|\"|u){0,20}") {
        let body = format!("\"{escapes}\"");
        if let Ok(value) = parse::<String>(body.as_bytes()) {
            prop_assert!(!value.contains('\0'));
        }
    }
}
