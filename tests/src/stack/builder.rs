//! What a stack consists of, said before it starts.
//! `Stack::builder` begins it; `start` brings everything up, servers first.
//! It must never start a process before what it needs answers.

use std::{net::SocketAddr, sync::Arc};

use super::{
    Proxies, Stack,
    node::{Environment, Node},
};
use crate::{
    actor::token,
    observe::OrFail,
    proxy::Proxy,
    run::test_run,
    services::{Postgres, Services, authority},
    world::{
        World,
        channels::{FACEBOOK_APP, GOOGLE_APP, INSTAGRAM_APP, LINKEDIN_APP, Site, TIKTOK_APP},
        mail::{RESEND_KEY, SENDER_DOMAIN, WEBHOOK_SECRET},
    },
};

/// The origin that browsers may call every stack from.
pub const ORIGIN: &str = "https://app.example.test";
/// The beginning of links in mails.
pub const PUBLIC_URL: &str = "https://almanac.example";
/// The key that seals tokens of channels: Base64 of 32 bytes.
pub const CREDENTIALS_KEY: &str = "Y2FuYXJ5LWtleS1mb3ItdGVzdHMtb25seS0zMmJ5dGU=";

/// A stack to be started.
#[derive(Debug)]
pub struct Builder {
    apis: usize,
    workers: usize,
    private: bool,
    proxied: bool,
    api: Environment,
    worker: Environment,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            apis: 1,
            workers: 1,
            private: false,
            proxied: false,
            api: Environment::new(),
            worker: Environment::new(),
        }
    }
}

impl Builder {
    /// Number of API processes (1).
    pub fn apis(mut self, count: usize) -> Self {
        self.apis = count;
        self
    }

    /// Number of workers (1).
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// A Postgres cluster of its own, for tests that stop or restart it.
    pub fn private_postgres(mut self) -> Self {
        self.private = true;
        self
    }

