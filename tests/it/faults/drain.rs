//! Graceful shutdown: workers finish or release their jobs, the API closes its streams.

use std::{collections::HashSet, time::Duration};

use almanac_tests::{
    Script, Stack, User,
    actor::{
        log::{stored, suggestion_fronts},
        stream::{Encoding, EventStream, Frame},
    },
    eventually, invariants,
    stack::Node,
    world::{Answer, Outcome},
};
use futures_util::future::join_all;
use http::Method;
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(45);

async fn state_and_crashes(stack: &Stack, job: Uuid) -> (String, i32) {
    sqlx::query_as("SELECT state, crashes FROM almanac.jobs WHERE id = $1")
        .bind(job)
        .fetch_one(&stack.admin().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_worker_finishes_what_runs_and_takes_nothing_more() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    stack.world.play("running", [Script::hold_after(3)]);
    let running = anna.generate_scripted("running").await;
    stack.world.wait_until_holding("running").await;

    stack.worker(0).terminate();
    eventually(SOON, "the worker drains", || async { stack.worker(0).log().contains("draining").then_some(()) }).await;
    let waiting = anna.generate_scripted("waiting").await;
    stack.world.release("running");

    assert_eq!(stack.worker(0).wait_exit(SOON).await.code(), Some(0));
    assert_eq!(anna.follow_to_end(running).await.last().unwrap().json()["status"], "succeeded");
    assert_eq!(state_and_crashes(&stack, running).await, ("succeeded".to_owned(), 0));
    assert_eq!(stack.world.calls("running").len(), 1);
    assert_eq!(state_and_crashes(&stack, waiting).await, ("queued".to_owned(), 0), "a draining worker takes nothing");
    stack.worker(0).start().await;
    anna.follow_to_end(waiting).await;
    invariants::assert_all(&stack.admin().await, &[running, waiting]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_time_is_handed_back_and_goes_on_elsewhere_without_a_crash() {
    let stack = Stack::builder().workers(2).worker_env("SHUTDOWN_SECONDS", "1").start().await;
    let anna = stack.user();
    let rest = Answer { cards: 7, first: 4, ..Answer::default() };
    stack.world.play("long", [Script::hold_after(3), rest.into()]);
    let job = anna.generate_scripted("long").await;
    let (mut open, mut events) = anna.follow_until_suggestions(job, 3).await;
    let holder = stack.holder(job).await;

    holder.terminate();

    assert_eq!(holder.wait_exit(SOON).await.code(), Some(0));
    events.extend(stored(open.collect_to_end().await));
    assert_eq!(suggestion_fronts(&events).len(), 10);
    assert_eq!(events, anna.follow_to_end(job).await);
    assert_eq!(state_and_crashes(&stack, job).await, ("succeeded".to_owned(), 0));
    assert_eq!(stack.world.wait_until_ended("long", 1).await.outcome, Outcome::ClosedByClient);
    assert_eq!(stack.world.calls("long")[1].task["exclude"].as_array().map(Vec::len), Some(3));
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

/// A drain that is cut short by a kill is a crash like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_drains_loses_nothing() {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", "draining").start().await;
    let anna = stack.user();
    let rest = Answer { cards: 8, first: 3, ..Answer::default() };
    stack.world.play("cut", [Script::hold_after(2), rest.into()]);
    let job = anna.generate_scripted("cut").await;
    anna.follow_until_suggestions(job, 2).await;

    stack.worker(0).terminate();
    assert_eq!(stack.worker(0).wait_exit(SOON).await.code(), None);
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    let events = anna.follow_to_end(job).await;
    assert_eq!(suggestion_fronts(&events).len(), 10);
    assert_eq!(state_and_crashes(&stack, job).await, ("succeeded".to_owned(), 1));
    assert_eq!(stack.world.calls("cut").len(), 2);
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

/// Waits until a worker has begun its work for the n-th time; before that it does not handle SIGTERM.
async fn at_work(worker: &Node, times: usize) {
    eventually(SOON, "worker started", || async {
        (worker.log().matches("worker started").count() == times).then_some(())
    })
    .await;
}

/// Workers come and go while work comes in: no restart costs a crash or a second call.
#[tokio::test(flavor = "multi_thread")]
async fn rolling_restarts_under_load_cost_nobody_anything() {
    let stack = Stack::builder().workers(2).start().await;
    join_all([0, 1].map(|n| at_work(stack.worker(n), 1))).await;
    let mut jobs = Vec::new();
    for turn in 0..6 {
        let users: Vec<_> = (0..4).map(|_| stack.user()).collect();
        let key = format!("turn-{turn}");
        jobs.extend(join_all(users.iter().map(|user| user.generate_scripted(&key))).await);
        let worker = stack.worker(turn % 2);
        worker.terminate();
        assert_eq!(worker.wait_exit(SOON).await.code(), Some(0));
        worker.start().await;
        at_work(worker, turn / 2 + 2).await;
    }

    let admin = stack.admin().await;
    eventually(SOON, "all jobs end", || async {
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM almanac.jobs WHERE finished_at IS NULL")
            .fetch_one(&admin)
            .await
            .ok()?;
        (open == 0).then_some(())
    })
    .await;
    let harmed: i64 = sqlx::query_scalar("SELECT count(*) FROM almanac.jobs WHERE crashes > 0 OR state <> 'succeeded'")
        .fetch_one(&admin)
        .await
        .unwrap();
    assert_eq!(harmed, 0, "a restart is no crash");
    assert_eq!(stack.world.ledger().all().len(), jobs.len(), "each job's model was called once");
    invariants::assert_all(&admin, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ending_api_says_goodbye_and_everybody_goes_on_at_another() {
    let stack = Stack::builder().apis(2).start().await;
    let anna = stack.user();
    let there = anna.at(stack.api(1).address());
    stack.world.play("going", [Script::hold_after(4)]);
    let job = anna.generate_scripted("going").await;
    stack.world.wait_until_holding("going").await;
    let path = format!("/v1/jobs/{job}/events");
    let mut sse = Vec::new();
    for _ in 0..12 {
        let mut stream = anna.request(Method::GET, &path).open(Encoding::Sse).await;
        stream.next_of("suggestion").await;
        sse.push(stream);
    }
    let mut ndjson = anna.request(Method::GET, &path).open(Encoding::Ndjson).await;

    stack.api(0).terminate();

    let draining = eventually(SOON, "it says that it is not ready", || async {
        let reply = anna.anonymous().request(Method::GET, "/readyz").try_send().await.ok()?;
        (reply.status == 503).then_some(reply)
    });
    let goodbyes = join_all(sse.iter_mut().map(|stream| async {
        let (mut last_seq, mut retry) = (1, 0);
        while let Some(frame) = stream.next_frame().await {
            match frame {
                Frame::Event(event) => last_seq = event.seq.unwrap_or(last_seq),
                Frame::Retry(pause) => retry = pause,
                Frame::Comment(_) => {}
            }
        }
        assert!(stream.broken().is_none(), "a goodbye is a clean end: {:?}", stream.broken());
        (last_seq, retry)
    }));
    let (draining, goodbyes, lines) = tokio::join!(draining, goodbyes, ndjson.collect_to_end());
    assert_eq!(draining.json()["status"], "draining");
    assert_eq!(stack.api(0).wait_exit(SOON).await.code(), Some(0));
    let pauses: HashSet<u64> = goodbyes.iter().map(|(_, retry)| *retry).collect();
    assert!(pauses.iter().all(|pause| (500..3_000).contains(pause)), "{pauses:?}");
    assert!(pauses.len() > 6, "they must not all come back in the same moment: {pauses:?}");
    let rests = goodbyes.iter().map(|(last_seq, _)| resume(&there, job, *last_seq));
    let mut rests = join_all(rests).await;
    stack.world.release("going");
    let log = there.follow_to_end(job).await;
    for ((last_seq, _), rest) in goodbyes.iter().zip(&mut rests) {
        let after = usize::try_from(*last_seq).unwrap();
        assert_eq!(stored(rest.collect_to_end().await), log[after..], "resumed after {after}");
    }
    assert!(lines.iter().all(|line| !line.is_final()), "the job was not over");
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

async fn resume(user: &User, job: Uuid, after: u64) -> EventStream {
    user.follow_after(&job.to_string(), after).await
}
