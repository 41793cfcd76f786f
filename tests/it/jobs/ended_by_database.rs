//! A job that the database ends (cancelled in the queue, running for too long) reports the same at its end as one that
//! a worker ends: items, cost, duration.

use std::time::Duration;

use almanac_tests::{
    Script, Stack,
    actor::{
        calendar::keyed,
        organic::{options_with_key, seed},
        stream::EventStream,
    },
    eventually, invariants,
    world::{Answer, End},
};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(45);

/// A complete answer that leaves something out, and one to the question for the rest that stops after its first item.
fn some_and_then_one(some: usize) -> [Script; 2] {
    let rest = Answer { cards: usize::MAX, first: some + 1, hold_after: Some(1), ..Answer::default() };
    [Answer { cards: some, ..Answer::default() }.into(), rest.into()]
}

fn run_of(stream: &EventStream) -> Uuid {
    stream.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()
}

/// Has the only worker give its jobs back, so that they wait without a worker.
async fn drain(stack: &Stack) {
    stack.worker(0).terminate();
    assert_eq!(stack.worker(0).wait_exit(SOON).await.code(), Some(0));
}

/// The numbers of one call, as the ledger has them.
async fn paid(admin: &PgPool, job: Uuid) -> Value {
    let sql = "SELECT json_build_object('in', sum(tokens_input), 'out', sum(tokens_output)) FROM almanac.llm_calls
                WHERE job_id = $1";
    sqlx::query_scalar(sql).bind(job).fetch_one(admin).await.unwrap()
}

