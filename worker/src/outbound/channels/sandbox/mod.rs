//! The sandbox: a server on a loopback port of this process that answers as the vendors' documents say and keeps each post
//! as a file with a small preview. Made only if the transport is `sandbox`; adapters reach it by its base URL.
//! It must never call anything outside: a picture's address is kept and not fetched.

use std::{collections::HashMap, convert::Infallible, net::SocketAddr, path::Path, sync::Arc};

use almanac_shared::{platform::clock::SystemClock, publishing::Channel};
use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, task::AbortHandle};
use url::form_urlencoded;

use self::posts::Posts;

mod facebook;
mod linkedin;
mod posts;
mod preview;

/// Most bytes of a request: more than a picture may have.
const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// Previews load nothing.
const PREVIEW_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    server: AbortHandle,
}

impl Sandbox {
    /// Listens on a free loopback port and keeps posts in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be written, or no port is free.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let posts = Arc::new(Posts::open(folder, Box::new(SystemClock))?);
        let listener = TcpListener::bind("127.0.0.1:0").await.context("binding the sandbox")?;
        let address = listener.local_addr().context("reading the sandbox's address")?;
        let server = tokio::spawn(serve(listener, posts, format!("http://{address}"))).abort_handle();
        Ok(Self { address, server })
    }

    /// The base URL of a channel, in the place of its vendor's.
    pub fn base_url(&self, channel: Channel) -> String {
        format!("http://{}/{channel}", self.address)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, posts: Arc<Posts>, origin: String) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let (posts, origin) = (posts.clone(), origin.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (posts, origin) = (posts.clone(), origin.clone());
                async move { Ok::<_, Infallible>(answer(request, posts, &origin).await) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

type Answer = Response<Full<Bytes>>;

async fn answer(request: Request<Incoming>, posts: Arc<Posts>, origin: &str) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else { return empty(StatusCode::PAYLOAD_TOO_LARGE) };
    let call = Call::new(&head, body.to_bytes(), origin);
    // Files are read and written.
    let answered = tokio::task::spawn_blocking(move || match call.path.first().map(String::as_str) {
        Some("facebook") => facebook::answer(&call, &posts),
        Some("linkedin") => linkedin::answer(&call, &posts),
        _ => Ok(empty(StatusCode::NOT_FOUND)),
    });
    match answered.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::error!(error = format!("{error:#}"), "the sandbox cannot keep posts");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// A request as the vendors' parts of the sandbox read it.
struct Call {
    method: Method,
    /// Decoded segments; the first one is the channel.
    path: Vec<String>,
    query: HashMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
    origin: String,
}

impl Call {
    fn new(head: &http::request::Parts, body: Bytes, origin: &str) -> Self {
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        Self {
            method: head.method.clone(),
            path: head.uri.path().split('/').skip(1).map(decoded).collect(),
            query: query.into_owned().collect(),
            headers: head.headers.clone(),
            body,
            origin: origin.to_owned(),
        }
    }

    /// Method and path without the channel, for a match.
    fn route(&self) -> (&str, Vec<&str>) {
        (self.method.as_str(), self.path.iter().skip(1).map(String::as_str).collect())
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.query(name)?.parse().ok()
    }

    /// Null if it is not JSON.
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn has_token(&self) -> bool {
        let value = self.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        value.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|token| !token.trim().is_empty())
    }
}

/// A segment of a path as the text that was encoded.
fn decoded(segment: &str) -> String {
    let pair = format!("={segment}");
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, text)| text.into_owned()).unwrap_or_default()
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

fn json(status: StatusCode, body: &Value) -> Answer {
    let mut answer = empty(status);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *answer.body_mut() = Full::new(body.to_string().into());
    answer
}

fn html(body: String) -> Answer {
    let mut answer = empty(StatusCode::OK);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PREVIEW_POLICY);
    *answer.body_mut() = Full::new(body.into());
    answer
}

#[cfg(test)]
mod tests;
