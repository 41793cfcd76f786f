//! The people who use Almanac: a user with a token, speaking HTTP to one API process.
//! `Stack::user` makes them; each test makes its own.
//! It must never take a shortcut: what a user does goes over the wire.

mod brand;
pub mod calendar;
mod channels;
pub mod forged;
mod generation;
pub mod log;
pub mod organic;
pub mod publishing;
pub mod raw;
mod reply;
pub mod stream;
pub mod synthesis;
pub mod token;

use std::{net::SocketAddr, time::Duration};

use http::Method;
use serde_json::Value;
use uuid::Uuid;

pub use self::reply::Reply;
use self::stream::{Encoding, EventStream};
use crate::{
    contract::{Operation, contract},
    observe::OrFail,
};

/// A user with a client.
#[derive(Clone, Debug)]
pub struct User {
    /// Who they are.
    pub id: Uuid,
    token: Option<String>,
    api: SocketAddr,
    client: reqwest::Client,
}

impl User {
    /// A new person, signed in, speaking to the API at this address.
    pub fn new(api: SocketAddr) -> Self {
        let id = Uuid::new_v4();
        Self { id, token: Some(token::hs256(&token::claims(id))), api, client: client() }
    }

    /// The same person at another API process.
    pub fn at(&self, api: SocketAddr) -> Self {
        Self { api, client: client(), ..self.clone() }
    }

    /// The same person with another token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same client with no token at all.
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Their token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.request(Method::GET, path).send().await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.request(Method::POST, path).json(&body).send().await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.request(Method::PATCH, path).json(&body).send().await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.request(Method::PUT, path).json(&body).send().await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.request(Method::DELETE, path).send().await
    }

    /// Follows a job's events from the start.
    pub async fn follow(&self, job: &str) -> EventStream {
        self.request(Method::GET, &format!("/v1/jobs/{job}/events")).open(Encoding::Sse).await
    }

    /// Follows a job's events after a seq.
    pub async fn follow_after(&self, job: &str, seq: u64) -> EventStream {
        let request = self.request(Method::GET, &format!("/v1/jobs/{job}/events"));
        request.header("last-event-id", &seq.to_string()).open(Encoding::Sse).await
    }

    /// Any request, to be filled in and sent.
    pub fn request(&self, method: Method, path: &str) -> Call {
        let mut builder = self.client.request(method.clone(), format!("http://{}{path}", self.api));
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        Call { name: format!("{method} {path}"), operation: contract().operation(&method, path), builder }
    }
}

/// A request being written.
#[derive(Debug)]
pub struct Call {
    name: String,
    operation: Option<Operation<'static>>,
    builder: reqwest::RequestBuilder,
}

impl Call {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// A JSON body.
    pub fn json(mut self, body: &Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// Any body, with its content type.
    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.header("content-type", content_type).body(body);
        self
    }

    /// An idempotency key.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Sends it and reads the whole answer.
    pub async fn send(self) -> Reply {
        let name = self.name.clone();
        self.try_send().await.or_fail(&name)
    }

    /// Sends it to a server that may be gone.
    pub async fn try_send(self) -> reqwest::Result<Reply> {
        // A request that should wait says so itself; the API's own bound is 60 s.
        let response = self.builder.timeout(Duration::from_secs(70)).send().await?;
        let reply = Reply::read(self.name, response).await;
        self.operation.into_iter().for_each(|operation| reply.keeps_the_contract(operation));
        Ok(reply)
    }

    /// Sends it and reads the answer as a stream, whatever its status is.
    pub async fn open(self, encoding: Encoding) -> EventStream {
        let response = self.builder.header("accept", encoding.media_type()).send().await.or_fail(&self.name);
        EventStream::open(self.name, encoding, response).described_by(self.operation)
    }
}

/// No proxy and no redirects: a test connects to the process under test only. No idle connections kept, because their
/// tasks live on the runtime of the test that opened them.
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(10))
        .tls_certs_only([])
        .build()
        .or_fail("building an HTTP client")
}
