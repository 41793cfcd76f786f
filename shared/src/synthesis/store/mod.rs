//! Syntheses: the SQL of user requests, through `UserTx`. Schedules and mails have files below; the worker's SQL is in
//! `work.rs`, `fires.rs` and `mail.rs`. Called by `service/`; decides nothing.

pub mod deliveries;
pub mod fires;
pub mod mail;
pub mod schedules;
pub mod syntheses;
pub mod work;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;

use super::{SourceState, Theme, rules::ThemeDraft};
use crate::platform::{
    db::{UserTx, keyset::LATEST},
    id::{JobId, ThemeId, UserId},
};

/// A place in a list, newest first: the moment and the id of the row before it.
pub(super) type Place<T> = (DateTime<Utc>, T);

struct ThemeRow {
    id: ThemeId,
    name: String,
    description: String,
    language: String,
    sources: Vec<String>,
    sections: Json<Vec<String>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<ThemeRow> for Theme {
    fn from(row: ThemeRow) -> Self {
        let ThemeRow { id, name, description, language, sources, sections, created_at, updated_at } = row;
        Self { id, name, description, language, sources, sections: sections.0, created_at, updated_at }
    }
}

/// Reads themes; the argument is what follows the column list.
macro_rules! select_themes {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            ThemeRow,
            r#"
            SELECT t.id AS "id: ThemeId", t.name, t.description, t.language,
                   ARRAY(SELECT s.url FROM almanac.theme_sources s
                          WHERE s.user_id = t.user_id AND s.theme_id = t.id ORDER BY s.place) AS "sources!",
                   t.sections AS "sections: Json<Vec<String>>", t.created_at, t.updated_at
              FROM almanac.themes t
            "# + $rest,
            $($argument),*
        )
    };
}

/// One theme of this user.
pub(super) async fn theme(tx: &mut UserTx, id: ThemeId) -> sqlx::Result<Option<Theme>> {
    let found = select_themes!("WHERE t.user_id = (SELECT almanac.uid()) AND t.id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(found.map(Into::into))
}

/// This user's themes, newest first.
pub(super) async fn themes(tx: &mut UserTx, after: Option<Place<ThemeId>>, limit: i64) -> sqlx::Result<Vec<Theme>> {
    let (at, id) = after.map_or((LATEST, uuid::Uuid::max()), |(at, id)| (at, id.0));
    let found = select_themes!(
        r#"
         WHERE t.user_id = (SELECT almanac.uid())
           AND (t.created_at, t.id) < ($1, $2)
         ORDER BY t.created_at DESC, t.id DESC
         LIMIT $3
        "#,
        at,
        id,
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// Whether the theme is this user's.
pub(super) async fn has_theme(tx: &mut UserTx, id: ThemeId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM almanac.themes WHERE user_id = (SELECT almanac.uid()) AND id = $1) AS "found!""#,
        id.0
    );
    found.fetch_one(tx.connection()).await
}

/// Locks a theme, so that changes of one theme run one after the other; false if there is none.
pub(super) async fn lock(tx: &mut UserTx, id: ThemeId) -> sqlx::Result<bool> {
    let row = sqlx::query!(
        "SELECT id FROM almanac.themes WHERE user_id = (SELECT almanac.uid()) AND id = $1 FOR NO KEY UPDATE",
        id.0
    );
    Ok(row.fetch_optional(tx.connection()).await?.is_some())
}

/// Stores a new theme without its feeds.
pub(super) async fn create(tx: &mut UserTx, user: UserId, id: ThemeId, draft: &ThemeDraft) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO almanac.themes (id, user_id, name, description, language, sections)
        VALUES ($1, $2, $3, $4, $5, $6)
        "#,
        id.0,
        user.0,
        draft.name,
        draft.description,
        draft.language,
        Json(&draft.sections) as _
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Writes a theme without its feeds; one that is the same already is not touched.
pub(super) async fn save(tx: &mut UserTx, id: ThemeId, draft: &ThemeDraft) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE almanac.themes
           SET name = $2, description = $3, language = $4, sections = $5, updated_at = clock_timestamp()
         WHERE user_id = (SELECT almanac.uid()) AND id = $1
        "#,
        id.0,
        draft.name,
        draft.description,
        draft.language,
        Json(&draft.sections) as _
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Makes these the feeds of a theme. Those that it had keep what their last fetch left.
pub(super) async fn save_sources(tx: &mut UserTx, user: UserId, theme: ThemeId, urls: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM almanac.theme_sources
         WHERE user_id = (SELECT almanac.uid()) AND theme_id = $1 AND url <> ALL ($2)
        "#,
        theme.0,
        urls
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!(
        r#"
        INSERT INTO almanac.theme_sources AS s (user_id, theme_id, url, place)
        SELECT $1, $2, u.url, u.place FROM unnest($3::text[]) WITH ORDINALITY AS u (url, place)
        ON CONFLICT (user_id, theme_id, url) DO UPDATE SET place = excluded.place WHERE s.place <> excluded.place
        "#,
        user.0,
        theme.0,
        urls
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Removes a theme with all that belongs to it.
pub(super) async fn delete(tx: &mut UserTx, id: ThemeId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM almanac.themes WHERE user_id = (SELECT almanac.uid()) AND id = $1", id.0)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The synthesis of a theme that has not ended.
pub(super) async fn active_synthesis(tx: &mut UserTx, theme: ThemeId) -> sqlx::Result<Option<JobId>> {
    sqlx::query_scalar!(
        r#"
        SELECT id AS "id: JobId" FROM almanac.syntheses
         WHERE user_id = (SELECT almanac.uid()) AND theme_id = $1 AND status IN ('pending', 'running')
         LIMIT 1
        "#,
        theme.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// The feeds of a theme, in order, as their last fetches left them.
pub(super) async fn sources(tx: &mut UserTx, theme: ThemeId) -> sqlx::Result<Vec<SourceState>> {
    sqlx::query_as!(
        SourceState,
        r#"
        SELECT url, last_fetched_at, last_error AS "last_error: Value", jsonb_array_length(items)::bigint AS "items!"
          FROM almanac.theme_sources
         WHERE user_id = (SELECT almanac.uid()) AND theme_id = $1
         ORDER BY place
        "#,
        theme.0
    )
    .fetch_all(tx.connection())
    .await
}
