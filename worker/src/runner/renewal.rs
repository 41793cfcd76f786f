//! Renews the leases of the jobs that this process runs. One task per process. It ends no job: it gives the stop
//! signal.

use std::{collections::HashMap, time::Duration};

use almanac_shared::{
    jobs::{
        Lease, RENEW_EVERY,
        store::{self, Held},
    },
    platform::id::JobId,
};

use super::JobRunner;
use crate::runner::stop::Reason;

/// Renewals that may fail in a row before the jobs are given back. The second begins after six seconds of the lease's ten
/// and is given up after two and a half at the latest.
const MAX_FAILED_RENEWALS: u32 = 2;

/// Until a lease is renewed again whose row another transaction held.
const ASK_AGAIN: Duration = Duration::from_millis(250);

impl JobRunner {
    /// Renews every lease, and learns by it which jobs are lost and which are cancelled.
    pub(super) async fn renew_all(self) {
        let mut failed = 0;
        let mut skipped: Vec<Lease> = Vec::new();
        let mut clock = tokio::time::interval(RENEW_EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = clock.tick() => {}
                () = tokio::time::sleep(ASK_AGAIN), if !skipped.is_empty() => {
                    // If this fails, the next round renews all of them.
                    let again = std::mem::take(&mut skipped);
                    if let Ok(held) = store::renew(&self.0.deps.service, &again).await {
                        skipped = self.compare(&again, &held);
                    }
                    continue;
                }
            }
            let leases = self.kept();
            if leases.is_empty() {
                failed = 0;
                continue;
            }
            match store::renew(&self.0.deps.service, &leases).await {
                Ok(held) => {
                    failed = 0;
                    skipped = self.compare(&leases, &held);
                }
                Err(error) => {
                    failed += 1;
                    tracing::warn!(%error, failed, "renewing leases failed");
                    if failed >= MAX_FAILED_RENEWALS {
                        let held = self.held();
                        let mine = leases.iter().filter_map(|lease| held.get(lease));
                        mine.for_each(|stop| stop.give(Reason::Outage));
                    }
                }
            }
        }
    }

    /// The leases that are still this process's, as far as it knows; of one job at most one.
    pub(super) fn kept(&self) -> Vec<Lease> {
        let held = self.held();
        let kept = held.iter().filter(|(_, stop)| stop.given() != Some(Reason::LeaseLost));
        kept.map(|(lease, _)| *lease).collect()
    }

    /// Signals the jobs that are lost or cancelled; returns the leases that are still to be renewed.
    fn compare(&self, asked: &[Lease], answer: &[Held]) -> Vec<Lease> {
        let answer: HashMap<JobId, &Held> = answer.iter().map(|held| (held.id, held)).collect();
        let held = self.held();
        let mut skipped = Vec::new();
        for lease in asked {
            // A job that ended between the question and the answer is held no more: nothing to stop.
            let Some(stop) = held.get(lease) else { continue };
            match answer.get(&lease.job) {
                None => stop.give(Reason::LeaseLost),
                Some(kept) => {
                    if kept.cancel_requested {
                        stop.give(Reason::Cancelled);
                    }
                    if !kept.renewed {
                        skipped.push(*lease);
                    }
                }
            }
        }
        skipped
    }
}
