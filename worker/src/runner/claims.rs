//! One claim loop per lane. It claims either the jobs that messages named, or, while the lane is behind, the oldest due
//! jobs in Postgres; every two seconds it looks for due jobs that no message brought.

use std::time::{Duration, Instant};

use almanac_shared::{
    jobs::{
        ClaimedJob, Lane,
        store::{self, Claimant, Due, WriteError},
    },
    platform::{
        faults::{self, Guard, Point},
        id::JobId,
        metrics::PickupSource,
    },
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::sleep_until,
};

use super::JobRunner;

/// The most jobs that one statement claims.
const CLAIM_BATCH: usize = 32;
/// A job that has been due for this long was not brought by its message; also the pause between two looks for such jobs.
const OVERDUE: Duration = Duration::from_secs(2);
/// Until a lane looks again whose claim failed; twice as long after each further failure, up to `OVERDUE`.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// Until a lane looks again that found only jobs that could not be claimed.
const AFTER_NOTHING: Duration = Duration::from_millis(20);
/// Messages of a lane that wait for its claim loop. One that finds no room is dropped: the lane is behind then.
const NAMED: usize = 64;

/// The claim loop's mailbox and state, as the queue sees them.
#[derive(Debug)]
pub(super) struct LaneInbox {
    named: mpsc::Sender<JobId>,
    behind: watch::Sender<bool>,
}

/// The claim loop's side of it.
pub(super) struct ClaimLoop {
    lane: Lane,
    named: mpsc::Receiver<JobId>,
    /// The last look filled all free slots, or found a job that no message had brought in time: older jobs than those
    /// that messages name may wait in Postgres.
    behind: watch::Sender<bool>,
    next_look: Instant,
    /// Claims that failed in a row.
    failures: u32,
    /// The answer of a claim was lost. The claim may stand, and would count as a crash when its lease ends.
    unconfirmed: bool,
}

/// What one look did.
struct Look {
    source: PickupSource,
    claimed: Vec<ClaimedJob>,
    in_vain: Vec<JobId>,
}

impl LaneInbox {
    pub(super) fn new(lane: Lane) -> (Self, ClaimLoop) {
        let (named, inbox) = mpsc::channel(NAMED);
        let behind = watch::Sender::new(false);
        let claims = ClaimLoop {
            lane,
            named: inbox,
            behind: behind.clone(),
            next_look: Instant::now(),
            failures: 0,
            unconfirmed: false,
        };
        (Self { named, behind }, claims)
    }

    /// Number of messages that the claim loop has not read yet.
    pub(super) fn waiting(&self) -> usize {
        self.named.max_capacity() - self.named.capacity()
    }

    pub(super) fn is_behind(&self) -> bool {
        *self.behind.borrow()
    }

    pub(super) async fn wait_until_not_behind(&self) {
        // The sender lives as long as the runner.
        let _ = self.behind.subscribe().wait_for(|behind| !behind).await;
    }

    /// Passes on a job that a message named.
    pub(super) fn name(&self, job: JobId) {
        let _ = self.named.try_send(job);
    }
}

impl ClaimLoop {
    /// Claims until the process drains.
    pub(super) async fn run(mut self, runner: JobRunner) {
        loop {
            let behind = *self.behind.borrow();
            let named = tokio::select! {
                biased;
                job = self.named.recv(), if !behind && self.failures == 0 => match job {
                    Some(job) => Some(job),
                    None => return,
                },
                () = sleep_until(self.next_look.into()) => None,
            };
            let Some(slots) = runner.0.slots.take(self.lane, CLAIM_BATCH).await else { return };
            // Counted before the look, so that a drain which begins in between waits for it: a claim without a task would
            // be taken for a crash when its lease ends.
            let counted = runner.0.tasks.token();
            if runner.0.tasks.is_closed() {
                return;
            }
            if self.unconfirmed {
                self.unconfirmed = !runner.release_unconfirmed(self.lane).await;
            }
            self.look(&runner, named, slots).await;
            drop(counted);
        }
    }

