//! Plays a request to a fake network: writes it down, checks its token, executes it, and answers, breaks off or waits
//! as its script says. Called by the world's server.
//! It must never decide what an executed request does: the fakes do.

mod body;
mod sending;

use std::{io, os::fd::AsFd, sync::Arc};

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use nix::sys::socket::{setsockopt, sockopt::Linger};
use tokio::time::Instant;

pub(super) use self::sending::{Running, outcome};
use self::{body::Arrival, sending::whole};
use super::{
    super::{
        Outcome, State,
        server::{Body, Socket},
    },
    Call, Exchange, Refusal, Route, Script, Site, Step,
    answer::Answer,
    errors::{graph_error, tiktok_error, usual_error},
    facebook, instagram,
    intake::Intake,
    linkedin, media,
    received::{Received, shortened},
    tiktok, youtube,
};
use crate::run::locked;

/// Whether a path is one of the fakes'.
pub(in crate::world) fn is_path(path: &str) -> bool {
    Site::of_path(path).is_some()
}

/// Answers a request; an error means that the connection is to be closed without an answer.
pub(in crate::world) async fn serve(
    request: Request<Incoming>,
    state: Arc<State>,
    socket: Socket,
) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let Some(received) = Received::new(&head) else { return Ok(whole(&Answer::empty(404))) };
    // The body of an upload arrives while it is played.
    let (received, body) = if received.is_upload() {
        (received, Some(body))
    } else {
        // A client that breaks off while sending has not made a request.
        let Ok(body) = body.collect().await else { return Err(io::ErrorKind::ConnectionAborted.into()) };
        (received.with_body(&body.to_bytes()), None)
    };
    let channels = &state.channels;
    let route = match received.site {
        Site::Facebook => facebook::route(channels, &received),
        Site::Linkedin => linkedin::route(channels, &received),
        Site::Instagram => instagram::route(channels, &received),
        Site::Tiktok => tiktok::route(channels, &received),
        Site::Youtube => youtube::route(channels, &received),
        Site::Media => return Ok(serve_media(&state, &received)),
    };
    let script = route.as_ref().map_or(Script::Ok, |route| channels.next_script(&route.account, route.step));
    let flaw = route.as_ref().and_then(|route| flaw(&state, route, &received));
    let number = channels.ledger.open(exchange(&received, route.as_ref(), script.clone(), flaw.is_none()));
    let running = Running::new(Arc::clone(&state), number);
    let Some(route) = route else { return Ok(running.answer(&not_found(received.site))) };
    let scene = Scene { running, received, route, flaw, socket };
    scene.play(script, body).await
}

fn serve_media(state: &Arc<State>, received: &Received) -> Response<Body> {
    let number = state.channels.ledger.open(exchange(received, None, Script::Ok, true));
    media::answer(Running::new(Arc::clone(state), number), received)
}

/// What a network finds wrong before it looks at what is asked.
fn flaw(state: &State, route: &Route, received: &Received) -> Option<Answer> {
    let channels = &state.channels;
    match (received.site, route.step) {
        // Token endpoints check more than a token.
        (_, Step::Token) | (Site::Media, _) => None,
        (Site::Facebook | Site::Instagram, _) => facebook::check_token(channels, &route.account, &received.token()),
        (Site::Linkedin, _) => linkedin::check_head(channels, &route.account, received),
        (Site::Tiktok, _) => tiktok::check_head(channels, &route.account, received),
        (Site::Youtube, _) => youtube::check_head(channels, &route.account, received),
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
        bytes: received.size,
        sent: 0,
        at: Instant::now(),
        script,
        post: None,
        outcome: Outcome::Open,
    }
}

