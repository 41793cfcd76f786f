//! Rate limits of accepted work: a sliding log per user and family, kept by `almanac.submit` on the database's clock.
//! What stands here trims that log; nothing in any process's memory counts.

use crate::platform::{
    config::Rate,
    db::{Database, Service},
    error::{LimitState, Refusal},
    id::UserId,
};

/// The longest window any limit may have; older rows say nothing.
const LONGEST_WINDOW_DAYS: i32 = 2;

/// The state of a user's limit, for answers that submit nothing.
///
/// # Errors
/// The store is unavailable.
pub async fn state(database: &Database, user: UserId, family: &str, rate: Rate) -> Result<LimitState, Refusal> {
    let mut tx = database.as_user(user).await?;
    let window = f64::from(rate.seconds);
    let used = sqlx::query!(
        r#"SELECT count(*) AS "used!",
                  greatest(1, ceil(extract(epoch FROM min(at) - now())::float8 + $3))::int AS "reset_seconds: i32"
             FROM almanac.submissions
            WHERE user_id = $1 AND family = $2 AND at > now() - make_interval(secs => $3::float8)"#,
        user.0,
        family,
        window,
    )
    .fetch_one(tx.connection())
    .await?;
    tx.commit().await?;
    let count = u32::try_from(used.used).unwrap_or(u32::MAX);
    let reset = if count == 0 { None } else { used.reset_seconds.and_then(|seconds| u32::try_from(seconds).ok()) };
    Ok(LimitState { remaining: rate.count.saturating_sub(count), reset_seconds: reset.unwrap_or(rate.seconds) })
}

/// Removes one batch of rows that no window reaches any more; returns the number of rows, 0 if none is left.
pub async fn prune(service: &Service) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT almanac.prune_submissions($1, 1000) AS "rows!""#, LONGEST_WINDOW_DAYS)
        .fetch_one(service.work())
        .await
}
