//! Sends rendered requests with a token. Called by the channels' adapters. A request is sent once; the token stands in
//! the `Authorization` header and in no address, and an answer is read up to a bound.

use std::time::Duration;

use almanac_shared::{
    platform::error::Code,
    publishing::render::{Method, Request},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use reqwest::{Body, Client, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{ChannelError, ErrorClass, Sent, answer::Answer};
use crate::outbound::{
    gated_body::{Gate, GatedBody},
    http as outbound_http,
    media::Download,
    send_budget::SendBudget,
};

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 256 * 1024;

/// An upload may take this many times as long as a call.
const UPLOAD_FACTOR: u32 = 8;

/// Sends requests to vendors.
#[derive(Clone, Debug)]
pub struct ChannelClient {
    pooled: Client,
    unpooled: Client,
    timeout: Duration,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// Whether a byte of the body may have left.
    pub(super) has_left: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// No connection: name, TCP or TLS.
    Connect,
    Timeout,
    Reset,
    /// The time to send in was over before the first byte.
    BudgetSpent,
    /// The token cannot stand in a header.
    Token,
    /// No request can be made of it.
    Malformed,
}

impl FaultKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "no_connection",
            Self::Timeout => "timeout",
            Self::Reset => "connection_lost",
            Self::BudgetSpent => "send_budget_spent",
            Self::Token => "token_malformed",
            Self::Malformed => "request_malformed",
        }
    }
}

impl Fault {
    const fn unsent(kind: FaultKind) -> Self {
        Self { kind, has_left: false }
    }

    /// What became of a publishing request without an answer.
    pub(super) fn sent(self) -> Sent {
        let proof = json!({"reason": self.kind.as_str(), "bodySent": if self.has_left { "maybe" } else { "no" }});
        if self.has_left { Sent::Unknown { why: proof } } else { Sent::NotSent { error: self.into(), proof } }
    }
}

/// Why the last part of an upload has no answer.
#[derive(Debug)]
pub(super) struct UploadFault {
    fault: Fault,
    /// The medium is the cause, and not the vendor.
    source: Option<ChannelError>,
}

impl From<Fault> for UploadFault {
    fn from(fault: Fault) -> Self {
        Self { fault, source: None }
    }
}

impl UploadFault {
    /// What became of the post.
    pub(super) fn sent(self) -> Sent {
        match (self.fault.sent(), self.source) {
            (Sent::NotSent { proof, .. }, Some(error)) => Sent::NotSent { error, proof },
            (sent, _) => sent,
        }
    }
}

impl From<Fault> for ChannelError {
    fn from(fault: Fault) -> Self {
        let (class, code, message) = match fault.kind {
            FaultKind::Token => (
                ErrorClass::Auth,
                Code::ChannelAuthInvalid,
                "The access token has characters that no request can carry; connect the account again.",
            ),
            FaultKind::Malformed => {
                (ErrorClass::Validation, Code::ChannelRejected, "No request can be made of the post and its account.")
            }
            FaultKind::Connect => {
                (ErrorClass::Transient, Code::ChannelUnavailable, "The channel could not be reached.")
            }
            FaultKind::Timeout => {
                (ErrorClass::Transient, Code::ChannelUnavailable, "The channel did not answer in time.")
            }
            FaultKind::Reset => (ErrorClass::Transient, Code::ChannelUnavailable, "The connection was lost."),
            FaultKind::BudgetSpent => {
                (ErrorClass::Transient, Code::ChannelUnavailable, "The time to send the post in was over.")
            }
        };
        Self::new(class, code, message)
    }
}

impl ChannelClient {
    /// A client whose calls take at most `timeout`, uploads eight times as long.
    pub fn new(timeout: Duration) -> anyhow::Result<Self> {
        Ok(Self { pooled: outbound_http::client()?, unpooled: outbound_http::unpooled_client()?, timeout })
    }

    /// Sends a request that may be repeated.
    pub(super) async fn call(&self, request: &Request, token: &SecretString) -> Result<Answer, Fault> {
        self.call_with(request, Some(token)).await
    }

    /// The same, also for addresses that need no token.
    pub(super) async fn call_with(&self, request: &Request, token: Option<&SecretString>) -> Result<Answer, Fault> {
        let body = if request.body.is_null() { Body::default() } else { Body::from(json_bytes(&request.body)?) };
        let sending = start(&self.pooled, request, token)?.body(body);
        self.exchange(sending, self.timeout).await.map_err(|kind| Fault { kind, has_left: true })
    }

    /// The same for hosts that take the token under Meta's own name of the scheme.
    pub(super) async fn call_by_oauth(&self, request: &Request, token: &SecretString) -> Result<Answer, Fault> {
        let sending = start(&self.pooled, request, None)?.header(header::AUTHORIZATION, credentials("OAuth", token)?);
        self.exchange(sending, self.timeout).await.map_err(|kind| Fault { kind, has_left: true })
    }

    /// Sends the request that publishes, on a connection of its own, if its first byte leaves inside the budget.
    pub(super) async fn publish(
        &self,
        request: &Request,
        token: &SecretString,
        budget: SendBudget,
    ) -> Result<Answer, Fault> {
        if request.body.is_null() {
            return Err(Fault::unsent(FaultKind::Malformed));
        }
        let bytes = json_bytes(&request.body)?;
        self.publish_bytes(request, Some(token), bytes, budget).await
    }

