//! The events of a week's stream, for the OpenAPI document only: `almanac_shared::organic::event` writes what is sent. A
//! test compares both.

use poem_openapi::{Object, Union, types::Type};
use serde::{Deserialize, Serialize};

use super::dto::PlacementResponse;
use crate::{
    http::{
        document_types::{
            JobStatus, PlacementFormat, PlacementOutlet, PlacementTimeOfDay, SeedSource, WeekStage, lines,
        },
        stream::described_logs,
    },
    routes::jobs::{EventMeta, Job},
};

/// The data of one server-sent event of a week, by its `event`.
#[derive(Debug, Union)]
pub enum WeekFrame {
    /// `progress`.
    Progress(WeekProgress),
    /// `placement`.
    Placement(WeekPlacement),
    /// `error`.
    Error(WeekError),
    /// `complete`.
    Complete(WeekComplete),
    /// `snapshot`.
    Snapshot(WeekSnapshot),
}

/// Progress of a run; without `seq` a heartbeat, at least every 5 s.
#[derive(Debug, Object)]
pub struct WeekProgress {
    /// Number of placements that are finished or failed.
    completed: u32,
    /// Number of planned placements.
    total: u32,
    stage: Option<WeekStage>,
    message: Option<String>,
    /// Present while a dependency is unavailable.
    meta: Option<EventMeta>,
}

/// A generated placement.
#[derive(Debug, Object)]
pub struct WeekPlacement {
    placement: PlacementMade,
}

/// A failure of a placement or, without `placementId`, of the run.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct WeekError {
    /// E.g. `MISSING_ACCOUNT`, `TREND_NOT_FOUND`, `NO_FREE_SLOT`, `ACCOUNT_DISCONNECTED`, `AUTH_FAILED`, `SLOT_UNFILLED`.
    code: Option<String>,
    message: String,
    placement_id: Option<String>,
}

/// The result of a week's run.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct WeekComplete {
    status: Option<JobStatus>,
    /// Number of generated placements.
    placements: Option<u32>,
    /// Number of placements with an `error` event.
    errors: Option<u32>,
    /// Number of placements that were moved to a free slot.
    adjusted: Option<u32>,
    /// Milliseconds from the first start to the end.
    latency_ms: Option<i64>,
    /// Input and output tokens.
    tokens: Option<i64>,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    /// Cost in US dollars, if the provider reports it.
    cost_usd: Option<f64>,
    message: Option<String>,
}

/// The data of a `snapshot`: the job with its placements.
#[derive(Debug, Object)]
pub struct WeekSnapshot {
    #[oai(flatten)]
    job: Job,
    placements: Vec<PlacementResponse>,
}

lines! {
    /// One NDJSON line of a week, by its `type`.
    WeekLine {
        WeekProgressLine = "progress": WeekProgress,
        WeekPlacementLine = "placement": WeekPlacement,
        WeekErrorLine = "error": WeekError,
        WeekCompleteLine = "complete": WeekComplete,
        WeekSnapshotLine = "snapshot": WeekSnapshot,
    }
}

/// A merge patch of a placement. `null` removes an optional value and empties a list or an optional text.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct PlacementPatch {
    schedule: Option<SchedulePatch>,
    platform: Option<PlatformPatch>,
    content: Option<ContentPatch>,
    creative: Option<CreativePatch>,
    copy: Option<CopyPatch>,
    /// Read-only: must have its current value.
    placement_id: Option<String>,
    /// Read-only: must have its current value.
    seed: Option<PlacementOrigin>,
}

/// The time of a placement. `scheduledAt` decides; `dayId` alone keeps the local time.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", rename = "PlacementSchedulePatch")]
struct SchedulePatch {
    /// Local date, `YYYY-MM-DD`.
    day_id: Option<String>,
    /// RFC 3339.
    scheduled_at: Option<String>,
    /// Ignored: computed from `scheduledAt`.
    #[oai(nullable)]
    time_of_day: Option<PlacementTimeOfDay>,
    /// Ignored.
    #[oai(nullable)]
    adjusted: Option<bool>,
    /// Ignored.
    #[oai(nullable)]
    reason: Option<String>,
}

/// Platform and account of a placement.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", rename = "PlacementPlatformPatch")]
struct PlatformPatch {
    name: Option<PlacementOutlet>,
    /// Null for a newsletter.
    #[oai(nullable)]
    account_id: Option<String>,
}

