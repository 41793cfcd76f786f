//! The life of a worker process: settings, handles, loops, and an orderly end. Called by `main`.
//! If a loop that must not end ends, the process ends with it.

use std::{sync::Arc, time::Duration};

use almanac_shared::{
    events::log::Publisher,
    jobs::{Lane, endings::Endings, queue::Bell},
    platform::{
        config::{MailProvider, WorkerSettings},
        db::Service,
        flags::Flags,
        metrics::Metrics,
        redis::{client, quick},
    },
};
use anyhow::{Context, Result};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    deps::Deps,
    health,
    maintenance::{self, Retention},
    outbound::{
        ai,
        breaker::{BreakerLimits, Breakers},
        channels::adapters::Adapters,
        feeds::Feeds,
        guard::Guard,
        mail,
        retry_budget::{RetryBudget, RetryLimits},
    },
    queue::{self, redis::Wake},
    runner::JobRunner,
    scheduler::{self, Scheduling},
    stalls::Stalls,
};

/// Runs until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// A setting names nothing real, the database login may bypass row security, or a loop ended that must not.
pub async fn serve(settings: WorkerSettings) -> Result<()> {
    let addr = settings.metrics_addr;
    let metrics_door = TcpListener::bind(addr).await.with_context(|| format!("METRICS_ADDR: {addr}"))?;
    let redis = client(&settings.redis_url)?;
    let commands = quick(&redis)?;
    let service = Service::open_with(&settings.database_url, settings.database_connections)?;
    let metrics = Metrics::new("almanac-worker");
    let stalls = Stalls::new(tokio::time::Instant::now());
    let publishing_slots = settings.concurrency.get(&Lane::Publishing).copied().unwrap_or_default();
    let deps = Deps {
        flags: Flags::of_worker(&service, settings.flags),
        endings: Endings::start(service.clone()),
        service,
        publisher: Publisher::start(commands.clone()),
        bell: Bell::start(commands.clone(), metrics.clone()),
        redis: commands,
        ai: ai::connect(&settings.ai)?,
        channels: Arc::new(
            Adapters::new(settings.publishing.clone(), settings.channels.clone(), metrics.clone(), publishing_slots)
                .await?,
        ),
        feeds: Feeds::new(Guard::new(settings.channels.allow_private.clone())?),
        public_url: settings.public_url.clone(),
        mailer: mail::connect(&settings.mail)?,
        breakers: Breakers::new(BreakerLimits::MODEL, stalls.clone()),
        provider_wait: settings.provider_wait,
        stalls: stalls.clone(),
        retries: Arc::new(RetryBudget::new(RetryLimits::MODEL, tokio::time::Instant::now())),
        metrics,
    };
    let steady = wait_for_store(&deps.service).await?;
    // No job starts on the defaults when the rows can be had.
    if let Err(error) = deps.flags.refresh().await {
        tracing::warn!(error = format!("{error:#}"), "the flags cannot be read; their defaults stand");
    }

    let name = format!("worker-{}", uuid::Uuid::now_v7());
    let loops = TaskTracker::new();
    loops.spawn(stalls.watch());
    let runner = JobRunner::start(deps.clone(), name.clone(), &settings.concurrency, settings.job_max_crashes, &loops);
    let endings = deps.endings.clone();
    loops.spawn(async move { endings.ended().await });
    let draining = CancellationToken::new();
    start_loops(&loops, &deps, &runner, &redis, &settings, &draining);
    loops.spawn(maintenance::rescue::reap(deps.clone(), keeping(&settings), steady, draining.clone()));
    loops.spawn(scheduler::run(deps.clone(), scheduling(&settings), draining.clone()));
    loops.spawn(health::serve(metrics_door, deps.clone(), draining.clone()));
    let mailer = deps.mailer.name();
    tracing::info!(worker = name, provider = deps.ai.provider(), mailer, "worker started");
    warn_of_links(&settings);

    let ended = tokio::select! {
        () = told_to_stop() => Ok(()),
        () = any_ended(&loops) => Err(anyhow::anyhow!("a loop of the worker ended")),
    };
    tracing::info!(running = runner.running(), "draining");
    draining.cancel();
    runner.drain(settings.shutdown).await;
    ended
}

fn scheduling(settings: &WorkerSettings) -> Scheduling {
    Scheduling { tick: settings.scheduler_tick, model: settings.models.default.clone() }
}

/// One-click unsubscribing needs https; a mail without it is more often taken for spam. Logged mails reach no one.
fn warn_of_links(settings: &WorkerSettings) {
    if !settings.public_url.starts_with("https://") && !matches!(settings.mail, MailProvider::Log { .. }) {
        tracing::warn!("PUBLIC_URL is not https: mails have no List-Unsubscribe header");
    }
}

fn start_loops(
    loops: &TaskTracker,
    deps: &Deps,
    runner: &JobRunner,
    redis: &redis::Client,
    settings: &WorkerSettings,
    draining: &CancellationToken,
) {
    let lanes: Vec<(Lane, Arc<Wake>)> = runner.lanes().map(|lane| (lane, Arc::new(Wake::default()))).collect();
    for (lane, wake) in &lanes {
        loops.spawn(queue::redis::hear(runner.clone(), redis.clone(), *lane, wake.clone(), draining.clone()));
        loops.spawn(queue::redis::take_wake_ups(runner.clone(), redis.clone(), *lane, wake.clone(), draining.clone()));
    }
    let names: Vec<Lane> = lanes.iter().map(|(lane, _)| *lane).collect();
    loops.spawn(maintenance::metrics::count(deps.clone(), names.clone(), draining.clone()));
    loops.spawn(queue::redis::listen(redis.clone(), runner.clone(), draining.clone()));
    loops.spawn(maintenance::addresses::find_addresses(deps.clone(), draining.clone()));
    loops.spawn(maintenance::prune::trim(deps.clone(), names, draining.clone()));
    loops.spawn(maintenance::prune::remove_registrations(deps.clone(), draining.clone()));
    loops.spawn(maintenance::prune::prune_rows(deps.clone(), keeping(settings), draining.clone()));
}

fn keeping(settings: &WorkerSettings) -> Retention {
    Retention {
        max_crashes: settings.job_max_crashes,
        events_days: settings.retention_events_days,
        prompts_days: settings.retention_prompts_days,
    }
}

/// Checks row security before any work; waits for a store that is unavailable at start. Returns whether it was
/// available at once.
async fn wait_for_store(service: &Service) -> Result<bool> {
    let mut pause = Duration::from_millis(200);
    let mut steady = true;
    while !service.answers().await {
        steady = false;
        tracing::warn!("Postgres does not answer yet");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
    service.refuse_misfit().await?;
    Ok(steady)
}

/// Resolves when one of the loops is over, which none of them is before a drain.
async fn any_ended(loops: &TaskTracker) {
    let all = loops.len();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if loops.len() < all {
            return;
        }
    }
}

async fn told_to_stop() {
    let wait = async {
        let mut term = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let mut int = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        anyhow::Ok(())
    };
    if let Err(error) = wait.await {
        tracing::error!(error = format!("{error:#}"), "cannot listen for signals");
        std::future::pending::<()>().await;
    }
}
