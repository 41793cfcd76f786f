//! Organic weeks: the SQL of a worker, every write under its lease.
//! Called by the worker's job; decides nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::select_placements;
use crate::{
    brands::{AccountId, Asset, Brand, BrandId, TrendId, store as brands},
    jobs::{
        Lease,
        store::{WriteError, items::Burst, unreadable, until_free},
    },
    organic::{
        PlacementId, Stage, WeekRequest,
        fields::Field,
        plan::{self, Holdings},
        preset::Stored,
        run::{self, PlacementRow, SavedPlacement},
    },
    platform::{
        db::Service,
        id::{RunId, UserId},
    },
};

/// Unused trends that a plan looks at: a preset fills at most 25 times, and some may be refused.
const TRENDS: i64 = 100;

/// Assets that are compared with one placement.
const ASSETS: i64 = 500;

/// What a worker needs to make a week.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The brand.
    pub brand_id: BrandId,
    /// The request.
    pub request: WeekRequest,
    /// As the first start planned it; none before that.
    pub plan: Option<Value>,
    /// The last stage in the event log.
    pub stage: Option<Stage>,
    /// The model.
    pub model: String,
    /// The prompt.
    pub prompt_version: String,
}

/// What a run has to make. `None` if the run no longer exists.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn assignment(service: &Service, user: UserId, lease: Lease) -> Result<Option<Assignment>, WriteError> {
    let row = sqlx::query!(
        r#"
        SELECT r.brand_id AS "brand_id: BrandId", r.request, r.plan, r.model, r.prompt_version,
               j.progress ->> 'stage' AS stage
          FROM almanac.organic_runs r
          JOIN almanac.jobs j ON j.user_id = r.user_id AND j.id = r.id
         WHERE r.user_id = $1 AND r.id = $2
        "#,
        user.0,
        lease.job.0
    )
    .fetch_optional(service.work())
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Assignment {
        brand_id: row.brand_id,
        request: run::order(row.request).map_err(unreadable)?,
        plan: row.plan,
        stage: row.stage.and_then(|stage| stage.parse().ok()),
        model: row.model,
        prompt_version: row.prompt_version,
    }))
}

/// A brand's saved placements that a run has to do with: those of its week, and those of its ids wherever they are.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn saved(
    service: &Service,
    user: UserId,
    brand: &BrandId,
    week_start: NaiveDate,
    ids: &[PlacementId],
) -> Result<Vec<SavedPlacement>, WriteError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows = select_placements!(
        r#"
         WHERE user_id = $1 AND brand_id = $2 AND (week_start = $3 OR placement_id = ANY ($4))
         ORDER BY scheduled_at, placement_id
        "#,
        user.0,
        brand.as_str(),
        week_start,
        &ids
    )
    .fetch_all(service.work())
    .await?;
    rows.into_iter().map(|row| row.read().map_err(unreadable)).collect()
}

/// One placement of a brand; `None` if there is none.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn placement(
    service: &Service,
    user: UserId,
    brand: &BrandId,
    id: &str,
) -> Result<Option<SavedPlacement>, WriteError> {
    let row = select_placements!(
        r#" WHERE user_id = $1 AND brand_id = $2 AND placement_id = $3"#,
        user.0,
        brand.as_str(),
        id
    )
    .fetch_optional(service.work())
    .await?;
    row.map(|row| row.read().map_err(unreadable)).transpose()
}

/// A brand's own row, for the model; `None` if it no longer exists.
///
/// # Errors
/// The store is unavailable.
pub async fn brand(service: &Service, user: UserId, brand: &BrandId) -> Result<Option<Brand>, WriteError> {
    Ok(brands::brand(service.work(), user, brand).await?)
}

