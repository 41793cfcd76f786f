//! Request and response bodies of organic weeks, as JSON and as the OpenAPI document describes them.

use std::collections::BTreeMap;

use almanac_shared::organic::{
    rules::{GUIDANCE_MAX, LANGUAGE_MAX, OptionsBody, PlacementBody, RequestBody, TIME_LABEL_MAX},
    run::{Run, SavedPlacement},
};
use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::events::PlacementMade;
use crate::http::{
    document_types::{AcceptedStatus, JobStatus, Of, PlacementFormat, SeedPlatform, SeedSource, WeekSchedulePreset},
    error::ApiError,
    failure::FailureResponse,
    reply::Urls,
    text::{ClientId, Text},
};

/// A request for the placements of a brand's week.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct GenerateWeek {
    /// Id of the brand.
    brand_profile_id: ClientId,
    /// Monday of the week, `YYYY-MM-DD`.
    week_start: String,
    /// IANA name; takes precedence over the brand's.
    timezone: String,
    /// By platform: the account of placements that name none.
    #[serde(default)]
    #[oai(nullable)]
    platform_account_ids: Option<BTreeMap<String, ClientId>>,
    /// At most 50, unless the operator set another limit; may be empty with a preset.
    #[oai(validator(max_items = 200))]
    placements: Vec<SeedPlacement>,
    #[serde(default)]
    #[oai(nullable)]
    options: Option<WeekOptions>,
}

/// A placement that the client planned.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct SeedPlacement {
    /// A later run with the same id replaces the placement. Of a repeated id the last one counts.
    placement_id: ClientId,
    /// The trend, question or event that the placement is about.
    trend_id: ClientId,
    /// Local date, `YYYY-MM-DD`, within the week.
    day_id: String,
    /// RFC 3339; its local date in `timezone` must be `dayId` (422 `DAY_MISMATCH`).
    scheduled_at: String,
    /// The client's label for the time.
    #[serde(default)]
    #[oai(nullable)]
    time_label: Option<Text<TIME_LABEL_MAX>>,
    platform: SeedPlatform,
    /// If absent the account of `platformAccountIds`; if that is absent too, an `error` event `MISSING_ACCOUNT`.
    #[serde(default)]
    #[oai(nullable)]
    account_id: Option<ClientId>,
    #[serde(default)]
    #[oai(nullable)]
    seed_source: Option<SeedSource>,
    #[serde(default)]
    #[oai(nullable)]
    desired_format: Option<PlacementFormat>,
    /// Hints for the model, such as `tags` and `priority`.
    #[serde(default)]
    #[oai(nullable)]
    metadata: Option<BTreeMap<String, Value>>,
}

/// Options of a week.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekOptions {
    /// Fills the slots that the placements leave free.
    #[serde(default)]
    #[oai(nullable)]
    schedule_preset: Option<WeekSchedulePreset>,
    /// Adds one placement `newsletter-<dayId>`.
    #[serde(default)]
    #[oai(nullable)]
    include_newsletter: Option<bool>,
    /// Day of the newsletter, `YYYY-MM-DD`. With a preset it defaults to `weekStart`.
    #[serde(default)]
    #[oai(nullable)]
    newsletter_day_id: Option<String>,
    /// Guidance for the model.
    #[serde(default)]
    #[oai(nullable)]
    guidance_prompt: Option<Text<GUIDANCE_MAX>>,
    /// Language of the texts, e.g. `en-US`.
    #[serde(default)]
    #[oai(nullable)]
    language: Option<Text<LANGUAGE_MAX>>,
    /// Platforms that the preset fills first.
    #[serde(default)]
    #[oai(nullable)]
    preferred_platforms: Option<Vec<SeedPlatform>>,
}

impl From<GenerateWeek> for RequestBody {
    fn from(body: GenerateWeek) -> Self {
        let GenerateWeek { brand_profile_id, week_start, timezone, platform_account_ids, placements, options } = body;
        Self {
            brand_profile_id: brand_profile_id.into(),
            week_start,
            timezone,
            platform_account_ids: platform_account_ids
                .map(|ids| ids.into_iter().map(|(platform, id)| (platform, id.into())).collect()),
            placements: placements.into_iter().map(Into::into).collect(),
            options: options.map(Into::into),
        }
    }
}

impl From<SeedPlacement> for PlacementBody {
    fn from(seed: SeedPlacement) -> Self {
        Self {
            placement_id: seed.placement_id.into(),
            trend_id: seed.trend_id.into(),
            day_id: seed.day_id,
            scheduled_at: seed.scheduled_at,
            time_label: seed.time_label.map(Into::into),
            platform: seed.platform.into(),
            account_id: seed.account_id.map(Into::into),
            seed_source: seed.seed_source.map(Into::into),
            desired_format: seed.desired_format.map(Into::into),
            metadata: seed.metadata.map(|metadata| metadata.into_iter().collect()),
        }
    }
}

impl From<WeekOptions> for OptionsBody {
    fn from(options: WeekOptions) -> Self {
        Self {
            schedule_preset: options.schedule_preset.map(Into::into),
            include_newsletter: options.include_newsletter,
            newsletter_day_id: options.newsletter_day_id,
            guidance_prompt: options.guidance_prompt.map(Into::into),
            language: options.language.map(Into::into),
            preferred_platforms: options
                .preferred_platforms
                .map(|platforms| platforms.into_iter().map(Into::into).collect()),
        }
    }
}

