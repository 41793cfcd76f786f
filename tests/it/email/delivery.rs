//! What recipients get, and what their owner and operators see of it.

use almanac_tests::{Stack, actor::token, world::mail::Script};
use serde_json::{Value, json};

use super::{Mailing, path_of};

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_gets_one_mail_with_links_and_a_way_out() {
    let stack = Stack::shared().await;
    let mailing = Mailing::start(&stack, 3).await;

    assert_eq!(mailing.done().await, Value::Null);

    mailing.assert_each_got_one(&stack).await;
    let synthesis = mailing.synthesis().await;
    let deliveries = mailing.anna.wait_for_deliveries(&synthesis, &["sent"; 3]).await;
    for (address, delivery) in mailing.to.iter().zip(&deliveries) {
        let mail = stack.world.mail().ledger().the_only_mail(address);
        assert_eq!(&delivery["email"], address);
        assert_eq!(mail.delivery.as_deref(), delivery["id"].as_str(), "tagged with its delivery");
        assert!(mail.subject.contains("Coffee weekly"), "{}", mail.subject);
        assert!(mail.html.contains("Harvest") && mail.text.contains("Harvest"));
        let list = mail.header("list-unsubscribe").unwrap().trim_matches(['<', '>']).to_owned();
        assert!(path_of(&list).starts_with("/v1/unsubscribe/"), "{list}");
        assert!(mail.html.contains(&list) && mail.text.contains(&list));
        assert_eq!(mail.header("list-unsubscribe-post"), Some("List-Unsubscribe=One-Click"));
    }
    let log = stack.worker(0).log();
    for address in &mailing.to {
        assert!(!log.contains(address.as_str()), "an address is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_recipient_failing_does_not_stop_the_others() {
    let stack = Stack::shared().await;
    let mailing = Mailing::prepare(&stack, 3).await;
    stack.world.mail().play(&mailing.to[1], [Script::status(422)]);
    mailing.fire().await;

    assert_eq!(mailing.done().await, "UNDELIVERED");

    let synthesis = mailing.synthesis().await;
    mailing.anna.wait_for_deliveries(&synthesis, &["sent", "failed", "sent"]).await;
    assert!(stack.world.mail().ledger().mails_to(&mailing.to[1]).is_empty());
    let operator =
        stack.user().with_token(token::hs256(&json!({ "role": "service_role", "exp": token::now() + 3600 })));
    let listed = operator.get("/v1/admin/deliveries?status=failed&limit=250").await.expect(200).data();
    let mine: Vec<&Value> =
        listed["items"].as_array().unwrap().iter().filter(|mail| mail["synthesisId"] == *synthesis).collect();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0]["error"]["code"], "EMAIL_REJECTED");
    assert!(!listed.to_string().contains('@'), "no address");
    mailing.anna.get("/v1/admin/deliveries").await.expect(403);

    let failed = mine[0]["id"].as_str().unwrap();
    stack.world.mail().stop_playing(&mailing.to[1]);
    operator.post(&format!("/v1/admin/jobs/{failed}/retry"), json!({})).await.expect(202);
    stack.world.mail().wait_for_mail(&mailing.to[1], 1).await;
    operator.post(&format!("/v1/admin/jobs/{failed}/retry"), json!({})).await.refused(422, "RULE_REFUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_who_was_removed_after_the_fire_gets_nothing() {
    let stack = Stack::shared().await;
    let mailing = Mailing::prepare(&stack, 2).await;
    stack.world.mail().play(&mailing.to[0], [Script::too_many(Some(2)), Script::Ok]);
    mailing.fire().await;
    stack.world.mail().wait_for_request(&mailing.to[0], 1).await;

    mailing.anna.schedule(&mailing.theme, &json!({ "emails": [mailing.to[1]] })).await;

    mailing.done().await;
    let synthesis = mailing.synthesis().await;
    mailing.anna.wait_for_deliveries(&synthesis, &["skipped", "sent"]).await;
    assert!(stack.world.mail().ledger().mails_to(&mailing.to[0]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_that_is_deleted_after_the_fire_mails_nobody() {
    let stack = Stack::shared().await;
    let mailing = Mailing::prepare(&stack, 1).await;
    stack.world.mail().play(&mailing.to[0], [Script::too_many(Some(2)), Script::Ok]);
    mailing.fire().await;
    stack.world.mail().wait_for_request(&mailing.to[0], 1).await;
    let synthesis = mailing.synthesis().await;
    let delivery = mailing.anna.deliveries(&synthesis).await[0]["id"].as_str().unwrap().to_owned();

    mailing.anna.delete(&format!("/v1/themes/{}", mailing.theme)).await.expect(204);
    mailing.anna.follow(&delivery).await.collect_to_end().await;

    assert!(stack.world.mail().ledger().mails_to(&mailing.to[0]).is_empty());
    let job = mailing.anna.get(&format!("/v1/jobs/{delivery}")).await.expect(200).data();
    assert_eq!((&job["status"], &job["error"]["code"]), (&json!("failed"), &json!("NOT_FOUND")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_goes_to_the_address_in_the_token() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let address = format!("anna-{}@example.org", anna.id.simple());
    let mut claims = token::claims(anna.id);
    let nameless = anna.clone();
    claims["email"] = json!(address);
    let anna = anna.with_token(token::hs256(&claims));
    let theme = anna.theme(&json!({})).await;
    let path = format!("/v1/themes/{theme}/schedule/test-mail");

    let empty = anna.post(&path, json!({})).await.expect(422);
    anna.synthesised(&theme).await;
    let refused = nameless.post(&path, json!({})).await.expect(422);
    let accepted = anna.request(http::Method::POST, &path).key("k").send().await.expect(202);
    let again = anna.request(http::Method::POST, &path).key("k").send().await.expect(202);

    assert_eq!(empty.error_code(), "NO_SYNTHESIS");
    assert_eq!(refused.error_code(), "NO_EMAIL");
    assert_eq!(again.data()["id"], accepted.data()["id"]);
    let mail = stack.world.mail().wait_for_mail(&address, 1).await;
    assert!(mail.header("list-unsubscribe").is_some());
    anna.follow(accepted.data()["id"].as_str().unwrap()).await.collect_to_end().await;
    stack.world.mail().ledger().the_only_mail(&address);
    stack.user().post(&path, json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_gets_each_mail_once() {
    let stack = Stack::builder().worker_env("EMAIL_PROVIDER", "smtp").start().await;
    let mailing = Mailing::prepare(&stack, 3).await;
    stack.world.mail().play(&mailing.to[0], [Script::Refuse { status: 451, name: "", retry_after: None }, Script::Ok]);
    stack.world.mail().play(&mailing.to[1], [Script::AcceptThenReset]);
    mailing.fire().await;

    assert_eq!(mailing.done().await, "UNDELIVERED");

    mailing.assert_each_got_one(&stack).await;
    let synthesis = mailing.synthesis().await;
    mailing.anna.wait_for_deliveries(&synthesis, &["sent", "needs_review", "sent"]).await;
}
