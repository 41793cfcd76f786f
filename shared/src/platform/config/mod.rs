//! Settings: read once, from the environment only, every mistake reported together and by name.
//! Called by the two `main`s. Feature flags are not settings; the API's settings hold no provider key.
//!
//! To add a variable: 1. a row in `config/variables.rs` (or in `Kind::limits`), 2. a field below and its reader in `config/env.rs`, 3. a line in `.env.example`
//! (a test compares the three).

use std::{
    collections::BTreeMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use secrecy::SecretString;

use crate::jobs::Lane;

mod env;
mod kinds;
mod mail;
mod publishing;
mod variables;

pub use self::{
    env::Env,
    kinds::KindSettings,
    mail::{MailProvider, SmtpCredentials, SmtpSecurity, SmtpServer},
    publishing::{ChannelClient, PublishSettings, WorkerPublishSettings},
    variables::{Variable, variables},
};

/// Where API listening by default.
const API_ADDR: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8080);
/// Where the API serves its metrics by default.
const API_METRICS_ADDR: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 9464);
/// Where a worker serves its metrics by default.
const WORKER_METRICS_ADDR: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 9465);

/// A rate limit: number of submitted requests in a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how many seconds.
    pub seconds: u32,
}

/// How tokens are verified.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// HS256 secret.
    pub jwt_secret: Option<SecretString>,
    /// Where the key set is.
    pub jwks_url: Option<String>,
    /// Expected issuer.
    pub issuer: Option<String>,
    /// Expected audience.
    pub audience: String,
    /// Keys for tickets: the first signs, all verify. 32 bytes each.
    pub signing_keys: Vec<[u8; 32]>,
}

/// Which models a request may name.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// When none is named.
    pub default: String,
    /// Named ones that are accepted, the default among them.
    pub allowed: Vec<String>,
}

/// How large a calendar run may be.
#[derive(Clone, Copy, Debug)]
pub struct CalendarSettings {
    /// Entries of one run.
    pub max_slots: usize,
}

/// How large the generation of an organic week may be.
#[derive(Clone, Copy, Debug)]
pub struct OrganicSettings {
    /// Placements of one request.
    pub max_placements: usize,
}

/// What feature flags are until an operator sets them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlagSettings {
    /// `CALENDAR_SERVICE_ENABLED`.
    pub calendar_service: bool,
    /// `PUBLISH_SERVICE_ENABLED`.
    pub publish_service: bool,
}

/// How a process writes logs and traces.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// JSON lines, or text for a terminal.
    pub json: bool,
    /// Filter directives.
    pub level: String,
    /// OTLP/HTTP collector.
    pub otlp_endpoint: Option<String>,
}

/// What the API process needs.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// As `almanac_api`.
    pub database_url: SecretString,
    /// Connections of all pools.
    pub database_connections: u32,
    /// Redis.
    pub redis_url: SecretString,
    /// Where to listen.
    pub addr: SocketAddr,
    /// Where metrics listen.
    pub metrics_addr: SocketAddr,
    /// Exact origins.
    pub cors_origins: Vec<String>,
    /// Tokens.
    pub auth: AuthSettings,
    /// Networks whose forwarded address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Models.
    pub models: ModelSettings,
    /// Rates and time limits, which `job_kinds` must agree with.
    pub job_kinds: Vec<KindSettings>,
    /// Calendar runs.
    pub calendar: CalendarSettings,
    /// Organic weeks.
    pub organic: OrganicSettings,
    /// Publishing.
    pub publishing: PublishSettings,
    /// Where requests to publish wait while Postgres is down.
    pub spool_dir: Option<PathBuf>,
    /// The built console; `None`: it is not served.
    pub console_dir: Option<PathBuf>,
    /// The beginning of links in mails, without a trailing slash.
    pub public_url: String,
    /// Secrets of Resend's webhook; each verifies.
    pub webhook_secrets: Vec<SecretString>,
    /// Requests without a valid token.
    pub anonymous_rate: Rate,
    /// Open streams of one user in this process.
    pub streams_per_user: usize,
    /// Defaults of the flags.
    pub flags: FlagSettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
}

/// Who answers for a model.
#[derive(Clone, Debug)]
pub enum AiProvider {
    /// Any OpenAI-compatible server.
    OpenRouter {
        /// Bearer key; a local server needs none.
        key: Option<SecretString>,
        /// Base URL without a trailing slash.
        base_url: String,
    },
    /// Our own deterministic composer.
    Offline {
        /// Pause between two pieces.
        pace: Duration,
    },
}

