//! Workers that stand still while a network executes their request: whichever worker wakes or takes over, there is one
//! post.

use almanac_tests::{
    Stack,
    actor::publishing::texts,
    eventually,
    world::channels::{Repeats, Script, Step},
};
use serde_json::json;

use super::{SITES, SOON, assert_all_ended, assert_ledgers_agree, connected, sends};

/// Whether the job of a stack's only intent is as a condition says.
pub(super) async fn is(stack: &Stack, condition: &str) -> Option<()> {
    let sql = format!(
        "SELECT bool_and({condition}) FROM almanac.jobs WHERE kind = 'publishing.publish' AND finished_at IS NULL"
    );
    let found: Option<bool> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&stack.admin().await).await.unwrap();
    found.unwrap_or(false).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_worker_stands_still_after_its_request_and_posts_once() {
    let stack = Stack::builder().start().await;
    for (site, script) in SITES.into_iter().zip([Script::AcceptThenHold, Script::Hold]) {
        let (anna, grant) = connected(&stack, site).await;
        let channels = stack.world.channels();
        channels.set_repeats(&grant.account, Repeats::Published);
        channels.play(&grant.account, Step::Publish, [script, Script::Ok]);
        let texts = texts(1);
        let (id, _) = anna.publish_text(grant.channel(), &texts[0]).await;
        channels.wait_until_holding(&grant.account).await;

        stack.worker(0).pause();
        stack.world.release(&grant.account);
        channels.wait_until_ended(&grant.account, Step::Publish, 1).await;
        let lost = async || is(&stack, "lease_expires_at < clock_timestamp()").await;
        eventually(SOON, "its lease runs out", lost).await;
        stack.worker(0).resume();

        anna.wait_for_intent(&id, "published").await;
        channels.ledger().the_only_post(&grant.account, &texts[0]);
        assert_eq!(sends(channels.ledger(), &grant), 1, "sent once");
        assert_ledgers_agree(&stack, &anna, &grant).await;
        assert_all_ended(&stack, &anna, &[id]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_finds_the_post_of_one_that_stands_still() {
    let stack = Stack::builder().workers(2).start().await;
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let channels = stack.world.channels();
        channels.set_repeats(&grant.account, Repeats::Published);
        channels.play(&grant.account, Step::Publish, [Script::AcceptThenHold, Script::Ok]);
        let texts = texts(1);
        let (id, _) = anna.publish_text(grant.channel(), &texts[0]).await;
        channels.wait_until_holding(&grant.account).await;
        let job = anna.jobs_of(&id).await[0].parse().unwrap();
        let holder = stack.holder(job).await;

        holder.pause();
        let intent = anna.wait_for_intent(&id, "published").await;
        stack.world.release(&grant.account);
        holder.resume();

        let post = channels.ledger().the_only_post(&grant.account, &texts[0]);
        assert_eq!(intent["externalId"], post.id);
        let awake = async || stack.workers().iter().all(|worker| worker.lease_owner().is_some()).then_some(());
        eventually(SOON, "both workers run", awake).await;
        let receipt = anna.receipt(&id).await;
        // The worker that woke up has noticed that it lost its lease once it serves again.
        for worker in stack.workers() {
            worker.terminate();
        }
        for worker in stack.workers() {
            worker.wait_exit(SOON).await;
            worker.start().await;
        }
        assert_eq!(anna.receipt(&id).await, receipt, "what is final stays");
        assert_eq!(sends(channels.ledger(), &grant), 1, "sent once");
        assert_ledgers_agree(&stack, &anna, &grant).await;
        assert_all_ended(&stack, &anna, &[id]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_many_intents_and_post_each_once() {
    let stack = Stack::builder().workers(2).start().await;
    let mut people = Vec::new();
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        stack.world.channels().set_repeats(&grant.account, Repeats::Published);
        let texts = texts(40);
        let written = anna.write(grant.channel(), &texts).await;
        people.push((anna, grant, texts, written));
    }
    let mut intents = Vec::new();
    for (anna, _, _, written) in &people {
        intents.push(anna.published(&written.order(&json!({}))).await.intents);
    }
    let ledger = stack.world.channels().ledger();
    stack.world.channels().wait_for_request(&people[0].1.account, Step::Publish, 5).await;

    stack.worker(0).kill().await;
    stack.worker(0).start().await;

    for ((anna, grant, texts, _), intents) in people.iter().zip(&intents) {
        for (text, intent) in texts.iter().zip(anna.wait_for_ends(intents).await) {
            assert_eq!(intent["status"], "published", "{intent}");
            assert_eq!(intent["externalId"], ledger.the_only_post(&grant.account, text).id);
        }
        assert_ledgers_agree(&stack, anna, grant).await;
        assert_all_ended(&stack, anna, intents).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_redis_delays_intents_and_posts_none_twice() {
    let stack = Stack::builder().workers(2).start().await;
    let (anna, grant) = connected(&stack, SITES[0]).await;
    let texts = texts(30);
    let written = anna.write("facebook", &texts).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;

    stack.services.redis.flush_all().await;

    for intent in anna.wait_for_ends(&intents).await {
        assert_eq!(intent["status"], "published", "{intent}");
    }
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 30);
    assert_ledgers_agree(&stack, &anna, &grant).await;
}
