//! What submitting work has in common for all kinds: how the outcome of `almanac.submit` becomes a refusal, and how long
//! a request waits for a lock that another transaction holds. Called by the domains' services; holds no SQL.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::platform::{
    db::PinnedConnection,
    error::{ActiveJob, LimitState, Refusal, Work},
    id::JobId,
};

/// How long a request is submitted again while another transaction holds a lock that it needs.
const PATIENCE: Duration = Duration::from_secs(2);
/// The first pause between two tries, which doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// The columns that every submit function returns for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Its name in SQL.
    pub outcome: String,
    /// The new, repeated or active job.
    pub job: Option<JobId>,
    /// The kind of the active job.
    pub active_kind: Option<String>,
    /// What is left of the limit.
    pub remaining: Option<i32>,
    /// Seconds until the limit grows.
    pub reset_seconds: Option<i32>,
    /// SQLSTATE and message of `error`, for the log.
    pub failure: Option<String>,
}

impl Outcome {
    /// Whether nothing was decided, because another transaction held a lock.
    pub(crate) fn is_contended(&self) -> bool {
        ["busy", "twin"].contains(&self.outcome.as_str())
            || self.failure.as_deref().is_some_and(|it| it.starts_with("55P03"))
    }

    /// Where the limit stands.
    pub(crate) fn limit(&self) -> LimitState {
        let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        LimitState { remaining: count(self.remaining), reset_seconds: count(self.reset_seconds) }
    }

    /// Whether an earlier request with the same key is answered again, for a request that was accepted.
    ///
    /// # Errors
    /// It was refused: nothing is stored.
    pub(crate) fn replayed(self) -> Result<bool, Refusal> {
        match self.outcome.as_str() {
            "new" => Ok(false),
            "replay" => Ok(true),
            "missing" => Err(Refusal::NotFound),
            "reused" => Err(Refusal::KeyReused),
            "limited" => Err(Refusal::RateLimited(self.limit())),
            "twin" => Err(Refusal::KeyInProgress),
            "active" => {
                let id = self.job.context("reading the job that holds the slot")?;
                Err(Refusal::AlreadyRunning(ActiveJob { id, kind: self.active_kind.unwrap_or_default() }))
            }
            _ if self.is_contended() => {
                Err(Refusal::StoreUnavailable(anyhow!("another transaction holds a lock that this submission needs")))
            }
            other => Err(Refusal::Unexpected(anyhow!("submitting: {other}: {}", self.failure.unwrap_or_default()))),
        }
    }
}

/// Why a submit statement brought no rows.
#[derive(Debug)]
pub(crate) enum SubmitError {
    /// No connection: nothing was sent.
    Unsent(sqlx::Error),
    /// It was sent, and the connection brought no answer: only the database knows whether it was stored.
    Unanswered(sqlx::Error),
    /// Postgres refused the statement: nothing is stored.
    Refused(sqlx::Error),
}

impl SubmitError {
    /// The failure of a statement that was sent.
    pub(crate) fn of_statement(error: sqlx::Error) -> Self {
        // 57P01 to 57P03 and 08xxx: the connection or the server ended under the statement, perhaps at its commit.
        let ended = |code: &str| code.starts_with("57P") || code.starts_with("08");
        match error.as_database_error().map(|refusal| refusal.code().is_some_and(|code| ended(&code))) {
            Some(false) => Self::Refused(error),
            _ => Self::Unanswered(error),
        }
    }

    /// The refusal of a request for this work.
    pub(crate) fn refusal(self, work: Work) -> Refusal {
        match self {
            Self::Unsent(error) | Self::Refused(error) => error.into(),
            Self::Unanswered(error) => {
                let cause = anyhow::Error::from(error).context("waiting for the answer to a submission");
                Refusal::Unconfirmed { work, cause }
            }
        }
    }
}

/// Spaces the tries of one contended request. No connection is held in between, so waiting costs other users nothing.
#[derive(Debug)]
pub(crate) struct LockWait {
    since: Instant,
    pause: Duration,
}

impl LockWait {
    /// Starts to wait.
    pub(crate) fn start() -> Self {
        Self { since: Instant::now(), pause: PAUSES.0 }
    }

    /// Whether to submit again, after a pause in which the connection is lent to others.
    pub(crate) async fn again(&mut self, outcome: &Outcome, pinned: &mut PinnedConnection) -> bool {
        if !outcome.is_contended() {
            return false;
        }
        pinned.release();
        self.next().await
    }

    /// Waits until the next try; false once the request has waited long enough.
    pub(crate) async fn next(&mut self) -> bool {
        if self.since.elapsed() >= PATIENCE {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSES.1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str) -> Outcome {
        Outcome { outcome: name.into(), job: Some(JobId::fresh()), ..Outcome::default() }
    }

    #[test]
    fn only_a_statement_without_an_answer_may_have_been_accepted() {
        let work = Work::Job(JobId::fresh());
        let broken = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());

        let unanswered = SubmitError::of_statement(broken()).refusal(work);
        assert!(matches!(unanswered, Refusal::Unconfirmed { work: named, .. } if named == work));
        assert!(matches!(SubmitError::Unsent(broken()).refusal(work), Refusal::StoreGone(_)));
        assert!(matches!(SubmitError::Refused(sqlx::Error::RowNotFound).refusal(work), Refusal::Unexpected(_)));
    }

    #[test]
    fn each_outcome_has_one_answer() {
        assert!(matches!(outcome("new").replayed(), Ok(false)));
        assert!(matches!(outcome("replay").replayed(), Ok(true)));
        assert!(matches!(outcome("missing").replayed(), Err(Refusal::NotFound)));
        assert!(matches!(outcome("reused").replayed(), Err(Refusal::KeyReused)));
        assert!(matches!(outcome("limited").replayed(), Err(Refusal::RateLimited(_))));
        assert!(matches!(outcome("active").replayed(), Err(Refusal::AlreadyRunning(_))));
        assert!(matches!(outcome("twin").replayed(), Err(Refusal::KeyInProgress)));
        assert!(matches!(outcome("busy").replayed(), Err(Refusal::StoreUnavailable(_))));
        assert!(matches!(outcome("error").replayed(), Err(Refusal::Unexpected(_))));
        let timed_out = Outcome { failure: Some("55P03 lock timeout".into()), ..outcome("error") };
        assert!(timed_out.is_contended());
        assert!(matches!(timed_out.replayed(), Err(Refusal::StoreUnavailable(_))));
    }
}
