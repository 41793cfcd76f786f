//! What the provider reports of mails: signed, in any order, never moving a mail back.

use almanac_tests::{
    Reply, Stack, User,
    world::mail::{ResendWebhook, Script},
};
use http::Method;
use serde_json::{Value, json};

use super::{Mailing, path_of};

/// Sends a report as the provider does.
async fn report(stack: &Stack, webhook: &ResendWebhook) -> Reply {
    let (headers, body) = webhook.signed();
    send(stack, &headers, body).await
}

async fn send(stack: &Stack, headers: &[(&'static str, String)], body: String) -> Reply {
    let mut call = stack.user().anonymous().request(Method::POST, "/v1/webhooks/resend");
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.body("application/json", body).send().await
}

async fn status(user: &User, synthesis: &str) -> Value {
    user.deliveries(synthesis).await[0]["status"].clone()
}

/// A mail that was sent; its synthesis and its id.
async fn sent(stack: &Stack) -> (Mailing, String, String) {
    let mailing = Mailing::start(stack, 1).await;
    mailing.done().await;
    let synthesis = mailing.synthesis().await;
    let id = mailing.anna.wait_for_deliveries(&synthesis, &["sent"]).await[0]["id"].as_str().unwrap().to_owned();
    (mailing, synthesis, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_move_a_mail_forward_only() {
    let stack = Stack::shared().await;
    let (mailing, synthesis, id) = sent(&stack).await;

    for (kind, shown) in [
        ("email.delivery_delayed", "delayed"),
        ("email.sent", "delayed"),
        ("email.delivered", "delivered"),
        ("email.delivery_delayed", "delivered"),
        ("email.opened", "delivered"),
        ("email.complained", "complained"),
        ("email.delivered", "complained"),
    ] {
        report(&stack, &ResendWebhook::new(kind, &id)).await.expect(204);
        assert_eq!(status(&mailing.anna, &synthesis).await, shown, "after {kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_not_the_providers_is_refused() {
    let stack = Stack::shared().await;
    let (mailing, synthesis, id) = sent(&stack).await;
    let (headers, body) = ResendWebhook::new("email.bounced", &id).signed();

    assert_eq!(send(&stack, &headers, format!("{body} ")).await.status, 401, "another body");
    assert_eq!(send(&stack, &[], body).await.status, 401, "no signature");
    let mut old = ResendWebhook::new("email.bounced", &id);
    old.at -= chrono::TimeDelta::minutes(6);
    report(&stack, &old).await.expect(401);
    assert_eq!(status(&mailing.anna, &synthesis).await, "sent");
    report(&stack, &ResendWebhook::new("email.delivered", &uuid::Uuid::now_v7().to_string())).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_before_our_own_record_ends_the_mail() {
    let stack = Stack::shared().await;
    let mailing = Mailing::prepare(&stack, 1).await;
    stack.world.mail().play(&mailing.to[0], [Script::AcceptThenReset, Script::too_many(Some(2)), Script::Ok]);
    mailing.fire().await;
    let mail = stack.world.mail().wait_for_mail(&mailing.to[0], 1).await;

    report(&stack, &ResendWebhook::new("email.delivered", mail.delivery.as_deref().unwrap())).await.expect(204);

    assert_eq!(mailing.done().await, Value::Null);
    let synthesis = mailing.synthesis().await;
    mailing.anna.wait_for_deliveries(&synthesis, &["delivered"]).await;
    mailing.assert_each_got_one(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn permanent_bounces_and_complaints_suppress_an_address_everywhere() {
    let stack = Stack::shared().await;
    for (webhook, suppresses) in [
        (ResendWebhook::bounced as fn(&str, &str) -> ResendWebhook, true),
        ((|id, _| ResendWebhook::new("email.complained", id)) as fn(&str, &str) -> ResendWebhook, true),
        ((|id, _| ResendWebhook::bounced(id, "Transient")) as fn(&str, &str) -> ResendWebhook, false),
    ] {
        let (first, _, id) = sent(&stack).await;
        report(&stack, &webhook(&id, "Permanent")).await.expect(204);

        let mut second = Mailing::prepare(&stack, 1).await;
        second.to = vec![first.to[0].to_uppercase()];
        second.fire().await;
        second.done().await;

        let synthesis = second.synthesis().await;
        let expected = if suppresses { "suppressed" } else { "sent" };
        let mails = second.anna.wait_for_deliveries(&synthesis, &[expected]).await;
        assert!(!mails[0].to_string().contains("bounce"), "the owner is not told why: {}", json!(mails));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_about_a_mail_of_a_deleted_theme_suppresses_its_address() {
    let stack = Stack::shared().await;
    let (first, _, id) = sent(&stack).await;
    first.anna.request(Method::DELETE, &format!("/v1/themes/{}", first.theme)).send().await.expect(204);

    let complaint = ResendWebhook::new("email.complained", &id).with("to", json!([first.to[0]]));
    report(&stack, &complaint).await.expect(204);

    let mut second = Mailing::prepare(&stack, 1).await;
    second.to = vec![first.to[0].clone()];
    second.fire().await;
    second.done().await;
    second.anna.wait_for_deliveries(&second.synthesis().await, &["suppressed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_may_have_left_before_its_recipient_unsubscribed_is_left_to_a_person() {
    let stack = Stack::builder().start().await;
    let mailing = Mailing::prepare(&stack, 1).await;
    stack.world.mail().play(&mailing.to[0], [Script::AcceptThenReset, Script::too_many(Some(10))]);
    mailing.fire().await;
    let mail = stack.world.mail().wait_for_mail(&mailing.to[0], 1).await;
    let link = path_of(mail.header("list-unsubscribe").unwrap().trim_matches(['<', '>'])).to_owned();

    let one_click = stack.user().anonymous().request(Method::POST, &link);
    one_click.body("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").send().await.expect(200);

    assert_eq!(mailing.done().await, "UNDELIVERED");
    let synthesis = mailing.synthesis().await;
    mailing.anna.wait_for_deliveries(&synthesis, &["needs_review"]).await;
    report(&stack, &ResendWebhook::new("email.delivered", mail.delivery.as_deref().unwrap())).await.expect(204);
    mailing.anna.wait_for_deliveries(&synthesis, &["delivered"]).await;
    mailing.assert_each_got_one(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_reports_is_not_limited_as_requests_without_a_token_are() {
    let stack = Stack::builder().workers(0).api_env("ANONYMOUS_RATE", "1/60").start().await;
    let id = uuid::Uuid::now_v7().to_string();

    for _ in 0..3 {
        report(&stack, &ResendWebhook::new("email.delivered", &id)).await.expect(204);
    }
}
