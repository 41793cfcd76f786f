//! Rate limits of accepted work: a sliding log per user and family, kept by `almanac.accept` on the database's clock.
//! What stands here reads and trims that log; nothing in any process's memory counts.

use crate::{
    config::Rate,
    db::{Service, UserTx},
    error::LimitState,
};

/// The longest window any limit may have; older rows say nothing.
const LONGEST_WINDOW_DAYS: i32 = 2;

/// Where a limit stands for this person, without taking from it.
pub async fn state(tx: &mut UserTx, family: &str, rate: Rate) -> sqlx::Result<LimitState> {
    let window = i32::try_from(rate.seconds).unwrap_or(i32::MAX);
    let row = sqlx::query!(
        r#"
        SELECT max(n) - min(n) + 1 AS used,
               ceil(extract(epoch FROM min(at) - clock_timestamp())::float8 + $2::float8)::int AS reset_seconds
          FROM almanac.accepts
         WHERE user_id = (SELECT almanac.uid()) AND family = $1
           AND at > clock_timestamp() - make_interval(secs => $2::float8)
        "#,
        family,
        f64::from(window)
    )
    .fetch_one(tx.connection())
    .await?;
    let used = row.used.and_then(|used| u32::try_from(used).ok()).unwrap_or(0);
    let reset = row.reset_seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(rate.seconds);
    Ok(LimitState { remaining: rate.count.saturating_sub(used), reset_seconds: reset.max(1) })
}

/// Removes what no window reaches any more; answers how many rows.
pub async fn forget(service: &Service) -> sqlx::Result<i64> {
    let done = sqlx::query!(
        r#"
        DELETE FROM almanac.accepts
         WHERE (user_id, family, at, n) IN (
               SELECT user_id, family, at, n FROM almanac.accepts
                WHERE at < clock_timestamp() - make_interval(days => $1)
                LIMIT 1000)
        "#,
        LONGEST_WINDOW_DAYS
    )
    .execute(service.work())
    .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}
