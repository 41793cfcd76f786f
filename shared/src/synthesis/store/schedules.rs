//! Schedules: the SQL of their owner.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::types::Json;

use super::super::{
    Decision, StoredSchedule,
    schedule::{Fire, Schedule, zone_data_version},
};
use crate::{
    platform::{
        db::UserTx,
        id::{ThemeId, UserId},
    },
    values::local_time::wire_time,
};

/// Reads schedules; the argument is what follows the column list.
macro_rules! select_schedules {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            StoredSchedule,
            r#"
            SELECT id, theme_id AS "theme_id: ThemeId", enabled, days, time_utc, emails, timezone, time_local,
                   catch_up_minutes, last_run_at, saved_at, next_fire_date, next_fire_at
              FROM almanac.theme_schedules
            "# + $rest,
            $($argument),*
        )
    };
}

/// The schedule of a theme.
pub async fn schedule(tx: &mut UserTx, theme: ThemeId) -> sqlx::Result<Option<StoredSchedule>> {
    select_schedules!("WHERE user_id = (SELECT almanac.uid()) AND theme_id = $1", theme.0)
        .fetch_optional(tx.connection())
        .await
}

/// What decides the next fire of a theme: what time it is, and the last local date on which it fired or was to fire.
pub async fn clock(tx: &mut UserTx, theme: ThemeId) -> sqlx::Result<(DateTime<Utc>, Option<NaiveDate>)> {
    let row = sqlx::query!(
        r#"
        SELECT clock_timestamp() AS "now!",
               (SELECT max(fire_date) FROM almanac.schedule_runs
                 WHERE user_id = (SELECT almanac.uid()) AND theme_id = $1) AS last
        "#,
        theme.0
    )
    .fetch_one(tx.connection())
    .await?;
    Ok((row.now, row.last))
}

/// Stores the schedule of a theme, new or in place of the one it had.
pub async fn upsert(
    tx: &mut UserTx,
    user: UserId,
    theme: ThemeId,
    schedule: &Schedule,
    next: Option<Fire>,
) -> sqlx::Result<StoredSchedule> {
    sqlx::query_as!(
        StoredSchedule,
        r#"
        INSERT INTO almanac.theme_schedules AS s
               (theme_id, user_id, enabled, days, time_utc, emails, timezone, time_local, catch_up_minutes,
                next_fire_date, next_fire_at, zone_data)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (user_id, theme_id) DO UPDATE
           SET enabled = excluded.enabled, days = excluded.days, time_utc = excluded.time_utc, emails = excluded.emails,
               timezone = excluded.timezone, time_local = excluded.time_local,
               catch_up_minutes = excluded.catch_up_minutes, next_fire_date = excluded.next_fire_date,
               next_fire_at = excluded.next_fire_at, zone_data = excluded.zone_data, busy_since = NULL
        RETURNING id, theme_id AS "theme_id: ThemeId", enabled, days, time_utc, emails, timezone, time_local,
               catch_up_minutes, last_run_at, saved_at, next_fire_date, next_fire_at
        "#,
        theme.0,
        user.0,
        schedule.enabled,
        Json(&schedule.days) as _,
        wire_time(schedule.time_utc),
        Json(&schedule.emails) as _,
        schedule.local.map(|local| local.zone.name()),
        schedule.local.map(|local| wire_time(local.time)),
        schedule.catch_up_minutes.and_then(|minutes| i32::try_from(minutes).ok()),
        next.map(|fire| fire.date),
        next.map(|fire| fire.at),
        zone_data_version()
    )
    .fetch_one(tx.connection())
    .await
}

/// Removes the schedule of a theme, if it has one. Its fires stay known.
pub async fn delete(tx: &mut UserTx, theme: ThemeId) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM almanac.theme_schedules WHERE user_id = (SELECT almanac.uid()) AND theme_id = $1",
        theme.0
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// What became of the fires of a theme, newest first, those before a local date.
pub async fn decisions(
    tx: &mut UserTx,
    theme: ThemeId,
    before: Option<NaiveDate>,
    limit: i64,
) -> sqlx::Result<Vec<Decision>> {
    sqlx::query_as!(
        Decision,
        r#"
        SELECT fire_at, fire_date, state AS outcome, reason, updated_at AS at
          FROM almanac.schedule_runs
         WHERE user_id = (SELECT almanac.uid()) AND theme_id = $1 AND fire_date < $2
         ORDER BY fire_date DESC
         LIMIT $3
        "#,
        theme.0,
        before.unwrap_or(NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX)),
        limit
    )
    .fetch_all(tx.connection())
    .await
}
