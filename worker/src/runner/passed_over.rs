//! Jobs that the poll found and nothing could claim: another transaction holds a row of them, or another worker was
//! faster. They are left out for a while, so that they do not hide the jobs behind them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use almanac_shared::platform::id::JobId;

/// How long such a job is left out.
const PAUSE: Duration = Duration::from_secs(1);
/// The most that are left out at a time: the list goes along with each poll.
const MOST: usize = 512;

/// The jobs that one process could not claim lately.
#[derive(Debug, Default)]
pub struct PassedOver(Mutex<HashMap<JobId, Instant>>);

impl PassedOver {
    /// These could not be claimed.
    pub fn note(&self, jobs: impl Iterator<Item = JobId>, now: Instant) {
        let mut noted = self.noted();
        noted.extend(jobs.map(|job| (job, now)));
        if noted.len() > MOST {
            let mut times: Vec<_> = noted.values().copied().collect();
            let (_, oldest, _) = times.select_nth_unstable_by(MOST, |one, other| other.cmp(one));
            let oldest = *oldest;
            noted.retain(|_, since| *since > oldest);
        }
    }

    /// Those that are left out now.
    pub fn list(&self, now: Instant) -> Vec<JobId> {
        let mut noted = self.noted();
        noted.retain(|_, since| now.duration_since(*since) < PAUSE);
        noted.keys().copied().collect()
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<JobId, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_left_out_for_a_while_and_then_found_again() {
        let (passed, job, now) = (PassedOver::default(), JobId::fresh(), Instant::now());
        passed.note([job].into_iter(), now);
        assert_eq!(passed.list(now + PAUSE / 2), [job]);
        assert!(passed.list(now + PAUSE).is_empty());
    }

    #[test]
    fn of_very_many_the_newest_are_left_out() {
        let (passed, now) = (PassedOver::default(), Instant::now());
        for n in 0..u32::try_from(MOST * 2).unwrap() {
            passed.note([JobId::fresh()].into_iter(), now + Duration::from_micros(n.into()));
        }
        let newest = JobId::fresh();
        passed.note([newest].into_iter(), now + PAUSE / 2);
        let left_out = passed.list(now + PAUSE / 2);
        assert!(left_out.len() <= MOST && left_out.contains(&newest), "{}", left_out.len());
    }
}
