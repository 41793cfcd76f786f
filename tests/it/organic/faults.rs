//! Weeks under faults: the deadline, killed workers, a silent model, an unreachable store, jobs that never start, and
//! streams resumed at another API process.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use almanac_tests::{
    Mode, Script, Stack, User,
    actor::{
        log::{assert_follows, stored},
        organic::{options_with_key, placement_errors, placement_ids, seed, week_order},
        stream::{Encoding, Event},
    },
    eventually, invariants,
    world::Answer,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(45);

fn holding_after(placements: usize) -> Script {
    Answer { cards: usize::MAX, hold_after: Some(placements), ..Answer::default() }.into()
}

async fn branded(stack: &Stack) -> User {
    let user = stack.user();
    user.coffee_brand().await;
    user
}

/// Six placements on five days, the last of which has to be moved.
fn six() -> Value {
    let mut placements: Vec<Value> = (0..5).map(|day| seed(&format!("p{day}"), day, 9)).collect();
    placements.push(seed("p5", 4, 9));
    placements.into()
}

fn run_of(headers: &http::HeaderMap) -> Uuid {
    headers["location"].to_str().unwrap().trim_start_matches("/v1/jobs/").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_ends_at_its_deadline_with_what_it_has_also_when_its_worker_was_killed() {
    let stack = Stack::builder().api_env("ORGANIC_TIMEOUT_SECONDS", "5").start().await;
    let (anna, ben) = (branded(&stack).await, branded(&stack).await);
    stack.world.play("late", [holding_after(2)]);
    stack.world.play("killed", [holding_after(1)]);

    let mut stream = anna.week(&json!({ "options": options_with_key("late") })).await;
    let late = stream.collect_to_end().await;

    let complete = late.last().unwrap().json();
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("timeout"), &json!(2)));
    assert!(complete["message"].as_str().unwrap().contains("2 placements"), "a friendly message: {complete}");
    let latency = complete["latencyMs"].as_u64().unwrap();
    assert!((5_000..9_000).contains(&latency), "{latency} ms");
    assert_eq!(anna.placements().await.len(), 2, "what exists is kept");

    // Killed in the middle of a week; the slot is taken until the job is ended as timed out.
    let mut open = ben.week(&json!({ "options": options_with_key("killed") })).await;
    open.next_of("placement").await;
    stack.world.wait_until_holding("killed").await;
    stack.worker(0).kill().await;
    ben.post("/v1/organic/generate-calendar", week_order(&json!({}))).await.refused(409, "ACTIVE_GENERATION");
    stack.worker(0).start().await;
    let killed = open.collect_to_end().await;
    let complete = killed.last().unwrap().json();
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("timeout"), &json!(1)));
    assert_eq!(stack.world.calls("killed").len(), 1, "no time, no call");
    ben.generate_week(&json!({})).await;
    invariants::assert_all(&stack.admin().await, &[run_of(&stream.headers), run_of(&open.headers)]).await;
}

