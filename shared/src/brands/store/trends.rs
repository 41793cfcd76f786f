//! Trends of a brand: the SQL.

use serde_json::json;
use sqlx::PgExecutor;

use super::{
    super::{BrandId, Trend, TrendId, TrendSource, rules::TrendDraft},
    BrandItem, Place,
};
use crate::platform::{
    db::{UserTx, keyset::LATEST},
    id::UserId,
};

/// Reads trends; the argument is what follows the column list.
macro_rules! select_trends {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Trend,
            r#"
            SELECT id AS "id: TrendId", title, source AS "source: TrendSource", description, priority, tags, created_at,
                   updated_at
              FROM almanac.trends
            "# + $rest,
            $($argument),*
        )
    };
}

/// Those of these trends that the brand has, in no order.
pub async fn by_ids(
    executor: impl PgExecutor<'_>,
    user: UserId,
    brand: &BrandId,
    ids: &[&str],
) -> sqlx::Result<Vec<Trend>> {
    select_trends!(
        r#"
         WHERE user_id = $1 AND brand_id = $2 AND id = ANY ($3::text[])
        "#,
        user.0,
        brand.as_str(),
        ids as &[&str]
    )
    .fetch_all(executor)
    .await
}

/// The brand's trends but for these, in the order in which they are to be taken: by priority, then the oldest first.
pub async fn first_without(
    executor: impl PgExecutor<'_>,
    user: UserId,
    brand: &BrandId,
    except: &[&str],
    limit: i64,
) -> sqlx::Result<Vec<Trend>> {
    select_trends!(
        r#"
         WHERE user_id = $1 AND brand_id = $2 AND id <> ALL ($3::text[])
         ORDER BY priority DESC, created_at, id
         LIMIT $4
        "#,
        user.0,
        brand.as_str(),
        except as &[&str],
        limit
    )
    .fetch_all(executor)
    .await
}

/// A brand's trends, newest first.
pub(in super::super) async fn list(
    tx: &mut UserTx,
    brand: &BrandId,
    after: Option<&Place<TrendId>>,
    limit: i64,
) -> sqlx::Result<Vec<Trend>> {
    let (at, id) = after.map_or((LATEST, ""), |(at, id)| (*at, id.as_str()));
    select_trends!(
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

impl BrandItem for TrendDraft {
    type Id = TrendId;
    type Row = Trend;

    fn id(&self) -> &TrendId {
        &self.id
    }

    async fn find(tx: &mut UserTx, brand: &BrandId, id: &TrendId) -> sqlx::Result<Option<Trend>> {
        select_trends!(
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
            INSERT INTO almanac.trends AS t (user_id, brand_id, id, title, source, description, priority, tags)
            SELECT $1, $2, r.id, r.title, r.source, r.description, r.priority, r.tags
              FROM jsonb_to_recordset($3) AS r (id text, title text, source text, description text, priority int,
                                                tags text[])
                ON CONFLICT (user_id, brand_id, id) DO UPDATE SET
                   title = excluded.title,
                   source = excluded.source,
                   description = excluded.description,
                   priority = excluded.priority,
                   tags = excluded.tags,
                   updated_at = clock_timestamp()
             WHERE $4 AND (t.title, t.source, t.description, t.priority, t.tags) IS DISTINCT FROM
                   (excluded.title, excluded.source, excluded.description, excluded.priority, excluded.tags)
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

    async fn delete(tx: &mut UserTx, brand: &BrandId, id: &TrendId) -> sqlx::Result<bool> {
        let done = sqlx::query!(
            "DELETE FROM almanac.trends WHERE user_id = (SELECT almanac.uid()) AND brand_id = $1 AND id = $2",
            brand.as_str(),
            id.as_str()
        )
        .execute(tx.connection())
        .await?;
        Ok(done.rows_affected() > 0)
    }
}
