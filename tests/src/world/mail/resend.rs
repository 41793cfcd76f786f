//! The fake Resend: checks a request as its documents and its schema say, and remembers idempotency keys.
//! `serving` calls it. It must never decide how a request ends: scripts do.
//! <https://resend.com/docs/api-reference/emails/send-email>, <https://github.com/resend/resend-openapi>

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Mail, RESEND_KEY, SENDER_DOMAIN,
    ledger::{SentMail, Site},
    now,
};
use crate::run::locked;

/// Fields of `SendEmailRequest`.
const FIELDS: [&str; 14] = [
    "from",
    "to",
    "subject",
    "bcc",
    "cc",
    "reply_to",
    "html",
    "text",
    "template",
    "headers",
    "scheduled_at",
    "attachments",
    "tags",
    "topic_id",
];

/// An error answer: status, name, message.
pub(super) type Refusal = (u16, &'static str, &'static str);

/// What is known of each idempotency key.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<HashMap<String, Key>>);

#[derive(Debug)]
enum Key {
    /// The first request has not ended.
    Running,
    /// The payload of the first request, and the id that it was answered with.
    Done(Bytes, String),
}

/// The key of a request that is being executed. Forgotten if the request ends without a mail.
pub(super) struct Claim<'a> {
    keys: &'a Keys,
    key: Option<String>,
}

/// What a key allows.
pub(super) enum Claimed<'a> {
    New(Claim<'a>),
    /// The id of the first answer.
    Repeated(String),
}

impl Keys {
    /// Begins a request; without a key each is a new one.
    pub fn claim(&self, key: Option<&str>, payload: &Bytes) -> Result<Claimed<'_>, Refusal> {
        let Some(key) = key else { return Ok(Claimed::New(Claim { keys: self, key: None })) };
        let mut keys = locked(&self.0);
        match keys.get(key) {
            None => {
                keys.insert(key.to_owned(), Key::Running);
                Ok(Claimed::New(Claim { keys: self, key: Some(key.to_owned()) }))
            }
            Some(Key::Running) => {
                Err((409, "concurrent_idempotent_requests", "The first request with this key is still in progress."))
            }
            Some(Key::Done(first, id)) if first == payload => Ok(Claimed::Repeated(id.clone())),
            Some(Key::Done(..)) => {
                Err((409, "invalid_idempotent_request", "The key was used with another request payload."))
            }
        }
    }
}

impl Claim<'_> {
    /// Remembers payload and id for later requests with the key.
    pub fn done(mut self, payload: &Bytes, id: &str) {
        if let Some(key) = self.key.take() {
            locked(&self.keys.0).insert(key, Key::Done(payload.clone(), id.to_owned()));
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            locked(&self.keys.0).remove(key);
        }
    }
}

/// What is wrong with the head of a request.
pub(super) fn check_head(headers: &HeaderMap) -> Result<(), Refusal> {
    if !headers.contains_key(header::USER_AGENT) {
        return Err((403, "forbidden", "error code: 1010"));
    }
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return Err((401, "missing_api_key", "Missing API key in the authorization header."));
    };
    if authorization.as_bytes() != format!("Bearer {RESEND_KEY}").as_bytes() {
        return Err((403, "invalid_api_key", "API key is invalid."));
    }
    let key = headers.get("idempotency-key");
    if key.is_some_and(|key| !(1..=256).contains(&key.len())) {
        return Err((400, "invalid_idempotency_key", "The key must have between 1 and 256 characters."));
    }
    Ok(())
}

