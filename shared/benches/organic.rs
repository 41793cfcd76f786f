//! The pure parts of an organic week by themselves: planning times, matching assets, composing, fitting, spelling an event.
//! Goals: a plan of fifty placements in at most 1 ms, a week of fifty matched against ten thousand assets in at most 20 ms,
//! the reading of the library included. Each bench of a group is held against the one called `yardstick`.
//! Nothing here waits or touches a socket; what a figure means for a process is another question.

use std::{hint::black_box, time::Duration};

use almanac_shared::{
    brands::{AccountId, AssetId, AssetKind, Platform},
    composer,
    organic::{
        Format, Outlet, PlacementId, Week,
        event::Event,
        fitting::fit,
        matching::{Asset, Shelf, Subject},
        slots::{Occupied, Spacing, Wish, plan},
        task,
    },
};
use chrono::{DateTime, NaiveDate, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// Placements of a request.
const PLACEMENTS: usize = 50;
/// Assets of a brand.
const ASSETS: usize = 10_000;

fn week() -> Week {
    Week { start: NaiveDate::from_ymd_opt(2026, 3, 23).unwrap_or_default(), zone: chrono_tz::Tz::Europe__Paris }
}

fn monday(minute: i64) -> DateTime<Utc> {
    let begin = week().start.and_time(chrono::NaiveTime::MIN).and_utc();
    begin + chrono::Duration::minutes(minute)
}

/// Fifty wishes for one account and the same hour: every one but the first has to move, the last one by days.
fn crowd() -> Vec<Wish> {
    let account: Option<AccountId> = "instagram-1".parse().ok();
    let id = |n: usize| n.to_string().parse::<PlacementId>().ok();
    let wish = |n: usize| Some(Wish { id: id(n)?, account: account.clone(), at: monday(10 * 60), before: None });
    (0..PLACEMENTS).filter_map(wish).collect()
}

/// A plan, against making the list of what it is about.
fn planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("times for fifty placements");
    group.throughput(Throughput::Elements(PLACEMENTS as u64));
    let crowd = crowd();
    let spread: Vec<Wish> =
        (0..).zip(&crowd).map(|(n, wish)| Wish { at: monday(7 * 60 + n * 180), ..wish.clone() }).collect();
    let occupied: Vec<Occupied> = crowd
        .iter()
        .filter_map(|wish| Some(Occupied { account: wish.account.clone()?, at: monday(12 * 60) }))
        .collect();
    group.bench_function("yardstick", |bencher| bencher.iter(|| black_box(&crowd).clone()));
    for (name, wishes) in [("spread over the week", &spread), ("all at once", &crowd)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| plan(&week(), &Spacing::default(), black_box(wishes), black_box(&occupied)));
        });
    }
    group.finish();
}

/// Syllables make a vocabulary of some thousand words that all assets draw from.
fn word(n: usize) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "co", "fé", "lu", "mi", "no", "pra", "que", "ro", "sé", "ta", "vi", "zo", "chi", "del", "for"];
    [n, n / 16, n / 256].iter().map(|part| SYLLABLES[part % 16]).collect()
}

struct Owned {
    id: AssetId,
    title: String,
    kind: AssetKind,
    tags: Vec<String>,
}

fn library() -> Vec<Owned> {
    let one = |n: usize| {
        let words = |from: usize, count: usize| (0..count).map(move |at| word((n * 7 + from + at * 13) % 3_000));
        Some(Owned {
            id: format!("asset-{n}").parse().ok()?,
            title: words(0, 5).collect::<Vec<_>>().join(" "),
            kind: AssetKind::ALL[n % AssetKind::ALL.len()],
            // One tag that all share, as brands do it with their own name.
            tags: words(5, 4).chain(["bean".to_owned()]).collect(),
        })
    };
    (0..ASSETS).filter_map(one).collect()
}

fn shelf(library: &[Owned]) -> Shelf<'_> {
    Shelf::of(library.iter().map(|one| Asset { id: &one.id, title: &one.title, kind: one.kind, tags: &one.tags }))
}

/// Fifty placements against a library, beside looking at each of its bytes once.
fn matching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fifty placements against 10000 assets");
    let library = library();
    let topics: Vec<String> = (0..PLACEMENTS)
        .map(|n| (0..8).map(|at| word((n * 31 + at * 17) % 3_000)).collect::<Vec<_>>().join(" "))
        .collect();
    let ask = |shelf: &Shelf<'_>| {
        let found = topics.iter().map(|topic| {
            let (tags, description) = (vec!["bean", topic.split(' ').next().unwrap_or_default()], topic.as_str());
            shelf.matches(&Subject { tags, trend: topic, topic, description, format: Format::Reel }, 3).len()
        });
        found.sum::<usize>()
    };
    group.bench_function("yardstick", |bencher| {
        bencher.iter(|| {
            let texts = library.iter().flat_map(|asset| asset.tags.iter().chain([&asset.title]));
            texts.map(|text| text.chars().filter(|char| char.is_alphanumeric()).count()).sum::<usize>()
        });
    });
    group.bench_function("library read and week matched", |bencher| bencher.iter(|| ask(&shelf(black_box(&library)))));
    let ready = shelf(&library);
    group.bench_function("week matched", |bencher| bencher.iter(|| ask(black_box(&ready))));
    group.finish();
}

fn document() -> Value {
    let slots: Vec<Value> = (0..PLACEMENTS)
        .map(|n| {
            json!({
                "placementId": format!("p{n}"), "platform": Platform::ALL[n % 5].as_str(), "scheduledAt": "2026-03-23T09:00:00+01:00",
                "timeOfDay": "morning", "format": Format::ALL[n % 4].as_str(),
                "trend": { "title": format!("Slow coffee number {n}"), "source": "trend", "tags": ["coffee", "cold brew"] },
            })
        })
        .collect();
    json!({ "task": "organic", "slots": slots, "brand": { "name": "Bean & Co" }, "language": "en" })
}

/// A composed week, and each of its items read and fitted, against writing the week as JSON once.
fn writing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("drafts of fifty placements");
    group.throughput(Throughput::Elements(PLACEMENTS as u64));
    let document = document();
    let items = composer::compose(&document).unwrap_or_default();
    group.bench_function("yardstick", |bencher| bencher.iter(|| Value::from(black_box(&items).as_slice()).to_string()));
    group.bench_function("compose", |bencher| bencher.iter(|| composer::compose(black_box(&document))));
    group.bench_function("read and fit", |bencher| {
        bencher.iter(|| {
            let drafts = black_box(&items).iter().filter_map(task::read);
            let fitted = drafts.map(|(_, draft, _)| fit(draft, Outlet::Platform(Platform::Instagram), Format::Reel));
            fitted.filter(|fitted| fitted.cut.is_empty()).count()
        });
    });
    group.finish();
}

/// One placement as the log keeps it, against copying the same bytes.
fn spelling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("spelling a placement");
    let lines = include_str!("../../tests/golden/organic/events.ndjson");
    let events: Vec<Event> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let Some(placement) = events.into_iter().find(|event| event.kind() == "placement") else { return };
    let bytes = placement.data().unwrap_or_default();
    group.bench_function("yardstick", |bencher| bencher.iter(|| black_box(&bytes).clone()));
    group.bench_function("data", |bencher| bencher.iter(|| black_box(&placement).data()));
    group.finish();
}

fn quick() -> Criterion {
    let criterion = Criterion::default().sample_size(30);
    criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = organic;
    config = quick();
    targets = planning, matching, writing, spelling
}
criterion_main!(organic);
