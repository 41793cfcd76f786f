//! The account: the SQL. As a person through `UserTx`, as a worker through `Service`, always under its lease.
//! Called by `service.rs` and by the worker's job; what is removed, and what stays, is said in
//! `migrations/functions/account/`.

use super::BATCH;
use crate::{
    db::{Kept, Service},
    id::{JobId, UserId},
    jobs::{
        Lease,
        store::{WriteError, until_free},
        submission::{Outcome, SubmitError},
    },
};

/// Submits an erase: limit, slot and job in one statement and one commit.
pub(super) async fn submit(
    kept: &mut Kept,
    user: UserId,
    id: JobId,
    trace: Option<&str>,
    request_id: Option<&str>,
) -> Result<Outcome, SubmitError> {
    let mut connection = kept.take().await.map_err(SubmitError::Unsent)?;
    let statement = sqlx::query!(
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", active_kind, remaining, reset_seconds
          FROM almanac.submit('account.erase', ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY['{}'::jsonb], ARRAY[$1::text],
                              ARRAY[NULL], ARRAY[NULL]::bytea[], ARRAY['{}'], ARRAY[$3::text], ARRAY[$4::text])
        "#,
        user.0,
        id.0,
        trace,
        request_id
    )
    .fetch_one(&mut *connection);
    let answer = kept.answer(statement).await;
    kept.put_back(connection, &answer);
    let row = answer.map_err(SubmitError::of_statement)?;
    Ok(Outcome {
        outcome: row.outcome,
        job: row.job,
        active_kind: row.active_kind,
        remaining: row.remaining,
        reset_seconds: row.reset_seconds,
        failure: None,
    })
}

/// Ends the person's other jobs, or asks for their end; answers those that still run.
pub async fn stop(service: &Service, lease: Lease) -> Result<Vec<JobId>, WriteError> {
    until_free(|| async {
        let running = sqlx::query_scalar!(
            r#"SELECT id AS "id!: JobId" FROM almanac.erase_stop($1, $2) AS id"#,
            lease.job.0,
            lease.epoch
        )
        .fetch_all(service.work())
        .await?;
        Ok(running)
    })
    .await
}

/// Removes one batch of what the person had when the erase was accepted; false when nothing is left.
pub async fn erase_some(service: &Service, lease: Lease) -> Result<bool, WriteError> {
    until_free(|| async {
        let gone =
            sqlx::query_scalar!(r#"SELECT almanac.erase_some($1, $2, $3) AS "gone!""#, lease.job.0, lease.epoch, BATCH)
                .fetch_one(service.work())
                .await?;
        Ok(gone > 0)
    })
    .await
}
