//! The life of the API process: settings, handles, the accept loop, and an orderly end. Called by the `serve` command.

use std::time::Duration;

use almanac_shared::platform::config::{ApiSettings, KindSettings};
use anyhow::{Context, Result};
use poem::{EndpointExt, Route, get};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{
    console::Console,
    router,
    routes::health,
    server::{self, Limits, Load},
    spool,
    state::App,
};

/// From "not ready any more" to "no new connections": load balancers look away in this time.
const LOOK_AWAY: Duration = Duration::from_millis(500);

const EXPIRE_EVERY: Duration = Duration::from_secs(2);
const SHOW_RELEASE_EVERY: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or SIGINT, then ends streams, finishes short requests and returns within ten seconds.
///
/// # Errors
/// A setting names nothing real, an address is taken, the database login may bypass row security, or the schema or the
/// limits in the database are not those of this program.
pub async fn serve(settings: ApiSettings) -> Result<()> {
    let draining = CancellationToken::new();
    let console = settings.console_dir.as_deref().map(Console::read).transpose().context("CONSOLE_DIR")?;
    let app = App::open(&settings, draining.clone())?;
    let listener = TcpListener::bind(settings.addr).await.with_context(|| format!("API_ADDR: {}", settings.addr))?;
    // If the store is unavailable at start, requests are answered with 503. A store that does not fit ends the process.
    let guard = tokio::spawn(check_database(app.clone(), settings.job_kinds.clone()));
    let closing = CancellationToken::new();
    let addr = settings.metrics_addr;
    let metrics = TcpListener::bind(addr).await.with_context(|| format!("METRICS_ADDR: {addr}"))?;
    let counts = Route::new().at("/metrics", get(health::metrics(app.clone()))).map_to_response();
    tokio::spawn(server::serve(metrics, counts, Limits::default(), Load::default(), closing.clone()));
    tokio::spawn(expire_unstarted(app.clone()));
    tokio::spawn(spool::replay(app.clone()));
    let door = router::door(&app, &settings, console).context("building the OpenAPI document")?;
    tracing::info!(addr = %settings.addr, metrics = %addr, "API listening");
    // Short requests finish and streams say goodbye in what is left of the ten seconds.
    let limits = Limits { drain: Duration::from_secs(8), ..Limits::default() };
    let serving = tokio::spawn(server::serve(listener, door, limits, Load::default(), closing.clone()));

    tokio::select! {
        told = told_to_stop() => told?,
        refused = guarded(guard) => return Err(refused),
    }
    tracing::info!("draining");
    draining.cancel();
    tokio::time::sleep(LOOK_AWAY).await;
    closing.cancel();
    serving.await.context("the accept loop failed")?;
    Ok(())
}

/// Ends jobs whose time is over every two seconds, as workers do: where no worker is left, nothing else would.
async fn expire_unstarted(app: App) {
    while !app.draining.is_cancelled() {
        if let Err(error) = app.jobs.expire_unstarted().await {
            tracing::debug!(%error, "jobs past their time could not be ended; trying again");
        }
        tokio::select! {
            () = tokio::time::sleep(EXPIRE_EVERY) => {}
            () = app.draining.cancelled() => return,
        }
    }
}

/// Checks the login, the schema and the limits in the database as soon as it answers.
async fn check_database(app: App, limits: Vec<KindSettings>) -> Result<()> {
    while !app.database.answers().await {
        tracing::warn!("Postgres does not answer yet");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    app.database.refuse_misfit().await?;
    app.database.refuse_other_limits(&limits).await?;
    show_release(&app).await;
    Ok(())
}

/// Shows since when this release runs, as soon as Postgres can say so.
async fn show_release(app: &App) {
    loop {
        match app.database.release_first_start().await {
            Ok(at) => return app.metrics.release_first_started(at),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the start of this release is not known yet"),
        }
        tokio::time::sleep(SHOW_RELEASE_EVERY).await;
    }
}

/// Resolves only when the store was refused.
async fn guarded(guard: tokio::task::JoinHandle<Result<()>>) -> anyhow::Error {
    match guard.await {
        Ok(Err(error)) => error,
        _ => std::future::pending().await,
    }
}

async fn told_to_stop() -> Result<()> {
    let mut term = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut int = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}
