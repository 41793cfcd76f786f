//! Syntheses: the SQL of a worker, every write under its lease. Called by the worker's job; decides nothing.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::super::{FeedItem, Section};
use crate::{
    jobs::{
        Lease,
        store::{WriteError, until_free},
    },
    platform::{
        db::Service,
        id::{ThemeId, UserId},
    },
};

/// What a worker needs to make a synthesis.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Its theme.
    pub theme_id: ThemeId,
    /// Name of the theme.
    pub theme: String,
    /// What the theme is about.
    pub description: String,
    /// Language to write in.
    pub language: String,
    /// Titles of the sections; empty: the model chooses them.
    pub titles: Vec<String>,
    /// The zone of its week.
    pub zone: String,
    /// The model.
    pub model: String,
    /// The prompt.
    pub prompt_version: String,
    /// Its week, once its feeds are read.
    pub week: Option<String>,
    /// What the model reads, once the feeds are read; `None` before.
    pub articles: Option<Vec<FeedItem>>,
    /// Stored sections, those of earlier attempts included.
    pub sections: Vec<Section>,
    /// The time of the database.
    pub now: DateTime<Utc>,
}

/// A feed as its last fetch left it.
#[derive(Clone, Debug)]
pub struct StoredSource {
    /// Its address.
    pub url: String,
    /// For the next conditional request.
    pub etag: Option<String>,
    /// The same.
    pub last_modified: Option<String>,
    /// Its items.
    pub items: Vec<FeedItem>,
}

/// What a fetch changed of a feed's row, as `almanac.keep_reading` takes it.
#[derive(Clone, Debug, Serialize)]
pub struct SourceChange {
    /// Its address.
    pub url: String,
    /// False if the fetch failed.
    pub fetched: bool,
    /// For the next conditional request.
    pub etag: Option<String>,
    /// The same.
    pub last_modified: Option<String>,
    /// Its items; `None`: unchanged.
    pub items: Option<Vec<FeedItem>>,
    /// `{code, message}` of a failed fetch.
    pub error: Option<SourceError>,
}

/// Why a feed was not read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceError {
    /// The code.
    pub code: String,
    /// Readable text for the owner.
    pub message: String,
}

/// What an attempt read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// ISO week.
    pub week: String,
    /// What the model reads.
    pub articles: Vec<FeedItem>,
    /// Keys of all items of the last seven days.
    pub keys: Vec<String>,
    /// What the fetches changed.
    pub sources: Vec<SourceChange>,
}

/// What a synthesis has to sum up. `None` if it no longer exists.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn assignment(service: &Service, user: UserId, lease: Lease) -> Result<Option<Assignment>, WriteError> {
    let row = sqlx::query!(
        r#"
        SELECT s.theme_id AS "theme_id: ThemeId", t.name, t.description, t.language,
               t.sections AS "titles: Json<Vec<String>>", s.zone, s.model, s.prompt_version, s.week,
               s.articles AS "articles: Json<Vec<FeedItem>>", s.sections AS "sections: Json<Vec<Section>>",
               clock_timestamp() AS "now!"
          FROM almanac.syntheses s
          JOIN almanac.themes t ON t.user_id = s.user_id AND t.id = s.theme_id
         WHERE s.user_id = $1 AND s.id = $2
        "#,
        user.0,
        lease.job.0
    )
    .fetch_optional(service.work())
    .await?;
    Ok(row.map(|row| Assignment {
        theme_id: row.theme_id,
        theme: row.name,
        description: row.description,
        language: row.language,
        titles: row.titles.0,
        zone: row.zone,
        model: row.model,
        prompt_version: row.prompt_version,
        week: row.week,
        articles: row.articles.map(|articles| articles.0),
        sections: row.sections.0,
        now: row.now,
    }))
}

/// The feeds of a theme, in order.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn sources(service: &Service, user: UserId, theme: ThemeId) -> Result<Vec<StoredSource>, WriteError> {
    let rows = sqlx::query!(
        r#"
        SELECT url, etag, last_modified, items AS "items: Json<Vec<FeedItem>>"
          FROM almanac.theme_sources
         WHERE user_id = $1 AND theme_id = $2
         ORDER BY place
        "#,
        user.0,
        theme.0
    )
    .fetch_all(service.work())
    .await?;
    let sources = rows.into_iter().map(|row| StoredSource {
        url: row.url,
        etag: row.etag,
        last_modified: row.last_modified,
        items: row.items.0,
    });
    Ok(sources.collect())
}

/// Keys of the items that the latest successful synthesis of a theme had; empty if there is none.
///
/// # Errors
/// The store is unavailable.
pub async fn known_keys(service: &Service, user: UserId, theme: ThemeId) -> Result<HashSet<String>, WriteError> {
    let keys = sqlx::query_scalar!(
        r#"
        SELECT item_keys FROM almanac.syntheses
         WHERE user_id = $1 AND theme_id = $2 AND status = 'succeeded'
         ORDER BY id DESC
         LIMIT 1
        "#,
        user.0,
        theme.0
    )
    .fetch_optional(service.work())
    .await?;
    Ok(keys.flatten().unwrap_or_default().into_iter().collect())
}

/// Keeps what an attempt read: a later attempt reads the same.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn keep_reading(service: &Service, lease: Lease, reading: &Reading) -> Result<(), WriteError> {
    until_free(|| async {
        sqlx::query!(
            "SELECT almanac.keep_reading($1, $2, $3, $4, $5, $6)",
            lease.job.0,
            lease.epoch,
            reading.week,
            Json(&reading.articles) as _,
            &reading.keys,
            Json(&reading.sources) as _
        )
        .execute(service.work())
        .await?;
        Ok(())
    })
    .await
}
