//! Applies `migrations/` as the owner of the schema: each numbered file once, each function file whenever its text has
//! changed. Called by `almanac-api migrate` only. A function that no file holds any more is dropped by a numbered file.

use anyhow::{Context, Result, bail};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, migrate::MigrateError};

use super::{session, version};
use crate::{jobs::store::kinds, platform::config::KindSettings};

/// Path below `migrations/functions/` and text of each file, in the order in which they are applied.
const FUNCTIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/functions.rs"));

/// Serialises two `migrate` commands on one database; sqlx takes a lock of its own for the numbered files only.
const LOCK: i64 = 7_311_000_001;

/// Brings the schema of this database to the state of this program, and the limits of its kinds of jobs to these.
///
/// # Errors
/// Postgres cannot be reached, `deploy/roles.sql` has not been run, the database was made by an earlier development
/// version or by a newer release, or a file fails; files that were applied before it stay.
pub async fn migrate(owner_url: &SecretString, limits: &[KindSettings]) -> Result<()> {
    let mut connection =
        session(owner_url, "almanac-migrate", &[])?.connect().await.context("connecting as the owner")?;
    version::refuse_newer(&mut connection).await?;
    let mut migrator = sqlx::migrate!("../migrations");
    migrator.dangerous_set_table_name("almanac._sqlx_migrations");
    match migrator.run(&mut connection).await {
        Ok(()) => {}
        Err(MigrateError::VersionMismatch(version) | MigrateError::VersionMissing(version)) => bail!(
            "this database was made by an earlier development version of Almanac (migration {version:04} differs), and \
             nothing migrates from one: create an empty database, or run `make clean` if `make run` made it"
        ),
        Err(error) => return Err(error).context("applying migrations (was deploy/roles.sql run?)"),
    }
    replace_functions(&mut connection).await.context("replacing functions")?;
    kinds::write(&mut connection, limits).await
}

/// Replaces the changed functions in one transaction, so that a process sees all of them or none.
async fn replace_functions(connection: &mut PgConnection) -> Result<()> {
    let mut tx = connection.begin().await?;
    // Functions may name functions of a later file.
    tx.execute("SET LOCAL check_function_bodies = off").await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    tx.execute(
        "CREATE TABLE IF NOT EXISTS almanac._functions (
             path text PRIMARY KEY,
             checksum bytea NOT NULL,
             applied_at timestamptz NOT NULL DEFAULT clock_timestamp())",
    )
    .await?;
    for (path, text) in FUNCTIONS {
        let checksum = Sha256::digest(text.as_bytes()).to_vec();
        let applied: Option<bool> = sqlx::query_scalar("SELECT checksum = $2 FROM almanac._functions WHERE path = $1")
            .bind(path)
            .bind(&checksum)
            .fetch_optional(&mut *tx)
            .await?;
        if applied == Some(true) {
            continue;
        }
        sqlx::raw_sql(AssertSqlSafe(*text)).execute(&mut *tx).await.with_context(|| format!("applying {path}"))?;
        sqlx::query(
            "INSERT INTO almanac._functions (path, checksum) VALUES ($1, $2)
             ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = clock_timestamp()",
        )
        .bind(path)
        .bind(&checksum)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(())
}
