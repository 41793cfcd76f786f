//! The signal by which a running job learns that it should end, and why. Held by the crew, looked at in every loop of a
//! job. Once given it stays given; the first reason counts.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why a job should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its owner asked for it: keep what was made, end as cancelled.
    Cancelled,
    /// The lease is somebody else's now: write nothing more.
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
