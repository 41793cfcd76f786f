//! Event streams and the relay that feeds them.
//! Called by the API's stream encoder and by the relay, per write and per read, never per socket and event.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{Counters, InFlight, Metrics, labels, register};

#[derive(Debug)]
pub(super) struct Streams {
    open: Gauge,
    ends: Counters<1>,
    events_sent: Counter,
    relay_lag_seconds: Histogram,
    tail_reads: Counter,
    tail_events: Counter,
}

impl Streams {
    pub fn register(registry: &mut Registry) -> Self {
        let lag = Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5, 10.0]);
        let help = "Time from an event being published to this process having it";
        registry.register_with_unit("relay_lag", help, Unit::Seconds, lag.clone());
        Self {
            open: register(registry, "streams_open", "Event streams open in this process"),
            ends: register(registry, "stream_ends", "Event streams that ended"),
            events_sent: register(registry, "stream_events_sent", "Events written to sockets"),
            relay_lag_seconds: lag,
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

    /// Events were written to a socket.
    pub fn stream_events_sent(&self, events: u64) {
        self.streams.events_sent.inc_by(events);
    }

    /// An event arrived over Redis, `seconds` after it was published.
    pub fn relay_lag(&self, seconds: f64) {
        self.streams.relay_lag_seconds.observe(seconds);
    }

    /// The event log was read for silent jobs and held `events` that Redis had not brought.
    pub fn tail_read(&self, events: u64) {
        self.streams.tail_reads.inc();
        self.streams.tail_events.inc_by(events);
    }
}
