//! Addresses of posts that their channels tell only later: the SQL of the worker's rounds. Called by the worker's
//! maintenance; decides nothing.

use super::sealed::{SealedAccount, SealedColumns, object, settings};
use crate::{
    jobs::store::{WriteError, unreadable},
    platform::{
        db::Service,
        id::{IntentId, UserId},
    },
    publishing::{Channel, Entry, Login, Options, Transport, render::Known},
};

/// A post that is published and has no address yet.
#[derive(Clone, Debug)]
pub struct PostWithoutAddress {
    /// Whose it is.
    pub user: UserId,
    /// Its intent.
    pub intent: IntentId,
    /// What was published.
    pub entry: Entry,
    /// Where.
    pub channel: Channel,
    /// By which account, under the user's name for it.
    pub account_id: String,
    /// The vendor's id of the account that published it.
    pub external_account: String,
    /// Where requests are sent.
    pub transport: Transport,
    /// Its options.
    pub options: Options,
    /// What the channel is asked by.
    pub known: Known,
    /// The account as it is connected now.
    pub account: Option<SealedAccount>,
}

/// Takes posts whose channel is to be asked now; they are due again later, by themselves. Rows that cannot be read are left
/// out.
///
/// # Errors
/// The store is unavailable.
pub async fn take_due(service: &Service, most: i32) -> Result<Vec<PostWithoutAddress>, WriteError> {
    let rows = sqlx::query!(
        r#"
        SELECT (intent).user_id AS "user_id!: UserId", (intent).id AS "id!: IntentId", (intent).entry AS "entry!",
               (intent).channel AS "channel!: Channel", (intent).account_id AS "account_id!",
               (intent).external_account AS "external_account!", (intent).transport AS "transport!: Transport",
               (intent).options AS "options!", (intent).known AS "known!",
               (account).external_id, (account).login AS "login: Login", (account).settings, (account).sealed,
               (account).key_id, (account).has_refresh, (account).version,
               (account).invalid_since IS NOT NULL AS "is_invalid!",
               (extract(epoch FROM (account).expires_at - clock_timestamp()) * 1000)::float8 AS expires_in_ms
          FROM almanac.take_late_addresses($1)
        "#,
        most
    )
    .fetch_all(service.work())
    .await?;
    let posts = rows.into_iter().filter_map(|row| {
        let id = row.id;
        let read = || -> Result<PostWithoutAddress, WriteError> {
            let columns = SealedColumns {
                external_id: row.external_id,
                login: row.login,
                settings: row.settings,
                sealed: row.sealed,
                key_id: row.key_id,
                has_refresh: row.has_refresh,
                expires_in_ms: row.expires_in_ms,
                is_invalid: row.is_invalid,
                version: row.version,
            };
            Ok(PostWithoutAddress {
                user: row.user_id,
                intent: row.id,
                entry: serde_json::from_value(row.entry).map_err(|error| unreadable(error.into()))?,
                account: columns.read(row.channel, &row.account_id)?,
                channel: row.channel,
                account_id: row.account_id,
                external_account: row.external_account,
                transport: row.transport,
                options: settings(row.channel, row.options)?,
                known: object(row.known)?.into_iter().collect(),
            })
        };
        read().inspect_err(|error| tracing::error!(intentId = %id, %error, "a published intent cannot be read")).ok()
    });
    Ok(posts.collect())
}

/// Stores the address of a post, which is not asked for again.
///
/// # Errors
/// The store is unavailable.
pub async fn keep(service: &Service, post: &PostWithoutAddress, address: &str) -> Result<(), WriteError> {
    sqlx::query!(
        r#"
        UPDATE almanac.publish_intents
           SET external_url = $3, known = '{}', address_due_at = NULL, updated_at = clock_timestamp()
         WHERE user_id = $1 AND id = $2 AND external_url IS NULL
        "#,
        post.user.0,
        post.intent.0,
        address
    )
    .execute(service.work())
    .await?;
    Ok(())
}
