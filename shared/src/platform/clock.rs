//! What time it is, for the few places that may not ask the database.
//! Leases, due times and limits never come here: they are decided on the database's clock.

use chrono::{DateTime, Utc};

/// The wall clock as an edge, so that a test can hold it still.
pub trait Clock: Send + Sync + 'static {
    /// The present instant in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the owner every other place asks")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
