//! What keeps the house tidy, in every worker and without a leader: expired leases, jobs nobody started, old events and
//! texts, and what the queue library forgets to forget. Called by `main`; each round may run in several processes at
//! once, because every statement checks again what it changes.

use std::{fmt::Display, time::Duration};

use almanac_shared::{
    idempotency,
    jobs::{
        LEASE, Lane, State,
        store::{self, calls},
    },
    limits,
    progress::log,
    queue,
};
use tokio_util::sync::CancellationToken;

use crate::deps::Deps;

const REAP_EVERY: Duration = Duration::from_secs(2);
const TRIM_EVERY: Duration = Duration::from_millis(500);
const COUNT_EVERY: Duration = Duration::from_secs(15);
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// By then the queue library has registered its workers.
const REGISTERED_AFTER: Duration = Duration::from_secs(2);

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Crashes after which a job is poison.
    pub max_crashes: u32,
    /// Days of event logs.
    pub events_days: u32,
    /// Days of source texts.
    pub prompts_days: u32,
}

/// Reaps every two seconds. When the store was away, as it may have been before the process began (`steady` is false), it
/// waits one whole lease first, from when the store answers; so it does after a stall of its own process: workers that come back from the same outage can then renew or
/// give back what they hold before anybody counts a crash against it. It is asked anew before each round, because a
/// statement that began while the store was away would otherwise be the first to reach it.
pub async fn reap(deps: Deps, keeping: Keeping, mut steady: bool, draining: CancellationToken) {
    let mut mark = deps.stalls.mark();
    while !draining.is_cancelled() {
        // Renewals of this process go first: its leases may have run out while it stood still.
        if deps.stalls.lost_since(mark) {
            steady = false;
        }
        mark = deps.stalls.mark();
        let pause = if !deps.service.answers().await {
            steady = false;
            REAP_EVERY
        } else if !steady {
            steady = true;
            tracing::info!("the store is back; waiting one lease before the next round of reaping");
            LEASE
        } else {
            if let Err(error) = reap_once(&deps, keeping).await {
                tracing::warn!(%error, "reaping failed");
                steady = false;
            }
            REAP_EVERY
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = draining.cancelled() => return,
        }
    }
}

async fn reap_once(deps: &Deps, keeping: Keeping) -> Result<(), store::WriteError> {
    for reaped in store::reap(&deps.service, keeping.max_crashes).await? {
        let poison = reaped.state == "dead";
        if poison {
            tracing::error!(jobId = %reaped.id, status = "dead", "a job stopped its worker too often and was given up");
            deps.metrics.job_poisoned();
        } else if reaped.state == "cancelled" {
            tracing::info!(jobId = %reaped.id, status = "cancelled", "a job's worker is gone, and the job was cancelled");
        } else {
            tracing::warn!(jobId = %reaped.id, "a job's worker is gone; the job goes on elsewhere");
            deps.metrics.job_reaped();
            if let Some(lane) = Lane::parse(&reaped.lane) {
                deps.bell.ring(lane, reaped.id, None);
            }
        }
    }
    for store::Expired { job, code, event } in store::expire_unstarted(&deps.service).await? {
        tracing::error!(jobId = %job, status = "failed", code, "a job ran out of its time");
        deps.publisher.publish(job, vec![event]);
    }
    Ok(())
}

/// Forgets what the queue library keeps of delivered ids.
pub async fn trim(deps: Deps, lanes: Vec<Lane>, draining: CancellationToken) {
    let mut connection = deps.redis.clone();
    while !draining.is_cancelled() {
        for lane in &lanes {
            // Redis may be away; what is left over is forgotten in a later round.
            let _ = queue::trim(&mut connection, *lane).await;
        }
        tokio::select! {
            () = tokio::time::sleep(TRIM_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}

/// Forgets what the queue library writes of its workers, soon after a start and then now and then.
pub async fn forget_registrations(deps: Deps, draining: CancellationToken) {
    let mut connection = deps.redis.clone();
    let mut pause = REGISTERED_AFTER;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = draining.cancelled() => return,
        }
        let _ = queue::forget_registrations(&mut connection).await;
        pause = FORGET_EVERY;
    }
}

/// Counts what waits and runs, for the gauges; a lane with neither is told as zero.
pub async fn count(deps: Deps, lanes: Vec<Lane>, draining: CancellationToken) {
    while !draining.is_cancelled() {
        if let Ok(depths) = store::depths(&deps.service).await {
            for lane in &lanes {
                for state in [State::Queued, State::Running] {
                    let (lane, state) = (lane.as_str(), state.as_str());
                    let of = depths.iter().find(|(of, is, _)| of == lane && is == state);
                    deps.metrics.queue_depth(lane, state, of.map_or(0, |(.., jobs)| *jobs));
                }
            }
        }
        deps.metrics.redis_up(almanac_shared::redis::answers(&deps.redis).await);
        tokio::select! {
            () = tokio::time::sleep(COUNT_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}

/// Forgets what has outlived its retention, in small batches.
pub async fn forget(deps: Deps, keeping: Keeping, draining: CancellationToken) {
    while !draining.is_cancelled() {
        forget_once(&deps, keeping).await;
        tokio::select! {
            () = tokio::time::sleep(FORGET_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}

/// One round. What cannot be forgotten now keeps nothing else from being forgotten.
async fn forget_once(deps: &Deps, keeping: Keeping) {
    let service = &deps.service;
    to_the_end("events", || log::forget(service, keeping.events_days)).await;
    to_the_end("texts", || calls::forget_texts(service, keeping.prompts_days)).await;
    to_the_end("idempotency keys", || idempotency::forget(service)).await;
    to_the_end("accepts", || limits::forget(service)).await;
}

/// Repeats a batch until it finds nothing more, or fails.
async fn to_the_end<E, F>(what: &str, mut batch: impl FnMut() -> F)
where
    E: Display,
    F: Future<Output = Result<i64, E>>,
{
    loop {
        match batch().await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, what, "forgetting failed; trying again in the next round");
                return;
            }
        }
    }
}
