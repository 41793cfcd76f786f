//! The API's access to Postgres: its pools, and transactions with the rights of a user or an administrator.
//! Opened by the API's `main`, begun by services; holds no query of a domain.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, Postgres, Transaction, postgres::PgPoolOptions};

use super::{
    ACQUIRE_TIMEOUT, GENERIC_KEYED_PLANS, INDEX_SCANS_ONLY, PinnedConnection, TimeoutPool, UserPermit,
    health::Health,
    is_dead_connection,
    patience::{Patience, Patient, in_time},
    pinned::PinnedPool,
    refuse_bypass, release, session,
    shares::ApiShares,
    timeout_pool::is_alive,
    user_limits::UserLimits,
    version,
};
use crate::platform::{
    faults::{self, Guard},
    id::UserId,
};

/// Connections of an API process unless a setting says otherwise.
const CONNECTIONS: u32 = 12;
/// How long the API waits for the answer to one statement. The server ends a slow one after five seconds and reports
/// it. A server that has not answered by then is unavailable, and the connection is closed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

/// The API's pools, opened as `almanac_api`.
#[derive(Clone, Debug)]
pub struct Database {
    reads: PgPool,
    own: TimeoutPool,
    batches: PinnedPool,
    /// Of reads and of statements that a user asks for.
    user_limits: UserLimits,
    patience: Patience,
    health: Health,
}

impl Database {
    /// Opens the pools with the usual number of connections.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open(url: &SecretString) -> Result<Self> {
        Self::open_with(url, CONNECTIONS)
    }

    /// Opens the pools lazily, with this number of connections in all: the API starts while Postgres is unavailable,
    /// and `/readyz` reports it.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open_with(url: &SecretString, connections: u32) -> Result<Self> {
        let options = session(url, "almanac-api", &[("statement_timeout", "5000"), ("lock_timeout", "2000")])?;
        let generic_plans = options.clone().options(GENERIC_KEYED_PLANS);
        let health = Health::start(options.clone());
        let patience = Patience::of(ANSWER_TIMEOUT, Some(&health));
        let shares = ApiShares::of(connections);
        let pool = |most| {
            PgPoolOptions::new().max_connections(most).acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false)
        };
        // A single call of a function leaves its connection clean even when it is cut off, and so does a question of
        // the API's own: only in the pool of reads something has to be cleansed.
        let reads = pool(shares.reads).after_release(|connection, _| Box::pin(cleanse(connection)));
        let batches = PinnedPool::of(pool(shares.batches).connect_lazy_with(generic_plans.clone()), patience.clone());
        let own = pool(shares.own).before_acquire(is_alive).connect_lazy_with(generic_plans);
        let own = TimeoutPool::of(own, patience.clone());
        health.ping_through(own.clone());
        Ok(Self {
            reads: reads.connect_lazy_with(options.options(INDEX_SCANS_ONLY)),
            own,
            batches,
            user_limits: UserLimits::of(shares.of_one_user()),
            patience,
            health,
        })
    }

    /// A connection for accept calls alone; they set role and claims inside the one statement they are.
    pub(crate) fn submit_connection(&self) -> PinnedConnection {
        self.batches.pin()
    }

    /// A connection for one submission. It is asked whether it is_alive before the statement, so that a failure after that
    /// means that the statement was sent.
    pub(crate) fn single_submit_connection(&self) -> PinnedConnection {
        self.own.pin()
    }

    /// A connection for looks alone, which are one statement as an accept is.
    pub(crate) fn look_connection(&self) -> PinnedConnection {
        self.batches.pin()
    }

    /// The API's own role: flags, the tails of logs whose ownership was checked, and functions that read with a user's
    /// rights for the duration of one statement.
    pub(crate) fn own(&self) -> &TimeoutPool {
        &self.own
    }

    /// The right to one connection for what this user asks for; without it one user could take all of them.
    ///
    /// # Errors
    /// Too many of this user's requests are under way.
    pub(crate) async fn user_permit(&self, user: UserId) -> sqlx::Result<UserPermit> {
        self.user_limits.take(user, ACQUIRE_TIMEOUT).await
    }

    /// Begins as this person: row security shows only what is theirs.
    ///
    /// # Errors
    /// The store is unavailable, or this user has too many requests in progress.
    pub async fn as_user(&self, user: UserId) -> sqlx::Result<UserTx> {
        let begin = format!(
            "BEGIN; SELECT set_config('role', 'authenticated', true), \
             set_config('request.jwt.claims', '{{\"sub\":\"{user}\",\"role\":\"authenticated\"}}', true)"
        );
        let permit = self.user_permit(user).await?;
        let tx = begin_whole(&self.reads, &self.patience, begin).await?;
        Ok(UserTx { tx, patience: self.patience.clone(), _permit: Some(permit) })
    }

    /// Begins as an administrator. Only after the admin check of the request.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn as_admin(&self) -> sqlx::Result<AdminTx> {
        let begin = "BEGIN; SELECT set_config('role', 'almanac_admin', true)".to_owned();
        let tx = begin_whole(&self.reads, &self.patience, begin).await?;
        Ok(AdminTx { tx, patience: self.patience.clone(), _permit: None })
    }

    /// Whether Postgres answers now.
    pub async fn answers(&self) -> bool {
        // A pool that is busy is no outage.
        self.own.within(ACQUIRE_TIMEOUT).ping().await.is_ok() || self.health.is_reachable().await
    }

    /// Refuses a login that could look past row security, and a schema that this program does not fit.
    ///
    /// # Errors
    /// The role may bypass row security, the schema is too old or too new, or the store is unavailable.
    pub async fn refuse_misfit(&self) -> Result<()> {
        refuse_bypass(&self.own).await?;
        version::refuse_misfit(&self.own).await
    }

    /// When the first process of this release started.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn release_first_start(&self) -> Result<DateTime<Utc>> {
        release::first_start(&self.own).await
    }
}

