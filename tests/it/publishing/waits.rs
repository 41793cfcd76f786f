//! Intents that wait for their network give their slots back: they hold up no other intent, cost no attempt, and can be
//! cancelled.

use almanac_tests::{
    Stack, User,
    actor::publishing::texts,
    eventually,
    world::channels::{Grant, Script, Site, Step},
};
use serde_json::json;
use uuid::Uuid;

use super::{SOON, assert_all_ended, connected, sends};

/// The queued, uncharged publishing jobs of a person.
async fn waiting(stack: &Stack, user: Uuid) -> i64 {
    let sql = "SELECT count(*) FROM almanac.jobs
                WHERE user_id = $1 AND kind = 'publishing.publish' AND state = 'queued' AND attempt = 0 AND crashes = 0
                  AND run_at > clock_timestamp() + interval '10 s'";
    sqlx::query_scalar(sql).bind(user).fetch_one(&stack.admin().await).await.unwrap()
}

/// Publishes entries on an account that asks for an hour, and waits until all of them wait.
async fn fifty_that_wait(stack: &Stack, script: Script, site: Site) -> (User, Grant, Vec<String>) {
    let (anna, grant) = connected(stack, site).await;
    stack.world.channels().play(&grant.account, Step::Publish, [script]);
    let written = anna.write(grant.channel(), &texts(50)).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    let all_wait = async || (waiting(stack, anna.id).await == 50).then_some(());
    eventually(SOON, "all of them wait", all_wait).await;
    (anna, grant, intents)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_waiting_intents_do_not_hold_up_one() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=4,calendar=2").start().await;
    let hour = Script::too_many(Some(3_600));
    let (anna, grant, intents) = fifty_that_wait(&stack, hour, Site::Facebook).await;
    let (ben, bens) = connected(&stack, Site::Facebook).await;
    let requests = sends(stack.world.channels().ledger(), &grant);

    let (id, _) = ben.publish_text("facebook", "At once").await;

    ben.wait_for_intent(&id, "published").await;
    stack.world.channels().ledger().the_only_post(&bens.account, "At once");
    assert_eq!(sends(stack.world.channels().ledger(), &grant), requests, "what waits asks for nothing");
    assert_eq!(waiting(&stack, anna.id).await, 50, "slots are given back, and no attempt is charged");
    for intent in &intents {
        let cancelled = anna.post(&format!("/v1/publish/intents/{intent}/cancel"), json!({})).await;
        assert!(matches!(cancelled.status, 200 | 202), "{}", cancelled.text());
    }
    for intent in &intents {
        anna.wait_for_intent(intent, "cancelled").await;
    }
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 0);
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_limit_is_waited_for_until_the_next_day() {
    let stack = Stack::builder().start().await;
    // Its end is near at the end of a day.
    let limit = Script::linkedin_daily_limit();
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    stack.world.channels().play(&grant.account, Step::Publish, [limit]);
    let (id, _) = anna.publish_text("linkedin", "Tomorrow").await;
    stack.world.channels().wait_until_ended(&grant.account, Step::Publish, 1).await;
    let waits = async || {
        let sql = "SELECT state = 'queued' AND run_at > clock_timestamp()
                     FROM almanac.jobs WHERE kind = 'publishing.publish'";
        sqlx::query_scalar::<_, bool>(sql).fetch_one(&stack.admin().await).await.unwrap().then_some(())
    };
    eventually(SOON, "it waits", waits).await;

    anna.post(&format!("/v1/publish/intents/{id}/cancel"), json!({})).await;

    anna.wait_for_intent(&id, "cancelled").await;
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_near_its_limit_pauses_and_another_does_not() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let (ben, _) = connected(&stack, Site::Facebook).await;
    let channels = stack.world.channels();
    channels.play(&grant.account, Step::Publish, [Script::OkAtUsage(95), Script::Ok]);
    let (first, _) = anna.publish_text("facebook", "The last for now").await;
    anna.wait_for_intent(&first, "published").await;

    let (second, _) = anna.publish_text("facebook", "Later").await;
    let (other, _) = ben.publish_text("facebook", "At once").await;

    ben.wait_for_intent(&other, "published").await;
    let waits = async || (waiting(&stack, anna.id).await == 1).then_some(());
    eventually(SOON, "it waits", waits).await;
    assert_eq!(sends(channels.ledger(), &grant), 1, "nothing is sent near the limit");
    anna.post(&format!("/v1/publish/intents/{second}/cancel"), json!({})).await;
    anna.wait_for_intent(&second, "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_fails_for_a_while_is_made_again() {
    let stack = Stack::shared().await;
    for site in [Site::Facebook, Site::Linkedin] {
        let (anna, grant) = connected(&stack, site).await;
        let channels = stack.world.channels();
        let uploads = [Script::Ok, Script::status(503), Script::AcceptThenReset, Script::Hang, Script::Ok];
        channels.play(&grant.account, Step::Upload, uploads);
        let base = stack.world.channel_base_url(stack.world.address(), "media");
        let media: Vec<_> =
            ["a.jpg", "b.jpg"].iter().map(|name| json!({ "url": format!("{base}/{name}"), "type": "image" })).collect();
        let entry = json!({ "channel": grant.channel(), "caption": "Two", "format": "carousel", "media": media });
        let written = anna.write_entries(&[entry]).await;

        let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);

        anna.wait_for_intent(&id, "published").await;
        assert_eq!(channels.ledger().the_only_post(&grant.account, "Two").media.len(), 2);
        assert_eq!(sends(channels.ledger(), &grant), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_hang_leave_slots_to_posts_without_media() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=4,calendar=2").start().await;
    let channels = stack.world.channels();
    let (anna, grant) = connected(&stack, Site::Youtube).await;
    channels.play(&grant.account, Step::Init, [Script::Hold]);
    let url = stack.world.media_url("video-12s.mp4");
    let media = json!([{ "url": url, "type": "video" }]);
    let entry = |text: &String| json!({ "channel": "youtube", "caption": text, "format": "video", "media": media });
    let written = anna.write_entries(&texts(6).iter().map(entry).collect::<Vec<_>>()).await;
    let (ben, bens) = connected(&stack, Site::Linkedin).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    let hold = async || (channels.ledger().requests(&grant.account, Step::Init).len() == 3).then_some(());
    eventually(SOON, "three uploads are held", hold).await;

    let (id, _) = ben.publish_text("linkedin", "Beside them").await;
    ben.wait_for_intent(&id, "published").await;

    channels.ledger().the_only_post(&bens.account, "Beside them");
    assert_eq!(channels.ledger().requests(&grant.account, Step::Init).len(), 3, "the others wait without a slot");
    channels.play(&grant.account, Step::Init, [Script::Ok]);
    stack.world.release(&grant.account);
    for intent in &intents {
        anna.wait_for_intent(intent, "published").await;
    }
    assert_all_ended(&stack, &anna, &intents).await;
}
