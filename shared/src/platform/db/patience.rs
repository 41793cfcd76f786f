//! How long an answer of Postgres is waited for. A server that is gone breaks its connections; one that is silent (stopped,
//! cut off by the network) keeps them, and nothing on our side would ever end.
//! Called by `db` alone; it decides how long, and its callers what an outage means.

use std::time::Duration;

use futures_util::{
    future::BoxFuture,
    stream::{self, BoxStream, TryStreamExt},
};
use sqlx::{
    Describe, Either, Execute, Executor, PgConnection, Postgres, SqlStr,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};

use super::{health::Health, unanswered::Unanswered};

/// The outcome of what was asked of the server, or an outage if there is none in time.
pub(super) async fn in_time<T>(limit: Duration, asked: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| Err(Unanswered::Silent(limit).into()))
}

/// How long each answer is waited for, and what ends the wait earlier.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    limit: Duration,
    /// `None` in workers: their statements wait for an outage to pass.
    health: Option<Health>,
}

impl Patience {
    pub(super) fn of(limit: Duration, health: Option<&Health>) -> Self {
        Self { limit, health: health.cloned() }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// The same with another limit.
    pub(super) fn within(&self, limit: Duration) -> Self {
        Self { limit, health: self.health.clone() }
    }

    pub(super) async fn wait_for<T>(&self, asked: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        match &self.health {
            Some(health) => health.within(self.limit, asked).await,
            None => in_time(self.limit, asked).await,
        }
    }
}

/// A connection whose every answer is waited for so long and no longer, row by row.
#[derive(Debug)]
pub(crate) struct Patient<'c> {
    connection: &'c mut PgConnection,
    patience: &'c Patience,
}

impl<'c> Patient<'c> {
    pub(super) fn of(connection: &'c mut PgConnection, patience: &'c Patience) -> Self {
        Self { connection, patience }
    }
}

impl<'c> Executor<'c> for Patient<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let patience = self.patience;
        let steps = self.connection.fetch_many(query);
        Box::pin(stream::try_unfold(steps, move |mut steps| async move {
            let step = patience.wait_for(steps.try_next()).await?;
            Ok(step.map(|step| (step, steps)))
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(self.patience.wait_for(self.connection.fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        Box::pin(self.patience.wait_for(self.connection.prepare_with(sql, parameters)))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        Box::pin(self.patience.wait_for(self.connection.describe(sql)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::error::is_outage;

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_an_outage() {
        let limit = Duration::from_millis(1);

        let answered = in_time(limit, async { Ok(7) }).await;
        let silent = in_time(limit, std::future::pending::<sqlx::Result<i32>>()).await.unwrap_err();

        assert!(matches!(answered, Ok(7)));
        assert!(is_outage(&silent), "{silent}");
    }
}
