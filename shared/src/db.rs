//! The doors to Postgres. Which door a function takes says whose eyes look: a person's, an administrator's, a worker's.
//! Called by the two `main`s to open pools and by services to begin; holds no query of any domain.

mod bounded;
mod migrate;
mod patience;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgExecutor, PgPool, Postgres, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use self::migrate::migrate;
pub(crate) use self::{bounded::Bounded, patience::is_dead_connection};
use self::{
    bounded::lives,
    patience::{Patient, in_time},
};
use crate::{
    faults::{self, Guard},
    id::UserId,
};

/// How long a request may wait for a connection before it is told to come back (503).
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the API waits for the answer to one statement. The server ends a slow one after five seconds and says so;
/// from whom nothing has come by then, nothing will: it is away, and the connection is worth no more (D135).
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);
/// The same for a worker, whose statements may take ten seconds.
const WORK_TIMEOUT: Duration = Duration::from_secs(11);
/// The same for renewals, two of which may fail before the lease of ten seconds is over, and for what comes in between.
const LEASE_TIMEOUT: Duration = Duration::from_millis(2_500);
/// How long a kept connection may rest before it is asked whether it still lives.
const RESTED_AFTER: Duration = Duration::from_secs(1);
/// For connections that only ever call one function with keys in arrays: its plans are the same whatever is in them, and
/// to make them anew for the first calls of each connection costs several times what they do. A plan that is made while
/// its tables are small reads them whole, one way or another, and would go on doing so while they grow, until they are
/// analysed again: every row these functions look for has a key, so they are told to look it up, one by one (D124).
const PLANNED_ONCE: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

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

    /// Refuses a login that could look past row security (ARCHITECTURE 5).
    ///
    /// # Errors
    /// The role may bypass, or the store is away.
    pub async fn refuse_bypass(&self) -> Result<()> {
        refuse_bypass(&self.reads).await
    }
}

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

/// A worker's eyes: every row, through explicit policies, as `almanac_worker`.
#[derive(Clone, Debug)]
pub struct Service {
    work: Bounded,
    starts: PgPool,
    endings: PgPool,
    leases: Bounded,
}

impl Service {
    /// Opens the pools lazily. Renewals have two connections of their own, so that busy work cannot cost a lease; starts
    /// and ends of jobs, each written by one task, have one each. No statement waits without end for a store that is gone.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open(url: &SecretString) -> Result<Self> {
        let options = session(url, "almanac-worker", &[("statement_timeout", "10000"), ("lock_timeout", "250")])?;
        let pool = || PgPoolOptions::new().acquire_timeout(Duration::from_secs(5)).test_before_acquire(false);
        let planned_once = options.clone().options(PLANNED_ONCE);
        let work = pool().max_connections(8).before_acquire(lives);
        // Never closed for its age or its rest: where Postgres has no connection left to give, the renewals behind that
        // would fail, and all jobs of this process would be handed back and paid again.
        let leases = pool()
            .max_connections(2)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .before_acquire(lives);
        Ok(Self {
            work: Bounded::of(work.connect_lazy_with(options), WORK_TIMEOUT),
            starts: pool().max_connections(1).connect_lazy_with(planned_once.clone()),
            endings: pool().max_connections(1).connect_lazy_with(planned_once.clone()),
            leases: Bounded::of(leases.connect_lazy_with(planned_once), LEASE_TIMEOUT),
        })
    }

    pub(crate) fn work(&self) -> &Bounded {
        &self.work
    }

    /// The connection for claims.
    pub(crate) fn starts(&self) -> Kept {
        Kept::of(&self.starts, WORK_TIMEOUT)
    }

    /// The connection for the ends of jobs that are written in batches.
    pub(crate) fn endings(&self) -> Kept {
        Kept::of(&self.endings, WORK_TIMEOUT)
    }

    /// A connection for one end that is written alone.
    pub(crate) fn single_end(&self) -> Kept {
        self.work.kept()
    }

    pub(crate) fn leases(&self) -> &Bounded {
        &self.leases
    }

    /// Whether Postgres answers now.
    pub async fn answers(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.work.within(ACQUIRE_TIMEOUT)).await.is_ok()
    }

    /// Refuses a login that could look past row security.
    ///
    /// # Errors
    /// The role may bypass, or the store is away.
    pub async fn refuse_bypass(&self) -> Result<()> {
        refuse_bypass(&self.work).await
    }
}

fn session(url: &SecretString, name: &str, settings: &[(&str, &str)]) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.expose_secret().parse().context("reading the database URL")?;
    Ok(options
        .application_name(name)
        // A compiled plan pays for reports; here it would cost a statement fifty milliseconds as soon as one looks dear.
        .options([("client_min_messages", "error"), ("idle_in_transaction_session_timeout", "10000"), ("jit", "off")])
        .options(settings.iter().copied())
        .log_statements(log::LevelFilter::Trace)
        .log_slow_statements(log::LevelFilter::Warn, Duration::from_secs(1)))
}

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

async fn refuse_bypass(eyes: impl PgExecutor<'_>) -> Result<()> {
    let role: Option<String> = sqlx::query_scalar(
        "SELECT r.rolname::text FROM pg_roles r
          WHERE pg_has_role(current_user, r.oid, 'member')
            AND (r.rolsuper OR r.rolbypassrls OR r.rolname IN ('service_role', 'almanac_owner'))
          LIMIT 1",
    )
    .fetch_optional(eyes)
    .await
    .context("reading the login's role")?;
    if let Some(role) = role {
        bail!("the database login may act as {role}, which can look past row security: refusing to start");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_for_renewals_are_not_closed_for_their_age() {
        let service = Service::open(&"postgres://nobody@127.0.0.1:1/none".to_owned().into()).unwrap();

        let options = service.leases.options();

        assert_eq!((options.get_max_lifetime(), options.get_idle_timeout()), (None, None));
    }
}
