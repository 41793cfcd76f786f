//! Processes killed at each named point of a generation and of an accept. Each scenario has a stack of its own, and all
//! of them wait for their leases at the same time.

use std::{collections::HashSet, os::unix::process::ExitStatusExt, time::Duration};

use almanac_tests::{
    Script, Stack,
    actor::{
        calendar::keyed,
        log::{id_of, stored, suggestion_fronts},
        organic::options_with_key,
    },
    invariants,
    world::Answer,
};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(45);

/// What is left of one job when all is over.
struct Remains {
    crashes: i32,
    state: String,
}

async fn remains(stack: &Stack, job: Uuid) -> Remains {
    let row: (i32, String) = sqlx::query_as("SELECT crashes, state FROM almanac.jobs WHERE id = $1")
        .bind(job)
        .fetch_one(&stack.admin().await)
        .await
        .unwrap();
    Remains { crashes: row.0, state: row.1 }
}

/// Ten cards a few milliseconds apart, so that they are stored in several bursts.
fn dripping() -> Script {
    Answer { cards: 10, gap: Duration::from_millis(2), ..Answer::default() }.into()
}

async fn died(stack: &Stack) {
    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "the crash point fired");
}

/// One worker dies at `point`, another is started; the stream that was open all the time sees the job succeed.
async fn survives_a_crash_at(point: &str, counted: i32) {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", point).start().await;
    let (anna, key) = (stack.user(), point);
    stack.world.play(key, [dripping()]);
    let job = anna.generate_scripted(key).await;
    let mut open = anna.follow(&job.to_string()).await;

    died(&stack).await;
    let kept = anna.fronts(job).await;
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    let seen = stored(open.collect_to_end().await);
    assert_eq!(seen, anna.follow_to_end(job).await, "{point}: the stream that was open saw the whole log");
    assert_eq!(seen.last().unwrap().json()["status"], "succeeded", "{point}");
    let fronts = anna.fronts(job).await;
    assert_eq!(suggestion_fronts(&seen), fronts, "{point}: what was told is what is stored");
    assert_eq!(fronts.iter().collect::<HashSet<_>>().len(), fronts.len(), "{point}: no suggestion twice: {fronts:?}");
    assert_eq!(fronts[..kept.len()], kept, "{point}: what was shown stays");
    let left = remains(&stack, job).await;
    assert_eq!((left.state.as_str(), left.crashes), ("succeeded", counted), "{point}");
    let calls = stack.world.calls(key);
    assert!(calls.len() <= 1 + usize::try_from(counted).unwrap(), "{point}: {} calls", calls.len());
    if let Some(second) = calls.get(1).filter(|_| !kept.is_empty()) {
        assert_eq!(second.task["exclude"], json!(kept), "{point}: what exists is not asked for again");
        assert_eq!(second.task["count"], json!(10 - kept.len()), "{point}");
    }
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_point_of_a_generation_loses_and_doubles_nothing() {
    let points = [
        ("popped_before_claim", 0),
        ("claimed_before_call", 1),
        ("call_in_flight", 1),
        ("answered_before_commit", 1),
        ("answered_before_commit:2", 1),
        ("committed_before_publish", 1),
        ("between_bursts:2", 1),
    ];

    join_all(points.map(|(point, counted)| survives_a_crash_at(point, counted))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_worker_goes_on_where_a_killed_one_stopped() {
    let stack = Stack::builder().workers(2).start().await;
    let anna = stack.user();
    stack.world.play("cut", [Script::hold_after(3), Answer { cards: 7, first: 4, ..Answer::default() }.into()]);
    let job = anna.generate_scripted("cut").await;
    let (mut open, mut seen) = anna.follow_until_suggestions(job, 3).await;

    stack.holder(job).await.kill().await;

    seen.extend(stored(open.collect_to_end().await));
    assert_eq!(suggestion_fronts(&seen).len(), 10, "three of the first and seven of the second");
    assert_eq!(anna.follow_to_end(job).await, seen);
    let second = &stack.world.calls("cut")[1];
    assert_eq!(second.task["exclude"].as_array().map(Vec::len), Some(3));
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

/// The model has said everything but the closing bracket when the worker dies: nothing is left to ask for, and the call that
/// was cut off has an end in the ledger all the same (an invariant).
#[tokio::test(flavor = "multi_thread")]
async fn what_was_all_stored_before_a_kill_is_not_asked_for_again() {
    let stack = Stack::builder()
        .api_env("CALENDAR_TIMEOUT_SECONDS", "120")
        .api_env("ORGANIC_TIMEOUT_SECONDS", "120")
        .start()
        .await;
    let (anna, ben, cleo) = (stack.user(), stack.user(), stack.user());
    for (key, all) in [("cards", 10), ("entries", 6), ("placements", 3)] {
        stack.world.play(key, [Answer { cards: all, hold_after: Some(all), ..Answer::default() }.into()]);
    }
    cleo.coffee_brand().await;
    let cards = anna.generate_scripted("cards").await;
    let (mut cards_open, _) = anna.follow_until_suggestions(cards, 10).await;
    let mut entries = ben.plan(&json!({ "constraints": keyed("entries") })).await;
    let mut placements = cleo.week(&json!({ "options": options_with_key("placements") })).await;
    for _ in 0..6 {
        entries.next_of("entry").await;
    }
    for _ in 0..3 {
        placements.next_of("placement").await;
    }

    stack.worker(0).restart().await;

    let mut jobs = vec![cards];
    assert_eq!(cards_open.collect_to_end().await.last().unwrap().json()["status"], "succeeded");
    for log in [&mut entries, &mut placements] {
        let end = log.collect_to_end().await.last().unwrap().json();
        assert!(end["status"] == "succeeded" || end["data"]["status"] == "succeeded", "{end}");
        jobs.push(id_of(&json!(log.headers["location"].to_str().unwrap().trim_start_matches("/v1/jobs/"))));
    }
    let admin = stack.admin().await;
    for (key, job) in ["cards", "entries", "placements"].into_iter().zip(&jobs) {
        assert_eq!(stack.world.calls(key).len(), 1, "{key}");
        let calls = sqlx::query_scalar("SELECT state FROM almanac.llm_calls WHERE job_id = $1").bind(job);
        let calls: Vec<String> = calls.fetch_all(&admin).await.unwrap();
        assert_eq!(calls, ["unknown"], "{key}: one call, which may have been paid for");
    }
    invariants::assert_all(&admin, &jobs).await;
}

/// An API process dies after the accept is committed; its client asks again with the same key.
async fn is_accepted_once_although_the_api_dies_at(point: &str) {
    let stack = Stack::builder().api_env("ALMANAC_CRASH_AT", point).start().await;
    let anna = stack.user();
    let key = Uuid::new_v4().to_string();

    let lost = anna.try_generate("once", &key).await;

    assert!(lost.is_err(), "{point}: the answer was lost: {lost:?}");
    assert_eq!(stack.api(0).wait_exit(SOON).await.signal(), Some(9));
    stack.api(0).unset("ALMANAC_CRASH_AT");
    stack.api(0).start().await;
    let first = anna.try_generate("once", &key).await.unwrap().expect(202);
    let again = anna.try_generate("once", &key).await.unwrap().expect(202);
    assert_eq!(first.header("idempotency-replayed"), Some("true"), "{point}: the accept was kept");
    assert_eq!(first.body, again.body);
    let job = id_of(&first.json()["generation_id"]);
    let jobs: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM almanac.jobs WHERE user_id = $1")
        .bind(anna.id)
        .fetch_all(&stack.admin().await)
        .await
        .unwrap();
    assert_eq!(jobs, [job], "{point}: one job");
    assert_eq!(anna.follow_to_end(job).await.last().unwrap().json()["status"], "succeeded");
    assert_eq!(stack.world.calls("once").len(), 1);
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_api_died_before_answering_gets_its_one_job_with_its_key() {
    let points = ["accepted_before_ring", "accepted_before_answer"];

    join_all(points.map(is_accepted_once_although_the_api_dies_at)).await;
}
