//! Webhooks of Resend, which Svix signs: verifies one and reads its event. Called by the webhook's route with the body as
//! it arrived; a body that was parsed and written again has another signature. Pure.
//! The time is compared here because `standardwebhooks` compares it with a clock of its own; the library makes the signature.
//! <https://resend.com/docs/webhooks/verify-webhooks-requests>

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use standardwebhooks::Webhook;
use uuid::Uuid;

/// By how much the time of a signature may differ from ours, as in Svix's own libraries.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Prefixes of the three headers: Svix's own, which Resend uses, and those of Standard Webhooks.
const PREFIXES: [&str; 2] = ["svix", "webhook"];

/// What happened to a mail. Delivered at least once and in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResendEvent {
    /// The same in each attempt to deliver this event.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// The delivery that the mail was tagged with; `None` for mails of other senders.
    pub delivery_id: Option<Uuid>,
    /// Resend's id of the mail.
    pub email_id: Option<String>,
    /// The recipient, if there is one only, as every mail of ours has.
    pub to: Option<String>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Resend has handed the mail over.
    Sent,
    /// The recipient's server took it.
    Delivered,
    /// The recipient's server asks to wait.
    DeliveryDelayed,
    /// The recipient's server refused it.
    Bounced {
        /// Every further mail will be refused too.
        permanent: bool,
    },
    /// The recipient calls it spam.
    Complained,
    /// Resend could not send it.
    Failed,
    /// Resend did not send it: an earlier mail bounced or was complained about.
    Suppressed,
    /// Anything else, such as an opened mail.
    Other,
}

/// Why a webhook is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The operator has set no secret.
    #[error("no secret is configured")]
    NotConfigured,
    /// Id, time or signature is missing or unreadable.
    #[error("a header is missing or unreadable")]
    Headers,
    /// Signed too long ago, or in the future.
    #[error("the time of the signature is too far from now")]
    Time,
    /// Signed with another secret, or over another body.
    #[error("the signature does not match")]
    Signature,
    /// Signed, but not an event.
    #[error("the body is not an event")]
    Body,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    created_at: String,
    #[serde(default)]
    data: Value,
}

/// Verifies a webhook with any of the secrets and reads its event.
pub fn verify(
    secrets: &[SecretString],
    headers: &HeaderMap,
    raw_body: &[u8],
    now: DateTime<Utc>,
) -> Result<ResendEvent, WebhookError> {
    if secrets.is_empty() {
        return Err(WebhookError::NotConfigured);
    }
    let [id, timestamp, signatures] =
        PREFIXES.iter().find_map(|prefix| signature_headers(headers, prefix)).ok_or(WebhookError::Headers)?;
    let timestamp: i64 = timestamp.parse().map_err(|_| WebhookError::Headers)?;
    let signed_at = DateTime::from_timestamp(timestamp, 0).ok_or(WebhookError::Headers)?;
    if (now - signed_at).abs() > TOLERANCE {
        return Err(WebhookError::Time);
    }
    // All secrets and signatures are looked at, whichever matches.
    let matches = secrets.iter().filter_map(|secret| signature(secret, id, timestamp, raw_body));
    let matches = matches.fold(false, |found, expected| found | contains(signatures, &expected));
    if !matches {
        return Err(WebhookError::Signature);
    }
    read(id, raw_body).ok_or(WebhookError::Body)
}

/// Id, time and signatures.
fn signature_headers<'a>(headers: &'a HeaderMap, prefix: &str) -> Option<[&'a str; 3]> {
    let text = |name: &str| headers.get(format!("{prefix}-{name}"))?.to_str().ok();
    Some([text("id")?, text("timestamp")?, text("signature")?])
}

/// `v1,<base64>`; `None` for a body that is not UTF-8.
fn signature(secret: &SecretString, id: &str, timestamp: i64, raw_body: &[u8]) -> Option<String> {
    Webhook::new(secret.expose_secret()).ok()?.sign(id, timestamp, raw_body).ok()
}

/// Whether a list with spaces has this signature. Takes the same time wherever two of one length differ.
fn contains(signatures: &str, expected: &str) -> bool {
    let is_expected = |signature: &str| {
        let difference = signature.bytes().zip(expected.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
        signature.len() == expected.len() && difference == 0
    };
    signatures.split(' ').fold(false, |found, signature| found | is_expected(signature))
}

fn read(id: &str, raw_body: &[u8]) -> Option<ResendEvent> {
    let Envelope { kind, created_at, data } = serde_json::from_slice(raw_body).ok()?;
    Some(ResendEvent {
        id: id.to_owned(),
        kind: event_kind(&kind, &data),
        delivery_id: tag(&data, "delivery_id").and_then(|value| value.parse().ok()),
        email_id: data["email_id"].as_str().map(str::to_owned),
        to: only_recipient(&data),
        created_at: instant(&created_at)?,
    })
}

fn only_recipient(data: &Value) -> Option<String> {
    match data["to"].as_array()?.as_slice() {
        [address] => Some(address.as_str()?.to_owned()),
        _ => None,
    }
}

fn event_kind(kind: &str, data: &Value) -> EventKind {
    match kind {
        "email.sent" => EventKind::Sent,
        "email.delivered" => EventKind::Delivered,
        "email.delivery_delayed" => EventKind::DeliveryDelayed,
        "email.bounced" => EventKind::Bounced { permanent: data["bounce"]["type"] == "Permanent" },
        "email.complained" => EventKind::Complained,
        "email.failed" => EventKind::Failed,
        "email.suppressed" => EventKind::Suppressed,
        _ => EventKind::Other,
    }
}

/// Tags are `{name: value}` in webhooks and `[{name, value}]` in requests; both are read.
fn tag<'a>(data: &'a Value, name: &str) -> Option<&'a str> {
    match &data["tags"] {
        Value::Object(tags) => tags.get(name)?.as_str(),
        Value::Array(tags) => tags.iter().find(|tag| tag["name"] == name)?["value"].as_str(),
        _ => None,
    }
}

/// RFC 3339, or Postgres' own form, which Resend's pages show too.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%F %T%.f%#z"));
    instant.ok().map(|instant| instant.to_utc())
}

#[cfg(test)]
mod tests;
