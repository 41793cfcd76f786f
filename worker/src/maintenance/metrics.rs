//! Gauges that are read from Postgres and Redis.

use std::time::Duration;

use almanac_shared::{
    jobs::{Lane, State, store},
    platform::redis,
};
use tokio_util::sync::CancellationToken;

use crate::deps::Deps;

const COUNT_EVERY: Duration = Duration::from_secs(15);

/// Counts queued and running jobs for the gauges; a lane without any counts as zero.
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
        deps.metrics.redis_up(redis::answers(&deps.redis).await);
        tokio::select! {
            () = tokio::time::sleep(COUNT_EVERY) => {}
            () = draining.cancelled() => return,
        }
    }
}
