//! The events of a generation's stream, for the OpenAPI document only: the worker writes what is sent.

use poem_openapi::{Object, Union, types::Type};

use super::dto::SuggestionResponse;
use crate::{
    http::{
        document_types::{GenerationStatus, lines},
        failure::FailureResponse,
        stream::described_logs,
    },
    routes::jobs::{EventMeta, Job},
};

described_logs! {
    /// The events of a generation as server-sent events.
    GenerationSse(SseLog) as GenerationFrame;
    /// The events of a generation as NDJSON.
    GenerationNdjson(NdjsonLog) as GenerationLine;
}

/// The data of one server-sent event of a generation, by its `event`.
#[derive(Debug, Union)]
pub enum GenerationFrame {
    /// `progress`.
    Progress(GenerationProgress),
    /// `suggestion`.
    Suggestion(SuggestionMade),
    /// `error`.
    Error(FailureResponse),
    /// `done`.
    Done(GenerationDone),
    /// `snapshot`.
    Snapshot(GenerationSnapshot),
}

lines! {
    /// One NDJSON line of a generation, by its `type`.
    GenerationLine {
        GenerationProgressLine = "progress": GenerationProgress,
        GenerationSuggestionLine = "suggestion": SuggestionMade,
        GenerationErrorLine = "error": FailureResponse,
        GenerationDoneLine = "done": GenerationDone,
        GenerationSnapshotLine = "snapshot": GenerationSnapshot,
    }
}

/// Progress of a generation; without `seq` a heartbeat.
#[derive(Debug, Object)]
pub struct GenerationProgress {
    /// Number of suggestions.
    completed: u64,
    /// Number of requested suggestions.
    total: u64,
    stage: Option<String>,
    percent: Option<u64>,
    /// Present while a dependency is unavailable.
    meta: Option<EventMeta>,
}

/// A new suggestion.
#[derive(Debug, Object)]
pub struct SuggestionMade {
    id: String,
    front: String,
    back: String,
}

/// The result of a generation.
#[derive(Debug, Object)]
pub struct GenerationDone {
    status: GenerationStatus,
    /// Number of suggestions.
    suggestions: u64,
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
    /// Why the generation failed or was cancelled.
    #[oai(nullable)]
    error: Option<FailureResponse>,
}

/// The data of a `snapshot`: the job with its suggestions.
#[derive(Debug, Object)]
pub struct GenerationSnapshot {
    #[oai(flatten)]
    job: Job,
    suggestions: Vec<SuggestionResponse>,
}
