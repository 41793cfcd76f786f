//! What counts as an attempt of a job: provider outages, restarts of workers and retries beyond a process's budget do
//! not, and the job reports what it waits for.

use std::time::Duration;

use almanac_tests::{
    Script, Stack, User,
    actor::log::id_of,
    eventually, invariants,
    world::{Answer, End, JsonReader, source_text},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(45);
/// Several probes, one after the other.
const PROBED: Duration = Duration::from_secs(150);

#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
struct Cost {
    state: String,
    attempt: i32,
    crashes: i32,
}

async fn cost(admin: &PgPool, job: Uuid) -> Cost {
    let query = sqlx::query_as("SELECT state, attempt, crashes FROM almanac.jobs WHERE id = $1").bind(job);
    query.fetch_one(admin).await.unwrap()
}

fn nothing(state: &str) -> Cost {
    Cost { state: state.to_owned(), attempt: 0, crashes: 0 }
}

/// How each call of a job ended, as the ledger says.
async fn ledger(admin: &PgPool, job: Uuid) -> Vec<String> {
    let query = sqlx::query_scalar("SELECT state FROM almanac.llm_calls WHERE job_id = $1 ORDER BY started_at, id");
    query.bind(job).fetch_all(admin).await.unwrap()
}

/// As many people ask at the same moment, with one key for all their calls.
async fn crowd(stack: &Stack, count: usize, key: &str) -> Vec<(User, Uuid)> {
    let people = (0..count).map(|_| stack.user());
    join_all(people.map(|user| async move { (user.generate_scripted(key).await, user) }))
        .await
        .into_iter()
        .map(|(job, user)| (user, job))
        .collect()
}

async fn all_succeed(admin: &PgPool, people: &[(User, Uuid)], within: Duration) {
    let open = "SELECT count(*) FROM almanac.jobs WHERE finished_at IS NULL";
    let over = async || sqlx::query_scalar(open).fetch_one(admin).await.ok().filter(|open: &i64| *open == 0);
    eventually(within, "all of them end", over).await;
    for (_, job) in people {
        assert_eq!(cost(admin, *job).await, nothing("succeeded"), "{:?}", ledger(admin, *job).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_for_a_while_fails_no_job() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    stack.world.play("away", (0..28).map(|_| Script::status(503)).chain([Script::ok(5)]));

    let people = crowd(&stack, 25, "away").await;

    // A waiting job reports what it waits for, and when it continues.
    let held = "SELECT id FROM almanac.jobs WHERE state = 'queued' AND held_since IS NOT NULL LIMIT 1";
    let explained = eventually(SOON, "a job waits for its provider and says so", async || {
        let held: Uuid = sqlx::query_scalar(held).fetch_optional(&admin).await.ok()??;
        let (user, _) = people.iter().find(|(_, job)| *job == held)?;
        let explained = user.get(&format!("/v1/jobs/{held}/explain")).await.expect(200).data();
        (explained["state"] == "queued").then_some(explained)
    })
    .await;
    assert!(explained["blocker"].as_str().unwrap().contains("provider"), "{explained}");
    assert!(explained["nextActionAt"].is_string(), "{explained}");
    all_succeed(&admin, &people, PROBED).await;
    let refused = "SELECT count(*) FROM almanac.llm_calls WHERE state = 'refused'";
    let refused: i64 = sqlx::query_scalar(refused).fetch_one(&admin).await.unwrap();
    assert_eq!(refused, 28, "no job is charged for these");
    let held =
        "SELECT count(*) FROM almanac.jobs WHERE held_since IS NOT NULL AND last_seq > 1 AND state <> 'succeeded'";
    assert_eq!(sqlx::query_scalar::<_, i64>(held).fetch_one(&admin).await.unwrap(), 0);
    invariants::assert_all(&admin, &people.iter().map(|(_, job)| *job).collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_its_provider_only_as_long_as_it_may() {
    let stack = Stack::builder().worker_env("PROVIDER_WAIT_SECONDS", "3").start().await;
    let anna = stack.user();
    stack.world.play("gone", [Script::status(503)]);

    let job = anna.generate_scripted("gone").await;
    let events = anna.follow_to_end(job).await;

    let end = events.last().unwrap().json();
    assert_eq!((&end["status"], &end["error"]["code"]), (&json!("failed"), &json!("PROVIDER_UNAVAILABLE")));
    let generation = anna.get(&format!("/v1/ai/generations/{job}")).await.expect(200).data();
    assert_eq!(
        (&generation["status"], &generation["error"]["code"]),
        (&json!("failed"), &json!("PROVIDER_UNAVAILABLE"))
    );
    let admin = stack.admin().await;
    assert_eq!(cost(&admin, job).await, nothing("failed"));
    invariants::assert_all(&admin, &[job]).await;
}

/// Its calls are the probes of the circuit that others opened, and each brings a part of an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_brought_part_of_an_answer_is_charged_like_any_other_call() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    stack.world.play("away", [Script::status(503)]);
    let broken = Answer { shape: JsonReader::BadJson, end: End::Error(502), ..Answer::default() };
    stack.world.play("broken", [broken.into()]);
    // All are accepted before anything is known of the provider.
    stack.worker(0).terminate();
    stack.worker(0).wait_exit(SOON).await;
    let people = crowd(&stack, 12, "away").await;
    let job = anna.generate_scripted("broken").await;
    stack.worker(0).start().await;
    let waiting = "SELECT count(*) FROM almanac.jobs WHERE state = 'queued' AND held_since IS NOT NULL AND id <> $1";
    let all_wait = async || {
        let held = sqlx::query_scalar(waiting).bind(job).fetch_one(&admin).await.ok();
        held.filter(|held: &i64| *held == 12)
    };
    eventually(PROBED, "all of them wait for the provider", all_wait).await;

    for (user, other) in &people {
        user.post(&format!("/v1/jobs/{other}/cancel"), json!({})).await;
    }

    let Ok(events) = tokio::time::timeout(PROBED, anna.follow_to_end(job)).await else {
        panic!("it is probed for ever")
    };
    let end = events.last().unwrap().json();
    assert_eq!((&end["status"], &end["error"]["code"]), (&json!("failed"), &json!("PROVIDER_ERROR")));
    assert_eq!(ledger(&admin, job).await, ["failed", "failed", "failed"]);
}

/// Too few for the circuit, and more than one process may repeat at once.
#[tokio::test(flavor = "multi_thread")]
async fn retries_that_a_process_may_not_make_are_made_later() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    stack.world.play("busy", (0..15).map(|_| Script::status(500)).chain([Script::ok(5)]));

    let people = crowd(&stack, 15, "busy").await;

    all_succeed(&admin, &people, PROBED).await;
    assert_eq!(stack.world.calls("busy").len(), 30, "each was asked for twice");
    invariants::assert_all(&admin, &people.iter().map(|(_, job)| *job).collect::<Vec<_>>()).await;
}

/// Has the only worker drain while the n-th call of the job is under way, and starts it again.
async fn cut(stack: &Stack, key: &str, nth: usize) {
    stack.world.wait_for_call(key, nth).await;
    stack.worker(0).terminate();
    assert_eq!(stack.worker(0).wait_exit(SOON).await.code(), Some(0));
    stack.worker(0).start().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_drains_cut_are_not_among_the_three_and_never_more_than_six() {
    let stack = Stack::builder().worker_env("SHUTDOWN_SECONDS", "0").start().await;
    let (anna, ben, admin) = (stack.user(), stack.user(), stack.admin().await);
    let silent = || Answer { hold_after: Some(0), ..Answer::default() }.into();
    stack.world.play("cut", (0..3).map(|_| silent()).chain([Script::ok(5)]));
    let job = anna.generate_scripted("cut").await;
    for nth in 1..=3 {
        cut(&stack, "cut", nth).await;
    }

    let end = anna.follow_to_end(job).await.last().unwrap().json();
    assert_eq!(end["status"], "succeeded", "{end}");
    assert_eq!(cost(&admin, job).await, nothing("succeeded"));
    assert_eq!(ledger(&admin, job).await, ["unknown", "unknown", "unknown", "succeeded"]);

    stack.world.play("cut again", [silent()]);
    let endless = ben.generate_scripted("cut again").await;
    for nth in 1..=6 {
        cut(&stack, "cut again", nth).await;
    }

    let end = ben.follow_to_end(endless).await.last().unwrap().json();
    assert_eq!((&end["status"], &end["error"]["code"]), (&json!("failed"), &json!("CALL_LIMIT")), "{end}");
    assert_eq!(stack.world.calls("cut again").len(), 6);
    assert_eq!(ledger(&admin, endless).await, ["unknown"; 6]);
    invariants::assert_all(&admin, &[job, endless]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_cancelled_ends_instead_of_waiting_for_its_pause() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let busy = Script::Status { code: 429, retry_after: Some(60) };
    stack.world.play("busy", [busy]);

    let cancelled = join_all((0..12).map(|_| async {
        let user = stack.user();
        let text = json!({ "source_text": source_text("busy") });
        let job = id_of(&user.post("/v1/ai/generations", text).await.expect(202).data()["generation_id"]);
        let started = "SELECT true FROM almanac.jobs WHERE id = $1 AND epoch > 0";
        let started = async || sqlx::query_scalar::<_, bool>(started).bind(job).fetch_optional(&admin).await.ok()?;
        eventually(SOON, "it was started", started).await;
        let answer = user.post(&format!("/v1/jobs/{job}/cancel"), json!({})).await;
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        let events = tokio::time::timeout(SOON, user.follow_to_end(job)).await.expect("it does not wait for a minute");
        assert_eq!(events.last().unwrap().json()["status"], "cancelled");
        job
    }))
    .await;

    invariants::assert_all(&admin, &cancelled).await;
}

/// Every way in which a running job returns to the queue.
#[tokio::test(flavor = "multi_thread")]
async fn no_way_back_to_the_queue_is_open_to_a_job_that_is_cancelled() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let release = |why: &str| {
        format!("SELECT almanac.release($1, epoch, '{why}', '60 s', '900 s') FROM almanac.jobs WHERE id = $1")
    };
    let ways = [
        release("retry"),
        release("hold"),
        release("leave"),
        release("drain"),
        "SELECT almanac.reap(3) WHERE $1 IS NOT NULL".to_owned(),
        "SELECT almanac.release_unconfirmed('nobody', 'gone', '{}', '{}') WHERE $1 IS NOT NULL".to_owned(),
    ];
    for way in ways {
        let job = anna.forge(&stack).await;
        job.claim("gone", -1_000).await.unwrap();
        let cancel = anna.post(&format!("/v1/jobs/{}/cancel", job.id), json!({})).await.expect(202);
        assert_eq!(cancel.data()["status"], "cancelling");

        sqlx::query(sqlx::AssertSqlSafe(way.as_str())).bind(job.id).execute(job.worker()).await.unwrap();

        let events =
            tokio::time::timeout(SOON, anna.follow_to_end(job.id)).await.unwrap_or_else(|_| panic!("{way}: no end"));
        let end: Value = events.last().unwrap().json();
        assert_eq!((&end["status"], &end["error"]["code"]), (&json!("cancelled"), &json!("CANCELLED")), "{way}");
        invariants::assert_all(&admin, &[job.id]).await;
    }
}
