//! The pure parts of the worker by themselves: reading a model's stream and finding the items in it.
//! Run by `make bench` (phase `pure`), which holds each bench of a group against the one called `yardstick`.
//! Nothing here waits or touches a socket.

use std::{hint::black_box, time::Duration};

use almanac_worker::outbound::ai::{Filter, Task, items::Extractor, openrouter::sse::Decoder};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// Bytes of the answer.
const ANSWER: usize = 100_000;
/// Bytes that a model says at once, and that a socket gives at once.
const TOKEN: usize = 4;
const READ: usize = 1_400;

fn answer() -> String {
    let card =
        |n: usize| json!({ "front": format!("What is \"stated\" in point {n}?"), "back": "Sentence. ".repeat(20) });
    let length = card(100).to_string().len() + 1;
    let cards: Vec<Value> = (0..ANSWER / length).map(card).collect();
    json!({ "items": cards }).to_string()
}

/// Finding items in a growing answer, against parsing the whole of it once.
fn extracting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("items of a 100 kB answer");
    let text = answer();
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("yardstick", |bencher| {
        bencher.iter(|| serde_json::from_str::<Value>(black_box(&text)).is_ok())
    });
    for (name, piece) in [("in one piece", text.len()), ("in pieces of 4 bytes", TOKEN)] {
        group.bench_function(name, |bencher| bencher.iter(|| extract(&text, piece)));
    }
    group.finish();
}

fn extract(text: &str, piece: usize) -> usize {
    let mut extractor = Extractor::new(&["items"]);
    let mut found = 0;
    for piece in text.as_bytes().chunks(piece) {
        extractor.push(black_box(piece), |item| found += item.len());
    }
    found
}

/// Decoding a stream of small chunks, against looking at each byte for a line end.
fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("server-sent events of a 100 kB answer");
    let text: Vec<char> = answer().chars().collect();
    let event = |piece: &[char]| {
        let content: String = piece.iter().collect();
        format!("data: {}\n\n", json!({ "id": "gen-1", "choices": [{ "index": 0, "delta": { "content": content } }] }))
    };
    let stream: String = text.chunks(TOKEN).map(event).collect();
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("yardstick", |bencher| {
        bencher.iter(|| black_box(stream.as_bytes()).iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count());
    });
    group.bench_function("decode", |bencher| bencher.iter(|| decode(stream.as_bytes())));
    group.finish();
}

fn decode(stream: &[u8]) -> usize {
    let mut decoder = Decoder::default();
    stream.chunks(READ).filter_map(|read| decoder.push(black_box(read)).ok()).map(|events| events.len()).sum()
}

/// Searching ten items for the system prompt, against looking at each of their characters for one.
fn filtering(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("echoes of the prompt in ten items");
    let card = |n: usize| {
        let back = "What the text states in that place, in words of its own. ".repeat(3);
        json!({ "front": format!("What does the text state in point {n}?"), "back": back })
    };
    let cards: Vec<Value> = (0..10).map(card).collect();
    let Some(prompt) = Task::Flashcards.prompt("v1") else { return };
    let text = Value::from(cards.clone()).to_string();
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("yardstick", |bencher| {
        bencher.iter(|| black_box(text.as_str()).chars().filter(|char| char.is_uppercase()).count());
    });
    group.bench_function("filter", |bencher| {
        bencher.iter(|| {
            let mut filter = Filter::of(prompt, None);
            cards.iter().filter(|card| filter.item(black_box(*card).clone(), |_| false).1).count()
        });
    });
    group.finish();
}

fn quick() -> Criterion {
    let criterion = Criterion::default().sample_size(20);
    criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = pure;
    config = quick();
    targets = extracting, decoding, filtering
}
criterion_main!(pure);
