//! Plays a request to the fake Resend: writes it down, checks it, accepts its mail, and answers, breaks off or waits as its
//! script says. Called by the world's server.

use std::{io, os::fd::AsFd, sync::Arc};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use nix::sys::socket::{setsockopt, sockopt::Linger};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::{
        Outcome, State,
        server::{Body, Socket},
    },
    Rate,
    ledger::{MailRequest, Site},
    resend::{self, Claimed, Refusal, bare},
    script::{Script, usual_name},
};

/// Whether a path is Resend's.
pub(in crate::world) fn is_path(path: &str) -> bool {
    path.starts_with("/resend/")
}

/// Answers a request; an error means that the connection is to be closed without an answer.
pub(in crate::world) async fn serve(
    request: Request<Incoming>,
    state: Arc<State>,
    socket: Socket,
) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    // A client that breaks off while sending has not made a request.
    let Ok(body) = body.collect().await else { return Err(io::ErrorKind::ConnectionAborted.into()) };
    let payload = body.to_bytes();
    let body: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let entry = entry(&state, &head, &payload, &body);
    let (to, key, script) = (entry.to.clone(), entry.key.clone(), entry.script.clone());
    let number = state.mail.ledger.open(entry);
    let rate = state.mail.count();
    let running = Running { state, number, is_ended: false, rate };
    let checked = check(&head, &body, rate);
    Scene { running, to, key, payload, body, checked, socket }.play(script).await
}

fn entry(state: &State, head: &Parts, payload: &Bytes, body: &Value) -> MailRequest {
    let to = bare(resend::recipients(body).first().copied().unwrap_or_default()).to_owned();
    let delivery = resend::tags(body).get("delivery_id").cloned();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let shown = head.headers.iter().filter(|(name, _)| **name != header::AUTHORIZATION);
    MailRequest {
        number: 0,
        site: Site::Resend,
        script: state.mail.next_script(delivery.as_deref(), &to),
        key: head.headers.get("idempotency-key").map(text),
        headers: shown.map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(payload).into_owned(),
        to,
        delivery,
        at: Instant::now(),
        outcome: Outcome::Open,
    }
}

/// What Resend finds wrong before it looks at the key.
fn check(head: &Parts, body: &Value, rate: Rate) -> Result<(), Refusal> {
    match (&head.method, head.uri.path()) {
        (&Method::POST, "/resend/emails") => {}
        (_, "/resend/emails") => return Err((405, "method_not_allowed", "Method is not allowed.")),
        _ => return Err((404, "not_found", "The requested endpoint does not exist.")),
    }
    resend::check_head(&head.headers)?;
    if rate.remaining.is_none() {
        return Err((429, "rate_limit_exceeded", "Too many requests."));
    }
    resend::check_body(body)
}

/// A request that has no end yet. If it is dropped first, its client closed the connection.
struct Running {
    state: Arc<State>,
    number: usize,
    is_ended: bool,
    rate: Rate,
}

impl Running {
    fn set(&mut self, outcome: Outcome) {
        self.is_ended = !matches!(outcome, Outcome::Open | Outcome::Holding);
        self.state.mail.ledger.set_outcome(self.number, outcome);
    }

    fn answer(mut self, status: u16, body: &Value, retry_after: Option<u64>) -> Response<Body> {
        self.set(if status < 400 { Outcome::Completed } else { Outcome::Refused(status) });
        let mut response =
            Response::new(Full::new(Bytes::from(body.to_string())).map_err(|never| match never {}).boxed());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        let (limit, remaining) = (self.rate.limit, self.rate.remaining.unwrap_or(0));
        let policy = format!("{limit};w=1");
        let limits = [("limit", limit.to_string()), ("remaining", remaining.to_string()), ("reset", "1".to_owned())];
        for (name, value) in limits.into_iter().chain([("policy", policy)]) {
            let name = HeaderName::try_from(format!("ratelimit-{name}"));
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    fn refuse(self, refusal: Refusal, retry_after: Option<u64>) -> Response<Body> {
        self.answer(refusal.0, &resend::error(refusal), retry_after)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_ended {
            self.set(Outcome::ClosedByClient);
        }
    }
}

/// One request being played. Hyper drops it when the client goes.
struct Scene {
    running: Running,
    to: String,
    key: Option<String>,
    payload: Bytes,
    body: Value,
    checked: Result<(), Refusal>,
    socket: Socket,
}

impl Scene {
    async fn play(mut self, script: Script) -> io::Result<Response<Body>> {
        match script {
            Script::Hang => return std::future::pending().await,
            Script::ResetBefore => return self.reset(),
            Script::Refuse { status, name, retry_after } => {
                return Ok(self.running.refuse((status, name, "scripted"), retry_after));
            }
            _ => {}
        }
        let executed = match self.checked {
            Ok(()) => self.execute(script == Script::Hold).await,
            Err(refusal) => Err(refusal),
        };
        let id = match executed {
            Ok(id) => id,
            Err(refusal) => {
                let retry_after = (refusal.0 == 429).then_some(1);
                return Ok(self.running.refuse(refusal, retry_after));
            }
        };
        match script {
            Script::AcceptThenHang => std::future::pending().await,
            Script::AcceptThenReset => self.reset(),
            Script::AcceptThenStatus(status) => Ok(self.running.refuse((status, usual_name(status), "scripted"), None)),
            _ => Ok(self.running.answer(200, &json!({ "id": id }), None)),
        }
    }

    /// Accepts the mail unless its key was used; returns the id of the answer.
    async fn execute(&mut self, holds: bool) -> Result<String, Refusal> {
        let state = Arc::clone(&self.running.state);
        let key = self.key.as_deref();
        let claim = match state.mail.keys.claim(key, &self.payload)? {
            Claimed::Repeated(id) => return Ok(id),
            Claimed::New(claim) => claim,
        };
        if holds {
            self.running.set(Outcome::Holding);
            if let Ok(permit) = state.gate(&self.to).acquire().await {
                permit.forget();
            }
            self.running.set(Outcome::Open);
        }
        let id = resend::accept(&state.mail, key, &self.body, self.running.number);
        claim.done(&self.payload, &id);
        Ok(id)
    }

    /// A socket that is closed with zero linger is reset; an error makes hyper close it without an answer.
    fn reset(mut self) -> io::Result<Response<Body>> {
        let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        let _ = setsockopt(&self.socket.as_fd(), Linger, &at_once);
        self.running.set(Outcome::Broken);
        Err(io::ErrorKind::ConnectionReset.into())
    }
}
