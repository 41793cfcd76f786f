//! Publishing over HTTP: the dry run, the real call with its plan, jobs and receipts, lists, and what people may do with
//! an intent.

use almanac_shared::publishing::receipts::verify;
use almanac_tests::{
    OrFail, Stack, User,
    actor::{
        publishing::texts,
        stream::{Encoding, Event},
    },
    world::channels::{LookUp, Script, Site, Step},
};
use http::Method;
use serde_json::{Value, json};

use super::{SITES, assert_all_ended, assert_ledgers_agree, connected, ending, sends};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_dry_run_unless_it_says_otherwise() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(2)).await;
    let order = json!({ "calendarId": written.calendar, "entryIds": written.entries });

    let shown = anna.publish(&order).await.expect(200);
    let again = anna.publish(&order).await.expect(200).data();

    let plan = shown.data();
    assert_eq!(plan, again, "deterministic");
    assert!(shown.header("location").is_none() && plan["planId"].is_null());
    assert_eq!(plan["transport"], "live");
    let intents = plan["intents"].as_array().unwrap();
    assert_eq!(intents.len(), 2);
    for (intent, entry) in intents.iter().zip(&written.entries) {
        assert_eq!(
            (&intent["id"], &intent["status"], &intent["error"]),
            (&Value::Null, &json!("dry_run"), &Value::Null)
        );
        assert_eq!((&intent["entryId"], &intent["channel"]), (&json!(entry), &json!("facebook")));
        assert!(!intent["requests"].as_array().unwrap().is_empty(), "what would be sent: {intent}");
    }
    assert!(!shown.text().contains(&grant.access_token), "no token is shown");
    let ledger = stack.world.channels().ledger();
    assert_eq!(ledger.exchanges().iter().filter(|exchange| exchange.account == grant.account).count(), 0);
    assert_eq!(anna.get("/v1/publish/intents").await.expect(200).data()["items"], json!([]));
}

