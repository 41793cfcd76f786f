//! Runs claimed jobs, each in a task of its own, renews their leases, and decides what follows an
//! attempt. Fed by messages and by looks into Postgres. It never runs a job it could not claim, and never ends one
//! by any way but `finish` and `release`.

mod claims;
mod passed_over;
mod renewal;
mod slots;
pub mod stop;

use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use almanac_shared::{
    jobs::{
        ClaimedJob, Failure, Kind, Lane, Lease, State,
        store::{self, ClaimConnection, Release, Released, WriteError},
    },
    platform::{
        error::Code,
        faults::{self, Point},
        id::JobId,
        metrics::PickupSource,
        telemetry,
    },
};
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, field};

use self::{claims::LaneInbox, passed_over::PassedOver, slots::SlotPool};
use crate::{
    deps::Deps,
    jobs::{self, JobError, Verdict},
    outbound::backoff::Backoff,
    runner::stop::{Reason, Stop},
};

/// Attempts of a job whose function keeps failing for reasons it does not judge itself.
const MAX_ATTEMPTS: i32 = 3;
/// Pauses between two tries to write a verdict: each is longer than the last by `AGAIN_AT_LEAST`, up to
/// `AGAIN_AT_MOST`.
const AGAIN_AT_LEAST: Duration = Duration::from_millis(200);
const AGAIN_AT_MOST: Duration = Duration::from_secs(1);
/// Until a job of which another transaction holds a row is tried again.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// For how long a worker tries to undo a counted crash: longer than most outages of Postgres, within which it learns of it.
const UNDO_FOR: Duration = Duration::from_mins(10);
/// How long a drain waits for crashes that are being undone.
const UNDO_IN_DRAIN: Duration = Duration::from_secs(1);
/// How often a verdict may be refused.
const MAX_REFUSALS: u32 = 6;
/// A message about a job is sent this long after the end of its pause, so that it is due by the database's clock.
const AFTER_PAUSE: Duration = Duration::from_millis(20);
/// The jobs of one process.
#[derive(Clone)]
pub struct JobRunner(Arc<Inner>);

struct Inner {
    deps: Deps,
    /// This process start, in `lease_owner`.
    name: String,
    slots: SlotPool,
    inboxes: BTreeMap<Lane, LaneInbox>,
    /// Shared by the claim loops of all lanes.
    claims: tokio::sync::Mutex<ClaimConnection>,
    /// By job and epoch: a process may claim a job again whose earlier attempt here has not noticed yet that it lost it.
    held: Mutex<HashMap<Lease, HeldJob>>,
    /// Due jobs that could not be claimed a moment ago.
    passed_over: PassedOver,
    /// Crashes after which a job is a suspect: it may be poison, and this process runs one suspect at a time, so that it
    /// takes no other along that is as near to being given up.
    suspect_threshold: Option<i32>,
    /// Held while a suspect runs here.
    suspect_permit: Arc<Semaphore>,
    tasks: TaskTracker,
    /// Counted crashes that are being undone: they need no slot, and may wait for Postgres.
    undoing: TaskTracker,
}

/// A job that runs here.
struct HeldJob {
    stop: Stop,
    /// When its claim, or the last renewal that was confirmed, was asked for: its lease began then or later.
    renewed: Instant,
}

impl JobRunner {
    /// Starts claiming and renewing, among the loops that must not end, with this number of slots per lane. A job that
    /// crashed `max_crashes` times is poison.
    pub fn start(
        deps: Deps,
        name: String,
        slots: &BTreeMap<Lane, usize>,
        max_crashes: u32,
        loops: &TaskTracker,
    ) -> Self {
        let (inboxes, claim_loops): (BTreeMap<_, _>, Vec<_>) = slots
            .keys()
            .map(|lane| {
                let (inbox, claims) = LaneInbox::new(*lane);
                ((*lane, inbox), claims)
            })
            .unzip();
        let runner = Self(Arc::new(Inner {
            claims: tokio::sync::Mutex::new(ClaimConnection::new(&deps.service)),
            deps,
            name,
            slots: SlotPool::new(slots),
            inboxes,
            held: Mutex::default(),
            passed_over: PassedOver::default(),
            suspect_threshold: i32::try_from(max_crashes).ok().filter(|max| *max > 1).map(|max| max - 1),
            suspect_permit: Arc::new(Semaphore::new(1)),
            tasks: TaskTracker::new(),
            undoing: TaskTracker::new(),
        }));
        for claims in claim_loops {
            loops.spawn(claims.run(runner.clone()));
        }
        loops.spawn(runner.clone().renew_all());
        runner
    }

