//! Every variable of the environment, with its default and a sentence for operators. Readers look up defaults here, and a
//! test compares the list with `.env.example`.

use std::collections::BTreeSet;

use crate::jobs::Kind;

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
        /// Variables that belong to no kind of job.
        const OF_PROCESSES: &[Variable] =
            &[$(Variable { name: stringify!($name), default: $default, about: $about },)*];
    };
}

variables! {
    DATABASE_URL = "", "Postgres, as almanac_api for the API and almanac_worker for workers; required";
    DATABASE_CONNECTIONS = "", "connections of one process to Postgres, 4 or more; empty: 12 for the API, 8 for a worker; while Postgres does not answer a probe opens one more";
    DATABASE_OWNER_URL = "", "Postgres as almanac_owner; only `almanac-api migrate` reads it";
    REDIS_URL = "redis://127.0.0.1:6379", "Redis; may be emptied at any time; rediss:// for TLS, where SSL_CERT_FILE may name a private authority";
    API_ADDR = "127.0.0.1:8080", "where API listening";
    METRICS_ADDR = "", "where /metrics is served, never on the API's port; empty: 127.0.0.1:9464 for the API, 127.0.0.1:9465 for a worker; further processes on the same machine need their own";
    CORS_ALLOWED_ORIGINS = "", "exact origins such as https://app.example, comma-separated, never * or null; empty: no cross-origin browser may call";
    CONSOLE_DIR = "", "folder of the built console, which the API reads at its start and serves at /console; empty: it serves none";
    AUTH_JWT_SECRET = "", "HS256 secret of the identity provider, at least 32 bytes; this or AUTH_JWKS_URL is required";
    AUTH_JWKS_URL = "", "key set for ES256 and RS256 tokens; https, or http on loopback";
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
    CALENDAR_MAX_SLOTS = "200", "entries that one calendar run may be asked for";
    ORGANIC_MAX_PLACEMENTS = "50", "placements that one request for an organic week may name";
    PUBLISH_TRANSPORT = "live", "live, or sandbox: the built-in server that behaves as the vendors' documents say; the same for both processes";
    CREDENTIALS_KEY = "", "base64 of 32 bytes, current[,old]: tokens of connected accounts, the first seals and all open; the same for both processes; empty: no account can be connected";
    FACEBOOK_APP_ID = "", "client of Facebook, and of Instagram accounts that are connected by Facebook; with FACEBOOK_APP_SECRET, in both processes";
    FACEBOOK_APP_SECRET = "", "secret of FACEBOOK_APP_ID; the API only checks that it is set";
    LINKEDIN_CLIENT_ID = "", "client of LinkedIn; with LINKEDIN_CLIENT_SECRET, in both processes";
    LINKEDIN_CLIENT_SECRET = "", "secret of LINKEDIN_CLIENT_ID; the API only checks that it is set";
    INSTAGRAM_APP_ID = "", "client of Instagram accounts that are connected by Instagram; with INSTAGRAM_APP_SECRET, in both processes";
    INSTAGRAM_APP_SECRET = "", "secret of INSTAGRAM_APP_ID; the API only checks that it is set";
    TIKTOK_CLIENT_KEY = "", "client of TikTok; with TIKTOK_CLIENT_SECRET, in both processes";
    TIKTOK_CLIENT_SECRET = "", "secret of TIKTOK_CLIENT_KEY; the API only checks that it is set";
    GOOGLE_CLIENT_ID = "", "client of YouTube; with GOOGLE_CLIENT_SECRET, in both processes";
    GOOGLE_CLIENT_SECRET = "", "secret of GOOGLE_CLIENT_ID; the API only checks that it is set";
    FACEBOOK_BASE_URL = "", "host of Facebook's API; empty: https://graph.facebook.com; the same for both processes, as the other four";
    LINKEDIN_BASE_URL = "", "host of LinkedIn's API; empty: https://api.linkedin.com";
    INSTAGRAM_BASE_URL = "", "host of Instagram's API; empty: https://graph.instagram.com, or https://graph.facebook.com for accounts connected by Facebook";
    TIKTOK_BASE_URL = "", "host of TikTok's API; empty: https://open.tiktokapis.com";
    YOUTUBE_BASE_URL = "", "host of YouTube's API, and of its tokens; empty: https://www.googleapis.com and https://oauth2.googleapis.com";
    CHANNEL_CALL_TIMEOUT_MS = "8000", "how long one request to a channel may take, milliseconds; workers only";
    CHANNEL_LOOKUP_GRACE_MS = "30000", "how long after the last moment at which a post can have been sent a worker looks for it, milliseconds; workers only";
    INSTAGRAM_REEL_MAX_MB = "300", "largest reel that is sent to Instagram, MiB; the vendor's pages name 300 MB and 1 GB; workers only";
    OUTBOUND_ALLOW_PRIVATE = "", "CIDRs of private networks from which workers fetch media, http there too; empty: public addresses and https only";
    SPOOL_DIR = "", "folder of the API where requests to publish wait while Postgres is down; empty: they are answered 503";
    SANDBOX_DIR = "", "folder where workers keep posts of the sandbox; a worker does not start without it when PUBLISH_TRANSPORT is sandbox";
    PUBLIC_URL = "http://127.0.0.1:8080", "where people reach the API: the beginning of links in mails; without https no mail has a List-Unsubscribe header; the same for both processes";
    EMAIL_PROVIDER = "", "resend, smtp or log (written to MAIL_DIR, sent to no one); empty: resend with a key, else log; workers only";
    EMAIL_FROM = "", "sender, such as Almanac <mail@example.com>; required unless EMAIL_PROVIDER is log; workers only";
    RESEND_API_KEY = "", "key of Resend; workers only";
    RESEND_BASE_URL = "https://api.resend.com", "host of Resend's API; workers only";
    RESEND_WEBHOOK_SECRET = "", "secrets of Resend's webhook, current[,old], each whsec_ and base64; empty: no webhook is accepted; the API only";
    SMTP_URL = "", "mail server: smtps://user:password@host, smtp://user:password@host?tls=required for STARTTLS, or smtp://127.0.0.1:1025 without TLS; workers only";
    MAIL_DIR = "", "folder where EMAIL_PROVIDER log keeps mails as files; empty: they are only counted in the log; workers only";
    SCHEDULER_TICK_SECONDS = "15", "how often a worker looks for schedules that are due, seconds; workers only";
    ANONYMOUS_RATE = "60/60", "requests without a valid token per address: count/seconds";
    STREAMS_PER_USER = "20", "open streams of one user in one API process; one more is answered 429";
    WORKER_CONCURRENCY = "", "jobs at once per lane, lane=count, comma-separated, for a worker of these lanes only; empty: 32 in each lane, 8 in publishing, 2 in account";
    CALENDAR_SERVICE_ENABLED = "false", "the flag of this name while no operator has set it";
    PUBLISH_SERVICE_ENABLED = "false", "the flag of this name while no operator has set it";
    PROVIDER_WAIT_SECONDS = "900", "how long a job waits for a provider that cannot serve before it fails";
    JOB_MAX_CRASHES = "3", "crashes after which a job is poison";
    SHUTDOWN_SECONDS = "20", "how long a draining worker lets its jobs run before handing them back";
    RETENTION_EVENTS_DAYS = "7", "days an event log is kept after its job ended";
    RETENTION_PROMPTS_DAYS = "30", "days source texts and raw model output are kept";
    OTEL_EXPORTER_OTLP_ENDPOINT = "", "OTLP/HTTP collector, e.g. http://127.0.0.1:4318; empty: no traces leave";
    LOG_FORMAT = "json", "json or text";
    LOG_LEVEL = "info", "a level (off, error, warn, info, debug, trace), also per target: info,almanac_worker=debug";
}

/// Every variable the two processes read, once.
pub fn variables() -> impl Iterator<Item = Variable> {
    let limits = Kind::ALL.iter().map(|kind| kind.limits());
    let of_kinds = limits.flat_map(|limits| std::iter::once(limits.rate).chain(limits.time_limit));
    // Kinds of one family have one rate.
    let mut seen = BTreeSet::new();
    OF_PROCESSES.iter().copied().chain(of_kinds).filter(move |variable| seen.insert(variable.name))
}
