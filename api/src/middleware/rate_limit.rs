//! Rate-limit headers for every bucket, and limits counted in the memory of this process: requests without a valid token
//! and dry runs. Called by routes and by `anonymous`. Accepted work is counted in Postgres, never here.
//! The window is counted here because `governor` meters by GCRA, which lets up to twice the count through in one window.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use almanac_shared::{
    jobs::Kind,
    platform::{
        config::{KindSettings, Rate},
        error::{LimitState, Refusal},
    },
};
use hashlink::LruCache;
use poem::http::{HeaderName, HeaderValue};

use crate::http::error::ApiError;

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

/// The bucket of each kind of job.
#[derive(Clone, Debug)]
pub struct KindLimits(Arc<BTreeMap<Kind, Rate>>);

impl KindLimits {
    /// The limits that the settings name.
    pub fn new(settings: &[KindSettings]) -> Self {
        Self(Arc::new(settings.iter().map(|settings| (settings.kind, settings.rate)).collect()))
    }

    /// The bucket of a kind. A kind that the settings leave out is refused always, which no settings read from an
    /// environment do.
    pub fn bucket(&self, kind: Kind) -> Bucket {
        let rate = self.0.get(&kind).copied().unwrap_or(Rate { count: 0, seconds: 1 });
        Bucket { name: kind.limits().family, rate }
    }
}

/// A limit counted in the memory of this process. Clones share their counts.
#[derive(Clone, Debug)]
pub struct LocalLimit<K> {
    bucket: Bucket,
    log: Arc<Mutex<SlidingLog<K>>>,
}

impl<K: Hash + Eq + Copy> LocalLimit<K> {
    /// A limit for at most `capacity` keys at the same time.
    pub fn new(bucket: Bucket, capacity: usize) -> Self {
        Self { bucket, log: Arc::new(Mutex::new(SlidingLog::new(bucket.rate, capacity))) }
    }

    /// Counts one request, or refuses it with 429.
    pub fn admit(&self, key: K) -> Result<LimitState, ApiError> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.admit(key, Instant::now()).map_err(|state| self.bucket.refusal(state))
    }
}

/// When each key was last let through, for one window back. Bounded in keys; per key by the rate itself. Above the
/// capacity the key that asked longest ago is forgotten, which errs on the side of letting through: a flood of addresses
/// must not shut out other clients.
#[derive(Debug)]
pub struct SlidingLog<K> {
    rate: Rate,
    log: LruCache<K, VecDeque<Instant>>,
}

impl<K: Hash + Eq + Copy> SlidingLog<K> {
    /// An empty log for at most `capacity` keys.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, log: LruCache::new(capacity) }
    }

    /// Counts one request, or refuses it; both return the state of the limit afterwards. `now` must not decrease between
    /// calls.
    pub fn admit(&mut self, key: K, now: Instant) -> Result<LimitState, LimitState> {
        let window = Duration::from_secs(self.rate.seconds.into());
        let mut times = self.log.remove(&key).unwrap_or_default();
        while times.front().is_some_and(|&first| now.duration_since(first) >= window) {
            times.pop_front();
        }
        let left = (self.rate.count as usize).saturating_sub(times.len());
        if left > 0 {
            times.push_back(now);
        }
        let oldest = times.front().map_or(Duration::ZERO, |&first| now.duration_since(first));
        let reset_seconds = window.saturating_sub(oldest).as_secs_f64().ceil() as u32;
        // Makes it the most recent key.
        self.log.insert(key, times);
        let remaining = u32::try_from(left.saturating_sub(1)).unwrap_or(u32::MAX);
        let state = LimitState { remaining, reset_seconds };
        if left > 0 { Ok(state) } else { Err(state) }
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

    #[test]
    fn a_flood_forgets_the_key_that_asked_longest_ago() {
        let mut log = SlidingLog::new(Rate { count: 1, seconds: 60 }, 3);
        let now = Instant::now();
        for key in ["silent", "asking", "other"] {
            log.admit(key, now).unwrap();
        }
        log.admit("asking", now).unwrap_err();

        log.admit("new", now).unwrap();

        assert!(log.admit("asking", now).is_err(), "a refused request counts as one");
        assert!(log.admit("silent", now).is_ok());
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
                let (Ok(state) | Err(state)) = outcome;
                prop_assert!((1..=10).contains(&state.reset_seconds));
                if outcome.is_ok() {
                    prop_assert_eq!(state.remaining as usize, count as usize - recent - 1);
                    passed.push(now);
                } else {
                    prop_assert_eq!(state.remaining, 0);
                }
            }
        }
    }
}
