//! Stored plans and intents as their owner reads them, and what a person may do with an intent.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    platform::{
        db::UserTx,
        id::{CalendarId, IntentId, JobId, PublishPlanId, RunId, UserId},
    },
    publishing::{
        Channel, IntentStatus, Transport,
        stored::{Intent, IntentState, Plan, PlanIntent, Resolution},
    },
};

/// Reads intents; the argument is what follows the column list.
macro_rules! select_intents {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Intent,
            r#"
            SELECT id AS "id: IntentId", user_id AS "user_id: UserId", plan_id AS "plan_id: PublishPlanId",
                   calendar_id AS "calendar_id: CalendarId", brand_id, run_id AS "run_id: RunId", entry_id,
                   channel AS "channel: Channel", account_id, transport AS "transport: Transport", payload, payload_hash,
                   publish_at, status AS "status: IntentStatus", error, attempt, external_id, external_url, created_at,
                   updated_at,
                   (SELECT a.id FROM almanac.publish_attempts a
                     WHERE a.user_id = i.user_id AND a.intent_id = i.id
                     ORDER BY a.id DESC LIMIT 1) AS "job_id!: JobId"
              FROM almanac.publish_intents i
            "# + $rest,
            $($argument),*
        )
    };
}

/// A plan.
pub(in super::super) async fn plan(tx: &mut UserTx, id: PublishPlanId) -> sqlx::Result<Option<Plan>> {
    sqlx::query_as!(
        Plan,
        r#"
        SELECT id AS "id: PublishPlanId", user_id AS "user_id: UserId", plan_hash, transport AS "transport: Transport",
               skipped, created_at
          FROM almanac.publish_plans
         WHERE user_id = (SELECT almanac.uid()) AND id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// The intents of a plan, in the order of its entries.
pub(in super::super) async fn of_plan(tx: &mut UserTx, plan: PublishPlanId) -> sqlx::Result<Vec<PlanIntent>> {
    let mut intents = sqlx::query_as!(
        PlanIntent,
        r#"
        SELECT id AS "id: IntentId", entry_id, channel AS "channel: Channel", account_id,
               status AS "status: IntentStatus", external_url, error
          FROM almanac.publish_intents
         WHERE user_id = (SELECT almanac.uid()) AND plan_id = $1
        "#,
        plan.0
    )
    .fetch_all(tx.connection())
    .await?;
    intents.sort_by_key(|intent| intent.id);
    Ok(intents)
}

/// Where the intents of a plan stand that changed since a moment.
pub(in super::super) async fn changed_since(
    tx: &mut UserTx,
    plan: PublishPlanId,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<IntentState>> {
    let mut states = sqlx::query_as!(
        IntentState,
        r#"
        SELECT id AS "id: IntentId", status AS "status: IntentStatus", external_url, error, updated_at
          FROM almanac.publish_intents
         WHERE user_id = (SELECT almanac.uid()) AND plan_id = $1 AND updated_at > $2
        "#,
        plan.0,
        since
    )
    .fetch_all(tx.connection())
    .await?;
    states.sort_by_key(|state| (state.updated_at, state.id));
    Ok(states)
}

/// This person's intents, newest first, those after `before` in that order. Two statements, each with an index in its
/// order.
pub(in super::super) async fn list(
    tx: &mut UserTx,
    calendar: Option<CalendarId>,
    status: Option<IntentStatus>,
    before: Option<IntentId>,
    limit: i64,
) -> sqlx::Result<Vec<Intent>> {
    let before = before.map_or(Uuid::max(), |id| id.0);
    let status = status.map(IntentStatus::as_str);
    match calendar {
        Some(calendar) => {
            select_intents!(
                r#"
                 WHERE user_id = (SELECT almanac.uid()) AND calendar_id = $1 AND id < $2
                   AND ($3::text IS NULL OR status = $3)
                 ORDER BY id DESC
                 LIMIT $4
                "#,
                calendar.0,
                before,
                status,
                limit
            )
            .fetch_all(tx.connection())
            .await
        }
        None => {
            select_intents!(
                r#"
                 WHERE user_id = (SELECT almanac.uid()) AND id < $1 AND ($2::text IS NULL OR status = $2)
                 ORDER BY id DESC
                 LIMIT $3
                "#,
                before,
                status,
                limit
            )
            .fetch_all(tx.connection())
            .await
        }
    }
}

/// One intent.
pub(in super::super) async fn intent(tx: &mut UserTx, id: IntentId) -> sqlx::Result<Option<Intent>> {
    select_intents!("WHERE user_id = (SELECT almanac.uid()) AND id = $1", id.0).fetch_optional(tx.connection()).await
}

/// Retries a failed intent with a new job; the outcome's name. All but `new` has to be rolled back.
pub(in super::super) async fn retry(
    tx: &mut UserTx,
    id: IntentId,
    job: JobId,
    trace: Option<&str>,
    request_id: Option<&str>,
) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        r#"SELECT almanac.retry_publication($1, $2, $3, $4) AS "outcome!""#,
        id.0,
        job.0,
        trace,
        request_id
    )
    .fetch_one(tx.connection())
    .await
}

/// Ends the review of an intent; the outcome's name.
pub(in super::super) async fn resolve(
    tx: &mut UserTx,
    id: IntentId,
    resolution: Resolution,
    url: Option<&str>,
) -> sqlx::Result<String> {
    sqlx::query_scalar!(r#"SELECT almanac.resolve_intent($1, $2, $3) AS "outcome!""#, id.0, resolution.as_str(), url)
        .fetch_one(tx.connection())
        .await
}