    /// The same for the bytes of a file whose arrival publishes. They are held in memory, so that the first one leaves only
    /// when all are there.
    pub(super) async fn publish_bytes(
        &self,
        request: &Request,
        token: Option<&SecretString>,
        bytes: Bytes,
        budget: SendBudget,
    ) -> Result<Answer, Fault> {
        if bytes.is_empty() {
            return Err(Fault::unsent(FaultKind::Malformed));
        }
        let gate = Gate::default();
        let sending = start(&self.unpooled, request, token)?.header(header::CONTENT_LENGTH, bytes.len());
        let sending = sending.body(Body::wrap(GatedBody::new(bytes, budget, gate.clone())));
        self.exchange(sending, self.timeout).await.map_err(|kind| {
            let has_left = gate.close();
            Fault { kind: if gate.is_spent() { FaultKind::BudgetSpent } else { kind }, has_left }
        })
    }

    /// The same for bytes that are streamed from their source, for as long as an upload may take. For vendors that make one
    /// post of an upload however often its last part arrives: it may still be on its way when the post is looked up.
    pub(super) async fn publish_download(
        &self,
        request: &Request,
        token: Option<&SecretString>,
        download: Download,
        budget: SendBudget,
    ) -> Result<Answer, UploadFault> {
        let length = download.length;
        let (bytes, source) = download.into_stream();
        let gate = Gate::default();
        let mut sending = start(&self.unpooled, request, token)?;
        if let Some(length) = length {
            sending = sending.header(header::CONTENT_LENGTH, length);
        }
        let body = Body::wrap(GatedBody::streamed(bytes, length, budget, gate.clone()));
        let answer = self.exchange(sending.body(body), self.timeout * UPLOAD_FACTOR).await;
        answer.map_err(|kind| {
            let has_left = gate.close();
            let kind = if gate.is_spent() { FaultKind::BudgetSpent } else { kind };
            UploadFault { fault: Fault { kind, has_left }, source: source.error() }
        })
    }

    /// Sends the bytes of a file. Upload addresses of foreign hosts get no token.
    pub(super) async fn upload(
        &self,
        request: &Request,
        token: Option<&SecretString>,
        body: Body,
        length: Option<u64>,
    ) -> Result<Answer, Fault> {
        let mut sending = start(&self.pooled, request, token)?;
        if let Some(length) = length {
            sending = sending.header(header::CONTENT_LENGTH, length);
        }
        let patience = self.timeout * UPLOAD_FACTOR;
        self.exchange(sending.body(body), patience).await.map_err(|kind| Fault { kind, has_left: true })
    }

    /// Sends a form without a bearer token, as token endpoints take it.
    pub(super) async fn post_form(&self, url: &str, form: String) -> Result<Answer, Fault> {
        let sending = self.pooled.post(parse(url)?).body(form);
        let sending = sending.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.exchange(sending, self.timeout).await.map_err(|kind| Fault { kind, has_left: true })
    }

    /// Reads with secrets in the query, as some token endpoints take them. No error and no log shows the address.
    pub(super) async fn get_with_secrets(&self, url: &SecretString) -> Result<Answer, Fault> {
        let sending = self.pooled.get(parse(url.expose_secret())?);
        self.exchange(sending, self.timeout).await.map_err(|kind| Fault { kind, has_left: true })
    }

    /// Once the head has arrived there is an answer, also if its body ends early.
    async fn exchange(&self, sending: RequestBuilder, patience: Duration) -> Result<Answer, FaultKind> {
        let deadline = Instant::now() + patience;
        let response = match timeout_at(deadline, sending.send()).await {
            Err(_) => return Err(FaultKind::Timeout),
            Ok(Err(error)) if error.is_connect() => return Err(FaultKind::Connect),
            Ok(Err(error)) if error.is_builder() => return Err(FaultKind::Malformed),
            Ok(Err(_)) => return Err(FaultKind::Reset),
            Ok(Ok(response)) => response,
        };
        Ok(read(response, deadline).await)
    }
}

async fn read(mut response: Response, deadline: Instant) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut text = Vec::new();
    while text.len() < MAX_ANSWER {
        let Ok(Ok(Some(bytes))) = timeout_at(deadline, response.chunk()).await else { break };
        text.extend_from_slice(&bytes[..bytes.len().min(MAX_ANSWER - text.len())]);
    }
    Answer::new(status, headers, text)
}

fn start(client: &Client, request: &Request, token: Option<&SecretString>) -> Result<RequestBuilder, Fault> {
    let method = match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name = header::HeaderName::from_bytes(name.as_bytes()).map_err(|_| Fault::unsent(FaultKind::Malformed))?;
        headers.insert(name, HeaderValue::from_str(value).map_err(|_| Fault::unsent(FaultKind::Malformed))?);
    }
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(token) = token {
        headers.insert(header::AUTHORIZATION, credentials("Bearer", token)?);
    }
    Ok(client.request(method, parse(&request.url)?).headers(headers))
}

fn parse(url: &str) -> Result<Url, Fault> {
    Url::parse(url).map_err(|_| Fault::unsent(FaultKind::Malformed))
}

fn credentials(scheme: &str, token: &SecretString) -> Result<HeaderValue, Fault> {
    let text = SecretString::from(format!("{scheme} {}", token.expose_secret()));
    let mut value = HeaderValue::from_str(text.expose_secret()).map_err(|_| Fault::unsent(FaultKind::Token))?;
    value.set_sensitive(true);
    Ok(value)
}

fn json_bytes(body: &Value) -> Result<Bytes, Fault> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|_| Fault::unsent(FaultKind::Malformed))
}

#[cfg(test)]
mod tests;
