//! The process-wide retry budget: retries may be a tenth of the calls, plus a small floor, so that a failing provider is
//! not called several times as often as a healthy one. One per process, shared by all jobs.
//! It must never delay or refuse a first call.
//! `TpsBudget` of tower is not used: after a million calls it has saved up 100,010 retries; this one has 110.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Thousandths of a retry: whole numbers, so that ten calls buy exactly one.
const RETRY: u64 = 1_000;

/// What the budget allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// Retries earned by each first call, in thousandths.
    pub per_mille: u64,
    /// Retries there are without any call, restored evenly over `restore`.
    pub floor: u64,
    /// In what time the floor comes back.
    pub restore: Duration,
    /// Most retries that can be saved up beyond the floor.
    pub saved: u64,
}

impl RetryLimits {
    /// 10 % of the calls and ten retries in 10 s.
    pub const MODEL: Self = Self { per_mille: 100, floor: 10, restore: Duration::from_secs(10), saved: 100 };
}

/// A token bucket of retries.
#[derive(Debug)]
pub struct RetryBudget {
    limits: RetryLimits,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    floor: u64,
    earned: u64,
    since: Instant,
}

impl RetryBudget {
    /// A budget whose floor is full.
    pub fn new(limits: RetryLimits, now: Instant) -> Self {
        let state = State { floor: limits.floor * RETRY, earned: 0, since: now };
        Self { limits, state: Mutex::new(state) }
    }

    /// Counts a first call.
    pub fn called(&self) {
        self.with(|limits, state| {
            state.earned = (state.earned + limits.per_mille).min(limits.saved * RETRY);
        });
    }

    /// Takes one retry, if there is one. What calls earned goes first; the floor is for quiet times.
    pub fn try_retry(&self, now: Instant) -> bool {
        self.with(|limits, state| {
            restore(limits, state, now);
            let purse = if state.earned >= RETRY { &mut state.earned } else { &mut state.floor };
            let enough = *purse >= RETRY;
            *purse -= if enough { RETRY } else { 0 };
            enough
        })
    }

    fn with<T>(&self, act: impl FnOnce(&RetryLimits, &mut State) -> T) -> T {
        // Plain numbers stay valid whatever panicked while it held the lock.
        act(&self.limits, &mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn restore(limits: &RetryLimits, state: &mut State, now: Instant) {
    let full = limits.floor * RETRY;
    let share = now.saturating_duration_since(state.since).as_secs_f64() / limits.restore.as_secs_f64();
    // The cast saturates, and `min` bounds it anyway.
    let back = (share * full as f64) as u64;
    // Time is only spent when it bought something, or many small steps would buy nothing.
    if back > 0 {
        state.floor = state.floor.saturating_add(back).min(full);
        state.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(budget: &RetryBudget, now: Instant, tries: usize) -> usize {
        (0..tries).filter(|_| budget.try_retry(now)).count()
    }

    #[test]
    fn a_quiet_process_has_its_floor_and_gets_it_back() {
        let start = Instant::now();
        let budget = RetryBudget::new(RetryLimits::MODEL, start);

        assert_eq!(retries(&budget, start, 50), 10);
        assert_eq!(retries(&budget, start + Duration::from_secs(5), 50), 5);
        assert_eq!(retries(&budget, start + Duration::from_secs(500), 50), 10);
    }

    #[test]
    fn a_storm_is_held_to_a_tenth_of_its_calls() {
        let start = Instant::now();
        let budget = RetryBudget::new(RetryLimits::MODEL, start);

        let retried = (0..1_000)
            .filter(|_| {
                budget.called();
                budget.try_retry(start)
            })
            .count();

        assert_eq!(retried, 100 + 10);
    }

    #[test]
    fn what_can_be_saved_up_is_bounded() {
        let start = Instant::now();
        let budget = RetryBudget::new(RetryLimits::MODEL, start);
        (0..1_000_000).for_each(|_| budget.called());
        assert_eq!(retries(&budget, start, 1_000), 110);
    }

    #[test]
    fn many_small_steps_restore_as_much_as_one_large_one() {
        let start = Instant::now();
        let budget = RetryBudget::new(RetryLimits::MODEL, start);
        assert_eq!(retries(&budget, start, 50), 10);

        let steps = (1..=10_000).filter(|step| budget.try_retry(start + Duration::from_micros(100) * *step)).count();

        assert_eq!(steps, 1);
    }
}
