//! What one API process knows of one running job's log: the last events, spelled once, and who waits for more.
//! Called by the relay (which appends) and by followers (which copy); holds no I/O and never awaits.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Instant,
};

use bytes::BytesMut;

use serde_json::{Value, json};

use super::{
    event::{Encoding, Ending, Event, Frame},
    log::Place,
};
use crate::{jobs::Kind, platform::id::JobId};

/// Events kept in memory per watched job; who is further behind reads Postgres.
const RING: usize = 256;
/// The most that one poll of one socket returns; the rest follows in the next.
const HANDFUL: usize = 64 * 1024;

/// The log of one watched job, as far as this process knows it.
#[derive(Debug)]
pub struct Watch {
    /// The job.
    pub job: JobId,
    /// Its kind, as far as this version knows it.
    kind: Option<Kind>,
    /// Held while the first follower reads the log, so that a crowd that arrives together reads it once.
    pub loading: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ring: VecDeque<Arc<Frame>>,
    /// Last seq that is known without a gap; none until the log was read once.
    last: Option<i64>,
    /// The latest known seq, also before the log was read: while `last` is below it, something is missing.
    told: i64,
    /// The log may hold more than was published.
    unread: bool,
    heard_at: Instant,
    /// Rises with every heartbeat.
    beat: u32,
    /// The newest decoration, and its number.
    decoration: Option<Arc<Frame>>,
    decorations: u32,
    /// The last progress, repeated as the NDJSON heartbeat.
    progress: Option<Arc<Frame>>,
    waiting: Vec<Option<Waker>>,
    free: Vec<u32>,
    followers: usize,
}

/// Where a follower stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Last seq it has been given.
    pub seq: i64,
    /// Last heartbeat it has been given.
    pub beat: u32,
    /// Last decoration it has been given.
    pub decoration: u32,
}

/// What a copy found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Something was written.
    Some,
    /// The final event was written.
    End,
    /// Nothing new; the waker is registered.
    Nothing,
    /// What the follower needs is no longer in memory.
    Gap,
}

impl Watch {
    /// A watch without any event yet.
    pub fn new(job: JobId) -> Self {
        let state = State {
            ring: VecDeque::new(),
            last: None,
            told: 0,
            unread: false,
            heard_at: Instant::now(),
            beat: 0,
            decoration: None,
            decorations: 0,
            progress: None,
            waiting: Vec::new(),
            free: Vec::new(),
            followers: 0,
        };
        Self { job, kind: None, loading: tokio::sync::Mutex::new(()), state: Mutex::new(state) }
    }

    /// The same of a job whose kind is known: what is said before there is any progress has the shape of its kind.
    pub fn of_kind(job: JobId, kind: Option<Kind>) -> Self {
        let watch = Self { kind, ..Self::new(job) };
        watch.state().progress = nothing_yet(job, kind).map(|event| Arc::new(Frame::of(&event)));
        watch
    }

