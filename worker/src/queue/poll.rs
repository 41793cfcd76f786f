//! Polls Postgres for due jobs of a lane that no message brought.

use std::time::Duration;

use almanac_shared::{
    jobs::{Lane, store},
    platform::{
        db::Service,
        faults::{self, Guard},
        metrics::PickupSource,
    },
};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::runner::Crew;

/// Jobs that waited this long were not brought by their ring.
const OVERDUE: Duration = Duration::from_secs(2);
/// The same while the lane is known to be behind, and the pause between two polls then: rings are held back (a full
/// window), found no slot, or come slower than slots are free.
const OVERDUE_BEHIND: Duration = Duration::from_millis(20);

/// The poll that makes the doorbell a convenience: every lane, every two seconds, what waited that long; soon when
/// jobs are known to wait, and again until none does. Free slots first, then at most that many claims; while it finds full
/// batches it goes on.
pub async fn poll(crew: Crew, service: Service, lane: Lane, draining: CancellationToken) {
    let mut older = OVERDUE;
    while !draining.is_cancelled() {
        let slot = tokio::select! {
            slot = crew.slot(lane) => slot,
            () = draining.cancelled() => return,
        };
        let alone = crew.alone();
        let found = match slot {
            Some(_) if faults::removed(Guard::PollFallback) => Found::Nothing,
            Some(slot) => poll_once(&crew, &service, (lane, older, alone), slot).await,
            None => return,
        };
        // What cannot be claimed would be found again at once; it waits for the next round.
        let wary = crew.was_refused() || (alone.is_none() && crew.alone().is_some());
        if found == Found::AsManyAsSlots && !wary {
            continue;
        }
        let behind = async {
            if found == Found::Nothing {
                crew.behind(lane).await;
            }
            tokio::time::sleep(OVERDUE_BEHIND).await;
        };
        older = tokio::select! {
            () = tokio::time::sleep(OVERDUE.mul_f64(rand::random_range(0.8..1.0))) => OVERDUE,
            () = behind, if !wary => OVERDUE_BEHIND,
            () = draining.cancelled() => return,
        };
    }
}

/// What a poll found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Some,
    AsManyAsSlots,
}

async fn poll_once(
    crew: &Crew,
    service: &Service,
    (lane, older, alone): (Lane, Duration, Option<i32>),
    slot: OwnedSemaphorePermit,
) -> Found {
    let mut slots = crew.more_slots(lane, 31);
    slots.push(slot);
    let except = crew.passed_over();
    match store::due(service, lane, older, slots.len(), alone, &except).await {
        Ok(found) => {
            let what = match found.len() {
                0 => Found::Nothing,
                count if count == slots.len() => Found::AsManyAsSlots,
                _ => Found::Some,
            };
            for (job, slot) in found.into_iter().zip(slots) {
                crew.take(job, PickupSource::Poll, slot).await;
            }
            what
        }
        Err(error) => {
            tracing::warn!(lane = lane.as_str(), %error, "polling failed");
            Found::Nothing
        }
    }
}
