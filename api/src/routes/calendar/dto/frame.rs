//! The frames of a calendar's stream, for the description alone: what is sent was written by the worker, or is a dry run's,
//! and goes out as it is. A test holds real frames against these shapes.

use poem::{IntoResponse, Response};
use poem_openapi::{
    Object, Union,
    payload::Payload,
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::{Deserialize, Serialize};

use super::entry::{DiffShown, EntryMade};
use crate::http::stream::{NdjsonLog, SseLog};

/// The data of one server-sent event of a calendar.
#[derive(Debug, Object)]
pub struct CalendarFrame {
    /// By the event's type: `progress`, `entry`, `diff`, `error`, or `done`.
    data: FrameData,
    /// Of an `error`, and of the `done` of a run that failed; else null.
    error: Option<StreamError>,
    /// What it is part of.
    meta: FrameMeta,
}

/// One line of a calendar's NDJSON: the frame with its type and place.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CalendarLine {
    /// `progress`, `entry`, `diff`, `error`, or `done`.
    #[oai(rename = "type")]
    kind: String,
    /// Its place in the log, from 1; absent in a heartbeat.
    seq: Option<i64>,
    #[oai(flatten)]
    frame: CalendarFrame,
}

/// What a frame carries.
#[derive(Debug, Union)]
pub enum FrameData {
    /// Of `progress`.
    Progress(Progress),
    /// Of `entry`: told the moment its object closes in the model's answer.
    Entry(EntryMade),
    /// Of `diff`: only for a calendar that is made anew.
    Diff(DiffShown),
    /// Of `error`: the run goes on.
    Error(StreamError),
    /// Of `done`.
    Summary(RunSummary),
}

/// How far a run has come.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Progress {
    /// Entries that are there.
    completed: i64,
    /// Entries that there will be.
    total: i64,
    /// `queued`, `drafting` or `finalizing`.
    stage: String,
    /// The share of the two.
    percent: Option<i64>,
}

/// Something that went wrong.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct StreamError {
    /// For programs.
    code: String,
    /// For people.
    message: String,
    /// The slot it is about.
    key: Option<String>,
    /// What the model's provider did, when that is why a run failed.
    reason: Option<String>,
    /// Whether the same may succeed later.
    retryable: Option<bool>,
    /// The provider's HTTP status.
    provider_status: Option<i64>,
    /// The provider's id of the call.
    request_id: Option<String>,
    /// The beginning of what the provider said, without secrets.
    excerpt: Option<String>,
    /// How long the call took.
    latency_ms: Option<i64>,
    /// When the provider would like to be asked again.
    retry_after_seconds: Option<i64>,
}

/// How a run ended.
#[derive(Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct RunSummary {
    /// `succeeded`, `partial`, `timeout`, `failed` or `cancelled`.
    status: String,
    /// Entries it made.
    entries: i64,
    /// Entries that were new when it ended; null where nobody counted.
    added: Option<i64>,
    /// Entries that differed from the saved ones when it ended.
    updated: Option<i64>,
    /// Entries that it dropped.
    removed: Option<i64>,
    /// Milliseconds from its first start to its end.
    latency_ms: Option<i64>,
    /// All tokens.
    tokens: Option<i64>,
    /// Tokens read.
    tokens_input: Option<i64>,
    /// Tokens written.
    tokens_output: Option<i64>,
    /// US dollars, when the provider says.
    cost_usd: Option<f64>,
    /// False in a dry run, absent elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persisted: Option<bool>,
    /// For people, when there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What a frame is part of.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct FrameMeta {
    /// The run; null in a dry run.
    run_id: Option<String>,
    /// Its calendar.
    calendar_id: Option<String>,
    /// The run's version; null in a dry run.
    version: Option<i32>,
    /// The frame's place in the log; null for what is not stored.
    seq: Option<i64>,
    /// True in the last frame.
    done: bool,
    /// True when nothing of it was done or stored.
    dry_run: Option<bool>,
    /// What was away meanwhile, e.g. `storage`.
    degraded: Option<Vec<String>>,
}

macro_rules! described {
    ($($(#[$doc:meta])* $name:ident($log:ident) as $frame:ident;)*) => {$(
        $(#[$doc])*
        pub struct $name(pub $log);

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                self.0.into_response()
            }
        }

        impl Payload for $name {
            const CONTENT_TYPE: &'static str = $log::CONTENT_TYPE;

            fn schema_ref() -> MetaSchemaRef {
                $frame::schema_ref()
            }

            fn register(registry: &mut Registry) {
                $frame::register(registry);
            }
        }
    )*};
}

described! {
    /// A calendar's log as server-sent events.
    CalendarSse(SseLog) as CalendarFrame;
    /// A calendar's log as NDJSON.
    CalendarNdjson(NdjsonLog) as CalendarLine;
}
