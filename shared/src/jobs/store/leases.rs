//! Leases: how one is kept, given back by its holder, and taken from one that is gone.
//! Called by the worker's runner and maintenance; the caller names the leases that it holds.

use std::time::Duration;

use sqlx::PgConnection;

use super::{WriteError, interval, until_free};
use crate::{
    events::event::Event,
    jobs::{LEASE, Lane, Lease, State},
    platform::{
        db::{PinnedConnection, Service},
        id::JobId,
    },
};

/// A job that a worker still holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// Whether cancellation was requested.
    pub cancel_requested: bool,
    /// False if another transaction held its row: its lease is unchanged.
    pub renewed: bool,
}

/// The connection that a process renews its leases with: renewals never wait behind other statements.
#[derive(Debug)]
pub struct RenewalConnection(PinnedConnection);

impl RenewalConnection {
    /// One for the process, for as long as this lives.
    pub fn new(service: &Service) -> Self {
        Self(service.renewal_connection())
    }

    /// Renews leases. Returns which are still held, and which are cancelled.
    pub async fn renew(&mut self, leases: &[Lease]) -> Result<Vec<Held>, WriteError> {
        let mut connection = self.0.take().await?;
        let answer = self.0.answer(renew(&mut connection, leases)).await;
        self.0.put_back(connection, &answer);
        Ok(answer?)
    }
}

async fn renew(connection: &mut PgConnection, leases: &[Lease]) -> sqlx::Result<Vec<Held>> {
    let ids: Vec<_> = leases.iter().map(|lease| lease.job.0).collect();
    let epochs: Vec<_> = leases.iter().map(|lease| lease.epoch).collect();
    sqlx::query_as!(
        Held,
        r#"
        SELECT id AS "id!: JobId", cancel_requested AS "cancel_requested!", renewed AS "renewed!"
          FROM almanac.renew_leases($1, $2, $3)
        "#,
        &ids,
        &epochs,
        interval(LEASE)
    )
    .fetch_all(connection)
    .await
}

/// Why a running job returns to the queue.
#[derive(Clone, Copy, Debug)]
pub enum Release {
    /// It failed and is tried again after this pause; counts an attempt.
    Retry(Duration),
    /// The provider cannot serve now: tried again after this pause, with nothing counted. A job that was held for `most`
    /// without any content fails.
    Hold {
        /// Until the next try.
        pause: Duration,
        /// `PROVIDER_WAIT_SECONDS`.
        most: Duration,
    },
    /// A newer worker can do it; counts nothing.
    Leave(Duration),
    /// The process ends or lost its store: the job keeps its place, and nothing is counted.
    Drain,
}

/// What became of a job that was to return to the queue.
#[derive(Clone, Debug)]
pub enum Released {
    /// It waits there.
    Queued,
    /// It ended instead: its cancellation was requested, or it was held for too long.
    Ended {
        /// Its final state.
        state: State,
        /// The event that ended it.
        event: Event,
    },
    /// It is no longer this lease's.
    Lost,
}

/// Returns a running job to the queue, or ends it where it must not wait there.
pub async fn release(service: &Service, lease: Lease, why: Release) -> Result<Released, WriteError> {
    let (word, pause, most) = match why {
        Release::Retry(pause) => ("retry", Some(pause), None),
        Release::Hold { pause, most } => ("hold", Some(pause), Some(most)),
        Release::Leave(pause) => ("leave", Some(pause), None),
        Release::Drain => ("drain", None, None),
    };
    let row = until_free(|| async {
        let row = sqlx::query!(
            r#"SELECT state AS "state!", seq, type AS kind, data FROM almanac.release($1, $2, $3, $4, $5)"#,
            lease.job.0,
            lease.epoch,
            word,
            pause.map(interval),
            most.map(interval)
        )
        .fetch_optional(service.releases())
        .await?;
        Ok(row)
    })
    .await?;
    let Some(row) = row else { return Ok(Released::Lost) };
    Ok(match (State::parse(&row.state), row.seq, row.kind, row.data) {
        (Some(state), Some(seq), Some(kind), Some(data)) => Released::Ended { state, event: Event { seq, kind, data } },
        _ => Released::Queued,
    })
}

/// The provider serves a held job again: its waiting time starts over.
pub async fn content_came(service: &Service, lease: Lease) -> Result<(), WriteError> {
    // Not on the connection for releases, which a held row would keep busy.
    until_free(|| async {
        sqlx::query!("SELECT almanac.content_came($1, $2)", lease.job.0, lease.epoch).execute(service.work()).await?;
        Ok(())
    })
    .await
}

/// Undoes the crash that was counted when this lease expired: the caller held it, and is alive. Returns whether there
/// was one.
pub async fn undo_crash(service: &Service, lease: Lease) -> Result<bool, WriteError> {
    until_free(|| async {
        let taken = sqlx::query_scalar!(r#"SELECT almanac.undo_crash($1, $2) AS "taken!""#, lease.job.0, lease.epoch)
            .fetch_one(service.work())
            .await?;
        Ok(taken)
    })
    .await
}

/// A job whose lease ran out.
#[derive(Clone, Debug)]
pub struct Reaped {
    /// The job.
    pub id: JobId,
    /// Its lane, for the notification.
    pub lane: String,
    /// `queued`, `dead` when it was poison, `cancelled` when its cancellation was requested, or `unended` when its end could
    /// not be written.
    pub state: String,
}

/// Gives expired leases back and ends poison.
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

/// Undoes claims of a lane whose answer never came: running jobs of this owner that it does not hold.
pub async fn release_unconfirmed(
    service: &Service,
    lane: Lane,
    owner: &str,
    held: &[Lease],
) -> Result<Vec<Unconfirmed>, WriteError> {
    let (ids, epochs): (Vec<_>, Vec<_>) = held.iter().map(|lease| (lease.job.0, lease.epoch)).unzip();
    let claims = sqlx::query_as!(
        Unconfirmed,
        r#"SELECT id AS "id!: JobId", released AS "released!" FROM almanac.release_unconfirmed($1, $2, $3, $4)"#,
        lane.as_str(),
        owner,
        &ids,
        &epochs
    )
    .fetch_all(service.releases())
    .await?;
    Ok(claims)
}
