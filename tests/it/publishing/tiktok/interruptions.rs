//! Workers that are killed or stand still, and rows that another transaction holds, at each step of an upload.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use almanac_tests::{eventually, world::channels::Script};
use tokio::time::Instant;

use super::*;
use crate::publishing::{
    SOON,
    locks::{Row, held_for, hold},
    stalls::is,
};

/// The request that is held, and how. Large videos come first: they need the longest until they are held.
const HELD: [(&str, Step, Script); 10] = [
    (LARGE, Step::Publish, Script::AcceptThenHold),
    (LARGE, Step::Publish, Script::HoldAfter(3_000_000)),
    (LARGE, Step::Chunk, Script::AcceptThenHold),
    (LARGE, Step::Chunk, Script::HoldAfter(3_000_000)),
    (SMALL, Step::Publish, Script::Hold),
    (SMALL, Step::Publish, Script::AcceptThenHold),
    (SMALL, Step::Status, Script::AcceptThenHold),
    (SMALL, Step::Init, Script::AcceptThenHold),
    (SMALL, Step::Init, Script::Hold),
    (SMALL, Step::Quota, Script::Hold),
];

/// A stack whose worker waits long enough for all of them.
async fn patient_stack() -> Stack {
    let concurrency = "publishing=16,calendar=8";
    let builder = Stack::builder().worker_env("WORKER_CONCURRENCY", concurrency);
    builder.worker_env("CHANNEL_CALL_TIMEOUT_MS", "4000").start().await
}

/// Cases of which each has a request that is held.
async fn all_held(stack: &Stack) -> Vec<(Case, String)> {
    let mut cases = Vec::new();
    for (video, step, script) in HELD {
        let tell = |channels: &Channels, account: &str| channels.play(account, step, [script, Script::Ok]);
        cases.push(Case::with(stack, video, tell).await);
    }
    let held = cases.into_iter().map(async |case| {
        let id = case.publish().await;
        stack.world.channels().wait_until_holding(&case.grant.account).await;
        (case, id)
    });
    join_all(held).await
}

async fn assert_all_posted_once(stack: &Stack, cases: &[(Case, String)]) {
    for ((case, id), (video, step, script)) in cases.iter().zip(HELD) {
        let ended = case.anna.wait_for_ends(std::slice::from_ref(id)).await.remove(0);
        assert_eq!(ending(&ended), ("published", ""), "{video} {step:?} {script:?}: {ended}");
        case.assert_posted_once(stack, id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_step_of_an_upload_posts_once() {
    let stack = patient_stack().await;
    let cases = all_held(&stack).await;

    stack.worker(0).restart().await;

    assert_all_posted_once(&stack, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stands_still_at_any_step_of_an_upload_posts_once() {
    let stack = patient_stack().await;
    let cases = all_held(&stack).await;

    stack.worker(0).pause();
    cases.iter().for_each(|(case, _)| stack.world.release(&case.grant.account));
    let lost = async || is(&stack, "lease_expires_at < clock_timestamp()").await;
    eventually(SOON, "its leases run out", lost).await;
    stack.worker(0).resume();

    assert_all_posted_once(&stack, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_goes_on_with_the_uploads_of_one_that_stands_still() {
    let concurrency = "publishing=16,calendar=8";
    let builder = Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", concurrency);
    let stack = builder.worker_env("CHANNEL_CALL_TIMEOUT_MS", "4000").start().await;
    stack.worker(1).kill().await;
    let cases = all_held(&stack).await;

    stack.worker(0).pause();
    stack.worker(1).start().await;
    for (case, id) in &cases {
        case.anna.wait_for_intent(id, "published").await;
    }
    cases.iter().for_each(|(case, _)| stack.world.release(&case.grant.account));
    stack.worker(0).resume();
    let awake = async || stack.worker(0).lease_owner().map(drop);
    eventually(SOON, "it runs again", awake).await;

    assert_all_posted_once(&stack, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_held_at_any_step_of_an_upload_only_delays_it() {
    let stack = patient_stack().await;
    let stack = &stack;
    let steps = [
        (Step::Quota, Row::Intent),
        (Step::Quota, Row::Job),
        (Step::Init, Row::Intent),
        (Step::Init, Row::Attempt),
        (Step::Init, Row::Account),
        (Step::Publish, Row::Intent),
        (Step::Publish, Row::Effect),
        (Step::Publish, Row::Job),
        (Step::Status, Row::Effect),
        (Step::Status, Row::ReceiptHead),
        (Step::Status, Row::Account),
    ];
    let mut cases = Vec::new();
    for (step, row) in steps {
        let hold =
            |channels: &Channels, account: &str| channels.play(account, step, [Script::AcceptThenHold, Script::Ok]);
        cases.push((Case::with(stack, SMALL, hold).await, step, row));
    }
    join_all(cases.iter().map(async |(case, step, row)| {
        let (step, row) = (*step, *row);
        let id = case.publish().await;
        stack.world.channels().wait_until_holding(&case.grant.account).await;

        let holder = hold(stack, row, case.anna.id).await;
        let began = Instant::now();
        stack.world.release(&case.grant.account);
        // Longer than one try to write waits for a row.
        held_for(began, Duration::from_secs(2)).await;
        holder.rollback().await.unwrap();

        case.assert_posted_once(stack, &id).await;
        assert_eq!(case.requests(stack, Step::Publish), 1, "{step:?} {row:?}: sent once");
    }))
    .await;
}

/// The only worker dies at `point`, and is started again.
async fn survives_a_crash_at(point: &str) {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", point).start().await;
    let cases = [Case::new(&stack, SMALL).await, Case::new(&stack, LARGE).await, Case::new(&stack, SMALL).await];
    let ids = join_all(cases.iter().map(Case::publish)).await;

    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "{point}: the crash point fired");
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    for (case, id) in cases.iter().zip(&ids) {
        case.assert_posted_once(&stack, id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_point_posts_a_video_once() {
    let points = ["publish_opened:4", "publish_prepared:2", "publish_sending", "publish_answered:2"];
    join_all(points.map(survives_a_crash_at)).await;
}
