//! Rows past their retention, and what the queue library leaves behind in Redis.

use std::{fmt::Display, time::Duration};

use almanac_shared::{
    events::log,
    jobs::{Lane, idempotency, limits, queue, store::calls},
};
use tokio_util::sync::CancellationToken;

use super::Retention;
use crate::deps::Deps;

const TRIM_EVERY: Duration = Duration::from_millis(500);
const PRUNE_EVERY: Duration = Duration::from_secs(600);
/// By then the queue library has registered its workers.
const REGISTERED_AFTER: Duration = Duration::from_secs(2);

/// Removes what the queue library keeps of delivered ids.
pub async fn trim(deps: Deps, lanes: Vec<Lane>, draining: CancellationToken) {
    let mut connection = deps.redis.clone();
    while !draining.is_cancelled() {
        for lane in &lanes {
            // If Redis is unavailable, a later round removes them.
            let _ = queue::trim(&mut connection, *lane).await;
        }
        tokio::select! {
            () = tokio::time::sleep(TRIM_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}

/// Removes what the queue library writes about its workers: soon after a start, then every ten minutes.
pub async fn remove_registrations(deps: Deps, draining: CancellationToken) {
    let mut connection = deps.redis.clone();
    let mut pause = REGISTERED_AFTER;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = draining.cancelled() => return,
        }
        let _ = queue::remove_registrations(&mut connection).await;
        pause = PRUNE_EVERY;
    }
}

/// Deletes expired rows in small batches.
pub async fn prune_rows(deps: Deps, retention: Retention, draining: CancellationToken) {
    while !draining.is_cancelled() {
        prune_once(&deps, retention).await;
        tokio::select! {
            () = tokio::time::sleep(PRUNE_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}

/// One round. A table that fails does not keep the others from being pruned.
async fn prune_once(deps: &Deps, retention: Retention) {
    let service = &deps.service;
    until_done("events", || log::prune(service, retention.events_days)).await;
    until_done("texts", || calls::prune_texts(service, retention.prompts_days)).await;
    until_done("idempotency keys", || idempotency::prune(service)).await;
    until_done("submissions", || limits::prune(service)).await;
}

/// Repeats a batch until it deletes nothing, or fails.
async fn until_done<E, F>(what: &str, mut batch: impl FnMut() -> F)
where
    E: Display,
    F: Future<Output = Result<i64, E>>,
{
    loop {
        match batch().await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, what, "pruning failed; retrying in the next round");
                return;
            }
        }
    }
}
