//! How long the merge takes for a calendar of 1,000 entries: the goal is 5 ms for a diff and an accept together.
//! Run with `cargo bench -p almanac-shared --bench merge`.

use std::{collections::BTreeSet, hint::black_box};

use almanac_shared::values::merge::{Choice, Fields, Generated, Record, Saved, accept, diff};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::json;

const ENTRIES: usize = 1_000;
const FIELDS: [&str; 10] =
    ["channel", "date", "time", "timezone", "title", "topic", "format", "caption", "hashtags", "notes"];

fn fields(version: usize, at: usize) -> Fields<&'static str> {
    let value = |field: &&'static str| match *field {
        "hashtags" => json!(["#one", "#two", format!("#{at}")]),
        // Half of the entries read the same in both runs.
        "caption" => {
            json!(format!(
                "{} {}",
                "A caption of some length. ".repeat(8),
                if at.is_multiple_of(2) { 0 } else { version }
            ))
        }
        name => json!(format!("{name} of {at}")),
    };
    FIELDS.iter().map(|field| (*field, value(field))).collect()
}

fn run(version: usize, keys: std::ops::Range<usize>) -> Generated<&'static str> {
    let records = keys.map(|at| (format!("instagram:{at:05}:1"), fields(version, at))).collect();
    Generated { records, unfilled: BTreeSet::new() }
}

/// Every tenth entry edited, every fiftieth deleted; the run drops a tenth and adds as many.
fn saved() -> Saved<&'static str> {
    let records = run(1, 0..ENTRIES).records.into_iter().map(|(key, fields)| (key, Record::generated(fields)));
    let mut saved: Saved<_> = records.collect();
    for (at, record) in saved.values_mut().enumerate() {
        if at % 10 == 0 {
            record.edit(Fields::from([("title", json!("mine"))]));
        }
        if at % 50 == 1 {
            record.delete();
        }
    }
    saved
}

fn merging(criterion: &mut Criterion) {
    let (saved, next) = (saved(), run(2, ENTRIES / 10..ENTRIES + ENTRIES / 10));
    criterion.bench_function("diff of 1,000 entries", |bench| {
        bench.iter(|| diff(black_box(&saved), black_box(&next), |_| true));
    });
    criterion.bench_function("accept of 1,000 entries", |bench| {
        bench.iter_batched(
            || saved.clone(),
            |saved| accept(saved, black_box(&next), &Choice::default(), |_| true),
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(benches, merging);
criterion_main!(benches);
