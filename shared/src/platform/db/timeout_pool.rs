//! Statements that end on this side too. The server's own time-outs cannot fire when the server, or the way there, is
//! gone silently; then its user would wait for ever, and so would every job behind it.
//! Used by the worker's pools and by the API's own. A connection whose statement was given up is thrown away, never lent again.

use std::time::Duration;

use futures_util::{
    FutureExt, StreamExt, TryFutureExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Connection, Describe, Either, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr,
    pool::{PoolConnection, PoolConnectionMetadata},
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::time::timeout;

use super::{
    PinnedConnection,
    patience::{Patience, in_time},
    pinned::PinnedPool,
};

/// How long a connection that comes back, or has rested, may take to say that it is_alive.
const ALIVE_WITHIN: Duration = Duration::from_secs(1);

/// How long a pooled connection may rest before it is asked: less than any restart takes.
const RESTED_AFTER: Duration = Duration::from_millis(200);

/// A pool each of whose statements is over within a limit, with the wait for a connection.
#[derive(Clone, Debug)]
pub(crate) struct TimeoutPool {
    pool: PgPool,
    patience: Patience,
}

impl TimeoutPool {
    pub(super) fn of(pool: PgPool, patience: Patience) -> Self {
        Self { pool, patience }
    }

    /// One connection of this pool for a task of its own.
    pub(crate) fn pin(&self) -> PinnedConnection {
        PinnedPool::of(self.pool.clone(), self.patience.clone()).pin()
    }

    #[cfg(test)]
    pub(super) fn options(&self) -> &sqlx::postgres::PgPoolOptions {
        self.pool.options()
    }

    /// The same pool with another limit.
    pub(crate) fn within(&self, limit: Duration) -> Self {
        Self { pool: self.pool.clone(), patience: self.patience.within(limit) }
    }

    /// One round trip on a pooled connection.
    pub(super) async fn ping(&self) -> sqlx::Result<()> {
        let asked = async {
            let mut lent = TimeoutConnection::from(&self.pool).await?;
            let answer = lent.connection()?.ping().await;
            lent.give_back();
            answer
        };
        self.patience.wait_for(asked).await
    }
}

/// As the pool's own, but that what is not over in time is an error, and that rows come all together.
impl<'p> Executor<'p> for &'_ TimeoutPool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let TimeoutPool { pool, patience } = self.clone();
        let steps = async move {
            let asked = async {
                let mut lent = TimeoutConnection::from(&pool).await?;
                let steps: sqlx::Result<Vec<_>> = lent.connection()?.fetch_many(query).try_collect().await;
                lent.give_back();
                steps
            };
            patience.wait_for(asked).await
        };
        steps.map_ok(|steps| stream::iter(steps).map(Ok)).try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let TimeoutPool { pool, patience } = self.clone();
        let row = async move {
            let asked = async {
                let mut lent = TimeoutConnection::from(&pool).await?;
                let row = lent.connection()?.fetch_optional(query).await;
                lent.give_back();
                row
            };
            patience.wait_for(asked).await
        };
        row.boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        self.pool.describe(sql)
    }
}

/// For `before_acquire`: after a restart of Postgres every idle connection is a dead one, so one that has rested is asked
/// first whether it is_alive. Without it the first statement after a restart fails, and with it the answer that it stores.
pub(super) fn is_alive(
    connection: &mut PgConnection,
    rest: PoolConnectionMetadata,
) -> BoxFuture<'_, sqlx::Result<bool>> {
    Box::pin(async move {
        if rest.idle_for >= RESTED_AFTER {
            in_time(ALIVE_WITHIN, connection.ping()).await?;
        }
        Ok(true)
    })
}

/// A borrowed connection. A user that gives up halfway, by a time limit or otherwise, leaves an answer on the way: no
/// other user may read that, so the connection goes, and its place in the pool is free again.
pub(super) struct TimeoutConnection(Option<PoolConnection<Postgres>>);

impl TimeoutConnection {
    pub(super) fn of(connection: PoolConnection<Postgres>) -> Self {
        Self(Some(connection))
    }

    async fn from(pool: &PgPool) -> sqlx::Result<Self> {
        Ok(Self(Some(pool.acquire().await?)))
    }

    fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// The statement is over, well or badly. The pool pings what comes back, and has no limit for that of its own.
    pub(super) fn give_back(mut self) {
        if let Some(mut connection) = self.0.take() {
            tokio::spawn(async move { timeout(ALIVE_WITHIN, connection.return_to_pool()).await });
        }
    }
}

impl Drop for TimeoutConnection {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
