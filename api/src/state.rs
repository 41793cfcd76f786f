//! The API process's handles. A field of each route's struct; nothing here is global. It knows no route.

use std::sync::Arc;

use almanac_shared::{
    account::service::Account,
    brands::service::Brands,
    calendar::service::Calendars,
    events::{log::Publisher, relay::Relay},
    flashcards::service::Flashcards,
    jobs::{Kind, admin::Operations, queue::Bell, service::Jobs},
    organic::service::Organic,
    platform::{
        circuit::Circuits,
        clock::{Clock, SystemClock},
        config::{ApiSettings, ModelSettings, PublishSettings},
        db::Database,
        flags::Flags,
        id::UserId,
        metrics::Metrics,
        redis::{client, quick},
    },
    publishing::{accounts::Accounts, service::Publishing},
    synthesis::service::Syntheses,
};
use anyhow::Result;
use redis::aio::ConnectionManager;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Authenticator,
    http::{
        error::ApiError,
        negotiation::ResponseFormat,
        reply::Reply,
        stream_limit::{Delivery, StreamLimit},
    },
    middleware::{KindLimits, LocalLimit},
    spool::Spool,
};

/// Number of users whose dry runs are counted at the same time.
const DRY_RUN_USERS: usize = 10_000;

/// Everything a route may stand on.
#[derive(Clone)]
pub struct App {
    /// The store, as `almanac_api`.
    pub database: Database,
    /// Flashcards.
    pub flashcards: Flashcards,
    /// AI calendars.
    pub calendars: Calendars,
    /// Brands and what belongs to them.
    pub brands: Brands,
    /// Organic weeks.
    pub organic: Organic,
    /// Publishing.
    pub publishing: Publishing,
    /// Requests to publish that wait for Postgres.
    pub spool: Spool,
    /// Connected accounts on channels.
    pub channel_accounts: Accounts,
    /// Transport, hosts and clients of channels.
    pub channel_settings: PublishSettings,
    /// Themes, schedules and syntheses.
    pub syntheses: Syntheses,
    /// Secrets of the mail provider's webhook; none: it is off.
    pub webhook_secrets: Vec<SecretString>,
    /// Jobs.
    pub jobs: Jobs,
    /// The jobs of all users, for operators.
    pub operations: Operations,
    /// Account erasure.
    pub account: Account,
    /// What operators switch.
    pub flags: Flags,
    /// Who is calling, and tickets.
    pub auth: Arc<Authenticator>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Which models may be asked.
    pub models: ModelSettings,
    /// Which models cannot be asked now.
    pub circuits: Circuits,
    /// The rate limit of each kind of job.
    pub limits: KindLimits,
    /// The limit of calendar dry runs, which are stored nowhere.
    pub calendar_dry_runs: LocalLimit<UserId>,
    /// The limit of dry runs of publishing, and of real calls while Postgres cannot be reached.
    pub publish_dry_runs: LocalLimit<UserId>,
    /// The limit of open streams.
    pub streams: StreamLimit,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Quick Redis commands.
    pub redis: ConnectionManager,
    /// Cancelled when the process begins to end.
    pub draining: CancellationToken,
}

impl App {
    /// Opens every handle. Nothing is connected yet: the API starts while stores are unavailable, and reports it.
    ///
    /// # Errors
    /// A setting names nothing real.
    pub fn open(settings: &ApiSettings, draining: CancellationToken) -> Result<Self> {
        let database = Database::open_with(&settings.database_url, settings.database_connections)?;
        let redis = client(&settings.redis_url)?;
        let commands = quick(&redis)?;
        let metrics = Metrics::new("almanac-api");
        let bell = Bell::start(commands.clone(), metrics.clone());
        let relay = Relay::start(database.clone(), redis, metrics.clone(), draining.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let limits = KindLimits::new(&settings.job_kinds);
        Ok(Self {
            flashcards: Flashcards::start(database.clone(), &bell),
            calendars: Calendars::new(database.clone(), bell.clone(), settings.calendar),
            brands: Brands::new(database.clone()),
            organic: Organic::new(database.clone(), bell.clone(), settings.organic),
            publishing: Publishing::new(database.clone(), bell.clone(), commands.clone(), settings.publishing.clone()),
            syntheses: Syntheses::new(database.clone(), bell.clone()),
            webhook_secrets: settings.webhook_secrets.clone(),
            spool: Spool::open(settings.spool_dir.as_deref())?,
            channel_accounts: Accounts::new(database.clone(), settings.publishing.keyring.clone()),
            channel_settings: settings.publishing.clone(),
            operations: Operations::new(database.clone(), bell.clone()),
            account: Account::new(database.clone(), bell.clone()),
            flags: Flags::of_api(&database, settings.flags),
            jobs: Jobs::start(database.clone(), relay, bell, Publisher::start(commands.clone())),
            auth: Arc::new(Authenticator::new(&settings.auth, clock.clone())?),
            clock,
            models: settings.models.clone(),
            circuits: Circuits::watch(commands.clone(), settings.models.allowed.clone()),
            calendar_dry_runs: LocalLimit::new(limits.bucket(Kind::GenerateCalendar), DRY_RUN_USERS),
            publish_dry_runs: LocalLimit::new(limits.bucket(Kind::Publish), DRY_RUN_USERS),
            limits,
            streams: StreamLimit::new(settings.streams_per_user),
            metrics,
            redis: commands,
            database,
            draining,
        })
    }

    /// How a request is answered. A stream needs a permit, taken before anything is submitted.
    pub fn delivery(&self, user: UserId, form: ResponseFormat) -> Result<Delivery, ApiError> {
        match form {
            ResponseFormat::Json => Ok(Delivery::Json),
            ResponseFormat::Sse | ResponseFormat::Ndjson => {
                Ok(Delivery::Stream(form.encoding(), self.streams.admit(user)?))
            }
        }
    }

    /// A reply about jobs. While Redis is unavailable it contains `meta.degraded: ["live"]`: events then take a second
    /// or two.
    pub fn about_jobs<T>(&self, data: T) -> Reply<T> {
        let reply = Reply::new(data);
        if self.jobs.is_live() { reply } else { reply.degraded("live") }
    }

    /// Completes a refusal for this user. For a conflict it adds the address of the active job's result; if that cannot
    /// be read now, the job alone is named.
    pub async fn refused(&self, user: UserId, refusal: impl Into<ApiError>) -> ApiError {
        let error = refusal.into();
        let Some(job) = error.blocker() else { return error };
        match self.jobs.show(user, job).await {
            Ok(job) => error.blocker_about(&job.subject_type, &job.subject_id),
            Err(_) => error,
        }
    }
}
