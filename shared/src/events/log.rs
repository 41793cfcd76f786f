//! The event log: reading pages of it, and publishing appended events through Redis.
//! The worker appends in its domain's store, in the transaction that writes the results.

use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::ConnectionManager;
use tokio::sync::mpsc;

use super::{
    erased::{ERASED, end_of_erased},
    event::{Event, channel},
};
use crate::{
    jobs::Kind,
    platform::{
        db::{Database, Service},
        id::JobId,
        redis::PATIENCE,
    },
};

/// Events of one log that one read returns for all its followers.
pub const PAGE: i32 = 500;
/// Events that are read at once for a single socket, which keeps them until its client has taken them.
pub const SOCKET_PAGE: i32 = 64;

/// A place in the log of a job.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The job.
    pub job: JobId,
    /// Its kind, as far as this version knows it.
    pub kind: Option<Kind>,
    /// The last seq before the place.
    pub after: i64,
}

/// What followed in several logs, at most `max` events of each. The caller has checked whose they are.
pub async fn tail(database: &Database, places: &[Place], max: i32) -> sqlx::Result<Vec<(JobId, Event)>> {
    let (ids, after): (Vec<_>, Vec<_>) = places.iter().map(|place| (place.job.0, place.after)).unzip();
    let statement = sqlx::query!(
        r#"
        SELECT job_id AS "job_id!: JobId", seq AS "seq!", type AS "kind!", data AS "data!"
          FROM almanac.tail($1, $2, $3)
        "#,
        &ids,
        &after,
        max
    );
    let rows = statement.fetch_all(database.own()).await?;
    let kind_of = |job| places.iter().find(|place| place.job == job).and_then(|place| place.kind);
    let event = |job, seq, kind: String, data| match kind.as_str() {
        ERASED => end_of_erased(job, kind_of(job), seq),
        _ => Event { seq, kind, data },
    };
    Ok(rows.into_iter().map(|row| (row.job_id, event(row.job_id, row.seq, row.kind, row.data))).collect())
}

/// Appends events under the lease, with nothing else; answers the last seq.
pub async fn emit(
    service: &Service,
    lease: crate::jobs::Lease,
    events: &[(String, String)],
    progress: Option<serde_json::Value>,
) -> Result<i64, crate::jobs::store::WriteError> {
    let (types, data): (Vec<String>, Vec<String>) = events.iter().cloned().unzip();
    crate::jobs::store::until_free(|| async {
        let seq = sqlx::query_scalar!(
            r#"SELECT almanac.emit($1, $2, $3, $4, $5) AS "seq!""#,
            lease.job.0,
            lease.epoch,
            &types,
            &data,
            progress
        )
        .fetch_one(service.work())
        .await?;
        Ok(seq)
    })
    .await
}

/// Removes the events of jobs that ended before the retention began; answers of how many jobs, 0 when none is left.
pub async fn prune(service: &Service, days: u32) -> sqlx::Result<i64> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let jobs = sqlx::query_scalar!(r#"SELECT almanac.prune_events($1, 200) AS "jobs!""#, days);
    jobs.fetch_one(service.work()).await
}

/// Publishes appended events to Redis, best effort and without blocking: the tail read finds what is lost.
#[derive(Clone, Debug)]
pub struct Publisher {
    outbox: mpsc::Sender<(JobId, Vec<Event>)>,
}

impl Publisher {
    /// Starts the one task that publishes for this process.
    pub fn start(connection: ConnectionManager) -> Self {
        let (outbox, inbox) = mpsc::channel(4096);
        tokio::spawn(publish_all(connection, inbox));
        Self { outbox }
    }

    /// Queues events. They are dropped if the queue is full.
    pub fn publish(&self, job: JobId, events: Vec<Event>) {
        if !events.is_empty() && self.outbox.try_send((job, events)).is_err() {
            tracing::debug!("publishing is behind; readers will find the events in the log");
        }
    }
}

async fn publish_all(mut connection: ConnectionManager, mut inbox: mpsc::Receiver<(JobId, Vec<Event>)>) {
    let mut batch = Vec::with_capacity(64);
    while inbox.recv_many(&mut batch, 64).await > 0 {
        let mut pipe = redis::pipe();
        for (job, events) in batch.drain(..) {
            let channel = channel(job);
            for event in events {
                pipe.publish(&channel, event.to_message()).ignore();
            }
        }
        let send: BoxFuture<'_, redis::RedisResult<()>> = Box::pin(pipe.query_async(&mut connection));
        if !matches!(tokio::time::timeout(PATIENCE, send).await, Ok(Ok(()))) {
            tracing::debug!("events were not published; readers will find them in the log");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
