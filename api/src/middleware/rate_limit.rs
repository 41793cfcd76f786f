//! Rate-limit headers for every bucket, and the in-process sliding log behind the anonymous one.
//! Routes call [`Bucket::headers`] for their own limits, `anonymous` keeps a [`SlidingLog`]. Limits that cost money never
//! come here: they are counted in Postgres.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::{Duration, Instant},
};

use almanac_shared::{
    config::Rate,
    error::{LimitState, Refusal},
};
use poem::http::{HeaderName, HeaderValue};

use crate::error::ApiError;

/// A limit with the name that clients see.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// E.g. `generation`.
    pub name: &'static str,
    /// How many in how many seconds.
    pub rate: Rate,
}

impl Bucket {
    /// `RateLimit-Policy` and `RateLimit`, e.g. `"generation";q=5;w=300` and `"generation";r=3;t=120`.
    pub fn headers(&self, state: LimitState) -> Vec<(HeaderName, HeaderValue)> {
        let Self { name, rate } = self;
        let policy = format!("\"{name}\";q={};w={}", rate.count, rate.seconds);
        let limit = format!("\"{name}\";r={};t={}", state.remaining, state.reset_seconds);
        let named = [("ratelimit-policy", policy), ("ratelimit", limit)];
        let header = |(name, value): (&'static str, String)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        };
        named.into_iter().filter_map(header).collect()
    }

    /// The values of the two headers, in their order, for a response that declares them.
    pub fn values(&self, state: LimitState) -> (String, String) {
        let mut values =
            self.headers(state).into_iter().map(|(_, value)| value.to_str().unwrap_or_default().to_owned());
        (values.next().unwrap_or_default(), values.next().unwrap_or_default())
    }

    /// A submit that was refused: where it was for the limit, it says where that stands.
    pub fn refused(&self, refusal: Refusal) -> ApiError {
        match refusal {
            Refusal::RateLimited(state) => {
                let error = ApiError::from(Refusal::RateLimited(state));
                self.headers(state).into_iter().fold(error, |error, (name, value)| error.with_header(name, value))
            }
            other => ApiError::from(other),
        }
    }

    /// 429 with this bucket's headers.
    pub fn refusal(&self, state: LimitState) -> ApiError {
        let error = ApiError::rate_limited(state);
        self.headers(state).into_iter().fold(error, |error, (name, value)| error.with_header(name, value))
    }
}

/// When each key was last let through, for one window back. Bounded in keys; per key by the rate itself.
#[derive(Debug)]
pub struct SlidingLog<K> {
    rate: Rate,
    capacity: usize,
    log: HashMap<K, VecDeque<Instant>>,
}

impl<K: Hash + Eq + Copy> SlidingLog<K> {
    /// An empty log for at most `capacity` keys.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, capacity, log: HashMap::new() }
    }

    /// Lets one request through and counts it, or says how things stand. `now` must not go back between calls.
    pub fn admit(&mut self, key: K, now: Instant) -> Result<(), LimitState> {
        if self.log.len() >= self.capacity && !self.log.contains_key(&key) {
            self.make_room(now);
        }
        let window = self.window();
        let times = self.log.entry(key).or_default();
        while times.front().is_some_and(|&first| now.duration_since(first) >= window) {
            times.pop_front();
        }
        match times.front() {
            Some(&first) if times.len() >= self.rate.count as usize => {
                let wait = window.saturating_sub(now.duration_since(first));
                Err(LimitState { remaining: 0, reset_seconds: wait.as_secs_f64().ceil() as u32 })
            }
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    fn window(&self) -> Duration {
        Duration::from_secs(self.rate.seconds.into())
    }

    /// Forgets keys whose window has passed; when none has, the half that has been silent longest. Forgetting errs on
    /// the side of letting through: a flood of addresses must not shut out everybody else.
    fn make_room(&mut self, now: Instant) {
        let window = self.window();
        let last = |times: &VecDeque<Instant>| times.back().copied();
        self.log.retain(|_, times| last(times).is_some_and(|last| now.duration_since(last) < window));
        if self.log.len() < self.capacity {
            return;
        }
        let mut lasts: Vec<_> = self.log.values().filter_map(last).collect();
        let middle = lasts.len() / 2;
        let (_, &mut median, _) = lasts.select_nth_unstable(middle);
        self.log.retain(|_, times| last(times).is_some_and(|last| last > median));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_spelled_as_the_contract_says() {
        let bucket = Bucket { name: "generation", rate: Rate { count: 5, seconds: 300 } };

        let headers = bucket.headers(LimitState { remaining: 3, reset_seconds: 120 });

        let texts: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let policy = ("ratelimit-policy", "\"generation\";q=5;w=300");
        assert_eq!(texts, [policy, ("ratelimit", "\"generation\";r=3;t=120")]);
    }

    #[test]
    fn a_flood_of_keys_keeps_the_log_bounded() {
        let mut log = SlidingLog::new(Rate { count: 2, seconds: 60 }, 100);
        let start = Instant::now();

        for key in 0..10_000_u64 {
            log.admit(key, start + Duration::from_millis(key)).unwrap();
            assert!(log.log.len() <= 100);
        }
    }

    proptest! {
        /// Against the definition: a request passes when fewer than `count` passed in the window before it.
        #[test]
        fn the_log_agrees_with_its_definition(gaps in prop::collection::vec(0_u64..4_000, 1..80), count in 1_u32..6) {
            let mut log = SlidingLog::new(Rate { count, seconds: 10 }, 10);
            let start = Instant::now();
            let mut now = Duration::ZERO;
            let mut passed: Vec<Duration> = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                let recent = passed.iter().filter(|&&at| now - at < Duration::from_secs(10)).count();
                let outcome = log.admit((), start + now);
                prop_assert_eq!(outcome.is_ok(), recent < count as usize);
                match outcome {
                    Ok(()) => passed.push(now),
                    Err(state) => prop_assert!((1..=10).contains(&state.reset_seconds)),
                }
            }
        }
    }
}
