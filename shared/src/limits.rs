//! Rate limits of accepted work: a sliding log per user and family, kept by `almanac.accept` on the database's clock.
//! What stands here trims that log; nothing in any process's memory counts.

use crate::db::Service;

/// The longest window any limit may have; older rows say nothing.
const LONGEST_WINDOW_DAYS: i32 = 2;

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
