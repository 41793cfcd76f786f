//! How often mails may be handed to a provider: turns at an even pace that the provider's answers correct. Kept in memory
//! only: after a restart the first answer names the limit again. Used by the mailers.
//! <https://resend.com/docs/api-reference/rate-limit>

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use tokio::time::Instant;

use super::Turn;

/// Bounds of what a header may ask for.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
const LONGEST_HOLD: Duration = Duration::from_secs(3_600);

/// Hands out turns of one process.
#[derive(Debug)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    /// When the next turn begins.
    next: Instant,
    /// From one turn to the next.
    interval: Duration,
}

impl Pace {
    /// Turns at this distance until an answer names another one.
    pub(super) fn new(interval: Duration) -> Self {
        Self(Mutex::new(State { next: Instant::now(), interval }))
    }

    /// The next turn, if it begins within `longest`.
    pub(super) fn reserve(&self, longest: Duration) -> Turn {
        let now = Instant::now();
        self.change(|state| {
            let at = state.next.max(now);
            let wait = at - now;
            if wait > longest {
                return Turn::NotBefore(wait);
            }
            state.next = at + state.interval;
            Turn::After(wait)
        })
    }

    /// No turn begins before this pause has passed.
    pub(super) fn hold(&self, pause: Duration) {
        let until = Instant::now() + pause.min(LONGEST_HOLD);
        self.change(|state| state.next = state.next.max(until));
    }

    /// Takes over what an answer says about the limit, which all keys and processes of a team share.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        if let Some(interval) = interval(headers) {
            self.change(|state| state.interval = interval);
        }
        if let (Some(0), Some(reset)) = (number(headers, "ratelimit-remaining"), number(headers, "ratelimit-reset")) {
            self.hold(Duration::from_secs(reset));
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `ratelimit-policy: 2;w=1` is two in one second; without a window a limit counts for a second.
fn interval(headers: &HeaderMap) -> Option<Duration> {
    let (limit, window) = policy(headers).or_else(|| Some((number(headers, "ratelimit-limit")?, 1)))?;
    let (limit, window) = (u32::try_from(limit).ok().filter(|limit| *limit > 0)?, window.clamp(1, 3_600));
    Some((Duration::from_secs(window) / limit).clamp(LEAST_INTERVAL, LONGEST_INTERVAL))
}

fn policy(headers: &HeaderMap) -> Option<(u64, u64)> {
    let (limit, parameters) = text(headers, "ratelimit-policy")?.split_once(';')?;
    let window = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("w="))?;
    Some((limit.trim().parse().ok()?, window.trim().parse().ok()?))
}

pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HALF: Duration = Duration::from_millis(500);

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_an_interval_apart() {
        let pace = Pace::new(HALF);

        let waits = [(); 3].map(|()| pace.reserve(SECOND));
        assert_eq!(waits, [Turn::After(Duration::ZERO), Turn::After(HALF), Turn::After(SECOND)]);
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(pace.reserve(SECOND), Turn::After(Duration::ZERO), "unused time gives no burst");
        assert_eq!(pace.reserve(SECOND), Turn::After(HALF));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_comes_too_late_is_not_reserved() {
        let pace = Pace::new(SECOND);
        pace.hold(10 * SECOND);

        assert_eq!(pace.reserve(SECOND), Turn::NotBefore(10 * SECOND));
        assert_eq!(pace.reserve(10 * SECOND), Turn::After(10 * SECOND), "the first one took no turn");
        assert_eq!(pace.reserve(11 * SECOND), Turn::After(11 * SECOND));
        pace.hold(SECOND);
        assert_eq!(pace.reserve(SECOND), Turn::NotBefore(12 * SECOND), "a shorter pause changes nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_correct_the_pace() {
        for (pairs, expected) in [
            (vec![("ratelimit-policy", "5;w=1")], SECOND / 5),
            (vec![("ratelimit-policy", "2;w=10"), ("ratelimit-limit", "100")], 5 * SECOND),
            (vec![("ratelimit-policy", "10; w=1")], SECOND / 10),
            (vec![("ratelimit-limit", "4")], SECOND / 4),
            (vec![("ratelimit-policy", "1000000;w=1")], LEAST_INTERVAL),
            (vec![("ratelimit-policy", "1;w=99999999999")], LONGEST_INTERVAL),
            (vec![("ratelimit-policy", "0;w=1")], HALF),
            (vec![("ratelimit-policy", "many")], HALF),
            (vec![], HALF),
        ] {
            let pace = Pace::new(HALF);
            pace.learn(&headers(&pairs));
            pace.reserve(SECOND);
            assert_eq!(pace.reserve(2 * LONGEST_INTERVAL), Turn::After(expected), "{pairs:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_until_a_used_up_limit_is_reset() {
        let pace = Pace::new(HALF);
        pace.learn(&headers(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "1")]));
        assert_eq!(pace.reserve(SECOND), Turn::After(SECOND));

        let pace = Pace::new(HALF);
        pace.learn(&headers(&[("ratelimit-remaining", "1"), ("ratelimit-reset", "1")]));
        assert_eq!(pace.reserve(SECOND), Turn::After(Duration::ZERO));
        pace.learn(&headers(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "99999999999")]));
        assert_eq!(pace.reserve(SECOND), Turn::NotBefore(LONGEST_HOLD));
    }
}
