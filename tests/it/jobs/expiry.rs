//! Jobs past their deadline end with or without a worker, and free their slot.

use std::time::Duration;

use almanac_tests::{
    Stack,
    actor::{log::stored, stream::EventStream},
    invariants,
};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

/// Some rounds of an API's sweeper, on a slow machine.
const SOON: Duration = Duration::from_secs(45);

fn run_of(stream: &EventStream) -> Uuid {
    stream.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()
}

async fn set(admin: &PgPool, job: Uuid, change: &str) {
    let sql = sqlx::AssertSqlSafe(format!("UPDATE almanac.jobs SET {change} WHERE id = $1"));
    assert_eq!(sqlx::query(sql).bind(job).execute(admin).await.unwrap().rows_affected(), 1);
}

/// How a stream ends: status and code.
async fn end(stream: &mut EventStream, what: &str) -> (String, String) {
    let ended = tokio::time::timeout(SOON, stream.collect_to_end()).await;
    let done = stored(ended.unwrap_or_else(|_| panic!("{what}: no end"))).last().unwrap().json();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (word(&done["data"]["status"]), word(&done["error"]["code"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_without_workers_ends_what_was_not_started_in_time() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, ben, admin) = (stack.user(), stack.user(), stack.admin().await);
    let mut late = anna.plan(&json!({})).await;
    let mut held = ben.plan(&json!({})).await;

    set(&admin, run_of(&late), "start_by = clock_timestamp()").await;
    set(&admin, run_of(&held), "start_by = clock_timestamp(), held_since = created_at").await;

    assert_eq!(end(&mut late, "late").await, ("failed".to_owned(), "QUEUE_TIMEOUT".to_owned()));
    let code = "PROVIDER_UNAVAILABLE".to_owned();
    assert_eq!(end(&mut held, "held").await, ("failed".to_owned(), code), "it says for what it waited");
    let explained = anna.get(&format!("/v1/jobs/{}/explain", run_of(&late))).await.expect(200).data();
    assert_eq!(explained["status"], "failed");
    // Its slot is free.
    anna.plan(&json!({})).await;
    invariants::assert_all(&admin, &[run_of(&late), run_of(&held)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_started_in_time_is_not_claimed_any_more() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let late = anna.forge(&stack).await;
    // No sweeper comes between: a row that its own statement holds is left alone.
    let mut tx = admin.begin().await.unwrap();
    let over = "UPDATE almanac.jobs SET start_by = clock_timestamp() WHERE id = $1";
    sqlx::query(over).bind(late.id).execute(&mut *tx).await.unwrap();
    for claim in [
        "SELECT count(*) FROM almanac.start(ARRAY[$1], ARRAY[$1], 'one', '10 s', NULL, NULL)",
        "SELECT count(*) FROM almanac.start(ARRAY[$1], ARRAY[$1], 'one', '10 s', 2, NULL)",
        "SELECT count(*) FROM almanac.claim(ARRAY[$1], 'one', '10 s')",
    ] {
        let claimed: i64 = sqlx::query_scalar(claim).bind(late.id).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(claimed, 0, "{claim}");
    }
    tx.rollback().await.unwrap();
    let epoch = late.claim("one", 3_600_000).await.unwrap();
    late.finish(epoch).await.unwrap();
    invariants::assert_all(&admin, &[late.id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_past_its_deadline_ends_although_no_worker_takes_it_again() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, ben, admin) = (stack.user(), stack.user(), stack.admin().await);
    let worker = stack.as_worker().await;
    let mut queued = anna.plan(&json!({})).await;
    let mut running = ben.plan(&json!({})).await;
    let start = "SELECT count(*) FROM almanac.start(ARRAY[$1], ARRAY[$1], 'gone', $2::text::interval, NULL, NULL)";
    for (stream, lease) in [(&queued, "-1 s"), (&running, "1 h")] {
        let started: i64 = sqlx::query_scalar(start).bind(run_of(stream)).bind(lease).fetch_one(&worker).await.unwrap();
        assert_eq!(started, 1);
    }
    sqlx::query("SELECT almanac.reap(3)").execute(&worker).await.unwrap();

    set(&admin, run_of(&queued), "deadline_at = clock_timestamp() - interval '10 s'").await;
    set(&admin, run_of(&running), "deadline_at = clock_timestamp() - interval '40 s'").await;

    // As a worker reports it: what exists is kept, which is no error.
    let timeout = || ("timeout".to_owned(), String::new());
    assert_eq!(end(&mut queued, "queued").await, timeout());
    assert_eq!(end(&mut running, "running").await, timeout());
    // Its slot is free.
    anna.plan(&json!({})).await;
    invariants::assert_all(&admin, &[run_of(&queued), run_of(&running)]).await;
}
