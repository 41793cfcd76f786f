//! How many jobs a second go all the way, from submits over a provider that answers at once to stored cards.
//! Held against pgbench doing the bare table work of a job in three transactions.

use std::time::Duration;

use almanac_tests::{Stack, eventually};
use anyhow::{Context, ensure};
use sqlx::PgPool;
use tokio::sync::mpsc;

use super::{PEOPLE, Until, closed_loop, stack};
use crate::{
    Knobs,
    figures::{Report, Yardstick},
    limit::{CLIENTS, Limit, Script, postmaster, redis_process},
    provider,
    text::{Texts, people},
    usage::{Meter, Usage, Watched, memory_kib},
};

/// Jobs that open connections and fill caches before the clock runs.
const WARM_UP: usize = 200;

pub async fn run(knobs: &Knobs, mut report: Report) -> anyhow::Result<()> {
    let (tell, calls) = mpsc::unbounded_channel();
    drop(calls);
    let provider = provider::start(tell).await?;
    let stack =
        stack().worker_env("AI_BASE_URL", &format!("http://{provider}/v1")).workers(knobs.workers).start().await;
    let admin = stack.admin().await;
    let requests = Texts::new().submits(512, &people(PEOPLE));
    let api = stack.api(0).address();
    closed_loop(api, requests.clone(), Until::Count(WARM_UP)).await?;
    ended(&admin, WARM_UP).await?;

    let watched = watched(&stack).await?;
    let meter = Meter::start(&watched)?;
    closed_loop(api, requests, Until::Count(knobs.jobs)).await?;
    ended(&admin, WARM_UP + knobs.jobs).await?;
    let usage = meter.stop()?;
    let took = took(&admin, knobs.jobs).await?;

    let limit = match Limit::prepare(&stack).await? {
        Some(limit) => Some(limit.rate(Script::Job, CLIENTS, knobs.secs.div_ceil(2)).await?),
        None => None,
    };
    let rate = knobs.jobs as f64 / took;
    report.figure("jobs, accepted to succeeded", rate, "/s", Yardstick::of("pgbench, bare table work", limit))?;
    spent(&mut report, &usage, knobs.jobs)?;
    memory(&mut report, &stack)?;
    report.noise(&usage)
}

pub(super) async fn watched(stack: &Stack) -> anyhow::Result<Vec<Watched>> {
    let postgres = Watched { name: "postgres", pid: postmaster(stack).await?, with_children: true };
    let mut watched = vec![
        Watched::alone("api", stack.api(0).pid()),
        postgres,
        Watched::alone("redis", redis_process(stack).await?),
        Watched::driver()?,
    ];
    watched.extend(stack.workers().iter().map(|worker| Watched::alone("worker", worker.pid())));
    Ok(watched)
}

/// Waits until this number of jobs have ended, and asserts that all of them succeeded.
async fn ended(admin: &PgPool, jobs: usize) -> anyhow::Result<()> {
    let jobs = i64::try_from(jobs)?;
    let count = "SELECT count(*) FILTER (WHERE finished_at IS NOT NULL), count(*) FILTER (WHERE state = 'succeeded')
                   FROM almanac.jobs";
    let succeeded = eventually(Duration::from_secs(300), "all jobs have ended", || async {
        let (ended, succeeded): (i64, i64) = sqlx::query_as(count).fetch_one(admin).await.ok()?;
        if ended < jobs {
            // Counting costs the database; what counts is taken from the rows afterwards.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return None;
        }
        Some(succeeded)
    });
    let succeeded = succeeded.await;
    ensure!(succeeded == jobs, "{succeeded} of {jobs} jobs succeeded");
    Ok(())
}

/// Seconds from the first accept to the last end among the newest jobs, by the database's clock.
async fn took(admin: &PgPool, jobs: usize) -> anyhow::Result<f64> {
    let took = "SELECT extract(epoch FROM max(finished_at) - min(created_at))::float8
                  FROM (SELECT created_at, finished_at FROM almanac.jobs ORDER BY created_at DESC LIMIT $1) AS newest";
    sqlx::query_scalar(took).bind(i64::try_from(jobs)?).fetch_one(admin).await.context("reading the jobs' times")
}

fn spent(report: &mut Report, usage: &Usage, jobs: usize) -> anyhow::Result<()> {
    let postgres = usage.per("postgres", jobs);
    let ours = usage.per("api", jobs) + usage.per("worker", jobs);
    report.figure("core time per job, API and worker", ours, "us", Yardstick::of("Postgres's", Some(postgres)))?;
    for (name, part) in
        [("worker alone", "worker"), ("Postgres", "postgres"), ("Redis", "redis"), ("driver and provider", "driver")]
    {
        report.figure(&format!("core time per job, {name}"), usage.per(part, jobs), "us", None)?;
    }
    Ok(())
}

fn memory(report: &mut Report, stack: &Stack) -> anyhow::Result<()> {
    let api = memory_kib(stack.api(0).pid(), "VmHWM")? / 1024.0;
    let worker = memory_kib(stack.worker(0).pid(), "VmHWM")? / 1024.0;
    report.figure("peak memory, API and worker", api + worker, "MiB", None)?;
    report.figure("peak memory, worker alone", worker, "MiB", None)
}
