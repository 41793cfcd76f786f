//! What a job is: its states, what a worker holds of it, how it may end.
//! Called by services (submit, show, cancel) and by the worker (claim to finish); knows no domain and no HTTP.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{
    platform::{
        error::Code,
        id::{JobId, LlmCallId, UserId},
    },
    values::wire_enum::wire_enum,
};

pub mod admin;
pub mod endings;
pub mod idempotency;
pub mod kind;
pub mod limits;
mod loader;
pub mod queue;
pub mod service;
pub mod store;
pub(crate) mod submission;

pub use kind::{Kind, Lane};

/// Length of a lease: another worker may take the job after it.
pub const LEASE: Duration = Duration::from_secs(10);
/// How often a lease is renewed: two renewals may fail before it is lost.
pub const RENEW_EVERY: Duration = Duration::from_secs(3);

wire_enum! {
    /// State of a job's row: the `state` column.
    pub enum State {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker holds it.
        Running = "running",
        /// All of it was done.
        Succeeded = "succeeded",
        /// Part of it was done, the rest was refused.
        Partial = "partial",
        /// Its deadline came; what exists was kept.
        Timeout = "timeout",
        /// It cannot be done.
        Failed = "failed",
        /// Ended by request.
        Cancelled = "cancelled",
        /// It stopped its worker too often (poison).
        Dead = "dead",
    }
}

impl State {
    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// The word a client sees: a queued job is `pending` until its first start and `running` after it, a dead one
    /// has `failed`.
    pub const fn on_the_wire(self, started: bool) -> &'static str {
        match self {
            Self::Queued if !started => "pending",
            Self::Queued => "running",
            Self::Dead => "failed",
            other => other.as_str(),
        }
    }
}

/// A claimed job: what it needs to run, and the epoch that every write of it must name.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it does, as stored; parsed by the runner.
    pub kind: String,
    /// The lane it came through.
    pub lane: String,
    /// Words of the kind, as accepted.
    pub payload: Value,
    /// The claim's number.
    pub epoch: i64,
    /// Retry verdicts so far.
    pub attempt: i32,
    /// Leases that ran out so far.
    pub crashes: i32,
    /// Last seq of its log.
    pub last_seq: i64,
    /// W3C traceparent of the request.
    pub trace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// What is left until its deadline, if it has one; zero when it has passed.
    pub time_left: Option<Duration>,
    /// Whether cancellation was requested before this claim.
    pub cancel_requested: bool,
    /// From accept to this claim.
    pub waited: Duration,
    /// For how long the provider could not serve it; `None` if it is not held.
    pub held_for: Option<Duration>,
    /// The first call of a model, whose ledger row was committed with the claim. A job that does not make it withdraws it.
    pub first_call: Option<LlmCallId>,
}

impl ClaimedJob {
    /// What every fenced write names.
    pub const fn lease(&self) -> Lease {
        Lease { job: self.id, epoch: self.epoch }
    }
}

/// The right to write for a job: lost when the epoch moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The claim's number.
    pub epoch: i64,
}

/// A job as its owner may see it.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// Its kind on the wire.
    pub kind: String,
    /// Where it stands.
    pub state: String,
    /// Retry verdicts so far.
    pub attempt: i32,
    /// Leases that ran out so far.
    pub crashes: i32,
    /// Accepted at.
    pub created_at: DateTime<Utc>,
    /// First start.
    pub started_at: Option<DateTime<Utc>>,
    /// End.
    pub finished_at: Option<DateTime<Utc>>,
    /// Not before this.
    pub run_at: DateTime<Utc>,
    /// A worker's lease, while it runs.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// When cancellation was requested.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Since when the provider cannot serve it.
    pub held_since: Option<DateTime<Utc>>,
    /// `{completed, total, stage, percent}`.
    pub progress: Option<Value>,
    /// `{code, message, …}`.
    pub error: Option<Value>,
    /// What it makes: type.
    pub subject_type: String,
    /// What it makes: id.
    pub subject_id: String,
    /// The job it repeats.
    pub retry_of: Option<JobId>,
    /// Last seq of its log.
    pub last_seq: i64,
}

impl JobRow {
    /// Where it stands.
    pub fn state(&self) -> State {
        State::parse(&self.state).unwrap_or(State::Running)
    }

    /// The word a client sees.
    pub fn status(&self) -> &'static str {
        self.state().on_the_wire(self.started_at.is_some())
    }
}

/// Why a job failed, as its row, its domain row and its final event say it. Never a prompt, a token or an address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The code.
    pub code: Code,
    /// Readable text for the user.
    pub message: String,
    /// What else helps: provider status, redacted excerpt, request id, timing.
    #[serde(flatten)]
    pub context: serde_json::Map<String, Value>,
}

impl Failure {
    /// A failure with nothing to add.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), context: serde_json::Map::new() }
    }
}

/// What came of asking for a job's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// No such job of this person.
    Missing,
    /// It had ended before.
    AlreadyFinal,
    /// It was waiting and has ended now.
    Ended,
    /// It runs, and its cancellation was requested.
    Cancelling,
}
