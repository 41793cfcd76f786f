//! The pure parts of `shared` by themselves: spelling and copying events, fingerprints, the composer.
//! Run by `make bench` (phase `pure`), which holds each bench of a group against the one called `yardstick`.
//! Nothing here waits or touches a socket; what a figure means for a process is the other phases' question.

use std::{hint::black_box, task::Waker, time::Duration};

use almanac_shared::{
    composer::{self, flashcards::Document},
    events::{
        event::{Encoding, Event, Frame, Message},
        watch::{Cursor, Watch},
    },
    jobs::idempotency::fingerprint,
    platform::id::JobId,
};
use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// Followers of one job.
const FOLLOWERS: usize = 1_000;

fn suggestion(seq: i64) -> Event {
    let data =
        json!({ "id": JobId::fresh(), "front": "What is stated in point 7?", "back": "A statement. ".repeat(8) });
    Event { seq, kind: "suggestion".into(), data: data.to_string() }
}

/// Prose of so many bytes, with sentences for the composer.
fn prose(bytes: usize) -> String {
    // No sentence is shorter than 50 bytes.
    let sentence = |n| format!("The river of chapter {n} is a slow and wide stream that turns {n} mills. ");
    let mut text: String = (1..=bytes / 50 + 1).map(sentence).collect();
    text.truncate(bytes);
    text
}

/// One event to everybody who follows a job, against copying the same bytes as often.
fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one event to 1000 followers");
    group.throughput(Throughput::Elements(FOLLOWERS as u64));
    let bytes = Frame::of(&suggestion(1)).bytes(Encoding::Sse).clone();
    let mut outs: Vec<BytesMut> = (0..FOLLOWERS).map(|_| BytesMut::with_capacity(64 * 1024)).collect();
    group.bench_function("yardstick", |bencher| {
        bencher.iter(|| {
            for out in &mut outs {
                out.clear();
                out.extend_from_slice(black_box(&bytes));
            }
        });
    });
    group.bench_function("watch", |bencher| {
        bencher.iter_batched_ref(crowd, |crowd| crowd.tell(&mut outs), BatchSize::SmallInput);
    });
    group.finish();
}

/// Followers that have seen everything and wait.
struct Crowd {
    watch: Watch,
    cursors: Vec<(u32, Cursor)>,
    next: Event,
}

fn crowd() -> Crowd {
    let watch = Watch::new(JobId::fresh());
    watch.load(0, &[], false);
    let mut cursors: Vec<(u32, Cursor)> = (0..FOLLOWERS).map(|_| watch.enter(0)).collect();
    let mut out = BytesMut::new();
    for (place, cursor) in &mut cursors {
        watch.copy(*place, cursor, Encoding::Sse, Waker::noop(), &mut out);
    }
    Crowd { watch, cursors, next: suggestion(1) }
}

impl Crowd {
    fn tell(&mut self, outs: &mut [BytesMut]) {
        self.watch.hear(std::slice::from_ref(&self.next));
        self.watch.wake();
        for ((place, cursor), out) in self.cursors.iter_mut().zip(outs) {
            out.clear();
            black_box(self.watch.copy(*place, cursor, Encoding::Sse, Waker::noop(), out));
        }
    }
}

/// The spellings of an event, against writing its data as JSON once.
fn spelling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("spelling an event");
    let event = suggestion(7);
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    let message = event.to_message();
    group.bench_function("yardstick", |bencher| bencher.iter(|| black_box(&data).to_string()));
    group.bench_function("frame for both kinds of sockets", |bencher| bencher.iter(|| Frame::of(black_box(&event))));
    group.bench_function("message", |bencher| bencher.iter(|| black_box(&event).to_message()));
    group.bench_function("message read", |bencher| bencher.iter(|| Message::parse(black_box(&message))));
    group.finish();
}

/// The fingerprint of a body, against parsing it.
fn fingerprints(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fingerprint of a 10 kB body");
    let body = json!({ "source_text": prose(10_000), "model": "openai/gpt-4o-mini" });
    let text = body.to_string();
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("yardstick", |bencher| {
        bencher.iter(|| serde_json::from_str::<Value>(black_box(&text)).is_ok())
    });
    group.bench_function("fingerprint", |bencher| bencher.iter(|| fingerprint(black_box(&body))));
    group.finish();
}

/// Ten cards of a long text, against writing the text as JSON once.
fn composing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("composing ten cards of 10 kB");
    let document = Value::from(Document::new(prose(10_000), 10, Vec::new()));
    group.bench_function("yardstick", |bencher| bencher.iter(|| black_box(&document).to_string()));
    group.bench_function("compose", |bencher| bencher.iter(|| composer::compose(black_box(&document))));
    group.finish();
}

fn quick() -> Criterion {
    let criterion = Criterion::default().sample_size(30);
    criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = pure;
    config = quick();
    targets = fan_out, spelling, fingerprints, composing
}
criterion_main!(pure);
