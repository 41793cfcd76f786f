//! Answers of both vendors, as their documents show them and as clients have seen them.

use http::HeaderName;
use serde_json::{Value, json};

use super::*;
use crate::outbound::channels::answer::Answer;

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
        (400, json!(-1), json!(2_207_001), Class::Transient, Code::ChannelUnavailable),
        (400, json!(-2), json!(2_207_003), Class::Transient, Code::ChannelUnavailable),
        (400, json!(-2), json!(2_207_020), Class::Transient, Code::ChannelUnavailable),
        (400, json!(24), json!(2_207_006), Class::Transient, Code::ChannelUnavailable),
        (400, json!("24"), json!("2207008"), Class::Transient, Code::ChannelUnavailable),
        (400, json!(-1), json!(2_207_032), Class::Transient, Code::ChannelUnavailable),
        (400, json!(-1), json!(2_207_053), Class::Transient, Code::ChannelUnavailable),
        (400, json!(9_007), json!(2_207_027), Class::Transient, Code::ChannelUnavailable),
        (400, json!(36_000), json!(2_207_004), Class::Validation, Code::MediaTooLarge),
        (400, json!(36_001), json!(2_207_005), Class::Validation, Code::MediaType),
        (400, json!(352), json!(2_207_026), Class::Validation, Code::MediaType),
        (400, json!(36_003), json!(2_207_009), Class::Validation, Code::MediaDimensions),
        (400, json!(36_004), json!(2_207_010), Class::Validation, Code::TextTooLong),
        (400, json!(100), json!(2_207_028), Class::Validation, Code::MediaCount),
        (400, json!(9_004), json!(2_207_052), Class::Validation, Code::MediaUnreachable),
        (400, json!(100), json!(2_207_040), Class::Validation, Code::ChannelRejected),
        (400, json!(1), json!(2_207_057), Class::Validation, Code::ChannelRejected),
        (400, json!(25), json!(2_207_050), Class::Policy, Code::ChannelPolicy),
        (400, json!(4), json!(2_207_051), Class::Policy, Code::ChannelPolicy),
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
        for verdict in [graph, linkedin, youtube] {
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

fn youtube_error(reason: &str) -> Value {
    json!({"error": {"code": 403, "message": "M", "errors": [{"domain": "youtube.quota", "reason": reason}]}})
}

#[test]
fn each_reason_of_youtube_has_its_class() {
    use ErrorClass as Class;
    for (status, reason, class, expected) in [
        (401, "authError", Class::Auth, Code::ChannelAuthInvalid),
        (401, "authorizationRequired", Class::Auth, Code::ChannelAuthInvalid),
        (401, "youtubeSignupRequired", Class::Permission, Code::ChannelPermission),
        (403, "forbidden", Class::Permission, Code::ChannelPermission),
        (403, "insufficientPermissions", Class::Permission, Code::ChannelPermission),
        (403, "accessNotConfigured", Class::Permission, Code::ChannelPermission),
        (403, "quotaExceeded", Class::Quota, Code::ChannelQuota),
        (403, "dailyLimitExceeded", Class::Quota, Code::ChannelQuota),
        (400, "uploadLimitExceeded", Class::Quota, Code::ChannelQuota),
        (403, "rateLimitExceeded", Class::RateLimited, Code::ChannelRateLimited),
        (429, "RATE_LIMIT_EXCEEDED", Class::RateLimited, Code::ChannelRateLimited),
        (403, "userRateLimitExceeded", Class::RateLimited, Code::ChannelRateLimited),
        (500, "backendError", Class::Transient, Code::ChannelUnavailable),
        (403, "accountSuspended", Class::Policy, Code::ChannelPolicy),
        (400, "invalidTitle", Class::Validation, Code::ChannelRejected),
        (400, "invalidDescription", Class::Validation, Code::ChannelRejected),
        (400, "invalidTags", Class::Validation, Code::ChannelRejected),
        (400, "invalidCategoryId", Class::Validation, Code::ChannelRejected),
        (400, "invalidPublishAt", Class::Validation, Code::ChannelRejected),
        (400, "invalidVideoMetadata", Class::Validation, Code::ChannelRejected),
        (400, "mediaBodyRequired", Class::Validation, Code::ChannelRejected),
        (403, "somethingNew", Class::Permission, Code::ChannelPermission),
        (503, "somethingNew", Class::Transient, Code::ChannelUnavailable),
    ] {
        let verdict = youtube(&answer(status, &[], &youtube_error(reason))).unwrap();
        assert_eq!((verdict.class, verdict.code), (class, expected), "{status} {reason}");
        assert_eq!(verdict.provider_code.as_deref(), Some(reason));
    }
    assert_eq!(youtube(&answer(200, &[], &Value::Null)), None);
}

#[test]
fn a_limit_of_the_day_is_a_quota_whatever_its_reason() {
    let by_message = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "Quota exceeded for quota metric 'Video uploads' and limit 'Video uploads per day'"}});
    let detail = json!({"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_unit": "1/d/{project}"}});
    let by_unit = json!({"error": {"code": 429, "message": "Quota exceeded", "details": [detail]}});
    for body in [by_message, by_unit] {
        assert_eq!(youtube(&answer(429, &[], &body)).unwrap().class, ErrorClass::Quota, "{body}");
    }
    let minute = json!({"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_unit": "1/min/{project}/{user}"}});
    let by_minute = json!({"error": {"code": 429, "message": "Quota exceeded", "details": [minute]}});
    let verdict = youtube(&answer(429, &[("retry-after", "9")], &by_minute)).unwrap();
    assert_eq!((verdict.class, verdict.retry_after), (ErrorClass::RateLimited, Some(Duration::from_secs(9))));
}

