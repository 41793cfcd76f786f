//! Keeping the leases of a crew's jobs. One task per process, started with the crew; it ends nothing, it tells the jobs.

use std::collections::HashMap;

use almanac_shared::{
    id::JobId,
    jobs::{Lease, RENEW_EVERY, store},
};

use super::Crew;
use crate::stop::Reason;

/// Renewals that may fail in a row before the jobs are given back. The second begins after six seconds of the lease's ten
/// and is given up after two and a half at the latest.
const MAX_FAILED_RENEWALS: u32 = 2;

impl Crew {
    /// Keeps every lease, and hears through it which jobs are lost and which shall end.
    pub(super) async fn renew_all(self) {
        let mut failed = 0;
        let mut clock = tokio::time::interval(RENEW_EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let leases: Vec<Lease> = self.held().values().map(|(lease, _)| *lease).collect();
            if leases.is_empty() {
                failed = 0;
                continue;
            }
            match store::renew(&self.0.deps.service, &leases).await {
                Ok(kept) => {
                    failed = 0;
                    self.compare(&leases, &kept);
                }
                Err(error) => {
                    failed += 1;
                    tracing::warn!(%error, failed, "renewing leases failed");
                    if failed >= MAX_FAILED_RENEWALS {
                        let held = self.held();
                        let mine = leases.iter().filter_map(|lease| held.get(&lease.job));
                        mine.for_each(|(_, stop)| stop.give(Reason::Outage));
                    }
                }
            }
        }
    }

    fn compare(&self, asked: &[Lease], kept: &[(JobId, bool)]) {
        let kept: HashMap<JobId, bool> = kept.iter().copied().collect();
        let held = self.held();
        for lease in asked {
            // A job that ended between the question and the answer is held no more: nothing to stop.
            let Some((current, stop)) = held.get(&lease.job) else { continue };
            match kept.get(&lease.job) {
                None if current == lease => stop.give(Reason::LeaseLost),
                Some(true) => stop.give(Reason::Cancelled),
                _ => {}
            }
        }
    }
}
