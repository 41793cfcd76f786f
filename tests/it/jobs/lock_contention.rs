//! Rows that another transaction locks for long, and jobs that may run one at a time only: no other job is delayed or
//! fails because of them.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use almanac_tests::{Mode, Script, Stack, User, actor::calendar::calendar_order, eventually, invariants};
use http::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(45);

async fn counts(admin: &PgPool, job: Uuid) -> (String, i32, i64) {
    let sql = "SELECT state, crashes, epoch FROM almanac.jobs WHERE id = $1";
    sqlx::query_as(sql).bind(job).fetch_one(admin).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_holds_costs_the_jobs_beside_it_no_lease() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let mut jobs = Vec::new();
    for key in ["held", "beside"] {
        stack.world.play(key, [Script::hold_after(3), Script::ok(10)]);
        jobs.push(anna.generate_scripted(key).await);
        stack.world.wait_until_holding(key).await;
    }
    let lease = async || -> Option<chrono::DateTime<chrono::Utc>> {
        let sql = "SELECT lease_expires_at FROM almanac.jobs WHERE id = $1";
        sqlx::query_scalar(sql).bind(jobs[1]).fetch_one(&admin).await.unwrap()
    };

    let mut holder = admin.begin().await.unwrap();
    let lock = sqlx::query("SELECT FROM almanac.jobs WHERE id = $1 FOR UPDATE").bind(jobs[0]);
    lock.execute(&mut *holder).await.unwrap();
    let enough = lease().await.unwrap() + chrono::TimeDelta::seconds(12);
    let renewed = async || lease().await.filter(|lease| *lease > enough);
    eventually(SOON, "the other is renewed for longer than a lease", renewed).await;
    holder.rollback().await.unwrap();

    assert_eq!(counts(&admin, jobs[1]).await, ("running".to_owned(), 0, 1));
    for (key, job) in ["held", "beside"].into_iter().zip(&jobs) {
        stack.world.release(key);
        assert_eq!(anna.follow_to_end(*job).await.last().unwrap().json()["status"], "succeeded", "{key}");
    }
    assert_eq!(counts(&admin, jobs[1]).await, ("succeeded".to_owned(), 0, 1));
    invariants::assert_all(&admin, &jobs).await;
}

/// An API that is paused between two steps of a cancel must not hold a lock on the job's row.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_holds_the_jobs_row_for_no_longer_than_the_database_needs() {
    let stack = Stack::builder().proxied().workers(0).start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let job = anna.forge(&stack).await;
    let epoch = job.claim("the test", 3_600_000).await.unwrap();
    stack.proxies().api_postgres.set(Mode::Delay(Duration::from_millis(400))).await;

    let (since, longest) = (Cell::new(None::<Instant>), Cell::new(Duration::ZERO));
    let look = async || {
        let sql = "SELECT id FROM almanac.jobs WHERE id = $1 FOR UPDATE SKIP LOCKED";
        let free: Option<Uuid> = sqlx::query_scalar(sql).bind(job.id).fetch_optional(&admin).await.unwrap();
        since.set(if free.is_some() { None } else { since.get().or_else(|| Some(Instant::now())) });
        longest.set(longest.get().max(since.get().map_or(Duration::ZERO, |since| since.elapsed())));
        let asked = "SELECT cancel_requested_at IS NOT NULL FROM almanac.jobs WHERE id = $1";
        sqlx::query_scalar::<_, bool>(asked).bind(job.id).fetch_one(&admin).await.unwrap().then_some(())
    };
    let path = format!("/v1/jobs/{}/cancel", job.id);
    let (cancelled, ()) =
        tokio::join!(anna.post(&path, serde_json::json!({})), eventually(SOON, "it is asked to end", look));

    cancelled.expect(202);
    assert!(longest.get() < Duration::from_millis(200), "held for {:?}", longest.get());
    job.finish(epoch).await.unwrap();
}

/// Jobs with one chance left are the oldest, and run one at a time: those that wait for it must not fill what a poll
/// finds.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_for_their_last_chance_hide_nobody_from_the_poll() {
    let stack = Stack::builder().proxied().worker_env("WORKER_CONCURRENCY", "flashcards=2").start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    stack.worker(0).kill().await;
    // Only the poll finds these.
    stack.proxies().api_redis.set(Mode::Refuse).await;
    let mut jobs = Vec::new();
    for key in ["wary-1", "wary-2", "wary-3", "fresh"] {
        stack.world.play(key, [Script::hold_after(3)]);
        jobs.push(anna.generate_scripted(key).await);
    }
    let near = "UPDATE almanac.jobs SET crashes = 2 WHERE id = ANY ($1)";
    sqlx::query(near).bind(&jobs[..3]).execute(&admin).await.unwrap();

    stack.worker(0).launch();

    stack.world.wait_until_holding("fresh").await;
    let running = "SELECT count(*) FROM almanac.jobs WHERE state = 'running' AND crashes = 2";
    assert_eq!(sqlx::query_scalar::<_, i64>(running).fetch_one(&admin).await.unwrap(), 1, "one of them, beside it");
    let keys = ["wary-1", "wary-2", "wary-3", "fresh"];
    // Which of the wary ones is next is left open.
    keys.into_iter().for_each(|key| stack.world.release(key));
    for (key, job) in keys.into_iter().zip(&jobs) {
        assert_eq!(anna.follow_to_end(*job).await.last().unwrap().json()["status"], "succeeded", "{key}");
    }
    invariants::assert_all(&admin, &jobs).await;
}

