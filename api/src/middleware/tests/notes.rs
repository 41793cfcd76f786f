//! A few endpoints inside of the whole edge, and a client of them.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use almanac_shared::platform::{
    clock::{Clock, SystemClock},
    config::AuthSettings,
    error::{ActiveJob, Code, LimitState, Refusal},
    id::{JobId, UserId},
};
use bytes::{BufMut, BytesMut};
use chrono::TimeDelta;
use poem::{
    Body, Response, Route,
    endpoint::{make, make_sync},
    http::{self, HeaderMap, Method, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use poem_openapi::{
    ApiResponse, Object, OpenApi, OpenApiService,
    param::{Header, Path, Query},
    payload::PlainText,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::super::*;
use crate::{
    auth::{Caller, token},
    http::{
        error::ApiError,
        reply::Reply,
        strict_json::{Checks, StrictJson},
    },
    server::{FrameSource, StreamBody},
};

const SECRET: &str = "a secret of thirty-two bytes or so";

#[derive(Debug, Serialize, Deserialize, Object)]
struct Note {
    pub text: String,
}

#[derive(ApiResponse)]
enum Submitted {
    #[oai(status = 202)]
    Accepted(Reply<Note>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum Gone {
    #[oai(status = 204)]
    Gone,
}

#[derive(Clone)]
pub(super) struct Notes;

#[OpenApi]
impl Notes {
    #[oai(path = "/notes", method = "post")]
    async fn submit(&self, caller: Caller, note: StrictJson<Note>) -> Result<Submitted, ApiError> {
        Checks::default().length("text", &note.0.text, 1..=10).finish()?;
        assert!(!caller.is_admin);
        Ok(Submitted::Accepted(Reply::new(note.0), "/v1/notes/1".to_owned()))
    }

    #[oai(path = "/notes/:id", method = "get")]
    async fn show(
        &self,
        id: Path<Uuid>,
        #[oai(validator(minimum(value = "1")))] limit: Query<Option<u32>>,
        wait: Header<Option<u32>>,
    ) -> Result<Reply<Note>, ApiError> {
        let _ = (limit, wait);
        Ok(Reply::new(Note { text: id.0.to_string() }).degraded("live"))
    }

    #[oai(path = "/notes/:id", method = "delete")]
    async fn remove(&self, id: Path<Uuid>) -> Result<Gone, ApiError> {
        let _ = id;
        Ok(Gone::Gone)
    }

    #[oai(path = "/optional", method = "post")]
    async fn optional(&self, note: StrictJson<Option<Note>>) -> Result<Reply<bool>, ApiError> {
        Ok(Reply::new(note.0.is_some()))
    }

    #[oai(path = "/replayed", method = "get")]
    async fn replayed(&self) -> Result<Reply<Note>, ApiError> {
        Reply::stored(r#"{"text":  "as it was"}"#.to_owned())
    }

    #[oai(path = "/file", method = "get")]
    async fn file(&self) -> PlainText<String> {
        PlainText("a,b".to_owned())
    }

    #[oai(path = "/refused/:how", method = "get")]
    async fn refused(&self, how: Path<String>) -> Result<Reply<Note>, ApiError> {
        let limit = LimitState { remaining: 0, reset_seconds: 7 };
        Err(match how.0.as_str() {
            "running" => {
                Refusal::AlreadyRunning(ActiveJob { id: JobId(Uuid::nil()), kind: "calendar.generate".into() })
            }
            "limited" => Refusal::RateLimited(limit),
            "rule" => Refusal::Rule { code: Code::ModelNotAllowed, field: "model", message: "not that one".into() },
            "store" => Refusal::StoreUnavailable(anyhow::anyhow!("the password is hunter2")),
            "panic" => panic!("the password is hunter2"),
            _ => Refusal::Unexpected(anyhow::anyhow!("the password is hunter2")),
        }
        .into())
    }
}

/// An answer that somebody has written in full already.
fn teapot() -> Response {
    Response::builder().status(http::StatusCode::IM_A_TEAPOT).body("short and stout")
}

/// Two frames, then the end.
struct Twice(u8);

impl FrameSource for Twice {
    fn poll_frames(&mut self, _cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        self.0 += 1;
        out.put_slice(b"data: x\n\n");
        Poll::Ready((self.0 < 2).then_some(()))
    }
}

pub(super) struct Door {
    pub app: poem::endpoint::BoxEndpoint<'static, Response>,
    pub seen: Arc<Mutex<Vec<(String, u16)>>>,
}

pub(super) fn door() -> Door {
    door_with(1_000, BodyLimits::default())
}

pub(super) fn door_with(anonymous: u32, body: BodyLimits) -> Door {
    let auth = AuthSettings {
        jwt_secret: Some(SecretString::from(SECRET)),
        jwks_url: None,
        issuer: None,
        audience: "authenticated".to_owned(),
        signing_keys: vec![[1; 32]],
    };
    let service = || OpenApiService::new(Notes, "notes", "1");
    let app = Route::new()
        .nest("/v1", enveloped(service()))
        .nest("/api", service())
        .at("/v1/follow", make_sync(|_| StreamBody::respond("text/event-stream", Box::new(Twice(0)))))
        .at("/v1/teapot", make(async |_| Err::<(), _>(poem::Error::from_response(teapot()))))
        .at("/healthz", make_sync(|_| "ok"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observe: Observe = {
        let seen = seen.clone();
        Arc::new(move |observation: Observation<'_>| {
            let line = format!("{} {}", observation.method, observation.route);
            seen.lock().unwrap().push((line, observation.status.as_u16()));
        })
    };
    let settings = Edge {
        auth: Arc::new(Authenticator::new(&auth, Arc::new(SystemClock)).unwrap()),
        cors_origins: vec!["https://app.example".to_owned()],
        proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
        anonymous_rate: Rate { count: anonymous, seconds: 60 },
        allowed: AllowedMethods::of::<Notes>(),
        observe,
        body,
    };
    Door { app: edge(app, settings).boxed(), seen }
}

pub(super) fn token() -> String {
    let request = token::TokenRequest {
        sub: Some(UserId::fresh()),
        role: "authenticated",
        ttl: TimeDelta::hours(1),
        audience: "authenticated",
        issuer: None,
    };
    token::mint_hs256(&SecretString::from(SECRET), &request, SystemClock.now()).unwrap()
}

pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Whether the server may take the socket out of hyper for it.
    pub streams: bool,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn code(&self) -> String {
        let json = self.json();
        assert_eq!(json["data"], Value::Null);
        assert_eq!(json["error"]["code"], self.header("x-error-code"));
        assert_eq!(json["meta"]["requestId"], self.header("x-request-id"));
        self.header("x-error-code").to_owned()
    }
}

impl Door {
    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut builder = http::Request::builder().method(method).uri(path).header("host", "almanac.test");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let peer = RemoteAddr(poem::Addr::SocketAddr("10.0.0.1:9".parse().unwrap()));
        let parts = (parts, LocalAddr::default(), peer, Scheme::HTTP);
        let mut response = self.app.call(Request::from_parts(parts.into(), body.into())).await.unwrap();
        let text = response.take_body().into_string().await.unwrap();
        let streams = response.data::<StreamBody>().is_some();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text, streams }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], ()).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let bearer = format!("Bearer {}", token());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.call(Method::POST, path, &headers, body).await
    }
}
