//! Times in which this process did not run: it was stopped by a signal, or got no processor. What it observes right after
//! one says nothing about others: time-outs have passed while nothing could be read.
//! Used by circuits, by jobs whose calls fail, and by the reaper.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

const TICK: Duration = Duration::from_millis(250);
/// A tick that is late by more than this is a stall.
const LOST: Duration = Duration::from_secs(2);

/// The stalls of this process.
#[derive(Clone, Debug)]
pub struct Stalls(Arc<Mutex<Seen>>);

#[derive(Debug)]
struct Seen {
    ticked: Instant,
    stalls: u64,
}

/// A point in time, for [`Stalls::lost_since`].
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

impl Stalls {
    /// No stall yet.
    pub fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Seen { ticked: now, stalls: 0 })))
    }

    /// Watches for stalls, without end.
    pub async fn watch(self) {
        self.seen().ticked = Instant::now();
        loop {
            tokio::time::sleep(TICK).await;
            self.tick(Instant::now());
        }
    }

    /// Now.
    pub fn mark(&self) -> Mark {
        Mark(self.seen().count(Instant::now()))
    }

    /// Whether the process stood still since this mark.
    pub fn lost_since(&self, mark: Mark) -> bool {
        self.seen().count(Instant::now()) != mark.0
    }

    fn tick(&self, now: Instant) {
        let mut seen = self.seen();
        if seen.is_late(now) {
            seen.stalls += 1;
            tracing::warn!("process stalled; outcomes observed during the stall are ignored");
        }
        seen.ticked = now;
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Number of stalls so far, with the one that has just ended: a process that begins to run again may look before the
    /// watch has ticked, and must not see the same stall again after the tick.
    fn count(&self, now: Instant) -> u64 {
        self.stalls + u64::from(self.is_late(now))
    }

    fn is_late(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.ticked) > TICK + LOST
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

    #[tokio::test(start_paused = true)]
    async fn what_begins_after_a_stall_and_before_the_next_tick_was_not_in_it() {
        let stalls = Stalls::new(Instant::now());
        tokio::time::advance(LOST + 2 * TICK).await;
        let after = stalls.mark();
        assert!(!stalls.lost_since(after));

        stalls.tick(Instant::now());

        assert!(!stalls.lost_since(after), "a reaper would wait for a second lease");
    }
}
