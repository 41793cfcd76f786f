//! The words of organic weeks on the wire: what a client sends and sees, field by field.
//! The routes beside this read and make them; nothing here asks anybody anything.

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
    error::ApiError,
    reply::Urls,
    text::{ClientId, Text},
};

/// A request for a week.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct GenerateWeek {
    /// The brand.
    brand_profile_id: ClientId,
    /// The Monday, `YYYY-MM-DD`.
    week_start: String,
    /// IANA name.
    timezone: String,
    /// The account of each platform, where a placement names none.
    #[serde(default)]
    platform_account_ids: Option<BTreeMap<String, ClientId>>,
    /// What was placed, at most 50; may be empty with a preset.
    #[oai(validator(max_items = 200))]
    placements: Vec<SeedPlacement>,
    /// What else is wanted.
    #[serde(default)]
    options: Option<WeekOptions>,
}

/// A placement as it was seeded.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct SeedPlacement {
    /// Its stable id: made anew under it, never doubled. Of a repeated one the last wins.
    placement_id: ClientId,
    /// The trend, question or event it grows from.
    trend_id: ClientId,
    /// Its local date, `YYYY-MM-DD`, inside the week.
    day_id: String,
    /// When, RFC 3339; on `dayId` by the clocks of `timezone`.
    scheduled_at: String,
    /// What the client shows for the time.
    #[serde(default)]
    time_label: Option<Text<TIME_LABEL_MAX>>,
    /// `instagram`, `linkedin`, `facebook`, `tiktok` or `youtube`.
    platform: String,
    /// The account; else that of `platformAccountIds`, else an `error` event `MISSING_ACCOUNT`.
    #[serde(default)]
    account_id: Option<ClientId>,
    /// `trend`, `question`, `event` or `manual`.
    #[serde(default)]
    seed_source: Option<String>,
    /// `reel`, `carousel`, `story`, `post` or `newsletter`.
    #[serde(default)]
    desired_format: Option<String>,
    /// Hints such as `tags` and `priority`.
    #[serde(default)]
    metadata: Option<BTreeMap<String, Value>>,
}

/// What is wanted of a week beside its placements.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekOptions {
    /// `beta-launch`: fills what the placements leave free.
    #[serde(default)]
    schedule_preset: Option<String>,
    /// Adds one placement `newsletter-<dayId>`.
    #[serde(default)]
    include_newsletter: Option<bool>,
    /// Its day; with a preset the first of the week when absent.
    #[serde(default)]
    newsletter_day_id: Option<String>,
    /// What the copy shall heed.
    #[serde(default)]
    guidance_prompt: Option<Text<GUIDANCE_MAX>>,
    /// The language to write in, e.g. `en-US`.
    #[serde(default)]
    language: Option<Text<LANGUAGE_MAX>>,
    /// Platforms to fill first.
    #[serde(default)]
    preferred_platforms: Option<Vec<String>>,
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
            platform: seed.platform,
            account_id: seed.account_id.map(Into::into),
            seed_source: seed.seed_source,
            desired_format: seed.desired_format,
            metadata: seed.metadata.map(|metadata| metadata.into_iter().collect()),
        }
    }
}

impl From<WeekOptions> for OptionsBody {
    fn from(options: WeekOptions) -> Self {
        Self {
            schedule_preset: options.schedule_preset,
            include_newsletter: options.include_newsletter,
            newsletter_day_id: options.newsletter_day_id,
            guidance_prompt: options.guidance_prompt.map(Into::into),
            language: options.language.map(Into::into),
            preferred_platforms: options.preferred_platforms,
        }
    }
}

/// An accepted week.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekAccepted {
    /// Its id; its job has the same.
    pub(super) run_id: String,
    /// Its brand.
    pub(super) brand_profile_id: String,
    /// Its Monday.
    pub(super) week_start: String,
    /// Always `pending`.
    pub(super) status: String,
    /// Its links.
    pub(super) urls: Urls,
}

