//! The adapter for OpenRouter and every server that speaks OpenAI's chat completions.
//! Reached through the `Ai` trait only.
//! One call is one HTTP request, never repeated here, and the key stands in no log, error or excerpt.
//! `async-openai` is not used: it reads streams with `eventsource-stream`, which does not bound the length of a line.

mod chunk;
mod reading;
mod refusal;
mod request;
pub mod sse;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::Context;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::{reading::Reading, request::Dialect};
use super::{Ai, AiError, AiErrorKind, AiEvent, AiRequest, Filter, Word};

/// Most bytes read of a refusal: enough for any error object, and no flood.
const MAX_REFUSAL: usize = 64 * 1024;

/// How long a refusal's body is waited for. Its status alone says enough.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

/// An OpenAI-compatible server.
#[derive(Clone, Debug)]
pub struct OpenRouter {
    client: Client,
    url: Url,
    dialect: Dialect,
    key: Option<SecretString>,
    authorization: Option<HeaderValue>,
}

impl OpenRouter {
    /// A server by its base URL, e.g. `https://openrouter.ai/api/v1`. Fails on a URL or a key that no request can carry.
    pub fn new(client: Client, base_url: &str, key: Option<SecretString>) -> anyhow::Result<Self> {
        let url: Url = format!("{}/chat/completions", base_url.trim_end_matches('/'))
            .parse()
            .context("reading AI_BASE_URL as a URL")?;
        anyhow::ensure!(matches!(url.scheme(), "http" | "https"), "AI_BASE_URL is neither http nor https");
        let authorization = key.as_ref().map(bearer).transpose()?;
        Ok(Self { client, dialect: Dialect::of(&url), url, key, authorization })
    }
}

impl Ai for OpenRouter {
    /// The name in `AI_PROVIDER`, whichever server `AI_BASE_URL` points to: the API derives the breaker's key from it.
    fn provider(&self) -> &'static str {
        "openrouter"
    }

    fn call(&self, request: AiRequest) -> BoxStream<'static, Result<AiEvent, AiError>> {
        let call = Call { server: self.clone(), started: Instant::now(), phase: Phase::Asking(Box::new(request)) };
        stream::unfold(call, |mut call| async { call.next().await.map(|event| (event, call)) }).boxed()
    }
}

/// One call on its way.
struct Call {
    server: OpenRouter,
    started: Instant,
    phase: Phase,
}

enum Phase {
    Asking(Box<AiRequest>),
    Reading(Box<Reading>),
    Ended,
}

impl Call {
    async fn next(&mut self) -> Option<Result<AiEvent, AiError>> {
        if let Phase::Asking(request) = &self.phase {
            match self.server.ask(request).await {
                Ok(response) => {
                    let reading = Reading::of(response, request, self.server.key.clone());
                    self.phase = Phase::Reading(Box::new(reading));
                }
                Err(error) => return Some(Err(self.end(error))),
            }
        }
        let Phase::Reading(reading) = &mut self.phase else { return None };
        match reading.next().await {
            Some(Err(error)) => Some(Err(self.end(error))),
            Some(event) => Some(event),
            None => {
                self.phase = Phase::Ended;
                None
            }
        }
    }

    /// Nothing follows an error, and dropping the phase closes the connection.
    fn end(&mut self, error: AiError) -> AiError {
        self.phase = Phase::Ended;
        AiError { elapsed: self.started.elapsed(), ..error }
    }
}

impl OpenRouter {
    /// Sends the request and waits for the head of a completion.
    async fn ask(&self, request: &AiRequest) -> Result<Response, AiError> {
        // A timer looks at the clock only after its work was polled once, which would open a connection for nothing.
        if Instant::now() >= request.deadline {
            return Err(AiErrorKind::Timeout.into());
        }
        let sending = self.client.post(self.url.clone()).headers(self.headers(request));
        let sending = sending.json(&request::body(request, self.dialect)).send();
        let response = match timeout_at(request.deadline, sending).await.map_err(|_| AiErrorKind::Timeout)? {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Err(AiErrorKind::Connect.into()),
            Err(_) => return Err(AiErrorKind::Reset.into()),
        };
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        Err(self.refused(response, request).await)
    }

    fn headers(&self, request: &AiRequest) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(traceparent) = request.traceparent.as_ref().and_then(|value| value.parse().ok()) {
            headers.insert("traceparent", traceparent);
        }
        if self.dialect == Dialect::OpenRouter {
            headers.insert("x-openrouter-title", HeaderValue::from_static("Almanac"));
        }
        headers
    }

    async fn refused(&self, mut response: Response, request: &AiRequest) -> AiError {
        let text = start_of_body(&mut response, request.deadline.min(Instant::now() + REFUSAL_PATIENCE)).await;
        let body: Value = serde_json::from_slice(&text).unwrap_or_default();
        let status = response.status().as_u16();
        let filter = Filter::of(request.prompt, self.key.clone());
        AiError {
            status: Some(status),
            retry_after: refusal::retry_after(response.headers(), &body),
            provider_ref: provider_ref(response.headers(), &filter),
            excerpt: filter.excerpt(&text),
            ..refusal::kind(status, &body).into()
        }
    }
}

async fn start_of_body(response: &mut Response, until: Instant) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < MAX_REFUSAL {
        let Ok(Ok(Some(bytes))) = timeout_at(until, response.chunk()).await else { break };
        text.extend_from_slice(&bytes[..bytes.len().min(MAX_REFUSAL - text.len())]);
    }
    text
}

/// The provider's own name for a call, when its headers have one.
fn provider_ref(headers: &HeaderMap, filter: &Filter) -> Option<Word> {
    let names = ["x-generation-id", "x-request-id", "request-id"];
    names.iter().find_map(|name| headers.get(*name)?.to_str().ok()).and_then(|name| filter.word(name))
}

fn bearer(key: &SecretString) -> anyhow::Result<HeaderValue> {
    let text = SecretString::from(format!("Bearer {}", key.expose_secret()));
    // The parser's error may hold the value, so it does not become the context's source.
    let Ok(mut value) = HeaderValue::from_str(text.expose_secret()) else {
        anyhow::bail!("OPENROUTER_API_KEY has characters that no header can carry");
    };
    value.set_sensitive(true);
    Ok(value)
}