/// Holds a row of a domain table, or of jobs, under the strongest lock until it is dropped.
pub(crate) async fn hold_row(stack: &Stack, table: &str, id: Uuid) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut holder = stack.admin().await.begin().await.unwrap();
    let lock = format!("SELECT FROM almanac.{table} WHERE id = $1 FOR UPDATE");
    let held = sqlx::query(AssertSqlSafe(lock)).bind(id).execute(&mut *holder).await.unwrap();
    assert_eq!(held.rows_affected(), 1, "{table} {id}");
    holder
}

/// A worker's session that fails if a statement waits for a lock.
pub(crate) async fn worker_that_never_waits(stack: &Stack) -> sqlx::PgConnection {
    let mut worker = stack.as_worker().await.acquire().await.unwrap().detach();
    sqlx::query("SET lock_timeout = 1").execute(&mut worker).await.unwrap();
    worker
}

pub(crate) async fn count(worker: &mut sqlx::PgConnection, sql: &str, ids: &[Uuid]) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(ids).fetch_one(worker).await.unwrap()
}

/// Ten calendars of ten users, with their calendar ids.
async fn ten_calendars(stack: &Stack) -> (Vec<Uuid>, Vec<Uuid>) {
    let mut runs = Vec::new();
    for n in 0..10 {
        let body = json!({
            "channels": ["blog"], "cadence": "daily", "start": "2026-01-05", "end": "2026-01-05", "title": format!("{n}"),
        });
        let call = stack.user().request(Method::POST, "/v1/ai/calendar").json(&body);
        let accepted = call.header("accept", "application/json").send().await.expect(202);
        runs.push(accepted.header("location").unwrap().rsplit('/').next().unwrap().parse().unwrap());
    }
    let sql = "SELECT calendar_id FROM almanac.calendar_runs WHERE id = ANY ($1) ORDER BY array_position($1, id)";
    let calendars = sqlx::query_scalar(sql).bind(&runs).fetch_all(&stack.admin().await).await.unwrap();
    (runs, calendars)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_keeps_no_other_job_from_starting() {
    let stack = Stack::builder().workers(0).start().await;
    let mut worker = worker_that_never_waits(&stack).await;
    let start = "SELECT count(*) FROM almanac.start($1, $1, 'one', '1 h', 2, NULL)";
    for (table, starts) in [("jobs", 9), ("calendar_runs", 9), ("calendars", 9)] {
        let (runs, calendars) = ten_calendars(&stack).await;
        let id = if table == "calendars" { calendars[0] } else { runs[0] };
        let holder = hold_row(&stack, table, id).await;

        let started = count(&mut worker, start, &runs).await;

        assert_eq!(started, starts, "beside a held row of {table}");
        holder.rollback().await.unwrap();
        assert_eq!(count(&mut worker, start, &runs).await, 10 - starts, "once {table} is free");
    }
}

/// Of each kind the oldest job cannot start, and nothing but the poll brings any: with one slot it would find that one
/// again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_hides_no_job_from_a_poll_with_one_slot() {
    let stack = Stack::builder().proxied().worker_env("WORKER_CONCURRENCY", "flashcards=1,calendar=1").start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    stack.worker(0).kill().await;
    stack.proxies().api_redis.set(Mode::Refuse).await;
    let (runs, calendars) = ten_calendars(&stack).await;
    let mut generations = Vec::new();
    for n in 0..3 {
        generations.push(anna.generate_scripted(&format!("seen-{n}")).await);
    }
    let holders = [
        hold_row(&stack, "jobs", generations[0]).await,
        hold_row(&stack, "jobs", runs[0]).await,
        hold_row(&stack, "calendar_runs", runs[1]).await,
        hold_row(&stack, "calendars", calendars[2]).await,
    ];

    stack.worker(0).launch();

    let behind: Vec<Uuid> = generations[1..].iter().chain(&runs[3..]).copied().collect();
    let ended = "SELECT count(*) = cardinality($1) FROM almanac.jobs WHERE id = ANY ($1) AND state = 'succeeded'";
    let all_ended =
        async || sqlx::query_scalar::<_, bool>(ended).bind(&behind).fetch_one(&admin).await.unwrap().then_some(());
    eventually(SOON, "all others have ended", all_ended).await;
    for holder in holders {
        holder.rollback().await.unwrap();
    }
    assert_eq!(anna.follow_to_end(generations[0]).await.last().unwrap().json()["status"], "succeeded");
    invariants::assert_all(&admin, &generations).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_keeps_no_other_generation_from_ending() {
    let stack = Stack::builder().workers(0).api_env("GENERATION_RATE", "1000/300").start().await;
    let mut worker = worker_that_never_waits(&stack).await;
    let start = "SELECT count(*) FROM almanac.start($1, $1, 'one', '1 h', 2, 'openrouter')";
    let finish = "SELECT count(seq) + 100 * count(*) FILTER (WHERE busy)
           FROM (SELECT cardinality($1) AS n) AS many
          CROSS JOIN LATERAL almanac.finish_jobs(
                $1, array_fill(1::bigint, ARRAY[n]), array_fill('succeeded'::text, ARRAY[n]),
                array_fill(NULL::jsonb, ARRAY[n]), array_fill(NULL::jsonb, ARRAY[n]),
                ARRAY(SELECT jsonb_build_object('call', j, 'state', 'succeeded') FROM unnest($1) AS j),
                array_fill('{}'::jsonb, ARRAY[n]), array_fill('{}'::text, ARRAY[n]), '{}', '{}', '{}')";
    for table in ["jobs", "ai_generations"] {
        let anna = stack.user();
        let mut jobs = Vec::new();
        for n in 0..10 {
            jobs.push(anna.generate_scripted(&format!("{table}-{n}")).await);
        }
        assert_eq!(count(&mut worker, start, &jobs).await, 10);
        let holder = hold_row(&stack, table, jobs[4]).await;

        let ended = count(&mut worker, finish, &jobs).await;

        assert_eq!(ended, 109, "nine end and one is busy beside a held row of {table}");
        holder.rollback().await.unwrap();
        assert_eq!(count(&mut worker, finish, &jobs).await, 1, "once {table} is free");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_is_tried_again_when_lost_claims_are_released() {
    let stack = Stack::builder().workers(0).api_env("GENERATION_RATE", "1000/300").start().await;
    let mut worker = worker_that_never_waits(&stack).await;
    let anna = stack.user();
    let mut jobs = Vec::new();
    for n in 0..3 {
        jobs.push(anna.generate_scripted(&format!("unconfirmed-{n}")).await);
    }
    count(&mut worker, "SELECT count(*) FROM almanac.start($1, $1, 'one', '1 h', 2, 'openrouter')", &jobs).await;
    let holder = hold_row(&stack, "jobs", jobs[1]).await;
    let release = "SELECT count(*) FILTER (WHERE released) + 100 * count(*) FILTER (WHERE NOT released)
                     FROM almanac.release_unconfirmed('flashcards', 'one', '{}', '{}') WHERE $1 IS NOT NULL";

    assert_eq!(count(&mut worker, release, &jobs).await, 102);

    holder.rollback().await.unwrap();
    assert_eq!(count(&mut worker, release, &jobs).await, 1);
}

/// Fourteen generations end at once while other transactions hold rows of two: no model is called again for any of
/// them.
#[tokio::test(flavor = "multi_thread")]
async fn held_rows_cost_no_generation_a_second_call() {
    let stack = Stack::builder().api_env("GENERATION_RATE", "1000/300").start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let keys: Vec<String> = (0..14).map(|n| format!("end-{n}")).collect();
    let mut jobs = Vec::new();
    for key in &keys {
        stack.world.play(key, [Script::hold_after(3)]);
        jobs.push(anna.generate_scripted(key).await);
        stack.world.wait_until_holding(key).await;
    }
    let one = hold_row(&stack, "jobs", jobs[3]).await;
    let other = hold_row(&stack, "ai_generations", jobs[9]).await;
    let began = Instant::now();

    keys.iter().for_each(|key| stack.world.release(key));
    for (n, job) in jobs.iter().enumerate().filter(|(n, _)| ![3, 9].contains(n)) {
        assert_eq!(anna.follow_to_end(*job).await.last().unwrap().json()["status"], "succeeded", "{n}");
    }
    // Longer than a write that is a part of a batch may wait for anything.
    eventually(SOON, "the rows were held for a while", async || {
        (began.elapsed() > Duration::from_secs(2)).then_some(())
    })
    .await;
    one.rollback().await.unwrap();
    other.rollback().await.unwrap();

    for (n, job) in jobs.iter().enumerate() {
        assert_eq!(anna.follow_to_end(*job).await.last().unwrap().json()["status"], "succeeded", "{n}");
        assert_eq!(counts(&admin, *job).await, ("succeeded".to_owned(), 0, 1), "{n}");
        assert_eq!(stack.world.calls(&keys[n]).len(), 1, "{n}");
    }
    invariants::assert_all(&admin, &jobs).await;
}

/// A job that waited in the queue for its provider says so in its row until the first content comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_costs_a_job_that_is_served_again_no_second_call() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let away = || Script::status(503);
    stack.world.play("served", [away(), away(), away(), Script::hold_after(0), Script::ok(10)]);
    let job = anna.generate_scripted("served").await;
    stack.world.wait_until_holding("served").await;
    let holder = hold_row(&stack, "jobs", job).await;
    let began = Instant::now();

    stack.world.release("served");
    // Longer than one try to write waits for a row.
    eventually(SOON, "the row was held for a while", async || (began.elapsed() > Duration::from_secs(1)).then_some(()))
        .await;
    holder.rollback().await.unwrap();

    assert_eq!(anna.follow_to_end(job).await.last().unwrap().json()["status"], "succeeded");
    assert_eq!(stack.world.calls("served").len(), 4);
    let tried = "SELECT attempt FROM almanac.jobs WHERE id = $1";
    let tried: i32 = sqlx::query_scalar(tried).bind(job).fetch_one(&admin).await.unwrap();
    assert_eq!(tried, 0);
    invariants::assert_all(&admin, &[job]).await;
}

/// Postgres is healthy and one lock of the request is not free: a dry run would say that nothing can be stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_not_free_in_time_is_503_and_no_dry_run() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, ben, admin) = (stack.user(), stack.user(), stack.admin().await);
    let order = |user: &User, accept: &str, changes: &Value| {
        let call = user.request(Method::POST, "/v1/ai/calendar").header("accept", accept);
        call.json(&calendar_order(changes))
    };
    let busy = async |user: &User, lock: &str, key: Option<&str>, changes: &Value| {
        let mut holder = admin.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *holder).await.unwrap();
        for accept in ["application/json", "text/event-stream"] {
            let call = order(user, accept, changes);
            let reply = if let Some(key) = key { call.key(key) } else { call }.send().await;
            assert_eq!(reply.status, 503, "{lock}: {}", reply.text());
            assert!(reply.refused(503, "UNAVAILABLE").header("retry-after").is_some(), "{lock}");
        }
        holder.rollback().await.unwrap();
    };

    let lock = format!("SELECT pg_advisory_xact_lock(hashtextextended('{}', 7311))", anna.id);
    busy(&anna, &lock, None, &json!({})).await;
    for table in ["calendars", "calendar_runs"] {
        busy(&anna, &format!("LOCK TABLE almanac.{table} IN ACCESS EXCLUSIVE MODE"), None, &json!({})).await;
    }

    // With calendars switched off the API still asks whether the key is known, and what is saved.
    let calendar = order(&ben, "application/json", &json!({})).send().await.expect(202).data()["calendarId"].clone();
    let operator = crate::jobs::admin::operator(&stack);
    operator.put("/v1/admin/flags/CALENDAR_SERVICE_ENABLED", json!({ "enabled": false })).await.expect(200);
    let lock = "LOCK TABLE almanac.idempotency_keys IN ACCESS EXCLUSIVE MODE";
    busy(&anna, lock, Some("key"), &json!({})).await;
    let lock = "LOCK TABLE almanac.calendar_entries IN ACCESS EXCLUSIVE MODE";
    busy(&ben, lock, None, &json!({ "calendarId": calendar })).await;
}

/// A foreign migration locks the table: no call can be recorded, for longer than a statement waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_costs_a_fresh_calendar_no_attempt() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let mut stranger = admin.begin().await.unwrap();
    sqlx::query("LOCK TABLE almanac.llm_calls IN ACCESS EXCLUSIVE MODE").execute(&mut *stranger).await.unwrap();
    let mut stream = anna.plan(&json!({})).await;
    let given_up = "another transaction holds a row of a job";
    let met = async || stack.worker(0).log().contains(given_up).then_some(());
    eventually(Duration::from_secs(20), "the worker meets the lock", met).await;

    stranger.rollback().await.unwrap();

    let done = stream.collect_to_end().await.last().unwrap().json();
    assert_eq!(done["data"]["status"], "succeeded", "{done}");
    let attempts: i32 = sqlx::query_scalar("SELECT max(attempt) FROM almanac.jobs").fetch_one(&admin).await.unwrap();
    assert_eq!(attempts, 0);
}
