//! The resource usage of processes, from /proc: processor time and memory.
//! The phases start a meter before their clock runs and stop it afterwards.
//! It must never count one moment twice: who has children says so.

use std::{fs, time::Duration};

use anyhow::Context;
use tokio::time::Instant;

/// /proc counts in hundredths of a second on every Linux, whatever the kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// A process that is watched.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// Its name in the report.
    pub name: &'static str,
    /// Its id.
    pub pid: i32,
    /// Whether what its children use is its own, as with Postgres.
    pub with_children: bool,
}

impl Watched {
    /// A process by itself.
    pub fn alone(name: &'static str, pid: i32) -> Self {
        Self { name, pid, with_children: false }
    }

    /// This driver.
    pub fn driver() -> anyhow::Result<Self> {
        Ok(Self::alone("driver", i32::try_from(std::process::id())?))
    }

    fn used(&self) -> anyhow::Result<Duration> {
        let own = stat(self.pid)?;
        if !self.with_children {
            return Ok(own.used);
        }
        let children = fs::read_dir("/proc").context("listing processes")?.flatten().filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            // One that ends right now is in its parent's sum a moment later.
            stat(pid).ok().filter(|child| child.parent == self.pid)
        });
        Ok(own.used + own.reaped + children.map(|child| child.used).sum::<Duration>())
    }
}

struct Stat {
    parent: i32,
    used: Duration,
    reaped: Duration,
}

fn stat(pid: i32) -> anyhow::Result<Stat> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("reading process {pid}"))?;
    // The name in brackets may hold anything; what follows it is numbers.
    let (_, numbers) = line.rsplit_once(") ").context("reading a process's numbers")?;
    let numbers: Vec<&str> = numbers.split(' ').collect();
    let ticks = |place: usize| numbers.get(place).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0) * TICK;
    let parent = numbers.get(1).and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(Stat { parent, used: ticks(11) + ticks(12), reaped: ticks(13) + ticks(14) })
}

/// The parent of a process, such as the postmaster of a backend.
pub fn parent(pid: i32) -> anyhow::Result<i32> {
    Ok(stat(pid)?.parent)
}

/// A running measurement.
#[derive(Debug)]
pub struct Meter {
    watched: Vec<(Watched, Duration)>,
    machine: Duration,
    began: Instant,
}

/// What was used while a meter ran.
#[derive(Debug)]
pub struct Usage {
    /// How long it ran.
    pub wall: Duration,
    /// Share of the busy time that went to processes not watched, 0–1.
    pub others: f64,
    each: Vec<(&'static str, Duration)>,
}

impl Meter {
    /// Starts.
    pub fn start(watched: &[Watched]) -> anyhow::Result<Self> {
        let watched = watched.iter().map(|one| Ok((*one, one.used()?))).collect::<anyhow::Result<_>>()?;
        Ok(Self { watched, machine: machine_busy()?, began: Instant::now() })
    }

    /// Stops.
    pub fn stop(self) -> anyhow::Result<Usage> {
        let wall = self.began.elapsed();
        let busy = machine_busy()?.saturating_sub(self.machine);
        let used = |(one, before): &(Watched, Duration)| Ok((one.name, one.used()?.saturating_sub(*before)));
        let each = self.watched.iter().map(used).collect::<anyhow::Result<Vec<_>>>()?;
        let known: Duration = each.iter().map(|(_, used)| *used).sum();
        let others = busy.saturating_sub(known).as_secs_f64() / busy.as_secs_f64().max(0.01);
        Ok(Usage { wall, others, each })
    }
}

impl Usage {
    /// Microseconds of core time per piece of work.
    pub fn per(&self, name: &str, pieces: usize) -> f64 {
        let used: Duration = self.each.iter().filter(|(each, _)| *each == name).map(|(_, used)| *used).sum();
        used.as_secs_f64() * 1e6 / pieces.max(1) as f64
    }
}

/// Time that the cores were not idle.
fn machine_busy() -> anyhow::Result<Duration> {
    let text = fs::read_to_string("/proc/stat").context("reading the machine's time")?;
    let line = text.lines().next().context("finding the machine's time")?;
    let ticks: Vec<u32> = line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
    // user nice system (idle iowait) irq softirq
    Ok([0, 1, 2, 5, 6].iter().filter_map(|place| ticks.get(*place)).sum::<u32>() * TICK)
}

/// Core time of a process's threads to the nanosecond, for the little that an idle one uses.
pub fn exactly(pid: i32) -> anyhow::Result<Duration> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).context("listing threads")?.flatten();
    let used = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    });
    Ok(used.sum())
}

/// A line of /proc/<pid>/status in KiB: `VmRSS` is what is resident now, `VmHWM` the most there was.
pub fn memory_kib(pid: i32, line: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("reading a process's memory")?;
    let found = text.lines().find_map(|each| each.strip_prefix(line)?.strip_prefix(':')).context("finding its size")?;
    found.trim().trim_end_matches(" kB").parse().context("reading its size")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_is_seen_to_use_time_and_memory() {
        let own = Watched::driver().unwrap();
        let meter = Meter::start(&[own]).unwrap();
        // A fixed amount of work, not of time: the machine may be busy with others.
        let sum = (0..60_000_000_u64).fold(0, |sum: u64, n| std::hint::black_box(sum ^ n));
        std::hint::black_box(sum);
        let usage = meter.stop().unwrap();
        assert!(usage.per("driver", 1) > 10_000.0, "{usage:?}");
        assert!(memory_kib(own.pid, "VmHWM").unwrap() > 0.0 && memory_kib(own.pid, "VmRSS").unwrap() > 0.0);
    }
}
