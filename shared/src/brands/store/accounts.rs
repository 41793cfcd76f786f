//! Accounts of a brand: the SQL.

use serde_json::json;
use sqlx::PgExecutor;

use super::{
    super::{Account, AccountId, AccountState, BrandId, Platform, rules::AccountDraft},
    BrandItem, Place,
};
use crate::platform::{
    db::{UserTx, keyset::LATEST},
    id::UserId,
};

/// Reads accounts; the argument is what follows the column list.
macro_rules! select_accounts {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Account,
            r#"
            SELECT id AS "id: AccountId", platform AS "platform: Platform", name, state AS "state: AccountState",
                   created_at, updated_at
              FROM almanac.platform_accounts
            "# + $rest,
            $($argument),*
        )
    };
}

/// Every account of a brand, by platform, the oldest of each first: which one a run takes must not depend on chance.
pub async fn of_brand(executor: impl PgExecutor<'_>, user: UserId, brand: &BrandId) -> sqlx::Result<Vec<Account>> {
    select_accounts!(
        r#"
         WHERE user_id = $1 AND brand_id = $2
         ORDER BY platform, created_at, id
        "#,
        user.0,
        brand.as_str()
    )
    .fetch_all(executor)
    .await
}

/// A brand's accounts, newest first.
pub(in super::super) async fn list(
    tx: &mut UserTx,
    brand: &BrandId,
    after: Option<&Place<AccountId>>,
    limit: i64,
) -> sqlx::Result<Vec<Account>> {
    let (at, id) = after.map_or((LATEST, ""), |(at, id)| (*at, id.as_str()));
    select_accounts!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1
           AND (created_at, id) < ($2, $3)
         ORDER BY created_at DESC, id DESC
         LIMIT $4
        "#,
        brand.as_str(),
        at,
        id,
        limit
    )
    .fetch_all(tx.connection())
    .await
}

impl BrandItem for AccountDraft {
    type Id = AccountId;
    type Row = Account;

    fn id(&self) -> &AccountId {
        &self.id
    }

    async fn find(tx: &mut UserTx, brand: &BrandId, id: &AccountId) -> sqlx::Result<Option<Account>> {
        select_accounts!(
            r#"
             WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND id = $2
            "#,
            brand.as_str(),
            id.as_str()
        )
        .fetch_optional(tx.connection())
        .await
    }

    async fn save(tx: &mut UserTx, user: UserId, brand: &BrandId, things: &[Self], replace: bool) -> sqlx::Result<u64> {
        let done = sqlx::query!(
            r#"
            INSERT INTO almanac.platform_accounts AS a (user_id, brand_id, id, platform, name, state)
            SELECT $1, $2, r.id, r.platform, r.name, r.state
              FROM jsonb_to_recordset($3) AS r (id text, platform text, name text, state text)
                ON CONFLICT (user_id, brand_id, id) DO UPDATE SET
                   platform = excluded.platform,
                   name = excluded.name,
                   state = excluded.state,
                   updated_at = clock_timestamp()
             WHERE $4 AND (a.platform, a.name, a.state) IS DISTINCT FROM (excluded.platform, excluded.name, excluded.state)
            "#,
            user.0,
            brand.as_str(),
            json!(things),
            replace
        )
        .execute(tx.connection())
        .await?;
        Ok(done.rows_affected())
    }

    async fn delete(tx: &mut UserTx, brand: &BrandId, id: &AccountId) -> sqlx::Result<bool> {
        let done = sqlx::query!(
            r#"
            DELETE FROM almanac.platform_accounts
             WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND id = $2
            "#,
            brand.as_str(),
            id.as_str()
        )
        .execute(tx.connection())
        .await?;
        Ok(done.rows_affected() > 0)
    }
}