/// A worker dies at a crash point in the middle of a week and another process continues.
async fn survives_a_crash_at(point: &str) {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", point).start().await;
    let anna = branded(&stack).await;
    stack
        .world
        .play("crash", [Answer { cards: usize::MAX, gap: Duration::from_millis(2), ..Answer::default() }.into()]);
    let mut open = anna.week(&json!({ "options": options_with_key("crash"), "placements": six() })).await;
    let run = run_of(&open.headers);

    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "{point}: the crash point fired");
    let shown = anna.placements().await;
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    let seen = stored(open.collect_to_end().await);
    assert_follows(&seen, 0);
    let complete = seen.last().unwrap().json();
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("succeeded"), &json!(6)), "{point}");
    let ids = placement_ids(&seen);
    assert_eq!(ids.len(), 6, "{point}: each placement is streamed once: {ids:?}");
    let saved = anna.placements().await;
    for before in &shown {
        assert!(saved.contains(before), "{point}: what was shown is not made again: {before}");
    }
    let moved: Vec<&Value> = saved.iter().filter(|one| one["schedule"]["adjusted"] == true).collect();
    assert_eq!(moved.len(), 1, "{point}: planned once, and nothing moves later");
    let calls = stack.world.calls("crash");
    assert!(calls.len() <= 2, "{point}");
    if let Some(second) = calls.get(1) {
        let asked: Vec<&Value> =
            second.task["slots"].as_array().unwrap().iter().map(|slot| &slot["placementId"]).collect();
        assert_eq!(asked.len(), 6 - shown.len(), "{point}: only what was missing is bought again: {asked:?}");
    }
    let stages = seen.iter().filter(|event| event.kind == "progress").map(|event| event.json()["stage"].clone());
    let mut stages: Vec<Value> = stages.collect();
    stages.dedup();
    assert_eq!(stages, ["analyzing", "drafting", "matching", "optimizing", "finalizing"], "{point}");
    invariants::assert_all(&stack.admin().await, &[run]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_point_of_a_week_loses_and_doubles_nothing() {
    let points = [
        "popped_before_claim",
        "claimed_before_call",
        "call_in_flight",
        "answered_before_commit",
        "answered_before_commit:2",
        "committed_before_publish",
        "between_bursts:2",
    ];

    join_all(points.map(survives_a_crash_at)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_taken_up_again_after_any_event_at_another_api() {
    let stack = Stack::builder().apis(2).api_env("STREAMS_PER_USER", "100").start().await;
    let anna = branded(&stack).await;
    stack.world.play("resume", [holding_after(2)]);
    let mut stream = anna.week_as(&json!({ "options": options_with_key("resume") }), Encoding::Sse).await;
    let mut seen: Vec<Event> = Vec::new();
    while told_ids_of(&seen) < 2 {
        seen.extend(stored(vec![stream.next().await.unwrap()]));
    }
    stack.world.wait_until_holding("resume").await;
    let run = run_of(&stream.headers).to_string();
    let there = anna.at(stack.api(1).address());

    let last = seen.last().and_then(|event| event.seq).unwrap();
    let resumed = join_all((0..=last).map(|seq| there.follow_after(&run, seq))).await;
    stack.world.release("resume");
    seen.extend(stored(stream.collect_to_end().await));

    assert_follows(&seen, 0);
    for (seq, mut resumed) in resumed.into_iter().enumerate() {
        assert_eq!(stored(resumed.collect_to_end().await), seen[seq..], "after {seq}");
    }
    let ahead = anna.request(Method::GET, &format!("/v1/jobs/{run}/events?after=999")).send().await;
    ahead.refused(409, "SEQ_AHEAD");
}

fn told_ids_of(events: &[Event]) -> usize {
    events.iter().filter(|event| event.kind == "placement").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_model_is_bridged_by_typed_progress_every_few_seconds() {
    let stack = Stack::builder().start().await;
    let anna = branded(&stack).await;
    stack.world.play("silent", [holding_after(1)]);
    let mut stream = anna.week(&json!({ "options": options_with_key("silent") })).await;
    stream.next_of("placement").await;
    stack.world.wait_until_holding("silent").await;

    let mut heard = std::time::Instant::now();
    let mut beats = 0;
    while beats < 2 {
        let event = stream.next().await.unwrap();
        // One every 5 s; the rest is for a slow machine.
        assert!(heard.elapsed() < Duration::from_secs(9), "silent for {:?}", heard.elapsed());
        heard = std::time::Instant::now();
        if event.seq.is_none() {
            let line = event.json();
            assert_eq!((&line["type"], &line["total"]), (&json!("progress"), &json!(3)), "a typed heartbeat: {line}");
            beats += 1;
        }
    }
    stack.world.release("silent");
    assert_eq!(stream.collect_to_end().await.last().unwrap().json()["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_nothing_is_promised() {
    let stack = Stack::builder().workers(0).proxied().start().await;
    let anna = branded(&stack).await;
    stack.proxies().api_postgres.set(Mode::Refuse).await;

    let refused = anna.post("/v1/organic/generate-calendar", week_order(&json!({}))).await;

    let refused = refused.refused(503, "UNAVAILABLE");
    assert!(refused.header("retry-after").is_some());
    stack.proxies().api_postgres.set(Mode::Pass).await;
    let listed = async || Some(anna.get("/v1/jobs").await).filter(|reply| reply.status == 200);
    let listed = eventually(Duration::from_secs(20), "the API finds Postgres again", listed).await;
    assert_eq!(listed.data()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_that_never_started_completes_too() {
    // The worker sweeps, and has no hands for weeks.
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "flashcards=1").start().await;
    let (anna, ben) = (branded(&stack).await, branded(&stack).await);
    let mut late = anna.week(&json!({})).await;
    let mut cancelled = ben.week(&json!({})).await;

    ben.post(&format!("/v1/jobs/{}/cancel", run_of(&cancelled.headers)), json!({})).await.expect(202);
    let too_late = "UPDATE almanac.jobs SET start_by = clock_timestamp() - interval '1 s' WHERE id = $1";
    sqlx::query(too_late).bind(run_of(&late.headers)).execute(&stack.admin().await).await.unwrap();

    let events = cancelled.collect_to_end().await;
    assert_eq!(events.last().unwrap().json()["status"], "cancelled");
    assert_eq!(events.iter().filter(|event| event.seq.is_some()).count(), 1, "a cancel is no failure: {events:?}");
    let events = stored(late.collect_to_end().await);
    assert_follows(&events, 0);
    assert_eq!(placement_errors(&events), [(None, "QUEUE_TIMEOUT".to_owned())], "an error, then complete");
    let complete = events.last().unwrap().json();
    assert_eq!(
        (&complete["type"], &complete["status"], &complete["placements"]),
        (&json!("complete"), &json!("failed"), &json!(0))
    );
    let shown = anna.get(&format!("/v1/jobs/{}", run_of(&late.headers))).await.expect(200).data();
    assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("failed"), &json!("QUEUE_TIMEOUT")));
    invariants::assert_all(&stack.admin().await, &[run_of(&late.headers), run_of(&cancelled.headers)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_that_is_deleted_while_its_week_is_made_takes_the_week_with_it() {
    let stack = Stack::builder().start().await;
    let anna = branded(&stack).await;
    stack.world.play("deleted", [holding_after(1)]);
    let mut open = anna.week(&json!({ "options": options_with_key("deleted") })).await;
    open.next_of("placement").await;
    stack.world.wait_until_holding("deleted").await;

    anna.delete("/v1/brands/brand_123").await.expect(204);
    stack.world.release("deleted");

    let events = stored(open.collect_to_end().await);
    assert_eq!(placement_errors(&events), [(None, "NOT_FOUND".to_owned())]);
    let end = events.last().unwrap().json();
    assert_eq!((&end["status"], &end["placements"], &end["errors"]), (&json!("failed"), &json!(0), &json!(0)));
    anna.get("/v1/brands/brand_123/placements").await.refused(404, "NOT_FOUND");
    invariants::assert_all(&stack.admin().await, &[run_of(&open.headers)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weeks_log_older_than_its_retention_is_told_in_one_snapshot() {
    let stack = Stack::builder().start().await;
    let anna = branded(&stack).await;
    let mut stream = anna.week(&json!({})).await;
    let length = stored(stream.collect_to_end().await).len() as u64;
    let run = run_of(&stream.headers);
    let forget = "DELETE FROM almanac.job_events WHERE job_id = $1";
    sqlx::query(forget).bind(run).execute(&stack.admin().await).await.unwrap();

    let events = anna.follow(&run.to_string()).await.collect_to_end().await;

    assert_eq!((events.len(), events[0].kind.as_str(), events[0].seq), (1, "snapshot", Some(length)));
    assert_eq!(
        (&events[0].json()["status"], &events[0].json()["kind"]),
        (&json!("succeeded"), &json!("organic.generate"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_that_kills_its_workers_is_given_up_with_an_error_and_complete() {
    let stack =
        Stack::builder().worker_env("ALMANAC_CRASH_AT", "poison_pill").env("JOB_MAX_CRASHES", "1").start().await;
    let anna = branded(&stack).await;
    let options = json!({ "guidancePrompt": "[[poison]] [[key:poison]]" });
    let mut open = anna.week(&json!({ "options": options })).await;

    stack.worker(0).wait_exit(SOON).await;
    stack.worker(0).start().await;

    let events = stored(open.collect_to_end().await);
    assert_follows(&events, 0);
    assert_eq!(placement_errors(&events), [(None, "POISON".to_owned())]);
    assert_eq!(events.last().unwrap().json()["status"], "failed");
    assert!(stack.worker(0).is_running());
    invariants::assert_all(&stack.admin().await, &[run_of(&open.headers)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_week_ends_with_an_error_and_complete() {
    let stack = Stack::shared().await;

    for (words, code) in [("bad-json", "INVALID_OUTPUT"), ("empty", "EMPTY_OUTPUT"), ("400", "PROVIDER_REJECTED")] {
        let anna = branded(&stack).await;
        let options = json!({ "guidancePrompt": format!("[[script:{words}]]") });
        let events = anna.generate_week(&json!({ "options": options })).await;
        assert_eq!(placement_errors(&events), [(None, code.to_owned())], "{words}: {events:?}");
        assert_eq!(events.last().unwrap().json()["status"], "failed");
        assert_follows(&stored(events), 0);
    }
    let anna = branded(&stack).await;
    let options = json!({ "guidancePrompt": "[[script:flood:3145728]]" });
    let events = anna.generate_week(&json!({ "options": options })).await;
    let complete = events.last().unwrap().json();
    assert_eq!(
        (&complete["status"], &complete["placements"], &complete["errors"]),
        (&json!("partial"), &json!(1), &json!(2))
    );
    assert_eq!(placement_errors(&events).len(), 2, "each that is missing is named: {events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_repetition_makes_the_same_placements_again() {
    let stack = Stack::builder().start().await;
    let anna = branded(&stack).await;
    stack.world.play("repeat", [Script::status(400), Answer { cards: usize::MAX, ..Answer::default() }.into()]);
    let mut stream = anna.week(&json!({ "options": options_with_key("repeat") })).await;
    assert_eq!(stream.collect_to_end().await.last().unwrap().json()["status"], "failed");

    let operator = crate::jobs::admin::operator(&stack);
    let retried =
        operator.post(&format!("/v1/admin/jobs/{}/retry", run_of(&stream.headers)), json!({})).await.expect(202);

    let job = retried.data()["id"].as_str().unwrap().to_owned();
    let events = stored(anna.follow(&job).await.collect_to_end().await);
    assert_eq!(events.last().unwrap().json()["status"], "succeeded");
    assert_eq!(anna.placements().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_about_a_weeks_end_names_brand_and_run() {
    let stack = Stack::builder().start().await;
    let anna = branded(&stack).await;
    let mut stream = anna.week(&json!({})).await;
    stream.collect_to_end().await;
    let run = run_of(&stream.headers).to_string();

    let ended = async || {
        let log = stack.worker(0).log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.into_iter().find(|line| line["runId"] == run.as_str() && line.get("latencyMs").is_some())
    };
    let line = eventually(SOON, "the line about its end", ended).await;

    for name in ["requestId", "userId", "channel", "calendarId", "runId", "status", "jobId", "traceId"] {
        assert!(line.get(name).is_some(), "{name} is missing: {line}");
    }
    assert_eq!(
        (&line["brandId"], &line["weekStart"], &line["kind"]),
        (&json!("brand_123"), &json!("2026-01-26"), &json!("organic.generate"))
    );
    assert_eq!((&line["placements"], &line["status"]), (&json!(3), &json!("succeeded")));
}
