//! How long an answer of Postgres is waited for. A server that is gone breaks its connections; one that is silent (stopped,
//! cut off by the network) keeps them, and nothing on our side would ever end (D135).
//! Called by `db` alone; it decides how long, and whoever asks what an outage means.

use std::{io, time::Duration};

use futures_util::{
    future::BoxFuture,
    stream::{self, BoxStream, TryStreamExt},
};
use sqlx::{
    Describe, Either, Execute, Executor, PgConnection, Postgres, SqlStr,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};

/// The outcome of what was asked of the server, or an outage when it says nothing for so long.
pub(super) async fn in_time<T>(patience: Duration, asked: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let silent = || io::Error::new(io::ErrorKind::TimedOut, format!("Postgres said nothing for {patience:?}"));
    tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| Err(silent().into()))
}

/// Whether a connection turned out to be a dead one, as all idle ones are after a restart of Postgres. Nothing was done
/// then, and another may be asked; of a server that is silent that cannot be said.
pub(crate) fn is_dead_connection(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() != io::ErrorKind::TimedOut)
}

/// A connection whose every answer is waited for so long and no longer, row by row.
#[derive(Debug)]
pub(crate) struct Patient<'c> {
    connection: &'c mut PgConnection,
    patience: Duration,
}

impl<'c> Patient<'c> {
    pub(super) fn of(connection: &'c mut PgConnection, patience: Duration) -> Self {
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
            let step = in_time(patience, steps.try_next()).await?;
            Ok(step.map(|step| (step, steps)))
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(in_time(self.patience, self.connection.fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        Box::pin(in_time(self.patience, self.connection.prepare_with(sql, parameters)))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        Box::pin(in_time(self.patience, self.connection.describe(sql)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::is_outage;

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_an_outage_and_not_asked_for_again() {
        let patience = Duration::from_millis(1);

        let answered = in_time(patience, async { Ok(7) }).await;
        let silent = in_time(patience, std::future::pending::<sqlx::Result<i32>>()).await.unwrap_err();

        assert!(matches!(answered, Ok(7)));
        assert!(is_outage(&silent) && !is_dead_connection(&silent), "{silent}");
        assert!(is_dead_connection(&io::Error::from(io::ErrorKind::UnexpectedEof).into()));
    }
}
