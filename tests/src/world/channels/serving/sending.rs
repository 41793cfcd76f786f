//! Answers on their way: at once, slowly, or cut off.

use std::{io, io::Write, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde_json::json;

use super::{Answer, Body, Outcome, Site, Socket, State};
use crate::world::channels::Channels;

/// A request that has no end yet. If it is dropped first, its client closed the connection.
pub(in crate::world::channels) struct Running {
    pub state: Arc<State>,
    pub number: usize,
    is_ended: bool,
}

impl Running {
    pub fn new(state: Arc<State>, number: usize) -> Self {
        Self { state, number, is_ended: false }
    }

    pub fn channels(&self) -> &Channels {
        &self.state.channels
    }

    pub fn set(&mut self, outcome: Outcome) {
        self.is_ended = !matches!(outcome, Outcome::Open | Outcome::Holding);
        self.channels().ledger.set_outcome(self.number, outcome);
    }

    pub fn set_bytes(&self, bytes: u64) {
        self.channels().ledger.set_bytes(self.number, bytes);
    }

    pub fn answer(mut self, answer: &Answer) -> Response<Body> {
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

pub(in crate::world::channels) fn outcome(status: u16) -> Outcome {
    if status < 400 { Outcome::Completed } else { Outcome::Refused(status) }
}

/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
pub(super) fn with_usage(answer: Answer, site: Site, account: &str, percent: u8) -> Answer {
    let kind = match site {
        Site::Facebook => "pages",
        Site::Instagram => "instagram",
        Site::Linkedin => return answer.with_header("x-li-uuid", "AAYfake"),
        Site::Tiktok | Site::Youtube | Site::Media => return answer,
    };
    let usage = json!({ "call_count": percent, "total_time": 1, "total_cputime": 1 });
    let of_account = json!({
        "type": kind, "call_count": percent, "total_cputime": 1, "total_time": 1, "estimated_time_to_regain_access": 0,
    });
    let business = json!({ account: [of_account] });
    answer
        .with_header("x-app-usage", usage.to_string())
        .with_header("x-business-use-case-usage", business.to_string())
        .with_header("x-fb-trace-id", "fake")
}

/// A piece in this time at most, as timers are no finer.
const TICK: Duration = Duration::from_millis(10);

/// Bytes of a piece, and the pause before it, if so many bytes are to take so long.
fn pace(bytes: usize, time: Duration) -> (usize, Duration) {
    let pieces = usize::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(usize::MAX);
    let pieces = pieces.clamp(1, bytes.max(1));
    (bytes.div_ceil(pieces).max(1), time / u32::try_from(pieces).unwrap_or(u32::MAX))
}

/// The head piece by piece, written past hyper, which then closes the connection.
pub(super) async fn slow_head(
    mut running: Running,
    socket: &Socket,
    answer: &Answer,
    time: Duration,
) -> io::Result<Response<Body>> {
    let body = text(answer);
    let mut head = format!("HTTP/1.1 {} Slow\r\ncontent-length: {}\r\n", answer.status, body.len());
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("content-type: application/json; charset=UTF-8\r\nconnection: close\r\n\r\n");
    let (size, pause) = pace(head.len(), time);
    for piece in head.as_bytes().chunks(size) {
        tokio::time::sleep(pause).await;
        (&**socket).write_all(piece)?;
    }
    (&**socket).write_all(&body)?;
    running.set(outcome(answer.status));
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// The body piece by piece. A client that goes meanwhile has closed the connection before its end.
pub(super) fn slow_body(running: Running, answer: &Answer, time: Duration) -> Response<Body> {
    let body = text(answer);
    let (size, pause) = pace(body.len(), time);
    let end = outcome(answer.status);
    let pieces = stream::unfold((body, Some(running)), move |(mut body, running)| async move {
        let mut running = running?;
        tokio::time::sleep(pause).await;
        let piece = body.split_to(size.min(body.len()));
        if body.is_empty() {
            running.set(end);
            return Some((Ok(Frame::data(piece)), (body, None)));
        }
        Some((Ok(Frame::data(piece)), (body, Some(running))))
    });
    let mut response = whole(answer);
    *response.body_mut() = BodyExt::boxed(StreamBody::new(pieces));
    response
}

/// Half of the body; its length says that there is more.
pub(super) fn truncated(mut running: Running, answer: &Answer) -> Response<Body> {
    let body = text(answer);
    let half = frame(&body[..body.len() / 2]);
    // The half leaves before the error closes the connection.
    let cut = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::ErrorKind::ConnectionAborted.into())
    });
    let pieces = stream::iter([half]).chain(cut);
    let mut response = whole(answer);
    *response.body_mut() = BodyExt::boxed(StreamBody::new(pieces));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len().max(2)));
    running.set(Outcome::Broken);
    response
}

fn frame(bytes: &[u8]) -> io::Result<Frame<Bytes>> {
    Ok(Frame::data(Bytes::copy_from_slice(bytes)))
}

fn text(answer: &Answer) -> Bytes {
    answer.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default()
}

pub(super) fn whole(answer: &Answer) -> Response<Body> {
    let mut response = Response::new(Full::new(text(answer)).map_err(|never| match never {}).boxed());
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
