//! How long a request that must be sent at most once may wait for its first byte. Made by jobs, checked where the bytes
//! leave.

use tokio::time::Instant;

/// Until when the first byte of a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendBudget {
    deadline: Instant,
}

impl SendBudget {
    /// A budget that ends at an instant of the monotonic clock.
    pub const fn until(deadline: Instant) -> Self {
        Self { deadline }
    }

    /// When it ends.
    pub(super) const fn deadline(self) -> Instant {
        self.deadline
    }

    pub(super) fn is_spent(self) -> bool {
        Instant::now() >= self.deadline
    }
}
