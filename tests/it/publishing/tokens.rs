//! Tokens that expire, are refreshed, and are revoked. A refresh token is good for one refresh: the network sees a second
//! request with it.

use almanac_tests::{
    Stack, User,
    actor::{publishing::texts, token},
    world::channels::{Grant, Refreshes, Repeats, Script, Site, Step},
};
use serde_json::{Value, json};

use super::{assert_all_ended, assert_ledgers_agree, connected, ending, sends};

/// An instant some seconds from now.
fn instant(seconds: i64) -> String {
    let now = i64::try_from(token::now()).unwrap_or_default();
    chrono::DateTime::from_timestamp(now + seconds, 0).unwrap_or_default().to_rfc3339()
}

/// A person with a LinkedIn account whose access token ends at this time by what the person says.
async fn expiring(stack: &Stack, seconds: i64) -> (User, Grant) {
    let (user, grant) = (stack.user(), stack.world.channels().account(Site::Linkedin));
    let mut body = grant.body();
    body["expiresAt"] = instant(seconds).into();
    user.connect_with("linkedin", "main", body).await;
    stack.world.channels().set_repeats(&grant.account, Repeats::Published);
    (user, grant)
}

async fn publish_all(anna: &User, texts: &[String]) -> (Vec<String>, Vec<Value>) {
    let written = anna.write("linkedin", texts).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    let ended = anna.wait_for_ends(&intents).await;
    (intents, ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refreshed_once_for_all_intents() {
    let stack = Stack::builder().workers(2).start().await;
    let (anna, grant) = expiring(&stack, -60).await;
    stack.world.channels().expire(&grant.account);
    let texts = texts(20);

    let (intents, ended) = publish_all(&anna, &texts).await;

    for intent in &ended {
        assert_eq!(ending(intent), ("published", ""), "{intent}");
    }
    let channels = stack.world.channels();
    assert_eq!(channels.refreshes(&grant.account), Refreshes { granted: 1, stale: 0 });
    assert_eq!(channels.ledger().posts(&grant.account).len(), 20);
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
    let shown = anna.get("/v1/channels").await.expect(200).text();
    assert!(!shown.contains("canary"), "no token is shown: {shown}");
}

/// The person said nothing about the end of the token: the network's 401 tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_network_refuses_is_refreshed_once() {
    let stack = Stack::builder().workers(2).start().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let channels = stack.world.channels();
    channels.set_repeats(&grant.account, Repeats::Published);
    channels.expire(&grant.account);
    let texts = texts(10);

    let (intents, ended) = publish_all(&anna, &texts).await;

    for intent in &ended {
        assert_eq!(ending(intent), ("published", ""), "{intent}");
    }
    assert_eq!(channels.refreshes(&grant.account), Refreshes { granted: 1, stale: 0 });
    for text in &texts {
        channels.ledger().the_only_post(&grant.account, text);
    }
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_fails_for_a_moment_costs_no_account() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    stack.world.channels().expire(&grant.account);
    stack.world.channels().play(&grant.account, Step::Token, [Script::status(503), Script::Ok]);

    let (intents, ended) = publish_all(&anna, &texts(2)).await;

    for intent in &ended {
        assert_eq!(ending(intent), ("published", ""), "{intent}");
    }
    let shown = anna.get("/v1/channels/linkedin/accounts/main").await.expect(200).data();
    assert_eq!(shown["health"], "ok");
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_tokens_were_refused_is_not_accepted_until_it_is_connected_again() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().revoke(&grant.account);
    let (failed, written) = anna.publish_text("facebook", "Refused").await;
    let failed = anna.wait_for_intent(&failed, "failed").await;
    assert_eq!(failed["error"]["code"], "CHANNEL_AUTH_INVALID");

    let refused = anna.publish(&written.order(&json!({}))).await.refused(422, "CHANNEL_AUTH_MISSING").json();

    assert_eq!(refused["error"]["channel"], "facebook");
    let dry = anna.publish(&written.order(&json!({ "dryRun": true }))).await.expect(200).data();
    assert!(dry["intents"][0]["warnings"].to_string().contains("CHANNEL_AUTH_MISSING"), "{dry}");
    let fresh = stack.world.channels().account(Site::Facebook);
    anna.connect_account(&fresh).await;
    let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);
    anna.wait_for_intent(&id, "published").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_credentials_fail_their_intents_and_no_other() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let (ben, bens) = connected(&stack, Site::Linkedin).await;
    stack.world.channels().revoke(&grant.account);

    let (intents, ended) = publish_all(&anna, &texts(3)).await;
    let (_, others) = publish_all(&ben, &texts(1)).await;

    for intent in &ended {
        assert_eq!(ending(intent), ("failed", "CHANNEL_AUTH_INVALID"), "{intent}");
    }
    assert_eq!(ending(&others[0]), ("published", ""));
    let channels = stack.world.channels();
    assert_eq!(channels.ledger().posts(&grant.account).len(), 0);
    assert!(channels.refreshes(&grant.account).stale <= 1, "what was refused once is not tried again and again");
    assert_eq!(channels.ledger().posts(&bens.account).len(), 1);
    let written = anna.write("linkedin", &texts(1)).await;
    anna.publish(&written.order(&json!({}))).await.refused(422, "CHANNEL_AUTH_MISSING");

    let renewed = stack.world.channels().account(Site::Linkedin);
    anna.connect_account(&renewed).await;
    let retried = anna.post(&format!("/v1/publish/intents/{}/retry", intents[0]), json!({})).await;
    assert!(matches!(retried.status, 200 | 202), "{}", retried.text());
    anna.wait_for_intent(&intents[0], "published").await;
    assert_eq!(channels.ledger().posts(&renewed.account).len(), 1, "with what was connected since");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_hangs_holds_up_no_valid_token() {
    let stack = Stack::shared().await;
    let (anna, grant) = expiring(&stack, 45).await;
    stack.world.channels().play(&grant.account, Step::Token, [Script::Hang]);

    let (_, ended) = publish_all(&anna, &texts(3)).await;

    for intent in &ended {
        assert_eq!(ending(intent), ("published", ""), "{intent}");
    }
    assert_eq!(stack.world.channels().refreshes(&grant.account), Refreshes::default());
}

/// The network has used up the refresh token and the answer is lost: the account has to be connected again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_the_token_endpoint_is_no_storm_of_requests() {
    let stack = Stack::builder().workers(2).start().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let channels = stack.world.channels();
    channels.expire(&grant.account);
    channels.play(&grant.account, Step::Token, [Script::AcceptThenReset, Script::Ok]);
    let written = anna.write("linkedin", &texts(8)).await;

    let intents = anna.published(&written.order(&json!({}))).await.intents;

    for id in &intents {
        let intent = anna.wait_for_intent(id, "failed").await;
        assert_eq!(ending(&intent), ("failed", "CHANNEL_AUTH_INVALID"), "{intent}");
    }
    let requests = channels.ledger().requests(&grant.account, Step::Token).len();
    assert!((1..=3).contains(&requests), "{requests} requests for new tokens");
    assert_eq!(channels.ledger().posts(&grant.account).len(), 0);
    assert_eq!(channels.refreshes(&grant.account).granted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_removed_fails_what_waits_for_it() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(2)).await;
    stack.worker(0).kill().await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    anna.delete("/v1/channels/facebook/accounts/main").await.expect(204);

    stack.worker(0).start().await;

    for intent in anna.wait_for_ends(&intents).await {
        assert_eq!(ending(&intent), ("failed", "CHANNEL_AUTH_MISSING"), "{intent}");
    }
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 0);
    anna.publish(&written.order(&json!({}))).await.refused(422, "CHANNEL_AUTH_MISSING");
}
