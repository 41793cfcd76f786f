//! Requests of one person that meet: whatever they ask for at once, an entry is posted once.

use almanac_tests::{
    Stack,
    actor::publishing::texts,
    eventually,
    world::channels::{Script, Site, Step},
};
use serde_json::json;

use super::{SITES, SOON, assert_all_ended, connected, sends};

/// A lock makes a request wait after everything that it read first. Until it is free, another request has published the
/// entry; its intent is written by hand, as the lock keeps that request waiting, too.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_another_request_published_first_is_not_posted_again() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let admin = stack.admin().await;
    let texts = texts(2);
    let written = anna.write("facebook", &texts).await;
    let [first, second] = [0, 1].map(|number| written.order(&json!({ "entryIds": [written.entries[number]] })));
    let published = anna.published(&first).await.intents.remove(0);
    anna.wait_for_intent(&published, "published").await;
    let mut stranger = admin.begin().await.unwrap();
    sqlx::query("LOCK TABLE almanac.publish_plans IN SHARE MODE").execute(&mut *stranger).await.unwrap();
    let request = anna.publish(&second);
    let other = async {
        let met = async || {
            let waits = "SELECT count(*) > 0 FROM pg_locks
                          WHERE NOT granted AND relation = 'almanac.publish_plans'::regclass";
            let waits: bool = sqlx::query_scalar(waits).fetch_one(&admin).await.ok()?;
            waits.then_some(())
        };
        eventually(SOON, "the request meets the lock", met).await;
        let copy = "INSERT INTO almanac.publish_intents
                    SELECT (jsonb_populate_record(i, jsonb_build_object(
                               'id', gen_random_uuid(), 'entry_id', $2, 'external_id', 'elsewhere'))).*
                      FROM almanac.publish_intents i WHERE i.id = $1::uuid";
        sqlx::query(copy).bind(&published).bind(&written.entries[1]).execute(&mut *stranger).await.unwrap();
        stranger.commit().await.unwrap();
    };

    let (reply, ()) = tokio::join!(request, other);

    reply.refused(409, "ALREADY_PUBLISHED");
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 1, "only the first entry is posted");
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
