//! Receipts as their owner reads them: each is its text, byte for byte as it was hashed.

use crate::{
    platform::{db::UserTx, id::IntentId},
    publishing::receipts::Head,
};

/// The newest receipt of an intent.
pub(in super::super) async fn newest(tx: &mut UserTx, intent: IntentId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"
        SELECT body FROM almanac.publish_receipts
         WHERE user_id = (SELECT almanac.uid()) AND intent_id = $1
         ORDER BY seq DESC
         LIMIT 1
        "#,
        intent.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// The end of this person's chain.
pub(in super::super) async fn head(tx: &mut UserTx) -> sqlx::Result<Head> {
    let found =
        sqlx::query!("SELECT count, head FROM almanac.publish_receipt_heads WHERE user_id = (SELECT almanac.uid())")
            .fetch_optional(tx.connection())
            .await?;
    Ok(found.map_or_else(Head::default, |row| Head { count: u64::try_from(row.count).unwrap_or(0), head: row.head }))
}

/// Receipts after a place in the chain, oldest first.
pub(in super::super) async fn after(tx: &mut UserTx, seq: i64, limit: i64) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        SELECT body FROM almanac.publish_receipts
         WHERE user_id = (SELECT almanac.uid()) AND seq > $1
         ORDER BY seq
         LIMIT $2
        "#,
        seq,
        limit
    )
    .fetch_all(tx.connection())
    .await
}
