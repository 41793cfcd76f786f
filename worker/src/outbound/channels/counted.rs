//! Counts what a channel is asked and how it answers: one sample per step of the trait, with the class of its outcome.
//! Stands around each adapter, so that no adapter has to count; it changes nothing.

use std::sync::Arc;

use almanac_shared::{
    platform::metrics::Metrics,
    publishing::{Channel as Name, Entry, credentials::Tokens, render::Known},
};
use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    Channel, ChannelError, Delivery, ErrorClass, Handles, LookUp, LookUpWindow, Prepared, Refreshed, Renewal, Sent,
};
use crate::outbound::send_budget::SendBudget;

/// An adapter whose steps are counted.
pub(super) struct Counted {
    name: Name,
    metrics: Arc<Metrics>,
    adapter: Arc<dyn Channel>,
}

impl Counted {
    pub(super) const fn new(name: Name, metrics: Arc<Metrics>, adapter: Arc<dyn Channel>) -> Self {
        Self { name, metrics, adapter }
    }

    fn count(&self, step: &'static str, class: &'static str, began: Instant) {
        self.metrics.channel_call(self.name.as_str(), step, class, began.elapsed().as_secs_f64());
    }
}

#[async_trait]
impl Channel for Counted {
    async fn prepare(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        let began = Instant::now();
        let prepared = self.adapter.prepare(delivery, known, handles).await;
        let class = match &prepared {
            Ok(Prepared::Ready) => "ok",
            Ok(Prepared::Wait(_)) => "wait",
            Err(error) => word(error.class),
        };
        self.count("prepare", class, began);
        prepared
    }

    fn reads_media(&self, entry: &Entry, known: &Known) -> bool {
        self.adapter.reads_media(entry, known)
    }

    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        let began = Instant::now();
        let sent = self.adapter.publish(delivery, known, budget).await;
        let class = match &sent {
            Sent::Confirmed(_) => "ok",
            Sent::Accepted { .. } => "wait",
            Sent::NotSent { error, .. } | Sent::Rejected { error, .. } => word(error.class),
            Sent::Unknown { .. } => word(ErrorClass::Ambiguous),
        };
        self.count("publish", class, began);
        sent
    }

    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        let began = Instant::now();
        let found = self.adapter.look_up(delivery, known, window).await;
        let class = match &found {
            Ok(LookUp::Found(_)) => "found",
            Ok(LookUp::Absent { .. }) => "absent",
            Ok(LookUp::Pending(_)) => "wait",
            Ok(LookUp::Refused { error, .. }) | Err(error) => word(error.class),
            Ok(LookUp::Impossible { .. }) => "impossible",
        };
        self.count("look_up", class, began);
        found
    }

    fn address_handle(&self, delivery: &Delivery<'_>, known: &Known) -> Option<Known> {
        self.adapter.address_handle(delivery, known)
    }

    async fn address(&self, delivery: &Delivery<'_>, handle: &Known) -> Result<Option<String>, ChannelError> {
        let began = Instant::now();
        let address = self.adapter.address(delivery, handle).await;
        let class = match &address {
            Ok(Some(_)) => "ok",
            Ok(None) => "wait",
            Err(error) => word(error.class),
        };
        self.count("address", class, began);
        address
    }

    fn renewal(&self) -> Renewal {
        self.adapter.renewal()
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Option<Refreshed>, ChannelError> {
        let began = Instant::now();
        let refreshed = self.adapter.refresh(tokens).await;
        match &refreshed {
            Ok(Some(_)) => self.count("refresh", "ok", began),
            // The channel has none: nothing was asked.
            Ok(None) => {}
            Err(error) => self.count("refresh", word(error.class), began),
        }
        refreshed
    }
}

const fn word(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Auth => "auth",
        ErrorClass::Permission => "permission",
        ErrorClass::Validation => "validation",
        ErrorClass::RateLimited => "rate_limited",
        ErrorClass::Quota => "quota",
        ErrorClass::Transient => "transient",
        ErrorClass::Policy => "policy",
        ErrorClass::Ambiguous => "ambiguous",
    }
}
