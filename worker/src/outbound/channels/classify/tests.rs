//! Answers of both vendors, as their documents show them and as clients have seen them.

use http::HeaderName;
use serde_json::json;

use super::*;

fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Answer {
    let header = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    Answer::new(status, headers.iter().map(header).collect(), body.to_string().into_bytes())
}

fn graph_error(code: Value, subcode: Value) -> Value {
    json!({"error": {"message": "M", "type": "OAuthException", "code": code, "error_subcode": subcode}})
}

#[test]
fn each_error_of_the_graph_has_its_class() {
    use ErrorClass as Class;
    let none = Value::Null;
    for (status, code, subcode, class, expected) in [
        (400, json!(190), json!(463), Class::Auth, Code::ChannelAuthInvalid),
        (400, json!("190"), none.clone(), Class::Auth, Code::ChannelAuthInvalid),
        (400, json!(102), none.clone(), Class::Auth, Code::ChannelAuthInvalid),
        (400, json!(100), json!(467), Class::Auth, Code::ChannelAuthInvalid),
        (403, json!(10), none.clone(), Class::Permission, Code::ChannelPermission),
        (403, json!(200), none.clone(), Class::Permission, Code::ChannelPermission),
        (400, json!(3), none.clone(), Class::Permission, Code::ChannelPermission),
        (400, json!(100), json!(1_404_078), Class::Permission, Code::ChannelPermission),
        (400, json!(4), none.clone(), Class::RateLimited, Code::ChannelRateLimited),
        (403, json!(17), none.clone(), Class::RateLimited, Code::ChannelRateLimited),
        (403, json!(32), none.clone(), Class::RateLimited, Code::ChannelRateLimited),
        (400, json!(80_001), none.clone(), Class::RateLimited, Code::ChannelRateLimited),
        (400, json!(1), json!(1_390_008), Class::RateLimited, Code::ChannelRateLimited),
        (400, json!(9), json!(2_207_042), Class::Quota, Code::ChannelQuota),
        (500, json!(1), none.clone(), Class::Transient, Code::ChannelUnavailable),
        (400, json!(2), none.clone(), Class::Transient, Code::ChannelUnavailable),
        (400, json!(368), none.clone(), Class::Policy, Code::ChannelPolicy),
        (400, json!(100), json!(1_346_003), Class::Policy, Code::ChannelPolicy),
        (400, json!(506), none.clone(), Class::Validation, Code::DuplicatePost),
        (400, json!(100), none.clone(), Class::Validation, Code::ChannelRejected),
        (400, json!(324), json!(1_366_046), Class::Validation, Code::ChannelRejected),
        (400, json!(999_999), none.clone(), Class::Validation, Code::ChannelRejected),
        // An error inside a success is never taken for a post.
        (200, json!(190), none.clone(), Class::Auth, Code::ChannelAuthInvalid),
        (200, json!(999_999), none.clone(), Class::Transient, Code::ChannelUnavailable),
    ] {
        let verdict = graph(&answer(status, &[], &graph_error(code.clone(), subcode.clone()))).unwrap();
        assert_eq!((verdict.class, verdict.code), (class, expected), "{status} {code} {subcode}");
    }
}

#[test]
fn an_answer_without_a_known_code_is_judged_by_its_status() {
    use ErrorClass as Class;
    for (status, class) in [
        (302, Class::Transient),
        (400, Class::Validation),
        (401, Class::Auth),
        (403, Class::Permission),
        (404, Class::Validation),
        (408, Class::Transient),
        (413, Class::Validation),
        (425, Class::Transient),
        (429, Class::RateLimited),
        (500, Class::Transient),
        (503, Class::Transient),
    ] {
        for verdict in [graph, linkedin] {
            assert_eq!(verdict(&answer(status, &[], &Value::Null)).map(|it| it.class), Some(class), "{status}");
        }
    }
    assert_eq!(graph(&answer(200, &[], &json!({"id": "1"}))), None);
    assert_eq!(linkedin(&answer(201, &[], &Value::Null)), None);
    let transient = json!({"error": {"code": 100, "is_transient": true}});
    assert_eq!(graph(&answer(400, &[], &transient)).unwrap().class, Class::Transient);
}

