//! Times in which this process did not run: it was stopped by a signal, or got no processor. What it observes right after
//! one says nothing about others: time-outs have passed while nothing could be read.
//! Asked by circuits, by jobs whose calls fail, and by the reaper.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

const TICK: Duration = Duration::from_millis(250);
/// A tick that is late by more than this is a stall.
const LOST: Duration = Duration::from_secs(2);

/// The stalls of this process.
#[derive(Clone, Debug)]
pub struct Stalls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    /// Milliseconds from `began` to the last tick.
    ticked: AtomicU64,
    stalls: AtomicU64,
}

/// A point in time, for [`Stalls::lost_since`].
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

impl Stalls {
    /// No stall yet.
    pub fn new(now: Instant) -> Self {
        Self(Arc::new(Inner { began: now, ticked: AtomicU64::new(0), stalls: AtomicU64::new(0) }))
    }

    /// Watches for stalls, without end.
    pub async fn watch(self) {
        self.0.ticked.store(self.millis(Instant::now()), Ordering::Release);
        loop {
            tokio::time::sleep(TICK).await;
            self.tick(Instant::now());
        }
    }

    /// Now.
    pub fn mark(&self) -> Mark {
        Mark(self.0.stalls.load(Ordering::Acquire))
    }

    /// Whether the process stood still since this mark. One that has just begun to run again may look before the watch
    /// has ticked.
    pub fn lost_since(&self, mark: Mark) -> bool {
        self.0.stalls.load(Ordering::Acquire) != mark.0 || self.is_late(Instant::now())
    }

    fn tick(&self, now: Instant) {
        if self.is_late(now) {
            self.0.stalls.fetch_add(1, Ordering::AcqRel);
            tracing::warn!("this process stood still for seconds; what it saw of others meanwhile does not count");
        }
        self.0.ticked.store(self.millis(now), Ordering::Release);
    }

    fn is_late(&self, now: Instant) -> bool {
        let silent = self.millis(now).saturating_sub(self.0.ticked.load(Ordering::Acquire));
        Duration::from_millis(silent) > TICK + LOST
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.0.began).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_process_that_stood_still_knows_it_before_and_after_its_next_tick() {
        let stalls = Stalls::new(Instant::now());
        let before = stalls.mark();
        tokio::time::advance(LOST).await;
        assert!(!stalls.lost_since(before), "so much may be lost");
        stalls.tick(Instant::now());

        tokio::time::advance(LOST + 2 * TICK).await;

        assert!(stalls.lost_since(before));
        stalls.tick(Instant::now());
        assert!(stalls.lost_since(before), "what began before the stall");
        assert!(!stalls.lost_since(stalls.mark()), "what began after it");
    }
}
