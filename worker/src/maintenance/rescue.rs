//! Jobs whose worker is gone, and jobs that ran out of their time.

use std::time::Duration;

use almanac_shared::jobs::{LEASE, Lane, store};
use tokio_util::sync::CancellationToken;

use super::Retention;
use crate::{deps::Deps, jobs::count_end};

const REAP_EVERY: Duration = Duration::from_secs(2);
/// Until a process reaps for the first time. It may have begun right after an outage that it did not see: workers that
/// come back from it renew their leases within this time.
const FIRST_AFTER: Duration = Duration::from_secs(5);

/// Reaps every two seconds. When the store was away, as it may have been before the process began (`steady` is false), it
/// waits one whole lease first, from when the store answers; so it does after a stall of its own process. Workers that
/// come back from the same outage can then renew or give back what they hold before a crash is counted against it. The
/// store is asked again before each round, because a statement that began while the store was away would otherwise be the
/// first to reach it.
pub async fn reap(deps: Deps, keeping: Retention, mut steady: bool, draining: CancellationToken) {
    let mut mark = deps.stalls.mark();
    if steady {
        pause_unless_draining(FIRST_AFTER, &draining).await;
    }
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
            tracing::info!("Postgres is back; waiting one lease before reaping");
            LEASE
        } else {
            if let Err(error) = reap_once(&deps, keeping).await {
                tracing::warn!(%error, "reaping failed");
                steady = false;
            }
            REAP_EVERY
        };
        pause_unless_draining(pause, &draining).await;
    }
}

async fn pause_unless_draining(pause: Duration, draining: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = draining.cancelled() => {}
    }
}

async fn reap_once(deps: &Deps, keeping: Retention) -> Result<(), store::WriteError> {
    for reaped in store::reap(&deps.service, keeping.max_crashes).await? {
        let poison = reaped.state == "dead";
        if ["dead", "cancelled"].contains(&reaped.state.as_str()) {
            count_end(deps, &reaped.lane, reaped.id).await;
        }
        if poison {
            tracing::error!(jobId = %reaped.id, status = "dead", "job ended as poison: its worker crashed too often");
            deps.metrics.job_poisoned();
        } else if reaped.state == "unended" {
            tracing::error!(jobId = %reaped.id, "a job cannot be ended: a row of its user is damaged");
        } else if reaped.state == "cancelled" {
            tracing::info!(jobId = %reaped.id, status = "cancelled", "lease expired; the job was cancelled");
        } else {
            tracing::warn!(jobId = %reaped.id, "lease expired; the job was returned to the queue");
            deps.metrics.job_reaped();
            if let Some(lane) = Lane::parse(&reaped.lane) {
                deps.bell.ring(lane, reaped.id, None);
            }
        }
    }
    for store::Expired { job, code, event } in store::expire_unstarted(&deps.service).await? {
        tracing::error!(jobId = %job, status = "failed", code, "job expired");
        deps.publisher.publish(job, vec![event]);
    }
    Ok(())
}
