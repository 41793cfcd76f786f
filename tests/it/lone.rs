//! What is done so that a job need not wait: its wake-up brings it to a worker that has room, or has the worker look for it
//! as soon as there is some; and looks at jobs share statements without sharing eyes.

use std::time::Duration;

use almanac_shared::{
    jobs::{
        Lane,
        queue::{wake::WakeUp, wake_channel},
    },
    platform::id::JobId,
};
use almanac_tests::{Script, Stack, User, eventually, invariants, world::source_text};
use futures_util::future::join_all;
use uuid::Uuid;

/// A generation that the store has accepted and that nobody rang for.
async fn unrung(stack: &Stack, user: &User, key: &str) -> Uuid {
    let id = Uuid::now_v7();
    let sql = "SELECT outcome
                 FROM almanac.submit_generations(
                      ARRAY[$1], ARRAY[$2], ARRAY[$3], ARRAY['openai/gpt-4o-mini'], ARRAY['v1'], ARRAY[NULL::text],
                      ARRAY[NULL::bytea], ARRAY['{}'], ARRAY[NULL::text], ARRAY[NULL::text])";
    let outcome = sqlx::query_scalar(sql).bind(user.id).bind(id).bind(source_text(key));
    let outcome: String = outcome.fetch_one(&stack.as_api().await).await.unwrap();
    assert_eq!(outcome, "new");
    id
}

/// Names so many jobs, which have no messages, in one wake-up, until all of them start before the two seconds that the
/// poll leaves a job alone; answers all jobs that were made for it.
async fn start_soon(stack: &Stack, count: usize) -> Vec<Uuid> {
    let (user, admin) = (stack.user(), stack.admin().await);
    // One whole job first: then the worker listens.
    let mut jobs = vec![user.generate_scripted("before").await];
    user.see_end(jobs[0]).await;
    let client = redis::Client::open(stack.services.redis.url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let began = tokio::time::Instant::now();
    loop {
        let mut named = Vec::new();
        for _ in 0..count {
            named.push(unrung(stack, &user, "named").await);
        }
        jobs.extend(&named);
        let listeners: i64 = redis::cmd("PUBLISH")
            .arg(wake_channel(Lane::Flashcards))
            .arg(WakeUp::payload(1, named.iter().copied().map(JobId)))
            .query_async(&mut redis)
            .await
            .unwrap();
        assert_eq!(listeners, 1);
        for job in &named {
            user.see_end(*job).await;
        }
        let waited = "SELECT max(extract(epoch FROM started_at - created_at))::float8
                        FROM almanac.jobs WHERE id = ANY ($1)";
        let waited: f64 = sqlx::query_scalar(waited).bind(&named).fetch_one(&admin).await.unwrap();
        if waited < 1.5 {
            return jobs;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "only the poll brings {count} jobs that are named");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_brings_the_jobs_it_names_without_a_message() {
    let stack = Stack::builder().api_env("GENERATION_RATE", "1000/300").start().await;
    for count in [1, 3] {
        let jobs = start_soon(&stack, count).await;
        invariants::assert_all(&stack.admin().await, &jobs).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_find_no_slot_start_as_soon_as_one_is_free() {
    let stack = Stack::builder()
        .api_env("GENERATION_RATE", "1000/300")
        .worker_env("WORKER_CONCURRENCY", "flashcards=2")
        .start()
        .await;
    let jobs = start_soon(&stack, 8).await;
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
        user.see_end(job).await;
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
    sqlx::query("ANALYZE almanac.accepts").execute(&admin).await.unwrap();
    let scans = async || {
        let sql = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relid = 'almanac.accepts'::regclass";
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
