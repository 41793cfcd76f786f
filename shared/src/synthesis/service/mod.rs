//! Syntheses: the use-cases. Called by the API's routes. What belongs to a theme is reached through the theme: where that
//! is missing or another user's, so is everything.

mod deliveries;
mod schedules;
mod submission;
mod themes;

pub use self::{
    schedules::Span,
    submission::{Accepted, Submission},
};
pub use super::store::deliveries::{ListedDelivery, MailReport, Subscription};
use super::{Synthesis, store};
use crate::{
    jobs::queue::Bell,
    platform::{
        db::Database,
        error::Refusal,
        id::{SynthesisId, ThemeId, UserId},
    },
};

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Syntheses {
    database: Database,
    bell: Bell,
}

impl Syntheses {
    /// Creates the use-cases on a database and the bell of workers.
    pub const fn new(database: Database, bell: Bell) -> Self {
        Self { database, bell }
    }

    /// One synthesis.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn show(&self, user: UserId, id: SynthesisId) -> Result<Synthesis, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::syntheses::synthesis(&mut tx, id).await?;
        tx.commit().await?;
        found.ok_or(Refusal::NotFound)
    }

    /// The syntheses of a theme, newest first.
    ///
    /// # Errors
    /// The theme is missing or not theirs.
    pub async fn list(
        &self,
        user: UserId,
        theme: ThemeId,
        before: Option<SynthesisId>,
        limit: i64,
    ) -> Result<Vec<Synthesis>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        if !store::has_theme(&mut tx, theme).await? {
            return Err(Refusal::NotFound);
        }
        let found = store::syntheses::of_theme(&mut tx, theme, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }
}
