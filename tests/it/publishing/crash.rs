//! Processes killed at each named point of publishing, with several intents on their way to two networks, with and without
//! a look-up. Each scenario has a stack of its own, and some of them wait for their leases at the same time.

use std::os::unix::process::ExitStatusExt;

use almanac_tests::{
    Stack, User,
    actor::publishing::{Written, texts},
    world::channels::{Grant, LookUp, Repeats, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{SITES, SOON, assert_all_ended, assert_ledgers_agree, connected, sends};

/// Some intents of one person.
struct Batch {
    anna: User,
    grant: Grant,
    look_up: LookUp,
    texts: Vec<String>,
    written: Written,
}

impl Batch {
    async fn new(stack: &Stack, site: Site, look_up: LookUp) -> Self {
        let (anna, grant) = connected(stack, site).await;
        stack.world.channels().set_look_up(&grant.account, look_up);
        // A repeated text is seen as a second post.
        stack.world.channels().set_repeats(&grant.account, Repeats::Published);
        let texts = texts(4);
        let pictures = ["a.jpg", "b.jpg"].map(|name| {
            let url = format!("{}/{name}", stack.world.channel_base_url(stack.world.address(), "media"));
            json!({ "url": url, "type": "image" })
        });
        let mut entries: Vec<Value> =
            texts.iter().map(|text| json!({ "channel": grant.channel(), "caption": text })).collect();
        entries[0]["media"] = json!(pictures);
        let written = anna.write_entries(&entries).await;
        Self { anna, grant, look_up, texts, written }
    }

    async fn assert_ends(&self, stack: &Stack, intents: &[String], point: &str) {
        let ledger = stack.world.channels().ledger();
        for (text, intent) in self.texts.iter().zip(self.anna.wait_for_ends(intents).await) {
            match intent["status"].as_str().unwrap() {
                "published" => assert_eq!(intent["externalId"], ledger.the_only_post(&self.grant.account, text).id),
                "needs_review" => assert_eq!(self.look_up, LookUp::Off, "{point}: {intent}"),
                other => panic!("{point}: {other}: {intent}"),
            }
        }
        assert_ledgers_agree(stack, &self.anna, &self.grant).await;
        assert_all_ended(stack, &self.anna, intents).await;
    }
}

/// The only worker dies at `point`, and is started again.
async fn survives_a_crash_at(point: &str) {
    let stack = Stack::builder().start().await;
    let mut batches = Vec::new();
    for site in SITES {
        for look_up in [LookUp::On, LookUp::Off] {
            batches.push(Batch::new(&stack, site, look_up).await);
        }
    }
    stack.worker(0).kill().await;
    let mut intents = Vec::new();
    for batch in &batches {
        intents.push(batch.anna.published(&batch.written.order(&json!({}))).await.intents);
    }

    stack.worker(0).set("ALMANAC_CRASH_AT", point);
    stack.worker(0).start().await;
    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "{point}: the crash point fired");
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    for (batch, intents) in batches.iter().zip(&intents) {
        batch.assert_ends(&stack, intents, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_point_posts_nothing_twice() {
    let points = [
        "popped_before_claim",
        "publish_opened",
        "publish_opened:3",
        "publish_prepared",
        "publish_prepared:4",
        "publish_sending",
        "publish_sending:3",
        "publish_answered",
        "publish_answered:5",
        "committed_before_publish",
    ];

    for some in points.chunks(5) {
        join_all(some.iter().map(|point| survives_a_crash_at(point))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_a_network_answers_looks_the_post_up() {
    let stack = Stack::builder().start().await;
    for (site, script) in [(Site::Facebook, Script::AcceptThenHold), (Site::Linkedin, Script::Hold)] {
        let (anna, grant) = connected(&stack, site).await;
        stack.world.channels().play(&grant.account, Step::Publish, [script, Script::Ok]);
        let texts = texts(1);
        let (id, _) = anna.publish_text(grant.channel(), &texts[0]).await;
        stack.world.channels().wait_until_holding(&grant.account).await;

        stack.worker(0).restart().await;

        anna.wait_for_intent(&id, "published").await;
        stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
        assert_ledgers_agree(&stack, &anna, &grant).await;
        assert_all_ended(&stack, &anna, &[id]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_were_uploaded_before_a_kill_are_not_uploaded_again() {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", "publish_prepared").start().await;
    let batch = Batch::new(&stack, Site::Facebook, LookUp::On).await;
    let first = json!({ "entryIds": [batch.written.entries[0]] });
    let intents = batch.anna.published(&batch.written.order(&first)).await.intents;
    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9));
    stack.worker(0).unset("ALMANAC_CRASH_AT");

    stack.worker(0).start().await;

    batch.anna.wait_for_intent(&intents[0], "published").await;
    let ledger = stack.world.channels().ledger();
    assert_eq!(ledger.the_only_post(&batch.grant.account, &batch.texts[0]).media.len(), 2);
    assert_eq!(ledger.requests(&batch.grant.account, Step::Upload).len(), 2, "each photo once");
    assert_eq!(sends(ledger, &batch.grant), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_worker_hands_its_intents_back_and_posts_none_twice() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let slow = Script::Delay(std::time::Duration::from_millis(200));
    stack.world.channels().play(&grant.account, Step::Publish, [slow]);
    let texts = texts(40);
    let written = anna.write("facebook", &texts).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    stack.world.channels().wait_for_request(&grant.account, Step::Publish, 5).await;

    stack.worker(0).terminate();
    assert!(stack.worker(0).wait_exit(SOON).await.success(), "a clean end");
    stack.worker(0).start().await;

    for intent in anna.wait_for_ends(&intents).await {
        assert_eq!(intent["status"], "published", "{intent}");
    }
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 40);
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

/// An API process dies after the accept is committed; its client asks again with the same key.
async fn is_accepted_once_although_the_api_dies_at(point: &str) {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let texts = texts(3);
    let order = anna.write("facebook", &texts).await.order(&json!({}));
    stack.api(0).set("ALMANAC_CRASH_AT", point);
    stack.api(0).restart().await;

    let lost = anna.publish_call(&order).key("k").try_send().await;
    assert!(lost.is_err(), "{point}: the answer was lost: {lost:?}");
    assert_eq!(stack.api(0).wait_exit(SOON).await.signal(), Some(9));
    stack.api(0).unset("ALMANAC_CRASH_AT");
    stack.api(0).start().await;
    let again = anna.publish_call(&order).key("k").send().await.expect(202);

    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{point}: the accept was kept");
    let ids: Vec<String> =
        again.data()["intents"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    anna.wait_for_ends(&ids).await;
    for text in &texts {
        stack.world.channels().ledger().the_only_post(&grant.account, text);
    }
    assert_ledgers_agree(&stack, &anna, &grant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_api_died_before_answering_publishes_once() {
    join_all(["accepted_before_ring", "accepted_before_answer"].map(is_accepted_once_although_the_api_dies_at)).await;
}
