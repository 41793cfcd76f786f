//! Looking at the outside world from a test: a bounded wait for what it shows, and failing with a reason.
//! Tests and the harness call it. Polling is for observing processes and servers from outside, never for giving the
//! code under test time to do something.

use std::{fmt::Display, time::Duration};

use tokio::time::Instant;

/// Asks until there is an answer, every 10 ms; fails the test with `what` when there is none in time.
///
/// ```ignore
/// let ended = eventually(Duration::from_secs(15), "the job ends", || async { job_state().await.filter(is_final) }).await;
/// ```
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    within: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + within;
    loop {
        // An ask that hangs must not outlast the bound.
        if let Ok(Some(answer)) = tokio::time::timeout_at(end, ask()).await {
            return answer;
        }
        assert!(Instant::now() < end, "not seen within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Fails the test where the harness itself cannot continue.
pub trait OrFail<T> {
    /// The value, or a panic that says what was attempted and why it failed.
    fn or_fail(self, what: &str) -> T;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, what: &str) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("{what}: {error:#}"),
        }
    }
}

impl<T> OrFail<T> for Option<T> {
    #[track_caller]
    fn or_fail(self, what: &str) -> T {
        match self {
            Some(value) => value,
            None => panic!("{what}: there is none"),
        }
    }
}
