//! Outages of Postgres and a worker's leases: a worker that cannot renew stops in time and releases its jobs as soon as
//! it can, and an outage is not counted as a crash.

use std::time::{Duration, Instant};

use almanac_shared::{
    jobs::{
        Lease,
        endings::Endings,
        store::{self, WriteError},
    },
    platform::{
        db::Service,
        id::{JobId, LlmCallId},
    },
};
use almanac_tests::{
    Mode, Script, Stack,
    actor::forged::succeeded,
    eventually, invariants,
    services::Postgres,
    world::{Answer, Outcome},
};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::outage::{SOON, assert_generation_succeeds, hold_and_then};

/// The seven cards that are missing after three.
fn rest() -> Script {
    Answer { cards: 7, first: 4, ..Answer::default() }.into()
}

async fn crashes(stack: &Stack) -> Vec<(Uuid, i32)> {
    let sql = "SELECT id, crashes FROM almanac.jobs WHERE crashes > 0";
    sqlx::query_as(sql).fetch_all(&stack.admin().await).await.unwrap()
}

/// When the first worker last said this.
fn said(stack: &Stack, words: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    let log = stack.worker(0).log();
    let line = log.lines().rfind(|line| line.contains(words))?;
    serde_json::from_str::<serde_json::Value>(line).ok()?["timestamp"].as_str()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_postgres_falls_silent_lets_its_jobs_go_and_works_on_when_it_speaks_again() {
    let stack = Stack::builder().proxied().start().await;
    let held = hold_and_then(&stack, "silent", [rest()]).await;
    // The connection for renewals is there and idle, so the next renewal is sent and never answered.
    let (job, admin) = (held.job, stack.admin().await);
    let renewed = "SELECT true FROM almanac.jobs WHERE id = $1 AND lease_expires_at > started_at + interval '11 s'";
    let renewed = async || sqlx::query_scalar::<_, bool>(renewed).bind(job).fetch_optional(&admin).await.unwrap();
    eventually(SOON, "the lease was renewed", renewed).await;

    stack.proxies().worker_postgres.set(Mode::BlackHole).await;

    let noticed = async || said(&stack, "renewing leases failed");
    eventually(SOON, "the worker notices", noticed).await;
    // Before another worker could have its job, and buy the same answer.
    assert_eq!(stack.world.wait_until_ended("silent", 1).await.outcome, Outcome::ClosedByClient);
    stack.proxies().worker_postgres.set(Mode::Pass).await;
    let jobs = [held.heals("silent").await, assert_generation_succeeds(&stack, "after the silence").await];
    assert_eq!(crashes(&stack).await, []);
    invariants::assert_all(&stack.admin().await, &jobs).await;
}

/// Each of these is written by one task of a worker: if it waits for ever, so does everything behind it.
#[tokio::test(flavor = "multi_thread")]
async fn claims_renewals_and_ends_wait_for_a_silent_postgres_for_seconds_and_not_for_ever() {
    let stack = Stack::builder().proxied().workers(0).start().await;
    let url = Postgres::url_at(stack.proxies().worker_postgres.address(), "almanac_worker", &stack.database);
    let service = Service::open(&url.into()).unwrap();
    let (endings, mut starts) = (Endings::start(service.clone()), store::ClaimConnection::new(&service));
    let mut renewals = store::RenewalConnection::new(&service);
    let lease = Lease { job: JobId(Uuid::now_v7()), epoch: 1 };
    let named = [lease.job];
    let claimant = store::Claimant { owner: "the test", suspect_threshold: None, provider: None };
    let end = || endings.write(succeeded(lease, json!({})));
    // Connections that were used a moment ago are not asked whether they live.
    assert!(renewals.renew(&[lease]).await.unwrap().is_empty());
    assert!(matches!(end().await, Err(WriteError::LeaseLost)));
    assert!(starts.start(&named, claimant).await.unwrap().is_empty());

    stack.proxies().worker_postgres.set(Mode::BlackHole).await;

    let begun = Instant::now();
    let renewal = async {
        let renewed = timeout(SOON, renewals.renew(&[lease])).await;
        (renewed.map(|renewed| renewed.map(|_| ())), begun.elapsed())
    };
    let (claim, end, (renewed, waited)) =
        tokio::join!(timeout(SOON, starts.start(&named, claimant)), timeout(SOON, end()), renewal);
    assert!(matches!(renewed, Ok(Err(WriteError::Outage(_)))), "{renewed:?}");
    assert!(waited < Duration::from_secs(4), "two renewals fit into a lease: {waited:?}");
    assert!(matches!(claim, Ok(Err(WriteError::Outage(_)))), "{claim:?}");
    assert!(matches!(end, Ok(Err(WriteError::Outage(_)))), "{end:?}");
}

/// The model's answer comes while the store is unavailable, and the outage is longer than a lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_could_not_be_given_back_for_longer_than_a_lease_has_not_crashed() {
    let stack = Stack::builder().private_postgres().workers(2).start().await;
    stack.worker(1).kill().await;
    let held = hold_and_then(&stack, "long", [rest()]).await;

    stack.services.postgres.stop_immediately().await;
    stack.world.release("long");
    stack.worker(1).launch();
    // Each of them waits for five seconds.
    let tries =
        async || (stack.worker(0).log().matches("writing the end of an attempt failed").count() > 2).then_some(());
    eventually(SOON, "the worker does not forget what it holds", tries).await;
    stack.services.postgres.start_again().await;

    let job = held.heals("long").await;
    assert_eq!(crashes(&stack).await, []);
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_had_to_wait_for_the_store_counts_no_crash_before_others_can_be_back_too() {
    let stack = Stack::builder().proxied().start().await;
    stack.worker(0).kill().await;
    let job = stack.user().forge(&stack).await;
    job.claim("somebody who waits as well", -1_000).await.unwrap();
    stack.proxies().worker_postgres.set(Mode::Refuse).await;
    stack.worker(0).launch();
    eventually(SOON, "the worker waits", async || said(&stack, "Postgres does not answer yet")).await;

    stack.proxies().worker_postgres.set(Mode::Pass).await;

    let reaped =
        eventually(SOON, "the lease is reaped", async || said(&stack, "lease expired; the job was returned")).await;
    let waited = reaped - said(&stack, "worker started").unwrap();
    assert!(waited > chrono::TimeDelta::seconds(9), "a lease is ten seconds: {waited}");
    let epoch = job.claim("the test", 3_600_000).await.unwrap();
    job.finish(epoch).await.unwrap();
}

/// It cannot know of an outage that was over before it began. The workers that come back from it still hold their jobs.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_starts_right_after_an_outage_counts_no_crash_before_others_can_be_back() {
    let stack = Stack::builder().start().await;
    stack.worker(0).kill().await;
    let job = stack.user().forge(&stack).await;
    job.claim("a worker that comes back", -1_000).await.unwrap();

    stack.worker(0).launch();

    let reaped =
        eventually(SOON, "the lease is reaped", async || said(&stack, "lease expired; the job was returned")).await;
    let waited = reaped - said(&stack, "worker started").unwrap();
    assert!(waited > chrono::TimeDelta::seconds(4), "renewals are three seconds apart: {waited}");
    let epoch = job.claim("the test", 3_600_000).await.unwrap();
    job.finish(epoch).await.unwrap();
}

