//! The account: the SQL. As a person through `UserTx`, as a worker through `Service`, always under its lease.
//! Called by `service.rs` and by the worker's job; what is removed, and what stays, is said in
//! `migrations/functions/account/`.

use super::{BATCH, ERASE_RATE};
use crate::{
    db::{Service, UserTx},
    error::LimitState,
    id::JobId,
    jobs::{Lease, store::WriteError},
};

/// What became of a wish to be erased.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub outcome: String,
    pub job: Option<JobId>,
    pub limit: LimitState,
}

/// Accepts an erase: limit, slot and job in one statement.
pub(super) async fn submit(
    tx: &mut UserTx,
    id: JobId,
    trace: Option<&str>,
    request_id: Option<&str>,
) -> sqlx::Result<Outcome> {
    let row = sqlx::query!(
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", remaining, reset_seconds
          FROM almanac.submit_erase($1, $2, $3, $4, $5)
        "#,
        id.0,
        i32::try_from(ERASE_RATE.count).unwrap_or(i32::MAX),
        i32::try_from(ERASE_RATE.seconds).unwrap_or(i32::MAX),
        trace,
        request_id
    )
    .fetch_one(tx.connection())
    .await?;
    let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let limit = LimitState { remaining: count(row.remaining), reset_seconds: count(row.reset_seconds) };
    Ok(Outcome { outcome: row.outcome, job: row.job, limit })
}

/// Ends the person's other jobs, or asks for their end; answers those that still run.
pub async fn stop(service: &Service, lease: Lease) -> Result<Vec<JobId>, WriteError> {
    let running = sqlx::query_scalar!(
        r#"SELECT id AS "id!: JobId" FROM almanac.erase_stop($1, $2) AS id"#,
        lease.job.0,
        lease.epoch
    )
    .fetch_all(service.work())
    .await?;
    Ok(running)
}

/// Removes one batch of what the person had when the erase was accepted; false when nothing is left.
pub async fn erase_some(service: &Service, lease: Lease) -> Result<bool, WriteError> {
    let gone =
        sqlx::query_scalar!(r#"SELECT almanac.erase_some($1, $2, $3) AS "gone!""#, lease.job.0, lease.epoch, BATCH)
            .fetch_one(service.work())
            .await?;
    Ok(gone > 0)
}
