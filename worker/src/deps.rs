//! The handles that jobs use: Postgres, Redis, the model. Built once by `serve`, shared by every job.
//! Holds handles only; a job that needs something new finds it here or nowhere.

use std::{sync::Arc, time::Duration};

use almanac_shared::{
    events::log::Publisher,
    jobs::{endings::Endings, queue::Bell},
    platform::{db::Service, flags::Flags, metrics::Metrics},
};
use redis::aio::ConnectionManager;

use crate::{
    outbound::{
        ai::Ai, breaker::Breakers, channels::adapters::Adapters, feeds::Feeds, mail::Mailer, retry_budget::RetryBudget,
    },
    stalls::Stalls,
};

/// Handles of one worker process.
#[derive(Clone)]
pub struct Deps {
    /// Postgres, as the workers' role.
    pub service: Service,
    /// Ends jobs, those that are ready together in one commit.
    pub endings: Endings,
    /// Publishes appended events.
    pub publisher: Publisher,
    /// Notifies workers of queued jobs.
    pub bell: Bell,
    /// Quick Redis commands.
    pub redis: ConnectionManager,
    /// The model.
    pub ai: Arc<dyn Ai>,
    /// The channels that are published to.
    pub channels: Arc<Adapters>,
    /// Feeds of themes.
    pub feeds: Feeds,
    /// The beginning of links in mails, without a trailing slash; empty: no links.
    pub public_url: String,
    /// Who takes mails.
    pub mailer: Arc<dyn Mailer>,
    /// Circuits per provider and model.
    pub breakers: Breakers,
    /// What operators switch; read again right before an act on the outside world.
    pub flags: Flags,
    /// How long a job waits for a provider that cannot serve.
    pub provider_wait: Duration,
    /// When this process stood still.
    pub stalls: Stalls,
    /// Retries this process may make.
    pub retries: Arc<RetryBudget>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}