    /// A place in its log.
    pub const fn place(&self, after: i64) -> Place {
        Place { job: self.job, kind: self.kind, after }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent between statements, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the job ended, once its final event is here.
    pub fn ending(&self) -> Option<Ending> {
        self.state().ring.back().and_then(|frame| frame.ending)
    }

    /// Whether the log was read once.
    pub fn is_loaded(&self) -> bool {
        self.state().last.is_some()
    }

    /// Sets where the known log begins: everything up to `after` is for Postgres to replay.
    pub fn load(&self, after: i64, events: &[Event], more: bool) {
        let mut state = self.state();
        if state.last.is_none() {
            state.last = Some(after);
        }
        state.append(events);
        state.unread |= more;
        drop(state);
        self.wake();
    }

    /// Takes events in, from whatever source: those that follow without a gap are kept, known ones are dropped, and a
    /// gap is remembered so that the tail read closes it. Answers whether anybody has something new to see.
    pub fn hear(&self, events: &[Event]) -> bool {
        let mut state = self.state();
        state.heard_at = Instant::now();
        state.append(events)
    }

    /// Takes in that the log has come this far.
    pub fn hear_of(&self, seq: i64) {
        let mut state = self.state();
        state.told = state.told.max(seq);
    }

    /// The subscription was interrupted: what was published in that time is in the log.
    pub fn hear_of_silence(&self) {
        self.state().unread = true;
    }

    /// From where the log should be read, if it should: a gap is known, or nothing came since `silent_since`.
    pub fn wants_tail(&self, silent_since: Option<Instant>) -> Option<i64> {
        let state = self.state();
        let ended = state.ring.back().is_some_and(|frame| frame.last);
        let silent = silent_since.is_some_and(|since| state.heard_at < since);
        state.last.filter(|_| !ended && (state.is_behind() || silent))
    }

    /// Whether something is known to be missing. Before the first read nothing is: that read comes anyway.
    pub fn is_behind(&self) -> bool {
        self.state().is_behind()
    }

    /// The log was read up to its end at that time. Later events are still missing.
    pub fn caught_up(&self) {
        self.state().unread = false;
    }

    /// A moment has passed: every socket that was silent since the last one gets a heartbeat.
    pub fn beat(&self) {
        let mut state = self.state();
        state.beat = state.beat.wrapping_add(1);
    }

    /// Writes a heartbeat for a follower that is reading the log itself.
    pub fn write_heartbeat(&self, encoding: Encoding, out: &mut BytesMut) {
        self.state().heartbeat(encoding, out);
    }

    /// Wakes all waiting followers.
    pub fn wake(&self) {
        let woken: Vec<Waker> = self.state().waiting.iter_mut().filter_map(Option::take).collect();
        woken.into_iter().for_each(Waker::wake);
    }

    /// A new follower: its place among those who wait, and where it stands.
    pub fn enter(&self, after: i64) -> (u32, Cursor) {
        let mut state = self.state();
        state.followers += 1;
        let place = state.free.pop().unwrap_or_else(|| {
            state.waiting.push(None);
            u32::try_from(state.waiting.len() - 1).unwrap_or(u32::MAX)
        });
        (place, Cursor { seq: after, beat: state.beat, decoration: state.decorations })
    }

    /// A follower is gone; answers how many are left.
    pub fn leave(&self, place: u32) -> usize {
        let mut state = self.state();
        if let Some(waiting) = state.waiting.get_mut(place as usize) {
            *waiting = None;
        }
        state.free.push(place);
        state.followers -= 1;
        state.followers
    }

    /// Copies what is new for a follower, or leaves its waker.
    pub fn copy(
        &self,
        place: u32,
        cursor: &mut Cursor,
        encoding: Encoding,
        waker: &Waker,
        out: &mut BytesMut,
    ) -> Copied {
        let mut state = self.state();
        let first = state.first();
        if state.last.is_some_and(|last| last > cursor.seq) {
            if cursor.seq + 1 < first {
                return Copied::Gap;
            }
            return state.copy_events(cursor, encoding, out, first);
        }
        if cursor.decoration != state.decorations {
            cursor.decoration = state.decorations;
            cursor.beat = state.beat;
            if let Some(frame) = &state.decoration {
                out.extend_from_slice(frame.bytes(encoding));
                return Copied::Some;
            }
        }
        if cursor.beat != state.beat {
            cursor.beat = state.beat;
            state.heartbeat(encoding, out);
            return Copied::Some;
        }
        if let Some(waiting) = state.waiting.get_mut(place as usize) {
            *waiting = Some(waker.clone());
        }
        Copied::Nothing
    }
}

impl State {
    /// Seq of the oldest event in memory; one past the last when there is none.
    fn first(&self) -> i64 {
        self.ring.front().map_or_else(|| self.last.map_or(i64::MAX, |last| last + 1), |frame| frame.seq)
    }