    /// The lanes this process works in.
    pub fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.0.slots.lanes()
    }

    /// Whether a message of this lane would be of use now: a slot is free, and no older job is known to wait.
    pub fn has_room(&self, lane: Lane) -> bool {
        let Some(inbox) = self.0.inboxes.get(&lane) else { return false };
        !inbox.is_behind() && self.0.slots.free(lane) > inbox.waiting()
    }

    /// Waits until a message of this lane may be of use. False once the process drains.
    pub async fn wait_for_room(&self, lane: Lane) -> bool {
        let Some(inbox) = self.0.inboxes.get(&lane) else { return false };
        while !self.has_room(lane) {
            inbox.wait_until_not_behind().await;
            if !self.0.slots.wait_for_free(lane).await {
                return false;
            }
            tokio::task::yield_now().await;
        }
        !self.0.tasks.is_closed()
    }

    /// A message named this job.
    pub fn name(&self, lane: Lane, job: JobId) {
        if let Some(inbox) = self.0.inboxes.get(&lane) {
            inbox.name(job);
        }
    }

    /// Cancellation of a job was requested.
    pub fn cancel(&self, job: JobId) {
        let held = self.held();
        held.iter().filter(|(lease, _)| lease.job == job).for_each(|(_, held)| held.stop.give(Reason::Cancelled));
    }

    fn holds_suspect(&self) -> bool {
        self.0.suspect_permit.available_permits() == 0
    }

    /// Number of jobs running here.
    pub fn running(&self) -> usize {
        self.held().len()
    }

    /// Stops taking, lets jobs run for `patience`, then has the rest given back, and waits for that too.
    pub async fn drain(&self, patience: Duration) {
        self.0.slots.close();
        faults::pass(Point::Draining);
        self.0.tasks.close();
        if tokio::time::timeout(patience, self.0.tasks.wait()).await.is_err() {
            tracing::info!(running = self.running(), "releasing running jobs");
            self.held().values().for_each(|job| job.stop.give(Reason::Drain));
            let _ = tokio::time::timeout(Duration::from_secs(5), self.0.tasks.wait()).await;
        }
        self.0.undoing.close();
        let _ = tokio::time::timeout(UNDO_IN_DRAIN, self.0.undoing.wait()).await;
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Lease, HeldJob>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An earlier attempt of the same job here has lost its lease to this one.
    fn hold(&self, lease: Lease, job: HeldJob) {
        let mut held = self.held();
        let earlier = held.iter().filter(|(other, _)| other.job == lease.job);
        earlier.for_each(|(_, earlier)| earlier.stop.give(Reason::LeaseLost));
        held.insert(lease, job);
    }

    /// `asked`: when the claim was asked for.
    fn begin(&self, job: ClaimedJob, source: PickupSource, asked: Instant, slot: OwnedSemaphorePermit) {
        let is_suspect = self.0.suspect_threshold.is_some_and(|threshold| job.crashes >= threshold);
        let suspect = is_suspect.then(|| self.0.suspect_permit.clone().try_acquire_owned());
        let stop = Stop::default();
        if job.cancel_requested {
            stop.give(Reason::Cancelled);
        }
        self.hold(job.lease(), HeldJob { stop: stop.clone(), renewed: asked });
        self.0.deps.metrics.job_picked_up(&job.lane, source, job.waited.as_secs_f64());
        let span = span_of(&job);
        let runner = self.clone();
        self.0.tasks.spawn(
            async move {
                runner.attend(&job, &stop).await;
                runner.held().remove(&job.lease());
                drop((slot, suspect));
            }
            .instrument(span),
        );
    }

    /// One attempt, and what follows it.
    async fn attend(&self, job: &ClaimedJob, stop: &Stop) {
        let began = Instant::now();
        let deps = &self.0.deps;
        let _running = deps.metrics.job_running(&job.kind);
        let result = match Kind::parse(&job.kind) {
            Some(kind) => AssertUnwindSafe(jobs::run_kind(kind, deps, job, stop)).catch_unwind().await,
            // A kind of a newer version: leave it to a newer worker.
            None => Ok(Ok(Verdict::Leave(jobs::LEFT_TO_NEWER))),
        };
        let next = match result {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(JobError::Write(WriteError::LeaseLost))) => return self.lost(job),
            Ok(Err(JobError::Write(WriteError::Outage(error)))) => {
                tracing::warn!(%error, "Postgres became unavailable during a job");
                Verdict::HandBack
            }
            Ok(Err(JobError::Write(WriteError::Busy))) => {
                tracing::warn!("another transaction holds a row of a job; it is tried again later");
                Verdict::Leave(BUSY_PAUSE)
            }
            Ok(Err(error)) => {
                tracing::error!(error = format!("{error:#}"), attempt = job.attempt, "a job failed unexpectedly");
                self.after_surprise(job)
            }
            Err(_panic) => {
                tracing::error!(attempt = job.attempt, "a job panicked");
                self.after_surprise(job)
            }
        };
        self.settle(job, stop, next, began).await;
    }

    /// Another worker has the job. The reaper counted a crash of this process, which is alive.
    fn lost(&self, job: &ClaimedJob) {
        tracing::warn!(epoch = job.epoch, "lease lost");
        self.0.deps.metrics.lease_lost();
        let (runner, lease) = (self.clone(), job.lease());
        let undone = async move {
            if tokio::time::timeout(UNDO_FOR, runner.undo_crash(lease)).await.is_err() {
                tracing::warn!(epoch = lease.epoch, "undoing the counted crash failed for too long");
            }
        };
        self.0.undoing.spawn(undone.in_current_span());
    }

    /// Undoes the crash that was counted for a lease, as soon as Postgres answers and no other transaction holds the job.
    async fn undo_crash(&self, lease: Lease) {
        for tries in 1_u32.. {
            match store::undo_crash(&self.0.deps.service, lease).await {
                Ok(true) => return tracing::info!(epoch = lease.epoch, "undid the counted crash"),
                Ok(false) => return,
                Err(WriteError::Outage(error)) => {
                    tracing::debug!(%error, "undoing the counted crash failed; it is tried again");
                    tokio::time::sleep(AGAIN_AT_LEAST.saturating_mul(tries).min(AGAIN_AT_MOST)).await;
                }
                Err(error) => return tracing::warn!(%error, "undoing the counted crash failed"),
            }
        }
    }

    fn after_surprise(&self, job: &ClaimedJob) -> Verdict {
        if job.attempt + 1 >= MAX_ATTEMPTS {
            return Verdict::Fail(Failure::new(Code::Internal, "Something went wrong on our side."));
        }
        let exponent = u32::try_from(job.attempt).unwrap_or(0);
        let pause = Backoff::JOB.wait(exponent, None, Duration::MAX, &mut rand::rng());
        Verdict::Retry(pause.unwrap_or(Backoff::JOB.cap))
    }

    /// Writes the verdict. While the store is unavailable it retries until the store is back: an outage never counts as
    /// a crash, and the lease is kept if possible. A write that the store refuses is tried a few times; after that the
    /// reaper takes the job.
    async fn settle(&self, job: &ClaimedJob, stop: &Stop, verdict: Verdict, began: Instant) {
        // The end is written. A renewal that was under way finds no lease any more, which is no loss.
        if matches!(verdict, Verdict::Concluded) {
            return;
        }
        let mut refused = 0;
        for tries in 0_u32.. {
            tokio::time::sleep(AGAIN_AT_LEAST.saturating_mul(tries).min(AGAIN_AT_MOST)).await;
            if stop.given() == Some(Reason::LeaseLost) {
                return self.lost(job);
            }
            let written = match &verdict {
                Verdict::Concluded => return,
                Verdict::Retry(pause) => self.release(job, Release::Retry(*pause), began).await,
                Verdict::Hold(pause) => {
                    let most = self.0.deps.provider_wait;
                    self.release(job, Release::Hold { pause: *pause, most }, began).await
                }
                Verdict::Leave(pause) => self.release(job, Release::Leave(*pause), began).await,
                Verdict::HandBack => self.release(job, Release::Drain, began).await,
                Verdict::Fail(failure) => self.fail(job, failure, began).await,
            };
            match written {
                Ok(()) => return,
                Err(WriteError::LeaseLost) => return self.lost(job),
                Err(error) => {
                    tracing::warn!(%error, "writing the end of an attempt failed");
                    refused += u32::from(!matches!(error, WriteError::Outage(_) | WriteError::Busy));
                    if refused > MAX_REFUSALS {
                        return;
                    }
                }
            }
        }
    }

    /// Returns the job to the queue. `release` ends it instead if it must not wait there, and returns the final event.
    async fn release(&self, job: &ClaimedJob, why: Release, began: Instant) -> Result<(), WriteError> {
        let deps = &self.0.deps;
        match store::release(&deps.service, job.lease(), why).await? {
            Released::Queued => {
                if let Release::Retry(_) = why {
                    deps.metrics.job_retried();
                }
                self.ring_after(job, why);
            }
            Released::Ended { state, event } => {
                deps.metrics.job_finished(&job.kind, state.as_str(), began.elapsed().as_secs_f64());
                tracing::info!(status = state.as_str(), "the job ended instead of waiting in the queue");
                jobs::count_end(deps, &job.lane, job.id).await;
                deps.publisher.publish(job.id, vec![event]);
            }
            Released::Lost => self.lost(job),
        }
        Ok(())
    }

    /// A job with a deadline of seconds does not wait for the poll behind its pause.
    fn ring_after(&self, job: &ClaimedJob, why: Release) {
        let (Release::Retry(pause) | Release::Hold { pause, .. } | Release::Leave(pause)) = why else { return };
        let (Some(left), Some(lane)) = (job.time_left, Lane::parse(&job.lane)) else { return };
        self.0.deps.bell.ring_after(pause.min(left) + AFTER_PAUSE, lane, job.id, job.trace.clone());
    }

    async fn fail(&self, job: &ClaimedJob, failure: &Failure, began: Instant) -> Result<(), WriteError> {
        let deps = &self.0.deps;
        let event = store::finish(&deps.service, job.lease(), State::Failed, Some(failure)).await?;
        deps.metrics.job_finished(&job.kind, State::Failed.as_str(), began.elapsed().as_secs_f64());
        tracing::error!(status = "failed", code = %failure.code, "the job failed");
        jobs::count_end(deps, &job.lane, job.id).await;
        deps.publisher.publish(job.id, event.into_iter().collect());
        Ok(())
    }
}

/// Fields of every log line of a job. Its trace continues that of the request.
fn span_of(job: &ClaimedJob) -> tracing::Span {
    let span = tracing::info_span!(
        "job",
        otel.name = %job.kind,
        kind = %job.kind,
        jobId = %job.id,
        runId = field::Empty,
        channel = field::Empty,
        userId = %job.user_id,
        calendarId = field::Empty,
        requestId = job.request_id.as_deref(),
        attempt = job.attempt,
        epoch = job.epoch,
    );
    // A run has the id of its job; an intent is of a run that ended before.
    if job.kind != Kind::Publish.as_str() {
        span.record("runId", field::display(job.id));
    }
    telemetry::continue_trace(&span, job.trace.as_deref());
    span
}
