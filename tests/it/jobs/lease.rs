//! Leases and exclusive slots: a job's claim and lease have one owner, and so has a user's slot. Each rule is tested at
//! the functions that keep it, as the role that may call them, and over HTTP where a whole system can show it. Writes
//! after a lost lease are tested in `jobs::fence`.

use std::{collections::HashSet, time::Duration};

use almanac_tests::{
    Script, Stack,
    actor::{forged::sqlstate, log::suggestion_fronts},
    eventually, invariants,
    world::Answer,
};
use futures_util::future::join_all;
use sqlx::{PgPool, Row};
use uuid::Uuid;

pub(crate) const LONG_LEASE_MS: i32 = 3_600_000;
/// A lease that has expired when it is taken.
pub(crate) const EXPIRED_LEASE_MS: i32 = -1_000;

#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct JobNow {
    pub(crate) state: String,
    epoch: i64,
    crashes: i32,
    last_seq: i64,
}

pub(crate) async fn now(admin: &PgPool, job: Uuid) -> JobNow {
    let query = sqlx::query_as("SELECT state, epoch, crashes, last_seq FROM almanac.jobs WHERE id = $1").bind(job);
    query.fetch_one(admin).await.unwrap()
}

pub(crate) fn running(epoch: i64, crashes: i32) -> JobNow {
    JobNow { state: "running".to_owned(), epoch, crashes, last_seq: 0 }
}

pub(crate) async fn reap(worker: &PgPool) -> Vec<Uuid> {
    sqlx::query_scalar("SELECT id FROM almanac.reap(3)").fetch_all(worker).await.unwrap()
}

