//! YouTube: sessions that are filled in parts. The last part makes the video, and the session tells whether it did.

use almanac_tests::{
    Stack,
    actor::publishing::texts,
    eventually,
    stack::Builder,
    world::channels::{Ending, Quota, Refreshes, Script, Site, Step},
};
use serde_json::json;

use super::{
    SOON, assert_all_ended, assert_ledgers_agree, connected, ending, sends,
    videos::{Clip, SHORT, address, assert_published_in_spite_of, few_at_a_time},
};

const SITE: Site = Site::Youtube;

fn builder() -> Builder {
    Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", "publishing=16,calendar=2")
}

async fn stack() -> Stack {
    builder().start().await
}

/// No part of the address of a session is in a log or in what is shown.
async fn assert_tells_no_session(stack: &Stack, clips: &[Clip]) {
    let logs: String = stack.workers().iter().map(|worker| worker.log()).collect();
    assert!(!logs.contains("AFake") && !logs.contains("upload_id"), "a log names a session");
    for clip in clips {
        let intent = clip.anna.intent(&clip.intent).await.to_string();
        let receipt = clip.anna.get(&format!("/v1/publish/intents/{}/receipt", clip.intent)).await.text();
        assert!(!intent.contains("AFake") && !receipt.contains("AFake"), "{intent} {receipt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_of_any_size_and_form_is_published_as_it_is() {
    // No request of a slow machine is repeated.
    let stack = builder().worker_env("CHANNEL_CALL_TIMEOUT_MS", "10000").start().await;
    let names = [
        ("video-12s.mp4", "post"),
        ("video-12s-256KiB.mp4", "video"),
        ("video-12s-262145B.mp4", "reel"),
        ("video-12s-512KiB.webm", "video"),
        ("video-12s-600KiB-tail.mov", "video"),
        ("video-12s-600KiB-bare.mp4", "video"),
        ("video-12s-17MiB.mp4", "video"),
        ("video-12s-9MiB-norange.mp4", "video"),
        ("video-12s-600KiB-nolength.mp4", "video"),
        ("video-12s-600KiB-nolength-norange.mp4", "video"),
        ("video-12s-600KiB-weak.mp4", "video"),
        ("video-12s-600KiB-dated.mp4", "video"),
        ("video-12s-600KiB-untagged.mp4", "video"),
        ("video-12s-600KiB-cut100000.mp4", "video"),
        ("video-12s-600KiB-fails.mp4", "video"),
    ];
    let submit =
        async |(name, format)| Clip::write(&stack, SITE, name, &json!({ "format": format })).await.submitted().await;
    let clips = few_at_a_time(names, submit).await;

    for clip in &clips {
        let post = clip.assert_published(&stack).await;
        let intent = clip.anna.intent(&clip.intent).await;
        assert_eq!(intent["externalUrl"], format!("https://www.youtube.com/watch?v={}", post.id));
        assert_eq!(post.title, "By hand");
        assert_eq!((clip.requests(&stack, Step::Init), clip.requests(&stack, Step::Publish)), (1, 1), "{}", clip.url);
        assert_eq!(clip.requests(&stack, Step::Probe), 0, "{}", clip.url);
    }
    let large = &clips[6];
    assert_eq!(large.requests(&stack, Step::Chunk), 3, "17 MiB are 8, 8 and 0.75, and the last 0.25");
    let open = stack.world.channels().ledger().requests(&large.grant.account, Step::Init).remove(0);
    assert_eq!(
        (&open.body["status"]["privacyStatus"], &open.body["status"]["selfDeclaredMadeForKids"]),
        (&json!("private"), &json!(false))
    );
    assert_tells_no_session(&stack, &clips).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_step_of_a_session_leads_to_one_video() {
    let stack = stack().await;
    let init = [
        Script::status(503),
        Script::Hang,
        Script::ResetBefore,
        Script::AcceptThenHang,
        Script::AcceptThenReset,
        Script::AcceptThenStatus(500),
        Script::too_many(Some(1)),
        Script::too_many(None),
        Script::ErrorIn200,
        Script::ExpireToken,
        Script::google("rateLimitExceeded"),
    ];
    let chunk = [
        Script::status(500),
        Script::status(503),
        Script::Hang,
        Script::ResetBefore,
        Script::AcceptThenHang,
        Script::AcceptThenReset,
        Script::AcceptThenStatus(503),
        Script::too_many(Some(1)),
        Script::too_many(None),
        Script::Keep(0),
        Script::Keep(300_000),
        Script::CutAfter(300_000),
    ];
    let publish = [
        Script::status(500),
        Script::status(503),
        Script::Hang,
        Script::ResetBefore,
        Script::AcceptThenHang,
        Script::AcceptThenReset,
        Script::AcceptThenStatus(500),
        Script::AcceptThenStatus(503),
        Script::AcceptThenStatus(404),
        Script::Truncated,
        Script::ErrorIn200,
        Script::too_many(Some(1)),
        Script::too_many(None),
        Script::Keep(0),
        Script::CutAfter(1_000),
    ];
    let status = [Script::status(500), Script::Hang, Script::Truncated, Script::status(403), Script::ResetBefore];
    let faults: [(Step, &[Script]); 4] =
        [(Step::Init, &init), (Step::Chunk, &chunk), (Step::Publish, &publish), (Step::Status, &status)];

    assert_published_in_spite_of(&stack, SITE, &faults).await;

    assert_tells_no_session(&stack, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_of_the_session_until_it_tells() {
    let stack = stack().await;
    let probes = [Script::status(503), Script::AcceptThenReset, Script::too_many(Some(1)), Script::Ok];
    let cases = [Script::AcceptThenReset, Script::AcceptThenHang, Script::Hang, Script::AcceptThenStatus(503)];
    let submit = async |lost: &Script| {
        let scripts = [(Step::Publish, vec![lost.clone()]), (Step::Probe, probes.to_vec())];
        Clip::submit(&stack, SITE, SHORT, &scripts).await
    };
    let clips = few_at_a_time(&cases, submit).await;

    for (clip, lost) in clips.iter().zip(&cases) {
        clip.assert_published(&stack).await;
        let expected = if *lost == Script::Hang { 2 } else { 1 };
        assert_eq!(clip.requests(&stack, Step::Publish), expected, "{lost:?}");
        assert_eq!(clip.requests(&stack, Step::Init), 1, "{lost:?}: one session");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_before_its_last_part_begins_again() {
    let stack = Stack::shared().await;
    let clip = Clip::submit(&stack, SITE, SHORT, &[(Step::Chunk, vec![Script::Hold])]).await;
    let channels = stack.world.channels();
    channels.wait_until_holding(&clip.grant.account).await;

    channels.end_uploads(&clip.grant.account);
    stack.world.release(&clip.grant.account);

    clip.assert_published(&stack).await;
    assert_eq!((clip.requests(&stack, Step::Init), clip.requests(&stack, Step::Publish)), (2, 1));
}

/// Whether its video was made cannot be known.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_after_its_last_part_is_left_to_a_person() {
    let stack = Stack::shared().await;
    let clip = Clip::submit(&stack, SITE, SHORT, &[(Step::Publish, vec![Script::Hang])]).await;
    let channels = stack.world.channels();
    channels.wait_for_request(&clip.grant.account, Step::Publish, 1).await;

    channels.end_uploads(&clip.grant.account);

    let intent = clip.anna.wait_for_intent(&clip.intent, "needs_review").await;
    assert_eq!(intent["error"]["code"], "OUTCOME_UNKNOWN");
    assert_eq!(
        (clip.requests(&stack, Step::Init), clip.requests(&stack, Step::Publish)),
        (1, 1),
        "nothing is sent again"
    );
    clip.assert_agrees(&stack).await;
    assert_tells_no_session(&stack, &[clip]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn videos_beyond_the_quota_wait_for_the_next_day() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, SITE).await;
    let channels = stack.world.channels();
    channels.set_quota(&grant.account, Quota { used: 97, total: 100 });
    let texts = texts(8);
    let entry = |text: &String| {
        json!({ "channel": "youtube", "caption": text, "format": "video",
                "media": [{ "url": address(&stack, "video-12s.mp4"), "type": "video" }] })
    };
    let entries: Vec<_> = texts.iter().map(entry).collect();
    let written = anna.write_entries(&entries).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    let waiting = async || {
        let sql = "SELECT count(*) FROM almanac.jobs
                    WHERE user_id = $1 AND kind = 'publishing.publish' AND state = 'queued' AND attempt = 0
                      AND run_at BETWEEN clock_timestamp() + interval '1 s' AND clock_timestamp() + interval '26 h'";
        sqlx::query_scalar::<_, i64>(sql).bind(anna.id).fetch_one(&stack.admin().await).await.unwrap()
    };
    eventually(SOON, "five of them wait", async || (waiting().await == 5).then_some(())).await;
    let sql = "SELECT count(DISTINCT run_at) FROM almanac.jobs WHERE user_id = $1 AND state = 'queued'";
    let times: i64 = sqlx::query_scalar(sql).bind(anna.id).fetch_one(&stack.admin().await).await.unwrap();
    assert_eq!(times, 5, "they do not come back at once");

    let mut ends = Vec::new();
    for intent in &intents {
        if anna.intent(intent).await["status"] != "published" {
            anna.post(&format!("/v1/publish/intents/{intent}/cancel"), json!({})).await;
        }
    }
    for intent in anna.wait_for_ends(&intents).await {
        ends.push(intent["status"].as_str().unwrap_or_default().to_owned());
    }

    assert_eq!(ends.iter().filter(|end| *end == "published").count(), 3, "{ends:?}");
    assert_eq!(ends.iter().filter(|end| *end == "cancelled").count(), 5, "{ends:?}");
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refreshed_once_for_all_videos() {
    let stack = stack().await;
    let (anna, grant) = connected(&stack, SITE).await;
    let channels = stack.world.channels();
    channels.expire(&grant.account);
    let entry = |text: &String| {
        json!({ "channel": "youtube", "caption": text, "format": "video",
                "media": [{ "url": address(&stack, SHORT), "type": "video" }] })
    };
    let texts = texts(8);
    let entries: Vec<_> = texts.iter().map(entry).collect();
    let written = anna.write_entries(&entries).await;

    let intents = anna.published(&written.order(&json!({}))).await.intents;

    for intent in anna.wait_for_ends(&intents).await {
        assert_eq!(ending(&intent), ("published", ""), "{intent}");
    }
    assert_eq!(channels.refreshes(&grant.account), Refreshes { granted: 1, stale: 0 });
    assert_eq!((channels.ledger().posts(&grant.account).len(), sends(channels.ledger(), &grant)), (8, 8));
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_permission_was_taken_away_fails_and_says_so() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, SITE).await;
    stack.world.channels().revoke(&grant.account);
    let entry = json!({ "channel": "youtube", "caption": "Gone", "format": "video",
                        "media": [{ "url": address(&stack, SHORT), "type": "video" }] });
    let written = anna.write_entries(&[entry]).await;

    let intents = anna.published(&written.order(&json!({}))).await.intents;

    let intent = anna.wait_for_intent(&intents[0], "failed").await;
    assert_eq!(intent["error"]["code"], "CHANNEL_AUTH_INVALID", "{intent}");
    assert_eq!(stack.world.channels().ledger().posts(&grant.account), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_does_not_fit_is_refused_before_youtube_is_asked() {
    let stack = Stack::shared().await;
    let cases = [
        ("text.mp4", "MEDIA_TYPE"),
        ("video-12s-300GB.mp4", "MEDIA_TOO_LARGE"),
        ("missing.mpg", "MEDIA_UNREACHABLE"),
        ("to-metadata.mp4", "MEDIA_UNREACHABLE"),
    ];
    let check = async |(name, code): (&str, &str)| {
        let clip = Clip::submit(&stack, SITE, name, &[]).await;
        clip.assert_failed(&stack, code).await;
        assert_eq!(clip.requests(&stack, Step::Init), 0, "{name}");
    };
    few_at_a_time(cases, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_changes_while_it_is_uploaded_is_not_published() {
    let stack = Stack::shared().await;
    let names = [
        "video-12s-600KiB-changes1.mp4",
        "video-12s-600KiB-changes2.mp4",
        "video-12s-600KiB-dated-changes1.mp4",
        "video-12s-600KiB-grows1.mp4",
    ];
    let check =
        async |name: &str| Clip::submit(&stack, SITE, name, &[]).await.assert_failed(&stack, "MEDIA_CHANGED").await;
    few_at_a_time(names, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_youtube_refuses_has_a_code_and_is_sent_once() {
    let stack = Stack::shared().await;
    let cases = [
        ("forbidden", "CHANNEL_PERMISSION"),
        ("insufficientPermissions", "CHANNEL_PERMISSION"),
        ("youtubeSignupRequired", "CHANNEL_PERMISSION"),
        ("invalidTags", "CHANNEL_REJECTED"),
        ("invalidVideoMetadata", "CHANNEL_REJECTED"),
        ("mediaBodyRequired", "CHANNEL_REJECTED"),
    ];
    let check = async |(reason, code): (&str, &str)| {
        let clip = Clip::submit(&stack, SITE, SHORT, &[(Step::Init, vec![Script::google(reason)])]).await;
        clip.assert_failed(&stack, code).await;
        let intent = clip.anna.intent(&clip.intent).await;
        assert_eq!(
            (&intent["error"]["provider_code"], clip.requests(&stack, Step::Init)),
            (&json!(reason), 1),
            "{intent}"
        );
    };
    few_at_a_time(cases, check).await;
}

/// The video exists, and YouTube shows it to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_youtube_cannot_show_is_called_failed() {
    let stack = Stack::shared().await;
    let cases = [
        (Ending::Failed("codec".to_owned()), "CHANNEL_REJECTED", "codec"),
        (Ending::Rejected("copyright".to_owned()), "CHANNEL_POLICY", "copyright"),
        (Ending::Rejected("duplicate".to_owned()), "DUPLICATE_POST", "duplicate"),
    ];
    for (end, code, reason) in cases {
        let (anna, grant) = connected(&stack, SITE).await;
        let channels = stack.world.channels();
        channels.set_processing(&grant.account, 0);
        channels.set_ending(&grant.account, end);
        let entry = json!({ "channel": "youtube", "caption": reason, "format": "video",
                            "media": [{ "url": address(&stack, SHORT), "type": "video" }] });
        let written = anna.write_entries(&[entry]).await;

        let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);

        let intent = anna.wait_for_intent(&id, "failed").await;
        assert_eq!(
            (&intent["error"]["code"], &intent["error"]["provider_code"]),
            (&json!(code), &json!(reason)),
            "{intent}"
        );
        let video = channels.ledger().the_only_post(&grant.account, reason);
        let receipt = anna.receipt(&id).await.to_string();
        assert!(receipt.contains(&video.id) && receipt.contains(reason), "{receipt}");
        assert_all_ended(&stack, &anna, &[id]).await;
    }
}
