//! A worker's access to Postgres: every row, through explicit policies, as `almanac_worker`.
//! Opened by the worker's `main`; holds no query of a domain.

use std::time::Duration;

use anyhow::Result;
use secrecy::SecretString;
use sqlx::postgres::PgPoolOptions;

use super::{
    ACQUIRE_TIMEOUT, GENERIC_KEYED_PLANS, PinnedConnection, TimeoutPool, patience::Patience, pinned::PinnedPool,
    refuse_bypass, session, shares::WorkerShares, timeout_pool::is_alive, version,
};

/// Connections of a worker unless a setting says otherwise.
const CONNECTIONS: u32 = 8;
/// How long a worker waits for the answer to one statement, which may take ten seconds.
const WORK_TIMEOUT: Duration = Duration::from_secs(11);
/// The same for renewals, two of which may fail before the lease of ten seconds is over, and for what comes in between.
const LEASE_TIMEOUT: Duration = Duration::from_millis(2_500);

/// Connections of a worker: every row, through explicit policies, as `almanac_worker`.
#[derive(Clone, Debug)]
pub struct Service {
    work: TimeoutPool,
    batches: PinnedPool,
    leases: TimeoutPool,
}

impl Service {
    /// Opens the pools with the usual number of connections.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open(url: &SecretString) -> Result<Self> {
        Self::open_with(url, CONNECTIONS)
    }

    /// Opens the pools lazily, with this number of connections in all. Renewals have two of their own, so that busy
    /// work cannot cost a lease; starts and ends of jobs, each written by one task, have one each. No statement waits
    /// without end for a store that is gone.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open_with(url: &SecretString, connections: u32) -> Result<Self> {
        let options = session(url, "almanac-worker", &[("statement_timeout", "10000"), ("lock_timeout", "250")])?;
        let generic_plans = options.clone().options(GENERIC_KEYED_PLANS);
        let shares = WorkerShares::of(connections);
        let pool = |most| {
            let pool = PgPoolOptions::new().max_connections(most).test_before_acquire(false);
            pool.acquire_timeout(Duration::from_secs(5))
        };
        let work = pool(shares.work).before_acquire(is_alive);
        // Never closed for its age or its rest: where Postgres has no connection left to give, the renewals behind that
        // would fail, and all jobs of this process would be handed back and paid again.
        let leases = pool(shares.leases)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .before_acquire(is_alive);
        let batches = pool(shares.batches).connect_lazy_with(generic_plans.clone());
        Ok(Self {
            work: TimeoutPool::of(work.connect_lazy_with(options), Patience::of(WORK_TIMEOUT, None)),
            batches: PinnedPool::of(batches, Patience::of(WORK_TIMEOUT, None)),
            leases: TimeoutPool::of(leases.connect_lazy_with(generic_plans), Patience::of(LEASE_TIMEOUT, None)),
        })
    }

    pub(crate) fn work(&self) -> &TimeoutPool {
        &self.work
    }

    /// The connection for claims.
    pub(crate) fn claim_connection(&self) -> PinnedConnection {
        self.batches.pin()
    }

    /// The connection for the ends of jobs that are written in batches.
    pub(crate) fn finish_connection(&self) -> PinnedConnection {
        self.batches.pin()
    }

    /// A connection for one end that is written alone.
    pub(crate) fn single_finish_connection(&self) -> PinnedConnection {
        self.work.pin()
    }

    pub(crate) fn leases(&self) -> &TimeoutPool {
        &self.leases
    }

    /// Whether Postgres answers now.
    pub async fn answers(&self) -> bool {
        self.work.within(ACQUIRE_TIMEOUT).ping().await.is_ok()
    }

    /// Refuses a login that could look past row security, and a schema that this program does not fit.
    ///
    /// # Errors
    /// The role may bypass row security, the schema is too old or too new, or the store is unavailable.
    pub async fn refuse_misfit(&self) -> Result<()> {
        refuse_bypass(&self.work).await?;
        version::refuse_misfit(&self.work).await
    }
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
