//! How a job waits for its model's provider, and what a failed call costs it: the same for every job that asks a model.
//! A job is charged for its own faults only. A provider that cannot serve, and a stall of this process, are none.

use std::time::Duration;

use almanac_shared::{
    jobs::{
        ClaimedJob, Failure,
        store::{self, WriteError, calls::Charge},
    },
    platform::error::Code,
};
use rand::Rng;
use tokio::time::Instant;

use crate::{
    deps::Deps,
    outbound::{
        ai::{AiError, AiErrorKind},
        backoff::Backoff,
        breaker::Permit,
    },
};

/// Longer pauses than this are not waited for in a slot: the job goes back to the queue.
const LONGEST_WAIT_HERE: Duration = Duration::from_secs(3);
/// The longest a provider's `Retry-After` is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Uncharged failures in a row after which a job waits in the queue.
const FAILURES_HERE: u32 = 2;
/// The least pause of a job that this process may not repeat a call for: others of its like are repeated already.
const BUDGET_PAUSE: Duration = Duration::from_secs(2);
/// Bounds of the random part of a pause in the queue; in between it is a quarter of what the job has waited already, so
/// that jobs which wait for the same provider spread out.
const SPREAD: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Restarts of workers interrupted the calls of this step too often; no further call is allowed.
pub(super) fn limit_reached() -> Failure {
    Failure::new(Code::CallLimit, "The job was interrupted too often by failures on our side. Please try again.")
}

/// What a job does before its next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It waits in its slot.
    Here(Duration),
    /// It waits in the queue, uncharged.
    Queue(Duration),
}

/// How long a job has waited for a provider that cannot serve: over all attempts, from the first failure that it is not
/// charged for to the first content.
pub(super) struct Waiting {
    since: Option<Instant>,
    /// The job's row says so too.
    stored: bool,
    /// `PROVIDER_WAIT_SECONDS`.
    most: Duration,
    failures: u32,
}

impl Waiting {
    pub(super) fn of(deps: &Deps, job: &ClaimedJob) -> Self {
        let since = job.held_for.map(|held| {
            let now = Instant::now();
            now.checked_sub(held).unwrap_or(now)
        });
        Self { since, stored: since.is_some(), most: deps.provider_wait, failures: 0 }
    }

    /// What a failed call costs. Asked once for each failure. One that brought any of an answer was served, whatever
    /// came of it.
    pub(super) async fn charge(
        &mut self,
        deps: &Deps,
        job: &ClaimedJob,
        (error, permit): (&AiError, &Permit),
    ) -> Result<Charge, WriteError> {
        if error.began {
            self.content_came(deps, job).await?;
        }
        Ok(self.charge_of(error, permit))
    }

    fn charge_of(&mut self, error: &AiError, permit: &Permit) -> Charge {
        if error.is_outage() && permit.is_stalled() {
            return Charge::Cut;
        }
        let probe = permit.is_probe() && error.is_outage();
        let uncharged = probe || (cannot_serve(error) && self.lasted() < self.most);
        if error.began || !uncharged {
            return Charge::Full;
        }
        self.since.get_or_insert_with(Instant::now);
        self.failures += 1;
        Charge::Nothing
    }

    /// What follows a failed call that may be repeated, after `charged` others that the job was charged for.
    pub(super) fn next(&self, deps: &Deps, error: &AiError, charge: Charge, charged: u32) -> Next {
        let retry = if charge == Charge::Full { charged } else { self.failures.saturating_sub(1) };
        let wait = Backoff::MODEL.wait(retry, error.retry_after, LONGEST_PAUSE, &mut rand::rng());
        let wait = wait.unwrap_or(LONGEST_PAUSE);
        // A provider that still cannot serve a job that has waited for as long as it may: the store ends the job.
        let too_long = cannot_serve(error) && charge == Charge::Full;
        if too_long || wait > LONGEST_WAIT_HERE || self.failures > FAILURES_HERE {
            return Next::Queue(self.pause(wait));
        }
        if charge != Charge::Cut && !deps.retries.try_retry(Instant::now()) {
            return Next::Queue(self.pause(wait.max(BUDGET_PAUSE)));
        }
        Next::Here(wait)
    }

    /// How long a job waits in the queue: at least this, and a random part on top.
    pub(super) fn pause(&self, at_least: Duration) -> Duration {
        let spread = (self.lasted() / 4).clamp(SPREAD.0, SPREAD.1);
        at_least + spread.mul_f64(rand::rng().random())
    }

    /// The provider serves the job: the wait for it is measured from zero again.
    pub(super) async fn content_came(&mut self, deps: &Deps, job: &ClaimedJob) -> Result<(), WriteError> {
        self.since = None;
        self.failures = 0;
        if std::mem::take(&mut self.stored) {
            store::content_came(&deps.service, job.lease()).await?;
        }
        Ok(())
    }

    fn lasted(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// The provider said, or showed by refusing the connection, that it cannot serve anybody now. Nothing was bought.
fn cannot_serve(error: &AiError) -> bool {
    match error.kind {
        AiErrorKind::Connect | AiErrorKind::RateLimited => true,
        AiErrorKind::Transient => error.status == Some(503),
        _ => false,
    }
}