/// A finished week.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekShown {
    /// Its id; its job has the same.
    run_id: String,
    /// Its brand.
    brand_profile_id: String,
    /// Its Monday.
    week_start: String,
    /// `succeeded`, `partial`, `timeout`, `failed` or `cancelled`.
    status: String,
    /// Placements it was to make.
    total: Option<i32>,
    /// Placements that it told an error about.
    errors: i32,
    /// Milliseconds from its first start to its end.
    latency_ms: Option<i64>,
    /// All tokens.
    tokens: Option<i32>,
    /// Tokens read.
    tokens_input: Option<i32>,
    /// Tokens written.
    tokens_output: Option<i32>,
    /// US dollars, when the provider says.
    cost_usd: Option<f64>,
    /// Why it did not succeed.
    error: Option<Value>,
    /// Accepted at.
    created_at: DateTime<Utc>,
    /// Ended at.
    finished_at: Option<DateTime<Utc>>,
    /// How the run ended.
    run: WeekRun,
    /// What it made, by time.
    placements: Vec<PlacementShown>,
}

/// How a week's run ended.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct WeekRun {
    /// Its id; its job has the same.
    id: String,
    /// `succeeded`, `partial`, `timeout`, `failed` or `cancelled`.
    status: String,
    /// Placements it was to make; null if it never started.
    total: Option<i32>,
    /// Placements it made.
    placements: i32,
    /// Placements with an error event.
    errors: i32,
    /// Milliseconds from its first start to its end.
    latency_ms: Option<i64>,
    /// All tokens.
    tokens: Option<i32>,
    /// Input tokens.
    tokens_input: Option<i32>,
    /// Output tokens.
    tokens_output: Option<i32>,
    /// US dollars, if the provider reports them.
    cost_usd: Option<f64>,
    /// Why it did not succeed, for a person.
    message: Option<String>,
    /// Why it did not succeed.
    error: Option<Value>,
    /// Accepted at.
    created_at: DateTime<Utc>,
    /// Ended at.
    finished_at: Option<DateTime<Utc>>,
}

impl From<&Run> for WeekRun {
    fn from(run: &Run) -> Self {
        let message = run.error.as_ref().and_then(|error| error["message"].as_str());
        Self {
            id: run.id.to_string(),
            status: run.status.clone(),
            total: run.total,
            placements: run.placed,
            errors: run.failed,
            latency_ms: run.latency_ms,
            tokens: run.tokens_input.zip(run.tokens_output).map(|(read, written)| read + written),
            tokens_input: run.tokens_input,
            tokens_output: run.tokens_output,
            cost_usd: run.cost_usd,
            message: message.map(str::to_owned),
            error: run.error.clone(),
            created_at: run.created_at,
            finished_at: run.finished_at,
        }
    }
}

impl WeekShown {
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
            status: run.status,
            total: run.total,
            errors: run.failed,
            latency_ms: run.latency_ms,
            tokens: run.tokens_input.zip(run.tokens_output).map(|(read, written)| read + written),
            tokens_input: run.tokens_input,
            tokens_output: run.tokens_output,
            cost_usd: run.cost_usd,
            error: run.error,
            created_at: run.created_at,
            finished_at: run.finished_at,
            placements: shown(made)?,
        })
    }
}

/// An asset that fits a placement.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AssetMatch {
    /// The asset.
    asset_id: String,
    /// How well it fits: the more is shared, and the more it weighs, the higher.
    score: u32,
    /// What they share.
    reason: String,
}

/// A saved placement: the shape of its event, and what an edit of it needs to know.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementShown {
    /// As its event told it, with what people wrote since.
    #[serde(flatten)]
    #[oai(flatten)]
    placement: PlacementMade,
    /// The Monday of its week.
    week_start: String,
    /// The zone of the request that made it.
    timezone: String,
    /// Counts its changes: what `If-Match` names.
    version: i64,
    /// Fields that people wrote, e.g. `copy.caption`: no run changes them.
    edited_fields: Vec<String>,
    /// The run that made it last.
    run_id: String,
    /// The assets which that run found for it, best first.
    asset_matches: Vec<AssetMatch>,
    /// Last changed at.
    updated_at: DateTime<Utc>,
}

impl TryFrom<&SavedPlacement> for PlacementShown {
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
pub(super) fn shown(saved: &[SavedPlacement]) -> Result<Vec<PlacementShown>, ApiError> {
    saved.iter().map(PlacementShown::try_from).collect()
}

/// A page of placements.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct PlacementPage {
    /// By time.
    pub(super) items: Vec<PlacementShown>,
    /// Where the list goes on.
    pub(super) next_cursor: Option<String>,
}
