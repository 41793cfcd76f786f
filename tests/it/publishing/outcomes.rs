//! What is known of a post decides how its intent ends: a duplicate that this attempt did not make is not taken for its own,
//! a post that was confirmed is never called cancelled, and what uploads left behind is for workers only.

use almanac_tests::{
    Stack,
    world::channels::{Script, Site, Step},
};
use serde_json::json;
use uuid::Uuid;

use super::{connected, ending, sends};

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_of_a_post_that_this_attempt_did_not_make_is_refused() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let input = json!({"code": "DUPLICATE_POST", "description": "Content is a duplicate of urn:li:share:7"});
    let duplicate = json!({"status": 422, "message": "Content is a duplicate of urn:li:share:7",
                           "errorDetails": {"inputErrors": [input]}});
    let scripts = [Script::too_many(Some(1)), Script::refusal(422, None, duplicate)];
    stack.world.channels().play(&grant.account, Step::Publish, scripts);

    let (id, _) = anna.publish_text("linkedin", "Posted by hand before").await;

    let intent = anna.wait_for_intent(&id, "failed").await;
    assert_eq!(ending(&intent), ("failed", "DUPLICATE_POST"), "{intent}");
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_intent_whose_post_was_confirmed_is_published() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::too_many(Some(3_600))]);
    let (id, _) = anna.publish_text("facebook", "Told late").await;
    stack.world.channels().wait_until_ended(&grant.account, Step::Publish, 1).await;
    // As a worker leaves it that learns of its post after it has lost its lease.
    let confirmed = "UPDATE almanac.effects SET state = 'confirmed', provider_ref = '10_7',
                            last_error = '{\"external_url\": \"https://f.example/10_7\", \"proof\": {\"id\": \"10_7\"}}'
                      WHERE user_id = $1";
    let waits = async || {
        let sql = "SELECT 1 FROM almanac.jobs WHERE user_id = $1 AND kind = 'publishing.publish' AND state = 'queued'";
        let row = sqlx::query(sql).bind(anna.id).fetch_optional(&stack.admin().await).await.unwrap();
        row.map(drop)
    };
    almanac_tests::eventually(super::SOON, "the intent waits", waits).await;
    let admin = stack.admin().await;
    for sql in ["UPDATE almanac.effects SET state = 'sending' WHERE user_id = $1", confirmed] {
        sqlx::query(sql).bind(anna.id).execute(&admin).await.unwrap();
    }

    let cancelled = anna.post(&format!("/v1/publish/intents/{id}/cancel"), json!({})).await;

    assert!(matches!(cancelled.status, 200 | 202), "{}", cancelled.text());
    let intent = anna.wait_for_intent(&id, "published").await;
    assert_eq!((&intent["externalId"], &intent["error"]), (&json!("10_7"), &json!(null)), "{intent}");
    let receipt = anna.get(&format!("/v1/publish/intents/{id}/receipt")).await.expect(200).data();
    assert_eq!(receipt["outcome"], "published", "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_cancelled_while_its_channel_works_on_it_is_published() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Tiktok).await;
    let channels = stack.world.channels();
    channels.set_processing(&grant.account, 3);
    channels.play(&grant.account, Step::Status, [Script::Hold, Script::Ok]);
    let url = stack.world.media_url(&format!("{}/video-12s.mp4", Uuid::new_v4()));
    let (id, _) = anna.publish_video(grant.channel(), "Cancelled too late", &url).await;
    channels.wait_until_holding(&grant.account).await;
    let cancel = async || anna.post(&format!("/v1/publish/intents/{id}/cancel"), json!({})).await;

    // While a worker asks the channel, and while the job waits to ask again.
    cancel().await.expect(202);
    stack.world.release(&grant.account);
    let marked_and_queued = async || {
        let sql = "SELECT 1 FROM almanac.jobs
                    WHERE user_id = $1 AND state = 'queued' AND cancel_requested_at IS NOT NULL";
        let row = sqlx::query(sql).bind(anna.id).fetch_optional(&stack.admin().await).await.unwrap();
        row.map(drop)
    };
    almanac_tests::eventually(super::SOON, "the intent waits", marked_and_queued).await;
    cancel().await.expect(202);

    let intent = anna.wait_for_intent(&id, "published").await;
    assert_eq!(intent["error"], json!(null), "{intent}");
    channels.ledger().the_only_post(&grant.account, "Cancelled too late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_post_without_an_answer_that_its_channel_does_not_have_is_cancelled_and_not_sent_again() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::ResetBefore]);
    let (id, _) = anna.publish_text("facebook", "Never arrived").await;
    anna.wait_for_intent(&id, "unknown").await;

    anna.post(&format!("/v1/publish/intents/{id}/cancel"), json!({})).await.expect(202);

    let intent = anna.wait_for_intent(&id, "cancelled").await;
    assert_eq!(ending(&intent), ("cancelled", "CANCELLED"), "{intent}");
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_an_upload_is_for_workers_only_and_ends_with_it() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Youtube).await;
    let url = stack.world.media_url(&format!("{}/video-12s.mp4", Uuid::new_v4()));
    let (id, _) = anna.publish_video(grant.channel(), "Known", &url).await;
    anna.wait_for_intent(&id, "published").await;

    let admin = stack.admin().await;
    let known: serde_json::Value = sqlx::query_scalar("SELECT known FROM almanac.publish_intents WHERE user_id = $1")
        .bind(anna.id)
        .fetch_one(&admin)
        .await
        .unwrap();
    assert_eq!(known, json!({}), "nothing of the upload is kept");
    let may_read = "SELECT has_column_privilege('authenticated', 'almanac.publish_intents', 'known', 'SELECT')";
    assert!(!sqlx::query_scalar::<_, bool>(may_read).fetch_one(&admin).await.unwrap());
}