#[test]
fn the_quota_of_youtube_is_reset_at_midnight_on_the_pacific_coast() {
    for (date, seconds) in [
        // Standard time: midnight is 08:00.
        ("Sat, 03 Jan 2026 07:59:59 GMT", 1),
        ("Sat, 03 Jan 2026 08:00:00 GMT", 86_400),
        // Daylight saving time: 07:00.
        ("Wed, 01 Jul 2026 06:00:00 GMT", 3_600),
        // Clocks go forward on 8 March, and back on 1 November: days of 23 and of 25 hours.
        ("Sun, 08 Mar 2026 08:00:00 GMT", 23 * 3_600),
        ("Sun, 01 Nov 2026 07:00:00 GMT", 25 * 3_600),
    ] {
        let verdict = youtube(&answer(403, &[("date", date)], &youtube_error("quotaExceeded"))).unwrap();
        assert_eq!(verdict.retry_after, Some(Duration::from_secs(seconds)), "{date}");
    }
    assert_eq!(youtube(&answer(403, &[], &youtube_error("quotaExceeded"))).unwrap().retry_after, None);
}

#[test]
fn a_container_that_failed_is_made_again_or_refused_by_its_sub_code() {
    for (subcode, fault, ends, code) in [
        (Some(2_207_027), Some(ContainerFault::NotReady), false, Code::ChannelRejected),
        (Some(2_207_053), Some(ContainerFault::Broken), false, Code::ChannelRejected),
        (Some(2_207_001), None, false, Code::ChannelRejected),
        (Some(2_207_052), Some(ContainerFault::Broken), false, Code::MediaUnreachable),
        (Some(2_207_026), None, true, Code::MediaType),
        (Some(2_207_050), None, true, Code::ChannelPolicy),
        (Some(1), None, false, Code::ChannelRejected),
        (None, None, false, Code::ChannelRejected),
    ] {
        let judged = (subcode.and_then(container_fault), subcode.is_some_and(is_final));
        assert_eq!(judged, (fault, ends), "{subcode:?}");
        assert_eq!(failed_container(subcode).code, code, "{subcode:?}");
        assert!(!matches!(failed_container(subcode).class, ErrorClass::Transient), "{subcode:?}");
    }
}

