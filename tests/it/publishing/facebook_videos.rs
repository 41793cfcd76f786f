//! Videos and reels on Facebook: accepted by one request, processed, then published or refused by Facebook.

use std::time::Duration;

use almanac_tests::{
    Stack, eventually,
    world::channels::{Ending, Quota, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use super::{
    SOON,
    locks::{Row, held_for, hold},
    media_posts::{Draft, MediaPost, account, entry},
    videos::{few_at_a_time, leases_are_over},
};

/// Enough for a post at each step at once.
const SLOTS: &str = "publishing=12,calendar=2";

const FILES: &[&str] = &["v.mp4"];

async fn post(stack: &Stack, scripts: &[(Step, Script)], format: &str) -> MediaPost {
    let grant = stack.world.channels().account(Site::Facebook);
    MediaPost::new(stack, account(stack, grant, scripts).await, format, FILES).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_and_a_reel_become_one_post_each() {
    let stack = Stack::shared().await;
    let run = async |format: &str| post(&stack, &[], format).await.assert_published(&stack, 1..=1).await;

    join_all(["video", "reel", "post"].map(run)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_facebook_answers_at_each_step_one_video_is_posted() {
    let stack = Stack::builder().env("PUBLISH_RATE", "1000/300").start().await;
    let mut cells = Vec::new();
    for (step, format) in [
        (Step::Init, "reel"),
        (Step::Upload, "reel"),
        (Step::Status, "reel"),
        (Step::Publish, "reel"),
        (Step::Publish, "video"),
        (Step::Status, "video"),
    ] {
        for script in [
            Script::status(500),
            Script::too_many(Some(1)),
            Script::ResetBefore,
            Script::AcceptThenReset,
            Script::AcceptThenHang,
            Script::AcceptThenStatus(500),
            Script::Truncated,
        ] {
            cells.push((step, script, format));
        }
    }
    let run = async |(step, script, format): (Step, Script, &str)| {
        let most = if step == Step::Publish { 2 } else { 1 };
        let made = post(&stack, &[(step, script)], format).await;
        made.assert_published(&stack, 1..=most).await;
    };

    // More accounts at once than an API connects on a slow machine are not the subject.
    for some in cells.chunks(14) {
        join_all(some.iter().cloned().map(run)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_whose_processing_fails_ends_with_facebooks_reason() {
    let stack = Stack::shared().await;
    let run = async |format: &str| {
        let grant = stack.world.channels().account(Site::Facebook);
        stack.world.channels().set_ending(&grant.account, Ending::Failed("The video is damaged".to_owned()));
        let made = MediaPost::new(&stack, account(&stack, grant, &[]).await, format, FILES).await;
        let intent = made.assert_failed(&stack, "CHANNEL_REJECTED").await;
        assert!(intent["error"].to_string().contains("The video is damaged"), "{intent}");
    };

    join_all(["video", "reel"].map(run)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_video_does_not_take_the_one_of_another_entry_with_the_same_text() {
    let stack = Stack::builder().start().await;
    let channels = stack.world.channels();
    let grant = channels.account(Site::Facebook);
    let (anna, grant) = account(&stack, grant, &[(Step::Publish, Script::status(503))]).await;
    channels.set_processing(&grant.account, 4);
    let entries = [FILES, FILES].map(|files| entry(&stack, "facebook", "video", "The same words", files));
    let written = anna.write_entries(&entries).await;
    let order = |number: usize| written.order(&json!({ "entryIds": [written.entries[number]] }));
    let lost = anna.published(&order(0)).await.intents.remove(0);
    channels.wait_until_ended(&grant.account, Step::Publish, 1).await;

    let processed = anna.published(&order(1)).await.intents.remove(0);

    let ended = [processed, lost].map(async |id| anna.wait_for_intent(&id, "published").await["externalId"].clone());
    let [one, other] = join_all(ended).await.try_into().unwrap();
    assert_ne!(one, other);
    assert_eq!(channels.ledger().posts(&grant.account).len(), 2, "each is posted once");
}

#[tokio::test(flavor = "multi_thread")]
async fn videos_that_facebook_does_not_take_are_refused_before_it_is_called() {
    let stack = Stack::shared().await;
    let refused = async |(format, file, code): (&str, &'static str, &str)| {
        let grant = stack.world.channels().account(Site::Facebook);
        let made = MediaPost::new(&stack, account(&stack, grant, &[]).await, format, &[file]).await;
        made.assert_failed(&stack, code).await;
        assert_eq!(made.requests(&stack), 0, "{file}: Facebook was called");
    };
    let cases = [
        ("reel", "video-2s.mp4", "MEDIA_DURATION"),
        ("reel", "video-91s.mp4", "MEDIA_DURATION"),
        ("reel", "video-1280x720.mp4", "MEDIA_DIMENSIONS"),
        ("reel", "video-360x640.mp4", "MEDIA_DIMENSIONS"),
        ("video", "text.mp4", "MEDIA_TYPE"),
        ("video", "to-private.mp4", "MEDIA_UNREACHABLE"),
    ];
    join_all(cases.map(refused)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thirty_reels_of_a_day_are_a_quota() {
    let stack = Stack::shared().await;
    let grant = stack.world.channels().account(Site::Facebook);
    stack.world.channels().set_quota(&grant.account, Quota { used: 30, total: 30 });
    let made = MediaPost::new(&stack, account(&stack, grant, &[]).await, "reel", FILES).await;
    stack.world.channels().wait_until_ended(&made.grant.account, Step::Init, 1).await;

    made.user.post(&format!("/v1/publish/intents/{}/cancel", made.intent), json!({})).await;

    made.user.wait_for_intent(&made.intent, "cancelled").await;
    assert_eq!(stack.world.channels().ledger().requests(&made.grant.account, Step::Init).len(), 1);
}

/// Steps at which a worker is interrupted while Facebook holds its request.
const STOPS: [(Step, Script, &str); 6] = [
    (Step::Init, Script::AcceptThenHold, "reel"),
    (Step::Upload, Script::AcceptThenHold, "reel"),
    (Step::Publish, Script::AcceptThenHold, "reel"),
    (Step::Publish, Script::Hold, "reel"),
    (Step::Publish, Script::AcceptThenHold, "video"),
    (Step::Status, Script::Hold, "video"),
];

/// A post for each of [`STOPS`], whose request is held. All are accepted before the worker begins: none waits for so long
/// that its request times out.
async fn stopped(stack: &Stack) -> Vec<MediaPost> {
    let write = async |(step, script, format): (Step, Script, &'static str)| {
        let grant = stack.world.channels().account(Site::Facebook);
        MediaPost::write(stack, account(stack, grant, &[(step, script)]).await, format, FILES).await
    };
    let drafts = few_at_a_time(STOPS, write).await;
    stack.worker(0).kill().await;
    let posts = few_at_a_time(drafts, Draft::submit).await;
    let all_hold = join_all(posts.iter().map(|made| stack.world.channels().wait_until_holding(&made.grant.account)));
    tokio::join!(stack.worker(0).start(), all_hold);
    posts
}

fn release(stack: &Stack, posts: &[MediaPost]) {
    posts.iter().for_each(|made| stack.world.release(&made.grant.account));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_at_a_step_of_a_video_posts_it_once() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", SLOTS).start().await;
    let posts = stopped(&stack).await;

    stack.worker(0).kill().await;
    release(&stack, &posts);
    stack.worker(0).start().await;

    join_all(posts.iter().map(|made| made.assert_published(&stack, 1..=2))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stands_still_at_a_step_of_a_video_posts_it_once() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", SLOTS).start().await;
    let posts = stopped(&stack).await;

    stack.worker(0).pause();
    release(&stack, &posts);
    eventually(SOON, "its leases run out", async || leases_are_over(&stack).await).await;
    stack.worker(0).resume();

    join_all(posts.iter().map(|made| made.assert_published(&stack, 1..=2))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_held_at_a_step_of_a_video_only_delays_it() {
    let held = async |row: Row| {
        let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", SLOTS).start().await;
        let posts = stopped(&stack).await;
        let holders = join_all(posts.iter().map(|made| hold(&stack, row, made.user.id))).await;
        let began = Instant::now();

        release(&stack, &posts);
        held_for(began, Duration::from_secs(2)).await;
        for holder in holders {
            holder.rollback().await.unwrap();
        }

        join_all(posts.iter().map(|made| made.assert_published(&stack, 1..=2))).await;
    };

    for row in [Row::Intent, Row::Job] {
        held(row).await;
    }
}
