//! Mails: what their owner and operators see, what providers report, and unsubscribe links.

use super::{ListedDelivery, MailReport, Subscription, Syntheses};
use crate::{
    platform::{
        error::Refusal,
        id::{DeliveryId, SynthesisId, UserId},
    },
    synthesis::{
        Delivery,
        store::{deliveries, syntheses},
    },
};

impl Syntheses {
    /// The mails of a synthesis, in the order in which they were made.
    ///
    /// # Errors
    /// The synthesis is missing or not theirs.
    pub async fn deliveries(
        &self,
        user: UserId,
        synthesis: SynthesisId,
        after: Option<DeliveryId>,
        limit: i64,
    ) -> Result<Vec<Delivery>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        syntheses::synthesis(&mut tx, synthesis).await?.ok_or(Refusal::NotFound)?;
        let found = deliveries::of_synthesis(&mut tx, synthesis, after, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The mails of all users, newest first: those that were not delivered, or those of one status.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn all_deliveries(
        &self,
        status: Option<&str>,
        before: Option<DeliveryId>,
        limit: i64,
    ) -> Result<Vec<ListedDelivery>, Refusal> {
        let mut tx = self.database.as_admin().await?;
        let found = deliveries::all(&mut tx, status, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Records what the provider reports of a mail. Returns whether it is a mail of ours.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn record_mail_event(&self, report: &MailReport<'_>) -> Result<bool, Refusal> {
        Ok(deliveries::record_event(&self.database, report).await?)
    }

    /// What an unsubscribe link is about.
    ///
    /// # Errors
    /// The token is unknown, or the store is unavailable.
    pub async fn subscription(&self, token: &str) -> Result<Subscription, Refusal> {
        if !is_token(token) {
            return Err(Refusal::NotFound);
        }
        deliveries::subscription(&self.database, token).await?.ok_or(Refusal::NotFound)
    }

    /// Ends the mails of a theme to the recipient of a link, or all mail of this service. Idempotent.
    ///
    /// # Errors
    /// The token is unknown, or the store is unavailable.
    pub async fn unsubscribe(&self, token: &str, all: bool) -> Result<(), Refusal> {
        if !is_token(token) {
            return Err(Refusal::NotFound);
        }
        deliveries::unsubscribe(&self.database, token, all).await?.then_some(()).ok_or(Refusal::NotFound)
    }
}

/// Whether a text can be the token of a recipient. Postgres takes no text with a NUL, which a path may have.
fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
