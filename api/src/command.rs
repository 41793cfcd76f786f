//! The sub-commands of `almanac-api`. Called by `main` with the words behind the program's name; each reads only the
//! settings it needs, and prints every mistake on standard error, with exit code 1 (`verify-receipts`: also 2).

mod receipts;

use std::{io::Write, process::ExitCode};

use almanac_shared::platform::{
    clock::{Clock, SystemClock},
    config::{self, ApiSettings, Env, MigrationSettings},
    db, telemetry,
};
use anyhow::{Context, Result, bail};
use chrono::TimeDelta;

use crate::{
    auth::token::{self, TokenRequest},
    router, serve,
};

const USAGE: &str = "usage: almanac-api serve
       almanac-api migrate                    apply migrations as DATABASE_OWNER_URL, and set rates and time limits
       almanac-api openapi [--json]           print the OpenAPI document as YAML or JSON
       almanac-api token [--sub UUID] [--role ROLE] [--ttl SECONDS]
                                              print a development token signed with AUTH_JWT_SECRET
       almanac-api healthcheck                exit 0 when the API at API_ADDR is ready
       almanac-api verify-receipts FILE [--head HASH]
                                              check an export of receipts; exit 1 when a receipt was changed, is missing
                                              or is not in its place, 2 when the export could not be checked
";

/// Runs one sub-command.
pub fn run(words: Vec<String>) -> ExitCode {
    if let [command, rest @ ..] = &words[..]
        && command == "verify-receipts"
    {
        return receipts::verify(rest);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("the runtime cannot start: {error}\n")),
    };
    // The provider can be installed once; a second attempt changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = runtime.block_on(async {
        match words.first().map(String::as_str) {
            Some("serve") => serve().await,
            Some("migrate") => migrate().await,
            Some("openapi") => print_document(words.get(1..).unwrap_or_default()),
            Some("token") => print_token(words.get(1..).unwrap_or_default()),
            Some("healthcheck") => healthcheck().await,
            _ => bail!("{USAGE}"),
        }
    });
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{error:#}\n")),
    }
}

async fn serve() -> Result<()> {
    let settings = ApiSettings::from_env(Env::of_process())?;
    let _telemetry = telemetry::init(&settings.telemetry, "almanac-api")?;
    serve::serve(settings).await
}

async fn migrate() -> Result<()> {
    let settings = MigrationSettings::from_env(Env::of_process())?;
    let _telemetry = telemetry::init(&settings.telemetry, "almanac-api")?;
    db::migrate(&settings.owner_url, &settings.job_kinds).await
}

fn print_document(words: &[String]) -> Result<()> {
    let document = router::description().context("building the OpenAPI document")?;
    match words {
        [] => print(&serde_yaml::to_string(&document).context("writing the OpenAPI document")?),
        [json] if json == "--json" => print(&format!("{document:#}\n")),
        _ => bail!("{USAGE}"),
    }
}

fn print_token(words: &[String]) -> Result<()> {
    let auth = config::auth(Env::of_process())?;
    let secret = auth.jwt_secret.context("AUTH_JWT_SECRET: is required to sign a token")?;
    let (mut sub, mut role, mut ttl) = (None, "authenticated".to_owned(), 3_600);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--sub" => sub = Some(value.parse().context("--sub is not a UUID")?),
            "--role" => role.clone_from(value),
            "--ttl" => ttl = value.parse().context("--ttl is not a number of seconds")?,
            _ => bail!("{USAGE}"),
        }
    }
    let request = TokenRequest {
        sub: sub.or_else(|| (role == "authenticated").then(almanac_shared::platform::id::UserId::fresh)),
        role: &role,
        ttl: TimeDelta::seconds(ttl),
        audience: &auth.audience,
        issuer: auth.issuer.as_deref(),
    };
    print(&format!("{}\n", token::mint_hs256(&secret, &request, SystemClock.now())?))
}

async fn healthcheck() -> Result<()> {
    let addr = config::api_addr(Env::of_process())?;
    let answer = reqwest::Client::builder().no_proxy().build()?.get(format!("http://{addr}/readyz")).send().await?;
    if answer.status().is_success() { Ok(()) } else { bail!("the API answers {}", answer.status()) }
}

fn print(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("writing to standard output")
}

fn refuse(why: &str) -> ExitCode {
    let _ = std::io::stderr().write_all(why.as_bytes());
    ExitCode::FAILURE
}