/// The worker learns that it lost the job, and cannot write at once that it did not crash.
#[tokio::test(flavor = "multi_thread")]
async fn a_counted_crash_is_undone_although_the_row_was_held_for_long() {
    let stack = Stack::builder().start().await;
    // What ended is left as it is, so the next attempt waits until the crash is undone.
    let waits = Answer { cards: 7, first: 4, hold_after: Some(3), ..Answer::default() };
    let held = hold_and_then(&stack, "taken", [waits.into()]).await;
    let (job, admin) = (held.job, stack.admin().await);
    let (mut reaper, mut stranger) = (admin.begin().await.unwrap(), admin.begin().await.unwrap());
    let expired = "UPDATE almanac.jobs SET lease_expires_at = clock_timestamp() - interval '1 s' WHERE id = $1";
    sqlx::query(expired).bind(job).execute(&mut *reaper).await.unwrap();
    sqlx::query("SELECT almanac.reap(10)").execute(&mut *reaper).await.unwrap();
    // First in the queue for the row's lock, so that it has it before the worker can undo anything.
    let lock = sqlx::query("SELECT FROM almanac.jobs WHERE id = $1 FOR UPDATE").bind(job).execute(&mut *stranger);
    let reap = async {
        let queued = "SELECT true FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT FROM%'";
        let queued = async || sqlx::query_scalar::<_, bool>(queued).fetch_optional(&admin).await.unwrap();
        eventually(SOON, "the row's lock is waited for", queued).await;
        reaper.commit().await.unwrap();
    };
    let (locked, ()) = tokio::join!(lock, reap);
    locked.unwrap();

    let lost = eventually(SOON, "the worker learns it", async || said(&stack, "lease lost")).await;
    // Longer than an outage of a few seconds.
    let held_for = "SELECT true WHERE clock_timestamp() > $1 + interval '8 s'";
    let held_for = async || sqlx::query_scalar::<_, bool>(held_for).bind(lost).fetch_optional(&admin).await.unwrap();
    eventually(SOON, "the row is held for long", held_for).await;
    stranger.rollback().await.unwrap();

    let undone = "SELECT true FROM almanac.jobs WHERE id = $1 AND crashes = 0 AND stalls = 1";
    let undone = async || sqlx::query_scalar::<_, bool>(undone).bind(job).fetch_optional(&admin).await.unwrap();
    eventually(SOON, "the crash is undone", undone).await;
    stack.world.release("taken");
    let job = held.heals("taken").await;
    invariants::assert_all(&admin, &[job]).await;
}

/// A dead connection would lose the answer that a job stores, and a second call would be paid for.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_with_postgres_are_not_lent_for_an_answer() {
    let stack = Stack::builder().private_postgres().workers(0).start().await;
    let url = stack.services.postgres.url("almanac_worker", &stack.database);
    let service = Service::open(&url.into()).unwrap();
    let lease = Lease { job: JobId(Uuid::now_v7()), epoch: 1 };
    let save = || store::calls::withdraw_call(&service, lease, LlmCallId::fresh());
    let (mut renewals, held) = (store::RenewalConnection::new(&service), [lease]);
    let (_, first) = tokio::join!(join_all((0..8).map(|_| save())), renewals.renew(&held));
    first.unwrap();
    let admin = stack.admin().await;
    let rest = "SELECT count(*) > 4 FROM pg_stat_activity
                 WHERE usename = 'almanac_worker' AND state = 'idle'
                   AND state_change < clock_timestamp() - interval '1 s'";
    let rested = async || sqlx::query_scalar::<_, bool>(rest).fetch_one(&admin).await.unwrap().then_some(());
    eventually(SOON, "connections rest", rested).await;

    stack.services.postgres.restart_immediately().await;

    let (saved, renewed) = tokio::join!(save(), renewals.renew(&held));
    saved.unwrap();
    assert!(renewed.unwrap().is_empty());
}
