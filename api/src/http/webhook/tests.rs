//! Signatures of Svix's documents and of our own, and events as Resend sends them.

use serde_json::json;

use super::*;

/// <https://docs.svix.com/receiving/verifying-payloads/how-manual>
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SIGNED_AT: i64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const DELIVERY: &str = "01900000-0000-7000-8000-000000000001";

fn secrets(secrets: &[&str]) -> Vec<SecretString> {
    secrets.iter().copied().map(SecretString::from).collect()
}

fn headers(prefix: &str, timestamp: &str, signature: &str) -> HeaderMap {
    let pairs = [("id", ID), ("timestamp", timestamp), ("signature", signature)];
    pairs
        .into_iter()
        .map(|(name, value)| (format!("{prefix}-{name}").parse().unwrap(), value.parse().unwrap()))
        .collect()
}

fn at(timestamp: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(timestamp, 0).unwrap()
}

/// The documents' body is no event, so a verified one is refused for its body.
fn verify_vector(headers: &HeaderMap, body: &str, now: i64) -> WebhookError {
    verify(&secrets(&[SECRET]), headers, body.as_bytes(), at(now)).unwrap_err()
}

/// An event, signed with these secrets.
fn signed_by(signers: &[&str], event: &Value) -> (HeaderMap, String) {
    let body = event.to_string();
    let signatures: Vec<_> =
        secrets(signers).iter().map(|secret| signature(secret, ID, SIGNED_AT, body.as_bytes()).unwrap()).collect();
    (headers("svix", &SIGNED_AT.to_string(), &signatures.join(" ")), body)
}

fn event(kind: &str, data: Value) -> Value {
    json!({ "type": kind, "created_at": "2026-11-22T23:41:12.126Z", "data": data })
}

fn read_event(event: &Value) -> ResendEvent {
    let (headers, body) = signed_by(&[SECRET], event);
    verify(&secrets(&[SECRET]), &headers, body.as_bytes(), at(SIGNED_AT)).unwrap()
}

#[test]
fn the_signature_of_the_documents_verifies_under_both_names() {
    for prefix in ["svix", "webhook"] {
        let headers = headers(prefix, &SIGNED_AT.to_string(), SIGNATURE);
        assert_eq!(verify_vector(&headers, BODY, SIGNED_AT), WebhookError::Body);
    }
}

