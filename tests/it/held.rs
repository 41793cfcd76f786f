//! Jobs that stand in the way of others: a row that somebody holds for long, and jobs that may run one at a time only.
//! Whoever is beside them loses nothing.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use almanac_tests::{Mode, Script, Stack, eventually, invariants};
use sqlx::PgPool;
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
        assert_eq!(anna.see_end(*job).await.last().unwrap().json()["status"], "succeeded", "{key}");
    }
    assert_eq!(counts(&admin, jobs[1]).await, ("succeeded".to_owned(), 0, 1));
    invariants::assert_all(&admin, &jobs).await;
}

/// An API that stands still between two steps of a cancel must not stand on the job's row meanwhile.
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
    // Nobody hears of these but by the poll.
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
    for (key, job) in ["wary-1", "wary-2", "wary-3", "fresh"].into_iter().zip(&jobs) {
        stack.world.release(key);
        assert_eq!(anna.see_end(*job).await.last().unwrap().json()["status"], "succeeded", "{key}");
    }
    invariants::assert_all(&admin, &jobs).await;
}
