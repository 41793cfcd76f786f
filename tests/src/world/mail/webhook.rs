//! Resend's webhooks, signed as Svix signs them. Tests make them and post them to the API. Written without the library that
//! the API verifies them with.
//! <https://docs.svix.com/receiving/verifying-payloads/how-manual>

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::now;
use crate::observe::OrFail;

/// The secret that the API under test verifies with.
pub const WEBHOOK_SECRET: &str = "whsec_Y2FuYXJ5LXdlYmhvb2stc2VjcmV0LW9mLXRlc3Rz";

/// An event of one mail.
#[derive(Clone, Debug)]
pub struct ResendWebhook {
    /// `svix-id`, which is the same in each attempt to deliver the event.
    pub id: String,
    /// When it is signed.
    pub at: DateTime<Utc>,
    /// What it is signed with.
    pub secret: String,
    /// The event.
    pub event: Value,
}

impl ResendWebhook {
    /// An event such as `email.delivered` about a delivery.
    pub fn new(kind: &str, delivery: &str) -> Self {
        let at = now();
        let created_at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let data = json!({
            "email_id": Uuid::new_v4(), "created_at": created_at, "from": "Almanac <mail@almanac.example>",
            "to": ["someone@mail.example"], "subject": "A subject", "tags": { "delivery_id": delivery },
        });
        Self {
            id: format!("msg_{}", Uuid::new_v4().simple()),
            at,
            secret: WEBHOOK_SECRET.to_owned(),
            event: json!({ "type": kind, "created_at": created_at, "data": data }),
        }
    }

    /// `email.bounced` with the type `Permanent`, `Transient` or `Undetermined`.
    pub fn bounced(delivery: &str, kind: &str) -> Self {
        let bounce = json!({ "message": "The mailbox does not exist.", "type": kind, "subType": "General" });
        Self::new("email.bounced", delivery).with("bounce", bounce)
    }

    /// The same event with one more field in `data`, or another value of it.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.event["data"][field] = value;
        self
    }

    /// Headers and body of the request.
    pub fn signed(&self) -> ([(&'static str, String); 3], String) {
        let (body, timestamp) = (self.event.to_string(), self.at.timestamp());
        let signature = signature(&self.secret, &format!("{}.{timestamp}.{body}", self.id));
        let headers = [
            ("svix-id", self.id.clone()),
            ("svix-timestamp", timestamp.to_string()),
            ("svix-signature", format!("v1,{signature}")),
        ];
        (headers, body)
    }
}

fn signature(secret: &str, content: &str) -> String {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).or_fail("a secret of a webhook");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).or_fail("a key of any length");
    mac.update(content.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_documents() {
        let content = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        let signature = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", content);
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
