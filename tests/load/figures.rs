//! Figures: latencies and their quantiles, and the report with one line each, for people and as raw JSON.
//! The phases hand over what they measured together with what it is held against.
//! It must never print a ratio against something measured in another run.

use std::{
    fs::{File, OpenOptions, create_dir_all},
    io::{Write, stdout},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use serde_json::json;

use crate::{Knobs, usage::Usage};

/// Latencies of one kind of step.
#[derive(Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// One more.
    pub fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// All of another's too.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The latency that this share of all (0–1) did not exceed, milliseconds; 0 when there is none.
    pub fn quantile(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub struct Yardstick<'a> {
    /// What it is.
    pub name: &'a str,
    /// Its own figure, in the same unit.
    pub value: f64,
}

impl<'a> Yardstick<'a> {
    /// A yardstick, when it could be measured.
    pub fn of(name: &'a str, value: Option<f64>) -> Option<Self> {
        value.filter(|value| *value > 0.0).map(|value| Self { name, value })
    }
}

/// Where figures go.
#[derive(Debug)]
pub struct Report {
    phase: String,
    commit: String,
    file: File,
}

impl Report {
    /// A report of one phase, behind what the file holds already.
    pub fn open(phase: &str, knobs: &Knobs) -> anyhow::Result<Self> {
        if let Some(folder) = knobs.file.parent() {
            create_dir_all(folder).context("making the folder of the report")?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&knobs.file).context("opening the report")?;
        Ok(Self { phase: phase.to_owned(), commit: knobs.commit.clone(), file })
    }

    /// One figure.
    pub fn figure(&mut self, name: &str, value: f64, unit: &str, against: Option<Yardstick<'_>>) -> anyhow::Result<()> {
        let ratio = against.map(|yardstick| value / yardstick.value);
        let beside = against.map_or_else(String::new, |Yardstick { name, value: other }| {
            format!("{:>7.2} x {name} ({})", value / other, short(other))
        });
        let phase = &self.phase;
        writeln!(stdout(), "{phase:<8} {name:<47} {:>9} {unit:<5}{beside}", short(value))
            .context("printing a figure")?;
        let line = json!({
            "at": SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            "commit": self.commit, "machine": machine(), "phase": phase, "figure": name, "value": value, "unit": unit,
            "ratio": ratio, "against": against.map(|yardstick| yardstick.name),
            "yardstick": against.map(|yardstick| yardstick.value),
        });
        writeln!(self.file, "{line}").context("writing a figure")
    }

    /// Median and 99th percentile in milliseconds, against those of something else.
    pub fn latencies(
        &mut self,
        name: &str,
        of: &mut Latencies,
        against: Option<(&str, [f64; 2])>,
    ) -> anyhow::Result<()> {
        for (place, (word, share)) in [("p50", 0.5), ("p99", 0.99)].into_iter().enumerate() {
            let yardstick = against.and_then(|(what, values)| Yardstick::of(what, Some(values[place])));
            self.figure(&format!("{name}, {word}"), of.quantile(share), "ms", yardstick)?;
        }
        Ok(())
    }

    /// How much the machine did besides: figures of a run where this is not small are worth little.
    pub fn noise(&mut self, usage: &Usage) -> anyhow::Result<()> {
        self.figure("busy time of processes not under test", usage.others * 100.0, "%", None)
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        1.0.. => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// Identifies the machine: cores, processor, kernel.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    format!("{cores} x {}, Linux {}", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_smallest_latency_that_the_share_did_not_exceed() {
        let mut latencies = Latencies::default();
        (1..=200).rev().for_each(|ms| latencies.add(Duration::from_millis(ms)));
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| latencies.quantile(share)), [1.0, 100.0, 198.0, 200.0]);
        assert_eq!(Latencies::default().quantile(0.5), 0.0);
    }
}
