//! Renews the leases of the jobs that this process runs. One task per process. It ends no job: it gives the stop
//! signal.

use std::{
    collections::HashMap,
    pin::pin,
    time::{Duration, Instant},
};

use almanac_shared::{
    jobs::{
        Lease, RENEW_EVERY,
        store::{Held, RenewalConnection, WriteError},
    },
    platform::id::JobId,
};

use super::JobRunner;
use crate::runner::stop::Reason;

/// A job whose lease of ten seconds was not renewed for this long is given back: before the lease ends, and another
/// worker calls the model for it too. Each job by its own lease, because one that has just started has time left.
const GIVE_BACK_AFTER: Duration = Duration::from_millis(8_500);
/// How often that is looked at while a renewal has no answer. A process that was stopped for a moment reads the answer
/// first.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Until leases are renewed again after a failure.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// Until a lease is renewed again whose row another transaction held.
const ASK_AGAIN: Duration = Duration::from_millis(250);

impl JobRunner {
    /// Renews every lease, and learns by it which jobs are lost and which are cancelled.
    pub(super) async fn renew_all(self) {
        let mut connection = RenewalConnection::new(&self.0.deps.service);
        let mut failed = 0;
        let mut skipped: Vec<Lease> = Vec::new();
        let mut clock = tokio::time::interval(RENEW_EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let leases = tokio::select! {
                _ = clock.tick() => self.kept(),
                () = tokio::time::sleep(ASK_AGAIN), if !skipped.is_empty() => std::mem::take(&mut skipped),
            };
            if leases.is_empty() {
                failed = 0;
                continue;
            }
            let asked = Instant::now();
            match self.renew(&mut connection, &leases).await {
                Ok(held) => {
                    failed = 0;
                    skipped = self.compare(&leases, &held, asked);
                }
                Err(error) => {
                    failed += 1;
                    tracing::warn!(%error, failed, "renewing leases failed");
                    self.give_back_unrenewed();
                    clock.reset_after(AFTER_FAILURE);
                }
            }
        }
    }

    async fn renew(&self, connection: &mut RenewalConnection, leases: &[Lease]) -> Result<Vec<Held>, WriteError> {
        let mut renewal = pin!(connection.renew(leases));
        loop {
            tokio::select! {
                biased;
                answer = &mut renewal => return answer,
                () = tokio::time::sleep(LOOK_EVERY) => self.give_back_unrenewed(),
            }
        }
    }

    fn give_back_unrenewed(&self) {
        let held = self.held();
        let unrenewed = held.values().filter(|job| job.renewed.elapsed() >= GIVE_BACK_AFTER);
        unrenewed.for_each(|job| job.stop.give(Reason::Outage));
    }

    /// The leases that are still this process's, as far as it knows; of one job at most one.
    fn kept(&self) -> Vec<Lease> {
        let held = self.held();
        let kept = held.iter().filter(|(_, job)| job.stop.given() != Some(Reason::LeaseLost));
        kept.map(|(lease, _)| *lease).collect()
    }

    /// Signals the jobs that are lost or cancelled; returns the leases that are still to be renewed. `asked`: when the
    /// answer was asked for.
    fn compare(&self, leases: &[Lease], answer: &[Held], asked: Instant) -> Vec<Lease> {
        let answer: HashMap<JobId, &Held> = answer.iter().map(|held| (held.id, held)).collect();
        let mut held = self.held();
        let mut skipped = Vec::new();
        for lease in leases {
            // A job that ended between the question and the answer is held no more: nothing to stop.
            let Some(job) = held.get_mut(lease) else { continue };
            match answer.get(&lease.job) {
                None => job.stop.give(Reason::LeaseLost),
                Some(kept) => {
                    if kept.cancel_requested {
                        job.stop.give(Reason::Cancelled);
                    }
                    if kept.renewed {
                        job.renewed = asked;
                    } else {
                        skipped.push(*lease);
                    }
                }
            }
        }
        skipped
    }
}