#[test]
fn a_limit_of_the_graph_names_its_pause() {
    let usage = r#"{"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7}]}"#;
    let body = graph_error(json!(32), Value::Null);
    for (headers, pause) in [
        (vec![("x-business-use-case-usage", usage), ("retry-after", "9")], Some(420)),
        (vec![("retry-after", "9")], Some(9)),
        (vec![("retry-after", "999999999999")], Some(86_400)),
        (vec![], None),
    ] {
        let verdict = graph(&answer(403, &headers, &body)).unwrap();
        assert_eq!(verdict.retry_after, pause.map(Duration::from_secs), "{headers:?}");
    }
}

#[test]
fn calls_stop_at_90_percent() {
    let app = |percent: u64| json!({"call_count": 1, "total_time": percent, "total_cputime": 0}).to_string();
    let use_case = |percent: u64, minutes: u64| {
        json!({"1": [{"type": "pages", "call_count": percent, "estimated_time_to_regain_access": minutes}]}).to_string()
    };
    for (name, value, pause) in [
        ("x-app-usage", app(89), None),
        ("x-app-usage", app(90), Some(300)),
        ("x-page-usage", app(95), Some(300)),
        ("x-business-use-case-usage", use_case(89, 0), None),
        ("x-business-use-case-usage", use_case(90, 0), Some(300)),
        ("x-business-use-case-usage", use_case(100, 12), Some(720)),
        ("x-app-usage", "nonsense".to_owned(), None),
        ("x-business-use-case-usage", "[]".to_owned(), None),
    ] {
        let headers = answer(200, &[(name, &value)], &Value::Null).headers;
        assert_eq!(usage_pause(&headers), pause.map(Duration::from_secs), "{name} {value}");
    }
}

#[test]
fn a_duplicate_on_linkedin_names_the_post_that_is_there() {
    let with_details = |description: &str| {
        json!({"status": 422, "message": "ERROR", "errorDetailType": "T", "errorDetails": {
            "inputErrors": [{"code": "DUPLICATE_POST", "description": description}]}})
    };
    for (body, urn) in [
        (with_details("Content is a duplicate of urn:li:share:7233190000012."), Some("urn:li:share:7233190000012")),
        (with_details("Duplicate of \"urn:li:ugcPost:7\""), Some("urn:li:ugcPost:7")),
        (with_details("Duplicate post is detected"), None),
        (with_details("a duplicate of urn:li:person:AbC"), None),
        (json!({"code": "DUPLICATE_POST", "message": "duplicate of urn:li:share:1"}), Some("urn:li:share:1")),
    ] {
        let verdict = linkedin(&answer(422, &[], &body)).unwrap();
        assert_eq!((verdict.class, verdict.code), (ErrorClass::Validation, Code::DuplicatePost), "{body}");
        assert_eq!(verdict.existing_id.as_deref(), urn, "{body}");
        assert_eq!(verdict.provider_code.as_deref(), Some("DUPLICATE_POST"));
    }
}

#[test]
fn limits_of_linkedin_last_until_they_say_or_until_midnight() {
    let date = ("date", "Sun, 06 Nov 1994 23:00:00 GMT");
    let daily =
        json!({"message": "Resource level throttle APPLICATION DAY limit for calls to this resource is reached."});
    for (headers, body, class, pause) in [
        (vec![("retry-after", "30"), date], Value::Null, ErrorClass::RateLimited, Some(30)),
        (vec![date], Value::Null, ErrorClass::RateLimited, None),
        (vec![date], daily.clone(), ErrorClass::Quota, Some(3_600)),
        (vec![("retry-after", "30"), date], daily.clone(), ErrorClass::Quota, Some(30)),
        (vec![], daily, ErrorClass::Quota, None),
    ] {
        let verdict = linkedin(&answer(429, &headers, &body)).unwrap();
        assert_eq!((verdict.class, verdict.retry_after), (class, pause.map(Duration::from_secs)), "{headers:?} {body}");
    }
}

#[test]
fn other_refusals_of_linkedin_keep_its_code() {
    let body = json!({"status": 401, "serviceErrorCode": 65_600, "message": "Invalid access token"});
    let verdict = linkedin(&answer(401, &[], &body)).unwrap();
    assert_eq!((verdict.class, verdict.provider_code.as_deref()), (ErrorClass::Auth, Some("65600")));

    let verdict = linkedin(&answer(426, &[], &json!({"code": "NONEXISTENT_VERSION"}))).unwrap();
    assert_eq!((verdict.class, verdict.code), (ErrorClass::Validation, Code::ChannelRejected));
    assert_eq!(verdict.provider_code.as_deref(), Some("NONEXISTENT_VERSION"));
}
