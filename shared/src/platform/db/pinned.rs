//! A connection that one task keeps for itself, for the batches of the API and of workers.
//! It must never be kept after a failure: whatever still comes from it belongs to another statement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{Connection, PgPool, Postgres, pool::PoolConnection};

use super::{ACQUIRE_TIMEOUT, patience::Patience, timeout_pool::TimeoutConnection};

/// How long a kept connection may rest before it is asked whether it still is_alive.
const RESTED_AFTER: Duration = Duration::from_secs(1);

/// A pool for tasks that keep a connection each. While it has one for each of them, none ever waits for another.
#[derive(Clone, Debug)]
pub(super) struct PinnedPool {
    pool: PgPool,
    patience: Patience,
    tasks: Arc<AtomicU32>,
}

impl PinnedPool {
    pub(super) fn of(pool: PgPool, patience: Patience) -> Self {
        Self { pool, patience, tasks: Arc::default() }
    }

    /// For one more task.
    pub(super) fn pin(&self) -> PinnedConnection {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        PinnedConnection { owner: self.clone(), connection: None }
    }

    fn has_one_for_each(&self) -> bool {
        self.tasks.load(Ordering::Relaxed) <= self.pool.options().get_max_connections()
    }
}

/// A connection that one task keeps for itself between its statements. A pool takes every connection back with a ping,
/// which is one more round trip for each statement, and hands them out in turn, each with colder caches than the last.
#[derive(Debug)]
pub(crate) struct PinnedConnection {
    owner: PinnedPool,
    connection: Option<(PoolConnection<Postgres>, Instant)>,
}

impl PinnedConnection {
    /// The connection, for one statement. One that has rested is asked whether it still is_alive: after a restart of
    /// Postgres it does not, and then another takes its place.
    pub(crate) async fn take(&mut self) -> sqlx::Result<PoolConnection<Postgres>> {
        let patience = self.owner.patience.within(ACQUIRE_TIMEOUT);
        if let Some((mut connection, since)) = self.connection.take() {
            if since.elapsed() < RESTED_AFTER {
                return Ok(connection);
            }
            if patience.wait_for(connection.ping()).await.is_ok() {
                return Ok(connection);
            }
            drop(connection.detach());
        }
        // Usually the pool's own limit is a little shorter, which distinguishes a full pool from a silent one. A longer
        // one counts: a connection takes several round trips to open, and would otherwise be begun again and again.
        let limit = self.owner.patience.limit().max(self.owner.pool.options().get_acquire_timeout());
        self.owner.patience.within(limit).wait_for(self.owner.pool.acquire()).await
    }

    /// The same, asked in any case whether it is_alive: a failure after that means that the statement was sent.
    pub(crate) async fn take_alive(&mut self) -> sqlx::Result<PoolConnection<Postgres>> {
        let patience = self.owner.patience.within(ACQUIRE_TIMEOUT);
        for _ in 0..self.stale() {
            let mut connection = self.take().await?;
            if patience.wait_for(connection.ping()).await.is_ok() {
                return Ok(connection);
            }
            drop(connection.detach());
        }
        self.take().await
    }

    /// The answer to a statement on the connection that was taken, or an outage when none comes in time: then
    /// [`Self::put_back`] throws the connection away, and with it whatever it may still say.
    pub(crate) async fn answer<T>(&self, statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        self.owner.patience.wait_for(statement).await
    }

    /// How many connections may be dead ones after a restart of Postgres.
    pub(crate) fn stale(&self) -> u32 {
        self.owner.pool.size()
    }

    /// Gives the connection back to its pool until the next statement.
    pub(crate) fn release(&mut self) {
        if let Some((connection, _)) = self.connection.take() {
            TimeoutConnection::of(connection).give_back();
        }
    }

    /// Keeps it for the next statement if the pool has one for each task. After a failure it is thrown away.
    pub(crate) fn put_back<T>(&mut self, connection: PoolConnection<Postgres>, answer: &sqlx::Result<T>) {
        match answer {
            Ok(_) if self.owner.has_one_for_each() => self.connection = Some((connection, Instant::now())),
            Ok(_) => TimeoutConnection::of(connection).give_back(),
            Err(_) => drop(connection.detach()),
        }
    }
}

impl Drop for PinnedConnection {
    fn drop(&mut self) {
        self.owner.tasks.fetch_sub(1, Ordering::Relaxed);
    }
}
