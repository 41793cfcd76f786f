//! Looking at the outside world from a test: a bounded wait for what it shows, and failing with a reason.
//! Tests and the harness call it. Polling is for observing processes and servers from outside, never for giving the
//! code under test time to do something.

use std::{fmt::Display, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

/// Fields that every log line has, null where there is none.
const LOG_FIELDS: [&str; 6] = ["requestId", "userId", "channel", "calendarId", "runId", "status"];

/// The lines of a process's log. Fails the test if one is not JSON, or lacks one of the fields that every line has.
#[track_caller]
pub fn log_lines(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str(line).or_fail(&format!("no JSON line: {line}")));
    let lines: Vec<Value> = lines.collect();
    for line in &lines {
        let missing: Vec<_> = LOG_FIELDS.into_iter().filter(|field| line.get(field).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} missing: {line}");
    }
    lines
}

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

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_line_that_lacks_a_field_fails_the_test() {
        let whole =
            r#"{"requestId":null,"userId":null,"channel":null,"calendarId":null,"runId":null,"status":"failed"}"#;

        assert_eq!(log_lines(&format!("{whole}\n{whole}\n")).len(), 2);
        for field in LOG_FIELDS {
            let lacking = whole.replace(field, "other");
            assert!(catch_unwind(|| log_lines(&lacking)).is_err(), "{field}");
        }
        assert!(catch_unwind(|| log_lines("not JSON")).is_err());
    }
}