fn assert_totals(end: &Value, [read, wrote, all]: [&str; 3], paid: &Value) {
    assert_eq!((&end[read], &end[wrote]), (&paid["in"], &paid["out"]), "{end}");
    assert_eq!(end[all].as_i64(), Some(paid["in"].as_i64().unwrap() + paid["out"].as_i64().unwrap()), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_is_cancelled_in_the_queue_counts_what_it_made_and_cost() {
    let stack = Stack::builder().worker_env("SHUTDOWN_SECONDS", "0").start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    stack.world.play("first", some_and_then_one(2));
    let mut first = anna.plan(&json!({ "constraints": keyed("first") })).await;
    for _ in 0..3 {
        first.next_of("entry").await;
    }
    drain(&stack).await;

    anna.post(&format!("/v1/jobs/{}/cancel", run_of(&first)), json!({})).await.expect(202);

    let done = first.collect_to_end().await.last().unwrap().json();
    let data = &done["data"];
    assert_eq!((&data["status"], &data["entries"]), (&json!("cancelled"), &json!(3)), "{done}");
    assert_eq!((&data["added"], &data["updated"], &data["removed"]), (&json!(3), &json!(0), &json!(0)), "{done}");
    assert!(data["latencyMs"].as_i64().is_some_and(|took| took > 0), "{done}");
    assert_totals(data, ["tokensInput", "tokensOutput", "tokens"], &paid(&admin, run_of(&first)).await);
    assert!(data["costUsd"].as_f64().is_some_and(|cost| cost > 0.0), "{done}");
    assert_eq!(done["error"]["code"], "CANCELLED");
    let calendar = anna.calendar_of(&done).await;
    assert_eq!(calendar["entries"].as_array().map(Vec::len), Some(3), "what was made is kept");
    let path = format!("/v1/calendars/{}/runs/{}", calendar["id"].as_str().unwrap(), run_of(&first));
    let run = anna.get(&path).await.expect(200).data();
    for name in ["entries", "added", "updated", "removed", "latencyMs", "tokens", "costUsd"] {
        let shown = if name == "entries" { json!(run["entries"].as_array().unwrap().len()) } else { run[name].clone() };
        assert_eq!(shown, data[name], "{name} of {run}");
    }
    invariants::assert_all(&admin, &[run_of(&first)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_before_it_started_has_made_nothing_and_says_so() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    anna.coffee_brand().await;
    let done = anna.plan(&json!({})).await.collect_to_end().await.last().unwrap().json();
    let calendar = &anna.calendar_of(&done).await["id"];
    drain(&stack).await;

    let mut again = anna.plan(&json!({ "calendarId": calendar })).await;
    anna.post(&format!("/v1/jobs/{}/cancel", run_of(&again)), json!({})).await.expect(202);
    let mut week = anna.week(&json!({})).await;
    anna.post(&format!("/v1/jobs/{}/cancel", run_of(&week)), json!({})).await.expect(202);

    let done = again.collect_to_end().await.last().unwrap().json();
    for name in ["entries", "added", "updated", "removed", "latencyMs"] {
        assert_eq!(done["data"][name], 0, "{name} of {done}");
    }
    let complete = week.collect_to_end().await.last().unwrap().json();
    for name in ["placements", "errors", "adjusted", "latencyMs"] {
        assert_eq!(complete[name], 0, "{name} of {complete}");
    }
    invariants::assert_all(&admin, &[run_of(&again), run_of(&week)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_that_is_cancelled_in_the_queue_counts_what_it_made_and_cost() {
    let stack = Stack::builder().worker_env("SHUTDOWN_SECONDS", "0").start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    anna.coffee_brand().await;
    stack.world.play("week", some_and_then_one(1));
    // The second has to be moved.
    let placements = json!([seed("p0", 0, 9), seed("p1", 0, 9), seed("p2", 1, 9)]);
    let mut stream = anna.week(&json!({ "placements": placements, "options": options_with_key("week") })).await;
    for _ in 0..2 {
        stream.next_of("placement").await;
    }
    drain(&stack).await;

    anna.post(&format!("/v1/jobs/{}/cancel", run_of(&stream)), json!({})).await.expect(202);

    let complete = stream.collect_to_end().await.last().unwrap().json();
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("cancelled"), &json!(2)), "{complete}");
    assert_eq!((&complete["adjusted"], &complete["errors"]), (&json!(1), &json!(0)), "{complete}");
    assert!(complete["latencyMs"].as_i64().is_some_and(|took| took > 0), "{complete}");
    assert_totals(&complete, ["tokensInput", "tokensOutput", "tokens"], &paid(&admin, run_of(&stream)).await);
    assert!(complete["costUsd"].as_f64().is_some_and(|cost| cost > 0.0), "{complete}");
    invariants::assert_all(&admin, &[run_of(&stream)]).await;
}

/// No worker takes it again: its worker ended while the provider could not serve.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_held_for_too_long_ends_although_no_worker_is_left() {
    let stack = Stack::builder().worker_env("PROVIDER_WAIT_SECONDS", "600").start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let broken = Answer { cards: 2, end: End::Error(503), ..Answer::default() };
    stack.world.play("gone", [broken.into(), Script::status(503)]);
    let job = anna.generate_scripted("gone").await;
    let held = "SELECT true FROM almanac.jobs WHERE id = $1 AND state = 'queued' AND held_since IS NOT NULL";
    eventually(SOON, "the job waits for its provider", async || {
        sqlx::query_scalar::<_, bool>(held).bind(job).fetch_optional(&admin).await.ok()?
    })
    .await;
    drain(&stack).await;

    let over =
        "UPDATE almanac.jobs SET held_until = clock_timestamp() - interval '10 s' WHERE id = $1 AND held_until > now()";
    assert_eq!(sqlx::query(over).bind(job).execute(&admin).await.unwrap().rows_affected(), 1);

    let ended = tokio::time::timeout(SOON, anna.follow_to_end(job)).await.expect("it ends");
    let done = ended.last().unwrap().json();
    assert_eq!((&done["status"], &done["error"]["code"]), (&json!("failed"), &json!("PROVIDER_UNAVAILABLE")));
    assert_eq!(done["suggestions"], 2, "{done}");
    assert!(done["latency_ms"].as_i64().is_some_and(|took| took > 0), "{done}");
    let generation = anna.get(&format!("/v1/ai/generations/{job}")).await.expect(200).data();
    assert_eq!((&generation["status"], &generation["error"]), (&json!("failed"), &done["error"]));
    invariants::assert_all(&admin, &[job]).await;
}
