//! The lines of a week's stream as OpenAPI describes them, and the payload that carries them.
//! The description is what this file is for: the bytes are made in `almanac_shared::organic::event`, and a test holds
//! that both say the same.

use poem::{IntoResponse, Response};
use poem_openapi::{
    Object, Union,
    payload::Payload,
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::{Deserialize, Serialize};

/// One line of the stream, by its `type`.
#[derive(Clone, Debug, Union)]
#[oai(one_of, discriminator_name = "type")]
#[expect(clippy::large_enum_variant, reason = "none is ever made: only the description is used")]
pub enum WeekEvent {
    /// How far the run is; also the heartbeat, at least every 5 s, then without `seq`.
    #[oai(mapping = "progress")]
    Progress(WeekProgress),
    /// One placement is ready.
    #[oai(mapping = "placement")]
    Placement(WeekPlacement),
    /// One placement could not be made or, without an id, the week.
    #[oai(mapping = "error")]
    Error(WeekError),
    /// The last line.
    #[oai(mapping = "complete")]
    Complete(WeekComplete),
}

/// How far a run is.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct WeekProgress {
    /// The place in the log; absent in heartbeats.
    seq: Option<i64>,
    /// Placements that are done, also those that failed.
    completed: u32,
    /// Placements of the run.
    total: u32,
    /// `analyzing`, `drafting`, `matching`, `optimizing` or `finalizing`.
    stage: Option<String>,
    /// For a person.
    message: Option<String>,
}

/// A placement that is ready.
#[derive(Clone, Debug, Object)]
pub struct WeekPlacement {
    /// The place in the log.
    seq: i64,
    /// The placement.
    placement: PlacementMade,
}

/// Why something could not be made.
#[derive(Clone, Debug, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct WeekError {
    /// The place in the log.
    seq: i64,
    /// E.g. `MISSING_ACCOUNT`, `TREND_NOT_FOUND`, `NO_FREE_SLOT`, `ACCOUNT_DISCONNECTED`, `AUTH_FAILED`, `SLOT_UNFILLED`.
    code: Option<String>,
    /// For a person.
    message: String,
    /// The placement; absent when it is about the whole week.
    placement_id: Option<String>,
}

/// The end.
#[derive(Clone, Debug, Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct WeekComplete {
    /// The place in the log.
    seq: i64,
    /// `succeeded`, `partial`, `timeout`, `failed` or `cancelled`.
    status: Option<String>,
    /// Placements that were made.
    placements: Option<u32>,
    /// Placements that were not.
    errors: Option<u32>,
    /// Placements that were moved.
    adjusted: Option<u32>,
    /// Milliseconds from the first start.
    latency_ms: Option<i64>,
    /// All tokens.
    tokens: Option<i64>,
    /// Tokens read.
    tokens_input: Option<i64>,
    /// Tokens written.
    tokens_output: Option<i64>,
    /// US dollars.
    cost_usd: Option<f64>,
    /// For a person.
    message: Option<String>,
}

/// A placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementMade {
    /// Its stable id.
    placement_id: String,
    /// When.
    schedule: PlacementSchedule,
    /// Where.
    platform: PlacementPlatform,
    /// What it grew from.
    seed: PlacementOrigin,
    /// What it is.
    content: PlacementContent,
    /// How it looks.
    creative: PlacementCreative,
    /// What it says.
    copy: PlacementCopy,
}

/// When a placement goes out.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementSchedule {
    /// The local date.
    day_id: String,
    /// The instant.
    scheduled_at: String,
    /// `morning`, `afternoon`, `evening` or `night`.
    time_of_day: String,
    /// True when it is not the time that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    adjusted: Option<bool>,
    /// Why it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Where a placement goes out.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementPlatform {
    /// The platform, or `newsletter`.
    name: String,
    /// The account; null for a newsletter.
    account_id: Option<String>,
}

/// What a placement grew from.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementOrigin {
    /// The trend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trend_id: Option<String>,
    /// `trend`, `question`, `event` or `manual`.
    source: String,
}

/// What a placement is.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementContent {
    /// `reel`, `carousel`, `story`, `post` or `newsletter`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: String,
    /// The same for people.
    format: String,
    /// What it is about, in a line.
    title_topic: String,
    /// What it shall achieve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objective: Option<String>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// How it speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tone: Option<String>,
    /// What it asks people to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cta: Option<String>,
    /// Its slides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    num_slides: Option<u32>,
}

/// How a placement looks.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct PlacementCreative {
    /// The idea.
    creative_idea: String,
    /// Assets of the brand's library that fit.
    asset_ids: Vec<String>,
    /// What to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asset_hints: Option<Vec<PlacementHint>>,
}

/// Something to make.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
pub struct PlacementHint {
    /// What part it plays, e.g. `hook`.
    role: String,
    /// What it shows.
    suggestion: String,
}

/// What a placement says.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
pub struct PlacementCopy {
    /// The text to publish.
    caption: String,
    /// Its tags.
    hashtags: PlacementHashtags,
}

/// Tags by how many people look for them.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
pub struct PlacementHashtags {
    /// Many.
    high: Vec<String>,
    /// Some.
    medium: Vec<String>,
    /// Few.
    low: Vec<String>,
}

macro_rules! logs {
    ($($(#[$doc:meta])* $name:ident = $media:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name(pub(super) Response);

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                self.0
            }
        }

        impl Payload for $name {
            const CONTENT_TYPE: &'static str = $media;

            fn schema_ref() -> MetaSchemaRef {
                WeekEvent::schema_ref()
            }

            fn register(registry: &mut Registry) {
                WeekEvent::register(registry);
            }
        }
    )*};
}

logs! {
    /// A week's log, one JSON object a line.
    WeekLines = "application/x-ndjson";
    /// A week's log as server-sent events: the same objects as `data`, without `type` and `seq`, which are `event` and `id`.
    WeekFrames = "text/event-stream";
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
