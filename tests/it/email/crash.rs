//! Workers that die or stand still between the synthesis and each of its mails.

use std::os::unix::process::ExitStatusExt;

use almanac_tests::{Stack, eventually, world::mail::Script};
use futures_util::future::join_all;
use serde_json::Value;

use super::{Mailing, SOON};

/// The only worker dies at `point`, and is started again.
async fn survives_a_crash_at(point: &str) {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", point).start().await;
    let mailing = Mailing::start(&stack, 3).await;

    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "{point}: the crash point fired");
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    assert_eq!(mailing.done().await, Value::Null, "{point}");
    mailing.assert_each_got_one(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_point_mails_each_recipient_once() {
    let points = [
        "claimed_before_call",
        "answered_before_commit",
        "committed_before_publish",
        "mail_sending",
        "mail_sending:2",
        "mail_sending:3",
        "mail_answered",
        "mail_answered:2",
        "mail_answered:3",
    ];
    for some in points.chunks(3) {
        join_all(some.iter().map(|point| survives_a_crash_at(point))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_worker_stands_still_during_a_mail_and_sends_it_once() {
    let stack = Stack::builder().start().await;
    let mailing = Mailing::prepare(&stack, 2).await;
    stack.world.mail().play(&mailing.to[0], [Script::Hold, Script::Ok]);
    mailing.fire().await;
    stack.world.mail().wait_until_holding(&mailing.to[0]).await;

    stack.worker(0).pause();
    stack.world.release(&mailing.to[0]);
    stack.world.mail().wait_until_ended(&mailing.to[0], 1).await;
    let lost = async || {
        let sql = "SELECT bool_and(lease_expires_at < clock_timestamp()) FROM almanac.jobs
                    WHERE kind = 'email.send' AND state = 'running'";
        let lost: Option<bool> = sqlx::query_scalar(sql).fetch_one(&stack.admin().await).await.unwrap();
        lost.unwrap_or(false).then_some(())
    };
    eventually(SOON, "its leases run out", lost).await;
    stack.worker(0).resume();

    assert_eq!(mailing.done().await, Value::Null);
    mailing.assert_each_got_one(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_sends_the_mails_of_one_that_stands_still() {
    let stack = Stack::builder().workers(2).start().await;
    let mailing = Mailing::prepare(&stack, 1).await;
    stack.world.mail().play(&mailing.to[0], [Script::AcceptThenHang, Script::Ok]);
    mailing.fire().await;
    stack.world.mail().wait_for_mail(&mailing.to[0], 1).await;
    let synthesis = mailing.synthesis().await;
    let job = mailing.anna.deliveries(&synthesis).await[0]["id"].as_str().unwrap().parse().unwrap();
    let holder = stack.holder(job).await;

    holder.pause();
    assert_eq!(mailing.done().await, Value::Null);
    holder.resume();

    mailing.assert_each_got_one(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_worker_hands_its_mails_back() {
    let stack = Stack::builder().worker_env("SHUTDOWN_SECONDS", "2").start().await;
    let mailing = Mailing::prepare(&stack, 3).await;
    stack.world.mail().play(&mailing.to[0], [Script::Hold, Script::Ok]);
    mailing.fire().await;
    stack.world.mail().wait_until_holding(&mailing.to[0]).await;

    stack.worker(0).terminate();
    assert!(stack.worker(0).wait_exit(SOON).await.success(), "a clean end");
    stack.world.release(&mailing.to[0]);
    stack.worker(0).start().await;

    assert_eq!(mailing.done().await, Value::Null);
    mailing.assert_each_got_one(&stack).await;
}
