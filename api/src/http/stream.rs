//! Event logs on sockets: what surrounds a follower on its way out (first frame, expiry, goodbye).
//! Routes call it with a follower; the server writes what it gives. It never reads a log itself.

mod unlogged;

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use almanac_shared::{
    events::{
        event::{Encoding, Ending, Event, Frame},
        follower::Follower,
    },
    jobs::Kind,
    platform::{
        clock::Clock,
        metrics::{InFlight, Metrics},
    },
};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use poem::{
    IntoResponse, Response,
    http::{HeaderValue, header},
};

pub use self::unlogged::{Listener, unlogged};
use crate::{
    http::stream_limit::StreamPermit,
    server::{FrameSource, StreamBody},
    state::App,
};

/// `retry:` of a stream, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// An event log as a response, in one of its two encodings.
pub enum Live {
    /// `text/event-stream`.
    Sse(SseLog),
    /// `application/x-ndjson`.
    Ndjson(NdjsonLog),
}

/// An event log as server-sent events.
pub struct SseLog(Response);

/// An event log as NDJSON.
pub struct NdjsonLog(Response);

impl SseLog {
    /// Its media type.
    pub const CONTENT_TYPE: &'static str = "text/event-stream";
}

impl NdjsonLog {
    /// Its media type.
    pub const CONTENT_TYPE: &'static str = "application/x-ndjson";
}

impl IntoResponse for SseLog {
    fn into_response(self) -> Response {
        self.0
    }
}

impl IntoResponse for NdjsonLog {
    fn into_response(self) -> Response {
        self.0
    }
}

/// Event logs whose events the OpenAPI document describes: `Payload(Log) as Event`.
macro_rules! described_logs {
    ($($(#[$doc:meta])* $name:ident($log:ident) as $event:ident;)*) => {$(
        $(#[$doc])*
        pub struct $name(pub $crate::http::stream::$log);

        impl poem::IntoResponse for $name {
            fn into_response(self) -> poem::Response {
                self.0.into_response()
            }
        }

        impl poem_openapi::payload::Payload for $name {
            const CONTENT_TYPE: &'static str = $crate::http::stream::$log::CONTENT_TYPE;

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                $event::schema_ref()
            }

            fn register(registry: &mut poem_openapi::registry::Registry) {
                $event::register(registry);
            }
        }
    )*};
}

pub(crate) use described_logs;

/// A follower's log, until its end, its listener's token's end, or the process's.
pub fn live(app: &App, follower: Follower, expires_at: Option<DateTime<Utc>>, permit: StreamPermit) -> Live {
    let encoding = follower.encoding();
    let source = Outgoing {
        follower,
        expires_at,
        clock: app.clock.clone(),
        begun: false,
        ended: None,
        _open: app.metrics.stream_open(),
        _permit: permit,
        metrics: app.metrics.clone(),
    };
    dress(encoding, Box::new(source))
}

/// A log that is complete before it begins: a dry run, which is stored nowhere, or what is left of a job's.
fn canned(events: &[Event], encoding: Encoding, permit: StreamPermit) -> Live {
    let mut bytes = opening(encoding);
    for event in events {
        bytes.extend_from_slice(Frame::of(event).bytes(encoding));
    }
    dress(encoding, Box::new(IdempotentPost { bytes: Some(bytes.freeze()), _permit: permit }))
}

/// The events of a dry run, which caches must not store.
pub fn dry_run(events: &[Event], encoding: Encoding, permit: StreamPermit) -> Live {
    let mut live = canned(events, encoding, permit);
    let (Live::Sse(SseLog(response)) | Live::Ndjson(NdjsonLog(response))) = &mut live;
    let no_store = HeaderValue::from_static("no-cache, no-store, no-transform");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    live
}

/// The whole story of a job whose log is older than its retention: one event, then the end.
pub fn snapshot(seq: i64, data: String, encoding: Encoding, permit: StreamPermit) -> Live {
    canned(&[Event { seq, kind: "snapshot".into(), data }], encoding, permit)
}

/// What stands before the first event: of server-sent events, when to come back.
fn opening(encoding: Encoding) -> BytesMut {
    match encoding {
        Encoding::Sse => BytesMut::from(format!("retry: {RETRY_MS}\n\n").as_bytes()),
        Encoding::Ndjson => BytesMut::new(),
    }
}

fn dress(encoding: Encoding, source: Box<dyn FrameSource>) -> Live {
    match encoding {
        Encoding::Sse => Live::Sse(SseLog(StreamBody::respond(SseLog::CONTENT_TYPE, source))),
        Encoding::Ndjson => Live::Ndjson(NdjsonLog(StreamBody::respond(NdjsonLog::CONTENT_TYPE, source))),
    }
}

/// One socket's log. Small: thousands of these wait at once.
struct Outgoing {
    follower: Follower,
    expires_at: Option<DateTime<Utc>>,
    clock: Arc<dyn Clock>,
    begun: bool,
    ended: Option<&'static str>,
    _open: InFlight,
    _permit: StreamPermit,
    metrics: Arc<Metrics>,
}

impl FrameSource for Outgoing {
    fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        if self.ended.is_some() {
            return Poll::Ready(None);
        }
        if !self.begun {
            self.begun = true;
            if self.follower.encoding() == Encoding::Sse {
                out.extend_from_slice(&opening(Encoding::Sse));
                // Whatever the log has already goes out with it.
                let _ = self.advance(cx, out);
                return Poll::Ready(Some(()));
            }
        }
        self.advance(cx, out)
    }

    fn client_does_not_read(&mut self) {
        self.ended.get_or_insert("write_timeout");
    }
}

