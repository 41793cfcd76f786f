//! Requests of one person that meet: whatever they ask for at once, an entry is posted once.

use almanac_tests::{
    Stack,
    actor::publishing::texts,
    eventually,
    world::channels::{Repeats, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::json;

use super::{SITES, SOON, assert_all_ended, assert_ledgers_agree, connected, sends};

/// A lock makes both requests wait after everything that they read first.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_requested_twice_at_once_under_different_keys_is_posted_once() {
    let stack = Stack::builder().apis(2).start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().set_repeats(&grant.account, Repeats::Published);
    let admin = stack.admin().await;
    let texts = texts(8);
    let written = anna.write("facebook", &texts).await;
    let there = anna.at(stack.api(1).address());
    let mut intents = Vec::new();
    for entry in &written.entries {
        let order = written.order(&json!({ "entryIds": [entry] }));
        let mut stranger = admin.begin().await.unwrap();
        sqlx::query("LOCK TABLE almanac.publish_plans IN SHARE MODE").execute(&mut *stranger).await.unwrap();
        let requests = join_all([(&anna, "a"), (&there, "b"), (&anna, "c")].map(|(person, key)| {
            let key = format!("{key}-{entry}");
            let call = person.publish_call(&order).key(&key);
            async move { call.send().await }
        }));
        let waiting =
            "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'almanac.publish_plans'::regclass";
        let release = async {
            let met = async || {
                let met: bool = sqlx::query_scalar(waiting).fetch_one(&admin).await.ok()?;
                met.then_some(())
            };
            eventually(SOON, "a request meets the lock", met).await;
            stranger.rollback().await.unwrap();
        };

        let (replies, ()) = tokio::join!(requests, release);

        for reply in replies {
            match reply.status {
                202 => {
                    let ids = reply.data()["intents"].as_array().unwrap().clone();
                    intents.extend(ids.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
                }
                409 | 503 => {}
                other => panic!("{other}: {}", reply.text()),
            }
        }
    }
    anna.wait_for_ends(&intents).await;
    assert_eq!(intents.len(), texts.len(), "one request of each entry is accepted");
    assert_eq!(sends(stack.world.channels().ledger(), &grant), texts.len());
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_intent_whose_entry_was_published_since_is_not_retried() {
    let stack = Stack::shared().await;
    for (site, refusal) in SITES.into_iter().zip([Script::graph(200), Script::status(403)]) {
        let (anna, grant) = connected(&stack, site).await;
        stack.world.channels().play(&grant.account, Step::Publish, [refusal, Script::Ok]);
        let text = &texts(1)[0];
        let (failed, written) = anna.publish_text(grant.channel(), text).await;
        anna.wait_for_intent(&failed, "failed").await;
        let again = anna.published(&written.order(&json!({}))).await.intents.remove(0);
        anna.wait_for_intent(&again, "published").await;

        let retried = anna.post(&format!("/v1/publish/intents/{failed}/retry"), json!({})).await;

        retried.refused(409, "ALREADY_PUBLISHED");
        stack.world.channels().ledger().the_only_post(&grant.account, text);
        assert_all_ended(&stack, &anna, &[failed, again]).await;
    }
}
