//! Organic weeks: the SQL of user requests, through `UserTx`. The worker's SQL is in `store/work.rs`.
//! Called by `service.rs`; decides nothing.

pub mod work;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::{
    PlacementId,
    event::Placement,
    fields::Field,
    run::{PlacementRow, Run, SavedPlacement},
};
use crate::{
    brands::{AccountId, BrandId, Platform},
    jobs::submission::{Outcome, SubmitError},
    platform::{
        db::{PinnedConnection, UserTx, keyset::EARLIEST},
        id::{JobId, RunId, UserId},
    },
    values::merge::Record,
};

/// Reads placements; the argument is what follows the column list.
macro_rules! select_placements {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            PlacementRow,
            r#"
            SELECT placement_id, week_start, timezone, wished_at, run_id AS "run_id: RunId", version, fields, edited,
                   matches, updated_at
              FROM almanac.organic_placements
            "# + $rest,
            $($argument),*
        )
    };
}

use select_placements;

/// A run to be submitted.
#[derive(Clone, Debug)]
pub(super) struct NewRun {
    pub user: UserId,
    pub id: JobId,
    pub brand: BrandId,
    pub week_start: NaiveDate,
    pub request: Value,
    /// Each has to be linked to the brand.
    pub accounts: Vec<(Platform, AccountId)>,
    pub model: String,
    pub prompt_version: String,
    pub key: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub trace: Option<String>,
    pub request_id: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(super) struct Submitted {
    pub outcome: Outcome,
    /// The place among the accounts, from 1, of the first that is not the brand's.
    pub unlinked: Option<i32>,
}

/// Submits a run in one statement and one commit.
pub(super) async fn submit(pinned: &mut PinnedConnection, new: &NewRun) -> Result<Submitted, SubmitError> {
    let (platforms, accounts): (Vec<_>, Vec<_>) =
        new.accounts.iter().map(|(platform, account)| (platform.to_string(), account.to_string())).unzip();
    let mut connection = pinned.take_alive().await.map_err(SubmitError::Unsent)?;
    let statement = sqlx::query!(
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", active_kind, unlinked, remaining, reset_seconds, failure
          FROM almanac.submit_weeks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        "#,
        &[new.user.0],
        &[new.id.0],
        &[new.brand.as_str()] as &[&str],
        &[new.week_start],
        std::slice::from_ref(&new.request),
        &[json!(platforms)],
        &[json!(accounts)],
        &[new.model.as_str()] as &[&str],
        &[new.prompt_version.as_str()] as &[&str],
        &[new.key.as_deref()] as &[Option<&str>],
        &[new.fingerprint.as_deref()] as &[Option<&[u8]>],
        &[new.trace.as_deref()] as &[Option<&str>],
        &[new.request_id.as_deref()] as &[Option<&str>]
    )
    .fetch_one(&mut *connection);
    let answer = pinned.answer(statement).await;
    pinned.put_back(connection, &answer);
    let row = answer.map_err(SubmitError::of_statement)?;
    Ok(Submitted {
        outcome: Outcome {
            outcome: row.outcome,
            job: row.job,
            active_kind: row.active_kind,
            remaining: row.remaining,
            reset_seconds: row.reset_seconds,
            failure: row.failure,
        },
        unlinked: row.unlinked,
    })
}

/// One run.
pub(super) async fn run(tx: &mut UserTx, id: RunId) -> sqlx::Result<Option<Run>> {
    sqlx::query_as!(
        Run,
        r#"
        SELECT id AS "id: RunId", brand_id AS "brand_id: BrandId", week_start, status, total, placed, failed,
               tokens_input, tokens_output, cost_usd::float8 AS cost_usd, latency_ms, error, created_at, finished_at
          FROM almanac.organic_runs
         WHERE id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// What a run made, as it is saved now, by time.
pub(super) async fn made(tx: &mut UserTx, run: RunId) -> anyhow::Result<Vec<SavedPlacement>> {
    let rows = select_placements!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND run_id = $1
         ORDER BY scheduled_at, placement_id
        "#,
        run.0
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(PlacementRow::read).collect()
}

/// Whether a brand is there and this person's.
pub(super) async fn has_brand(tx: &mut UserTx, brand: &BrandId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (SELECT FROM almanac.brand_profiles
                        WHERE user_id = (SELECT almanac.uid()) AND id = $1) AS "found!"
        "#,
        brand.as_str()
    );
    found.fetch_one(tx.connection()).await
}

/// Whether an account is linked to a brand on that platform.
pub(super) async fn has_account(
    tx: &mut UserTx,
    brand: &BrandId,
    platform: Platform,
    account: &AccountId,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (SELECT FROM almanac.platform_accounts
                        WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND platform = $2 AND id = $3)
               AS "found!"
        "#,
        brand.as_str(),
        platform.as_str(),
        account.as_str()
    );
    found.fetch_one(tx.connection()).await
}

/// A brand's placements by time, of one week or of all, those after a place in that order. Two statements, each with an
/// index of its own: a condition that may be absent keeps a plan that is kept from seeking.
pub(crate) async fn placements(
    tx: &mut UserTx,
    brand: &BrandId,
    week: Option<NaiveDate>,
    after: Option<(DateTime<Utc>, PlacementId)>,
    limit: i64,
) -> anyhow::Result<Vec<SavedPlacement>> {
    let (at, id) = after.map_or((EARLIEST, String::new()), |(at, id)| (at, id.to_string()));
    let rows = if let Some(week) = week {
        select_placements!(
            r#"
             WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND week_start = $2
               AND (scheduled_at, placement_id) > ($3, $4)
             ORDER BY scheduled_at, placement_id
             LIMIT $5
            "#,
            brand.as_str(),
            week,
            at,
            id,
            limit
        )
        .fetch_all(tx.connection())
        .await?
    } else {
        select_placements!(
            r#"
             WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1
               AND (scheduled_at, placement_id) > ($2, $3)
             ORDER BY scheduled_at, placement_id
             LIMIT $4
            "#,
            brand.as_str(),
            at,
            id,
            limit
        )
        .fetch_all(tx.connection())
        .await?
    };
    rows.into_iter().map(PlacementRow::read).collect()
}

/// Those of these placements that a brand has.
pub(crate) async fn placements_of(
    tx: &mut UserTx,
    brand: &BrandId,
    ids: &[String],
) -> anyhow::Result<Vec<SavedPlacement>> {
    let rows = select_placements!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND placement_id = ANY ($2)
        "#,
        brand.as_str(),
        ids
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(PlacementRow::read).collect()
}

/// One placement, locked for the change that follows.
pub(super) async fn placement_for_update(
    tx: &mut UserTx,
    brand: &BrandId,
    id: &PlacementId,
) -> anyhow::Result<Option<SavedPlacement>> {
    let row = select_placements!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND placement_id = $2
           FOR UPDATE
        "#,
        brand.as_str(),
        id.as_str()
    )
    .fetch_optional(tx.connection())
    .await?;
    row.map(PlacementRow::read).transpose()
}

/// Writes an edit by a user.
pub(super) async fn write(
    tx: &mut UserTx,
    brand: &BrandId,
    placement: &Placement,
    week_start: NaiveDate,
    record: &Record<Field>,
) -> anyhow::Result<()> {
    let edited: Vec<String> = record.edited.iter().map(|field| field.as_str().to_owned()).collect();
    sqlx::query!(
        r#"
        UPDATE almanac.organic_placements
           SET week_start = $3, scheduled_at = $4, platform = $5, account_id = $6, version = $7, fields = $8,
               edited = $9, updated_at = clock_timestamp()
         WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND placement_id = $2
        "#,
        brand.as_str(),
        placement.placement_id.as_str(),
        week_start,
        placement.schedule.scheduled_at.at(),
        placement.platform.name.as_str(),
        placement.platform.account_id.as_ref().map(AccountId::as_str),
        record.version,
        serde_json::to_value(&record.fields)?,
        &edited
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Removes a placement.
pub(super) async fn delete(tx: &mut UserTx, brand: &BrandId, id: &PlacementId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM almanac.organic_placements
         WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND placement_id = $2
        "#,
        brand.as_str(),
        id.as_str()
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
