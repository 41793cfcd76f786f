//! The crew: takes jobs by claim, runs each in a task of its own, keeps their leases, and decides what follows an
//! attempt. Fed by the queue (messages) and the poll (rows). It never runs a job it could not claim, and never ends one
//! by any way but `finish` and `release`.

mod claims;
mod early;
mod passed_over;
mod renewal;
pub mod stop;

use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use almanac_shared::{
    events::event::Event,
    jobs::{
        ClaimedJob, Failure, Kind, Lane, Lease, State,
        queue::wake::WakeUp,
        store::{self, Release, Released, WriteError},
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
use rand::Rng;
use serde_json::json;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};
use tracing::{Instrument, field};

use self::passed_over::PassedOver;
use crate::{
    deps::Deps,
    jobs::{self, JobError, Verdict},
    outbound::backoff::Backoff,
    runner::{
        early::Early,
        stop::{Reason, Stop},
    },
};

/// Attempts of a job whose function keeps failing for reasons it does not judge itself.
const MAX_ATTEMPTS: i32 = 3;
/// Pauses between two tries to write a verdict: each is longer than the last by so much, up to the most.
const AGAIN_AT_LEAST: Duration = Duration::from_millis(200);
const AGAIN_AT_MOST: Duration = Duration::from_secs(1);
/// Until a job of which another transaction holds a row is tried again.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// How long a stranger's lock on a job is waited for to correct its crashes.
const TAKING_BACK: Duration = Duration::from_secs(5);
/// How often a verdict may be refused.
const MAX_REFUSALS: u32 = 6;
/// How long after the end of its pause a job is rung for, so that it is due by the database's clock.
const AFTER_PAUSE: Duration = Duration::from_millis(20);
/// A job that waited this long was not brought by its ring alone: more stand behind it.
const BEHIND_AFTER: Duration = Duration::from_millis(200);

/// The jobs of one process.
#[derive(Clone)]
pub struct Crew(Arc<Inner>);

struct Inner {
    deps: Deps,
    /// This process start, in `lease_owner`.
    name: String,
    slots: BTreeMap<Lane, Slots>,
    /// Told when a lane's jobs wait longer than a ring takes: the poll then goes on without waiting for its turn.
    behind: BTreeMap<Lane, Arc<Notify>>,
    /// By job and epoch: a process may claim a job again whose earlier attempt here has not noticed yet that it lost it.
    held: Mutex<HashMap<Lease, Stop>>,
    /// Jobs that their wake-up brought and whose message is still to come.
    early: Early,
    claims: mpsc::Sender<Wanted>,
    /// What the poll found in vain.
    passed_over: PassedOver,
    /// Crashes after which a job has one chance left, and takes it alone among its like: it may be poison, and whoever
    /// else is that near to being given up must not be taken along.
    alone: Option<i32>,
    /// Taken while such a job runs here.
    last_chance: Arc<Semaphore>,
    /// The last claim was refused: the store reads, and does not write.
    refused: AtomicBool,
    tasks: TaskTracker,
}

/// How many jobs of a lane may run here.
struct Slots {
    count: usize,
    free: Arc<Semaphore>,
}

/// A job that is to be claimed into a slot.
struct Wanted {
    job: JobId,
    source: PickupSource,
    slot: OwnedSemaphorePermit,
    /// Has a drain wait for it: a claim that nobody works on would be taken for a crash when its lease ends.
    counted: TaskTrackerToken,
}

impl Crew {
    /// Starts claiming and renewing, among the loops that must not end, with so many slots per lane. A job that crashed
    /// `max_crashes` times is poison.
    pub fn start(
        deps: Deps,
        name: String,
        slots: BTreeMap<Lane, usize>,
        max_crashes: u32,
        loops: &TaskTracker,
    ) -> Self {
        let (claims, inbox) = mpsc::channel(1024);
        let behind = slots.keys().map(|lane| (*lane, Arc::new(Notify::new()))).collect();
        let slots =
            slots.into_iter().map(|(lane, count)| (lane, Slots { count, free: Arc::new(Semaphore::new(count)) }));
        let slots = slots.collect();
        let (held, early) = (Mutex::default(), Early::default());
        let (tasks, last_chance) = (TaskTracker::new(), Arc::new(Semaphore::new(1)));
        let alone = i32::try_from(max_crashes).ok().filter(|max| *max > 1).map(|max| max - 1);
        let crew = Self(Arc::new(Inner {
            deps,
            name,
            slots,
            behind,
            held,
            early,
            claims,
            passed_over: PassedOver::default(),
            tasks,
            alone,
            last_chance,
            refused: AtomicBool::new(false),
        }));
        loops.spawn(crew.clone().claim_all(inbox));
        loops.spawn(crew.clone().renew_all());
        crew
    }

    /// The lanes this process works in.
    pub fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.0.slots.keys().copied()
    }

    /// Waits for a free slot of a lane; none once the process drains.
    pub async fn slot(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        self.0.slots.get(&lane)?.free.clone().acquire_owned().await.ok()
    }

    /// Jobs of this lane are known to wait.
    pub fn fell_behind(&self, lane: Lane) {
        if let Some(behind) = self.0.behind.get(&lane) {
            behind.notify_one();
        }
    }

    /// Resolves when a lane is behind.
    pub async fn behind(&self, lane: Lane) {
        match self.0.behind.get(&lane) {
            Some(behind) => behind.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Further free slots, without waiting, at most `max`.
    pub fn more_slots(&self, lane: Lane, max: usize) -> Vec<OwnedSemaphorePermit> {
        let Some(slots) = self.0.slots.get(&lane) else { return Vec::new() };
        std::iter::from_fn(|| slots.free.clone().try_acquire_owned().ok()).take(max).collect()
    }

    /// Takes a job into a slot if it can be claimed. Returns once the claim is under way, not when it is done. Once the
    /// process drains it takes nothing.
    pub async fn take(&self, job: JobId, source: PickupSource, slot: OwnedSemaphorePermit) {
        // Counted before the look, so that a drain which begins in between waits for it.
        let counted = self.0.tasks.token();
        if !self.0.tasks.is_closed() {
            let _ = self.0.claims.send(Wanted { job, source, slot, counted }).await;
        }
    }

    /// Takes jobs that their wake-up named: the library's own fetch is one more round trip, and on a busy machine a long
    /// one. A lone job is taken when this process has nothing else to do; of several, a share, while most slots are free:
    /// where jobs wait for slots the oldest come first, and these are the newest; the poll is told instead. The messages
    /// that follow find them taken.
    pub fn take_early(&self, lane: Lane, said: &WakeUp) {
        let Some(slots) = self.0.slots.get(&lane) else { return };
        let lone = said.jobs.len() == 1;
        let may = if lone { self.held().is_empty() } else { slots.free.available_permits() * 2 > slots.count };
        if !may {
            if !lone {
                self.fell_behind(lane);
            }
            return;
        }
        let now = Instant::now();
        let mut rng = rand::rng();
        for &job in said.jobs.iter().filter(|_| rng.random_range(0..said.among) == 0) {
            let counted = self.0.tasks.token();
            let Some(slot) = self.more_slots(lane, 1).pop().filter(|_| !self.0.tasks.is_closed()) else {
                return self.fell_behind(lane);
            };
            self.0.early.expect(job, now);
            if self.0.claims.try_send(Wanted { job, source: PickupSource::Ring, slot, counted }).is_err() {
                self.0.early.answer(job, now);
                return;
            }
        }
    }

    /// Whether this message's job was taken with its wake-up.
    pub fn took_early(&self, job: JobId) -> bool {
        self.0.early.answer(job, Instant::now())
    }

    /// Passes on that a job's owner asked for its end.
    pub fn cancel(&self, job: JobId) {
        let held = self.held();
        held.iter().filter(|(lease, _)| lease.job == job).for_each(|(_, stop)| stop.give(Reason::Cancelled));
    }

    /// While a job runs here that has one chance left: the crashes from which on others wait until it has ended.
    pub fn alone(&self) -> Option<i32> {
        self.0.alone.filter(|_| self.0.last_chance.available_permits() == 0)
    }

    /// Jobs that could not be claimed just now; a poll looks for others.
    pub fn passed_over(&self) -> Vec<JobId> {
        self.0.passed_over.list(Instant::now())
    }

    /// Whether the last claim was refused.
    pub fn was_refused(&self) -> bool {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Number of jobs running here.
    pub fn running(&self) -> usize {
        self.held().len()
    }

    /// Stops taking, lets jobs run for `patience`, then has the rest given back, and waits for that too.
    pub async fn drain(&self, patience: Duration) {
        self.0.slots.values().for_each(|slots| slots.free.close());
        faults::pass(Point::Draining);
        self.0.tasks.close();
        if tokio::time::timeout(patience, self.0.tasks.wait()).await.is_err() {
            tracing::info!(running = self.running(), "giving back what still runs");
            self.held().values().for_each(|stop| stop.give(Reason::Drain));
            let _ = tokio::time::timeout(Duration::from_secs(5), self.0.tasks.wait()).await;
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Lease, Stop>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An earlier attempt of the same job here has lost its lease to this one.
    fn hold(&self, lease: Lease, stop: Stop) {
        let mut held = self.held();
        held.iter().filter(|(other, _)| other.job == lease.job).for_each(|(_, stop)| stop.give(Reason::LeaseLost));
        held.insert(lease, stop);
    }

    fn begin(&self, job: ClaimedJob, source: PickupSource, slot: OwnedSemaphorePermit) {
        let last_chance = self.0.alone.is_some_and(|alone| job.crashes >= alone);
        let alone = last_chance.then(|| self.0.last_chance.clone().try_acquire_owned());
        let stop = Stop::default();
        if job.cancel_requested {
            stop.give(Reason::Cancelled);
        }
        self.hold(job.lease(), stop.clone());
        if job.waited > BEHIND_AFTER
            && let Some(lane) = Lane::parse(&job.lane)
        {
            self.fell_behind(lane);
        }
        self.0.deps.metrics.job_picked_up(&job.lane, source, job.waited.as_secs_f64());
        let span = span_of(&job);
        let crew = self.clone();
        self.0.tasks.spawn(
            async move {
                crew.attend(&job, &stop).await;
                crew.held().remove(&job.lease());
                drop((slot, alone));
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
            Ok(Err(JobError::Write(WriteError::LeaseLost))) => return self.lost(job).await,
            Ok(Err(JobError::Write(WriteError::Outage(error)))) => {
                tracing::warn!(%error, "the store went away under a job");
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

    /// Whoever holds the job now goes on. The reaper took this process for dead, and it was not.
    async fn lost(&self, job: &ClaimedJob) {
        tracing::warn!(epoch = job.epoch, "the lease was lost; whoever holds it now goes on");
        self.0.deps.metrics.lease_lost();
        let taken = store::take_crash_back(&self.0.deps.service, job.lease());
        match tokio::time::timeout(TAKING_BACK, taken).await {
            Ok(Ok(true)) => tracing::info!(epoch = job.epoch, "took back the crash that was counted for it"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a crash that was none stays counted"),
            Err(_) => tracing::warn!("a crash that was none stays counted: another transaction holds the job"),
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

    /// Writes the verdict. While the store is away it tries on until that is back: an outage is no crash, however long,
    /// and the job's lease is kept by then if it can be. What the store refuses is tried a few times; after that the
    /// reaper has the job.
    async fn settle(&self, job: &ClaimedJob, stop: &Stop, verdict: Verdict, began: Instant) {
        // The end is written. A renewal that was under way meanwhile finds no lease any more, and that is no loss.
        if matches!(verdict, Verdict::Concluded) {
            return;
        }
        let mut refused = 0;
        for tries in 0_u32.. {
            tokio::time::sleep(AGAIN_AT_LEAST.saturating_mul(tries).min(AGAIN_AT_MOST)).await;
            if stop.given() == Some(Reason::LeaseLost) {
                return self.lost(job).await;
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
                Err(WriteError::LeaseLost) => return self.lost(job).await,
                Err(error) => {
                    tracing::warn!(%error, "writing a verdict failed");
                    refused += u32::from(!matches!(error, WriteError::Outage(_) | WriteError::Busy));
                    if refused > MAX_REFUSALS {
                        return;
                    }
                }
            }
        }
    }

    /// Gives the job back to the queue. The store ends it instead where it must not wait there, and says with which event.
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
                deps.publisher.publish(job.id, vec![event]);
            }
            Released::Lost => self.lost(job).await,
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
        let data = json!({ "status": "failed", "error": failure }).to_string();
        // A calendar's and a week's last words have a form of their own, which the store makes; listeners find them there
        // within a second.
        let stores_words = matches!(Kind::parse(&job.kind), Some(Kind::GenerateCalendar | Kind::GenerateOrganic));
        let data = Some(data).filter(|_| !stores_words);
        let deps = &self.0.deps;
        let seq = store::finish(&deps.service, job.lease(), State::Failed, Some(failure), data.as_deref()).await?;
        deps.metrics.job_finished(&job.kind, State::Failed.as_str(), began.elapsed().as_secs_f64());
        tracing::error!(status = "failed", code = %failure.code, "the job failed");
        if let Some(data) = data {
            deps.publisher.publish(job.id, vec![Event { seq, kind: "done".into(), data }]);
        }
        Ok(())
    }
}

/// Every line of a job carries these, and its trace goes on from the request's.
fn span_of(job: &ClaimedJob) -> tracing::Span {
    let span = tracing::info_span!(
        "job",
        otel.name = %job.kind,
        kind = %job.kind,
        jobId = %job.id,
        runId = %job.id,
        userId = %job.user_id,
        calendarId = field::Empty,
        requestId = job.request_id.as_deref(),
        attempt = job.attempt,
        epoch = job.epoch,
    );
    telemetry::continue_trace(&span, job.trace.as_deref());
    span
}
