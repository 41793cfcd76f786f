//! Jobs that were taken with their wake-up, and whose message is still to come. Asked by the crew; claims nothing itself.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use almanac_shared::platform::id::JobId;

/// How long a message is waited for. One that comes later is taken as every other.
const AWAITED_FOR: Duration = Duration::from_secs(2);
/// When so many are awaited, those that never came are forgotten.
const CROWD: usize = 1_024;

/// The jobs of one process whose messages say nothing new.
#[derive(Debug, Default)]
pub struct Early(Mutex<HashMap<JobId, Instant>>);

impl Early {
    /// This job is being taken; its message will follow.
    pub fn expect(&self, job: JobId, now: Instant) {
        let mut awaited = self.awaited();
        if awaited.len() >= CROWD {
            awaited.retain(|_, since| now.duration_since(*since) < AWAITED_FOR);
        }
        awaited.insert(job, now);
    }

    /// Whether this job's message was expected. It is answered for once, so that a job which is rung again later is taken
    /// as every other.
    pub fn answer(&self, job: JobId, now: Instant) -> bool {
        self.awaited().remove(&job).is_some_and(|since| now.duration_since(since) < AWAITED_FOR)
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<JobId, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_answered_for_once() {
        let (early, job, now) = (Early::default(), JobId::fresh(), Instant::now());
        assert!(!early.answer(job, now), "nobody expected it");
        early.expect(job, now);
        assert!(!early.answer(JobId::fresh(), now));
        assert!(early.answer(job, now));
        assert!(!early.answer(job, now), "rung again, it is a job as every other");
    }

    #[test]
    fn a_message_that_comes_late_is_taken_as_every_other() {
        let (early, job, now) = (Early::default(), JobId::fresh(), Instant::now());
        early.expect(job, now);
        assert!(!early.answer(job, now + AWAITED_FOR));
    }

    #[test]
    fn messages_that_never_come_are_forgotten() {
        let (early, now) = (Early::default(), Instant::now());
        for _ in 0..CROWD {
            early.expect(JobId::fresh(), now);
        }
        early.expect(JobId::fresh(), now + AWAITED_FOR);
        assert_eq!(early.awaited().len(), 1);
    }
}
