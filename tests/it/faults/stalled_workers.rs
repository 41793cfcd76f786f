//! Workers that stall while their leases expire and no other worker can take their jobs; and lanes whose slots are all
//! taken, which is no stall.

use std::time::Duration;

use almanac_tests::{Script, Stack, eventually, invariants, world::Answer};
use futures_util::future::join_all;
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(90);
const JOBS: usize = 24;

/// Ten cards in 22 seconds.
fn long(first: usize) -> Script {
    let gap = Duration::from_millis(1_800);
    Answer { cards: 10, first, piece: usize::MAX, gap, ..Answer::default() }.into()
}

/// The sleeper is the only one with slots for these jobs: it claims them again itself, while their first attempts are still
/// there and do not know yet that they have lost them.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_wakes_and_takes_its_own_jobs_again_keeps_them() {
    let stack = Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", "flashcards=64").start().await;
    stack.worker(1).set("WORKER_CONCURRENCY", "calendar=1");
    stack.worker(1).restart().await;
    let admin = stack.admin().await;
    let people: Vec<_> = (0..JOBS).map(|_| stack.user()).collect();
    let jobs: Vec<Uuid> = join_all(people.iter().enumerate().map(|(n, user)| {
        let (stack, key) = (&stack, format!("long-{n}"));
        async move {
            stack.world.play(&key, [long(1), long(11), long(21)]);
            user.generate_scripted(&key).await
        }
    }))
    .await;
    let count = async |which: &str| -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM almanac.jobs WHERE {which}"));
        sqlx::query_scalar(sql).fetch_one(&admin).await.unwrap()
    };
    let all = i64::try_from(JOBS).unwrap();
    eventually(SOON, "all of them run", async || (count("last_seq > 1").await == all).then_some(())).await;

    stack.worker(0).pause();
    let reaped = async || (count("state = 'queued' AND crashes = 1").await == all).then_some(());
    eventually(SOON, "their leases run out", reaped).await;
    stack.worker(0).resume();

    eventually(SOON, "all of them end", async || (count("finished_at IS NULL").await == 0).then_some(())).await;
    assert_eq!(count("state <> 'succeeded'").await, 0);
    assert_eq!(count("crashes <> 0 OR stalls <> 1").await, 0, "the stall cost none a crash");
    for n in 0..JOBS {
        let calls = stack.world.calls(&format!("long-{n}")).len();
        assert!(calls <= 2, "long-{n} was asked for {calls} times");
    }
    let log = stack.worker(0).log();
    assert!(!log.contains("the provider's circuit is open"), "a stall says nothing about the provider");
    invariants::assert_all(&admin, &jobs).await;
}

/// A crash more would end the job: each time its worker wakes, it takes back what the reaper counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_stands_still_again_and_again_is_no_poison() {
    let stack = Stack::builder().workers(2).env("JOB_MAX_CRASHES", "2").start().await;
    let admin = stack.admin().await;
    stack.worker(0).set("WORKER_CONCURRENCY", "flashcards=2");
    stack.worker(1).set("WORKER_CONCURRENCY", "account=1");
    stack.worker(0).restart().await;
    stack.worker(1).restart().await;
    let anna = stack.user();
    stack.world.play("stalled", [Script::hold_after(3), Script::hold_after(3), Script::hold_after(3)]);
    let job = anna.generate_scripted("stalled").await;
    let now = async |which: &str| -> Option<()> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {which} FROM almanac.jobs WHERE id = $1"));
        sqlx::query_scalar::<_, bool>(sql).bind(job).fetch_one(&admin).await.unwrap().then_some(())
    };

    for stall in 1..=2 {
        eventually(SOON, "it runs", async || now("state = 'running' AND crashes = 0").await).await;
        stack.worker(0).pause();
        eventually(SOON, "its lease runs out", async || now("state = 'queued' AND crashes = 1").await).await;
        stack.worker(0).resume();
        eventually(SOON, "the crash is taken back", async || now(&format!("stalls = {stall} AND crashes = 0")).await)
            .await;
    }

    stack.world.release("stalled");
    assert_eq!(anna.follow_to_end(job).await.last().unwrap().json()["status"], "succeeded");
    invariants::assert_all(&admin, &[job]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_whose_slots_are_all_taken_does_not_stand_still() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "flashcards=1").start().await;
    let admin = stack.admin().await;
    stack.world.play("first", [Script::hold_after(3)]);
    let first = stack.user();
    let mut jobs = vec![first.generate_scripted("first").await];
    stack.world.wait_until_holding("first").await;
    for _ in 0..3 {
        jobs.push(stack.user().generate_scripted("next").await);
    }

    // The alarm comes after half a minute.
    let alarm = eventually_says(&stack, "queue worker stalled");
    let alarm = tokio::time::timeout(Duration::from_secs(38), alarm).await;

    assert!(alarm.is_err(), "{}", stack.worker(0).log());
    stack.world.release("first");
    let open = "SELECT count(*) FROM almanac.jobs WHERE finished_at IS NULL";
    let over = async || sqlx::query_scalar(open).fetch_one(&admin).await.ok().filter(|open: &i64| *open == 0);
    eventually(SOON, "the others follow", over).await;
    invariants::assert_all(&admin, &jobs).await;
}

async fn eventually_says(stack: &Stack, words: &str) {
    let said = async || stack.worker(0).log().contains(words).then_some(());
    eventually(2 * SOON, words, said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_of_workers_leave_no_keys_behind() {
    let stack = Stack::builder().start().await;
    let redis = stack.services.redis.connect().await;
    for _ in 0..2 {
        let anna = stack.user();
        anna.follow_to_end(anna.generate_scripted("works").await).await;
        stack.worker(0).terminate();
        stack.worker(0).wait_exit(SOON).await;
        stack.worker(0).start().await;
    }
    let anna = stack.user();
    anna.follow_to_end(anna.generate_scripted("works").await).await;

    let keys = async || {
        let keys: Vec<String> =
            redis::cmd("KEYS").arg("*:workers:metadata:*").query_async(&mut redis.clone()).await.unwrap();
        keys.is_empty().then_some(())
    };
    eventually(SOON, "what the library wrote of its workers is gone", keys).await;
}
