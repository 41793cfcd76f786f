//! Account erasure: the SQL. The API runs it through `UserTx`, the worker through `Service`, always under its lease.
//! Called by `service.rs` and by the worker's job. What is removed and what stays is defined in
//! `migrations/functions/account/`.

use std::time::Duration;

use super::BATCH;
use crate::{
    jobs::{
        Lease,
        store::{WriteError, until_free},
        submission::{Outcome, SubmitError},
    },
    platform::{
        db::{PinnedConnection, Service},
        id::{JobId, UserId},
    },
};

/// Submits an erase: limit, slot and job in one statement and one commit.
pub(super) async fn submit(
    pinned: &mut PinnedConnection,
    user: UserId,
    id: JobId,
    trace: Option<&str>,
    request_id: Option<&str>,
) -> Result<Outcome, SubmitError> {
    let mut connection = pinned.take_alive().await.map_err(SubmitError::Unsent)?;
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
    let answer = pinned.answer(statement).await;
    pinned.put_back(connection, &answer);
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

/// Ends the user's older jobs, or asks running ones to cancel; returns those that have not ended yet.
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

/// The result of one batch of an erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Rows were removed; there may be more.
    Removed,
    /// Nothing can be removed now: an older job runs, or other transactions hold what is left.
    Held,
    /// Nothing is left.
    Done,
}

/// Removes one batch of the data that the erase covers.
pub async fn erase_some(service: &Service, lease: Lease) -> Result<Batch, WriteError> {
    let gone =
        sqlx::query_scalar!(r#"SELECT almanac.erase_some($1, $2, $3) AS "gone!""#, lease.job.0, lease.epoch, BATCH)
            .fetch_one(service.work())
            .await?;
    Ok(match gone {
        0 => Batch::Done,
        1.. => Batch::Removed,
        _ => Batch::Held,
    })
}

/// Returns the erase to the queue for this long, uncharged; false, and it is still held, if cancellation was requested.
pub async fn pause(service: &Service, lease: Lease, pause: Duration) -> Result<bool, WriteError> {
    let seconds = pause.as_secs_f64();
    until_free(|| async {
        let paused = sqlx::query_scalar!(
            r#"SELECT almanac.erase_pause($1, $2, make_interval(secs => $3)) AS "paused!""#,
            lease.job.0,
            lease.epoch,
            seconds
        )
        .fetch_one(service.work())
        .await?;
        Ok(paused)
    })
    .await
}
