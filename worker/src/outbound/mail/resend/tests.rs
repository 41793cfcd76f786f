//! What is asked of Resend, and what becomes of a mail by each answer or failure.

use serde_json::json;

use super::{
    super::tests::{DELIVERY, budget, mail, not_sent, rejected},
    *,
};
use crate::outbound::channels::vendor::{Act, TIMEOUT, Vendor, answer, json};

const KEY: &str = "re_canary_key";

fn resend(base_url: &str) -> Resend {
    let from = "Almanac <mail@almanac.example>".parse().unwrap();
    Resend { timeout: TIMEOUT, ..Resend::new(&SecretString::from(KEY), base_url, &from).unwrap() }
}

async fn send(act: Act) -> Sent {
    let vendor = Vendor::start([act]).await;
    let sent = resend(&vendor.base_url()).send(&mail(), budget()).await;
    assert_eq!(vendor.seen().len(), 1, "a mail is sent once");
    assert!(!format!("{sent:?}").contains("canary"), "{sent:?}");
    sent
}

fn error(status: u16, name: &str) -> Act {
    let message = "canary@example.com is not allowed";
    json(status, json!({"statusCode": status, "name": name, "message": message}))
}

#[tokio::test]
async fn a_request_has_what_resend_asks_for() {
    let vendor = Vendor::start([json(200, json!({"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}))]).await;

    let sent = resend(&vendor.base_url()).send(&mail(), budget()).await;

    assert_eq!(sent, Sent::Accepted { provider_ref: Some("49a3999c-0ce1-4ea6-ab68-afcd6dc2e794".to_owned()) });
    let seen = &vendor.seen()[0];
    assert_eq!(seen.line(), "POST /emails HTTP/1.1");
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(seen.header("idempotency-key"), Some(mail().idempotency_key.as_str()));
    assert!(seen.header("user-agent").is_some_and(|agent| agent.starts_with("almanac/")));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let expected = json!({
        "from": "Almanac <mail@almanac.example>", "to": ["canary@example.com"], "subject": mail().subject,
        "html": mail().html, "text": mail().text,
        "headers": {
            "List-Unsubscribe": "<https://almanac.example/u/t0ken?x=1>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tags": [{"name": "delivery_id", "value": DELIVERY}],
    });
    assert_eq!(seen.json(), expected);
}

#[tokio::test]
async fn the_same_mail_is_the_same_request() {
    let vendor = Vendor::start([Act::Close, json(200, json!({"id": "a"}))]).await;

    resend(&vendor.base_url()).send(&mail(), budget()).await;
    resend(&vendor.base_url()).send(&mail(), budget()).await;

    let [one, other] = vendor.seen().try_into().unwrap();
    assert_eq!((one.body, one.head), (other.body, other.head));
}

#[tokio::test]
async fn a_mail_without_an_https_link_has_no_list_headers() {
    let mail = Outgoing { unsubscribe_url: Some("http://127.0.0.1/u/1".to_owned()), ..mail() };
    let body: Value = serde_json::from_slice(&resend("http://127.0.0.1").body(&mail).unwrap()).unwrap();
    assert!(body.get("headers").is_none(), "{body}");
}

#[tokio::test]
async fn a_mail_that_resend_refuses_is_rejected() {
    for (status, name) in [
        (400, "validation_error"),
        (400, "invalid_idempotency_key"),
        (422, "missing_required_field"),
        (422, "invalid_parameter"),
        (422, "validation_error"),
        (451, "security_error"),
    ] {
        assert_eq!(rejected(send(error(status, name)).await), json!({"status": status, "name": name}));
    }
    assert_eq!(rejected(send(answer(413, "", "<html>")).await), json!({"status": 413}));
}

#[tokio::test]
async fn a_fault_of_the_installation_lets_the_mail_wait() {
    for (status, name) in [
        (401, "missing_api_key"),
        (401, "restricted_api_key"),
        (403, "invalid_api_key"),
        (403, "validation_error"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (422, "invalid_from_address"),
    ] {
        let expected = ("EMAIL_NOT_CONFIGURED", json!({"status": status, "name": name}));
        assert_eq!(not_sent(send(error(status, name)).await), expected);
    }
}

#[tokio::test]
async fn a_limit_lets_the_mail_wait_as_long_as_it_says() {
    const HOUR: u64 = 3_600;
    for (name, headers, code, pause) in [
        ("rate_limit_exceeded", "retry-after: 7\r\n", "EMAIL_RATE_LIMITED", Some(7)),
        ("rate_limit_exceeded", "ratelimit-reset: 3\r\n", "EMAIL_RATE_LIMITED", Some(3)),
        ("rate_limit_exceeded", "", "EMAIL_RATE_LIMITED", None),
        ("rate_limit_exceeded", "retry-after: 99999999\r\n", "EMAIL_RATE_LIMITED", Some(24 * HOUR)),
        ("daily_quota_exceeded", "date: Thu, 01 Jan 2026 23:59:50 GMT\r\n", "EMAIL_QUOTA", Some(10)),
        ("daily_quota_exceeded", "date: Thu, 01 Jan 2026 12:00:00 GMT\r\n", "EMAIL_QUOTA", Some(HOUR)),
        ("daily_quota_exceeded", "retry-after: 7200\r\n", "EMAIL_QUOTA", Some(2 * HOUR)),
        ("monthly_quota_exceeded", "retry-after: 1\r\n", "EMAIL_QUOTA", Some(HOUR)),
    ] {
        let sent = send(answer(429, headers, json!({ "name": name }).to_string())).await;
        let Sent::NotSent { retry_after, code: found, .. } = sent else { panic!("{name}: {sent:?}") };
        assert_eq!((found.as_str(), retry_after), (code, pause.map(Duration::from_secs)), "{name} {headers}");
    }
}

#[tokio::test]
async fn an_answer_that_shows_nothing_leaves_the_outcome_unknown() {
    for (act, can_resend, why) in [
        (error(500, "application_error"), true, json!({"status": 500, "name": "application_error"})),
        (answer(502, "", "<html>"), true, json!({"status": 502})),
        (answer(301, "location: /other\r\n", ""), true, json!({"status": 301})),
        (
            error(409, "concurrent_idempotent_requests"),
            true,
            json!({"status": 409, "name": "concurrent_idempotent_requests", "reason": "first_request_not_ended"}),
        ),
        (
            error(409, "invalid_idempotent_request"),
            false,
            json!({"status": 409, "name": "invalid_idempotent_request", "reason": "key_used_for_another_mail"}),
        ),
        (answer(200, "", "{\"id\":\"49a"), true, json!({"status": 200, "reason": "no_id_in_the_answer"})),
        (Act::Hang, true, json!({"reason": "timeout", "bodySent": "maybe"})),
        (Act::Close, true, json!({"reason": "connection_lost", "bodySent": "maybe"})),
    ] {
        assert_eq!(send(act).await, Sent::Unknown { can_resend, why });
    }
}

#[tokio::test]
async fn without_a_byte_at_the_server_nothing_was_sent() {
    let gone = Vendor::gone().await;
    let sent = resend(&gone.base_url()).send(&mail(), budget()).await;
    assert_eq!(not_sent(sent), ("EMAIL_UNAVAILABLE", json!({"reason": "no_connection", "bodySent": "no"})));

    // TLS with a server that never answers the handshake.
    let vendor = Vendor::start([]).await;
    let sent = resend(&vendor.base_url().replace("http:", "https:")).send(&mail(), budget()).await;
    assert_eq!(not_sent(sent).0, "EMAIL_UNAVAILABLE");

    let sent = resend(&vendor.base_url()).send(&mail(), SendBudget::until(Instant::now())).await;
    assert_eq!(not_sent(sent).1, json!({"reason": "send_budget_spent", "bodySent": "no"}));
    assert!(vendor.seen().is_empty());
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_refused_before_a_connection() {
    for key in [String::new(), "a\nb".to_owned(), "x".repeat(257)] {
        let mail = Outgoing { idempotency_key: key, ..mail() };
        let sent = resend("http://127.0.0.1:9").send(&mail, budget()).await;
        assert_eq!(rejected(sent), json!({"reason": "malformed", "part": "key"}));
    }
}

#[tokio::test]
async fn answers_set_the_pace_of_the_process() {
    let limits = "ratelimit-policy: 1;w=60\r\nratelimit-remaining: 1\r\nratelimit-reset: 1\r\n";
    let vendor = Vendor::start([answer(200, limits, "{\"id\":\"a\"}")]).await;
    let resend = resend(&vendor.base_url());
    let wait = Duration::from_secs(5);

    assert_eq!(resend.turn(wait), Turn::After(Duration::ZERO));
    assert!(matches!(resend.turn(wait), Turn::After(wait) if wait <= INTERVAL), "two a second at first");
    resend.send(&mail(), budget()).await;
    assert!(matches!(resend.turn(wait), Turn::After(wait) if wait <= 2 * INTERVAL), "what is reserved stays");
    assert!(matches!(resend.turn(wait), Turn::NotBefore(pause) if pause.as_secs() >= 55), "one in a minute");
}

#[tokio::test]
async fn a_refusal_for_too_many_requests_holds_all_mails_back() {
    let refusal = answer(429, "retry-after: 30\r\n", json!({"name": "rate_limit_exceeded"}).to_string());
    let vendor = Vendor::start([refusal]).await;
    let resend = resend(&vendor.base_url());

    resend.send(&mail(), budget()).await;

    assert!(matches!(resend.turn(Duration::from_secs(5)), Turn::NotBefore(pause) if pause.as_secs() >= 25));
}
