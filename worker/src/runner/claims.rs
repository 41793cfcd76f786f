//! Claiming: whatever arrived together is claimed in one statement, and claims whose answer was lost are given back.
//! Fed by `take` and `take_early`; starts what it could claim with `begin`.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use almanac_shared::{
    jobs::store,
    platform::{
        faults::{self, Point},
        id::{JobId, LlmCallId},
        metrics::PickupSource,
    },
};
use tokio::sync::mpsc;

use super::{Crew, Wanted};

/// How long after a failed claim its jobs are looked at again.
const LOOK_BACK: Duration = Duration::from_millis(500);
/// Claims that may share a commit.
const CLAIM_BATCH: usize = 32;

impl Crew {
    /// Claims whatever arrived together in one statement. What cannot be claimed is somebody else's, or over: its slot
    /// is free again at once.
    pub(super) async fn claim_all(self, mut inbox: mpsc::Receiver<Wanted>) {
        let mut starts = store::Starts::of(&self.0.deps.service);
        let mut batch = Vec::with_capacity(CLAIM_BATCH);
        let mut doubtful: Vec<JobId> = Vec::new();
        loop {
            tokio::select! {
                count = inbox.recv_many(&mut batch, CLAIM_BATCH) => if count == 0 { return },
                () = tokio::time::sleep(LOOK_BACK), if !doubtful.is_empty() => {}
            }
            self.look_back(&mut doubtful).await;
            if batch.is_empty() {
                continue;
            }
            faults::pass(Point::PoppedBeforeClaim);
            let wanted = batch.iter().map(|wanted| store::Wanted { job: wanted.job, call: LlmCallId::fresh() });
            let wanted: Vec<store::Wanted> = wanted.collect();
            // While a circuit is open no call is opened before its job has asked for leave.
            let deps = &self.0.deps;
            let provider = Some(deps.ai.provider()).filter(|provider| deps.breakers.all_closed(provider));
            let started = store::start(&mut starts, &wanted, &self.0.name, self.0.alone, provider).await;
            self.0.refused.store(started.is_err(), Ordering::Relaxed);
            match started {
                Ok(jobs) => {
                    for job in jobs {
                        if let Some(at) = batch.iter().position(|wanted| wanted.job == job.id) {
                            let Wanted { source, slot, counted, .. } = batch.swap_remove(at);
                            self.begin(job, source, slot);
                            drop(counted);
                        }
                    }
                    let in_vain = batch.iter().filter(|wanted| matches!(wanted.source, PickupSource::Poll));
                    self.0.passed_over.note(in_vain.map(|wanted| wanted.job), Instant::now());
                }
                Err(error) => {
                    tracing::warn!(%error, "claiming failed; the poll will find the jobs");
                    doubtful.extend(wanted.iter().map(|wanted| wanted.job));
                }
            }
            batch.clear();
        }
    }

    /// A claim whose answer never came may have been made: then the job would wait for its lease to run out, and that
    /// would count as a crash. So it is given back as soon as the store answers again.
    async fn look_back(&self, doubtful: &mut Vec<JobId>) {
        if doubtful.is_empty() {
            return;
        }
        // Claimed again since then, and at work.
        let held = self.kept();
        doubtful.retain(|job| !held.iter().any(|lease| lease.job == *job));
        match store::release_unconfirmed(&self.0.deps.service, doubtful, &self.0.name).await {
            Ok(claims) => {
                let (released, kept): (Vec<_>, Vec<_>) = claims.into_iter().partition(|claim| claim.released);
                if !released.is_empty() {
                    tracing::info!(jobs = released.len(), "released claims whose answer was lost");
                }
                *doubtful = kept.into_iter().map(|claim| claim.id).collect();
            }
            Err(error) => tracing::debug!(%error, "the store does not answer yet"),
        }
    }
}