/// What a brand has to plan a week with.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn holdings(
    service: &Service,
    user: UserId,
    brand: &BrandId,
    request: &WeekRequest,
) -> Result<Holdings, WriteError> {
    let stored = stored(service, user, brand).await?;
    let saved = saved(service, user, brand, request.week.start, &plan::ids(request)).await?;
    let accounts = brands::accounts::of_brand(service.work(), user, brand).await?;
    // Named ones, those that stored placements have, and as many of the others as a preset can take.
    let named = request.seeds.iter().filter_map(|seed| seed.trend.as_ref());
    let known = stored.iter().filter_map(|one| one.trend.as_ref()).chain(named).map(TrendId::as_str);
    let known: BTreeSet<&str> = known.collect();
    let known: Vec<&str> = known.into_iter().collect();
    let mut trends = brands::trends::by_ids(service.work(), user, brand, &known).await?;
    if request.options.preset.is_some() || request.options.newsletter.is_some() {
        trends.extend(brands::trends::first_without(service.work(), user, brand, &known, TRENDS).await?);
    }
    trends.sort_by(|one, other| {
        other.priority.cmp(&one.priority).then(one.created_at.cmp(&other.created_at)).then(one.id.cmp(&other.id))
    });
    Ok(Holdings { accounts, trends, stored, saved })
}

/// All placements of a brand, in short.
async fn stored(service: &Service, user: UserId, brand: &BrandId) -> Result<Vec<Stored>, WriteError> {
    let rows = sqlx::query!(
        r#"
        SELECT placement_id, account_id, platform, scheduled_at, fields -> 'seed' ->> 'trendId' AS trend
          FROM almanac.organic_placements
         WHERE user_id = $1 AND brand_id = $2
        "#,
        user.0,
        brand.as_str()
    )
    .fetch_all(service.work())
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Stored {
            id: row.placement_id.parse()?,
            outlet: row.platform.parse()?,
            account: row.account_id.as_deref().map(str::parse).transpose()?,
            at: row.scheduled_at,
            trend: row.trend.as_deref().map(str::parse).transpose()?,
        })
    });
    read.collect::<anyhow::Result<_>>().map_err(unreadable)
}

/// The assets of a brand that share a term with the topics of its placements, at most `ASSETS`.
///
/// # Errors
/// The store is unavailable.
pub async fn assets(
    service: &Service,
    user: UserId,
    brand: &BrandId,
    terms: &[String],
) -> Result<Vec<Asset>, WriteError> {
    Ok(brands::assets::sharing(service.work(), user, brand, terms, ASSETS).await?)
}

/// Stores a plan with its events; returns the seq of the last one.
pub async fn keep_plan(
    service: &Service,
    lease: Lease,
    plan: &Value,
    counts: [i32; 2],
    burst: &Burst<Made>,
) -> Result<i64, WriteError> {
    let (types, data): (Vec<_>, Vec<_>) = burst.events.iter().cloned().unzip();
    let [total, failed] = counts;
    until_free(|| async {
        let seq = sqlx::query_scalar!(
            r#"SELECT almanac.keep_organic_plan($1, $2, $3, $4, $5, $6, $7, $8) AS "seq!""#,
            lease.job.0,
            lease.epoch,
            plan,
            total,
            failed,
            &types,
            &data,
            burst.progress
        )
        .fetch_one(service.work())
        .await?;
        Ok(seq)
    })
    .await
}

/// A placement to be stored, and the version it was merged with: 0 for one that is not there yet.
#[derive(Clone, Debug)]
pub struct Made {
    /// As it is to be.
    pub placement: SavedPlacement,
    /// What it was before.
    pub known: i64,
}

impl Serialize for Made {
    /// The form that `almanac.store_placements` takes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        row(self).serialize(serializer)
    }
}

fn row(Made { placement: saved, known }: &Made) -> Value {
    let (placement, record) = (&saved.placement, &saved.record);
    let edited: Vec<&str> = record.edited.iter().map(|field: &Field| field.as_str()).collect();
    let at = |at: DateTime<Utc>| at.to_rfc3339();
    json!({
        "placement_id": placement.placement_id, "known": known, "version": record.version,
        "week_start": saved.week_start, "timezone": saved.zone.name(), "wished_at": at(saved.wished_at),
        "scheduled_at": at(placement.schedule.scheduled_at.at()), "platform": placement.platform.name,
        "account_id": placement.platform.account_id.as_ref().map(AccountId::as_str), "fields": record.fields,
        "edited": edited, "matches": saved.matches,
    })
}
