//! Rows past their retention, and what the queue library leaves behind in Redis.

use std::{fmt::Display, time::Duration};

use almanac_shared::{
    events::log,
    jobs::{Lane, idempotency, limits, queue, store::calls},
};
use tokio_util::sync::CancellationToken;

use super::Keeping;
use crate::deps::Deps;

const TRIM_EVERY: Duration = Duration::from_millis(500);
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// By then the queue library has registered its workers.
const REGISTERED_AFTER: Duration = Duration::from_secs(2);

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
                tracing::warn!(%error, what, "pruning failed; retrying in the next round");
                return;
            }
        }
    }
}
