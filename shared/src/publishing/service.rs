//! Publishing: the use-cases. Called by the API's routes.
//! A dry run stores nothing in Postgres; a plan of another user counts as missing. Connected accounts have use-cases of
//! their own.

mod known;
mod review;
mod submission;

use chrono::{DateTime, Utc};
use redis::aio::ConnectionManager;

use self::known::Known;
pub use self::submission::{Accepted, AcceptedPlan, Submission, Submitted};
use super::{
    IntentStatus,
    memory::PlanMemory,
    plan::Plan,
    receipts::Head,
    request::{Order, RequestBody},
    store,
    stored::{self, Intent, IntentState, PlanIntent},
};
use crate::{
    jobs::queue::Bell,
    platform::{
        config::PublishSettings,
        db::Database,
        error::Refusal,
        id::{CalendarId, IntentId, PublishPlanId, UserId},
    },
};

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Publishing {
    database: Database,
    bell: Bell,
    memory: PlanMemory,
    settings: PublishSettings,
}

/// What a list of intents is restricted to.
#[derive(Clone, Copy, Debug, Default)]
pub struct IntentFilter {
    /// Entries of this calendar.
    pub calendar: Option<CalendarId>,
    /// Of this state.
    pub status: Option<IntentStatus>,
}

/// The receipt of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptOf {
    /// Its text, as it was hashed.
    Found(String),
    /// The intent has not ended.
    NotFinal,
    /// It ended before anything was sent.
    NothingSent,
}

impl Publishing {
    /// Creates the use-cases on a database, the doorbell, Redis and settings.
    pub const fn new(database: Database, bell: Bell, redis: ConnectionManager, settings: PublishSettings) -> Self {
        Self { database, bell, memory: PlanMemory::new(redis), settings }
    }

    /// Where requests to channels go.
    pub const fn transport(&self) -> super::Transport {
        self.settings.transport
    }

    /// Checks every word of a request.
    ///
    /// # Errors
    /// `InvalidFields`, or refused by a rule.
    pub fn read(&self, body: RequestBody) -> Result<Order, Refusal> {
        Order::parse(body)
    }

    /// What a request would publish. What one entry cannot be published for stands at its intent and fails no other.
    ///
    /// # Errors
    /// Missing calendar, brand or entry; more entries than a request may have; nothing left of the choice; the store is
    /// unavailable.
    pub async fn plan(&self, user: UserId, order: &Order) -> Result<Plan, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let known = Known::read(&mut tx, user, order, &self.settings).await?;
        tx.commit().await?;
        let plan = known.plan(order, &self.settings).await?;
        self.memory.keep(user, &plan);
        Ok(plan)
    }

    /// A stored plan with its intents.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn stored_plan(
        &self,
        user: UserId,
        id: PublishPlanId,
    ) -> Result<(stored::Plan, Vec<PlanIntent>), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let plan = store::intents::plan(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        let intents = store::intents::of_plan(&mut tx, id).await?;
        tx.commit().await?;
        Ok((plan, intents))
    }

    /// Where those intents of a plan stand that changed since a moment, in the order of their changes.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn changes_of_plan(
        &self,
        user: UserId,
        id: PublishPlanId,
        since: DateTime<Utc>,
    ) -> Result<Vec<IntentState>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        store::intents::plan(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        let changed = store::intents::changed_since(&mut tx, id, since).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Intents, newest first.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn intents(
        &self,
        user: UserId,
        filter: IntentFilter,
        before: Option<IntentId>,
        limit: i64,
    ) -> Result<Vec<Intent>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::intents::list(&mut tx, filter.calendar, filter.status, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// One intent.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn intent(&self, user: UserId, id: IntentId) -> Result<Intent, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::intents::intent(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        tx.commit().await?;
        Ok(found)
    }

    /// The newest receipt of an intent.
    ///
    /// # Errors
    /// The intent is missing or not theirs.
    pub async fn receipt(&self, user: UserId, id: IntentId) -> Result<ReceiptOf, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let receipt = store::receipts::newest(&mut tx, id).await?;
        let found = match receipt {
            Some(text) => ReceiptOf::Found(text),
            None if store::intents::intent(&mut tx, id).await?.ok_or(Refusal::NotFound)?.status.is_open() => {
                ReceiptOf::NotFinal
            }
            None => ReceiptOf::NothingSent,
        };
        tx.commit().await?;
        Ok(found)
    }

    /// The end of a user's chain of receipts.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn receipt_head(&self, user: UserId) -> Result<Head, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let head = store::receipts::head(&mut tx).await?;
        tx.commit().await?;
        Ok(head)
    }

    /// Receipts after a place in the chain, oldest first, each as it was hashed.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn receipts(&self, user: UserId, after: u64, limit: u32) -> Result<Vec<String>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let found = store::receipts::after(&mut tx, after, limit.into()).await?;
        tx.commit().await?;
        Ok(found)
    }
}
