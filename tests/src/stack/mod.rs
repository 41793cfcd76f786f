//! A whole Almanac: a database, a Redis, a scripted world, API processes and workers.
//! Tests start one of their own with `Stack::builder`, or share the run's with `Stack::shared`.
//! A shared stack must never be changed: a test that kills, pauses or empties something builds its own.

mod builder;
mod node;

use std::{ops::Deref, sync::Arc};

use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::sync::OnceCell;

pub use self::{
    builder::{Builder, CREDENTIALS_KEY, ORIGIN, PUBLIC_URL},
    node::Node,
};
use crate::{
    actor::User,
    observe::OrFail,
    proxy::Proxy,
    services::{ADMIN, Services},
    world::World,
};

/// A running system.
#[derive(Debug)]
pub struct Stack {
    /// Its Postgres and its Redis.
    pub services: Services,
    /// The name of its database.
    pub database: String,
    /// Its provider, its key set, its networks, and those who take mails.
    pub world: World,
    proxies: Option<Proxies>,
    apis: Vec<Arc<Node>>,
    workers: Vec<Arc<Node>>,
}

/// The proxies of a stack that was built with them.
#[derive(Debug)]
pub struct Proxies {
    /// Between the API processes and Postgres.
    pub api_postgres: Proxy,
    /// Between the API processes and Redis.
    pub api_redis: Proxy,
    /// Between the workers and Postgres.
    pub worker_postgres: Proxy,
    /// Between the workers and Redis.
    pub worker_redis: Proxy,
    /// Between the workers and the model's provider, the networks to publish to, and Resend.
    pub provider: Proxy,
}

/// The run's shared stack as one test sees it.
#[derive(Debug)]
pub struct SharedStack {
    stack: &'static Stack,
    /// Where each log stood when the test began.
    logs_from: Vec<u64>,
}

/// One shared stack per run, for the tests that only use it. A global for the same reason as the run itself; its
/// processes are ended by the run's watchdog.
static SHARED: OnceCell<Stack> = OnceCell::const_new();

impl Stack {
    /// The stack that tests share which disturb nothing: one API, one worker.
    pub async fn shared() -> SharedStack {
        let stack = SHARED.get_or_init(|| Self::builder().start()).await;
        SharedStack { stack, logs_from: stack.nodes().map(|node| node.log_length()).collect() }
    }

    /// A stack of the test's own.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A new person at the first API.
    pub fn user(&self) -> User {
        User::new(self.api(0).address())
    }

    /// The n-th API process, from 0.
    pub fn api(&self, number: usize) -> &Node {
        self.apis.get(number).or_fail(&format!("api-{number}"))
    }

    /// The n-th worker, from 0.
    pub fn worker(&self, number: usize) -> &Node {
        self.workers.get(number).or_fail(&format!("worker-{number}"))
    }

    /// All workers.
    pub fn workers(&self) -> &[Arc<Node>] {
        &self.workers
    }

    /// The worker that holds a job's lease now.
    pub async fn holder(&self, job: uuid::Uuid) -> &Node {
        let query = sqlx::query_scalar("SELECT lease_owner FROM almanac.jobs WHERE id = $1").bind(job);
        let owner: Option<String> = query.fetch_one(&self.admin().await).await.or_fail("reading a lease");
        let owner = owner.or_fail("no worker holds the job");
        // A worker says at its start under which name it works.
        self.workers.iter().find(|worker| worker.log().contains(&owner)).or_fail(&owner)
    }

    /// The proxies. Fails the test if the stack was built without.
    pub fn proxies(&self) -> &Proxies {
        self.proxies.as_ref().or_fail("the stack was built without proxies")
    }

    /// A pool that sees everything.
    pub async fn admin(&self) -> PgPool {
        self.pool(ADMIN).await
    }

    /// A pool as the API's own role, which is subject to row security.
    pub async fn as_api(&self) -> PgPool {
        self.pool("almanac_api").await
    }

    /// A pool as the workers' role.
    pub async fn as_worker(&self) -> PgPool {
        self.pool("almanac_worker").await
    }

    /// The pool belongs to the test's runtime, so every caller gets a new one. It goes past the proxies.
    async fn pool(&self, role: &str) -> PgPool {
        let url = self.services.postgres.url(role, &self.database);
        let pool = PgPoolOptions::new().max_connections(4).connect(&url).await;
        pool.or_fail(&format!("connecting as {role}"))
    }

    fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.apis.iter().chain(&self.workers)
    }

    /// Prints the end of every log.
    pub fn print_logs(&self) {
        self.print_logs_from(&[]);
    }

    fn print_logs_from(&self, from: &[u64]) {
        for (place, node) in self.nodes().enumerate() {
            let log = node.log_after(from.get(place).copied().unwrap_or(0));
            if !log.is_empty() {
                eprintln!("\n---- log of {} ----\n{log}", node.name);
            }
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_logs();
        }
    }
}

impl Deref for SharedStack {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        self.stack
    }
}

impl Drop for SharedStack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stack.print_logs_from(&self.logs_from);
        }
    }
}
