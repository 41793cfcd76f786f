//! Starting jobs without delay: a message wakes one idle worker, or the first free slot takes the job; reads of jobs
//! share statements without sharing rights.

use std::{cell::Cell, time::Duration};

use almanac_tests::{Script, Stack, User, eventually, invariants};
use futures_util::future::join_all;
use tokio::time::Instant;

/// Scripts evaluated by Redis so far: every look of a worker into a lane is one.
async fn scripts_run(stack: &Stack) -> u64 {
    let mut redis = stack.services.redis.connect().await;
    let stats: String = redis::cmd("INFO").arg("commandstats").query_async(&mut redis).await.unwrap();
    let calls = |line: &str| line.split_once("calls=")?.1.split(',').next()?.parse::<u64>().ok();
    stats.lines().filter(|line| line.starts_with("cmdstat_evalsha")).filter_map(calls).sum()
}

/// Scripts in a second while nothing is to do: looks of each worker into each of its lanes, and its heartbeats. Workers that
/// have just started register their lanes first, so two seconds must be alike.
async fn at_rest(stack: &Stack) -> f64 {
    let mark = Cell::new((Instant::now(), scripts_run(stack).await, 0.0));
    let settled = async || {
        let (since, before, last) = mark.get();
        let seconds = since.elapsed().as_secs_f64();
        if seconds < 1.0 {
            return None;
        }
        let now = scripts_run(stack).await;
        let rate = (now - before) as f64 / seconds;
        mark.set((Instant::now(), now, rate));
        (rate < last * 1.25 && last < rate * 1.25).then_some(rate)
    };
    eventually(Duration::from_secs(60), "the workers are at rest", settled).await
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_find_no_slot_start_as_soon_as_one_is_free() {
    let stack = Stack::builder()
        .api_env("GENERATION_RATE", "1000/300")
        .worker_env("WORKER_CONCURRENCY", "flashcards=2")
        .start()
        .await;
    let (user, admin) = (stack.user(), stack.admin().await);

    let jobs = join_all((0..8).map(|_| user.generate_scripted("soon"))).await;
    for job in &jobs {
        user.follow_to_end(*job).await;
    }

    // The poll leaves a job to its message for two seconds; a lane that is behind does not.
    let waited = "SELECT max(extract(epoch FROM started_at - created_at))::float8 FROM almanac.jobs";
    let waited: f64 = sqlx::query_scalar(waited).fetch_one(&admin).await.unwrap();
    assert!(waited < 1.5, "one waited for {waited} s");
    invariants::assert_all(&admin, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_wakes_one_of_many_idle_workers() {
    let stack = Stack::builder().api_env("GENERATION_RATE", "1000/300").workers(8).start().await;
    let user = stack.user();
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(user.generate_scripted("warm").await);
        user.follow_to_end(*jobs.last().unwrap()).await;
    }

    let rest = at_rest(&stack).await;
    let (before, began) = (scripts_run(&stack).await, Instant::now());
    for _ in 0..20 {
        jobs.push(user.generate_scripted("lone").await);
        user.follow_to_end(*jobs.last().unwrap()).await;
    }
    let (run, took) = (scripts_run(&stack).await - before, began.elapsed().as_secs_f64());

    // Besides what workers do at rest a job costs a push, two looks of one worker, and an acknowledgement. If each wake-up woke all workers there would be two looks of each.
    let idle = rest * (took + 1.0);
    assert!((run as f64) < idle + 20.0 * 8.0, "{run} scripts for 20 jobs in {took:.1} s, of which {idle:.0} at rest");
    invariants::assert_all(&stack.admin().await, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_that_two_idle_workers_hear_starts_its_job_once() {
    let stack = Stack::builder().api_env("GENERATION_RATE", "1000/300").workers(2).start().await;
    let admin = stack.admin().await;
    let user = stack.user();
    let mut jobs = Vec::new();

    for number in 0..5 {
        let key = format!("heard-by-two-{number}");
        stack.world.play(&key, [Script::ok(5)]);
        let job = user.generate_scripted(&key).await;
        user.follow_to_end(job).await;
        assert_eq!(stack.world.calls(&key).len(), 1);
        jobs.push(job);
    }

    let epochs = "SELECT DISTINCT epoch FROM almanac.jobs WHERE id = ANY ($1)";
    let epochs: Vec<i64> = sqlx::query_scalar(epochs).bind(&jobs).fetch_all(&admin).await.unwrap();
    assert_eq!(epochs, [1]);
    invariants::assert_all(&admin, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_look_at_the_same_moment_see_their_own_jobs_only() {
    let stack = Stack::builder().api_env("GENERATION_RATE", "1000/300").workers(0).start().await;
    let people: Vec<User> = (0..8).map(|_| stack.user()).collect();
    let jobs = join_all(people.iter().map(|user| user.generate_scripted("looked-at"))).await;

    let looks = people.iter().flat_map(|user| jobs.iter().map(move |job| (user, job)));
    let answers = join_all(looks.map(async |(user, job)| {
        let reply = user.get(&format!("/v1/jobs/{job}")).await;
        (user.id, *job, reply.status, reply.json()["data"]["id"].clone())
    }))
    .await;

    assert_eq!(answers.len(), 64);
    for (user, job, status, shown) in answers {
        let owner = people.iter().zip(&jobs).any(|(person, theirs)| person.id == user && *theirs == job);
        let expected = if owner { (200, serde_json::json!(job)) } else { (404, serde_json::Value::Null) };
        assert_eq!((status, shown), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_leaves_nobodys_eyes_on_its_connection() {
    let stack = Stack::builder().api_env("GENERATION_RATE", "1000/300").workers(0).start().await;
    let (anna, eve) = (stack.user(), stack.user());
    let job = anna.generate_scripted("looked-at").await;
    let api = stack.as_api().await;
    let mut connection = api.acquire().await.unwrap();

    for (user, seen) in [(&anna, 1), (&eve, 0), (&anna, 1)] {
        let look = "SELECT n FROM almanac.look(ARRAY[$1], ARRAY[$2])";
        let rows: Vec<i32> =
            sqlx::query_scalar(look).bind(user.id).bind(job).fetch_all(&mut *connection).await.unwrap();
        assert_eq!(rows.len(), seen);
        let left = "SELECT current_user::text, coalesce(current_setting('request.jwt.claims', true), '')";
        let left: (String, String) = sqlx::query_as(left).fetch_one(&mut *connection).await.unwrap();
        assert_eq!(left, ("almanac_api".to_owned(), String::new()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accept_reads_by_its_index_however_small_the_table_was_when_it_was_planned() {
    let stack = Stack::builder().api_env("GENERATION_RATE", "1000/300").workers(0).start().await;
    let admin = stack.admin().await;
    stack.user().generate_scripted("first").await;
    // A table of one page, and known to be: the cheapest way to read it is to read all of it.
    sqlx::query("ANALYZE almanac.submissions").execute(&admin).await.unwrap();
    let scans = async || {
        let sql = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relid = 'almanac.submissions'::regclass";
        sqlx::query_as::<_, (i64, i64)>(sql).fetch_one(&admin).await.unwrap()
    };
    let before = scans().await;

    for _ in 0..8 {
        stack.user().generate_scripted("next").await;
    }

    // A process says what it read within ten seconds of falling idle, all of it at once.
    let told = async || Some(scans().await).filter(|after| *after != before);
    let after = eventually(Duration::from_secs(40), "the accepts are counted", told).await;
    assert_eq!(after.0, before.0, "whole tables that were read");
}