    /// A proxy in front of Postgres, Redis and the provider, for each kind of process: see `Stack::proxies`.
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// A variable of every API process.
    pub fn api_env(mut self, name: &str, value: &str) -> Self {
        self.api.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A variable of every worker, such as a crash point.
    pub fn worker_env(mut self, name: &str, value: &str) -> Self {
        self.worker.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Workers whose clock is wrong by this much, such as `+10m`. Only the time of day is wrong: durations are not.
    pub fn worker_clock(self, offset: &str) -> Self {
        let library = test_run().settings.faketime.clone();
        let library = library.or_fail("libfaketime, which `make test` finds or installs: TEST_FAKETIME");
        self.worker_env("LD_PRELOAD", &library.display().to_string())
            .worker_env("FAKETIME", offset)
            .worker_env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .worker_env("FAKETIME_NO_CACHE", "1")
    }

    /// A variable of every process.
    pub fn env(self, name: &str, value: &str) -> Self {
        self.api_env(name, value).worker_env(name, value)
    }

    /// Starts servers, world and processes, and waits until every API is ready.
    pub async fn start(self) -> Stack {
        self.try_start().await.or_fail("starting a stack")
    }

    async fn try_start(self) -> anyhow::Result<Stack> {
        let services = if self.private { Services::private().await } else { Services::shared().await };
        let database = services.postgres.new_database().await;
        // Rates and time limits are read from the database, where `migrate` writes them.
        let limits: Environment = self.api.iter().filter(|(name, _)| is_limit(name)).map(own).collect();
        if !limits.is_empty() {
            services.postgres.migrate_with(&database, &limits).await?;
        }
        let world = World::start().await?;
        let proxies = if self.proxied { Some(start_proxies(&services, &world).await?) } else { None };
        let apis = self.nodes(self.apis, "api", &services, &database, &world, proxies.as_ref())?;
        let workers = self.nodes(self.workers, "worker", &services, &database, &world, proxies.as_ref())?;
        apis.iter().chain(&workers).for_each(|node| node.launch());
        let stack = Stack { services, database, world, proxies, apis, workers };
        for api in &stack.apis {
            api.wait_until_ready(std::time::Duration::from_secs(60)).await;
        }
        Ok(stack)
    }

    fn nodes(
        &self,
        count: usize,
        kind: &str,
        services: &Services,
        database: &str,
        world: &World,
        proxies: Option<&Proxies>,
    ) -> anyhow::Result<Vec<Arc<Node>>> {
        let make = |number: usize| {
            let is_api = kind == "api";
            let address = is_api.then(|| test_run().free_address());
            let mut environment = shared_environment(kind, services, database, proxies);
            // Only requests of workers pass the proxy.
            let provider = proxies.filter(|_| !is_api).map_or(world.address(), |proxies| proxies.provider.address());
            environment.extend(publishing(world, provider));
            environment.insert("PUBLIC_URL".to_owned(), PUBLIC_URL.to_owned());
            if let Some(address) = address {
                environment.insert("API_ADDR".to_owned(), address.to_string());
                environment.insert("AUTH_JWT_SECRET".to_owned(), token::SECRET.to_owned());
                environment.insert("AUTH_JWKS_URL".to_owned(), world.jwks_url());
                environment.insert("CORS_ALLOWED_ORIGINS".to_owned(), ORIGIN.to_owned());
                // Every test connects from the same address; a test of the limit sets one.
                environment.insert("ANONYMOUS_RATE".to_owned(), "100000/60".to_owned());
                environment.insert("RESEND_WEBHOOK_SECRET".to_owned(), WEBHOOK_SECRET.to_owned());
                environment.extend(self.api.clone());
            } else {
                environment.insert("AI_PROVIDER".to_owned(), "openrouter".to_owned());
                environment.insert("OPENROUTER_API_KEY".to_owned(), "test-key-canary-77c1".to_owned());
                environment.insert("AI_BASE_URL".to_owned(), world.ai_base_url(provider));
                environment.extend(mailing(world, provider));
                // Of the world's files behind TLS.
                environment.insert("SSL_CERT_FILE".to_owned(), authority());
                environment.extend(self.worker.clone());
            }
            Ok(Arc::new(Node::new(format!("{kind}-{number}"), &format!("almanac-{kind}"), address, environment)?))
        };
        (0..count).map(make).collect()
    }
}

fn is_limit(variable: &str) -> bool {
    variable != "ANONYMOUS_RATE" && (variable.ends_with("_RATE") || variable.ends_with("_TIMEOUT_SECONDS"))
}

fn own((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

fn shared_environment(kind: &str, services: &Services, database: &str, proxies: Option<&Proxies>) -> Environment {
    let (postgres, redis) = match (proxies, kind) {
        (None, _) => (services.postgres.address(), services.redis.address()),
        (Some(proxies), "api") => (proxies.api_postgres.address(), proxies.api_redis.address()),
        (Some(proxies), _) => (proxies.worker_postgres.address(), proxies.worker_redis.address()),
    };
    let mut environment = Environment::from([
        ("DATABASE_URL".to_owned(), Postgres::url_at(postgres, &format!("almanac_{kind}"), database)),
        ("REDIS_URL".to_owned(), services.redis.url_at(redis)),
        ("LOG_LEVEL".to_owned(), "info".to_owned()),
        ("RUST_BACKTRACE".to_owned(), "1".to_owned()),
        // On as in production; a test of the off state switches them.
        ("CALENDAR_SERVICE_ENABLED".to_owned(), "true".to_owned()),
        ("PUBLISH_SERVICE_ENABLED".to_owned(), "true".to_owned()),
    ]);
    if let Some(guard) = &test_run().settings.sabotage {
        environment.insert("ALMANAC_SABOTAGE".to_owned(), guard.clone());
    }
    environment
}

/// The fake networks, and short times: a request that hangs costs a test a second.
fn publishing(world: &World, seen_at: SocketAddr) -> Environment {
    let url = |site: Site| world.channel_base_url(seen_at, site.name());
    let [facebook, linkedin] = [url(Site::Facebook), url(Site::Linkedin)];
    let [instagram, tiktok, youtube] = [url(Site::Instagram), url(Site::Tiktok), url(Site::Youtube)];
    let [[facebook_id, facebook_secret], [linkedin_id, linkedin_secret]] = [FACEBOOK_APP, LINKEDIN_APP];
    let [[instagram_id, instagram_secret], [tiktok_key, tiktok_secret]] = [INSTAGRAM_APP, TIKTOK_APP];
    let [google_id, google_secret] = GOOGLE_APP;
    let sandbox = test_run().folder.join(format!("sandbox-{}", world.address().port()));
    let sandbox = sandbox.to_string_lossy();
    let variables = [
        ("SANDBOX_DIR", &*sandbox),
        ("FACEBOOK_BASE_URL", &*facebook),
        ("FACEBOOK_APP_ID", facebook_id),
        ("FACEBOOK_APP_SECRET", facebook_secret),
        ("LINKEDIN_BASE_URL", &*linkedin),
        ("LINKEDIN_CLIENT_ID", linkedin_id),
        ("LINKEDIN_CLIENT_SECRET", linkedin_secret),
        ("INSTAGRAM_BASE_URL", &*instagram),
        ("INSTAGRAM_APP_ID", instagram_id),
        ("INSTAGRAM_APP_SECRET", instagram_secret),
        ("TIKTOK_BASE_URL", &*tiktok),
        ("TIKTOK_CLIENT_KEY", tiktok_key),
        ("TIKTOK_CLIENT_SECRET", tiktok_secret),
        ("YOUTUBE_BASE_URL", &*youtube),
        ("GOOGLE_CLIENT_ID", google_id),
        ("GOOGLE_CLIENT_SECRET", google_secret),
        ("CREDENTIALS_KEY", CREDENTIALS_KEY),
        ("OUTBOUND_ALLOW_PRIVATE", "127.0.0.0/8"),
        ("CHANNEL_CALL_TIMEOUT_MS", "600"),
        ("CHANNEL_LOOKUP_GRACE_MS", "300"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The fake Resend; a test of the mail server sets `EMAIL_PROVIDER`. Schedules are looked at every second.
fn mailing(world: &World, seen_at: SocketAddr) -> Environment {
    let variables = [
        ("EMAIL_PROVIDER", "resend".to_owned()),
        ("EMAIL_FROM", format!("Almanac <mail@{SENDER_DOMAIN}>")),
        ("RESEND_API_KEY", RESEND_KEY.to_owned()),
        ("RESEND_BASE_URL", world.resend_base_url(seen_at)),
        ("SMTP_URL", world.smtp_url()),
        ("SCHEDULER_TICK_SECONDS", "1".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

async fn start_proxies(services: &Services, world: &World) -> anyhow::Result<Proxies> {
    let (postgres, redis) = (services.postgres.address(), services.redis.address());
    Ok(Proxies {
        api_postgres: Proxy::start(postgres).await?,
        api_redis: Proxy::start(redis).await?,
        worker_postgres: Proxy::start(postgres).await?,
        worker_redis: Proxy::start(redis).await?,
        provider: Proxy::start(world.address()).await?,
    })
}
