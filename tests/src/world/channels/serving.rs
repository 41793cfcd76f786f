//! Plays a request to a fake network: writes it down, checks its token, executes it, and answers, breaks off or waits
//! as its script says. Called by the world's server.
//! It must never decide what an executed request does: the fakes do.

use std::{io, os::fd::AsFd, sync::Arc};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use nix::sys::socket::{setsockopt, sockopt::Linger};
use serde_json::json;
use tokio::time::Instant;

use super::{
    super::{
        Outcome, State,
        server::{Body, Socket},
    },
    Call, Route,
    answer::Answer,
    facebook,
    ledger::Exchange,
    ledger::Site,
    linkedin, media,
    received::Received,
    received::shortened,
    script::Script,
    script::Step,
    script::graph_error,
    script::linkedin_error,
};
use crate::run::locked;

/// Whether a path is one of the fakes'.
pub(in crate::world) fn is_path(path: &str) -> bool {
    ["/facebook/", "/linkedin/", "/media/"].iter().any(|base| path.starts_with(base))
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
    let Some(received) = Received::new(&head, body.to_bytes()) else { return Ok(whole(&Answer::empty(404))) };
    let channels = &state.channels;
    let route = match received.site {
        Site::Facebook => facebook::route(channels, &received),
        Site::Linkedin => linkedin::route(channels, &received),
        Site::Media => return Ok(serve_media(&state, &received)),
    };
    let script = route.as_ref().map_or(Script::Ok, |route| channels.next_script(&route.account, route.step));
    let flaw = route.as_ref().and_then(|route| flaw(&state, route, &received));
    let number = channels.ledger.open(exchange(&received, route.as_ref(), script.clone(), flaw.is_none()));
    let running = Running { state: Arc::clone(&state), number, is_ended: false };
    let Some(route) = route else { return Ok(running.answer(&not_found(received.site))) };
    let scene = Scene { running, received, route, flaw, socket };
    scene.play(script).await
}

fn serve_media(state: &State, received: &Received) -> Response<Body> {
    let number = state.channels.ledger.open(exchange(received, None, Script::Ok, true));
    let response = media::answer(received);
    state.channels.ledger.set_outcome(number, outcome(response.status().as_u16()));
    response
}

/// What a network finds wrong before it looks at what is asked.
fn flaw(state: &State, route: &Route, received: &Received) -> Option<Answer> {
    match (received.site, route.step) {
        // Token endpoints check more than a token.
        (_, Step::Token) | (Site::Media, _) => None,
        (Site::Facebook, _) => facebook::check_token(&state.channels, &route.account, &received.token()),
        (Site::Linkedin, _) => linkedin::check_head(&state.channels, &route.account, received),
    }
}

fn exchange(received: &Received, route: Option<&Route>, script: Script, authorized: bool) -> Exchange {
    Exchange {
        number: 0,
        site: received.site,
        account: route.map(|route| route.account.clone()).unwrap_or_default(),
        step: route.map(|route| route.step),
        method: received.method.clone(),
        target: received.target(),
        authorized,
        token_end: shortened(&received.token()),
        headers: received.shown_headers(),
        body: received.shown_fields(),
        bytes: received.bytes.len(),
        at: Instant::now(),
        script,
        post: None,
        outcome: Outcome::Open,
    }
}

fn not_found(site: Site) -> Answer {
    if site == Site::Linkedin { Answer::linkedin(404) } else { Answer::graph(100) }
}

fn outcome(status: u16) -> Outcome {
    if status < 400 { Outcome::Completed } else { Outcome::Refused(status) }
}

/// A request that has no end yet. If it is dropped first, its client closed the connection.
struct Running {
    state: Arc<State>,
    number: usize,
    is_ended: bool,
}

impl Running {
    fn set(&mut self, outcome: Outcome) {
        self.is_ended = !matches!(outcome, Outcome::Open | Outcome::Holding);
        self.state.channels.ledger.set_outcome(self.number, outcome);
    }

    fn answer(mut self, answer: &Answer) -> Response<Body> {
        self.set(outcome(answer.status));
        whole(answer)
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
    received: Received,
    route: Route,
    flaw: Option<Answer>,
    socket: Socket,
}

impl Scene {
    async fn play(mut self, script: Script) -> io::Result<Response<Body>> {
        match &script {
            Script::Hang => return std::future::pending().await,
            Script::ResetBefore => return self.reset(),
            Script::Refuse(refusal) => {
                let usual = || match self.received.site {
                    Site::Linkedin => linkedin_error(refusal.status),
                    _ => graph_error(if refusal.status == 429 { 4 } else { 2 }).1,
                };
                let answer = Answer::new(refusal.status, Some(refusal.body.clone().unwrap_or_else(usual)));
                let answer = match refusal.retry_after {
                    Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
                    None => answer,
                };
                return Ok(self.running.answer(&answer));
            }
            Script::Delay(time) => tokio::time::sleep(*time).await,
            Script::Hold => self.hold().await,
            _ => {}
        }
        let answer = self.execute();
        if !answer.is_success() {
            return Ok(self.running.answer(&answer));
        }
        match script {
            Script::AcceptThenHang => std::future::pending().await,
            Script::AcceptThenReset => self.reset(),
            Script::AcceptThenStatus(status) => {
                let body = match self.received.site {
                    Site::Linkedin => linkedin_error(status),
                    _ => graph_error(1).1,
                };
                Ok(self.running.answer(&Answer::new(status, Some(body))))
            }
            Script::AcceptThenHold => {
                self.hold().await;
                Ok(self.running.answer(&answer))
            }
            other => {
                let percent = if let Script::OkAtUsage(percent) = other { percent } else { 1 };
                let answer = self.with_usage(answer, percent);
                Ok(self.running.answer(&answer))
            }
        }
    }

    fn execute(&mut self) -> Answer {
        if let Some(flaw) = self.flaw.take() {
            return flaw;
        }
        let channels = &self.running.state.channels;
        let _one_by_one = locked(&channels.acting);
        let account = &self.route.account;
        (self.route.action)(&Call { channels, account, received: &self.received, number: self.running.number })
    }

    /// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
    fn with_usage(&self, answer: Answer, percent: u8) -> Answer {
        if self.received.site != Site::Facebook {
            return answer.with_header("x-li-uuid", format!("AAYfake{}", self.running.number));
        }
        let usage = json!({ "call_count": percent, "total_time": 1, "total_cputime": 1 });
        let of_page = json!({
            "type": "pages", "call_count": percent, "total_cputime": 1, "total_time": 1,
            "estimated_time_to_regain_access": 0,
        });
        let business = json!({ &self.route.account: [of_page] });
        answer
            .with_header("x-app-usage", usage.to_string())
            .with_header("x-business-use-case-usage", business.to_string())
            .with_header("x-fb-trace-id", format!("fake{}", self.running.number))
    }

    async fn hold(&mut self) {
        self.running.set(Outcome::Holding);
        let gate = self.running.state.gate(&self.route.account);
        if let Ok(permit) = gate.acquire().await {
            permit.forget();
        }
        self.running.set(Outcome::Open);
    }

    /// A socket that is closed with zero linger is reset; an error makes hyper close it without an answer.
    fn reset(mut self) -> io::Result<Response<Body>> {
        let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        let _ = setsockopt(&self.socket.as_fd(), Linger, &at_once);
        self.running.set(Outcome::Broken);
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

fn whole(answer: &Answer) -> Response<Body> {
    let bytes = answer.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let mut response = Response::new(Full::new(bytes).map_err(|never| match never {}).boxed());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if answer.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    }
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
