//! Rate limits of accepted work: a sliding log per user and family, kept by `almanac.submit` on the database's clock.
//! What stands here trims that log; nothing in any process's memory counts.

use crate::platform::db::Service;

/// The longest window any limit may have; older rows say nothing.
const LONGEST_WINDOW_DAYS: i32 = 2;

/// Removes one batch of rows that no window reaches any more; returns the number of rows, 0 if none is left.
pub async fn forget(service: &Service) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT almanac.prune_accepts($1, 1000) AS "rows!""#, LONGEST_WINDOW_DAYS)
        .fetch_one(service.work())
        .await
}
