//! Errors of a Postgres that does not answer, and which of them say that it cannot be reached.
//! Called by `db` and by the translation of errors; a busy store must never count as one that is gone.

use std::{io, time::Duration};

/// A statement that this side stopped waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    /// Postgres is known to be unreachable: the statement was not sent, or its answer is waited for no longer.
    #[error("Postgres cannot be reached")]
    Gone,
    /// No answer within this time. Whether Postgres is gone is not known by that.
    #[error("no answer from Postgres within {0:?}")]
    Silent(Duration),
}

impl From<Unanswered> for sqlx::Error {
    fn from(unanswered: Unanswered) -> Self {
        let kind = match unanswered {
            Unanswered::Gone => io::ErrorKind::NotConnected,
            Unanswered::Silent(_) => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, unanswered).into()
    }
}

fn unanswered(error: &io::Error) -> Option<Unanswered> {
    error.get_ref()?.downcast_ref().copied()
}

/// Whether an error says that Postgres cannot be reached: the connection was refused, reset or timed out, the server is
/// shutting down or starting, or a probe has found it unreachable. A lock, a statement or this side running out of
/// time, a full pool or two writes that crossed do not say that.
pub(crate) fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => !matches!(unanswered(error), Some(Unanswered::Silent(_))),
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_gone_code(&code)),
        _ => false,
    }
}

fn is_gone_code(code: &str) -> bool {
    code.starts_with("08") || ["57P01", "57P02", "57P03"].contains(&code)
}

/// Whether a connection turned out to be a dead one, as all idle ones are after a restart of Postgres: it broke, or the
/// server's farewell is read instead of an answer. Nothing was done then, and another may be asked; of a server that is
/// silent that cannot be said.
pub(crate) fn is_dead_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != io::ErrorKind::TimedOut && unanswered(error).is_none(),
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_farewell(&code)),
        _ => false,
    }
}

/// `admin_shutdown` and `crash_shutdown` (PostgreSQL manual, appendix A).
fn is_farewell(code: &str) -> bool {
    ["57P01", "57P02"].contains(&code)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::platform::error::is_outage;

    #[test]
    fn only_errors_of_the_connection_say_that_postgres_is_gone() {
        let kinds = [
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted,
            ErrorKind::BrokenPipe,
            ErrorKind::UnexpectedEof,
            ErrorKind::TimedOut,
        ];
        for kind in kinds {
            assert!(is_gone(&io::Error::from(kind).into()), "{kind:?}");
        }
        assert!(is_gone(&Unanswered::Gone.into()));

        let silent = Unanswered::Silent(Duration::from_secs(6)).into();
        for busy in [silent, sqlx::Error::PoolTimedOut, sqlx::Error::WorkerCrashed] {
            assert!(!is_gone(&busy) && is_outage(&busy), "{busy}");
        }
        for code in ["08000", "08006", "57P01", "57P02", "57P03"] {
            assert!(is_gone_code(code), "{code}");
        }
        for code in ["55P03", "57014", "40001", "40P01", "53300", "25006", "57P05", "42501"] {
            assert!(!is_gone_code(code), "{code}");
        }
    }

    #[test]
    fn what_this_side_gave_up_is_not_asked_again() {
        for unanswered in [Unanswered::Gone, Unanswered::Silent(Duration::from_secs(1))] {
            assert!(!is_dead_connection(&unanswered.into()));
        }
        assert!(is_dead_connection(&io::Error::from(ErrorKind::UnexpectedEof).into()));
        assert!(is_farewell("57P01") && !is_farewell("57P03"), "a server that starts is not asked again at once");
    }
}
