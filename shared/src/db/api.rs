//! The API's access to Postgres: its pools, and transactions with the rights of a user or an administrator.
//! Opened by the API's `main`, begun by services; holds no query of a domain.

use std::time::Duration;

use anyhow::Result;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, Postgres, Transaction, postgres::PgPoolOptions};

use super::{
    ACQUIRE_TIMEOUT, Bounded, Kept, PLANNED_ONCE,
    bounded::lives,
    is_dead_connection,
    patience::{Patient, in_time},
    refuse_bypass, session,
};
use crate::{
    faults::{self, Guard},
    id::UserId,
};

/// How long the API waits for the answer to one statement. The server ends a slow one after five seconds and says so;
/// from whom nothing has come by then, nothing will: it is away, and the connection is worth no more.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

/// The API's pools, opened as `almanac_api`.
#[derive(Clone, Debug)]
pub struct Database {
    reads: PgPool,
    own: Bounded,
    accepts: PgPool,
}

impl Database {
    /// Opens both pools lazily: the API starts, and says so on `/readyz`, while Postgres is away.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open(url: &SecretString) -> Result<Self> {
        let options = session(url, "almanac-api", &[("statement_timeout", "5000"), ("lock_timeout", "2000")])?;
        let reads = PgPoolOptions::new()
            .max_connections(12)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_release(|connection, _| Box::pin(cleanse(connection)));
        // A single call of a function leaves its connection clean even when it is cut off, and so does a question of
        // the API's own: nothing has to be cleansed in these pools.
        let unhooked = |most| {
            PgPoolOptions::new().max_connections(most).acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false)
        };
        let own = unhooked(4).before_acquire(lives);
        Ok(Self {
            reads: reads.connect_lazy_with(options.clone()),
            own: Bounded::of(own.connect_lazy_with(options.clone().options(PLANNED_ONCE)), ANSWER_TIMEOUT),
            accepts: unhooked(7).connect_lazy_with(options.options(PLANNED_ONCE)),
        })
    }

    /// A connection for accept calls alone; they set role and claims inside the one statement they are.
    pub(crate) fn accepts(&self) -> Kept {
        Kept::of(&self.accepts, ANSWER_TIMEOUT)
    }

    /// A connection for one submission. It is asked whether it lives before the statement, so that a failure after that
    /// means that the statement was sent.
    pub(crate) fn submissions(&self) -> Kept {
        self.own.kept()
    }

    /// A connection for looks alone, which are one statement as an accept is.
    pub(crate) fn looks(&self) -> Kept {
        Kept::of(&self.accepts, ANSWER_TIMEOUT)
    }

    /// The API's own eyes: flags, the tails of logs whose ownership was checked, and functions that see with a person's
    /// eyes for the one statement they are.
    pub(crate) fn own(&self) -> &Bounded {
        &self.own
    }

    /// Begins as this person: row security shows only what is theirs.
    ///
    /// # Errors
    /// The store is away.
    pub async fn as_user(&self, user: UserId) -> sqlx::Result<UserTx> {
        let begin = format!(
            "BEGIN; SELECT set_config('role', 'authenticated', true), \
             set_config('request.jwt.claims', '{{\"sub\":\"{user}\",\"role\":\"authenticated\"}}', true)"
        );
        begin_whole(&self.reads, begin).await.map(UserTx)
    }

    /// Begins as an administrator. Only after the admin check of the request.
    ///
    /// # Errors
    /// The store is away.
    pub async fn as_admin(&self) -> sqlx::Result<AdminTx> {
        let begin = "BEGIN; SELECT set_config('role', 'almanac_admin', true)".to_owned();
        begin_whole(&self.reads, begin).await.map(AdminTx)
    }

    /// Whether Postgres answers now.
    pub async fn answers(&self) -> bool {
        let ask = sqlx::query("SELECT 1").execute(&self.reads);
        matches!(tokio::time::timeout(ACQUIRE_TIMEOUT, ask).await, Ok(Ok(_)))
    }

    /// Refuses a login that could look past row security.
    ///
    /// # Errors
    /// The role may bypass, or the store is away.
    pub async fn refuse_bypass(&self) -> Result<()> {
        refuse_bypass(&self.reads).await
    }
}

/// A transaction with a person's eyes.
#[derive(Debug)]
pub struct UserTx(Transaction<'static, Postgres>);

/// A transaction with an administrator's eyes.
#[derive(Debug)]
pub struct AdminTx(Transaction<'static, Postgres>);

macro_rules! transactions {
    ($($name:ident),*) => {$(
        impl $name {
            /// Keeps what was written.
            ///
            /// # Errors
            /// The store is away, or refuses at commit.
            pub async fn commit(self) -> sqlx::Result<()> {
                in_time(ANSWER_TIMEOUT, self.0.commit()).await
            }

            /// For one statement; each is waited for in turn, so that silence ends the request and not length.
            pub(crate) fn connection(&mut self) -> Patient<'_> {
                Patient::of(&mut self.0, ANSWER_TIMEOUT)
            }
        }
    )*};
}
transactions!(UserTx, AdminTx);

/// Begins in a task of its own. A `begin` cut off in flight would hand the next borrower an open transaction with the
/// last person's role and claims (sqlx 0.8.4 to 0.9.0); this one runs to its end, whoever has gone meanwhile, and rolls back
/// when unwanted. What a silent server cuts off here, `cleanse` ends.
async fn begin_whole(pool: &PgPool, begin: String) -> sqlx::Result<Transaction<'static, Postgres>> {
    if faults::removed(Guard::RoleReset) {
        return pool.begin_with(AssertSqlSafe(begin)).await;
    }
    let pool = pool.clone();
    let task = tokio::spawn(async move {
        // After a restart of Postgres every idle connection is a dead one: each says so once and is thrown away. Nothing
        // has begun by then, so the next one is asked; a server that is away is a time-out, and not asked again.
        for _ in 0..pool.size() {
            match in_time(ANSWER_TIMEOUT, pool.begin_with(AssertSqlSafe(begin.clone()))).await {
                Err(error) if is_dead_connection(&error) => {}
                begun => return begun,
            }
        }
        in_time(ANSWER_TIMEOUT, pool.begin_with(AssertSqlSafe(begin))).await
    });
    task.await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

/// Second guard behind `begin_whole`: nothing of one request survives on the connection the next one gets. One that does
/// not answer is closed, so that silent ones do not fill the pool until the network gives them up.
async fn cleanse(connection: &mut PgConnection) -> sqlx::Result<bool> {
    if !faults::removed(Guard::RoleReset) {
        in_time(ACQUIRE_TIMEOUT, connection.execute("ROLLBACK; RESET ROLE; RESET ALL")).await?;
    }
    Ok(true)
}
