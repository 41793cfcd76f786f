//! `almanac-worker serve | healthcheck`.

use std::process::ExitCode;

use almanac_shared::platform::{
    config::{Env, WorkerSettings},
    db::Service,
    telemetry,
};
use almanac_worker::{outbound::http::install_crypto_provider, serve};

#[tokio::main]
async fn main() -> ExitCode {
    let settings = match WorkerSettings::from_env(Env::of_process()) {
        Ok(settings) => settings,
        Err(mistakes) => return refuse(&mistakes.to_string()),
    };
    install_crypto_provider();
    let result = match std::env::args().nth(1).as_deref() {
        Some("serve") => run(settings).await,
        Some("healthcheck") => check(&settings).await,
        _ => return refuse("usage: almanac-worker serve | healthcheck\n"),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{error:#}\n")),
    }
}

async fn run(settings: WorkerSettings) -> anyhow::Result<()> {
    let _telemetry = telemetry::init(&settings.telemetry, "almanac-worker")?;
    serve::serve(settings).await
}

async fn check(settings: &WorkerSettings) -> anyhow::Result<()> {
    let service = Service::open(&settings.database_url)?;
    if service.answers().await { Ok(()) } else { Err(anyhow::anyhow!("Postgres does not answer")) }
}

fn refuse(why: &str) -> ExitCode {
    use std::io::Write;
    let _ = write!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}
