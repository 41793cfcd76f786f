//! Settings: read once, from the environment only, every mistake reported together and by name.
//! Called by the two `main`s. Feature flags are not settings; the API's settings hold no provider key.
//!
//! To add a variable: 1. a row in `VARIABLES`, 2. a field and its reader below, 3. a line in `.env.example`
//! (a test compares the three).

use std::{collections::BTreeMap, fmt, net::SocketAddr, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;

/// One environment variable that Almanac reads.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is when absent; empty means "none" or "required", as `about` says.
    pub default: &'static str,
    /// One sentence for an operator.
    pub about: &'static str,
}

macro_rules! variables {
    ($($name:ident = $default:literal, $about:literal;)*) => {
        /// Every variable the two processes read.
        pub const VARIABLES: &[Variable] =
            &[$(Variable { name: stringify!($name), default: $default, about: $about },)*];
    };
}

variables! {
    DATABASE_URL = "", "Postgres, as almanac_api for the API and almanac_worker for workers; required";
    DATABASE_OWNER_URL = "", "Postgres as almanac_owner; only `almanac-api migrate` reads it";
    REDIS_URL = "redis://127.0.0.1:6379", "Redis, the doorbell and loudspeaker; may be emptied at any time";
    API_ADDR = "127.0.0.1:8080", "where the API listens";
    METRICS_ADDR = "", "where /metrics is served on a port of its own; empty: only on the API's own port for loopback callers";
    CORS_ALLOWED_ORIGINS = "", "exact origins, comma-separated; empty: no cross-origin browser may call";
    AUTH_JWT_SECRET = "", "HS256 secret of the identity provider; this or AUTH_JWKS_URL is required";
    AUTH_JWKS_URL = "", "key set for ES256 and RS256 tokens";
    AUTH_ISSUER = "", "expected `iss`, compared byte for byte; empty: not compared";
    AUTH_AUDIENCE = "authenticated", "expected `aud`";
    SIGNING_KEY = "", "base64 of 32 bytes, current[,old]: stream tickets; empty: derived from AUTH_JWT_SECRET";
    TRUSTED_PROXIES = "", "CIDRs whose X-Forwarded-For is believed; empty: the peer's own address counts";
    AI_PROVIDER = "", "openrouter or offline; empty: openrouter with a key, else offline";
    OPENROUTER_API_KEY = "", "key of the model provider; workers only";
    AI_BASE_URL = "https://openrouter.ai/api/v1", "any OpenAI-compatible server";
    AI_MODEL = "openai/gpt-4o-mini", "the model when a request names none";
    AI_MODEL_ALLOW = "", "further models a request may name, comma-separated";
    AI_OFFLINE_PACE_MS = "15", "pause of the offline composer between two pieces of its answer, milliseconds";
    GENERATION_RATE = "5/300", "accepted flashcard generations per user: count/seconds";
    CALENDAR_RATE = "20/300", "accepted calendar runs per user: count/seconds";
    CALENDAR_TIMEOUT_SECONDS = "30", "how long a calendar run may take from its first start; it ends with what it has";
    CALENDAR_MAX_SLOTS = "200", "entries that one calendar run may be asked for";
    ANONYMOUS_RATE = "60/60", "requests without a valid token per address: count/seconds";
    WORKER_CONCURRENCY = "calendar=32,flashcards=32,account=2", "jobs at once per lane, lane=count, comma-separated";
    CALENDAR_SERVICE_ENABLED = "false", "the flag of this name while no operator has set it";
    PUBLISH_SERVICE_ENABLED = "false", "the flag of this name while no operator has set it";
    JOB_MAX_CRASHES = "3", "crashes after which a job is poison";
    SHUTDOWN_SECONDS = "20", "how long a draining worker lets its jobs run before handing them back";
    RETENTION_EVENTS_DAYS = "7", "days an event log is kept after its job ended";
    RETENTION_PROMPTS_DAYS = "30", "days source texts and raw model output are kept";
    OTEL_EXPORTER_OTLP_ENDPOINT = "", "OTLP/HTTP collector, e.g. http://127.0.0.1:4318; empty: no traces leave";
    LOG_FORMAT = "json", "json or text";
    LOG_LEVEL = "info", "filter directives, e.g. info,almanac_worker=debug";
}

/// A limit: so many accepted requests in so many seconds.
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

/// How large and how long a calendar run may be, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct CalendarSettings {
    /// Accepted runs per user.
    pub rate: Rate,
    /// From a run's first start to its end.
    pub timeout: Duration,
    /// Entries of one run.
    pub max_slots: usize,
}

