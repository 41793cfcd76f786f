//! The alert rules name metrics that the programs export, and sections that the run book has. Whether they fire as they
//! should is tested by `deploy/local/alerts.sh`.

use std::collections::BTreeSet;

use almanac_shared::platform::metrics::{IntentEnd, Metrics};
use chrono::DateTime;

use super::rules::files;

/// Words of the rules that begin as metrics do.
fn metrics_of(rules: &str) -> BTreeSet<&str> {
    let rules = rules.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = rules.flat_map(|line| line.split(|char: char| !char.is_ascii_alphanumeric() && char != '_'));
    words.filter(|word| word.starts_with("almanac_")).collect()
}

/// Names of the families that a process exports, as samples have them.
fn exported() -> BTreeSet<String> {
    let metrics = Metrics::new("almanac-worker");
    // Times are shown once they are known.
    metrics.release_first_started(DateTime::UNIX_EPOCH);
    metrics.intent_ended("facebook", IntentEnd::NeedsReview, None, DateTime::UNIX_EPOCH);
    let text = metrics.render();
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = families.filter_map(|family| {
        let (name, kind) = family.split_once(' ')?;
        Some(if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
    });
    names.collect()
}

/// Metrics that no process exports.
fn unknown<'a>(rules: &'a str, exported: &BTreeSet<String>) -> Vec<&'a str> {
    metrics_of(rules).into_iter().filter(|name| !exported.contains(*name)).collect()
}

/// Sections of the run book that alerts point to and that do not exist.
fn without_section<'a>(rules: &'a str, run_book: &str) -> Vec<&'a str> {
    let headings = run_book.lines().filter(|line| line.starts_with('#'));
    let anchors: BTreeSet<String> =
        headings.map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-")).collect();
    let named = rules.lines().filter_map(|line| line.trim().strip_prefix("runbook: deploy/README.md#"));
    named.filter(|anchor| !anchors.contains(*anchor)).collect()
}

#[test]
fn every_metric_of_the_alerts_is_exported() {
    let files = files("deploy/alerts", ".yml");
    let exported = exported();

    for (path, rules) in &files {
        assert_eq!(unknown(rules, &exported), Vec::<&str>::new(), "{path}");
        assert!(metrics_of(rules).len() > 5, "{path}: are the rules read?");
    }
    assert_eq!(unknown("expr: rate(almanac_published_total[5m])", &exported), ["almanac_published_total"]);
}

#[test]
fn every_alert_has_a_section_in_the_run_book() {
    let rules = &files("deploy/alerts", "almanac.yml")["deploy/alerts/almanac.yml"];
    let run_book = &files("deploy", "README.md")["deploy/README.md"];

    assert_eq!(without_section(rules, run_book), Vec::<&str>::new());
    let (alerts, sections) = (rules.matches("- alert: ").count(), rules.matches("runbook: deploy/README.md#").count());
    assert!(alerts >= 4 && alerts == sections, "{alerts} alerts name {sections} sections");
    assert_eq!(without_section("runbook: deploy/README.md#nowhere", run_book), ["nowhere"], "it would be found");
}
