//! What a plan is made of: the calendar or brand with its entries, and intents of the entries that are on their way or
//! published. One statement for each.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    brands::{self, AssetId, BrandId},
    calendar::{self, Medium, MediumType},
    organic,
    platform::{
        db::UserTx,
        id::{CalendarId, EntryId, UserId},
    },
    publishing::{
        Channel, Entry, IntentStatus,
        rules::{ENTRIES_MAX, LiveIntent},
    },
};

/// Rows that are read at most: one more than a request may have.
const LIMIT: i64 = ENTRIES_MAX as i64 + 1;

/// The database's present, if the calendar is this person's.
pub(in super::super) async fn now_of_calendar(
    tx: &mut UserTx,
    calendar: CalendarId,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"
        SELECT clock_timestamp() AS "now!" FROM almanac.calendars
         WHERE user_id = (SELECT almanac.uid()) AND id = $1
        "#,
        calendar.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// The same for a brand.
pub(in super::super) async fn now_of_brand(tx: &mut UserTx, brand: &BrandId) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"
        SELECT clock_timestamp() AS "now!" FROM almanac.brand_profiles
         WHERE user_id = (SELECT almanac.uid()) AND id = $1
        "#,
        brand.as_str()
    )
    .fetch_optional(tx.connection())
    .await
}

/// Entries of a calendar as they are saved, by time: all, at most one more than a request may have, or those named.
pub(in super::super) async fn entries(
    tx: &mut UserTx,
    calendar: CalendarId,
    only: Option<&[String]>,
) -> anyhow::Result<Vec<Entry>> {
    let saved = match only {
        None => calendar::store::saved(tx, calendar, LIMIT).await?,
        // What is no id is the id of no entry.
        Some(ids) => {
            let ids: Vec<EntryId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            calendar::store::saved_of(tx, calendar, &ids).await?
        }
    };
    let mut entries: Vec<_> =
        saved.iter().map(|saved| Entry::of_calendar(calendar, saved.run_id, &saved.entry)).collect();
    entries.sort_by(|one, other| (one.scheduled_at, &one.id).cmp(&(other.scheduled_at, &other.id)));
    Ok(entries)
}

/// Placements of a brand with their media, by time; the same bounds.
pub(in super::super) async fn placements(
    tx: &mut UserTx,
    user: UserId,
    brand: &BrandId,
    only: Option<&[String]>,
) -> anyhow::Result<Vec<Entry>> {
    let saved = match only {
        None => organic::store::placements(tx, brand, None, None, LIMIT).await?,
        Some(ids) => organic::store::placements_of(tx, brand, ids).await?,
    };
    let mut named: Vec<&AssetId> = saved.iter().flat_map(|saved| &saved.placement.creative.asset_ids).collect();
    named.sort_unstable();
    named.dedup();
    let assets = brands::store::assets::of_ids(tx.connection(), user, brand, &named).await?;
    let media = media_of(&assets);
    Ok(saved.iter().map(|saved| placement_entry(saved, &media)).collect())
}

/// The assets that can be media of a post: sounds and documents cannot, nor what has no address.
pub(super) fn media_of(assets: &[brands::Asset]) -> HashMap<&AssetId, Medium> {
    let medium = |asset: &'_ brands::Asset| {
        let kind = MediumType::parse(asset.kind.as_str())?;
        Some(Medium { url: asset.url.clone()?, kind, alt: None })
    };
    assets.iter().filter_map(|asset| Some((&asset.id, medium(asset)?))).collect()
}

/// A placement with those of its assets that are media, in order.
pub(super) fn placement_entry(saved: &organic::run::SavedPlacement, media: &HashMap<&AssetId, Medium>) -> Entry {
    let media = saved.placement.creative.asset_ids.iter().filter_map(|id| media.get(id).cloned());
    Entry::of_placement(&saved.placement, saved.record.version, Some(saved.run_id), media.collect())
}

/// Intents of these entries that are on their way, or published. `brand` is empty for a calendar's entries.
pub(in super::super) async fn live_intents(
    tx: &mut UserTx,
    brand: &str,
    entries: &[&str],
) -> sqlx::Result<Vec<LiveIntent>> {
    sqlx::query_as!(
        LiveIntent,
        r#"
        SELECT entry_id AS "entry_id!", channel AS "channel!: Channel", account_id AS "account_id!",
               status AS "status!: IntentStatus"
          FROM almanac.publish_intents
         WHERE user_id = (SELECT almanac.uid()) AND entry_id = ANY ($2) AND coalesce(brand_id, '') = $1
           AND status IN ('pending', 'publishing', 'unknown', 'needs_review')
         UNION ALL
        SELECT entry_id, channel, account_id, status
          FROM almanac.publish_intents
         WHERE user_id = (SELECT almanac.uid()) AND entry_id = ANY ($2) AND coalesce(brand_id, '') = $1
           AND status = 'published'
        "#,
        brand,
        entries as &[&str]
    )
    .fetch_all(tx.connection())
    .await
}
