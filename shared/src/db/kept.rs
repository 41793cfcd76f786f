//! A connection that one task keeps for itself, for the batches of the API and of workers.
//! It must never be kept after a failure: whatever still comes from it belongs to another statement.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgPool, Postgres, pool::PoolConnection};

use super::{ACQUIRE_TIMEOUT, patience::in_time};

/// How long a kept connection may rest before it is asked whether it still lives.
const RESTED_AFTER: Duration = Duration::from_secs(1);

/// A connection that one task keeps for itself between its statements. A pool takes every connection back with a ping,
/// which is one more round trip for each statement, and hands them out in turn, each with colder caches than the last.
#[derive(Debug)]
pub(crate) struct Kept {
    pool: PgPool,
    patience: Duration,
    connection: Option<(PoolConnection<Postgres>, Instant)>,
}

impl Kept {
    /// Keeps one connection of this pool, from the first statement on; an answer is waited for this long.
    pub(crate) fn of(pool: &PgPool, patience: Duration) -> Self {
        Self { pool: pool.clone(), patience, connection: None }
    }

    /// The connection, for one statement. One that has rested is asked whether it still lives: after a restart of
    /// Postgres it does not, and then another takes its place.
    pub(crate) async fn take(&mut self) -> sqlx::Result<PoolConnection<Postgres>> {
        if let Some((mut connection, since)) = self.connection.take() {
            if since.elapsed() < RESTED_AFTER {
                return Ok(connection);
            }
            if matches!(tokio::time::timeout(ACQUIRE_TIMEOUT, connection.ping()).await, Ok(Ok(()))) {
                return Ok(connection);
            }
            drop(connection.detach());
        }
        self.pool.acquire().await
    }

    /// The answer to a statement on the connection that was taken, or an outage when none comes in time: then
    /// [`Self::put_back`] throws the connection away, and with it whatever it may still say.
    pub(crate) async fn answer<T>(&self, statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        in_time(self.patience, statement).await
    }

    /// How many connections may be dead ones after a restart of Postgres.
    pub(crate) fn stale(&self) -> u32 {
        self.pool.size()
    }

    /// Gives the connection back to its pool until the next statement.
    pub(crate) fn release(&mut self) {
        self.connection = None;
    }

    /// Keeps it for the next statement. After a failure it is thrown away: who knows what still comes from it.
    pub(crate) fn put_back<T>(&mut self, connection: PoolConnection<Postgres>, answer: &sqlx::Result<T>) {
        match answer {
            Ok(_) => self.connection = Some((connection, Instant::now())),
            Err(_) => drop(connection.detach()),
        }
    }
}
