//! Pictures, which TikTok fetches: the request that names them is the one that publishes, and only its answer tells by
//! which id the post is asked for.

use almanac_tests::{
    eventually,
    world::channels::{Ending, Script},
};

use super::*;
use crate::publishing::{SOON, stalls::is};

async fn pictures(stack: &Stack, names: &[&str], tell: impl FnOnce(&Channels, &str)) -> Case {
    let (anna, grant) = connected(stack, Site::Tiktok).await;
    tell(stack.world.channels(), &grant.account);
    let text = texts(1).remove(0);
    let media: Vec<_> =
        names.iter().map(|name| json!({ "url": stack.world.secure_media_url(name), "type": "image" })).collect();
    let entry = json!({ "channel": "tiktok", "caption": text, "format": "carousel", "media": media });
    let written = anna.write_entries(&[entry]).await;
    Case { anna, grant, text, video: "", written }
}

/// Waits for the end of an intent, and counts what was posted.
async fn ends(stack: &Stack, case: &Case, id: &str) -> (Value, usize) {
    let ended = case.anna.wait_for_ends(&[id.to_owned()]).await.remove(0);
    let posts = stack.world.channels().ledger().posts_by_text(&case.grant.account);
    assert_ledgers_agree(stack, &case.anna, &case.grant).await;
    assert_all_ended(stack, &case.anna, &[id.to_owned()]).await;
    (ended, posts.get(&case.text).copied().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_published_and_their_limits_kept() {
    let stack = Stack::shared().await;
    let stack = &*stack;
    let two = ["a.jpg", "b.jpg"];
    let published = async {
        let case = pictures(stack, &two, |_, _| {}).await;
        let id = case.publish().await;
        let (ended, _) = ends(stack, &case, &id).await;
        let post = stack.world.channels().ledger().the_only_post(&case.grant.account, &case.text);
        assert_eq!(ending(&ended), ("published", ""), "{ended}");
        let public = post.public_id.as_deref().unwrap();
        assert_eq!(ended["externalUrl"], format!("https://www.tiktok.com/@a_creator/photo/{public}"));
        assert_eq!((post.title.as_str(), post.media.len()), ("By hand", 2));
    };
    let passing = async {
        let failed = Ending::Failed("photo_pull_failed".to_owned());
        let case = pictures(stack, &two, |channels, account| channels.set_ending(account, failed)).await;
        let (channels, account) = (stack.world.channels(), &case.grant.account);
        let id = case.publish().await;
        channels.wait_until_ended(account, Step::Publish, 1).await;
        channels.set_ending(account, Ending::Ready);
        assert_eq!(ending(&ends(stack, &case, &id).await.0), ("published", ""));
        assert_eq!(case.requests(stack, Step::Publish), 2);
    };
    let refused = [
        (vec!["a.png"], None, "MEDIA_TYPE", 0),
        (vec!["huge.jpg"], None, "MEDIA_TOO_LARGE", 0),
        (vec!["a.jpg"], Some("url_ownership_unverified"), "MEDIA_URL", 1),
        (vec!["a.jpg"], Some("unaudited_client_can_only_post_to_private_accounts"), "CHANNEL_PERMISSION", 1),
        (vec!["a.jpg"], Some("spam_risk_user_banned_from_posting"), "CHANNEL_POLICY", 1),
        (vec!["a.jpg"], Some("invalid_param"), "CHANNEL_REJECTED", 1),
    ];
    let refused = join_all(refused.map(async |(names, answer, code, sends)| {
        let case = pictures(stack, &names, |channels, account| {
            if let Some(answer) = answer {
                channels.play(account, Step::Publish, [Script::tiktok_in_200(answer)]);
            }
        });
        let case = case.await;
        let id = case.publish().await;
        let (ended, posts) = ends(stack, &case, &id).await;
        assert_eq!((ending(&ended), posts), (("failed", code), 0), "{ended}");
        assert_eq!(case.requests(stack, Step::Publish), sends);
    }));
    tokio::join!(published, passing, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_whose_answer_is_lost_are_left_to_a_person() {
    let stack = Stack::shared().await;
    let stack = &*stack;
    let lost = [
        (Script::AcceptThenReset, 1),
        (Script::AcceptThenHang, 1),
        (Script::AcceptThenStatus(500), 1),
        (Script::Truncated, 1),
        (Script::ResetBefore, 0),
        (Script::Hang, 0),
        (Script::status(500), 0),
        (Script::ErrorIn200, 0),
    ];
    let lost = join_all(lost.map(async |(script, expected)| {
        let case = pictures(stack, &["a.jpg"], |channels, account| {
            channels.play(account, Step::Publish, [script.clone(), Script::Ok]);
        });
        let case = case.await;
        let id = case.publish().await;
        let (ended, posts) = ends(stack, &case, &id).await;
        assert_eq!((ending(&ended), posts), (("needs_review", "OUTCOME_UNKNOWN"), expected), "{script:?}: {ended}");
        assert_eq!(case.requests(stack, Step::Publish), 1, "{script:?}: never again");
    }));
    let limited = async {
        let case = pictures(stack, &["a.jpg"], |channels, account| {
            channels.play(account, Step::Publish, [Script::too_many(Some(1)), Script::ExpireToken, Script::Ok]);
        });
        let case = case.await;
        let id = case.publish().await;
        let (ended, posts) = ends(stack, &case, &id).await;
        assert_eq!((ending(&ended), posts), (("published", ""), 1), "what was not executed is sent again: {ended}");
    };
    tokio::join!(lost, limited);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_while_pictures_are_answered_leaves_them_to_a_person() {
    let stack = Stack::builder().start().await;
    let killed = pictures(&stack, &["a.jpg"], |channels, account| {
        channels.play(account, Step::Publish, [Script::AcceptThenHold, Script::Ok]);
    });
    let killed = killed.await;
    let id = killed.publish().await;
    stack.world.channels().wait_until_holding(&killed.grant.account).await;

    stack.worker(0).restart().await;

    let (ended, posts) = ends(&stack, &killed, &id).await;
    assert_eq!((ending(&ended), posts), (("needs_review", "OUTCOME_UNKNOWN"), 1), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stands_still_while_pictures_are_answered_posts_them_once() {
    let stack = Stack::builder().start().await;
    let case = pictures(&stack, &["a.jpg"], |channels, account| {
        channels.play(account, Step::Publish, [Script::AcceptThenHold, Script::Ok]);
    });
    let case = case.await;
    let id = case.publish().await;
    stack.world.channels().wait_until_holding(&case.grant.account).await;

    stack.worker(0).pause();
    stack.world.release(&case.grant.account);
    stack.world.channels().wait_until_ended(&case.grant.account, Step::Publish, 1).await;
    let lost = async || is(&stack, "lease_expires_at < clock_timestamp()").await;
    eventually(SOON, "its lease runs out", lost).await;
    stack.worker(0).resume();

    let (ended, posts) = ends(&stack, &case, &id).await;
    assert_eq!(posts, 1, "{ended}");
    assert_eq!(case.requests(&stack, Step::Publish), 1, "sent once");
}
