//! The rows of `job_kinds`: what submitting a job reads about its kind. Written by `almanac-api migrate`, compared by
//! `almanac-api serve`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::PgConnection;

use super::interval;
use crate::platform::{
    config::{KindSettings, Rate},
    db::Database,
};

/// Writes rates and time limits, as the owner.
pub(crate) async fn write(connection: &mut PgConnection, kinds: &[KindSettings]) -> Result<()> {
    for settings in kinds {
        let (count, seconds) = numbers(settings.rate)?;
        sqlx::query!(
            r#"
            UPDATE almanac.job_kinds
               SET rate_count = $2, rate_seconds = $3, time_limit = coalesce($4, time_limit)
             WHERE kind = $1
            "#,
            settings.kind.as_str(),
            count,
            seconds,
            settings.time_limit.map(interval)
        )
        .execute(&mut *connection)
        .await
        .with_context(|| format!("setting the limits of {}", settings.kind.as_str()))?;
    }
    Ok(())
}

impl Database {
    /// Fails if the environment and `job_kinds` differ: two processes would apply different limits.
    ///
    /// # Errors
    /// They differ (the error names the variable and both values), or the database cannot be reached.
    pub async fn refuse_other_limits(&self, kinds: &[KindSettings]) -> Result<()> {
        let mut tx = self.as_admin().await?;
        let mut differing = Vec::new();
        for settings in kinds {
            let limits = settings.kind.limits();
            let row = sqlx::query!(
                r#"
                SELECT rate_count, rate_seconds, (extract(epoch FROM time_limit) * 1000)::bigint AS time_limit_ms
                  FROM almanac.job_kinds
                 WHERE kind = $1
                "#,
                settings.kind.as_str()
            )
            .fetch_optional(tx.connection())
            .await?
            .with_context(|| format!("{} is not in almanac.job_kinds", settings.kind.as_str()))?;
            let (count, seconds) = numbers(settings.rate)?;
            if (count, seconds) != (row.rate_count, row.rate_seconds) {
                let (name, stored) = (limits.rate.name, format!("{}/{}", row.rate_count, row.rate_seconds));
                differing.push(format!("{name} is {count}/{seconds} here and {stored} in the database"));
            }
            if let (Some(variable), Some(limit)) = (limits.time_limit, settings.time_limit) {
                let stored = Duration::from_millis(row.time_limit_ms.unwrap_or(0).unsigned_abs());
                if limit != stored {
                    let (name, here, there) = (variable.name, limit.as_secs(), stored.as_secs_f64());
                    differing.push(format!("{name} is {here} here and {there} in the database"));
                }
            }
        }
        tx.commit().await?;
        if !differing.is_empty() {
            bail!("{}; run `almanac-api migrate` with the environment of the API", differing.join("; "));
        }
        Ok(())
    }
}

fn numbers(rate: Rate) -> Result<(i32, i32)> {
    Ok((
        i32::try_from(rate.count).context("a rate is too large")?,
        i32::try_from(rate.seconds).context("a rate is too long")?,
    ))
}
