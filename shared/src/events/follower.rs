//! One socket's way through a log: replay from Postgres, then memory, then waiting.
//! Called by the API's streams; small on purpose, because thousands of them wait at once.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::BytesMut;
use tokio::time::{Instant, Sleep, sleep};

pub use super::relay::BEAT_EVERY;
use super::{
    event::{Encoding, Ending, Event, Frame},
    log::Place,
    relay::Relay,
    watch::{self, Copied, Cursor, Watch, bare_heartbeat},
};
use crate::{jobs::Kind, platform::id::JobId};

/// A heartbeat of events that stand in no log.
pub fn write_heartbeat(encoding: Encoding, out: &mut BytesMut) {
    watch::write_heartbeat(None, encoding, out);
}

type Page = Pin<Box<dyn Future<Output = Vec<Frame>> + Send>>;

/// A page that is being read, and when the next heartbeat is due: a store that is slow or silent must not silence the
/// stream.
struct Reading {
    page: Page,
    beat: Pin<Box<Sleep>>,
}

impl Reading {
    fn of(page: Page) -> Self {
        Self { page, beat: Box::pin(sleep(BEAT_EVERY)) }
    }
}

/// A reader of one job's log.
pub struct Follower {
    relay: Relay,
    source: Source,
    kind: Option<Kind>,
    ending: Option<Ending>,
    cursor: Cursor,
    encoding: Encoding,
    ended: bool,
    page: Option<Reading>,
    notice: Option<Box<Frame>>,
}

enum Source {
    /// The job has not ended, so events may follow.
    Live { watch: Arc<Watch>, place: u32 },
    /// The job has ended at this seq; nothing but Postgres is needed.
    Archive { job: JobId, last: i64 },
}

impl Follower {
    pub(super) fn live(
        relay: Relay,
        (watch, kind): (Arc<Watch>, Option<Kind>),
        (place, cursor): (u32, Cursor),
        encoding: Encoding,
    ) -> Self {
        let source = Source::Live { watch, place };
        Self { relay, source, kind, ending: None, cursor, encoding, ended: false, page: None, notice: None }
    }

    pub(super) fn archive(
        relay: Relay,
        (job, kind): (JobId, Option<Kind>),
        after: i64,
        last: i64,
        encoding: Encoding,
    ) -> Self {
        let cursor = Cursor { seq: after, beat: 0, decoration: 0 };
        let source = Source::Archive { job, last };
        Self { relay, source, kind, ending: None, cursor, encoding, ended: false, page: None, notice: None }
    }

    /// Says this before anything else; it has no place in the log.
    pub fn begin_with(&mut self, notice: &Event) {
        self.notice = Some(Box::new(Frame::of(notice)));
    }

    /// The job's kind, as far as this version knows it.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// How the job ended, when it did while this follower listened. A log that is read again has no news of that.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Last seq that was handed over.
    pub fn position(&self) -> i64 {
        self.cursor.seq
    }

    /// How this socket spells events.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the process is ending: the stream should say goodbye and let its client come back elsewhere.
    pub fn is_draining(&self) -> bool {
        self.relay.is_draining()
    }

    /// Appends everything that is ready to `out`. `Ready(Some(()))`: something was written; `Ready(None)`: the log has
    /// ended, or cannot be read now (the client resumes from where it stands).
    pub fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        if let Some(notice) = self.notice.take() {
            out.extend_from_slice(notice.bytes(self.encoding));
            return Poll::Ready(Some(()));
        }
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if self.page.is_some() {
                match self.poll_page(cx, out) {
                    Poll::Ready(0) => {}
                    Poll::Ready(_) => return Poll::Ready(Some(())),
                    Poll::Pending => return Poll::Pending,
                }
                continue;
            }
            let Source::Live { watch, place } = &self.source else {
                self.page_or_end();
                continue;
            };
            match watch.copy(*place, &mut self.cursor, self.encoding, cx.waker(), out) {
                Copied::Some => return Poll::Ready(Some(())),
                Copied::End => {
                    self.ended = true;
                    self.ending = watch.ending();
                    return Poll::Ready(Some(()));
                }
                Copied::Nothing => return Poll::Pending,
                Copied::Gap => {
                    let place = watch.place(self.cursor.seq);
                    self.page = Some(Reading::of(self.relay.page(place)));
                }
            }
        }
    }

    fn page_or_end(&mut self) {
        if let Source::Archive { job, last } = self.source {
            if self.cursor.seq >= last {
                self.ended = true;
            } else {
                let place = Place { job, kind: self.kind, after: self.cursor.seq };
                self.page = Some(Reading::of(self.relay.page(place)));
            }
        }
    }

    /// Writes the page that was read, or a heartbeat while it is not there; answers how many frames were written.
    fn poll_page(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<usize> {
        let Some(Reading { page, beat }) = self.page.as_mut() else { return Poll::Ready(0) };
        let Poll::Ready(frames) = page.as_mut().poll(cx) else {
            if beat.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            beat.as_mut().reset(Instant::now() + BEAT_EVERY);
            match &self.source {
                Source::Live { watch, .. } => watch.write_heartbeat(self.encoding, out),
                Source::Archive { job, .. } => bare_heartbeat(*job, self.kind, self.encoding, out),
            }
            return Poll::Ready(1);
        };
        self.page = None;
        for frame in &frames {
            out.extend_from_slice(frame.bytes(self.encoding));
            self.cursor.seq = frame.seq;
            self.ended |= frame.last;
            if matches!(self.source, Source::Live { .. }) {
                self.ending = frame.ending.or(self.ending);
            }
        }
        // A page that should have had something and has nothing: retention was here, or the process ends. Ending the
        // stream is honest; the client comes back with its position.
        self.ended |= frames.is_empty();
        Poll::Ready(frames.len())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Source::Live { watch, place } = &self.source {
            self.relay.leave(watch, *place);
        }
    }
}
