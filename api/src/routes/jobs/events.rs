//! The events of any job, for the OpenAPI document only: the worker writes what is sent.

use chrono::{DateTime, Utc};
use poem_openapi::{Object, ResponseContent, Union, types::Type};

use super::Job;
use crate::{
    http::{
        document_types::{Dependency, JobState, JobStatus, lines},
        failure::FailureResponse,
        stream::{Live, described_logs},
    },
    routes::kinds::{JobFrame, JobLine},
};

/// An event log of any kind.
#[derive(ResponseContent)]
pub enum JobLog {
    Sse(JobSse),
    Ndjson(JobNdjson),
}

impl From<Live> for JobLog {
    fn from(live: Live) -> Self {
        match live {
            Live::Sse(log) => Self::Sse(JobSse(log)),
            Live::Ndjson(log) => Self::Ndjson(JobNdjson(log)),
        }
    }
}

described_logs! {
    /// The events of a job as server-sent events.
    JobSse(SseLog) as JobFrame;
    /// The events of a job as NDJSON.
    JobNdjson(NdjsonLog) as JobLine;
}

/// The data of one server-sent event of an erasure.
#[derive(Debug, Union)]
pub enum ErasureFrame {
    /// `progress`.
    Progress(ErasureProgress),
    /// `done`.
    Done(ErasureDone),
    /// `snapshot`.
    Snapshot(Job),
}

/// Progress of an erasure.
#[derive(Debug, Object)]
pub struct ErasureProgress {
    /// `stopping`, then `removing`.
    stage: Option<String>,
    completed: Option<u64>,
    total: Option<u64>,
    /// Present while a dependency is unavailable.
    meta: Option<EventMeta>,
}

/// The result of an erasure.
#[derive(Debug, Object)]
pub struct ErasureDone {
    status: JobStatus,
    /// Why the job failed or was cancelled.
    #[oai(nullable)]
    error: Option<FailureResponse>,
}

lines! {
    /// One NDJSON line of an erasure, by its `type`.
    ErasureLine {
        ErasureProgressLine = "progress": ErasureProgress,
        ErasureDoneLine = "done": ErasureDone,
        ErasureErrorLine = "error": FailureResponse,
        ErasureSnapshotLine = "snapshot": Job,
    }
}

/// Remarks beside the data of an event.
#[derive(Debug, Object)]
pub struct EventMeta {
    /// Dependencies that are unavailable.
    degraded: Vec<Dependency>,
}

/// Why a job waits or failed.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct Explanation {
    id: String,
    state: JobState,
    status: JobStatus,
    /// Number of retries so far.
    attempt: i32,
    /// Number of expired leases.
    crashes: i32,
    /// What the job waits for.
    blocker: String,
    next_action: String,
    /// Time of the next action, if it is known.
    #[oai(nullable)]
    next_action_at: Option<DateTime<Utc>>,
    /// Why the job failed or was cancelled.
    #[oai(nullable)]
    error: Option<FailureResponse>,
}
