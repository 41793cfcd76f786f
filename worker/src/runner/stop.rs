//! The stop signal of a running job, with its reason. Given by the runner, checked in every loop of a
//! job. Once given it stays given; the first reason counts.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why a job should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Cancellation was requested: keep the results so far, end as cancelled.
    Cancelled,
    /// Another worker has the lease: write nothing more.
    LeaseLost,
    /// The lease could not be renewed: give the job back before it runs out, with no crash counted.
    Outage,
    /// The process ends: give the job back, with nothing counted.
    Drain,
}

/// The stop signal of one job.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    token: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
}

impl Stop {
    /// Gives the signal.
    pub fn give(&self, reason: Reason) {
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    /// The reason, once the signal was given.
    pub fn given(&self) -> Option<Reason> {
        self.reason.get().copied()
    }

    /// Waits for the signal.
    pub async fn wait(&self) -> Reason {
        self.token.cancelled().await;
        self.given().unwrap_or(Reason::Drain)
    }
}
