//! Unsubscribe links: they work without an account, change nothing when they are only opened, and end what they say.

use almanac_tests::{Stack, actor::token};
use http::Method;
use serde_json::{Value, json};

use super::{Mailing, path_of};

/// The path of a recipient's link.
async fn link(stack: &Stack, mailing: &Mailing) -> String {
    let mail = stack.world.mail().wait_for_mail(&mailing.to[0], 1).await;
    path_of(mail.header("list-unsubscribe").unwrap().trim_matches(['<', '>'])).to_owned()
}

/// Fires a further theme of the same user for the first recipient; the status of its mail.
async fn mail_of_another_theme(mailing: &Mailing) -> Value {
    let anna = &mailing.anna;
    let theme = anna.theme(&json!({ "name": "Another" })).await;
    anna.schedule(&theme, &json!({ "emails": [mailing.to[0]] })).await;
    anna.wait_for_decision(&theme, &["done"]).await;
    let synthesis = anna.syntheses(&theme).await[0]["id"].as_str().unwrap().to_owned();
    anna.deliveries(&synthesis).await[0]["status"].clone()
}

/// A theme with a recipient whom its user can send test mails, so that a day has more than one mail for them.
async fn with_test_mails(stack: &Stack) -> Mailing {
    let mut mailing = Mailing::prepare(stack, 1).await;
    let mut claims = token::claims(mailing.anna.id);
    claims["email"] = json!(mailing.to[0]);
    mailing.anna = mailing.anna.with_token(token::hs256(&claims));
    mailing.fire().await;
    mailing.done().await;
    mailing
}

/// Sends the recipient a further mail of the same theme; its status.
async fn another_mail(mailing: &Mailing) -> Value {
    let anna = &mailing.anna;
    let path = format!("/v1/themes/{}/schedule/test-mail", mailing.theme);
    let id = anna.post(&path, json!({})).await.expect(202).data()["id"].clone();
    anna.follow(id.as_str().unwrap()).await.collect_to_end().await;
    let mails = anna.deliveries(&mailing.synthesis().await).await;
    mails.iter().find(|mail| mail["id"] == id).unwrap()["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_link_changes_nothing_and_its_button_ends_the_theme() {
    let stack = Stack::shared().await;
    let mailing = with_test_mails(&stack).await;
    let path = link(&stack, &mailing).await;
    let nobody = stack.user().anonymous();

    let page = nobody.get(&path).await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(page.text().contains("Coffee weekly") && page.text().contains("<form"), "{}", page.text());
    assert_eq!(another_mail(&mailing).await, "sent", "a scanner has followed the link");

    let one_click = nobody.request(Method::POST, &path);
    one_click.body("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").send().await.expect(200);
    nobody.request(Method::POST, &path).send().await.expect(200);

    assert_eq!(mail_of_another_theme(&mailing).await, "sent", "only this theme");
    let token = path.rsplit('/').next().unwrap();
    assert!(!stack.api(0).log().contains(token), "the token is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsubscribed_address_gets_no_more_mail_of_the_theme() {
    let stack = Stack::shared().await;
    let mailing = with_test_mails(&stack).await;
    let path = link(&stack, &mailing).await;
    let nobody = stack.user().anonymous();
    let form = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";

    nobody.request(Method::POST, &path).body("multipart/form-data; boundary=x", form).send().await.expect(200);

    assert_eq!(another_mail(&mailing).await, "suppressed");
    stack.world.mail().ledger().the_only_mail(&mailing.to[0]);
    assert_eq!(mail_of_another_theme(&mailing).await, "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_form_ends_all_mail_of_this_service() {
    let stack = Stack::shared().await;
    let mailing = Mailing::start(&stack, 1).await;
    mailing.done().await;
    let path = link(&stack, &mailing).await;
    let call = stack.user().anonymous().request(Method::POST, &path);

    call.body("application/x-www-form-urlencoded", "scope=all").send().await.expect(200);

    assert_eq!(mail_of_another_theme(&mailing).await, "suppressed");
    stack.world.mail().ledger().the_only_mail(&mailing.to[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_after_its_theme_is_deleted_and_an_unknown_one_is_missing() {
    let stack = Stack::shared().await;
    let mailing = Mailing::start(&stack, 1).await;
    mailing.done().await;
    let path = link(&stack, &mailing).await;
    let nobody = stack.user().anonymous();

    mailing.anna.delete(&format!("/v1/themes/{}", mailing.theme)).await.expect(204);

    nobody.get(&path).await.expect(200);
    nobody.request(Method::POST, &path).send().await.expect(200);
    for token in ["0123456789abcdef0123456789abcdef", "x", "%00"] {
        let status = nobody.get(&format!("/v1/unsubscribe/{token}")).await.status;
        assert!(matches!(status, 400 | 404), "{token}: {status}");
    }
    nobody.request(Method::POST, "/v1/unsubscribe/0123456789abcdef0123456789abcdef").send().await.expect(404);
}
