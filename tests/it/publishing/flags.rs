//! Publishing switched off, before a request and while intents wait, and the sandbox: no request leaves for a network.

use almanac_tests::{
    Stack, User,
    actor::publishing::texts,
    eventually,
    run::test_run,
    world::channels::{Script, Site, Step},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{SITES, SOON, assert_all_ended, connected, ending, sends};
use crate::jobs::admin::operator;

async fn switch(stack: &Stack, is_on: bool) {
    let path = "/v1/admin/flags/PUBLISH_SERVICE_ENABLED";
    operator(stack).put(path, json!({ "enabled": is_on })).await.expect(200);
}

/// Waits until the API knows how the flag is: it keeps flags for up to 2 s.
async fn seen_by(anna: &User, is_on: bool) {
    let seen = async || {
        let flags = anna.get("/v1/flags").await.expect(200).data();
        (flags["PUBLISH_SERVICE_ENABLED"] == is_on).then_some(())
    };
    eventually(SOON, "the flag is seen", seen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_no_connection_to_a_network_is_opened() {
    let stack = Stack::builder().proxied().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let pictures = json!([{ "url": "https://cdn.example/a.jpg", "type": "image" }]);
    let entries = ["One", "Two"].map(|text| json!({ "channel": "facebook", "caption": text, "media": pictures }));
    let written = anna.write_entries(&entries).await;
    let dry = anna.publish(&written.order(&json!({ "dryRun": true }))).await.expect(200).data();
    let before = stack.proxies().provider.accepted_connections();
    switch(&stack, false).await;
    seen_by(&anna, false).await;

    let first = anna.publish(&written.order(&json!({}))).await.expect(200);
    let second = anna.publish(&written.order(&json!({}))).await.expect(200);
    let export = json!({ "calendarId": written.calendar, "format": "json" });
    let export = anna.post("/v1/publish/export", export).await.expect(200);

    assert_eq!(first.data(), second.data(), "deterministic");
    assert_eq!((&first.json()["meta"]["dryRun"], &first.data()["planHash"]), (&json!(true), &dry["planHash"]));
    assert_eq!(export.header("x-dry-run"), Some("true"));
    assert_eq!(anna.get("/v1/publish/intents").await.expect(200).data()["items"], json!([]), "nothing is stored");
    let channels = stack.world.channels();
    assert_eq!((channels.connections(), channels.ledger().exchanges().len()), (0, 0));
    assert_eq!(stack.proxies().provider.accepted_connections(), before, "no worker connects");
    assert_eq!(sends(channels.ledger(), &grant), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_while_intents_wait_nothing_more_is_sent() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=1,calendar=2").start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let channels = stack.world.channels();
    channels.play(&grant.account, Step::Publish, [Script::AcceptThenHold, Script::Ok]);
    let texts = texts(12);
    let written = anna.write("facebook", &texts).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    channels.wait_until_holding(&grant.account).await;

    switch(&stack, false).await;
    stack.world.release(&grant.account);

    let ended = anna.wait_for_ends(&intents).await;
    let published: Vec<&Value> = ended.iter().filter(|intent| intent["status"] == "published").collect();
    assert_eq!(published.len(), 1, "the one that was being sent");
    for intent in ended.iter().filter(|intent| intent["status"] != "published") {
        assert_eq!(ending(intent), ("failed", "SERVICE_DISABLED"), "{intent}");
    }
    assert_eq!((sends(channels.ledger(), &grant), channels.ledger().posts(&grant.account).len()), (1, 1));
    let page = anna.get("/v1/publish/intents").await.expect(200).data();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(12), "everything is kept and can be read");

    let failed = ended.iter().find(|intent| intent["status"] == "failed").unwrap()["id"].as_str().unwrap();
    seen_by(&anna, false).await;
    let retry = format!("/v1/publish/intents/{failed}/retry");
    anna.post(&retry, json!({})).await.refused(409, "SERVICE_DISABLED");
    switch(&stack, true).await;
    seen_by(&anna, true).await;
    // The worker reads the flag again before it fails an intent for it.
    anna.post(&retry, json!({})).await.expect(202);
    anna.wait_for_intent(failed, "published").await;
    assert_eq!(sends(channels.ledger(), &grant), 2);
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_can_be_on_for_some_people_only() {
    let stack = Stack::builder().start().await;
    let (anna, annas) = connected(&stack, Site::Facebook).await;
    let (ben, bens) = connected(&stack, Site::Facebook).await;
    let (of_anna, of_ben) = (anna.write("facebook", &texts(1)).await, ben.write("facebook", &texts(1)).await);
    let some = json!({ "enabled": true, "users": [anna.id] });
    operator(&stack).put("/v1/admin/flags/PUBLISH_SERVICE_ENABLED", some).await.expect(200);
    seen_by(&ben, false).await;

    let id = anna.published(&of_anna.order(&json!({}))).await.intents.remove(0);
    let dry = ben.publish(&of_ben.order(&json!({}))).await.expect(200);

    anna.wait_for_intent(&id, "published").await;
    assert_eq!(dry.json()["meta"]["dryRun"], true);
    let ledger = stack.world.channels().ledger();
    assert_eq!((sends(ledger, &annas), sends(ledger, &bens)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_publishes_to_itself_and_says_so() {
    let folder = test_run().folder.join(format!("sandbox-{}", Uuid::new_v4().simple()));
    std::fs::create_dir_all(&folder).unwrap();
    let stack = Stack::builder()
        .env("PUBLISH_TRANSPORT", "sandbox")
        .env("SANDBOX_DIR", &folder.to_string_lossy())
        .start()
        .await;
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let written = anna.write(grant.channel(), &texts(3)).await;

        let published = anna.published(&written.order(&json!({}))).await;

        assert_eq!(published.answer["transport"], "sandbox");
        for intent in anna.wait_for_ends(&published.intents).await {
            assert_eq!(ending(&intent), ("published", ""), "{intent}");
            assert_eq!(intent["transport"], "sandbox");
            assert!(intent["externalId"].is_string());
            let receipt = anna.receipt(intent["id"].as_str().unwrap()).await;
            assert_eq!(receipt["transport"], "sandbox");
        }
    }
    let channels = stack.world.channels();
    assert_eq!((channels.connections(), channels.ledger().exchanges().len()), (0, 0), "no network is reached");
    assert!(std::fs::read_dir(&folder).unwrap().next().is_some(), "posts are kept as files");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_keeps_the_transport_under_which_it_was_accepted() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let texts = texts(1);
    let written = anna.write("facebook", &texts).await;
    stack.worker(0).kill().await;
    let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);

    stack.worker(0).set("PUBLISH_TRANSPORT", "sandbox");
    stack.worker(0).start().await;

    let intent = anna.wait_for_intent(&id, "published").await;
    assert_eq!(intent["transport"], "live");
    stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
}
