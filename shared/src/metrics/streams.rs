//! Event streams and the relay that feeds them.
//! Called by the API's stream encoder and by the relay, per write and per read, never per socket and event.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::{Counters, InFlight, Metrics, labels, register};

#[derive(Debug)]
pub(super) struct Streams {
    open: Gauge,
    ends: Counters<1>,
    tail_reads: Counter,
    tail_events: Counter,
}

impl Streams {
    pub fn register(registry: &mut Registry) -> Self {
        Self {
            open: register(registry, "streams_open", "Event streams open in this process"),
            ends: register(registry, "stream_ends", "Event streams that ended"),
            tail_reads: register(registry, "tail_reads", "Reads of the event log for jobs that were silent"),
            tail_events: register(registry, "tail_events", "Events found by such reads: their publication was lost"),
        }
    }
}

impl Metrics {
    /// A stream is open until the answer is dropped.
    pub fn stream_open(&self) -> InFlight {
        InFlight::enter(self.streams.open.clone())
    }

    /// A stream ended; `reason` is one of a few words, such as `done`, `client_left`, `slow`, `auth_expired`, `shutdown`.
    pub fn stream_ended(&self, reason: &str) {
        self.streams.ends.get_or_create(&labels([("reason", reason)])).inc();
    }

    /// The event log was read for silent jobs and held `events` that Redis had not brought.
    pub fn tail_read(&self, events: u64) {
        self.streams.tail_reads.inc();
        self.streams.tail_events.inc_by(events);
    }
}
