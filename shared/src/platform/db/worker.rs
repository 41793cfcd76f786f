//! A worker's access to Postgres: every row, through explicit policies, as `almanac_worker`.
//! Opened by the worker's `main`; holds no query of a domain.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::postgres::PgPoolOptions;

use super::{
    ACQUIRE_TIMEOUT, GENERIC_KEYED_PLANS, PinnedConnection, TimeoutPool, patience::Patience, pinned::PinnedPool,
    refuse_bypass, release, session, shares::WorkerShares, timeout_pool::is_alive, version,
};

/// Connections of a worker unless a setting says otherwise.
const CONNECTIONS: u32 = 8;
/// How long a worker waits for the answer to one statement, which may take ten seconds.
const WORK_TIMEOUT: Duration = Duration::from_secs(11);
/// How long it waits for a connection: nearly as long, because an attempt that gives up here has its model called again,
/// and paid again, although Postgres is only slow.
const WORK_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it waits for the answer to a renewal. A lease is ten seconds.
const RENEWAL_TIMEOUT: Duration = Duration::from_millis(2_500);
/// The same for opening the connection of the renewals, which takes eight pieces of the protocol, and for a release.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections of a worker: every row, through explicit policies, as `almanac_worker`.
#[derive(Clone, Debug)]
pub struct Service {
    work: TimeoutPool,
    batches: PinnedPool,
    renewals: PinnedPool,
    releases: TimeoutPool,
}

impl Service {
    /// Opens the pools with the usual number of connections.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open(url: &SecretString) -> Result<Self> {
        Self::open_with(url, CONNECTIONS)
    }

    /// Opens the pools lazily, with this number of connections in all. Renewals have one of their own, so that neither
    /// busy work nor many jobs that are given back can cost a lease; starts and ends of jobs, each written by one task,
    /// have one each. No statement waits without end for a store that is gone.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn open_with(url: &SecretString, connections: u32) -> Result<Self> {
        let options = session(url, "almanac-worker", &[("statement_timeout", "10000"), ("lock_timeout", "250")])?;
        let generic_plans = options.clone().options(GENERIC_KEYED_PLANS);
        let shares = WorkerShares::of(connections);
        let pool = |most| {
            let pool = PgPoolOptions::new().max_connections(most).test_before_acquire(false);
            pool.acquire_timeout(WORK_ACQUIRE_TIMEOUT)
        };
        let work = pool(shares.work).before_acquire(is_alive);
        // Never closed for its age or its rest: where Postgres has no connection left to give, the renewals behind that
        // would fail, and all jobs of this process would be handed back and paid again.
        let kept = |most| pool(most).max_lifetime(None).idle_timeout(None).acquire_timeout(RELEASE_TIMEOUT);
        let renewals = kept(shares.renewals).connect_lazy_with(generic_plans.clone());
        let releases = kept(shares.releases).before_acquire(is_alive).connect_lazy_with(generic_plans.clone());
        let batches = pool(shares.batches).connect_lazy_with(generic_plans);
        Ok(Self {
            work: TimeoutPool::of(work.connect_lazy_with(options), Patience::of(WORK_TIMEOUT, None)),
            batches: PinnedPool::of(batches, Patience::of(WORK_TIMEOUT, None)),
            renewals: PinnedPool::of(renewals, Patience::of(RENEWAL_TIMEOUT, None)),
            releases: TimeoutPool::of(releases, Patience::of(RELEASE_TIMEOUT, None)),
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

    /// The connection for renewals.
    pub(crate) fn renewal_connection(&self) -> PinnedConnection {
        self.renewals.pin()
    }

    pub(crate) fn releases(&self) -> &TimeoutPool {
        &self.releases
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

    /// When the first process of this release started.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn release_first_start(&self) -> Result<DateTime<Utc>> {
        release::first_start(&self.work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_for_releases_are_not_closed_for_their_age() {
        let service = Service::open(&"postgres://nobody@127.0.0.1:1/none".to_owned().into()).unwrap();

        let options = service.releases.options();

        assert_eq!((options.get_max_lifetime(), options.get_idle_timeout()), (None, None));
    }
}