impl Outgoing {
    fn advance(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        if self.follower.is_draining() {
            return self.say_goodbye(out);
        }
        let before = out.len();
        let polled = ready!(self.follower.poll_frames(cx, out));
        if polled.is_none() {
            self.ended = Some(match self.follower.ending() {
                Some(Ending::Failed) => "failed",
                Some(Ending::Timeout) => "timeout",
                Some(Ending::Served) | None => "done",
            });
            return Poll::Ready(None);
        }
        // Heartbeats come by at least every 15 s, so an expired token is noticed by then.
        if self.expires_at.is_some_and(|expires_at| self.clock.now() >= expires_at) {
            out.truncate(before);
            self.expire(out);
        }
        Poll::Ready(Some(()))
    }

    fn expire(&mut self, out: &mut BytesMut) {
        write_expiry(self.follower.encoding(), out);
        self.ended = Some("auth_expired");
    }

    fn say_goodbye(&mut self, out: &mut BytesMut) -> Poll<Option<()>> {
        self.ended = Some("shutdown");
        write_goodbye(self.follower.encoding(), out)
    }
}

fn write_expiry(encoding: Encoding, out: &mut BytesMut) {
    let data =
        r#"{"code":"auth_expired","message":"The token has expired; the job goes on. Come back with a new one."}"#;
    let frame = Frame::of(&Event::decoration("error", data.into()));
    out.extend_from_slice(frame.bytes(encoding));
}

/// The process ends: clients reconnect elsewhere, at different moments.
fn write_goodbye(encoding: Encoding, out: &mut BytesMut) -> Poll<Option<()>> {
    if encoding == Encoding::Sse {
        let pause = rand::random_range(500..3_000);
        out.extend_from_slice(format!("retry: {pause}\n\n").as_bytes());
        return Poll::Ready(Some(()));
    }
    Poll::Ready(None)
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let kind = self.follower.kind().map_or("unknown", Kind::as_str);
        self.metrics.stream_ended(kind, self.ended.unwrap_or("client_left"));
    }
}

struct IdempotentPost {
    bytes: Option<Bytes>,
    _permit: StreamPermit,
}

impl FrameSource for IdempotentPost {
    fn poll_frames(&mut self, _: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        Poll::Ready(self.bytes.take().map(|bytes| out.extend_from_slice(&bytes)))
    }
}