/// An accepted week.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekAccepted {
    /// Also the id of the job.
    pub(super) run_id: String,
    pub(super) brand_profile_id: String,
    /// Monday of the week, `YYYY-MM-DD`.
    pub(super) week_start: String,
    pub(super) status: AcceptedStatus,
    pub(super) urls: Urls,
}

/// A week whose run has ended (`Prefer: wait`).
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekResponse {
    /// Also the id of the job.
    run_id: String,
    brand_profile_id: String,
    /// Monday of the week, `YYYY-MM-DD`.
    week_start: String,
    status: JobStatus,
    /// Number of planned placements; null if the run never started.
    #[oai(nullable)]
    total: Option<i32>,
    /// Number of placements with an `error` event.
    errors: i32,
    /// Milliseconds from the first start to the end.
    #[oai(nullable)]
    latency_ms: Option<i64>,
    /// Input and output tokens.
    #[oai(nullable)]
    tokens: Option<i32>,
    #[oai(nullable)]
    tokens_input: Option<i32>,
    #[oai(nullable)]
    tokens_output: Option<i32>,
    /// Cost in US dollars, if the provider reports it.
    #[oai(nullable)]
    cost_usd: Option<f64>,
    /// Why the run did not succeed.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
    created_at: DateTime<Utc>,
    #[oai(nullable)]
    finished_at: Option<DateTime<Utc>>,
    run: WeekRun,
    /// Saved placements, ordered by time.
    placements: Vec<PlacementResponse>,
}

/// The run of a week.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekRun {
    /// Also the id of the job.
    id: String,
    status: JobStatus,
    /// Number of planned placements; null if the run never started.
    #[oai(nullable)]
    total: Option<i32>,
    /// Number of generated placements.
    placements: i32,
    /// Number of placements with an `error` event.
    errors: i32,
    /// Milliseconds from the first start to the end.
    #[oai(nullable)]
    latency_ms: Option<i64>,
    /// Input and output tokens.
    #[oai(nullable)]
    tokens: Option<i32>,
    #[oai(nullable)]
    tokens_input: Option<i32>,
    #[oai(nullable)]
    tokens_output: Option<i32>,
    /// Cost in US dollars, if the provider reports it.
    #[oai(nullable)]
    cost_usd: Option<f64>,
    /// The message of `error`.
    #[oai(nullable)]
    message: Option<String>,
    /// Why the run did not succeed.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
    created_at: DateTime<Utc>,
    #[oai(nullable)]
    finished_at: Option<DateTime<Utc>>,
}

impl From<&Run> for WeekRun {
    fn from(run: &Run) -> Self {
        let message = run.error.as_ref().and_then(|error| error["message"].as_str());
        Self {
            id: run.id.to_string(),
            status: run.status.clone().into(),
            total: run.total,
            placements: run.placed,
            errors: run.failed,
            latency_ms: run.latency_ms,
            tokens: run.tokens_input.zip(run.tokens_output).map(|(read, written)| read + written),
            tokens_input: run.tokens_input,
            tokens_output: run.tokens_output,
            cost_usd: run.cost_usd,
            message: message.map(str::to_owned),
            error: run.error.clone().map(Into::into),
            created_at: run.created_at,
            finished_at: run.finished_at,
        }
    }
}

impl WeekResponse {
    /// With what it made.
    ///
    /// # Errors
    /// What is stored was not made by us.
    pub(super) fn of(run: Run, made: &[SavedPlacement]) -> Result<Self, ApiError> {
        Ok(Self {
            run: (&run).into(),
            run_id: run.id.to_string(),
            brand_profile_id: run.brand_id.to_string(),
            week_start: run.week_start.to_string(),
            status: run.status.into(),
            total: run.total,
            errors: run.failed,
            latency_ms: run.latency_ms,
            tokens: run.tokens_input.zip(run.tokens_output).map(|(read, written)| read + written),
            tokens_input: run.tokens_input,
            tokens_output: run.tokens_output,
            cost_usd: run.cost_usd,
            error: run.error.map(Into::into),
            created_at: run.created_at,
            finished_at: run.finished_at,
            placements: shown(made)?,
        })
    }
}

/// An asset that matches a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AssetMatch {
    asset_id: String,
    /// Sum of the weights of the shared terms.
    score: u32,
    /// The shared terms.
    reason: String,
}

/// A saved placement: the fields of its event, with later edits, and its version.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementResponse {
    #[serde(flatten)]
    #[oai(flatten)]
    placement: PlacementMade,
    /// Monday of the week, `YYYY-MM-DD`.
    week_start: String,
    /// IANA name of the zone of the last request.
    timezone: String,
    /// Number of changes, from 1. The value for `If-Match`.
    version: i64,
    /// Fields that a person edited, e.g. `copy.caption`. No run overwrites them.
    edited_fields: Vec<String>,
    /// The last run that generated it.
    run_id: String,
    /// Matching assets, best first.
    asset_matches: Vec<AssetMatch>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<&SavedPlacement> for PlacementResponse {
    type Error = ApiError;

    fn try_from(saved: &SavedPlacement) -> Result<Self, ApiError> {
        let shown = saved.wire().and_then(serde_json::from_value);
        shown.map_err(|error| ApiError::internal(anyhow::Error::new(error).context("showing a placement")))
    }
}

/// Saved placements as they are shown.
///
/// # Errors
/// What is stored was not made by us.
pub(super) fn shown(saved: &[SavedPlacement]) -> Result<Vec<PlacementResponse>, ApiError> {
    saved.iter().map(PlacementResponse::try_from).collect()
}

/// A page of placements.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementPage {
    /// Ordered by time, then by id.
    pub(super) items: Vec<PlacementResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}
