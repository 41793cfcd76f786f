//! The events of an intent's job, for the OpenAPI document only: the worker writes what is sent.

use poem_openapi::{Object, Union};

use crate::{
    http::{
        document_types::{IntentStatus, JobStatus, lines},
        failure::FailureResponse,
    },
    routes::jobs::{EventMeta, Job},
};

/// The data of one server-sent event of an intent's job, by its `event`.
#[derive(Debug, Union)]
pub enum PublicationFrame {
    /// `progress`.
    Progress(PublicationProgress),
    /// `result`.
    Result(PublicationResult),
    /// `done`.
    Done(PublicationDone),
    /// `snapshot`.
    Snapshot(Job),
}

/// What is done for an intent; without `seq` a heartbeat.
#[derive(Debug, Object)]
pub struct PublicationProgress {
    /// The step: `checking`, `uploading`, `sending`, `waiting` or `looking_up`.
    step: Option<String>,
    completed: Option<u64>,
    total: Option<u64>,
    /// Present while a dependency is unavailable.
    meta: Option<EventMeta>,
}

/// What became of an intent.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct PublicationResult {
    intent_id: String,
    status: IntentStatus,
    /// Address of the post, if the channel reports one.
    #[oai(nullable)]
    external_url: Option<String>,
    /// Why it was not published, or needs a review.
    #[oai(nullable)]
    error: Option<FailureResponse>,
}

/// The end of an intent's job.
#[derive(Debug, Object)]
pub struct PublicationDone {
    status: JobStatus,
    /// Why the job failed or was cancelled.
    #[oai(nullable)]
    error: Option<FailureResponse>,
}

lines! {
    /// One NDJSON line of an intent's job, by its `type`.
    PublicationLine {
        PublicationProgressLine = "progress": PublicationProgress,
        PublicationResultLine = "result": PublicationResult,
        PublicationDoneLine = "done": PublicationDone,
        PublicationErrorLine = "error": FailureResponse,
        PublicationSnapshotLine = "snapshot": Job,
    }
}
