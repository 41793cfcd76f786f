//! Whether this program and the schema of its database fit. The schema says its version and the oldest programs that
//! still work with it, so that programs of two versions can run side by side while a new one is rolled out.
//! Called at start-up by both processes, and by `migrate`.

use anyhow::{Context, Result, bail};
use sqlx::PgExecutor;

/// The version of the schema that this program was written for: the one that `migrations/` make. A migration that adds
/// what this program needs raises it; one that older programs cannot work with raises `compatible_from` too.
pub(super) const SCHEMA_VERSION: i32 = 1;

/// SQLSTATE: no such table. Schemas had no version before the first.
const UNDEFINED_TABLE: &str = "42P01";

/// What a database says of its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schema {
    version: i32,
    compatible_from: i32,
}

/// Refuses a schema that is older than this program needs, and one that has left this program behind.
///
/// # Errors
/// The schema and the program do not fit, or the store is unavailable.
pub(super) async fn refuse_misfit(store: impl PgExecutor<'_>) -> Result<()> {
    match misfit(read(store).await?, SCHEMA_VERSION) {
        Some(sentence) => bail!(sentence),
        None => Ok(()),
    }
}

/// What the database says; version 0 if it says nothing.
pub(super) async fn read(store: impl PgExecutor<'_>) -> Result<Schema> {
    let row: sqlx::Result<Option<(i32, i32)>> =
        sqlx::query_as("SELECT version, compatible_from FROM almanac.schema_version").fetch_optional(store).await;
    let row = match row {
        Err(error) if error.as_database_error().and_then(|db| db.code()).as_deref() == Some(UNDEFINED_TABLE) => None,
        row => row.context("reading the version of the schema")?,
    };
    let (version, compatible_from) = row.unwrap_or_default();
    Ok(Schema { version, compatible_from })
}

fn misfit(schema: Schema, own: i32) -> Option<String> {
    let Schema { version, compatible_from } = schema;
    if version < own {
        return Some(format!(
            "this program needs schema version {own} and the database has {version}: run `almanac-api migrate` of this \
             release first"
        ));
    }
    (compatible_from > own).then(|| {
        format!(
            "the database has schema version {version}, which works with programs of version {compatible_from} or \
             newer, and this program is of version {own}: start a newer release"
        )
    })
}

/// Refuses to migrate a schema that a newer release has brought further.
pub(super) async fn refuse_newer(store: impl PgExecutor<'_>) -> Result<()> {
    let Schema { version, .. } = read(store).await?;
    if version > SCHEMA_VERSION {
        bail!(
            "the database has schema version {version}, and this program brings it to {SCHEMA_VERSION}: run \
             `almanac-api migrate` of the newer release"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_starts_on_its_own_schema_and_on_newer_ones_that_know_it() {
        let schema = |version, compatible_from| Schema { version, compatible_from };
        for fits in [schema(3, 1), schema(3, 3), schema(4, 3), schema(9, 1)] {
            assert_eq!(misfit(fits, 3), None, "{fits:?}");
        }
        for (misfits, named) in [(schema(2, 1), ["3", "2"]), (schema(0, 0), ["3", "0"]), (schema(5, 4), ["5", "4"])] {
            let sentence = misfit(misfits, 3).unwrap();
            assert!(named.iter().all(|version| sentence.contains(version)), "{sentence}");
        }
    }
}