#[test]
fn each_error_of_tiktok_has_its_class() {
    use ErrorClass as Class;
    let envelope = |code: &str| json!({"data": {}, "error": {"code": code, "message": "M", "log_id": "L"}});
    for (status, code, class, expected) in [
        (401, "access_token_invalid", Class::Auth, Code::ChannelAuthInvalid),
        (401, "scope_not_authorized", Class::Permission, Code::ChannelPermission),
        (400, "token_not_authorized_for_specified_publish_id", Class::Permission, Code::ChannelPermission),
        (403, "unaudited_client_can_only_post_to_private_accounts", Class::Permission, Code::ChannelPermission),
        (403, "spam_risk_too_many_posts", Class::Quota, Code::ChannelQuota),
        (403, "spam_risk_too_many_pending_share", Class::Quota, Code::ChannelQuota),
        (403, "reached_active_user_cap", Class::Quota, Code::ChannelQuota),
        (403, "spam_risk_user_banned_from_posting", Class::Policy, Code::ChannelPolicy),
        (403, "spam_risk", Class::Policy, Code::ChannelPolicy),
        (403, "url_ownership_unverified", Class::Validation, Code::MediaUrl),
        (403, "privacy_level_option_mismatch", Class::Validation, Code::OptionInvalid),
        (400, "invalid_param", Class::Validation, Code::ChannelRejected),
        (400, "invalid_params", Class::Validation, Code::ChannelRejected),
        (400, "invalid_publish_id", Class::Validation, Code::ChannelRejected),
        (400, "app_version_check_failed", Class::Validation, Code::ChannelRejected),
        (429, "rate_limit_exceeded", Class::RateLimited, Code::ChannelRateLimited),
        (500, "internal_error", Class::Transient, Code::ChannelUnavailable),
        // Unknown codes go by their status, and none of them is a success.
        (400, "something_new", Class::Validation, Code::ChannelRejected),
        (503, "something_new", Class::Transient, Code::ChannelUnavailable),
        (200, "something_new", Class::Transient, Code::ChannelUnavailable),
        // Some codes are known to come inside a 200.
        (200, "spam_risk_too_many_posts", Class::Quota, Code::ChannelQuota),
        (200, "access_token_invalid", Class::Auth, Code::ChannelAuthInvalid),
    ] {
        let verdict = tiktok(&answer(status, &[], &envelope(code))).unwrap();
        assert_eq!((verdict.class, verdict.code), (class, expected), "{status} {code}");
        assert_eq!(verdict.provider_code.as_deref(), Some(code));
    }
    for status in [200, 400, 500] {
        assert_eq!(tiktok(&answer(status, &[], &envelope("ok"))), None, "the code decides, and not the status");
    }
    for body in [Value::Null, json!({}), json!({"data": {"publish_id": "1"}}), json!({"error": {"code": 7}})] {
        assert_eq!(tiktok(&answer(200, &[], &body)).map(|it| it.class), Some(Class::Transient), "{body}");
    }
}

#[test]
fn posts_of_a_day_on_tiktok_are_used_up_until_the_next() {
    let body = |code: &str| json!({"error": {"code": code}});
    let date = ("date", "Sun, 06 Nov 1994 23:00:00 GMT");
    for (headers, code, pause) in [
        (vec![date], "spam_risk_too_many_posts", Some(3_600)),
        (vec![date, ("retry-after", "30")], "spam_risk_too_many_posts", Some(30)),
        (vec![], "spam_risk_too_many_posts", None),
        (vec![date], "rate_limit_exceeded", None),
        (vec![date, ("retry-after", "9")], "rate_limit_exceeded", Some(9)),
    ] {
        let verdict = tiktok(&answer(429, &headers, &body(code))).unwrap();
        assert_eq!(verdict.retry_after, pause.map(Duration::from_secs), "{headers:?} {code}");
    }
}

#[test]
fn a_chunk_is_judged_by_its_status() {
    for (status, class) in [
        (206, None),
        (200, Some(ErrorClass::Transient)),
        (201, Some(ErrorClass::Transient)),
        (400, Some(ErrorClass::Validation)),
        (403, Some(ErrorClass::Transient)),
        (404, Some(ErrorClass::Transient)),
        (416, Some(ErrorClass::Transient)),
        (429, Some(ErrorClass::RateLimited)),
        (500, Some(ErrorClass::Transient)),
    ] {
        assert_eq!(tiktok_chunk(&answer(status, &[], &Value::Null)).map(|it| it.class), class, "{status}");
    }
}
