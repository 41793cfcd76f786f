//! Brands: the SQL. Each kind of thing that belongs to a brand has a file below; what is here is the brand itself.
//! Called by `service.rs` and, for reads only, by the organic domain, with a user's executor (`tx.connection()`) or a
//! worker's (`service.work()`): every query names the owner of its rows, so both see the same.
//! Decides nothing. Every change of a brand locks the brand first, so changes of one brand run one after the other.

pub mod accounts;
pub mod assets;
pub mod trends;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::{
    Brand, BrandId,
    rules::{BrandDraft, Read},
};
use crate::platform::{
    db::{UserTx, keyset::LATEST},
    id::UserId,
};

/// Reads brands; the argument is what follows the column list.
macro_rules! select_brands {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Brand,
            r#"
            SELECT id AS "id: BrandId", name, timezone, voice, language, created_at, updated_at
              FROM almanac.brand_profiles
            "# + $rest,
            $($argument),*
        )
    };
}

/// A place in a list, newest first: the moment and the id of the row before it.
pub type Place<T> = (DateTime<Utc>, T);

/// A kind of thing that belongs to a brand: what people do with one of them is the same for all.
pub trait BrandItem: Read + Send + Sync {
    /// Its id.
    type Id: Send + Sync;
    /// As it is kept.
    type Row: Send;

    /// Its id.
    fn id(&self) -> &Self::Id;

    /// One of a brand's.
    fn find(
        tx: &mut UserTx,
        brand: &BrandId,
        id: &Self::Id,
    ) -> impl Future<Output = sqlx::Result<Option<Self::Row>>> + Send;

    /// Stores things, and with `replace` also those whose id is there already. How many rows it made or changed.
    fn save(
        tx: &mut UserTx,
        user: UserId,
        brand: &BrandId,
        things: &[Self],
        replace: bool,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Removes one; false when it is not there.
    fn delete(tx: &mut UserTx, brand: &BrandId, id: &Self::Id) -> impl Future<Output = sqlx::Result<bool>> + Send;
}

/// One brand of this person.
pub async fn brand(executor: impl PgExecutor<'_>, user: UserId, id: &BrandId) -> sqlx::Result<Option<Brand>> {
    select_brands!(
        r#"
         WHERE user_id = $1 AND id = $2
        "#,
        user.0,
        id.as_str()
    )
    .fetch_optional(executor)
    .await
}

/// This person's brands, newest first.
pub(super) async fn brands(tx: &mut UserTx, after: Option<&Place<BrandId>>, limit: i64) -> sqlx::Result<Vec<Brand>> {
    let (at, id) = after.map_or((LATEST, ""), |(at, id)| (*at, id.as_str()));
    select_brands!(
        r#"
         WHERE user_id = (SELECT almanac.uid())
           AND (created_at, id) < ($1, $2)
         ORDER BY created_at DESC, id DESC
         LIMIT $3
        "#,
        at,
        id,
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// Stores a new brand; false when there is one of its id.
pub(super) async fn create(tx: &mut UserTx, user: UserId, brand: &BrandDraft) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        INSERT INTO almanac.brand_profiles (user_id, id, name, timezone, voice, language)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id, id) DO NOTHING
        "#,
        user.0,
        brand.id.as_str(),
        brand.name,
        brand.timezone,
        brand.voice,
        brand.language
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Writes what a brand says now; a brand that says the same already is not touched.
pub(super) async fn save(tx: &mut UserTx, brand: &BrandDraft) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE almanac.brand_profiles
           SET name = $2, timezone = $3, voice = $4, language = $5, updated_at = clock_timestamp()
         WHERE user_id = (SELECT almanac.uid()) AND id = $1
           AND (name, timezone, voice, language) IS DISTINCT FROM ($2, $3, $4, $5)
        "#,
        brand.id.as_str(),
        brand.name,
        brand.timezone,
        brand.voice,
        brand.language
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Locks a brand and what belongs to it against other changes until the transaction ends; false if it does not exist.
/// New rows may still refer to it.
pub(super) async fn lock(tx: &mut UserTx, id: &BrandId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"
        SELECT true AS "found!" FROM almanac.brand_profiles
         WHERE user_id = (SELECT almanac.uid()) AND id = $1
           FOR NO KEY UPDATE
        "#,
        id.as_str()
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(found.is_some())
}

/// Removes a brand with everything that belongs to it; false when it is not there.
pub(super) async fn delete(tx: &mut UserTx, id: &BrandId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM almanac.brand_profiles WHERE user_id = (SELECT almanac.uid()) AND id = $1",
        id.as_str()
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}
