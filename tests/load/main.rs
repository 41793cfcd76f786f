//! The load driver: plays one phase against a stack of release programs and says what it measured.
//! `run.sh` calls it once per phase, so that each begins with servers of its own.
//! It must never be pointed at servers that it did not start, and what it measures against runs in the same minute.

mod client;
mod figures;
mod floor;
mod limit;
mod phases;
mod planner;
mod provider;
mod text;
mod usage;

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::figures::Report;

/// The options of a run.
#[derive(Debug)]
struct Knobs {
    /// Seconds of a closed loop.
    secs: u64,
    /// Jobs end to end.
    jobs: usize,
    /// Streams held open.
    streams: usize,
    /// Jobs one after the other.
    repeats: usize,
    /// Workers that wait for one job at a time, and for jobs end to end.
    workers: usize,
    /// Where raw lines go.
    file: PathBuf,
    /// The commit under test.
    commit: String,
}

impl Knobs {
    fn read() -> anyhow::Result<Self> {
        Ok(Self {
            secs: number("SECS", 8)?,
            jobs: usize::try_from(number("N", 2000)?)?,
            streams: usize::try_from(number("K", 5000)?)?,
            repeats: usize::try_from(number("REPS", 100)?)?,
            workers: usize::try_from(number("WORKERS", 1)?)?,
            file: variable("LOAD_FILE").unwrap_or_else(|| "load.jsonl".into()).into(),
            commit: variable("LOAD_COMMIT").unwrap_or_default(),
        })
    }
}

fn number(name: &str, default: u64) -> anyhow::Result<u64> {
    variable(name).map_or(Ok(default), |text| text.parse().with_context(|| format!("reading {name} as a number")))
}

#[expect(clippy::disallowed_methods, reason = "the one reader of the driver's own variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// One thread: on a small machine the driver must leave the cores to what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["floor", address, sockets] => floor::serve(address.parse()?, sockets.parse()?).await,
        [phase] => {
            let knobs = Knobs::read()?;
            let report = Report::open(phase, &knobs)?;
            phases::run(phase, &knobs, report).await
        }
        _ => bail!("usage: almanac-load {}", phases::NAMES.join(" | ")),
    }
}