    fn is_behind(&self) -> bool {
        self.last.is_some_and(|last| self.unread || last < self.told)
    }

    fn append(&mut self, events: &[Event]) -> bool {
        let mut news = false;
        for event in events {
            if event.seq == 0 {
                let frame = Arc::new(Frame::of(event));
                if event.kind == "progress" {
                    self.progress = Some(frame.clone());
                }
                self.decoration = Some(frame);
                self.decorations = self.decorations.wrapping_add(1);
                news = true;
                continue;
            }
            self.told = self.told.max(event.seq);
            // Before the first read nothing is known to be free of gaps. That read may have begun before this event was
            // stored, so its seq is kept.
            let Some(last) = self.last else { continue };
            if event.seq != last + 1 {
                continue;
            }
            self.push(event);
            news = true;
        }
        news
    }

    fn push(&mut self, event: &Event) {
        let frame = Arc::new(Frame::of(event));
        if event.kind == "progress" {
            self.progress = Some(Arc::new(Frame::of(&unnumbered(event))));
        }
        self.last = Some(event.seq);
        self.ring.push_back(frame);
        if self.ring.len() > RING {
            self.ring.pop_front();
        }
    }

    fn copy_events(&self, cursor: &mut Cursor, encoding: Encoding, out: &mut BytesMut, first: i64) -> Copied {
        let skip = usize::try_from(cursor.seq + 1 - first).unwrap_or(0);
        for frame in self.ring.iter().skip(skip) {
            out.extend_from_slice(frame.bytes(encoding));
            cursor.seq = frame.seq;
            cursor.beat = self.beat;
            if frame.last {
                return Copied::End;
            }
            if out.len() >= HANDFUL {
                break;
            }
        }
        Copied::Some
    }

    fn heartbeat(&self, encoding: Encoding, out: &mut BytesMut) {
        write_heartbeat(self.progress.as_deref(), encoding, out);
    }
}

/// The event as a heartbeat repeats it: without its position, also in the envelope of a calendar.
fn unnumbered(event: &Event) -> Event {
    let mut data = event.data.clone();
    if data.contains("\"meta\"")
        && let Ok(mut envelope) = serde_json::from_str::<Value>(&data)
        && let Some(seq) = envelope.pointer_mut("/meta/seq")
    {
        *seq = Value::Null;
        data = envelope.to_string();
    }
    Event { seq: 0, kind: event.kind.clone(), data }
}

/// SSE has comments for this; NDJSON repeats the last progress without a seq.
pub(super) fn write_heartbeat(progress: Option<&Frame>, encoding: Encoding, out: &mut BytesMut) {
    match encoding {
        Encoding::Sse => out.extend_from_slice(b": still here\n\n"),
        Encoding::Ndjson => match progress {
            Some(frame) => out.extend_from_slice(frame.bytes(encoding)),
            None => out.extend_from_slice(b"{\"type\":\"progress\",\"completed\":0,\"total\":0}\n"),
        },
    }
}

/// The heartbeat of a log of which nothing is in memory.
pub(super) fn bare_heartbeat(job: JobId, kind: Option<Kind>, encoding: Encoding, out: &mut BytesMut) {
    let progress = nothing_yet(job, kind).map(|event| Frame::of(&event));
    write_heartbeat(progress.as_ref(), encoding, out);
}

/// Progress before the first is known. A calendar's lines are envelopes, heartbeats too.
fn nothing_yet(job: JobId, kind: Option<Kind>) -> Option<Event> {
    if kind? != Kind::GenerateCalendar {
        return None;
    }
    let data = json!({
        "data": { "completed": 0, "total": 0, "stage": "queued", "percent": 0 },
        "error": null,
        "meta": { "runId": job, "calendarId": null, "version": null, "seq": null, "done": false },
    });
    Some(Event::decoration("progress", data.to_string()))
}

#[cfg(test)]
mod tests;
