//! A worker's access to Postgres: every row, through explicit policies, as `almanac_worker`.
//! Opened by the worker's `main`; holds no query of a domain.

use std::time::Duration;

use anyhow::Result;
use secrecy::SecretString;
use sqlx::{PgPool, postgres::PgPoolOptions};

use super::{ACQUIRE_TIMEOUT, Bounded, Kept, PLANNED_ONCE, bounded::lives, refuse_bypass, session};

/// How long a worker waits for the answer to one statement, which may take ten seconds.
const WORK_TIMEOUT: Duration = Duration::from_secs(11);
/// The same for renewals, two of which may fail before the lease of ten seconds is over, and for what comes in between.
const LEASE_TIMEOUT: Duration = Duration::from_millis(2_500);

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
        let leases = pool().max_connections(2).acquire_timeout(ACQUIRE_TIMEOUT).before_acquire(lives);
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