    async fn look(&mut self, runner: &JobRunner, named: Option<JobId>, slots: Vec<OwnedSemaphorePermit>) {
        let (free, asked) = (slots.len(), Instant::now());
        let looked = match named {
            Some(job) => {
                let more = std::iter::from_fn(|| self.named.try_recv().ok());
                let jobs: Vec<JobId> = std::iter::once(job).chain(more.take(free - 1)).collect();
                runner.claim_named(&jobs).await
            }
            None => {
                // What they name is not older than what the look finds.
                while self.named.try_recv().is_ok() {}
                let older = if *self.behind.borrow() { Duration::ZERO } else { OVERDUE };
                runner.claim_due(self.lane, older, free).await
            }
        };
        let now = Instant::now();
        match looked {
            Ok(look) => {
                self.failures = 0;
                let found = look.claimed.len() + look.in_vain.len();
                let overdue = look.claimed.iter().any(|job| job.waited >= OVERDUE);
                let behind = found == free || overdue;
                self.behind.send_replace(behind);
                self.next_look = match (behind, look.claimed.is_empty()) {
                    (true, false) => now,
                    (true, true) => now + AFTER_NOTHING,
                    (false, _) => now + OVERDUE.mul_f64(rand::random_range(0.8..1.0)),
                };
                runner.0.passed_over.note(look.in_vain.into_iter(), now);
                let claimed = look.claimed.into_iter().zip(slots);
                claimed.for_each(|(job, slot)| runner.begin(job, look.source, asked, slot));
            }
            Err(error) => {
                tracing::warn!(lane = self.lane.as_str(), %error, "claiming failed");
                self.unconfirmed = true;
                self.behind.send_replace(false);
                self.next_look = now + (AFTER_FAILURE * (1 << self.failures.min(2))).min(OVERDUE);
                self.failures += 1;
            }
        }
    }
}

impl JobRunner {
    async fn claim_named(&self, jobs: &[JobId]) -> Result<Look, WriteError> {
        faults::pass(Point::PoppedBeforeClaim);
        let claimed = self.0.claims.lock().await.start(jobs, self.claimant()).await?;
        Ok(Look { source: PickupSource::Ring, claimed, in_vain: Vec::new() })
    }

    async fn claim_due(&self, lane: Lane, older: Duration, max: usize) -> Result<Look, WriteError> {
        let mut look = Look { source: PickupSource::Poll, claimed: Vec::new(), in_vain: Vec::new() };
        if faults::removed(Guard::PollFallback) {
            return Ok(look);
        }
        let except = self.0.passed_over.list(Instant::now());
        let due = Due { lane, older, max, except: &except, suspects: !self.holds_suspect() };
        let found = self.0.claims.lock().await.start_due(due, self.claimant()).await?;
        (look.claimed, look.in_vain) = (found.jobs, found.in_vain);
        Ok(look)
    }

    fn claimant(&self) -> Claimant<'_> {
        let deps = &self.0.deps;
        Claimant {
            owner: &self.0.name,
            suspect_threshold: self.0.suspect_threshold,
            // While a circuit is open the job opens its call itself, after it was admitted.
            provider: Some(deps.ai.provider()).filter(|provider| deps.breakers.all_closed(provider)),
        }
    }

    /// Releases claims of a lane whose answer was lost; true if none is left. Only the lane's claim loop may call it: it
    /// has no claim under way then.
    async fn release_unconfirmed(&self, lane: Lane) -> bool {
        let held = self.held().keys().copied().collect::<Vec<_>>();
        match store::release_unconfirmed(&self.0.deps.service, lane, &self.0.name, &held).await {
            Ok(claims) => {
                let released = claims.iter().filter(|claim| claim.released).count();
                if released > 0 {
                    tracing::info!(jobs = released, "released claims whose answer was lost");
                }
                claims.iter().all(|claim| claim.released)
            }
            Err(error) => {
                tracing::debug!(%error, "Postgres does not answer yet");
                false
            }
        }
    }
}
