//! Access to Postgres. The type that a function takes says with whose rights it reads and writes: a user's, an
//! administrator's, a worker's. Called by the two `main`s to open pools and by services to begin; holds no query of a domain.

mod api;
mod health;
pub(crate) mod keyset;
mod migrate;
mod patience;
mod pinned;
mod release;
mod shares;
mod timeout_pool;
mod unanswered;
mod user_limits;
mod version;
mod worker;

use std::{str::FromStr, time::Duration};

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{ConnectOptions, PgExecutor, postgres::PgConnectOptions};

pub use self::{
    api::{AdminTx, Database, UserTx},
    migrate::migrate,
    release::RELEASE,
    shares::LEAST_CONNECTIONS,
    worker::Service,
};
pub(crate) use self::{
    pinned::PinnedConnection,
    timeout_pool::TimeoutPool,
    unanswered::{is_dead_connection, is_gone},
    user_limits::UserPermit,
};

/// How long a request may wait for a connection before it is refused with 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// For connections that only ever call one function with keys in arrays. The plans are the same for all values, and
/// planning again in the first calls of each connection costs several times the calls themselves. A plan that is made
/// while its tables are small scans them whole, and would continue to do so while they grow, until they are analysed
/// again. Every row these functions look for has a key, so the planner is made to use the index.
const GENERIC_KEYED_PLANS: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// For connections that read pages of lists. A plan made while a table was empty reads it whole and sorts it, and is kept
/// until the table is analysed again. Every list has an index in its order.
pub const INDEX_SCANS_ONLY: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("enable_bitmapscan", "off"), ("enable_sort", "off")];

/// Whether `text` is a Postgres URL.
pub fn is_url(text: &str) -> bool {
    let of_postgres = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    of_postgres && PgConnectOptions::from_str(text).is_ok()
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

async fn refuse_bypass(executor: impl PgExecutor<'_>) -> Result<()> {
    let role: Option<String> = sqlx::query_scalar(
        "SELECT r.rolname::text FROM pg_roles r
          WHERE pg_has_role(current_user, r.oid, 'member')
            AND (r.rolsuper OR r.rolbypassrls OR r.rolname IN ('service_role', 'almanac_owner'))
          LIMIT 1",
    )
    .fetch_optional(executor)
    .await
    .context("reading the login's role")?;
    if let Some(role) = role {
        bail!("the database login may act as {role}, which can look past row security: refusing to start");
    }
    Ok(())
}
