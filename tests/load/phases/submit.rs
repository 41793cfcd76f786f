//! How many submits a second are accepted, and how long one takes, crowded and alone. No worker runs.
//! Held against pgbench: one row with the text, and the rows of an accept, each in one round trip.

use std::time::Duration;

use almanac_tests::Stack;
use tokio::time::Instant;

use super::{CONNECTIONS, PEOPLE, Until, closed_loop, stack};
use crate::{
    Knobs,
    client::Connection,
    figures::{Latencies, Report, Yardstick},
    limit::{CLIENTS, Limit, Script, postmaster, redis_process},
    text::{Texts, people},
    usage::{Meter, Usage, Watched, memory_kib},
};

pub async fn run(knobs: &Knobs, mut report: Report) -> anyhow::Result<()> {
    let stack = stack().workers(0).start().await;
    let mut texts = Texts::new();
    let requests = texts.submits(512, &people(PEOPLE));
    let api = stack.api(0).address();
    closed_loop(api, requests.clone(), Until::Count(CONNECTIONS * 8)).await?;
    let watched = watched(&stack).await?;

    let meter = Meter::start(&watched)?;
    let until = Until::Time(Instant::now() + Duration::from_secs(knobs.secs));
    let mut latencies = closed_loop(api, requests.clone(), until).await?;
    let usage = meter.stop()?;
    let mut lone = Latencies::default();
    let mut connection = Connection::open(api).await?;
    for request in requests.iter().cycle().take(200) {
        let began = Instant::now();
        connection.exchange(request).await?.generation()?;
        lone.add(began.elapsed());
    }

    let limits = Limits::measure(&stack, knobs.secs.div_ceil(2)).await?;
    let rate = latencies.count() as f64 / usage.wall.as_secs_f64();
    report.figure("submits", rate, "/s", Yardstick::of("pgbench, one row pipelined", limits.insert))?;
    report.figure("submits", rate, "/s", Yardstick::of("pgbench, rows of an accept pipelined", limits.accept))?;
    // By Little's law: what 64 waiting callers would see at pgbench's rate.
    let crowded = limits.insert.map(|limit| CONNECTIONS as f64 / limit * 1e3);
    report.latencies(
        "202, 64 connections",
        &mut latencies,
        crowded.map(|ms| ("64 callers at pgbench's rate", [ms; 2])),
    )?;
    let alone = limits.alone.map(|rate| 1e3 / rate);
    report.latencies("202, alone", &mut lone, alone.map(|ms| ("one connection of pgbench, mean", [ms; 2])))?;
    spent(&mut report, &usage, latencies.count())?;
    report.figure("peak memory, API", memory_kib(stack.api(0).pid(), "VmHWM")? / 1024.0, "MiB", None)?;
    report.noise(&usage)
}

async fn watched(stack: &Stack) -> anyhow::Result<Vec<Watched>> {
    let postgres = Watched { name: "postgres", pid: postmaster(stack).await?, with_children: true };
    let redis = Watched::alone("redis", redis_process(stack).await?);
    Ok(vec![Watched::alone("api", stack.api(0).pid()), postgres, redis, Watched::driver()?])
}

fn spent(report: &mut Report, usage: &Usage, submits: usize) -> anyhow::Result<()> {
    let postgres = usage.per("postgres", submits);
    report.figure(
        "core time per submit, API",
        usage.per("api", submits),
        "us",
        Yardstick::of("Postgres's", Some(postgres)),
    )?;
    report.figure("core time per submit, Postgres", postgres, "us", None)?;
    report.figure("core time per submit, Redis", usage.per("redis", submits), "us", None)?;
    report.figure("core time per submit, driver", usage.per("driver", submits), "us", None)
}

/// Rates of pgbench, transactions a second.
#[derive(Debug, Default)]
struct Limits {
    insert: Option<f64>,
    accept: Option<f64>,
    alone: Option<f64>,
}

impl Limits {
    async fn measure(stack: &Stack, secs: u64) -> anyhow::Result<Self> {
        let Some(limit) = Limit::prepare(stack).await? else { return Ok(Self::default()) };
        Ok(Self {
            insert: Some(limit.rate(Script::Insert, CLIENTS, secs).await?),
            accept: Some(limit.rate(Script::Accept, CLIENTS, secs).await?),
            alone: Some(limit.rate(Script::Insert, 1, secs.div_ceil(2)).await?),
        })
    }
}
