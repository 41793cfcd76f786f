//! Event streams and the relay that feeds them.
//! Called by the API's stream encoder and by the relay, per write and per read, never per socket and event.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::{Counters, InFlight, Metrics, labels, register};

/// Ends that are in order.
const OTHERS: [&str; 3] = ["done", "client_left", "shutdown"];
/// Ends that a client did not want.
const FAILURES: [&str; 4] = ["failed", "timeout", "write_timeout", "auth_expired"];

#[derive(Debug)]
pub(super) struct Streams {
    open: Gauge,
    ends: Counters<2>,
    failures: Counters<2>,
    tail_reads: Counter,
    tail_events: Counter,
}

impl Streams {
    pub fn register(registry: &mut Registry) -> Self {
        let failures: Counters<2> =
            register(registry, "stream_failures", "Event streams that ended by an error or a time-out");
        let ends: Counters<2> = register(registry, "stream_ends", "Event streams that ended");
        // A rate needs a first sample, also of what has not happened yet.
        for reason in OTHERS.iter().chain(&FAILURES) {
            let _ = ends.get_or_create(&labels([("kind", "calendar.generate"), ("reason", reason)]));
        }
        for reason in FAILURES {
            let _ = failures.get_or_create(&labels([("kind", "calendar.generate"), ("reason", reason)]));
        }
        Self {
            failures,
            open: register(registry, "streams_open", "Event streams open in this process"),
            ends,
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

    /// A stream of a job of this kind ended; `reason` is one of a few words: `done`, `client_left`, `shutdown`, or one of
    /// those that count as failures: the run ended as `failed` or by `timeout`, the client did not read (`write_timeout`),
    /// its token expired (`auth_expired`).
    pub fn stream_ended(&self, kind: &str, reason: &str) {
        let of = labels([("kind", kind), ("reason", reason)]);
        self.streams.ends.get_or_create(&of).inc();
        if FAILURES.contains(&reason) {
            self.streams.failures.get_or_create(&of).inc();
        }
    }

    /// The event log was read for silent jobs and held `events` that Redis had not brought.
    pub fn tail_read(&self, events: u64) {
        self.streams.tail_reads.inc();
        self.streams.tail_events.inc_by(events);
    }
}
