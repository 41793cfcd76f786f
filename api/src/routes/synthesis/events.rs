//! The events of a synthesis and of a mail, for the OpenAPI document only: the worker writes what is sent.

use poem_openapi::{Object, Union, types::Type};

use super::dto::synthesis::{ArticleResponse, SectionResponse};
use crate::{
    http::{
        document_types::{DeliveryStatus, GenerationStatus, JobStatus, lines},
        failure::FailureResponse,
        stream::described_logs,
    },
    routes::jobs::{EventMeta, Job},
};

described_logs! {
    /// The events of a synthesis as server-sent events.
    SynthesisSse(SseLog) as SynthesisFrame;
    /// The events of a synthesis as NDJSON.
    SynthesisNdjson(NdjsonLog) as SynthesisLine;
}

/// The data of one server-sent event of a synthesis, by its `event`.
#[derive(Debug, Union)]
pub enum SynthesisFrame {
    /// `progress`.
    Progress(SynthesisProgress),
    /// `section`.
    Section(SectionMade),
    /// `error`.
    Error(FailureResponse),
    /// `done`.
    Done(SynthesisDone),
    /// `snapshot`.
    Snapshot(SynthesisSnapshot),
}

lines! {
    /// One NDJSON line of a synthesis, by its `type`.
    SynthesisLine {
        SynthesisProgressLine = "progress": SynthesisProgress,
        SynthesisSectionLine = "section": SectionMade,
        SynthesisErrorLine = "error": FailureResponse,
        SynthesisDoneLine = "done": SynthesisDone,
        SynthesisSnapshotLine = "snapshot": SynthesisSnapshot,
    }
}

/// Progress of a synthesis; without `seq` a heartbeat.
#[derive(Debug, Object)]
pub struct SynthesisProgress {
    /// `init`, `fetch` or `write`.
    step: String,
    message: String,
    percent: u64,
    /// Present while a dependency is unavailable.
    meta: Option<EventMeta>,
}

/// A new section.
#[derive(Debug, Object)]
pub struct SectionMade {
    title: String,
    summary: String,
    articles: Vec<ArticleResponse>,
}

/// The result of a synthesis.
#[derive(Debug, Object)]
pub struct SynthesisDone {
    status: GenerationStatus,
    synthesis_id: String,
    #[oai(nullable)]
    week: Option<String>,
    /// Number of sections.
    sections: u64,
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
    /// Why the synthesis failed or was cancelled.
    #[oai(nullable)]
    error: Option<FailureResponse>,
}

/// The data of a `snapshot`: the job with its sections.
#[derive(Debug, Object)]
pub struct SynthesisSnapshot {
    #[oai(flatten)]
    job: Job,
    sections: Vec<SectionResponse>,
}

/// The data of one server-sent event of a mail, by its `event`.
#[derive(Debug, Union)]
pub enum MailFrame {
    /// `progress`: a heartbeat.
    Progress(MailProgress),
    /// `done`.
    Done(MailDone),
    /// `snapshot`.
    Snapshot(Job),
}

/// A heartbeat.
#[derive(Debug, Object)]
pub struct MailProgress {
    completed: Option<u64>,
    total: Option<u64>,
    /// Present while a dependency is unavailable.
    meta: Option<EventMeta>,
}

/// The end of a mail's job.
#[derive(Debug, Object)]
pub struct MailDone {
    status: JobStatus,
    /// What became of the mail.
    delivery: Option<DeliveryStatus>,
    /// Why it was not sent.
    #[oai(nullable)]
    error: Option<FailureResponse>,
}

lines! {
    /// One NDJSON line of a mail, by its `type`.
    MailLine {
        MailProgressLine = "progress": MailProgress,
        MailDoneLine = "done": MailDone,
        MailErrorLine = "error": FailureResponse,
        MailSnapshotLine = "snapshot": Job,
    }
}
