//! How long to wait before a retry: full jitter, on top of what the provider asked for, inside a deadline.
//! Called by the loops that retry outside calls; it decides, they sleep.
//! Pure: time and chance come in as arguments.
//! `backon` is not used: it adds its jitter to the full wait. Nor `tokio-retry2`: it adds none to a `retry_after`.

use std::time::Duration;

use rand::Rng;

/// The shape of a back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Upper bound of the first wait.
    pub base: Duration,
    /// Upper bound of any wait of ours, however many retries went before.
    pub cap: Duration,
}

impl Backoff {
    /// For model calls: 0–0.5 s, then 0–1 s.
    pub const MODEL: Self = Self { base: Duration::from_millis(500), cap: Duration::from_secs(4) };
    /// For attempts of a job that failed unexpectedly: 0–2 s, then 0–4 s, and so on.
    pub const JOB: Self = Self { base: Duration::from_secs(2), cap: Duration::from_secs(60) };

    /// The wait before retry number `retry` (0 = the first one), or `None` when it would not end inside `left`, the time
    /// until the deadline. A `retry_after` is always served in full, and the jitter comes on top of it, so that callers
    /// who were told the same second do not return in the same one.
    pub fn wait(
        &self,
        retry: u32,
        retry_after: Option<Duration>,
        left: Duration,
        rng: &mut impl Rng,
    ) -> Option<Duration> {
        let bound = self.base.saturating_mul(2_u32.saturating_pow(retry)).min(self.cap);
        let wait = retry_after.unwrap_or_default().saturating_add(bound.mul_f64(rng.random()));
        (wait < left).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_wait_that_passes_the_deadline_is_none() {
        let mut rng = StdRng::seed_from_u64(1);
        let wait = Backoff::MODEL.wait(0, Some(Duration::from_secs(30)), Duration::from_secs(30), &mut rng);
        assert_eq!(wait, None);
    }

    #[test]
    fn a_wait_that_ends_at_the_deadline_is_none() {
        let (none, half_minute) = (Duration::ZERO, Duration::from_secs(30));
        let without_jitter = Backoff { base: none, cap: none };
        let wait = |left| without_jitter.wait(0, Some(half_minute), left, &mut StdRng::seed_from_u64(1));
        assert_eq!(wait(half_minute), None);
        assert_eq!(wait(half_minute + Duration::from_nanos(1)), Some(half_minute));
    }

    #[test]
    fn the_whole_range_is_used() {
        let mut rng = StdRng::seed_from_u64(2);
        let waits: Vec<_> = (0..200).filter_map(|_| Backoff::MODEL.wait(0, None, Duration::MAX, &mut rng)).collect();
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(50)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(450)));
    }

    proptest! {
        #[test]
        fn a_wait_serves_retry_after_and_keeps_its_bounds(
            retry in any::<u32>(), asked in prop::option::of(0u64..100), left in 0u64..100, seed in any::<u64>(),
        ) {
            let (asked, left) = (asked.map(Duration::from_secs), Duration::from_secs(left));
            if let Some(wait) = Backoff::MODEL.wait(retry, asked, left, &mut StdRng::seed_from_u64(seed)) {
                prop_assert!(wait >= asked.unwrap_or_default());
                prop_assert!(wait <= asked.unwrap_or_default() + Backoff::MODEL.cap);
                prop_assert!(wait < left);
            }
        }
    }
}