/// A transaction with a user's rights.
#[derive(Debug)]
pub struct UserTx {
    tx: Transaction<'static, Postgres>,
    patience: Patience,
    _permit: Option<UserPermit>,
}

/// A transaction with an administrator's rights.
#[derive(Debug)]
pub struct AdminTx {
    tx: Transaction<'static, Postgres>,
    patience: Patience,
    _permit: Option<UserPermit>,
}

macro_rules! transactions {
    ($($name:ident),*) => {$(
        impl $name {
            /// Keeps what was written.
            ///
            /// # Errors
            /// The store is unavailable, or refuses at commit.
            pub async fn commit(self) -> sqlx::Result<()> {
                self.patience.wait_for(self.tx.commit()).await
            }

            /// For one statement; each is waited for in turn, so that silence ends the request and not length.
            pub(crate) fn connection(&mut self) -> Patient<'_> {
                Patient::of(&mut self.tx, &self.patience)
            }
        }
    )*};
}
transactions!(UserTx, AdminTx);

/// Begins in a task of its own. A `begin` cut off in flight would hand the next borrower an open transaction with the
/// last person's role and claims (sqlx 0.8.4 to 0.9.0); this one runs to its end even if its request is gone, and rolls
/// back when unwanted. What a silent server cuts off here, `cleanse` ends.
async fn begin_whole(
    pool: &PgPool,
    patience: &Patience,
    begin: String,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    if faults::removed(Guard::RoleReset) {
        return pool.begin_with(AssertSqlSafe(begin)).await;
    }
    let (pool, patience) = (pool.clone(), patience.clone());
    let task = tokio::spawn(async move {
        // After a restart of Postgres every idle connection is dead: each fails once and is discarded. Nothing has
        // begun by then, so the next one is tried. A server that does not answer is a time-out, which is not retried.
        for _ in 0..pool.size() {
            match patience.wait_for(pool.begin_with(AssertSqlSafe(begin.clone()))).await {
                Err(error) if is_dead_connection(&error) => {}
                begun => return begun,
            }
        }
        patience.wait_for(pool.begin_with(AssertSqlSafe(begin))).await
    });
    task.await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

/// Second guard behind `begin_whole`: nothing of one request survives on the connection the next one gets. One that does
/// not answer is closed, so that silent ones do not fill the pool until the network gives them up.
async fn cleanse(connection: &mut PgConnection) -> sqlx::Result<bool> {
    if !faults::removed(Guard::RoleReset) {
        // Without the BEGIN the server would log a warning each time, as there is hardly ever a transaction to end.
        in_time(ACQUIRE_TIMEOUT, connection.execute("BEGIN; ROLLBACK; RESET ROLE; RESET ALL")).await?;
    }
    Ok(true)
}