#[test]
fn any_change_breaks_the_signature() {
    let signed = headers("svix", &SIGNED_AT.to_string(), SIGNATURE);
    assert_eq!(verify_vector(&signed, r#"{"test":2432232314}"#, SIGNED_AT), WebhookError::Signature);
    assert_eq!(verify_vector(&signed, "", SIGNED_AT), WebhookError::Signature);
    let later = headers("svix", &(SIGNED_AT + 1).to_string(), SIGNATURE);
    assert_eq!(verify_vector(&later, BODY, SIGNED_AT), WebhookError::Signature);
    let mut other = signed.clone();
    other.insert("svix-id", "msg_other".parse().unwrap());
    assert_eq!(verify_vector(&other, BODY, SIGNED_AT), WebhookError::Signature);
    for wrong in ["", "v1,", "v1,g0hM9SsE", &SIGNATURE[3..], &SIGNATURE.replace("v1,", "v2,"), "v1,g0hM9SsE v1"] {
        let headers = headers("svix", &SIGNED_AT.to_string(), wrong);
        assert_eq!(verify_vector(&headers, BODY, SIGNED_AT), WebhookError::Signature, "{wrong:?}");
    }
    let not_text = verify(&secrets(&[SECRET]), &signed, b"\xff", at(SIGNED_AT));
    assert_eq!(not_text, Err(WebhookError::Signature));
}

#[test]
fn a_signature_is_taken_five_minutes_around_its_time() {
    let signed = headers("svix", &SIGNED_AT.to_string(), SIGNATURE);
    for (after, expected) in
        [(300, WebhookError::Body), (-300, WebhookError::Body), (301, WebhookError::Time), (-301, WebhookError::Time)]
    {
        assert_eq!(verify_vector(&signed, BODY, SIGNED_AT + after), expected, "{after}");
    }
}

#[test]
fn all_three_headers_are_needed() {
    for name in ["svix-id", "svix-timestamp", "svix-signature"] {
        let mut headers = headers("svix", &SIGNED_AT.to_string(), SIGNATURE);
        headers.remove(name);
        assert_eq!(verify_vector(&headers, BODY, SIGNED_AT), WebhookError::Headers, "{name}");
    }
    for timestamp in ["", "soon", "1614265330.5", "99999999999999999999", "9223372036854775807"] {
        let headers = headers("svix", timestamp, SIGNATURE);
        assert_eq!(verify_vector(&headers, BODY, SIGNED_AT), WebhookError::Headers, "{timestamp:?}");
    }
}

#[test]
fn one_of_several_signatures_and_one_of_two_secrets_are_enough() {
    let event = event("email.sent", json!({}));
    for (signers, known, verifies) in [
        (vec![SECRET], vec![SECRET, OLD_SECRET], true),
        (vec![OLD_SECRET], vec![SECRET, OLD_SECRET], true),
        (vec![OLD_SECRET, SECRET], vec![SECRET], true),
        (vec![OLD_SECRET], vec![SECRET], false),
        (vec![], vec![SECRET], false),
    ] {
        let (headers, body) = signed_by(&signers, &event);
        let verified = verify(&secrets(&known), &headers, body.as_bytes(), at(SIGNED_AT));
        assert_eq!(verified.is_ok(), verifies, "{signers:?} {known:?}");
    }
    let (headers, body) = signed_by(&[SECRET], &event);
    let verified = verify(&[], &headers, body.as_bytes(), at(SIGNED_AT));
    assert_eq!(verified, Err(WebhookError::NotConfigured));
}

#[test]
fn an_event_names_its_kind() {
    let bounce = |kind: &str| json!({"bounce": {"type": kind, "subType": "General", "message": "No such mailbox"}});
    for (kind, data, expected) in [
        ("email.sent", json!({}), EventKind::Sent),
        ("email.delivered", json!({}), EventKind::Delivered),
        ("email.delivery_delayed", json!({}), EventKind::DeliveryDelayed),
        ("email.bounced", bounce("Permanent"), EventKind::Bounced { permanent: true }),
        ("email.bounced", bounce("Transient"), EventKind::Bounced { permanent: false }),
        ("email.bounced", json!({}), EventKind::Bounced { permanent: false }),
        ("email.complained", json!({}), EventKind::Complained),
        ("email.failed", json!({"failed": {"reason": "x"}}), EventKind::Failed),
        ("email.suppressed", json!({}), EventKind::Suppressed),
        ("email.opened", json!({}), EventKind::Other),
        ("contact.created", Value::Null, EventKind::Other),
    ] {
        assert_eq!(read_event(&event(kind, data)).kind, expected, "{kind}");
    }
}

#[test]
fn an_event_names_its_delivery_by_a_tag_of_either_form() {
    let delivery = Some(DELIVERY.parse().unwrap());
    for (tags, expected) in [
        (json!({"delivery_id": DELIVERY, "other": "x"}), delivery),
        (json!([{"name": "other", "value": "x"}, {"name": "delivery_id", "value": DELIVERY}]), delivery),
        (json!({"delivery_id": "d-1"}), None),
        (json!({"delivery_id": 1}), None),
        (json!([]), None),
        (Value::Null, None),
    ] {
        let data = json!({ "email_id": "e-1", "tags": tags });
        let read = read_event(&event("email.delivered", data));
        assert_eq!((read.delivery_id, read.email_id.as_deref()), (expected, Some("e-1")), "{tags}");
        assert_eq!((read.id.as_str(), read.created_at), (ID, "2026-11-22T23:41:12.126Z".parse().unwrap()));
    }
}

#[test]
fn the_time_of_an_event_has_two_forms_and_is_needed() {
    let mut other = event("email.sent", json!({}));
    other["created_at"] = "2026-11-22 23:41:11.894719+00".into();
    assert_eq!(read_event(&other).created_at, "2026-11-22T23:41:11.894719Z".parse::<DateTime<Utc>>().unwrap());

    for wrong in [json!({"type": "email.sent"}), json!({"type": "email.sent", "created_at": "soon"}), json!([])] {
        let (headers, body) = signed_by(&[SECRET], &wrong);
        let read = verify(&secrets(&[SECRET]), &headers, body.as_bytes(), at(SIGNED_AT));
        assert_eq!(read, Err(WebhookError::Body), "{wrong}");
    }
}