/// What feature flags are until an operator sets them (D10).
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
    /// JSON lines, or text for a person's terminal.
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
    /// Redis.
    pub redis_url: SecretString,
    /// Where to listen.
    pub addr: SocketAddr,
    /// Where metrics listen, if apart.
    pub metrics_addr: Option<SocketAddr>,
    /// Exact origins.
    pub cors_origins: Vec<String>,
    /// Tokens.
    pub auth: AuthSettings,
    /// Networks whose forwarded address is believed, as text CIDRs.
    pub trusted_proxies: Vec<String>,
    /// Models.
    pub models: ModelSettings,
    /// Flashcard generations.
    pub generation_rate: Rate,
    /// Calendar runs.
    pub calendar: CalendarSettings,
    /// Requests without a valid token.
    pub anonymous_rate: Rate,
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
    /// Redis.
    pub redis_url: SecretString,
    /// Where metrics listen, if anywhere.
    pub metrics_addr: Option<SocketAddr>,
    /// The model's provider.
    pub ai: AiProvider,
    /// Jobs at once, by lane.
    pub concurrency: BTreeMap<String, usize>,
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
        let settings = Self {
            database_url: env.secret_required("DATABASE_URL"),
            redis_url: env.secret_required("REDIS_URL"),
            addr: env.addr("API_ADDR").unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            metrics_addr: env.addr("METRICS_ADDR"),
            cors_origins: env.list("CORS_ALLOWED_ORIGINS"),
            auth,
            trusted_proxies: env.list("TRUSTED_PROXIES"),
            models: env.models(),
            generation_rate: env.rate("GENERATION_RATE"),
            calendar: env.calendar(),
            anonymous_rate: env.rate("ANONYMOUS_RATE"),
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
            database_url: env.secret_required("DATABASE_URL"),
            redis_url: env.secret_required("REDIS_URL"),
            metrics_addr: env.addr("METRICS_ADDR"),
            ai: env.ai_provider(),
            concurrency: env.lanes("WORKER_CONCURRENCY"),
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

/// The owner's database URL, which only `migrate` needs.
pub fn owner_url(mut env: Env) -> Result<SecretString, Mistakes> {
    let url = env.secret_required("DATABASE_OWNER_URL");
    env.finish(url)
}

/// The token settings alone, for the `token` command.
pub fn auth(mut env: Env) -> Result<AuthSettings, Mistakes> {
    let auth = env.auth();
    env.finish(auth)
}

/// Where the API listens, for the `healthcheck` command.
pub fn api_addr(mut env: Env) -> Result<SocketAddr, Mistakes> {
    let addr = env.addr("API_ADDR").unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    env.finish(addr)
}

/// The telemetry settings alone, for commands that need nothing else.
pub fn telemetry(mut env: Env) -> Result<TelemetrySettings, Mistakes> {
    let telemetry = env.telemetry();
    env.finish(telemetry)
}

/// The environment while it is being read: values, and the mistakes found so far.
#[derive(Debug, Default)]
pub struct Env {
    values: BTreeMap<String, String>,
    mistakes: Vec<String>,
}

impl Env {
    /// The process's own environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader")]
    pub fn of_process() -> Self {
        Self { values: std::env::vars_os().filter_map(text_pair).collect(), mistakes: Vec::new() }
    }

    /// An environment of given values, for tests.
    pub fn of<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self {
            values: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            mistakes: Vec::new(),
        }
    }

    fn finish<T>(self, settings: T) -> Result<T, Mistakes> {
        if self.mistakes.is_empty() { Ok(settings) } else { Err(Mistakes(self.mistakes)) }
    }

    fn mistake(&mut self, name: &str, what: &str) {
        self.mistakes.push(format!("{name}: {what}"));
    }

    /// The value, or the documented default; empty counts as absent.
    fn text(&mut self, name: &str) -> String {
        let Some(variable) = VARIABLES.iter().find(|variable| variable.name == name) else {
            self.mistake(name, "is read but not listed in VARIABLES");
            return String::new();
        };
        match self.values.get(name).map(|value| value.trim()) {
            Some(value) if !value.is_empty() => value.to_owned(),
            _ => variable.default.to_owned(),
        }
    }

    fn optional(&mut self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.optional(name).map(SecretString::from)
    }

    fn secret_required(&mut self, name: &str) -> SecretString {
        let value = self.text(name);
        if value.is_empty() {
            self.mistake(name, "is required");
        }
        SecretString::from(value)
    }

    fn list(&mut self, name: &str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn addr(&mut self, name: &str) -> Option<SocketAddr> {
        let value = self.optional(name)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.mistake(name, "is not an address and port such as 127.0.0.1:8080");
        }
        parsed
    }

    fn number(&mut self, name: &str, range: std::ops::RangeInclusive<u32>) -> u32 {
        match self.text(name).parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.mistake(name, &format!("is not a whole number from {} to {}", range.start(), range.end()));
                *range.start()
            }
        }
    }

    fn rate(&mut self, name: &str) -> Rate {
        let value = self.text(name);
        let parsed = value.split_once('/').and_then(|(count, seconds)| {
            Some(Rate { count: count.trim().parse().ok()?, seconds: seconds.trim().parse().ok()? })
        });
        match parsed {
            Some(rate) if rate.count > 0 && rate.seconds > 0 => rate,
            _ => {
                self.mistake(name, "is not count/seconds such as 5/300");
                Rate { count: 1, seconds: 1 }
            }
        }
    }

    fn calendar(&mut self) -> CalendarSettings {
        CalendarSettings {
            rate: self.rate("CALENDAR_RATE"),
            timeout: Duration::from_secs(self.number("CALENDAR_TIMEOUT_SECONDS", 1..=600).into()),
            max_slots: usize::try_from(self.number("CALENDAR_MAX_SLOTS", 1..=1_000)).unwrap_or(1),
        }
    }

    fn lanes(&mut self, name: &str) -> BTreeMap<String, usize> {
        let mut lanes = BTreeMap::new();
        for part in self.list(name) {
            match part.split_once('=').map(|(lane, count)| (lane.trim(), count.trim().parse::<usize>())) {
                Some((lane, Ok(count))) if (1..=1024).contains(&count) => {
                    lanes.insert(lane.to_owned(), count);
                }
                _ => self.mistake(name, &format!("has a part that is not lane=1..1024: {part}")),
            }
        }
        lanes
    }

    fn auth(&mut self) -> AuthSettings {
        let jwt_secret = self.secret("AUTH_JWT_SECRET");
        let jwks_url = self.optional("AUTH_JWKS_URL");
        if jwt_secret.is_none() && jwks_url.is_none() {
            self.mistake("AUTH_JWT_SECRET", "or AUTH_JWKS_URL is required");
        }
        AuthSettings {
            signing_keys: self.signing_keys(jwt_secret.as_ref()),
            jwt_secret,
            jwks_url,
            issuer: self.optional("AUTH_ISSUER"),
            audience: self.text("AUTH_AUDIENCE"),
        }
    }

    fn signing_keys(&mut self, fallback: Option<&SecretString>) -> Vec<[u8; 32]> {
        let mut keys = Vec::new();
        for part in self.list("SIGNING_KEY") {
            match STANDARD.decode(&part).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
                Some(key) => keys.push(key),
                None => self.mistake("SIGNING_KEY", "has a part that is not base64 of 32 bytes"),
            }
        }
        if keys.is_empty() {
            match fallback {
                Some(secret) => keys.push(derived_key(secret)),
                None => self.mistake("SIGNING_KEY", "is required when AUTH_JWT_SECRET is not set"),
            }
        }
        keys
    }

    fn models(&mut self) -> ModelSettings {
        let default = self.text("AI_MODEL");
        let mut allowed = self.list("AI_MODEL_ALLOW");
        if !allowed.contains(&default) {
            allowed.insert(0, default.clone());
        }
        ModelSettings { default, allowed }
    }

    fn ai_provider(&mut self) -> AiProvider {
        let key = self.secret("OPENROUTER_API_KEY");
        let base_url = self.text("AI_BASE_URL").trim_end_matches('/').to_owned();
        let pace = Duration::from_millis(self.number("AI_OFFLINE_PACE_MS", 0..=10_000).into());
        match self.text("AI_PROVIDER").as_str() {
            "openrouter" => AiProvider::OpenRouter { key, base_url },
            "offline" => AiProvider::Offline { pace },
            "" if key.is_some() => AiProvider::OpenRouter { key, base_url },
            "" => AiProvider::Offline { pace },
            _ => {
                self.mistake("AI_PROVIDER", "is neither openrouter nor offline");
                AiProvider::Offline { pace }
            }
        }
    }

    fn flags(&mut self) -> FlagSettings {
        FlagSettings {
            calendar_service: self.switch("CALENDAR_SERVICE_ENABLED"),
            publish_service: self.switch("PUBLISH_SERVICE_ENABLED"),
        }
    }

    fn switch(&mut self, name: &str) -> bool {
        match self.text(name).as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.mistake(name, "is neither true nor false");
                false
            }
        }
    }

    fn telemetry(&mut self) -> TelemetrySettings {
        let format = self.text("LOG_FORMAT");
        if !["json", "text"].contains(&format.as_str()) {
            self.mistake("LOG_FORMAT", "is neither json nor text");
        }
        TelemetrySettings {
            json: format != "text",
            level: self.text("LOG_LEVEL"),
            otlp_endpoint: self.optional("OTEL_EXPORTER_OTLP_ENDPOINT"),
        }
    }
}

fn text_pair((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// A ticket key for deployments that set none: bound to the secret, but never equal to it.
fn derived_key(secret: &SecretString) -> [u8; 32] {
    use secrecy::ExposeSecret;
    use sha2::{Digest, Sha256};
    Sha256::new_with_prefix(b"almanac ticket key\0").chain_update(secret.expose_secret()).finalize().into()
}
