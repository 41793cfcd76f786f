//! How soon an idle system takes up one job, and what it uses while there is none.
//! Held against one connection of pgbench that stores one row, because no pick-up is faster than its commit.

use std::time::Duration;

use almanac_tests::{Stack, eventually};
use anyhow::{Context, ensure};
use tokio::{
    io::AsyncReadExt,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::Instant,
};
use uuid::Uuid;

use super::{e2e::watched, stack};
use crate::{
    Knobs,
    client::{self, Connection, find},
    figures::{Latencies, Report, Yardstick},
    limit::{Limit, Script},
    provider::{self, Call},
    text::{Texts, people},
    usage::{Meter, exactly},
};

/// Jobs before the clock runs.
const WARM_UP: usize = 10;
/// How long idleness is watched.
const WATCHED: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Steps {
    accepted: Latencies,
    picked_up: Latencies,
    suggested: Latencies,
    done: Latencies,
}

pub async fn run(knobs: &Knobs, mut report: Report) -> anyhow::Result<()> {
    let (tell, mut calls) = unbounded_channel();
    let provider = provider::start(tell).await?;
    let stack =
        stack().worker_env("AI_BASE_URL", &format!("http://{provider}/v1")).workers(knobs.workers).start().await;
    let (mut texts, person) = (Texts::new(), people(1).swap_remove(0));
    let mut connection = Connection::open(stack.api(0).address()).await?;
    let mut steps = Steps::default();
    for _ in 0..WARM_UP {
        one_job(&stack, &mut connection, (&person, texts.of(5_500)), &mut calls, &mut steps).await?;
    }
    steps = Steps::default();
    let watched = watched(&stack).await?;
    let meter = Meter::start(&watched)?;
    for _ in 0..knobs.repeats {
        one_job(&stack, &mut connection, (&person, texts.of(5_500)), &mut calls, &mut steps).await?;
    }
    let busy = meter.stop()?;
    // What the same processes use without a job, in the same time.
    let meter = Meter::start(&watched)?;
    tokio::time::sleep(busy.wall).await;
    let rest = meter.stop()?;
    for name in ["postgres", "redis", "worker"] {
        let spent = busy.per(name, knobs.repeats) - rest.per(name, knobs.repeats);
        report.figure(&format!("core time per job, {name}, idle subtracted"), spent, "us", None)?;
    }
    let alone = match Limit::prepare(&stack).await? {
        Some(limit) => Some(1e3 / limit.rate(Script::Insert, 1, knobs.secs.div_ceil(4)).await?),
        None => None,
    };
    let against = alone.map(|ms| ("one connection of pgbench, mean", [ms; 2]));
    report.latencies("submit to 202", &mut steps.accepted, against)?;
    report.latencies("submit to the provider's receipt", &mut steps.picked_up, against)?;
    report.latencies("submit to the first suggestion", &mut steps.suggested, against)?;
    report.latencies("submit to done", &mut steps.done, against)?;
    at_rest(&stack, &mut report).await
}

async fn one_job(
    stack: &Stack,
    connection: &mut Connection,
    (person, text): (&str, String),
    calls: &mut UnboundedReceiver<Call>,
    steps: &mut Steps,
) -> anyhow::Result<()> {
    let nonce = Uuid::new_v4().simple().to_string();
    let request = client::submit(person, &format!("{nonce} {text}"));
    let began = Instant::now();
    let id = connection.exchange(&request).await?.generation()?;
    steps.accepted.add(began.elapsed());
    // A connection of its own, as a browser's stream has.
    let following = Connection::open(stack.api(0).address()).await?;
    let (mut socket, mut seen) = following.follow(&client::events(person, &id)).await?;
    let mut suggested = None;
    while find(&seen, b"event: done").is_none() {
        ensure!(socket.read_buf(&mut seen).await? > 0, "a stream ended before its job");
        if suggested.is_none() && find(&seen, b"event: suggestion").is_some() {
            suggested = Some(began.elapsed());
        }
    }
    steps.done.add(began.elapsed());
    // They may have come together with the head.
    steps.suggested.add(suggested.unwrap_or_else(|| began.elapsed()));
    let call = calls.recv().await.context("waiting for the provider")?;
    ensure!(find(&call.body, nonce.as_bytes()).is_some(), "the provider was asked about another job");
    steps.picked_up.add(call.at - began);
    Ok(())
}

/// Core time of processes that have nothing to do, against that of one core.
async fn at_rest(stack: &Stack, report: &mut Report) -> anyhow::Result<()> {
    let admin = stack.admin().await;
    eventually(Duration::from_secs(30), "no job is open", || async {
        let open = sqlx::query_scalar("SELECT count(*) FROM almanac.jobs WHERE finished_at IS NULL");
        open.fetch_one(&admin).await.ok().filter(|open: &i64| *open == 0)
    })
    .await;
    let pids = [("worker", stack.worker(0).pid()), ("API", stack.api(0).pid())];
    let before = pids.map(|(_, pid)| exactly(pid));
    let began = Instant::now();
    tokio::time::sleep(WATCHED).await;
    let wall = began.elapsed().as_secs_f64();
    for ((name, pid), before) in pids.into_iter().zip(before) {
        let used = exactly(pid)?.saturating_sub(before?).as_secs_f64();
        let core = Yardstick::of("a core", Some(100.0));
        report.figure(&format!("core time at rest, {name}"), used / wall * 100.0, "%", core)?;
    }
    Ok(())
}
