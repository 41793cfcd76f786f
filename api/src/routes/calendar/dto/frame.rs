//! The events of a calendar's stream, for the OpenAPI document only: the worker or a dry run writes what is sent. A test
//! compares real events with these types.

use poem_openapi::{Object, Union, types::Type};
use serde::{Deserialize, Serialize};

use super::entry::{DiffResponse, EntryMade};
use crate::{
    http::{
        document_types::{CalendarEventType, CalendarStage, Dependency, JobStatus},
        failure::FailureResponse,
        stream::described_logs,
    },
    routes::jobs::Job,
};

/// The data of one server-sent event of a calendar run.
#[derive(Debug, Object)]
pub struct CalendarFrame {
    data: FrameData,
    /// Set in `error`, and in the `done` of a run that failed or was cancelled.
    #[oai(nullable)]
    error: Option<StreamError>,
    meta: FrameMeta,
}

/// One NDJSON line of a calendar run: an event with its type and `seq`.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CalendarLine {
    #[oai(rename = "type")]
    kind: CalendarEventType,
    /// Position in the event log, from 1; absent in heartbeats.
    seq: Option<i64>,
    #[oai(flatten)]
    frame: CalendarFrame,
}

/// The data of an event, by its type.
#[derive(Debug, Union)]
pub enum FrameData {
    /// `progress`.
    Progress(Progress),
    /// `entry`.
    Entry(EntryMade),
    /// `diff`.
    Diff(DiffResponse),
    /// `error`: the run continues.
    Error(StreamError),
    /// `done`.
    Summary(RunSummary),
    /// `snapshot`.
    Snapshot(CalendarSnapshot),
}

/// Progress of a run.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Progress {
    /// Number of generated entries.
    completed: i64,
    /// Number of slots.
    total: i64,
    stage: CalendarStage,
    percent: Option<i64>,
}

/// A failure of a slot or of the run.
#[derive(Debug, Object)]
pub struct StreamError {
    #[oai(flatten)]
    failure: FailureResponse,
    /// Key of the slot.
    key: Option<String>,
}

/// The data of a `snapshot`: the job with its entries.
#[derive(Debug, Object)]
pub struct CalendarSnapshot {
    #[oai(flatten)]
    job: Job,
    entries: Vec<EntryMade>,
}

/// The result of a run.
#[derive(Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct RunSummary {
    status: JobStatus,
    /// Number of generated entries.
    entries: i64,
    /// Number of entries that were not saved when the run ended.
    #[oai(nullable)]
    added: Option<i64>,
    /// Number of entries that differed from the saved ones when the run ended.
    #[oai(nullable)]
    updated: Option<i64>,
    /// Number of saved entries without a slot in the run.
    #[oai(nullable)]
    removed: Option<i64>,
    /// Milliseconds from the first start to the end.
    #[oai(nullable)]
    latency_ms: Option<i64>,
    /// Input and output tokens.
    #[oai(nullable)]
    tokens: Option<i64>,
    #[oai(nullable)]
    tokens_input: Option<i64>,
    #[oai(nullable)]
    tokens_output: Option<i64>,
    /// Cost in US dollars, if the provider reports it.
    #[oai(nullable)]
    cost_usd: Option<f64>,
    /// False in a dry run, absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persisted: Option<bool>,
    /// Message for people.
    #[oai(nullable)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Position of an event: its run, its calendar, its place in the log.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct FrameMeta {
    /// Null in a dry run.
    #[oai(nullable)]
    run_id: Option<String>,
    /// Null in the dry run of a new calendar.
    #[oai(nullable)]
    calendar_id: Option<String>,
    /// Version of the run; null in a dry run.
    #[oai(nullable)]
    version: Option<i32>,
    /// Position in the event log; null for events that are not stored.
    #[oai(nullable)]
    seq: Option<i64>,
    /// True in the final event.
    done: bool,
    /// True in a dry run, absent otherwise.
    dry_run: Option<bool>,
    /// Dependencies that are unavailable.
    degraded: Option<Vec<Dependency>>,
}

described_logs! {
    /// The events of a calendar run as server-sent events.
    CalendarSse(SseLog) as CalendarFrame;
    /// The events of a calendar run as NDJSON.
    CalendarNdjson(NdjsonLog) as CalendarLine;
}
