//! Events that stand in no log on their way to one socket: they come from a stream that reads them as it goes.
//! Called by routes; heartbeats, the end of the token and the goodbye are those of any other stream.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use almanac_shared::{
    events::{
        event::{Encoding, Event, Frame},
        follower::{BEAT_EVERY, write_heartbeat},
    },
    jobs::Kind,
    platform::{
        clock::Clock,
        metrics::{InFlight, Metrics},
    },
};
use bytes::BytesMut;
use chrono::{DateTime, Utc};
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

use super::{Live, dress, opening, write_expiry, write_goodbye};
use crate::{http::stream_limit::StreamPermit, server::FrameSource, state::App};

/// Bytes after which what is ready is written.
const HANDFUL: usize = 16 * 1024;

/// A client of a stream.
#[derive(Debug)]
pub struct Listener {
    /// The encoding that it asked for.
    pub encoding: Encoding,
    /// The end of its token.
    pub expires_at: DateTime<Utc>,
    /// Its place among the open streams of the user.
    pub permit: StreamPermit,
}

/// Events that are read as they come and stand in no log, until their end, the token's, or the process's.
pub fn unlogged(app: &App, events: Pin<Box<dyn Stream<Item = Event> + Send>>, kind: Kind, to: Listener) -> Live {
    let encoding = to.encoding;
    let source = Unlogged {
        events,
        kind,
        listener: to,
        beat: Box::pin(sleep(BEAT_EVERY)),
        clock: app.clock.clone(),
        draining: app.draining.clone(),
        begun: false,
        ended: None,
        _open: app.metrics.stream_open(),
        metrics: app.metrics.clone(),
    };
    dress(encoding, Box::new(source))
}

/// One socket's events that stand in no log.
struct Unlogged {
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    kind: Kind,
    listener: Listener,
    beat: Pin<Box<Sleep>>,
    clock: Arc<dyn Clock>,
    draining: CancellationToken,
    begun: bool,
    ended: Option<&'static str>,
    _open: InFlight,
    metrics: Arc<Metrics>,
}

impl FrameSource for Unlogged {
    fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        let encoding = self.listener.encoding;
        if self.ended.is_some() {
            return Poll::Ready(None);
        }
        if self.draining.is_cancelled() {
            self.ended = Some("shutdown");
            return write_goodbye(encoding, out);
        }
        let before = out.len();
        if !self.begun {
            self.begun = true;
            out.extend_from_slice(&opening(encoding));
        }
        while out.len() - before < HANDFUL {
            match self.events.as_mut().poll_next(cx) {
                Poll::Ready(Some(event)) => out.extend_from_slice(Frame::of(&event).bytes(encoding)),
                Poll::Ready(None) => {
                    self.ended = Some("done");
                    return Poll::Ready(if out.len() > before { Some(()) } else { None });
                }
                Poll::Pending => break,
            }
        }
        if self.beat.as_mut().poll(cx).is_ready() {
            self.beat.as_mut().reset(Instant::now() + BEAT_EVERY);
            write_heartbeat(encoding, out);
            // So that the task is woken by the next one.
            let _ = self.beat.as_mut().poll(cx);
        }
        if out.len() == before {
            return Poll::Pending;
        }
        // Heartbeats come by often enough, so an expired token is noticed soon.
        if self.clock.now() >= self.listener.expires_at {
            out.truncate(before);
            write_expiry(encoding, out);
            self.ended = Some("auth_expired");
        }
        Poll::Ready(Some(()))
    }

    fn client_does_not_read(&mut self) {
        self.ended.get_or_insert("write_timeout");
    }
}

impl Drop for Unlogged {
    fn drop(&mut self) {
        self.metrics.stream_ended(self.kind.as_str(), self.ended.unwrap_or("client_left"));
    }
}
