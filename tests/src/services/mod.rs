//! Private Postgres and Redis servers for tests.
//! Stacks take theirs from here; a fault test that stops or restarts a server asks for `Services::private`.
//! It must never be pointed at a server that it did not start.

mod postgres;
mod redis;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::OnceCell;

pub use self::{
    postgres::{ADMIN, Postgres},
    redis::{Redis, authority, server_certificate},
};
use crate::observe::OrFail;

/// The servers of one stack.
#[derive(Clone, Debug)]
pub struct Services {
    /// Shared by the stacks of the run unless private; each stack has a database of its own in it.
    pub postgres: Arc<Postgres>,
    /// Always a server of its own: FLUSHALL in one test must not reach another.
    pub redis: Arc<Redis>,
}

/// One cluster per test run: `initdb` costs most of a second. A global for the same reason as the run itself.
static SHARED: OnceCell<Arc<Postgres>> = OnceCell::const_new();

impl Services {
    /// The run's Postgres and a fresh Redis.
    pub async fn shared() -> Self {
        let start = || async { Arc::new(Postgres::start("shared").await.or_fail("starting Postgres")) };
        Self { postgres: Arc::clone(SHARED.get_or_init(start).await), redis: fresh_redis().await }
    }

    /// Servers that a test may stop, kill and restart.
    pub async fn private() -> Self {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let postgres = Postgres::start(&name).await.or_fail("starting a private Postgres");
        Self { postgres: Arc::new(postgres), redis: fresh_redis().await }
    }
}

async fn fresh_redis() -> Arc<Redis> {
    Arc::new(Redis::start().await.or_fail("starting Redis"))
}
