//! Valid and invalid values of each variable.

use super::*;
use crate::publishing::{Channel, Configured, Transport};

mod mail;

const SECRET: &str = "a secret of thirty-two bytes or so";

const API: [(&str, &str); 2] =
    [("DATABASE_URL", "postgres://almanac_api@127.0.0.1/almanac"), ("AUTH_JWT_SECRET", SECRET)];
const WORKER: [(&str, &str); 1] = [("DATABASE_URL", "postgres://almanac_worker@127.0.0.1/almanac")];

fn api(name: &str, value: &str) -> Result<ApiSettings, Mistakes> {
    ApiSettings::from_env(Env::of(API.into_iter().chain([(name, value)])))
}

fn worker(name: &str, value: &str) -> Result<WorkerSettings, Mistakes> {
    WorkerSettings::from_env(Env::of(WORKER.into_iter().chain([(name, value)])))
}

/// The names of the variables in the mistakes.
fn mistaken<T>(read: Result<T, Mistakes>) -> Vec<String> {
    let lines = read.err().map_or_else(Vec::new, |mistakes| mistakes.0);
    lines.iter().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn metrics_have_a_port_of_their_own_by_default() {
    let (of_api, of_worker) = (api("LOG_LEVEL", "").unwrap(), worker("LOG_LEVEL", "").unwrap());

    assert_eq!((of_api.addr.port(), of_api.metrics_addr), (8080, SocketAddr::from(([127, 0, 0, 1], 9464))));
    assert_eq!(of_worker.metrics_addr, SocketAddr::from(([127, 0, 0, 1], 9465)));
    assert_eq!(mistaken(api("METRICS_ADDR", "127.0.0.1:8080")), ["METRICS_ADDR"], "the API's own port");
    assert_eq!(mistaken(api("API_ADDR", "127.0.0.1:9464")), ["METRICS_ADDR"], "the API's own port");
}

#[test]
fn invalid_values_are_refused_by_name() {
    let shared = [
        ("DATABASE_URL", "mysql://almanac@db/almanac"),
        ("DATABASE_URL", "db/almanac"),
        ("DATABASE_URL", "postgres://almanac@db:many/almanac"),
        ("DATABASE_URL", "postgres://db/almanac?sslmode=perhaps"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "http://127.0.0.1:6379"),
        ("REDIS_URL", "redis://127.0.0.1:6379/first"),
        ("LOG_LEVEL", "loud"),
        ("LOG_LEVEL", "info,loud"),
        ("LOG_LEVEL", "almanac_worker"),
        ("LOG_LEVEL", "info,almanac_worker=loud"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_ADDR", "9464"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("CALENDAR_SERVICE_ENABLED", "yes"),
        ("PUBLISH_TRANSPORT", "dry_run"),
        ("CREDENTIALS_KEY", "c2hvcnQ="),
        ("FACEBOOK_BASE_URL", "graph.facebook.com"),
        ("LINKEDIN_BASE_URL", "ftp://api.linkedin.com"),
        ("PUBLIC_URL", "almanac.example"),
        ("PUBLIC_URL", "https://almanac.example/?from=mail"),
    ];
    let of_api = [
        ("AUTH_JWT_SECRET", "short"),
        ("AUTH_JWT_SECRET", "thirty-one bytes are not enough"),
        ("AUTH_JWKS_URL", "http://id.example.test/jwks.json"),
        ("AUTH_JWKS_URL", "http://10.0.0.1/jwks.json"),
        ("AUTH_JWKS_URL", "http://localhost.example.test/jwks.json"),
        ("AUTH_JWKS_URL", "ftp://id.example.test/jwks.json"),
        ("AUTH_JWKS_URL", "file:///etc/jwks.json"),
        ("AUTH_JWKS_URL", "id.example.test"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "null"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.test, null"),
        ("CORS_ALLOWED_ORIGINS", "https://*.example.test"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.test/"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.test:443"),
        ("CORS_ALLOWED_ORIGINS", "https://APP.example.test"),
        ("CORS_ALLOWED_ORIGINS", "app.example.test"),
        ("CORS_ALLOWED_ORIGINS", "file://app"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
        ("STREAMS_PER_USER", "0"),
        ("STREAMS_PER_USER", "many"),
        ("API_ADDR", "localhost:8080"),
        ("ANONYMOUS_RATE", "60"),
        ("SIGNING_KEY", "c2hvcnQ="),
        ("RESEND_WEBHOOK_SECRET", "whsec_c2hvcnQ="),
        ("RESEND_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,secret"),
    ];
    let of_worker = [
        ("AI_BASE_URL", "models.example.test"),
        ("WORKER_CONCURRENCY", "vip=3"),
        ("WORKER_CONCURRENCY", "calendar=0"),
        ("CHANNEL_CALL_TIMEOUT_MS", "0"),
        ("CHANNEL_LOOKUP_GRACE_MS", "soon"),
        ("INSTAGRAM_REEL_MAX_MB", "1GB"),
        ("OUTBOUND_ALLOW_PRIVATE", "intranet"),
        ("EMAIL_PROVIDER", "post"),
        ("EMAIL_FROM", "almanac"),
        ("EMAIL_FROM", "one@example.com, two@example.com"),
        ("RESEND_BASE_URL", "api.resend.com"),
        ("SMTP_URL", "mail.example.com:25"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://mail.example.com?tls=maybe"),
        ("SMTP_URL", "smtp://"),
        ("SCHEDULER_TICK_SECONDS", "0"),
        ("SCHEDULER_TICK_SECONDS", "61"),
    ];

    for (name, value) in shared.into_iter().chain(of_api) {
        assert_eq!(mistaken(api(name, value)), [name], "{value}");
    }
    for (name, value) in shared.into_iter().chain(of_worker) {
        assert_eq!(mistaken(worker(name, value)), [name], "{value}");
    }
}

#[test]
fn valid_values_are_accepted() {
    let good = [
        ("DATABASE_URL", "postgresql://almanac:p%40ss@db.example.test:6432/almanac?sslmode=verify-full"),
        ("DATABASE_URL", "postgres://almanac_api@%2Frun%2Fpostgresql/almanac"),
        ("REDIS_URL", "rediss://:password@cache.example.test:6380/1"),
        ("REDIS_URL", "unix:///run/redis.sock"),
        ("LOG_LEVEL", "WARN"),
        ("LOG_LEVEL", "info,almanac_worker=debug,almanac_api[http.request]=trace"),
        ("AUTH_JWT_SECRET", "thirty-two bytes are just enough"),
        ("AUTH_JWKS_URL", "https://id.example.test/auth/v1/.well-known/jwks.json"),
        ("AUTH_JWKS_URL", "http://127.0.0.1:9999/jwks.json"),
        ("AUTH_JWKS_URL", "http://[::1]:9999/jwks.json"),
        ("AUTH_JWKS_URL", "http://localhost:9999/jwks.json"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.test, http://localhost:3000,https://xn--mnchen-3ya.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1,fd00::/8"),
        ("STREAMS_PER_USER", "1"),
        ("METRICS_ADDR", "0.0.0.0:9100"),
    ];

    for (name, value) in good {
        assert_eq!(mistaken(api(name, value)), Vec::<String>::new(), "{name}={value}");
    }
    assert_eq!(api("TRUSTED_PROXIES", "127.0.0.1").unwrap().trusted_proxies, ["127.0.0.1/32".parse().unwrap()]);
    assert_eq!(api("STREAMS_PER_USER", "").unwrap().streams_per_user, 20);
}

#[test]
fn all_mistakes_are_reported_at_once_without_secrets() {
    let pairs = [
        ("DATABASE_URL", "mysql://almanac:canary@db/almanac"),
        ("DATABASE_OWNER_URL", "canary"),
        ("REDIS_URL", "canary://:canary@cache"),
        ("AUTH_JWT_SECRET", "canary"),
        ("SIGNING_KEY", "canary"),
        ("CREDENTIALS_KEY", "canary"),
        ("RESEND_WEBHOOK_SECRET", "canary"),
        ("AUTH_JWKS_URL", "http://user:canary@id.example.test/jwks.json"),
        ("TRUSTED_PROXIES", "everybody"),
        ("LOG_LEVEL", "loud"),
        ("CORS_ALLOWED_ORIGINS", "*"),
    ];
    let mut expected: Vec<_> =
        pairs.iter().map(|(name, _)| *name).filter(|name| *name != "DATABASE_OWNER_URL").collect();
    expected.sort_unstable();

    let mistakes = ApiSettings::from_env(Env::of(pairs)).unwrap_err();
    let said = mistakes.to_string();
    let mut found = mistaken(Err::<(), _>(mistakes));
    found.sort_unstable();
    assert_eq!(found, expected);
    assert!(!said.contains("canary"), "{said}");

    let migration = MigrationSettings::from_env(Env::of(pairs)).unwrap_err();
    assert!(!migration.to_string().contains("canary"));
    assert_eq!(mistaken(Err::<(), _>(migration)), ["DATABASE_OWNER_URL", "LOG_LEVEL"]);
}

#[test]
fn a_client_needs_both_of_its_variables() {
    for (one, other) in [
        ("FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET"),
        ("LINKEDIN_CLIENT_ID", "LINKEDIN_CLIENT_SECRET"),
        ("INSTAGRAM_APP_ID", "INSTAGRAM_APP_SECRET"),
        ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET"),
        ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"),
    ] {
        for (set, missing) in [(one, other), (other, one)] {
            let mistakes = api(set, "canary").unwrap_err();
            assert!(!mistakes.to_string().contains("canary"));
            assert_eq!(mistaken(Err::<(), _>(mistakes)), [missing]);
            assert_eq!(mistaken(worker(set, "canary")), [missing]);
        }
    }
}

#[test]
fn channels_are_configured_by_their_clients() {
    let clients = [
        ("LINKEDIN_CLIENT_ID", "id"),
        ("LINKEDIN_CLIENT_SECRET", "canary"),
        ("TIKTOK_CLIENT_KEY", "id"),
        ("TIKTOK_CLIENT_SECRET", "canary"),
    ];
    let of_api = ApiSettings::from_env(Env::of(API.into_iter().chain(clients))).unwrap();
    let of_worker = WorkerSettings::from_env(Env::of(WORKER.into_iter().chain(clients))).unwrap();

    for publishing in [&of_api.publishing, &of_worker.publishing] {
        assert_eq!(publishing.configured, Configured::new([Channel::Tiktok, Channel::Linkedin]));
    }
    let with_client: Vec<_> = of_worker.channels.clients.keys().copied().collect();
    assert_eq!(with_client, [Channel::Tiktok, Channel::Linkedin]);
    assert!(!format!("{of_api:?}{of_worker:?}").contains("canary"), "no secret is printed");
}

#[test]
fn publishing_has_defaults() {
    let (of_api, of_worker) = (api("LOG_LEVEL", "").unwrap(), worker("LOG_LEVEL", "").unwrap());

    let publishing = &of_api.publishing;
    assert_eq!((publishing.transport, &publishing.configured), (Transport::Live, &Configured::default()));
    assert!(publishing.keyring.is_none() && of_api.spool_dir.is_none() && of_api.console_dir.is_none());
    assert_eq!(publishing.base_urls.of(Channel::Facebook, None), "https://graph.facebook.com");
    let channels = &of_worker.channels;
    assert_eq!((channels.call_timeout.as_millis(), channels.lookup_grace.as_millis()), (8_000, 30_000));
    assert!(channels.allow_private.is_empty() && channels.clients.is_empty() && channels.sandbox_dir.is_none());
}

#[test]
fn publishing_reads_its_variables() {
    const KEYS: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    assert_eq!(api("PUBLISH_TRANSPORT", "sandbox").unwrap().publishing.transport, Transport::Sandbox);
    let keyring = worker("CREDENTIALS_KEY", KEYS).unwrap().publishing.keyring.unwrap();
    assert_eq!(keyring.key_ids().len(), 2);
    let base_urls = api("LINKEDIN_BASE_URL", "http://127.0.0.1:9/").unwrap().publishing.base_urls;
    assert_eq!(base_urls.of(Channel::Linkedin, None), "http://127.0.0.1:9");
    assert_eq!(api("SPOOL_DIR", "/var/spool/almanac").unwrap().spool_dir, Some("/var/spool/almanac".into()));
    let networks = worker("OUTBOUND_ALLOW_PRIVATE", "127.0.0.0/8, ::1").unwrap().channels.allow_private;
    assert_eq!(networks.len(), 2);
}
