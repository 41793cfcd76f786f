//! Creative assets of a brand: the SQL.

use serde_json::json;
use sqlx::PgExecutor;

use super::{
    super::{Asset, AssetId, AssetKind, BrandId, rules::AssetDraft},
    BrandItem, Place,
};
use crate::platform::{
    db::{UserTx, keyset::LATEST},
    id::UserId,
};

/// Reads assets; the argument is what follows the column list.
macro_rules! select_assets {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Asset,
            r#"
            SELECT id AS "id: AssetId", title, kind AS "kind: AssetKind", url, tags, created_at, updated_at
              FROM almanac.creative_assets
            "# + $rest,
            $($argument),*
        )
    };
}

/// The brand's assets that share one of these terms (`terms::terms`) with their title or tags, those that share most
/// first, ties by id.
pub async fn sharing(
    executor: impl PgExecutor<'_>,
    user: UserId,
    brand: &BrandId,
    terms: &[String],
    limit: i64,
) -> sqlx::Result<Vec<Asset>> {
    select_assets!(
        r#"
         WHERE user_id = $1 AND brand_id = $2 AND terms && $3::text[]
         ORDER BY (SELECT count(*) FROM unnest(terms) AS term WHERE term = ANY ($3)) DESC, id
         LIMIT $4
        "#,
        user.0,
        brand.as_str(),
        terms,
        limit
    )
    .fetch_all(executor)
    .await
}

/// Those of these assets that the brand has.
pub(crate) async fn of_ids(
    executor: impl PgExecutor<'_>,
    user: UserId,
    brand: &BrandId,
    ids: &[&AssetId],
) -> sqlx::Result<Vec<Asset>> {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    select_assets!(
        r#"
         WHERE user_id = $1 AND brand_id = $2 AND id = ANY ($3)
        "#,
        user.0,
        brand.as_str(),
        &ids as &[&str]
    )
    .fetch_all(executor)
    .await
}

/// A brand's assets, newest first; all, or those with a tag.
pub(in super::super) async fn list(
    tx: &mut UserTx,
    brand: &BrandId,
    tag: Option<&str>,
    after: Option<&Place<AssetId>>,
    limit: i64,
) -> sqlx::Result<Vec<Asset>> {
    let (at, id) = after.map_or((LATEST, ""), |(at, id)| (*at, id.as_str()));
    select_assets!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1
           AND ($2::text IS NULL OR $2 = ANY (tags))
           AND (created_at, id) < ($3, $4)
         ORDER BY created_at DESC, id DESC
         LIMIT $5
        "#,
        brand.as_str(),
        tag,
        at,
        id,
        limit
    )
    .fetch_all(tx.connection())
    .await
}

impl BrandItem for AssetDraft {
    type Id = AssetId;
    type Row = Asset;

    fn id(&self) -> &AssetId {
        &self.id
    }

    async fn find(tx: &mut UserTx, brand: &BrandId, id: &AssetId) -> sqlx::Result<Option<Asset>> {
        select_assets!(
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
            INSERT INTO almanac.creative_assets AS a (user_id, brand_id, id, title, kind, url, tags, terms)
            SELECT $1, $2, r.id, r.title, r.kind, r.url, r.tags, r.terms
              FROM jsonb_to_recordset($3) AS r (id text, title text, kind text, url text, tags text[], terms text[])
                ON CONFLICT (user_id, brand_id, id) DO UPDATE SET
                   title = excluded.title,
                   kind = excluded.kind,
                   url = excluded.url,
                   tags = excluded.tags,
                   terms = excluded.terms,
                   updated_at = clock_timestamp()
             WHERE $4 AND (a.title, a.kind, a.url, a.tags, a.terms) IS DISTINCT FROM
                   (excluded.title, excluded.kind, excluded.url, excluded.tags, excluded.terms)
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

    async fn delete(tx: &mut UserTx, brand: &BrandId, id: &AssetId) -> sqlx::Result<bool> {
        let done = sqlx::query!(
            r#"
            DELETE FROM almanac.creative_assets
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
