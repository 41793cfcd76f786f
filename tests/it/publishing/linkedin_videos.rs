//! Videos on LinkedIn: uploaded in parts, joined, processed, and then named by a post.

use almanac_tests::{
    Stack, eventually,
    stack::Builder,
    world::channels::{Ending, LookUp, Script, Site, Step},
};
use serde_json::json;

use super::{
    SOON, connected,
    videos::{Clip, SHORT, address, assert_published_in_spite_of, few_at_a_time},
};

const SITE: Site = Site::Linkedin;

fn builder() -> Builder {
    Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", "publishing=16,calendar=2")
}

async fn stack() -> Stack {
    builder().start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_of_any_size_and_form_is_posted_as_it_is() {
    // No request of a slow machine is repeated.
    let stack = builder().worker_env("CHANNEL_CALL_TIMEOUT_MS", "10000").start().await;
    let names = [
        ("video-3s-75000B.mp4", "post"),
        ("video-1800s-256KiB.mp4", "video"),
        ("video-12s-600KiB-tail.mp4", "reel"),
        ("video-12s-600KiB-bare.mp4", "video"),
        ("video-12s-3MiB-norange.mp4", "video"),
        ("video-12s-600KiB-nolength.mp4", "video"),
        ("video-12s-600KiB-untagged.mp4", "video"),
        ("video-12s-600KiB-cut100000.mp4", "video"),
    ];
    let submit =
        async |(name, format)| Clip::write(&stack, SITE, name, &json!({ "format": format })).await.submitted().await;
    let clips = few_at_a_time(names, submit).await;

    for clip in &clips {
        let post = clip.assert_published(&stack).await;
        assert!(post.media[0].starts_with("urn:li:video:"), "{post:?}");
        assert_eq!((clip.requests(&stack, Step::Init), clip.requests(&stack, Step::Finish)), (1, 1), "{}", clip.url);
    }
    assert_eq!(clips[4].requests(&stack, Step::Chunk), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_step_of_a_video_leads_to_one_post() {
    let stack = stack().await;
    let common = [
        Script::status(503),
        Script::Hang,
        Script::ResetBefore,
        Script::AcceptThenHang,
        Script::AcceptThenReset,
        Script::AcceptThenStatus(500),
        Script::too_many(Some(1)),
    ];
    let with = |more: &[Script]| common.iter().chain(more).cloned().collect::<Vec<_>>();
    let init = with(&[Script::Truncated, Script::ExpireToken]);
    let chunk = with(&[Script::CutAfter(100_000), Script::status(403), Script::status(404)]);
    let finish = with(&[Script::ExpireToken, Script::AcceptThenStatus(400)]);
    let status = with(&[Script::Truncated, Script::ExpireToken]);
    let faults: [(Step, &[Script]); 5] = [
        (Step::Init, &init),
        (Step::Chunk, &chunk),
        (Step::Finish, &finish),
        (Step::Status, &status),
        (Step::Publish, &common),
    ];

    assert_published_in_spite_of(&stack, SITE, &faults).await;
}

/// Parts that arrived are not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_with_the_part_that_is_missing() {
    let stack = Stack::shared().await;
    let scripts = [(Step::Chunk, vec![Script::Ok, Script::status(503), Script::Ok, Script::status(503)])];
    let clip = Clip::submit(&stack, SITE, SHORT, &scripts).await;

    clip.assert_published(&stack).await;

    assert_eq!((clip.requests(&stack, Step::Init), clip.requests(&stack, Step::Chunk)), (1, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_is_processed_for_long_waits_without_a_slot() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=1,calendar=2").start().await;
    let (anna, grant) = connected(&stack, SITE).await;
    let channels = stack.world.channels();
    channels.set_ending(&grant.account, Ending::Stuck);
    let entry = json!({ "channel": "linkedin", "caption": "Stuck", "format": "video",
                        "media": [{ "url": address(&stack, SHORT), "type": "video" }] });
    let written = anna.write_entries(&[entry]).await;
    let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);
    channels.wait_until_ended(&grant.account, Step::Status, 1).await;
    let (ben, _) = connected(&stack, SITE).await;

    let (other, _) = ben.publish_text("linkedin", "At once").await;

    ben.wait_for_intent(&other, "published").await;
    let waits = async || {
        let sql = "SELECT state = 'queued' AND attempt = 0 FROM almanac.jobs
                    WHERE user_id = $1 AND kind = 'publishing.publish'";
        sqlx::query_scalar::<_, bool>(sql).bind(anna.id).fetch_one(&stack.admin().await).await.unwrap().then_some(())
    };
    eventually(SOON, "it waits", waits).await;
    anna.post(&format!("/v1/publish/intents/{id}/cancel"), json!({})).await;
    anna.wait_for_intent(&id, "cancelled").await;
    assert_eq!(channels.ledger().posts(&grant.account), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_linkedin_cannot_process_fails() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, SITE).await;
    stack.world.channels().set_ending(&grant.account, Ending::Failed("CODEC".to_owned()));
    let entry = json!({ "channel": "linkedin", "caption": "Broken", "format": "video",
                        "media": [{ "url": address(&stack, SHORT), "type": "video" }] });
    let written = anna.write_entries(&[entry]).await;

    let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);

    let intent = anna.wait_for_intent(&id, "failed").await;
    assert_eq!(
        (&intent["error"]["code"], &intent["error"]["provider_code"]),
        (&json!("CHANNEL_REJECTED"), &json!("CODEC"))
    );
    assert_eq!(stack.world.channels().ledger().posts(&grant.account), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_does_not_fit_is_refused_before_linkedin_is_asked() {
    let stack = Stack::shared().await;
    let cases = [
        ("text.mp4", "MEDIA_TYPE"),
        ("video-12s-600KiB.mov", "MEDIA_TYPE"),
        ("video-12s-600KiB.webm", "MEDIA_TYPE"),
        ("video-12s-74999B.mp4", "MEDIA_TOO_LARGE"),
        ("video-12s-501MiB.mp4", "MEDIA_TOO_LARGE"),
        ("video-2s-600KiB.mp4", "MEDIA_DURATION"),
        ("video-1801s-600KiB.mp4", "MEDIA_DURATION"),
        ("video-1801s-600KiB-tail.mp4", "MEDIA_DURATION"),
    ];
    let check = async |(name, code): (&str, &str)| {
        let clip = Clip::submit(&stack, SITE, name, &[]).await;
        clip.assert_failed(&stack, code).await;
        assert_eq!(clip.requests(&stack, Step::Init), 0, "{name}");
    };
    few_at_a_time(cases, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_changes_while_it_is_uploaded_is_not_posted() {
    let stack = Stack::shared().await;
    let names = ["video-12s-600KiB-changes1.mp4", "video-12s-600KiB-changes3.mp4", "video-12s-600KiB-grows1.mp4"];
    let check =
        async |name: &str| Clip::submit(&stack, SITE, name, &[]).await.assert_failed(&stack, "MEDIA_CHANGED").await;
    few_at_a_time(names, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_post_of_a_video_is_left_to_a_person_where_posts_are_not_listed() {
    let stack = Stack::shared().await;
    let clip = Clip::submit(&stack, SITE, SHORT, &[(Step::Publish, vec![Script::AcceptThenReset])]).await;
    stack.world.channels().set_look_up(&clip.grant.account, LookUp::Off);

    clip.anna.wait_for_intent(&clip.intent, "needs_review").await;

    assert_eq!(clip.requests(&stack, Step::Publish), 1);
    clip.assert_agrees(&stack).await;
}
