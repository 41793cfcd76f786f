//! Themes: create, read, change, delete.

use anyhow::Context;

use super::Syntheses;
use crate::{
    jobs::Kind,
    platform::{
        db::UserTx,
        error::{ActiveJob, Refusal},
        id::{ThemeId, UserId},
    },
    synthesis::{
        SourceState, Theme,
        rules::{ThemeBody, ThemeDraft},
        store::{self, Place},
    },
};

impl Syntheses {
    /// Themes, newest first.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn themes(&self, user: UserId, after: Option<Place<ThemeId>>, limit: i64) -> Result<Vec<Theme>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::themes(&mut tx, after, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// One theme.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn theme(&self, user: UserId, id: ThemeId) -> Result<Theme, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::theme(&mut tx, id).await?;
        tx.commit().await?;
        found.ok_or(Refusal::NotFound)
    }

    /// Creates a theme, in a transaction of this user's that the caller commits.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn create_theme(tx: &mut UserTx, user: UserId, draft: &ThemeDraft) -> Result<Theme, Refusal> {
        let id = ThemeId::fresh();
        store::create(tx, user, id, draft).await?;
        store::save_sources(tx, user, id, &draft.sources).await?;
        Ok(store::theme(tx, id).await?.context("reading a new theme")?)
    }

    /// Changes a theme of the `expected` version: `patch` gets the current values and writes the new ones.
    ///
    /// # Errors
    /// Missing or not theirs; of another version; or malformed.
    pub async fn edit_theme(
        &self,
        user: UserId,
        id: ThemeId,
        expected: impl FnOnce(i64) -> bool + Send,
        patch: impl FnOnce(&mut ThemeBody) + Send,
    ) -> Result<Theme, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let theme = locked(&mut tx, id, expected).await?;
        let mut body = ThemeBody::from(&theme);
        patch(&mut body);
        let draft = ThemeDraft::parse(body)?;
        store::save(&mut tx, id, &draft).await?;
        if draft.sources != theme.sources {
            store::save_sources(&mut tx, user, id, &draft.sources).await?;
        }
        let theme = store::theme(&mut tx, id).await?.context("reading an edited theme")?;
        tx.commit().await?;
        Ok(theme)
    }

    /// Removes a theme of the `expected` version with its feeds, schedule, syntheses and mails. Mails that were not sent
    /// yet are not sent.
    ///
    /// # Errors
    /// Missing or not theirs; of another version; or a synthesis of it has not ended: it is cancelled first.
    pub async fn delete_theme(
        &self,
        user: UserId,
        id: ThemeId,
        expected: impl FnOnce(i64) -> bool + Send,
    ) -> Result<(), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        locked(&mut tx, id, expected).await?;
        if let Some(job) = store::active_synthesis(&mut tx, id).await? {
            let kind = Kind::GenerateSynthesis.as_str().to_owned();
            return Err(Refusal::AlreadyRunning(ActiveJob { id: job, kind }));
        }
        store::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The feeds of a theme as their last fetches left them.
    ///
    /// # Errors
    /// The theme is missing or not theirs.
    pub async fn sources(&self, user: UserId, theme: ThemeId) -> Result<Vec<SourceState>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        if !store::has_theme(&mut tx, theme).await? {
            return Err(Refusal::NotFound);
        }
        let found = store::sources(&mut tx, theme).await?;
        tx.commit().await?;
        Ok(found)
    }
}

/// The theme, which changes under no other request from here on.
async fn locked(tx: &mut UserTx, id: ThemeId, expected: impl FnOnce(i64) -> bool + Send) -> Result<Theme, Refusal> {
    store::lock(tx, id).await?.then_some(()).ok_or(Refusal::NotFound)?;
    let theme = store::theme(tx, id).await?.ok_or(Refusal::NotFound)?;
    if expected(theme.version()) {
        return Ok(theme);
    }
    Err(Refusal::VersionMismatch { current: Some(theme.version()) })
}
