//! How soon an entry is in its reader's hands once the model has closed it, and what a run of two hundred slots takes
//! besides the model's own time. Held against one connection of pgbench that stores one row, because an entry is stored
//! before its event is published.

use std::{collections::HashMap, time::Duration};

use almanac_tests::Stack;
use anyhow::{Context, ensure};
use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::Instant,
};

use super::stack;
use crate::{
    Knobs,
    client::{self, Connection},
    figures::{Latencies, Report, Yardstick},
    limit::{Limit, Script},
    planner::{self, Said},
    text::people,
};

/// Pause between two entries: quicker than models are.
const PACE: Duration = Duration::from_millis(5);
/// Runs before the clock runs.
const WARM_UP: usize = 2;
/// A run takes a second; as many would do for the figures as others need jobs.
const FEWER: usize = 5;
/// The goals, milliseconds.
const GOALS: [f64; 2] = [10.0, 100.0];

/// What one run took.
#[derive(Debug, Default)]
struct Run {
    /// From the model closing each entry to its reader holding it.
    told: Latencies,
    /// From the request to the final event, without the time between the model's receipt and its last byte.
    own: Latencies,
}

pub async fn run(knobs: &Knobs, mut report: Report) -> anyhow::Result<()> {
    let (tell, mut told) = unbounded_channel();
    let planner = planner::start(PACE, tell).await?;
    let stack = stack().worker_env("AI_BASE_URL", &format!("http://{planner}/v1")).start().await;
    let mut all = Run::default();
    let runs = knobs.repeats.div_ceil(FEWER);
    // One user per run: a user has a limit, and one run at a time.
    for (place, person) in people(WARM_UP + runs).iter().enumerate() {
        let run = one_run(&stack, person, &mut told).await?;
        if place >= WARM_UP {
            all.told.join(run.told);
            all.own.join(run.own);
        }
    }
    let row = match Limit::prepare(&stack).await? {
        Some(limit) => Some(1e3 / limit.rate(Script::Insert, 1, knobs.secs.div_ceil(4)).await?),
        None => None,
    };
    let against = row.map(|ms| ("one connection of pgbench, mean", [ms; 2]));
    let [entry, own] = GOALS;
    report.latencies("entry closed to entry held", &mut all.told, against)?;
    let reached = all.told.quantile(0.99);
    report.figure(
        "entry closed to entry held, p99, and its goal",
        reached,
        "ms",
        Yardstick::of("goal", Some(entry)),
    )?;
    report.latencies("own time of a run of 200 slots", &mut all.own, None)?;
    let reached = all.own.quantile(0.99);
    report.figure("own time of 200 slots, p99, and its goal", reached, "ms", Yardstick::of("goal", Some(own)))
}

/// Eight channels on twenty-five days.
fn order() -> Value {
    let channels: Vec<String> = (1..=8).map(|n| format!("channel{n}")).collect();
    json!({ "channels": channels, "cadence": "daily", "start": "2026-01-01", "end": "2026-01-25" })
}

async fn one_run(stack: &Stack, person: &str, told: &mut UnboundedReceiver<Said>) -> anyhow::Result<Run> {
    let connection = Connection::open(stack.api(0).address()).await?;
    let request = client::post(person, "/v1/ai/calendar", &order());
    let began = Instant::now();
    let (socket, rest) = connection.follow(&request).await?;
    let seen = read(socket, rest).await?;
    let (mut run, mut asked, mut ended, mut left) = (Run::default(), None, None, seen.held.len());
    while ended.is_none() {
        match told.recv().await.context("waiting for the planner")? {
            Said::Asked(at) => asked = Some(at),
            Said::Entry(key, at) => {
                let held = seen.held.get(&key).with_context(|| format!("{key} was not streamed"))?;
                // A reader may be quicker than the planner's own look at the clock.
                run.told.add(held.saturating_duration_since(at));
                left -= 1;
            }
            Said::Ended(at) => ended = Some(at),
        }
    }
    ensure!(left == 0, "{left} entries were made by no run");
    let model = ended.context("the model's end")? - asked.context("the model's beginning")?;
    run.own.add((seen.done - began).saturating_sub(model));
    Ok(run)
}

/// When what was in its reader's hands.
struct Seen {
    held: HashMap<String, Instant>,
    done: Instant,
}

/// Reads a run's stream to its final event. Chunks end where frames end, so a line is never cut by a chunk's head.
async fn read(mut socket: TcpStream, mut buffer: BytesMut) -> anyhow::Result<Seen> {
    let (mut held, mut event) = (HashMap::new(), String::new());
    loop {
        let now = Instant::now();
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line = buffer.split_to(end + 1);
            let line = String::from_utf8_lossy(&line);
            if let Some(kind) = line.strip_prefix("event: ") {
                kind.trim().clone_into(&mut event);
            }
            let Some(data) = line.strip_prefix("data: ") else { continue };
            if event == "entry" {
                let key = data.split("\"key\":\"").nth(1).and_then(|rest| rest.split('"').next());
                held.insert(key.context("an entry without a key")?.to_owned(), now);
            }
            if event == "done" {
                ensure!(data.contains("\"status\":\"succeeded\""), "a run ended otherwise: {data}");
                return Ok(Seen { held, done: now });
            }
        }
        ensure!(socket.read_buf(&mut buffer).await? > 0, "a stream ended before its run");
    }
}
