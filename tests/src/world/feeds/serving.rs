//! Plays a request for a feed: writes it down, and answers, waits or breaks off as the feed says. Called by the world's
//! server.

use std::{io, os::fd::AsFd, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use nix::sys::socket::{setsockopt, sockopt::Linger};
use tokio::time::Instant;

use super::{
    super::{
        Outcome, State,
        server::{Body, Socket},
    },
    FeedRequest,
    content::{Behaviour, Feed},
};

const BASE: &str = "/feeds/";
const PIECE: usize = 64 << 10;
const TOO_LARGE: usize = 11 << 20;

/// Whether a path is a feed's.
pub(in crate::world) fn is_path(path: &str) -> bool {
    path.starts_with(BASE)
}

/// Answers a request. Hyper drops this future, or the body, if the client closes the connection.
pub(in crate::world) async fn serve(request: Request<Incoming>, state: Arc<State>, socket: Socket) -> Response<Body> {
    let name = request.uri().path().strip_prefix(BASE).unwrap_or_default().to_owned();
    let feed = state.feeds.feed(&name).unwrap_or_else(|| Feed::status(404));
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
    let seen = FeedRequest { name, headers: headers.collect(), at: Instant::now(), outcome: Outcome::Open };
    let is_known = seen.header("if-none-match") == Some(&feed.etag());
    let place = state.feeds.open(seen);
    let running = Running { state, place, is_ended: false };
    play(feed, is_known, running, socket).await
}

async fn play(feed: Feed, is_known: bool, running: Running, socket: Socket) -> Response<Body> {
    let body = feed.body.clone();
    match &feed.behaviour {
        Behaviour::Answer if is_known => running.answer(&feed, StatusCode::NOT_MODIFIED),
        Behaviour::Answer => running.answer(&feed, StatusCode::OK),
        Behaviour::Status(code) => {
            running.answer(&feed, StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Behaviour::Redirect(to) => {
            let mut response = running.answer(&feed, StatusCode::FOUND);
            set(&mut response, header::LOCATION, to);
            response
        }
        Behaviour::Hang => {
            let _running = running;
            std::future::pending().await
        }
        Behaviour::Drip => streamed(&feed, drip(body), running, Outcome::Completed),
        Behaviour::TooLarge => streamed(&feed, too_large(body), running, Outcome::Completed),
        Behaviour::Reset => streamed(&feed, broken(body, socket), running, Outcome::Broken),
    }
}

/// A request that has no end yet. If it is dropped first, its client closed the connection.
struct Running {
    state: Arc<State>,
    place: usize,
    is_ended: bool,
}

impl Running {
    fn end(&mut self, outcome: Outcome) {
        self.is_ended = true;
        self.state.feeds.set_outcome(self.place, outcome);
    }

    fn answer(mut self, feed: &Feed, status: StatusCode) -> Response<Body> {
        let code = status.as_u16();
        self.end(if code < 400 { Outcome::Completed } else { Outcome::Refused(code) });
        let body = if status == StatusCode::NOT_MODIFIED { Bytes::new() } else { feed.body.clone() };
        let mut response = headed(feed, BodyExt::boxed(Full::new(body).map_err(|never| match never {})));
        *response.status_mut() = status;
        response
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_ended {
            self.end(Outcome::ClosedByClient);
        }
    }
}

/// A body without a length. Its end is the end of the request.
fn streamed(
    feed: &Feed,
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    mut running: Running,
    outcome: Outcome,
) -> Response<Body> {
    let end = stream::once(async move {
        running.end(outcome);
        Ok(Bytes::new())
    });
    let frames = pieces.chain(end).map(|piece| piece.map(Frame::data));
    headed(feed, BodyExt::boxed(StreamBody::new(frames)))
}

fn drip(body: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(0, move |at| {
        let piece = body.get(at..=at).map(Bytes::copy_from_slice);
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((Ok(piece?), at + 1))
        }
    })
}

fn too_large(body: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    let blank = std::iter::repeat_with(|| Bytes::from_static(&[b' '; PIECE])).take(TOO_LARGE / PIECE);
    stream::iter(std::iter::once(body).chain(blank).map(Ok))
}

/// A socket that is closed with zero linger is reset; a failing body makes hyper close it.
fn broken(body: Bytes, socket: Socket) -> impl Stream<Item = io::Result<Bytes>> {
    let half = body.slice(..body.len() / 2);
    let reset = stream::once(async move {
        let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        let _ = setsockopt(&socket.as_fd(), Linger, &at_once);
        Err(io::ErrorKind::ConnectionReset.into())
    });
    stream::iter([Ok(half)]).chain(reset)
}

fn headed(feed: &Feed, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    set(&mut response, header::CONTENT_TYPE, &feed.content_type);
    if feed.behaviour == Behaviour::Answer {
        set(&mut response, header::ETAG, &feed.etag());
    }
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