/// A stack without workers: only the test claims and reaps in its database.
pub(crate) async fn stack_without_workers() -> Stack {
    Stack::builder().workers(0).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_answer_was_lost_is_given_back_by_its_owner_alone_and_is_no_crash() {
    let stack = stack_without_workers().await;
    let admin = stack.admin().await;
    let job = stack.user().forge(&stack).await;
    let unclaim = async |owner: &str| -> Vec<Uuid> {
        let query =
            sqlx::query_scalar("SELECT id FROM almanac.release_unconfirmed('nobody', $1, '{}', '{}')").bind(owner);
        query.fetch_all(job.worker()).await.unwrap()
    };
    let calls = async || -> i64 {
        let query = sqlx::query_scalar("SELECT count(*) FROM almanac.llm_calls WHERE job_id = $1").bind(job.id);
        query.fetch_one(&admin).await.unwrap()
    };
    let epoch = job.claim("mine", LONG_LEASE_MS).await.unwrap();
    let open = "SELECT almanac.open_call(gen_random_uuid(), $1, $2, 'cards', 'test', 'test', 3, 6)";
    sqlx::query(open).bind(job.id).bind(epoch).execute(job.worker()).await.unwrap();

    assert!(unclaim("another").await.is_empty(), "what others hold is theirs");
    assert_eq!((now(&admin, job.id).await, calls().await), (running(epoch, 0), 1));
    assert_eq!(unclaim("mine").await, [job.id]);
    assert!(unclaim("mine").await.is_empty(), "once");

    let given = JobNow { state: "queued".to_owned(), ..running(epoch, 0) };
    assert_eq!(
        (now(&admin, job.id).await, calls().await),
        (given, 0),
        "no crash, and a call that was not made is none"
    );
    let again = job.claim("another", LONG_LEASE_MS).await.unwrap();
    assert_eq!(again, epoch + 1);
    job.finish(again).await.unwrap();
    invariants::assert_all(&admin, &[job.id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_is_claimed_once_however_often_it_rings() {
    let stack = stack_without_workers().await;
    let admin = stack.admin().await;
    let job = stack.user().forge(&stack).await;

    let at_once = join_all((0..8).map(|_| job.claim("one of many", LONG_LEASE_MS))).await;
    let later = job.claim("late", LONG_LEASE_MS).await;

    let won: Vec<i64> = at_once.into_iter().flatten().collect();
    assert_eq!(won, [1], "one of eight has it");
    assert_eq!(later, None, "a running job is not claimed");
    job.finish(1).await.unwrap();
    assert_eq!(job.claim("too late", LONG_LEASE_MS).await, None, "a final job is not claimed");
    assert_eq!(now(&admin, job.id).await.epoch, 1);
    invariants::assert_all(&admin, &[job.id]).await;
}

/// The renewal and the reaper meet in the same moment: the renewal is not yet committed when the reaper looks.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_lease_is_not_reaped() {
    let stack = stack_without_workers().await;
    let admin = stack.admin().await;
    let job = stack.user().forge(&stack).await;
    let epoch = job.claim("slow", EXPIRED_LEASE_MS).await.unwrap();
    let mut renewal = job.worker().begin().await.unwrap();
    let renew = sqlx::query("SELECT * FROM almanac.renew_leases(ARRAY[$1], ARRAY[$2], '1 h')").bind(job.id).bind(epoch);
    assert_eq!(renew.fetch_all(&mut *renewal).await.unwrap().len(), 1);

    let reaper = tokio::spawn({
        let worker = stack.as_worker().await;
        async move { reap(&worker).await }
    });
    // The reaper has looked: it is done, or it waits for the renewal's lock.
    eventually(Duration::from_secs(30), "the reaper has looked", || async {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        let waits: i64 = sqlx::query_scalar(waiting).fetch_one(&admin).await.ok()?;
        (reaper.is_finished() || waits > 0).then_some(())
    })
    .await;
    renewal.commit().await.unwrap();

    assert!(reaper.await.unwrap().is_empty(), "nothing was there to reap");
    assert_eq!(now(&admin, job.id).await, running(epoch, 0));
    job.finish(epoch).await.unwrap();
    invariants::assert_all(&admin, &[job.id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reapers_that_meet_count_a_crash_once() {
    let stack = stack_without_workers().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    let mut jobs = Vec::new();
    for _ in 0..20 {
        let job = anna.forge(&stack).await;
        job.claim("gone", EXPIRED_LEASE_MS).await.unwrap();
        jobs.push(job);
    }
    let worker = stack.as_worker().await;

    let reaped = join_all((0..4).map(|_| reap(&worker))).await.concat();

    assert_eq!(reaped.len(), jobs.len());
    assert_eq!(reaped.iter().collect::<HashSet<_>>().len(), jobs.len());
    for job in &jobs {
        assert_eq!(now(&admin, job.id).await.crashes, 1);
        let epoch = job.claim("next", LONG_LEASE_MS).await.unwrap();
        job.finish(epoch).await.unwrap();
    }
}

/// A job that is one crash from being given up may be poison: it must not take others down that are as near to it.
#[tokio::test(flavor = "multi_thread")]
async fn last_chances_are_taken_one_at_a_time() {
    let stack = stack_without_workers().await;
    let (admin, anna) = (stack.admin().await, stack.user());
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let job = anna.forge(&stack).await;
        for _ in 0..2 {
            job.claim("gone", EXPIRED_LEASE_MS).await.unwrap();
            assert_eq!(reap(job.worker()).await, [job.id]);
        }
        jobs.push(job);
    }
    let fresh = anna.forge(&stack).await;
    let ids: Vec<Uuid> = jobs.iter().chain([&fresh]).map(|job| job.id).collect();
    let claim = |owner: &'static str| {
        let sql = "SELECT (job).id FROM almanac.start($1, $1, $2, '1 h', 2, NULL) ORDER BY 1";
        let query = sqlx::query_scalar::<_, Uuid>(sql);
        query.bind(&ids).bind(owner).fetch_all(fresh.worker())
    };

    let first = claim("one").await.unwrap();
    let more = claim("one").await.unwrap();
    let elsewhere = claim("two").await.unwrap();
    jobs[0].finish(3).await.unwrap();
    let next = claim("one").await.unwrap();

    assert_eq!(first, [jobs[0].id, fresh.id], "the oldest of them, and whatever else there is");
    assert!(more.is_empty(), "one at a time");
    assert_eq!(elsewhere, [jobs[1].id], "another process may take another");
    assert_eq!(next, [jobs[2].id]);
    for (job, epoch) in jobs[1..].iter().zip([3, 3]) {
        job.finish(epoch).await.unwrap();
    }
    fresh.finish(1).await.unwrap();
    invariants::assert_all(&admin, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_active_job_with_one_exclusive_key_is_refused() {
    let stack = stack_without_workers().await;
    let anna = stack.user();
    let ids: Vec<Uuid> = (0..4).map(|_| Uuid::now_v7()).collect();

    let accepted = join_all(ids.iter().map(|id| anna.submit_job(&stack, "calendar.generate", *id))).await;

    let new: Vec<Uuid> = accepted.iter().filter(|(outcome, _)| outcome == "new").filter_map(|(_, id)| *id).collect();
    assert_eq!(new.len(), 1, "one of four at once: {accepted:?}");
    assert!(accepted.iter().all(|(_, id)| *id == Some(new[0])), "the others learn which one runs: {accepted:?}");
    assert_eq!(accepted.iter().filter(|(outcome, _)| outcome == "active").count(), 3);
    let other = anna.submit_job(&stack, "account.erase", Uuid::now_v7()).await;
    assert_eq!(other.0, "new", "another slot is free");
    assert_eq!(
        stack.user().submit_job(&stack, "calendar.generate", Uuid::now_v7()).await.0,
        "new",
        "so is another person's"
    );
    // Even what goes past `submit` is refused.
    let admin = stack.admin().await;
    let past = sqlx::query("INSERT INTO almanac.jobs (id, user_id, kind, lane, exclusive_key, subject_type, subject_id)
        SELECT gen_random_uuid(), user_id, kind, lane, exclusive_key, subject_type, subject_id FROM almanac.jobs WHERE id = $1");
    assert_eq!(sqlstate(past.bind(new[0]).execute(&admin).await), "23505");
    // Its end frees the slot.
    let worker = stack.as_worker().await;
    let epoch: i64 = sqlx::query("SELECT epoch FROM almanac.claim(ARRAY[$1], 'w', '1 h')")
        .bind(new[0])
        .fetch_one(&worker)
        .await
        .unwrap()
        .get(0);
    sqlx::query("SELECT almanac.finish($1, $2, 'failed', NULL)")
        .bind(new[0])
        .bind(epoch)
        .execute(&worker)
        .await
        .unwrap();
    assert_eq!(anna.submit_job(&stack, "calendar.generate", Uuid::now_v7()).await.0, "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_call_the_model_of_each_of_a_hundred_jobs_once() {
    let stack = Stack::builder().workers(2).start().await;
    let users: Vec<_> = (0..20).map(|_| stack.user()).collect();

    let jobs = join_all((0..100).map(|n| {
        let user = &users[n % users.len()];
        async move { user.generate_scripted(&format!("job-{n}")).await }
    }))
    .await;
    let ends = join_all(jobs.iter().enumerate().map(|(n, job)| users[n % users.len()].follow_to_end(*job))).await;

    assert!(ends.iter().all(|events| events.last().unwrap().json()["status"] == "succeeded"));
    for n in 0..100 {
        assert_eq!(stack.world.calls(&format!("job-{n}")).len(), 1, "job-{n}");
    }
    let admin = stack.admin().await;
    let owners: i64 = sqlx::query_scalar("SELECT count(*) FROM almanac.jobs WHERE epoch <> 1 OR crashes <> 0")
        .fetch_one(&admin)
        .await
        .unwrap();
    assert_eq!(owners, 0, "each was claimed once");
    invariants::assert_all(&admin, &jobs).await;
}

/// A worker stands still for longer than its lease and wakes while another has its job: whatever it writes is late.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_wakes_after_its_lease_writes_into_nobodys_job() {
    let stack = Stack::builder().workers(2).start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let rest = Answer { cards: 7, first: 4, hold_after: Some(3), ..Answer::default() };
    stack.world.play("paused", [Script::hold_after(3), rest.into()]);
    let job = anna.generate_scripted("paused").await;
    anna.follow_until_suggestions(job, 3).await;
    let sleeper = stack.holder(job).await;

    sleeper.pause();
    stack.world.wait_for_call("paused", 2).await;
    // The first release is for the first call, whose answer now waits in the sleeper's socket.
    stack.world.release("paused");
    stack.world.wait_until_ended("paused", 1).await;
    sleeper.resume();
    eventually(
        Duration::from_secs(30),
        "the sleeper learns that its lease is lost, and takes the crash back",
        || async { sleeper.log().contains("undid the counted crash").then_some(()) },
    )
    .await;
    assert_eq!(now(&admin, job).await.state, "running", "its new holder works on");
    stack.world.release("paused");

    let events = anna.follow_to_end(job).await;
    let fronts = suggestion_fronts(&events);
    assert_eq!(fronts.iter().collect::<HashSet<_>>().len(), fronts.len(), "{fronts:?}");
    assert_eq!((fronts.len(), anna.fronts(job).await), (10, fronts));
    let left = now(&admin, job).await;
    assert_eq!((left.state.as_str(), left.crashes, left.epoch), ("succeeded", 0, 2));
    assert_eq!(stack.world.calls("paused").len(), 2);
    invariants::assert_all(&admin, &[job]).await;
}
