//! Resend's API: one request per mail, with the delivery's idempotency key. Chosen by the settings.
//! A request is never repeated here, and its body is the same each time it is made of the same mail.
//! <https://resend.com/docs/api-reference/emails/send-email>

use std::time::Duration;

use almanac_shared::platform::error::Code;
use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lettre::message::Mailbox;
use reqwest::{Body, Client, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use url::Url;
use uuid::Uuid;

use self::answer::{Answer, outcome};
use super::{Mailer, Outgoing, Sent, Turn, pace::Pace};
use crate::outbound::{
    gated_body::{Gate, GatedBody},
    http as outbound_http,
    send_budget::SendBudget,
};

mod answer;

/// How long an answer may take. A time-out costs a second request with the same key.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The lower one of the two limits that Resend's pages name, two a second; answers name the real one.
const INTERVAL: Duration = Duration::from_millis(500);

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Sends mails by Resend.
pub(super) struct Resend {
    /// Without a pool: a kept connection may be closed just when a request is written to it, which leaves the outcome of
    /// that request unknown. It also sets `User-Agent`, without which Resend answers 403.
    client: Client,
    url: Url,
    authorization: HeaderValue,
    from: String,
    timeout: Duration,
    pace: Pace,
}

/// The order of fields is that of the bytes: the same mail is the same body.
#[derive(Serialize)]
struct Email<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    html: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<ListHeaders>,
    tags: [Tag; 1],
}

/// <https://www.rfc-editor.org/rfc/rfc8058>
#[derive(Serialize)]
struct ListHeaders {
    #[serde(rename = "List-Unsubscribe")]
    unsubscribe: String,
    #[serde(rename = "List-Unsubscribe-Post")]
    post: &'static str,
}

/// Comes back in webhooks.
#[derive(Serialize)]
struct Tag {
    name: &'static str,
    value: Uuid,
}

impl Resend {
    pub(super) fn new(key: &SecretString, base_url: &str, from: &Mailbox) -> anyhow::Result<Self> {
        let bearer = SecretString::from(format!("Bearer {}", key.expose_secret()));
        let mut authorization = HeaderValue::from_str(bearer.expose_secret()).context("RESEND_API_KEY")?;
        authorization.set_sensitive(true);
        Ok(Self {
            client: outbound_http::unpooled_client()?,
            url: Url::parse(&format!("{base_url}/emails")).context("RESEND_BASE_URL")?,
            authorization,
            from: from.to_string(),
            timeout: CALL_TIMEOUT,
            pace: Pace::new(INTERVAL),
        })
    }

    fn body(&self, mail: &Outgoing) -> serde_json::Result<Bytes> {
        let headers =
            mail.list_unsubscribe().map(|unsubscribe| ListHeaders { unsubscribe, post: "List-Unsubscribe=One-Click" });
        let email = Email {
            from: &self.from,
            to: [mail.to.expose_secret()],
            subject: &mail.subject,
            html: &mail.html,
            text: &mail.text,
            headers,
            tags: [Tag { name: "delivery_id", value: mail.delivery_id }],
        };
        serde_json::to_vec(&email).map(Bytes::from)
    }

    /// Once the head has arrived there is an answer, also if its body ends early.
    async fn exchange(&self, headers: HeaderMap, body: Body) -> Result<Answer, &'static str> {
        let deadline = Instant::now() + self.timeout;
        let sending = self.client.post(self.url.clone()).headers(headers).body(body).send();
        match timeout_at(deadline, sending).await {
            Err(_) => Err("timeout"),
            Ok(Err(error)) if error.is_connect() => Err("no_connection"),
            Ok(Err(_)) => Err("connection_lost"),
            Ok(Ok(response)) => Ok(read(response, deadline).await),
        }
    }

    fn headers(&self, key: &str, length: usize) -> Option<HeaderMap> {
        let key = HeaderValue::from_str(key).ok().filter(|key| (1..=256).contains(&key.len()))?;
        Some(HeaderMap::from_iter([
            (header::AUTHORIZATION, self.authorization.clone()),
            (header::ACCEPT, HeaderValue::from_static("application/json")),
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::CONTENT_LENGTH, length.into()),
            (IDEMPOTENCY_KEY, key),
        ]))
    }

    /// Takes over what the answer says about limits, and logs what only an operator can mend.
    fn note(&self, answer: &Answer, sent: &Sent) {
        self.pace.learn(&answer.headers);
        let Sent::NotSent { retry_after, code, .. } = sent else { return };
        match code {
            Code::EmailNotConfigured => {
                let (provider_status, name) = (answer.status, answer.name());
                tracing::error!(
                    provider_status,
                    name,
                    "Resend refuses this installation: check its key, sender and address"
                );
            }
            // Each further mail would be refused too.
            _ => self.pace.hold(retry_after.unwrap_or(INTERVAL)),
        }
    }
}

#[async_trait]
impl Mailer for Resend {
    fn name(&self) -> &'static str {
        "resend"
    }

    fn turn(&self, longest: Duration) -> Turn {
        self.pace.reserve(longest)
    }

    fn call_timeout(&self) -> Duration {
        self.timeout
    }

    async fn send(&self, mail: &Outgoing, budget: SendBudget) -> Sent {
        let Ok(bytes) = self.body(mail) else { return malformed("body") };
        let Some(headers) = self.headers(&mail.idempotency_key, bytes.len()) else { return malformed("key") };
        let gate = Gate::default();
        let body = Body::wrap(GatedBody::new(bytes, budget, gate.clone()));
        match self.exchange(headers, body).await {
            Ok(answer) => {
                let sent = outcome(&answer);
                self.note(&answer, &sent);
                sent
            }
            Err(reason) if gate.close() => {
                Sent::Unknown { can_resend: true, why: json!({"reason": reason, "bodySent": "maybe"}) }
            }
            Err(reason) => not_sent(if gate.is_spent() { "send_budget_spent" } else { reason }),
        }
    }

    fn resend_is_safe(&self) -> bool {
        true
    }
}

fn malformed(part: &str) -> Sent {
    Sent::Rejected {
        code: Code::EmailRejected,
        message: "No request can be made of the mail.",
        proof: json!({"reason": "malformed", "part": part}),
    }
}

fn not_sent(reason: &str) -> Sent {
    Sent::NotSent {
        retry_after: None,
        code: Code::EmailUnavailable,
        message: "The e-mail provider could not be reached.",
        proof: json!({"reason": reason, "bodySent": "no"}),
    }
}

async fn read(mut response: Response, deadline: Instant) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut text = Vec::new();
    while text.len() < MAX_ANSWER {
        let Ok(Ok(Some(bytes))) = timeout_at(deadline, response.chunk()).await else { break };
        text.extend_from_slice(&bytes[..bytes.len().min(MAX_ANSWER - text.len())]);
    }
    let body: Value = serde_json::from_slice(&text).unwrap_or_default();
    Answer { status, headers, body }
}

#[cfg(test)]
mod tests;
