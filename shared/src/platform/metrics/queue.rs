//! Notifications of workers and the lanes: whether Redis answers and how much work waits.
//! Called where workers are notified, and by the worker's maintenance, which reads the depths. Nothing is
//! decided by these numbers: Postgres alone says what waits.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::{Gauges, Metrics, labels, register};

#[derive(Debug)]
pub(super) struct Queue {
    ring_failures: Counter,
    redis_up: Gauge,
    depth: Gauges<2>,
}

impl Queue {
    pub fn register(registry: &mut Registry) -> Self {
        Self {
            ring_failures: register(registry, "ring_failures", "Notifications of workers that Redis did not take"),
            redis_up: register(registry, "redis_up", "1 while Redis answers this process"),
            depth: register(registry, "queue_depth", "Jobs by lane and state, as Postgres has them"),
        }
    }
}

impl Metrics {
    /// A notification did not reach Redis.
    pub fn ring_failed(&self) {
        self.queue.ring_failures.inc();
    }

    /// Whether Redis answers.
    pub fn redis_up(&self, up: bool) {
        self.queue.redis_up.set(i64::from(up));
    }

    /// How many jobs of a lane are in a state.
    pub fn queue_depth(&self, lane: &str, state: &str, jobs: i64) {
        self.queue.depth.get_or_create(&labels([("lane", lane), ("state", state)])).set(jobs);
    }
}
