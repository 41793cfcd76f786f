//! The phases, each a question with its figures, and what they share: stacks with open limits.
//! `main` runs one of them by its name.
//! A phase must never leave work behind that the next measurement of it would pay for.

mod calendar;
mod e2e;
mod idle;
mod organic;
mod publish;
mod pure;
mod schedules;
mod streams;
mod submit;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use almanac_tests::{Stack, stack::Builder};
use anyhow::{Context, bail};
use bytes::Bytes;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    Knobs,
    client::Connection,
    figures::{Latencies, Report},
};

/// The names of the phases.
pub const NAMES: &[&str] = &["submit", "e2e", "idle", "calendar", "organic", "publish", "schedules", "streams", "pure"];
/// Connections of a closed loop.
const CONNECTIONS: usize = 64;
/// People who submit.
const PEOPLE: usize = 100;

/// Runs a phase by its name.
pub async fn run(name: &str, knobs: &Knobs, report: Report) -> anyhow::Result<()> {
    match name {
        "submit" => submit::run(knobs, report).await,
        "e2e" => e2e::run(knobs, report).await,
        "idle" => idle::run(knobs, report).await,
        "calendar" => calendar::run(knobs, report).await,
        "organic" => organic::run(knobs, report).await,
        "publish" => publish::run(knobs, report).await,
        "schedules" => schedules::run(knobs, report).await,
        "streams" => streams::run(knobs, report).await,
        "pure" => pure::run(report),
        _ => bail!("there is no phase {name}; there are {}", NAMES.join(", ")),
    }
}

/// A stack that refuses no request, with production's log settings.
fn stack() -> Builder {
    Stack::builder()
        .api_env("STREAMS_PER_USER", "100000")
        .api_env("GENERATION_RATE", "1000000000/300")
        .api_env("CALENDAR_RATE", "1000000000/300")
        .env("LOG_LEVEL", "warn")
        // Traces of the stack in errors are for tests.
        .env("RUST_BACKTRACE", "0")
}

/// Submits in a closed loop over many connections until it is stopped; returns the latencies of the accepted requests.
async fn closed_loop(api: SocketAddr, requests: Vec<Bytes>, until: Until) -> anyhow::Result<Latencies> {
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let mut loops = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(api).await.context("connecting to the API")?;
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        loops.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if until.is_over(place) {
                    return anyhow::Ok(latencies);
                }
                let began = Instant::now();
                let reply = connection.exchange(&requests[place % requests.len()]).await?;
                latencies.add(began.elapsed());
                anyhow::ensure!(reply.status == 202, "a submit was answered {}: {:?}", reply.status, reply.body);
            }
        });
    }
    let mut all = Latencies::default();
    while let Some(ended) = loops.join_next().await {
        all.join(ended.context("waiting for a connection's loop")??);
    }
    Ok(all)
}

/// The end of a closed loop.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// A moment.
    Time(Instant),
    /// Sends this number of requests.
    Count(usize),
}

impl Until {
    fn is_over(self, place: usize) -> bool {
        match self {
            Self::Time(end) => Instant::now() >= end,
            Self::Count(count) => place >= count,
        }
    }
}