/// What a worker process needs.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// As `almanac_worker`.
    pub database_url: SecretString,
    /// Connections of all pools.
    pub database_connections: u32,
    /// Redis.
    pub redis_url: SecretString,
    /// Where metrics listen.
    pub metrics_addr: SocketAddr,
    /// The model's provider.
    pub ai: AiProvider,
    /// The models of scheduled work.
    pub models: ModelSettings,
    /// Publishing, as the API has it.
    pub publishing: PublishSettings,
    /// Publishing, of workers only.
    pub channels: WorkerPublishSettings,
    /// Who takes mails.
    pub mail: MailProvider,
    /// The beginning of links in mails, without a trailing slash.
    pub public_url: String,
    /// The pause between two looks for schedules that are due.
    pub scheduler_tick: Duration,
    /// Jobs at once, by lane.
    pub concurrency: BTreeMap<Lane, usize>,
    /// How long a job waits for a provider that cannot serve.
    pub provider_wait: Duration,
    /// Poison limit.
    pub job_max_crashes: u32,
    /// How long a drain may take.
    pub shutdown: Duration,
    /// Days an event log is kept.
    pub retention_events_days: u32,
    /// Days prompts are kept.
    pub retention_prompts_days: u32,
    /// Defaults of the flags.
    pub flags: FlagSettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
}

/// Every mistake in the environment, one line each.
#[derive(Debug)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the environment has {} mistake(s):", self.0.len())?;
        self.0.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl std::error::Error for Mistakes {}

impl ApiSettings {
    /// Reads the API's settings.
    pub fn from_env(env: Env) -> Result<Self, Mistakes> {
        let mut env = env;
        let auth = env.auth();
        let (addr, metrics_addr) = env.api_addresses();
        let settings = Self {
            database_url: env.postgres_url("DATABASE_URL"),
            database_connections: env.connections(12),
            redis_url: env.redis_url("REDIS_URL"),
            addr,
            metrics_addr,
            cors_origins: env.origins("CORS_ALLOWED_ORIGINS"),
            auth,
            trusted_proxies: env.networks("TRUSTED_PROXIES"),
            models: env.models(),
            job_kinds: kinds::read(&mut env),
            calendar: env.calendar(),
            organic: env.organic(),
            publishing: publishing::read(&mut env),
            spool_dir: env.folder("SPOOL_DIR"),
            console_dir: env.folder("CONSOLE_DIR"),
            public_url: mail::public_url(&mut env),
            webhook_secrets: mail::webhook_secrets(&mut env),
            anonymous_rate: env.rate("ANONYMOUS_RATE"),
            streams_per_user: usize::try_from(env.number("STREAMS_PER_USER", 1..=100_000)).unwrap_or(1),
            flags: env.flags(),
            telemetry: env.telemetry(),
        };
        env.finish(settings)
    }
}

impl WorkerSettings {
    /// Reads a worker's settings.
    pub fn from_env(env: Env) -> Result<Self, Mistakes> {
        let mut env = env;
        let settings = Self {
            database_url: env.postgres_url("DATABASE_URL"),
            database_connections: env.connections(8),
            redis_url: env.redis_url("REDIS_URL"),
            metrics_addr: env.addr("METRICS_ADDR", WORKER_METRICS_ADDR),
            ai: env.ai_provider(),
            models: env.models(),
            publishing: publishing::read(&mut env),
            channels: publishing::read_worker(&mut env),
            mail: mail::read(&mut env),
            public_url: mail::public_url(&mut env),
            scheduler_tick: Duration::from_secs(env.number("SCHEDULER_TICK_SECONDS", 1..=60).into()),
            concurrency: env.lanes("WORKER_CONCURRENCY"),
            provider_wait: Duration::from_secs(env.number("PROVIDER_WAIT_SECONDS", 1..=86_400).into()),
            job_max_crashes: env.number("JOB_MAX_CRASHES", 1..=100),
            shutdown: Duration::from_secs(env.number("SHUTDOWN_SECONDS", 0..=3600).into()),
            retention_events_days: env.number("RETENTION_EVENTS_DAYS", 1..=3650),
            retention_prompts_days: env.number("RETENTION_PROMPTS_DAYS", 1..=3650),
            flags: env.flags(),
            telemetry: env.telemetry(),
        };
        env.finish(settings)
    }
}

/// What the `migrate` command needs.
#[derive(Clone, Debug)]
pub struct MigrationSettings {
    /// As `almanac_owner`.
    pub owner_url: SecretString,
    /// Rates and time limits, for `job_kinds`.
    pub job_kinds: Vec<KindSettings>,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
}

impl MigrationSettings {
    /// Reads the settings of `migrate`.
    pub fn from_env(mut env: Env) -> Result<Self, Mistakes> {
        let settings = Self {
            owner_url: env.postgres_url("DATABASE_OWNER_URL"),
            job_kinds: kinds::read(&mut env),
            telemetry: env.telemetry(),
        };
        env.finish(settings)
    }
}

/// The token settings alone, for the `token` command.
pub fn auth(mut env: Env) -> Result<AuthSettings, Mistakes> {
    let auth = env.auth();
    env.finish(auth)
}

/// Where API listening, for the `healthcheck` command.
pub fn api_addr(mut env: Env) -> Result<SocketAddr, Mistakes> {
    let (addr, _) = env.api_addresses();
    env.finish(addr)
}

#[cfg(test)]
mod tests;
