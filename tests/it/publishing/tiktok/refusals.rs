//! What is not posted: videos that do not fit, and what the account does not allow.

use almanac_tests::world::channels::Creator;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_does_not_fit_is_refused_before_the_first_call() {
    let stack = Stack::shared().await;
    let stack = &*stack;
    join_all(
        [
            ("text.mp4", "MEDIA_TYPE"),
            ("video-12s-200x400.mp4", "MEDIA_DIMENSIONS"),
            ("video-601s.mp4", "MEDIA_DURATION"),
            ("video-5GB.mp4", "MEDIA_TOO_LARGE"),
        ]
        .map(async |(video, code)| {
            let case = Case::new(stack, video).await;
            let (id, ended) = case.run().await;
            assert_eq!(ending(&ended), ("failed", code), "{video}: {ended}");
            let ledger = stack.world.channels().ledger();
            assert!(ledger.exchanges().iter().all(|exchange| exchange.account != case.grant.account), "{video}");
            case.anna.get(&format!("/v1/publish/intents/{id}/receipt")).await.refused(404, "NO_RECEIPT");
            assert_all_ended(stack, &case.anna, &[id]).await;
        }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_changes_while_it_is_uploaded_is_not_posted() {
    let stack = Stack::shared().await;
    let stack = &*stack;
    join_all(
        ["video-20MB-changes1.mp4", "video-20MB-changes2.mp4", "video-20MB-grows2.mp4", "video-changes1.mp4"].map(
            async |video| {
                let case = Case::new(stack, video).await;
                let (id, ended) = case.run().await;
                assert_eq!(ending(&ended), ("failed", "MEDIA_CHANGED"), "{video}: {ended}");
                assert_eq!(stack.world.channels().ledger().posts_by_text(&case.grant.account).len(), 0);
                assert_all_ended(stack, &case.anna, &[id]).await;
            },
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_may_lack_ranges_lengths_and_tags() {
    let stack = Stack::shared().await;
    let stack = &*stack;
    let videos = [
        "video-20MB-norange.mp4",
        "video-3MB-nolength-norange.mp4",
        "video-3MB-untagged.mp4",
        "video-20MB-cut12000000.mp4",
    ];
    join_all(videos.map(async |video| {
        let case = Case::new(stack, video).await;
        let id = case.publish().await;
        case.assert_posted_once(stack, &id).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_account_does_not_allow_fails_by_its_name() {
    let stack = Stack::shared().await;
    let stack = &*stack;
    let usual = Creator::default();
    let comments = json!({ "allowComment": true });
    join_all(
        [
            (Creator { privacy_levels: vec!["SELF_ONLY"], ..usual.clone() }, json!({}), "OPTION_INVALID", "SELF_ONLY"),
            (Creator { comment_disabled: true, ..usual.clone() }, comments, "OPTION_INVALID", "comments"),
            (Creator { duet_disabled: true, ..usual.clone() }, json!({ "allowDuet": true }), "OPTION_INVALID", "duets"),
            (
                Creator { stitch_disabled: true, ..usual.clone() },
                json!({ "allowStitch": true }),
                "OPTION_INVALID",
                "stitches",
            ),
            (Creator { max_seconds: 11, ..usual }, json!({}), "MEDIA_DURATION", "11 seconds"),
        ]
        .map(async |(creator, options, code, named)| {
            let case = Case::with(stack, SMALL, |channels, account| channels.set_creator(account, creator)).await;
            let order = case.written.order(&json!({ "options": { "tiktok": options } }));
            let id = case.anna.published(&order).await.intents.remove(0);

            let ended = case.anna.wait_for_intent(&id, "failed").await;

            assert_eq!(ending(&ended), ("failed", code), "{ended}");
            assert!(ended["error"]["message"].as_str().unwrap().contains(named), "{ended}");
            assert_eq!((case.requests(stack, Step::Quota), case.requests(stack, Step::Init)), (1, 0));
            assert_all_ended(stack, &case.anna, &[id]).await;
        }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_a_video_has_to_be_said() {
    let stack = Stack::shared().await;
    let (anna, grant) = (stack.user(), stack.world.channels().account(Site::Tiktok));
    let mut body = grant.body();
    body["settings"] = json!({});
    anna.connect_with("tiktok", "main", body).await;
    let written = anna.write_entries(&[entry(&stack, &grant, SMALL, "To whom?")]).await;

    let refused = anna.publish(&written.order(&json!({}))).await.refused(422, "OPTION_REQUIRED").text();

    assert!(refused.contains("privacyLevel"), "{refused}");
    let ledger = stack.world.channels().ledger();
    assert!(ledger.exchanges().iter().all(|exchange| exchange.account != grant.account));
}