/// The `result` events of a log or of a plan.
fn results(events: &[Event]) -> Vec<Value> {
    events.iter().filter(|event| event.kind == "result").map(Event::json).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_becomes_one_post_with_a_log_and_a_receipt() {
    let stack = Stack::shared().await;
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let texts = texts(1);
        let written = anna.write(grant.channel(), &texts).await;
        let dry = json!({ "calendarId": written.calendar, "entryIds": written.entries });
        let hash = anna.publish(&dry).await.expect(200).data()["planHash"].clone();

        let accepted = anna.publish(&written.order(&json!({ "planHash": hash }))).await.expect(202);

        let plan = accepted.data();
        let location = format!("/v1/publish/plans/{}", plan["planId"].as_str().unwrap());
        assert_eq!(accepted.header("location"), Some(location.as_str()));
        assert_eq!((&plan["planHash"], &plan["transport"], &plan["skipped"]), (&hash, &json!("live"), &json!([])));
        let id = plan["intents"][0]["id"].as_str().unwrap();
        let intent = anna.wait_for_intent(id, "published").await;
        let post = stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
        assert_eq!((&intent["externalId"], &intent["error"]), (&json!(post.id), &Value::Null));
        assert!(intent["externalUrl"].as_str().unwrap().starts_with("https://www."), "{intent}");
        assert_eq!((&intent["calendarId"], &intent["entryId"]), (&json!(written.calendar), &json!(written.entries[0])));
        assert_eq!((&intent["attempt"], &intent["transport"]), (&json!(1), &json!("live")));

        let log = anna.log_of(id).await;
        assert!(log.iter().any(|event| event.kind == "progress" && event.json()["step"].is_string()), "{log:?}");
        let told = results(&log);
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["intentId"], &told[0]["status"]), (&json!(id), &json!("published")));
        assert_eq!(told[0]["externalUrl"], intent["externalUrl"]);
        assert_eq!(log.last().unwrap().json()["status"], "succeeded");

        let receipt = anna.receipt(id).await;
        assert_eq!(
            (&receipt["seq"], &receipt["previous"], &receipt["intentId"]),
            (&json!(1), &Value::Null, &json!(id))
        );
        assert_eq!((&receipt["outcome"], &receipt["externalId"]), (&json!("published"), &json!(post.id)));
        assert_eq!((&receipt["planHash"], &receipt["approvedBy"]), (&hash, &json!(anna.id.to_string())));
        let steps: Vec<(&Value, &Value)> =
            receipt["events"].as_array().unwrap().iter().map(|event| (&event["from"], &event["to"])).collect();
        assert!(steps.windows(2).all(|pair| pair[0].1 == pair[1].0), "a chain of states: {steps:?}");
        assert_eq!(steps.last().unwrap().1, "published");
        let logs = [stack.worker(0).log(), stack.api(0).log()].concat();
        assert!(!logs.contains(&texts[0]), "no caption is logged");
        for text in [receipt.to_string(), intent.to_string(), logs] {
            assert!(!text.contains(&grant.access_token), "no token is shown");
        }
        assert_ledgers_agree(&stack, &anna, &grant).await;
        assert_all_ended(&stack, &anna, &[id.to_owned()]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_a_person_are_one_chain() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let export = async || anna.get("/v1/publish/receipts").await.expect(200);
    assert_eq!(export().await.text().trim_end(), r#"{"count":0,"head":null}"#);
    let written = anna.write("facebook", &texts(5)).await;
    let published = anna.published(&written.order(&json!({}))).await;
    anna.wait_for_ends(&published.intents).await;

    let receipts = export().await;

    let head = verify(&receipts.body, None).or_fail("an unbroken chain");
    assert_eq!(head.count, 5);
    let newest = receipts.text().lines().nth(4).unwrap().to_owned();
    assert_eq!(json!(head.head), serde_json::from_str::<Value>(&newest).unwrap()["hash"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_its_intents_and_streams_their_ends() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::Ok, Script::status(403), Script::Ok]);
    let written = anna.write("linkedin", &texts(3)).await;
    let published = anna.published(&written.order(&json!({}))).await;
    let path = format!("/v1/publish/plans/{}", published.plan);

    let mut stream = anna.request(Method::GET, &format!("{path}/events")).open(Encoding::Sse).await;
    let events = stream.collect_to_end().await;

    assert_eq!(events.last().unwrap().kind, "done");
    let told = results(&events);
    for id in &published.intents {
        let last = told.iter().rfind(|result| result["intentId"] == *id).or_fail("a result of each intent");
        assert_eq!(last["status"], anna.intent(id).await["status"], "{told:?}");
    }
    assert!(events.iter().all(|event| event.seq.is_none()), "a plan has no log of its own");
    let plan = anna.get(&path).await.expect(200).data();
    assert_eq!((&plan["planId"], &plan["approvedBy"]), (&json!(published.plan), &json!(anna.id.to_string())));
    assert_eq!((&plan["counts"]["published"], &plan["counts"]["failed"]), (&json!(2), &json!(1)));
    assert_eq!(plan["intents"].as_array().map(Vec::len), Some(3));
    let mut again = anna.request(Method::GET, &format!("{path}/events")).open(Encoding::Ndjson).await;
    let again = again.collect_to_end().await;
    assert_eq!((results(&again).len(), again.last().unwrap().kind.as_str()), (3, "done"), "the present, then the end");
    stack.user().get(&path).await.refused(404, "NOT_FOUND");
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().or_fail("a page").iter().map(|item| item["id"].as_str().or_fail("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn intents_are_listed_by_calendar_and_status() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let (first, one) = anna.publish_text("facebook", "One list").await;
    anna.wait_for_intent(&first, "published").await;
    let two = anna.write("facebook", &texts(1)).await;
    let later = anna.published(&two.order(&json!({ "publishAt": "entry" }))).await.intents.remove(0);

    let list = async |query: &str| anna.get(&format!("/v1/publish/intents?{query}")).await.expect(200).data();
    assert_eq!(ids(&list(&format!("calendarId={}", one.calendar)).await), [first.as_str()]);
    assert_eq!(ids(&list("status=pending").await), [later.as_str()]);
    assert_eq!(ids(&list("status=published").await), [first.as_str()]);
    assert_eq!(ids(&list("").await).len(), 2);
    anna.get("/v1/publish/intents?status=lost").await.refused(400, "VALIDATION_FAILED");
    assert_eq!(stack.user().get("/v1/publish/intents").await.expect(200).data()["items"], json!([]));
    anna.post(&format!("/v1/publish/intents/{later}/cancel"), json!({})).await;
    anna.wait_for_intent(&later, "cancelled").await;
}

async fn ask(user: &User, intent: &str, what: &str, body: Value) -> almanac_tests::Reply {
    user.post(&format!("/v1/publish/intents/{intent}/{what}"), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_intent_can_be_cancelled_and_is_never_sent() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(1)).await;
    let id = anna.published(&written.order(&json!({ "publishAt": "entry" }))).await.intents.remove(0);
    assert_eq!(anna.intent(&id).await["status"], "pending");

    let cancelled = ask(&anna, &id, "cancel", json!({})).await;

    assert!(matches!(cancelled.status, 200 | 202), "{}", cancelled.text());
    anna.wait_for_intent(&id, "cancelled").await;
    ask(&anna, &id, "retry", json!({})).await.refused(409, "ALREADY_FINAL");
    anna.get(&format!("/v1/publish/intents/{id}/receipt")).await.refused(404, "NO_RECEIPT");
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 0);
    let log = anna.follow(&anna.jobs_of(&id).await[0]).await.collect_to_end().await;
    let last = log.last().unwrap().json();
    assert_eq!((&last["status"], &last["error"]["code"]), (&json!("cancelled"), &json!("CANCELLED")));
    let next = anna.published(&written.order(&json!({}))).await.intents.remove(0);
    anna.wait_for_intent(&next, "published").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_intent_can_be_retried_and_a_published_one_not() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::status(403), Script::Ok]);
    let texts = texts(1);
    let (id, written) = anna.publish_text("linkedin", &texts[0]).await;
    anna.wait_for_intent(&id, "failed").await;
    let first = anna.receipt(&id).await;
    assert_eq!(first["outcome"], "failed", "a byte was sent");

    let retried = ask(&anna, &id, "retry", json!({})).await;

    assert!(matches!(retried.status, 200 | 202), "{}", retried.text());
    let intent = anna.wait_for_intent(&id, "published").await;
    assert_eq!((&intent["attempt"], &intent["error"]), (&json!(2), &Value::Null));
    stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
    assert_eq!(anna.jobs_of(&id).await.len(), 2, "a retry is a new job of the same intent");
    let second = anna.receipt(&id).await;
    assert_eq!((&second["outcome"], &second["previous"]), (&json!("published"), &first["hash"]));
    ask(&anna, &id, "retry", json!({})).await.refused(409, "ALREADY_FINAL");
    ask(&anna, &id, "cancel", json!({})).await.refused(409, "ALREADY_FINAL");
    anna.publish(&written.order(&json!({}))).await.refused(409, "ALREADY_PUBLISHED");
    assert_all_ended(&stack, &anna, &[id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_published_again_only_as_a_repost() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let texts = texts(2);
    let written = anna.write("facebook", &texts).await;
    let first = json!({ "entryIds": [written.entries[0]] });
    let id = anna.published(&written.order(&first)).await.intents.remove(0);
    anna.wait_for_intent(&id, "published").await;

    let both = anna.published(&written.order(&json!({}))).await;
    let repost = anna.published(&written.order(&json!({ "entryIds": [written.entries[0]], "repost": true }))).await;

    assert_eq!(both.answer["skipped"], json!([{ "entryId": written.entries[0], "code": "ALREADY_PUBLISHED" }]));
    anna.wait_for_ends(&[both.intents, repost.intents].concat()).await;
    let counts = stack.world.channels().ledger().posts_by_text(&grant.account);
    assert_eq!((counts[&texts[0]], counts[&texts[1]]), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_resolves_what_only_a_person_can_find_out() {
    let stack = Stack::shared().await;
    for (outcome, status) in [("published", "published"), ("not_published", "failed")] {
        let (anna, grant) = connected(&stack, Site::Linkedin).await;
        stack.world.channels().set_look_up(&grant.account, LookUp::Off);
        stack.world.channels().play(&grant.account, Step::Publish, [Script::AcceptThenHang]);
        let (id, written) = anna.publish_text("linkedin", "Which is it").await;
        ask(&anna, &id, "resolve", json!({ "outcome": outcome })).await.refused(409, "UNFINISHED");
        let waiting = anna.wait_for_intent(&id, "needs_review").await;
        assert!(waiting["error"]["code"].is_string(), "it says why: {waiting}");
        anna.publish(&written.order(&json!({ "repost": true }))).await.refused(409, "ALREADY_PUBLISHED");
        anna.get(&format!("/v1/publish/intents/{id}/receipt")).await.refused(404, "NOT_FINAL");
        ask(&anna, &id, "resolve", json!({ "outcome": "perhaps" })).await.refused(400, "VALIDATION_FAILED");
        ask(&stack.user(), &id, "resolve", json!({ "outcome": outcome })).await.refused(404, "NOT_FOUND");

        let url = "https://www.linkedin.com/feed/update/urn:li:share:1";
        ask(&anna, &id, "resolve", json!({ "outcome": outcome, "url": url })).await.expect(200);

        let intent = anna.intent(&id).await;
        assert_eq!(ending(&intent).0, status);
        let receipt = anna.receipt(&id).await;
        assert_eq!((&receipt["outcome"], &receipt["externalUrl"]), (&json!(status), &json!(url)));
        ask(&anna, &id, "resolve", json!({ "outcome": outcome })).await.refused(409, "ALREADY_FINAL");
        assert_eq!(sends(stack.world.channels().ledger(), &grant), 1, "nothing was sent again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_is_accepted_once() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let texts = texts(3);
    let order = anna.write("facebook", &texts).await.order(&json!({}));

    let first = anna.publish_call(&order).key("publish-once").send().await.expect(202);
    let again = anna.publish_call(&order).key("publish-once").send().await.expect(202);

    assert_eq!((first.data(), again.header("idempotency-replayed")), (again.data(), Some("true")));
    let ids: Vec<String> =
        again.data()["intents"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    anna.wait_for_ends(&ids).await;
    for text in &texts {
        stack.world.channels().ledger().the_only_post(&grant.account, text);
    }
    assert_eq!(anna.get("/v1/publish/intents").await.expect(200).data()["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_without_an_account_refuses_the_whole_call() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let written = anna
        .write_entries(&[
            json!({ "channel": "facebook", "caption": "F" }),
            json!({ "channel": "linkedin", "caption": "L" }),
        ])
        .await;

    let refused = anna.publish(&written.order(&json!({}))).await.refused(422, "CHANNEL_AUTH_MISSING").json();

    assert_eq!(refused["error"]["channel"], "linkedin");
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 0, "before anything is attempted");
    let one = anna.published(&written.order(&json!({ "channels": ["facebook"] }))).await;
    anna.wait_for_intent(&one.intents[0], "published").await;
    assert_eq!(one.intents.len(), 1);
}
