//! Jobs from acceptance to their end, and the failures in between.
//! Called by the submitting services, the worker's loop and the reaper. Labels never hold the id of a job or a user.

use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::Registry,
};

use super::{Counters, Gauges, Histograms, InFlight, Metrics, labels, register, register_seconds};

#[derive(Debug)]
pub(super) struct Jobs {
    accepted: Counters<1>,
    finished: Counters<2>,
    run_seconds: Histograms<1>,
    pickup_seconds: Histograms<2>,
    active: Gauges<1>,
    retried: Counter,
    reaped: Counter,
    poisoned: Counter,
    lease_lost: Counter,
    generations: Counters<1>,
}

/// What brought a job to the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickupSource {
    /// A message.
    Ring,
    /// The poll of Postgres found it.
    Poll,
}

impl Jobs {
    pub fn register(registry: &mut Registry) -> Self {
        let generations: Counters<1> = register(registry, "generations", "Flashcard generations by how they ended");
        // A rate needs a first sample, also of what has not happened yet.
        for outcome in ["succeeded", "failed"] {
            let _ = generations.get_or_create(&labels([("outcome", outcome)]));
        }
        Self {
            accepted: register(registry, "jobs_accepted", "Jobs accepted"),
            finished: register(registry, "jobs_finished", "Jobs that reached a final state"),
            run_seconds: register_seconds(registry, "jobs_run", "Time from a job's claim to its final state", || {
                Histogram::new([0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0])
            }),
            pickup_seconds: register_seconds(registry, "jobs_pickup", "Time from a job being due to its claim", || {
                Histogram::new([0.0005, 0.001, 0.002, 0.004, 0.01, 0.05, 0.25, 1.0, 2.5, 5.0, 15.0, 60.0])
            }),
            active: register(registry, "jobs_active", "Jobs running in this process"),
            retried: register(registry, "jobs_retried", "Attempts that ended with a retry"),
            reaped: register(registry, "jobs_reaped", "Expired leases of jobs that went back to the queue"),
            poisoned: register(
                registry,
                "jobs_poisoned",
                "Jobs ended as poison because their worker crashed too often",
            ),
            lease_lost: register(registry, "lease_lost", "Leases that this process lost"),
            generations,
        }
    }
}

impl Metrics {
    /// A job row was written; `kind` as on the wire, such as `flashcards.generate`.
    pub fn job_accepted(&self, kind: &str) {
        self.jobs.accepted.get_or_create(&labels([("kind", kind)])).inc();
    }

    /// A job was claimed, `seconds` after it was due.
    pub fn job_picked_up(&self, lane: &str, source: PickupSource, seconds: f64) {
        let source = match source {
            PickupSource::Ring => "ring",
            PickupSource::Poll => "poll",
        };
        self.jobs.pickup_seconds.get_or_create(&labels([("lane", lane), ("source", source)])).observe(seconds);
    }

    /// A job runs here until the answer is dropped.
    pub fn job_running(&self, kind: &str) -> InFlight {
        InFlight::enter(self.jobs.active.get_or_create_owned(&labels([("kind", kind)])))
    }

    /// A job reached a final state, `seconds` after this claim.
    pub fn job_finished(&self, kind: &str, state: &str, seconds: f64) {
        self.jobs.finished.get_or_create(&labels([("kind", kind), ("state", state)])).inc();
        self.jobs.run_seconds.get_or_create(&labels([("kind", kind)])).observe(seconds);
    }

    /// An attempt ended and another is to come.
    pub fn job_retried(&self) {
        self.jobs.retried.inc();
    }

    /// A job's lease ran out and it went back to the queue.
    pub fn job_reaped(&self) {
        self.jobs.reaped.inc();
    }

    /// A job was given up as poison.
    pub fn job_poisoned(&self) {
        self.jobs.poisoned.inc();
    }

    /// A write was refused because the job belongs to a later lease.
    pub fn lease_lost(&self) {
        self.jobs.lease_lost.inc();
    }

    /// A flashcard generation ended; `outcome` is its status: `succeeded`, `failed` or `cancelled`.
    pub fn generation_ended(&self, outcome: &str) {
        self.jobs.generations.get_or_create(&labels([("outcome", outcome)])).inc();
    }
}
