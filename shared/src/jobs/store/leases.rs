//! Leases (M2, M3): how one is kept, given back by its holder, and taken from one that is gone.
//! Called by the worker's crew and its sweeper; whoever asks names what it holds, and gets nothing else.

use std::time::Duration;

use super::{WriteError, interval};
use crate::{
    db::Service,
    id::JobId,
    jobs::{LEASE, Lease},
};

/// A job that a worker still holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// Whether its end was asked for.
    pub cancel_requested: bool,
    /// False when somebody else had its row just then: its lease is as it was.
    pub renewed: bool,
}

/// Renews leases on the pool that nothing else uses. Answers which are still held, and which shall end.
pub async fn renew(service: &Service, leases: &[Lease]) -> Result<Vec<Held>, WriteError> {
    let ids: Vec<_> = leases.iter().map(|lease| lease.job.0).collect();
    let epochs: Vec<_> = leases.iter().map(|lease| lease.epoch).collect();
    let held = sqlx::query_as!(
        Held,
        r#"
        SELECT id AS "id!: JobId", cancel_requested AS "cancel_requested!", renewed AS "renewed!"
          FROM almanac.renew_leases($1, $2, $3)
        "#,
        &ids,
        &epochs,
        interval(LEASE)
    )
    .fetch_all(service.leases())
    .await?;
    Ok(held)
}

/// Gives a running job back to the queue: after `retry_in` with an attempt counted, or at once with nothing counted.
/// False when it was not ours any more.
pub async fn hand_back(service: &Service, lease: Lease, retry_in: Option<Duration>) -> Result<bool, WriteError> {
    let given = sqlx::query_scalar!(
        r#"SELECT almanac.hand_back($1, $2, $3) AS "given!""#,
        lease.job.0,
        lease.epoch,
        retry_in.map(interval)
    )
    .fetch_one(service.leases())
    .await?;
    Ok(given)
}

/// A job whose lease ran out.
#[derive(Clone, Debug)]
pub struct Reaped {
    /// The job.
    pub id: JobId,
    /// Its lane, to ring again.
    pub lane: String,
    /// `queued`, or `dead` when it was poison.
    pub state: String,
}

/// Gives expired leases back and ends poison (M3).
pub async fn reap(service: &Service, max_crashes: u32) -> Result<Vec<Reaped>, WriteError> {
    let max_crashes = i32::try_from(max_crashes).unwrap_or(i32::MAX);
    let rows = sqlx::query_as!(
        Reaped,
        r#"SELECT id AS "id!: JobId", lane AS "lane!", state AS "state!" FROM almanac.reap($1)"#,
        max_crashes
    )
    .fetch_all(service.work())
    .await?;
    Ok(rows)
}

/// A claim of this process that was made although its answer never came.
#[derive(Clone, Copy, Debug)]
pub struct Unconfirmed {
    /// The job.
    pub id: JobId,
    /// False if another transaction held its row: the claim stands.
    pub released: bool,
}

/// Undoes claims of this owner whose answer never came. Only for jobs that nobody here works on.
pub async fn release_unconfirmed(
    service: &Service,
    ids: &[JobId],
    owner: &str,
) -> Result<Vec<Unconfirmed>, WriteError> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let claims = sqlx::query_as!(
        Unconfirmed,
        r#"SELECT id AS "id!: JobId", released AS "released!" FROM almanac.release_unconfirmed($1, $2)"#,
        &ids,
        owner
    )
    .fetch_all(service.leases())
    .await?;
    Ok(claims)
}