/// Content of a placement.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", rename = "PlacementContentPatch")]
struct ContentPatch {
    #[oai(rename = "type")]
    kind: Option<PlacementFormat>,
    /// Name of the format for people; follows `type` if absent.
    format: Option<String>,
    title_topic: Option<String>,
    #[oai(nullable)]
    objective: Option<String>,
    #[oai(nullable)]
    target: Option<String>,
    #[oai(nullable)]
    tone: Option<String>,
    #[oai(nullable)]
    cta: Option<String>,
    #[oai(nullable, validator(minimum(value = "1"), maximum(value = "35")))]
    num_slides: Option<u32>,
}

/// Visual part of a placement.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", rename = "PlacementCreativePatch")]
struct CreativePatch {
    #[oai(nullable)]
    creative_idea: Option<String>,
    #[oai(nullable)]
    asset_ids: Option<Vec<String>>,
    #[oai(nullable)]
    asset_hints: Option<Vec<PlacementHint>>,
}

/// Text of a placement.
#[derive(Debug, Object)]
#[oai(rename = "PlacementCopyPatch")]
struct CopyPatch {
    #[oai(nullable)]
    caption: Option<String>,
    hashtags: Option<HashtagsPatch>,
}

/// Hashtags by search volume.
#[derive(Debug, Object)]
#[oai(rename = "PlacementHashtagsPatch")]
struct HashtagsPatch {
    #[oai(nullable)]
    high: Option<Vec<String>>,
    #[oai(nullable)]
    medium: Option<Vec<String>>,
    #[oai(nullable)]
    low: Option<Vec<String>>,
}

/// A placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementMade {
    /// The id of the request, or `preset-…` or `newsletter-…`.
    placement_id: String,
    schedule: PlacementSchedule,
    platform: PlacementPlatform,
    seed: PlacementOrigin,
    content: PlacementContent,
    creative: PlacementCreative,
    copy: PlacementCopy,
}

/// Time of a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementSchedule {
    /// Local date, `YYYY-MM-DD`.
    day_id: String,
    /// RFC 3339.
    scheduled_at: String,
    time_of_day: PlacementTimeOfDay,
    /// Whether it was moved from the requested time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    adjusted: Option<bool>,
    /// Reason of the move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Platform and account of a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementPlatform {
    name: PlacementOutlet,
    /// Null for a newsletter.
    #[oai(nullable)]
    account_id: Option<String>,
}

/// Origin of a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementOrigin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trend_id: Option<String>,
    source: SeedSource,
}

/// Content of a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementContent {
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: PlacementFormat,
    /// Name of the format for people.
    format: String,
    /// Topic in one line.
    title_topic: String,
    /// Objective of the post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objective: Option<String>,
    /// Target audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tone: Option<String>,
    /// Call to action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cta: Option<String>,
    /// Number of slides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    num_slides: Option<u32>,
}

/// Visual part of a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementCreative {
    creative_idea: String,
    /// Matching assets of the brand's library.
    asset_ids: Vec<String>,
    /// Assets to produce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asset_hints: Option<Vec<PlacementHint>>,
}

/// An asset to produce.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
pub struct PlacementHint {
    /// Its role, e.g. `hook`.
    role: String,
    suggestion: String,
}

/// Text of a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
pub struct PlacementCopy {
    caption: String,
    hashtags: PlacementHashtags,
}

/// Hashtags by search volume.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
pub struct PlacementHashtags {
    high: Vec<String>,
    medium: Vec<String>,
    low: Vec<String>,
}

described_logs! {
    /// The events of a week as NDJSON.
    WeekLines(NdjsonLog) as WeekLine;
    /// The events of a week as server-sent events.
    WeekFrames(SseLog) as WeekFrame;
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_description_says_what_the_lines_say() {
        let lines = include_str!("../../../../tests/golden/organic/events.ndjson").lines();
        let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let placement = lines.into_iter().find(|line| line["type"] == "placement").unwrap()["placement"].clone();

        let read: PlacementMade = serde_json::from_value(placement.clone()).unwrap();

        assert_eq!(serde_json::to_value(read).unwrap(), placement, "no key is missing and none is made up");
    }
}
