//! Gauges that are read from Postgres and Redis.

use std::time::Duration;

use almanac_shared::{
    jobs::{Lane, State, store},
    platform::{metrics::BAD_FIRES, redis},
    publishing::{Channel, IntentStatus, store::work},
    synthesis::store::fires,
};
use tokio_util::sync::CancellationToken;

use crate::deps::Deps;

const COUNT_EVERY: Duration = Duration::from_secs(15);

/// Counts queued and running jobs for the gauges; a lane without any counts as zero.
pub async fn count(deps: Deps, lanes: Vec<Lane>, draining: CancellationToken) {
    let mut release_is_shown = false;
    while !draining.is_cancelled() {
        release_is_shown = release_is_shown || show_release(&deps).await;
        if let Ok(depths) = store::depths(&deps.service).await {
            for lane in &lanes {
                for state in [State::Queued, State::Running] {
                    let (lane, state) = (lane.as_str(), state.as_str());
                    let of = depths.iter().find(|(of, is, _)| of == lane && is == state);
                    deps.metrics.queue_depth(lane, state, of.map_or(0, |(.., jobs)| *jobs));
                }
            }
        }
        count_open_intents(&deps).await;
        count_fires(&deps).await;
        deps.metrics.redis_up(redis::answers(&deps.redis).await);
        tokio::select! {
            () = tokio::time::sleep(COUNT_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}

/// Counts the intents that are not final; a channel without any of a status counts as zero.
async fn count_open_intents(deps: &Deps) {
    let Ok(open) = work::open_intents(&deps.service).await else { return };
    for channel in Channel::ALL {
        for status in
            [IntentStatus::Pending, IntentStatus::Publishing, IntentStatus::Unknown, IntentStatus::NeedsReview]
        {
            let (channel, status) = (channel.as_str(), status.as_str());
            let of = open.iter().find(|(of, is, _)| of == channel && is == status);
            deps.metrics.publish_waiting(channel, status, of.map_or(0, |(.., intents)| *intents));
        }
    }
}

/// Counts fires that ended badly, and shows how late the oldest due one is.
async fn count_fires(deps: &Deps) {
    let Ok((bad, late)) = fires::health(&deps.service).await else { return };
    for outcome in BAD_FIRES {
        let of = bad.iter().find(|(of, _)| of == outcome);
        deps.metrics.bad_fires(outcome, of.map_or(0, |(_, fires)| *fires));
    }
    deps.metrics.schedule_lag(late);
}

/// Shows since when this release runs; false if Postgres did not say so.
async fn show_release(deps: &Deps) -> bool {
    match deps.service.release_first_start().await {
        Ok(at) => deps.metrics.release_first_started(at),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the start of this release is not known yet");
            return false;
        }
    }
    true
}
