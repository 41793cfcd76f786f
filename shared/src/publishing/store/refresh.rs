//! Tokens of connected accounts: the SQL of workers, which replace them before they expire. One worker at a time refreshes
//! the tokens of an account: many vendors take a refresh token once. Called by the worker's job; decides nothing.

use std::time::Duration;

use serde_json::Value;

use crate::{
    jobs::store::{WriteError, until_free},
    platform::db::Service,
    publishing::credentials::{AccountRef, Sealed},
};

/// The longest lifetime that is believed: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);

/// New tokens of an account.
#[derive(Clone, Debug)]
pub struct NewTokens {
    /// The tokens.
    pub sealed: Sealed,
    /// Whether a refresh token is among them.
    pub has_refresh: bool,
    /// How long the access token lives; `None`: unknown.
    pub expires_in: Option<Duration>,
    /// How long the refresh token lives; `None`: unknown.
    pub refresh_expires_in: Option<Duration>,
}

/// Reserves the refresh of an account's tokens for this worker, for a time. False if they are no longer of this version,
/// if another worker has reserved it, or if another transaction holds the row: it does not wait.
///
/// # Errors
/// The store is unavailable.
pub async fn claim_refresh(
    service: &Service,
    account: &AccountRef<'_>,
    version: i64,
    time: Duration,
) -> Result<bool, WriteError> {
    let done = sqlx::query!(
        r#"
        WITH free AS MATERIALIZED (
            SELECT user_id, channel, account_id
              FROM almanac.channel_credentials
             WHERE user_id = $1 AND channel = $2 AND account_id = $3 AND version = $4
               AND invalid_since IS NULL
               AND (refreshing_until IS NULL OR refreshing_until < clock_timestamp())
               FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE almanac.channel_credentials c
           SET refreshing_until = clock_timestamp() + make_interval(secs => $5)
          FROM free
         WHERE c.user_id = free.user_id AND c.channel = free.channel AND c.account_id = free.account_id
        "#,
        account.user.0,
        account.channel.as_str(),
        account.account_id,
        version,
        time.as_secs_f64()
    )
    .execute(service.work())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives the reservation back after a refresh that brought nothing. Does nothing if the tokens are of another version.
///
/// # Errors
/// The store is unavailable.
pub async fn release_refresh(service: &Service, account: &AccountRef<'_>, version: i64) -> Result<(), WriteError> {
    until_free(|| async {
        sqlx::query!(
            r#"
            UPDATE almanac.channel_credentials
               SET refreshing_until = NULL
             WHERE user_id = $1 AND channel = $2 AND account_id = $3 AND version = $4
            "#,
            account.user.0,
            account.channel.as_str(),
            account.account_id,
            version
        )
        .execute(service.work())
        .await?;
        Ok(())
    })
    .await
}

/// Stores new tokens and ends the reservation. Returns their version; `None` if the account was disconnected or has other
/// tokens than those of `version`, which then stay.
///
/// # Errors
/// The store is unavailable.
pub async fn store_tokens(
    service: &Service,
    account: &AccountRef<'_>,
    version: i64,
    tokens: &NewTokens,
) -> Result<Option<i64>, WriteError> {
    until_free(|| async {
        let stored = sqlx::query_scalar!(
            r#"
            UPDATE almanac.channel_credentials
               SET sealed = $5,
                   key_id = $6,
                   has_refresh = $7,
                   expires_at = clock_timestamp() + make_interval(secs => $8),
                   refresh_expires_at = clock_timestamp() + make_interval(secs => $9),
                   invalid_since = NULL,
                   refreshing_until = NULL,
                   version = version + 1,
                   updated_at = clock_timestamp()
             WHERE user_id = $1 AND channel = $2 AND account_id = $3 AND version = $4
            RETURNING version
            "#,
            account.user.0,
            account.channel.as_str(),
            account.account_id,
            version,
            tokens.sealed.bytes,
            tokens.sealed.key_id,
            tokens.has_refresh,
            tokens.expires_in.map(seconds),
            tokens.refresh_expires_in.map(seconds)
        )
        .fetch_optional(service.work())
        .await?;
        Ok(stored)
    })
    .await
}

/// A lifetime as the database takes it; a longer one would pass its range.
fn seconds(lifetime: Duration) -> f64 {
    lifetime.min(LONGEST).as_secs_f64()
}

/// Notes that the channel refused the tokens, and ends the reservation. False if they are no longer of this version.
///
/// # Errors
/// The store is unavailable.
pub async fn mark_invalid(service: &Service, account: &AccountRef<'_>, version: i64) -> Result<bool, WriteError> {
    until_free(|| async {
        let done = sqlx::query!(
            r#"
            UPDATE almanac.channel_credentials
               SET invalid_since = coalesce(invalid_since, clock_timestamp()),
                   refreshing_until = NULL
             WHERE user_id = $1 AND channel = $2 AND account_id = $3 AND version = $4
            "#,
            account.user.0,
            account.channel.as_str(),
            account.account_id,
            version
        )
        .execute(service.work())
        .await?;
        Ok(done.rows_affected() > 0)
    })
    .await
}

/// Notes the quota of an account as the channel reported it.
///
/// # Errors
/// The store is unavailable.
pub async fn note_quota(service: &Service, account: &AccountRef<'_>, quota: &Value) -> Result<(), WriteError> {
    until_free(|| async {
        sqlx::query!(
            r#"
            UPDATE almanac.channel_credentials
               SET quota = $4
             WHERE user_id = $1 AND channel = $2 AND account_id = $3
            "#,
            account.user.0,
            account.channel.as_str(),
            account.account_id,
            quota
        )
        .execute(service.work())
        .await?;
        Ok(())
    })
    .await
}
