//! Connected accounts: the SQL of user requests. A user writes sealed tokens and cannot read them.
//! Called by `accounts.rs`; decides nothing.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    platform::{db::UserTx, id::UserId},
    publishing::{Account, Channel, Login, Options, accounts::AccountDraft, credentials::Sealed},
};

/// An account as its row is, but for the tokens.
#[derive(Clone, Debug)]
pub(in super::super) struct AccountRow {
    pub channel: Channel,
    pub account_id: String,
    pub external_id: String,
    pub login: Option<Login>,
    pub settings: Value,
    pub key_id: String,
    pub has_refresh: bool,
    pub expires_at: Option<DateTime<Utc>>,
    pub refresh_expires_at: Option<DateTime<Utc>>,
    /// The access token has expired, and there is no refresh token that has not.
    pub expired: bool,
    pub refused: bool,
    pub quota: Option<Value>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl AccountRow {
    /// The account.
    pub fn account(&self) -> anyhow::Result<Account> {
        let settings = self.settings.as_object().cloned().context("no object");
        let settings = settings.and_then(|settings| Ok(Options::of_settings(self.channel, settings)?));
        let settings = settings.with_context(|| {
            format!("column settings of channel_credentials, row {}/{}", self.channel, self.account_id)
        })?;
        Ok(Account {
            channel: self.channel,
            account_id: self.account_id.clone(),
            external_id: self.external_id.clone(),
            login: self.login,
            settings,
        })
    }
}

/// Reads accounts; the argument is what follows the column list.
macro_rules! select_accounts {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            AccountRow,
            r#"
            SELECT channel AS "channel: Channel", account_id, external_id, login AS "login: Login", settings, key_id,
                   has_refresh, expires_at, refresh_expires_at,
                   expires_at IS NOT NULL AND expires_at <= clock_timestamp()
                   AND NOT (has_refresh AND coalesce(refresh_expires_at > clock_timestamp(), true)) AS "expired!",
                   invalid_since IS NOT NULL AS "refused!", quota, created_at, updated_at
              FROM almanac.channel_credentials
            "# + $rest,
            $($argument),*
        )
    };
}

/// Stores an account with its tokens, in the place of what is stored under its name. Tokens that a worker is just
/// refreshing are another version then, and it keeps none of them.
pub(in super::super) async fn put(
    tx: &mut UserTx,
    user: UserId,
    draft: &AccountDraft,
    sealed: &Sealed,
) -> sqlx::Result<()> {
    let external_id = draft.external_id();
    // Values stand twice: `excluded` may be read only where the column itself may.
    sqlx::query!(
        r#"
        INSERT INTO almanac.channel_credentials AS c
               (user_id, channel, account_id, external_id, login, settings, sealed, key_id, has_refresh, expires_at,
                refresh_expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (user_id, channel, account_id) DO UPDATE SET
               external_id = $4,
               login = $5,
               settings = $6,
               sealed = $7,
               key_id = $8,
               has_refresh = $9,
               expires_at = $10,
               refresh_expires_at = $11,
               invalid_since = NULL,
               version = c.version + 1,
               updated_at = clock_timestamp()
        "#,
        user.0,
        draft.channel.as_str(),
        draft.account_id,
        external_id,
        draft.login.map(Login::as_str),
        draft.settings.of_channel(draft.channel),
        sealed.bytes,
        sealed.key_id,
        draft.tokens.refresh.is_some(),
        draft.expires_at,
        draft.refresh_expires_at
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// One account.
pub(in super::super) async fn find(
    tx: &mut UserTx,
    channel: Channel,
    account_id: &str,
) -> sqlx::Result<Option<AccountRow>> {
    select_accounts!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND channel = $1 AND account_id = $2
        "#,
        channel.as_str(),
        account_id
    )
    .fetch_optional(tx.connection())
    .await
}

/// All accounts of a user.
pub(in super::super) async fn list(tx: &mut UserTx) -> sqlx::Result<Vec<AccountRow>> {
    select_accounts!(
        r#"
         WHERE user_id = (SELECT almanac.uid())
         ORDER BY channel, account_id
        "#,
    )
    .fetch_all(tx.connection())
    .await
}

/// Removes an account with its tokens; whether there was one.
pub(in super::super) async fn delete(tx: &mut UserTx, channel: Channel, account_id: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        DELETE FROM almanac.channel_credentials
         WHERE user_id = (SELECT almanac.uid()) AND channel = $1 AND account_id = $2
        "#,
        channel.as_str(),
        account_id
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}
