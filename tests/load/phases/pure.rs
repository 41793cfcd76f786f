//! The pure parts: what criterion measured a moment ago, each against the plain parse or copy of its own group.
//! `run.sh` runs the benches before; this only reads their results.

use std::{collections::BTreeMap, path::Path};

use almanac_tests::run::test_run;
use anyhow::Context;
use serde_json::Value;

use crate::figures::{Report, Yardstick};

/// The bench of a group that the others are held against.
const YARDSTICK: &str = "yardstick";

pub fn run(mut report: Report) -> anyhow::Result<()> {
    // The programs' folder is `<target>/release`, and criterion writes beside it.
    let target = test_run().settings.programs.parent().context("finding the build folder")?;
    let groups = folders(&target.join("criterion"))?;
    anyhow::ensure!(!groups.is_empty(), "criterion has left no results in {}", target.display());
    for (group, place) in groups {
        let yardstick = mean_us(&place.join(YARDSTICK)).ok();
        for (bench, place) in folders(&place)? {
            if bench == YARDSTICK || bench == "report" {
                continue;
            }
            let Ok(mean) = mean_us(&place) else { continue };
            report.figure(&format!("{group}, {bench}"), mean, "us", Yardstick::of("its yardstick", yardstick))?;
        }
    }
    Ok(())
}

fn folders(place: &Path) -> anyhow::Result<BTreeMap<String, std::path::PathBuf>> {
    let entries = std::fs::read_dir(place).with_context(|| format!("listing {}", place.display()))?;
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    Ok(folders.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect())
}

fn mean_us(bench: &Path) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(bench.join("new/estimates.json")).context("reading a bench's result")?;
    let estimates: Value = serde_json::from_str(&text).context("reading a bench's result")?;
    let nanos = estimates["mean"]["point_estimate"].as_f64().context("finding a bench's mean")?;
    Ok(nanos / 1e3)
}