/// What is wrong with the body of a request, by the schema.
pub(super) fn check_body(body: &Value) -> Result<(), Refusal> {
    const MISSING: &str = "missing_required_field";
    let Some(fields) = body.as_object() else { return Err((400, "validation_error", "The body is not an object.")) };
    if fields.keys().any(|name| !FIELDS.contains(&name.as_str())) {
        return Err((422, "invalid_parameter", "The body has an unknown field."));
    }
    if ["from", "to", "subject"].iter().any(|name| !fields.contains_key(*name)) {
        return Err((422, MISSING, "The `from`, `to` or `subject` field is missing."));
    }
    if !fields.contains_key("html") && !fields.contains_key("text") {
        return Err((422, MISSING, "The `html` or `text` field is missing."));
    }
    if ["subject", "html", "text"].iter().any(|name| fields.get(*name).is_some_and(|value| !value.is_string())) {
        return Err((422, "invalid_parameter", "The `subject`, `html` or `text` field is no string."));
    }
    check_sender(fields)?;
    let to = recipients(body);
    if !(1..=50).contains(&to.len()) || !to.iter().all(|address| is_address(bare(address))) {
        return Err((422, "validation_error", "Invalid `to` field."));
    }
    check_headers_and_tags(fields)
}

fn check_sender(fields: &Map<String, Value>) -> Result<(), Refusal> {
    let from = bare(fields["from"].as_str().unwrap_or_default());
    if !is_address(from) {
        return Err((422, "invalid_from_address", "Invalid `from` field."));
    }
    if !from.ends_with(&format!("@{SENDER_DOMAIN}")) {
        return Err((403, "validation_error", "The domain of the sender is not verified."));
    }
    Ok(())
}

fn check_headers_and_tags(fields: &Map<String, Value>) -> Result<(), Refusal> {
    let headers = fields
        .get("headers")
        .map_or(Some(true), |headers| headers.as_object().map(|headers| headers.values().all(Value::is_string)));
    if headers != Some(true) {
        return Err((422, "invalid_parameter", "The `headers` field is no object of strings."));
    }
    let is_word = |value: &Value| {
        let is_word_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        value.as_str().is_some_and(|text| (1..=256).contains(&text.len()) && text.bytes().all(is_word_char))
    };
    let is_tag = |tag: &Value| is_word(&tag["name"]) && is_word(&tag["value"]);
    match fields.get("tags").map(|tags| tags.as_array().is_some_and(|tags| tags.iter().all(is_tag))) {
        Some(false) => Err((422, "invalid_parameter", "Tags should only contain ASCII letters, numbers, _ and -.")),
        _ => Ok(()),
    }
}

/// The addresses that a request names.
pub(super) fn recipients(body: &Value) -> Vec<&str> {
    match &body["to"] {
        Value::String(to) => vec![to],
        Value::Array(list) => list.iter().map(|to| to.as_str().unwrap_or_default()).collect(),
        _ => Vec::new(),
    }
}

/// The address in `Name <address>`.
pub(super) fn bare(address: &str) -> &str {
    address.split_once('<').map_or(address, |(_, rest)| rest.trim_end_matches('>'))
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.') && !text.contains(' '))
}

/// Tags by name.
pub(super) fn tags(body: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tags = body["tags"].as_array().into_iter().flatten();
    tags.map(|tag| (text(&tag["name"]), text(&tag["value"]))).collect()
}

/// Accepts a mail; returns its id.
pub(super) fn accept(mail: &Mail, key: Option<&str>, body: &Value, request: usize) -> String {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let headers = body["headers"].as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned()));
    let (id, tags) = (Uuid::new_v4().to_string(), tags(body));
    mail.ledger.add(SentMail {
        site: Site::Resend,
        id: id.clone(),
        delivery: tags.get("delivery_id").cloned(),
        key: key.map(str::to_owned),
        from: text("from"),
        to: bare(recipients(body).first().copied().unwrap_or_default()).to_owned(),
        subject: text("subject"),
        html: text("html"),
        text: text("text"),
        headers: headers.collect(),
        tags,
        at: now(),
        request,
    });
    id
}

/// The body of an error answer.
pub(super) fn error((status, name, message): Refusal) -> Value {
    json!({"statusCode": status, "name": name, "message": message})
}