fn not_found(site: Site) -> Answer {
    match site {
        Site::Linkedin => Answer::linkedin(404),
        Site::Tiktok => Answer::new(404, Some(tiktok_error("invalid_param").1)),
        Site::Youtube => Answer::google("notFound"),
        Site::Facebook | Site::Instagram | Site::Media => Answer::graph(100),
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
    async fn play(mut self, script: Script, body: Option<Incoming>) -> io::Result<Response<Body>> {
        if let Some(body) = body {
            match self.receive(&script, body).await {
                Arrival::Whole => {}
                Arrival::Cut => return self.reset(),
                Arrival::Broken => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        match &script {
            Script::Hang => return std::future::pending().await,
            Script::ResetBefore => return self.reset(),
            Script::Refuse(refusal) => {
                let answer = self.refusal(refusal);
                return Ok(self.running.answer(&answer));
            }
            Script::ErrorIn200 => {
                let body = usual_error(self.received.site, 500);
                return Ok(self.running.answer(&Answer::ok(body)));
            }
            Script::ExpireToken => {
                self.running.channels().expire(&self.route.account);
                let body = usual_error(self.received.site, 401);
                return Ok(self.running.answer(&Answer::new(401, Some(body))));
            }
            Script::CutAfter(_) if !self.received.is_upload() => return self.reset(),
            Script::HoldAfter(_) if !self.received.is_upload() => self.hold().await,
            Script::Delay(time) => tokio::time::sleep(*time).await,
            Script::Hold => self.hold().await,
            _ => {}
        }
        let answer = self.execute();
        if !answer.is_success() {
            return Ok(self.running.answer(&answer));
        }
        self.end(script, answer).await
    }

    /// What follows on an execution.
    async fn end(mut self, script: Script, answer: Answer) -> io::Result<Response<Body>> {
        match script {
            Script::AcceptThenHang => std::future::pending().await,
            Script::AcceptThenReset | Script::CutAfter(_) => self.reset(),
            Script::AcceptThenStatus(status) => {
                let site = self.received.site;
                let body = if site.is_graph() { graph_error(1).1 } else { usual_error(site, status) };
                let body = Some(body).filter(|_| !self.is_without_errors());
                Ok(self.running.answer(&Answer::new(status, body)))
            }
            Script::AcceptThenHold => {
                self.hold().await;
                Ok(self.running.answer(&answer))
            }
            Script::SlowHead(time) => sending::slow_head(self.running, &self.socket, &answer, time).await,
            Script::SlowBody(time) => Ok(sending::slow_body(self.running, &answer, time)),
            Script::Truncated => Ok(sending::truncated(self.running, &answer)),
            other => {
                let percent = if let Script::OkAtUsage(percent) = other { percent } else { 1 };
                let answer = sending::with_usage(answer, self.received.site, &self.route.account, percent);
                Ok(self.running.answer(&answer))
            }
        }
    }

    fn refusal(&self, refusal: &Refusal) -> Answer {
        let usual = || usual_error(self.received.site, refusal.status);
        let body = match &refusal.body {
            None if self.is_without_errors() => None,
            body => Some(body.clone().unwrap_or_else(usual)),
        };
        let answer = Answer::new(refusal.status, body);
        match refusal.retry_after {
            Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
            None => answer,
        }
    }

    /// Hosts of uploads say nothing but a status, except for Google's and Meta's.
    fn is_without_errors(&self) -> bool {
        self.received.is_upload() && matches!(self.received.site, Site::Tiktok | Site::Linkedin)
    }

    fn execute(&mut self) -> Answer {
        if let Some(flaw) = self.flaw.take() {
            return flaw;
        }
        self.call(self.route.action)
    }

    /// Keeps what a network keeps of a body that broke off.
    fn keep_part(&self) {
        if self.flaw.is_none() {
            self.call(self.route.on_break);
        }
    }

    fn call<T>(&self, action: fn(&Call<'_>) -> T) -> T {
        let channels = self.running.channels();
        let _one_by_one = locked(&channels.acting);
        let (account, intake) = (&*self.route.account, &self.route.intake);
        action(&Call { channels, account, received: &self.received, intake, number: self.running.number })
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
