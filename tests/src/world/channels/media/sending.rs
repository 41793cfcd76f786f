//! Answers of the host of media: ranges, validators, and what goes wrong on the way.
//! <https://www.rfc-editor.org/rfc/rfc9110#name-range-requests>

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

use super::{
    Body, Received, Running,
    file::File,
    name::{Tag, VideoName},
    outcome,
};
use crate::world::Outcome;

const PIECE: usize = 64 << 10;
const SLOW_PIECE: usize = 8 << 10;

/// First and last byte.
#[derive(Clone, Copy, Debug)]
struct Part {
    first: u64,
    last: u64,
}

pub(super) fn send(
    mut running: Running,
    file: File,
    manner: &VideoName,
    received: &Received,
    read: usize,
) -> Response<Body> {
    let mut response = head(&file, manner, received, read);
    running.set(outcome(response.status().as_u16()));
    let part = response.extensions_mut().remove::<Part>().filter(|_| received.method == Method::GET);
    if let Some(part) = part {
        running.set(Outcome::Open);
        *response.body_mut() = Sender::new(running, file, manner, read).body(part);
    }
    response
}

/// An answer without its body. The part of the file that is to follow stands among its extensions.
fn head(file: &File, manner: &VideoName, received: &Received, read: usize) -> Response<Body> {
    let length = file.length();
    let (etag, modified) = validators(manner, received, read);
    if etag.is_some() && received.header("if-none-match") == etag.as_deref() {
        return status(StatusCode::NOT_MODIFIED);
    }
    let is_current = received.header("if-range").is_none_or(|given| is_same_version(given, &etag, &modified));
    let range = received.header("range").filter(|_| is_current && !manner.ignores_range);
    let (sent, code) = match range.map(|range| part(range, length)) {
        None => (Part { first: 0, last: length - 1 }, StatusCode::OK),
        Some(Some(part)) => (part, StatusCode::PARTIAL_CONTENT),
        Some(None) => {
            let mut response = status(StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return response;
        }
    };
    let mut response = status(code);
    set(&mut response, header::CONTENT_TYPE, file.kind);
    for (name, value) in [(header::ETAG, etag), (header::LAST_MODIFIED, modified)] {
        if let Some(value) = value {
            set(&mut response, name, &value);
        }
    }
    if !manner.ignores_range {
        set(&mut response, header::ACCEPT_RANGES, "bytes");
    }
    if !manner.has_no_length {
        set(&mut response, header::CONTENT_LENGTH, &(sent.last - sent.first + 1).to_string());
    }
    if code == StatusCode::PARTIAL_CONTENT {
        set(&mut response, header::CONTENT_RANGE, &format!("bytes {}-{}/{length}", sent.first, sent.last));
    }
    response.extensions_mut().insert(sent);
    response
}

/// `ETag` and `Last-Modified`. A file that grows keeps them.
fn validators(manner: &VideoName, received: &Received, reads: usize) -> (Option<String>, Option<String>) {
    let version = manner.version(reads);
    let tag = format!("\"{}-{version}\"", received.segments.join("/"));
    let date = format!("Sat, 21 Nov 2026 10:00:0{version} GMT");
    match manner.tag {
        Tag::Strong => (Some(tag), Some(date)),
        Tag::Weak => (Some(format!("W/{tag}")), Some(date)),
        Tag::Date => (None, Some(date)),
        Tag::None => (None, None),
    }
}

/// Weak tags never do for a part of a file.
fn is_same_version(given: &str, etag: &Option<String>, modified: &Option<String>) -> bool {
    if given.starts_with('"') { etag.as_deref() == Some(given) } else { modified.as_deref() == Some(given) }
}

/// First and last byte of the one range that is asked for; `None` if there are no such bytes.
fn part(range: &str, length: u64) -> Option<Part> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last && first < length => (first, last.min(length - 1)),
        (Ok(first), Err(_)) if last.is_empty() && first < length => (first, length - 1),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => (length.saturating_sub(suffix), length - 1),
        _ => return None,
    };
    Some(Part { first, last })
}

/// Sends pieces: a reader that stops early has not made us send the rest. Dropped before its end, the reader has.
struct Sender {
    running: Running,
    file: File,
    sent: u64,
    cut: Option<u64>,
    stall: Option<u64>,
    /// Between pieces.
    pause: Option<Duration>,
}

impl Sender {
    fn new(running: Running, file: File, manner: &VideoName, read: usize) -> Self {
        let first = |bytes: Option<u64>| bytes.filter(|_| read == 1);
        let per_piece = |rate: u64| Duration::from_secs_f64(SLOW_PIECE as f64 / (rate << 10) as f64);
        Self {
            running,
            file,
            sent: 0,
            cut: manner.cut.or(first(manner.cut_first)),
            stall: first(manner.stall),
            pause: manner.slow.map(per_piece),
        }
    }

    fn body(self, part: Part) -> Body {
        let pieces = stream::unfold(Some(self), move |sender| async move {
            let mut sender = sender?;
            let piece = sender.piece(part).await;
            let is_over = piece.is_err() || part.first + sender.sent > part.last;
            if is_over {
                sender.note_sent();
                sender.running.set(if piece.is_err() { Outcome::Broken } else { Outcome::Completed });
            }
            Some((piece.map(Frame::data), Some(sender).filter(|_| !is_over)))
        });
        BodyExt::boxed(StreamBody::new(pieces))
    }

    fn note_sent(&self) {
        self.running.channels().ledger().set_sent(self.running.number, self.sent);
    }

    /// The next piece after what was sent.
    async fn piece(&mut self, part: Part) -> io::Result<Bytes> {
        if self.cut.is_some_and(|cut| self.sent >= cut) {
            // What was sent before leaves first.
            tokio::task::yield_now().await;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if self.stall.is_some_and(|stall| self.sent >= stall) {
            std::future::pending::<()>().await;
        }
        if let Some(pause) = self.pause {
            tokio::time::sleep(pause).await;
        }
        let at = part.first + self.sent;
        let ends = [self.cut, self.stall].into_iter().flatten().map(|end| end - self.sent);
        let most = ends.chain([part.last + 1 - at]).min().unwrap_or_default();
        let size = if self.pause.is_some() { SLOW_PIECE } else { PIECE };
        let piece = self.file.read(at, usize::try_from(most).unwrap_or(usize::MAX).min(size));
        self.sent += piece.len() as u64;
        Ok(piece)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.note_sent();
    }
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed()
}

pub(super) fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = code;
    response
}

pub(super) fn set(response: &mut Response<Body>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
