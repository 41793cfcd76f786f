//! Instagram: containers that are made, processed and published, whatever goes wrong at each step.

use std::time::Duration;

use almanac_tests::{
    OrFail, Stack,
    actor::{publishing::texts, token},
    eventually,
    world::channels::{Ending, Grant, LookUp, Quota, Refreshes, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use super::{
    SOON, assert_all_ended, assert_ledgers_agree, connected,
    media_posts::{MediaPost, account, entry},
    sends,
    videos::leases_are_over,
};

/// Accounts that are connected and publish at the same time.
const AT_ONCE: usize = 17;
const REEL: &[&str] = &["reel.mp4"];
const CAROUSEL: &[&str] = &["a.jpg", "b.mp4"];

fn new_account(stack: &Stack) -> Grant {
    stack.world.channels().account(Site::Instagram)
}

async fn post(stack: &Stack, scripts: &[(Step, Script)], format: &str, files: &[&str]) -> MediaPost {
    MediaPost::new(stack, account(stack, new_account(stack), scripts).await, format, files).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_becomes_one_post_by_both_logins() {
    let stack = Stack::shared().await;
    let formats: [(&str, &[&str]); 5] =
        [("post", &["a.jpg"]), ("carousel", CAROUSEL), ("reel", REEL), ("story", &["a.jpg"]), ("story", &["s.mp4"])];
    let of_login = async |grant: Grant, format: &str, files: &[&str]| {
        let made = MediaPost::new(&stack, account(&stack, grant, &[]).await, format, files).await;
        made.assert_published(&stack, 1..=1).await;
        let shown = made.user.get("/v1/channels").await.expect(200).data();
        let quota = shown["items"][0]["accounts"][0]["quota"].clone();
        assert_eq!(quota, json!({ "used": 0, "total": 50, "seconds": 86_400 }), "{shown}");
    };
    let channels = stack.world.channels();
    join_all(formats.iter().map(|(format, files)| of_login(new_account(&stack), format, files))).await;
    join_all(formats.iter().map(|(format, files)| of_login(channels.instagram_by_facebook(), format, files))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_instagram_answers_at_each_step_one_post_is_made() {
    let stack = Stack::builder().env("PUBLISH_RATE", "1000/300").start().await;
    let mut cells = Vec::new();
    for step in [Step::Quota, Step::Init, Step::Status, Step::Publish] {
        for script in [
            Script::status(500),
            Script::too_many(Some(1)),
            Script::ResetBefore,
            Script::AcceptThenReset,
            Script::AcceptThenHang,
            Script::AcceptThenStatus(500),
            Script::Truncated,
            Script::graph_transient(100),
        ] {
            cells.push((step, script));
        }
    }
    cells.push((Step::Publish, Script::graph_sub(9_007, 2_207_027)));
    cells.push((Step::Init, Script::graph_sub(-2, 2_207_003)));
    let run = async |cell: (Step, Script), format: &str, files: &[&str]| {
        let most = if cell.0 == Step::Publish { 2 } else { 1 };
        let made = post(&stack, &[cell], format, files).await;
        made.assert_published(&stack, 1..=most).await;
    };

    for some in cells.chunks(AT_ONCE) {
        join_all(some.iter().cloned().map(|cell| run(cell, "reel", REEL))).await;
    }
    join_all([Step::Init, Step::Status].map(|step| run((step, Script::AcceptThenReset), "carousel", CAROUSEL))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_account_lists_nothing_is_sent_again_or_left_to_a_person() {
    let stack = Stack::shared().await;
    let without_list = async |script: Script| {
        let (user, grant) = account(&stack, new_account(&stack), &[(Step::Publish, script)]).await;
        stack.world.channels().set_look_up(&grant.account, LookUp::Off);
        MediaPost::new(&stack, (user, grant), "post", &["a.jpg"]).await
    };
    // Its container says that it was published; which medium it became cannot be read.
    let published = without_list(Script::AcceptThenReset).await;
    let absent = without_list(Script::ResetBefore).await;

    absent.assert_published(&stack, 2..=2).await;
    published.user.wait_for_intent(&published.intent, "needs_review").await;
    assert_eq!(sends(stack.world.channels().ledger(), &published.grant), 1);
    assert_ledgers_agree(&stack, &published.user, &published.grant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_fails_is_made_again_or_fails_the_post() {
    let stack = Stack::shared().await;
    let channels = stack.world.channels();
    let ending = async |ending: Ending, may_pass: bool| {
        let (user, grant) = account(&stack, new_account(&stack), &[]).await;
        channels.set_ending(&grant.account, ending);
        channels.set_processing(&grant.account, 0);
        let made = MediaPost::new(&stack, (user, grant), "reel", REEL).await;
        if may_pass {
            channels.wait_until_ended(&made.grant.account, Step::Init, 1).await;
            channels.set_ending(&made.grant.account, Ending::Ready);
        }
        made
    };
    let recovers = async |of: Ending| {
        let made = ending(of, true).await;
        made.assert_published(&stack, 1..=1).await;
        assert_eq!(channels.ledger().requests(&made.grant.account, Step::Init).len(), 2);
    };
    join_all([Ending::Failed("2207053".to_owned()), Ending::Expired].map(recovers)).await;
    let fails = async |(code, expected, containers): (&str, &str, usize)| {
        let made = ending(Ending::Failed(code.to_owned()), false).await;
        made.assert_failed(&stack, expected).await;
        assert_eq!(channels.ledger().requests(&made.grant.account, Step::Init).len(), containers, "{code}");
    };
    join_all(
        [("2207026", "MEDIA_TYPE", 1), ("2207050", "CHANNEL_POLICY", 1), ("2207032", "CHANNEL_REJECTED", 3)].map(fails),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn media_that_instagram_does_not_take_are_refused_before_it_is_called() {
    let stack = Stack::shared().await;
    let refused = async |(format, file, code): (&str, &str, &str)| {
        let made = post(&stack, &[], format, &[file]).await;
        made.assert_failed(&stack, code).await;
        assert_eq!(made.requests(&stack), 0, "{file}: Instagram was called");
    };
    let cases = [
        ("post", "a.png", "MEDIA_TYPE"),
        ("post", "text.jpg", "MEDIA_TYPE"),
        ("post", "huge.jpg", "MEDIA_TOO_LARGE"),
        ("post", "to-private.jpg", "MEDIA_UNREACHABLE"),
        ("reel", "video-301MiB.mp4", "MEDIA_TOO_LARGE"),
        ("reel", "video-2s.mp4", "MEDIA_DURATION"),
        ("reel", "video-901s-tail.mp4", "MEDIA_DURATION"),
        ("reel", "video-2000x1000.mp4", "MEDIA_DIMENSIONS"),
        ("story", "video-61s.mp4", "MEDIA_DURATION"),
        ("story", "video-101MiB.mp4", "MEDIA_TOO_LARGE"),
    ];
    join_all(cases.map(refused)).await;
}

/// Jobs of a person that wait, uncharged.
async fn waiting(stack: &Stack, user: Uuid) -> i64 {
    let sql = "SELECT count(*) FROM almanac.jobs
                WHERE user_id = $1 AND kind = 'publishing.publish' AND state = 'queued' AND attempt = 0 AND crashes = 0
                  AND run_at > clock_timestamp()";
    sqlx::query_scalar(sql).bind(user).fetch_one(&stack.admin().await).await.or_fail("counting jobs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_ends_in_the_middle_of_a_batch_holds_back_the_rest() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=1,calendar=2").start().await;
    let (anna, grant) = connected(&stack, Site::Instagram).await;
    let channels = stack.world.channels();
    channels.set_quota(&grant.account, Quota { used: 48, total: 50 });
    let texts = texts(4);
    let entries: Vec<_> = texts.iter().map(|text| entry(&stack, "instagram", "post", text, &["a.jpg"])).collect();
    let written = anna.write_entries(&entries).await;

    let intents = anna.published(&written.order(&json!({}))).await.intents;

    let held = async || {
        let posts = channels.ledger().posts(&grant.account).len();
        (posts == 2 && waiting(&stack, anna.id).await == 2).then_some(())
    };
    eventually(SOON, "two are published and two wait", held).await;
    let shown = anna.get("/v1/channels").await.expect(200).data();
    assert_eq!(shown["items"][0]["accounts"][0]["quota"], json!({ "used": 50, "total": 50, "seconds": 86_400 }));
    for intent in &intents {
        anna.post(&format!("/v1/publish/intents/{intent}/cancel"), json!({})).await;
    }
    anna.wait_for_ends(&intents).await;
    assert_eq!(channels.ledger().posts(&grant.account).len(), 2);
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

/// Steps at which a worker is stopped while Instagram holds its request.
const STOPS: [(Step, Script); 5] = [
    (Step::Quota, Script::Hold),
    (Step::Init, Script::AcceptThenHold),
    (Step::Status, Script::Hold),
    (Step::Publish, Script::AcceptThenHold),
    (Step::Publish, Script::Hold),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_at_a_step_posts_once() {
    let stack = Stack::builder().start().await;
    for stop in STOPS {
        let made = post(&stack, &[stop], "reel", REEL).await;
        stack.world.channels().wait_until_holding(&made.grant.account).await;

        stack.worker(0).kill().await;
        stack.world.release(&made.grant.account);
        stack.worker(0).start().await;

        made.assert_published(&stack, 1..=2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stands_still_at_a_step_posts_once() {
    let stack = Stack::builder().start().await;
    for (step, script) in STOPS {
        let made = post(&stack, &[(step, script)], "reel", REEL).await;
        stack.world.channels().wait_until_holding(&made.grant.account).await;

        stack.worker(0).pause();
        stack.world.release(&made.grant.account);
        stack.world.channels().wait_until_ended(&made.grant.account, step, 1).await;
        eventually(SOON, "its lease runs out", async || leases_are_over(&stack).await).await;
        stack.worker(0).resume();

        made.assert_published(&stack, 1..=1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_exchanged_once_and_shown_nowhere() {
    let stack = Stack::builder().workers(2).worker_env("LOG_LEVEL", "trace").start().await;
    let channels = stack.world.channels();
    let in_ten_days = i64::try_from(token::now()).unwrap_or_default() + 10 * 86_400;
    let end = chrono::DateTime::from_timestamp(in_ten_days, 0).unwrap_or_default().to_rfc3339();
    for grant in [new_account(&stack), channels.instagram_by_facebook()] {
        let anna = stack.user();
        let mut body = grant.body();
        body["expiresAt"] = end.clone().into();
        anna.connect_with("instagram", "main", body).await;
        let texts = texts(6);
        let entries: Vec<_> = texts.iter().map(|text| entry(&stack, "instagram", "post", text, &["a.jpg"])).collect();
        let intents = anna.published(&anna.write_entries(&entries).await.order(&json!({}))).await.intents;

        for intent in &intents {
            anna.wait_for_intent(intent, "published").await;
        }

        assert_eq!(channels.refreshes(&grant.account), Refreshes { granted: 1, stale: 0 });
        let shown = anna.get("/v1/channels/instagram/accounts/main").await.expect(200).data();
        assert!(shown["expiresAt"].as_str().is_some_and(|at| at > end.as_str()), "{shown}");
        assert_ledgers_agree(&stack, &anna, &grant).await;
        for worker in stack.workers() {
            assert!(!worker.log().contains(&grant.access_token), "a token in the log");
        }
    }
    let logs: String = stack.workers().iter().map(|worker| worker.log()).collect();
    assert!(logs.contains("TRACE") || logs.contains("trace"), "there is something to look through");
    assert!(!logs.contains("canary"), "no token and no secret is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_has_expired_refuses_the_call() {
    let stack = Stack::shared().await;
    let (anna, grant) = (stack.user(), new_account(&stack));
    let mut body = grant.body();
    body["expiresAt"] = "2026-01-01T00:00:00Z".into();
    anna.connect_with("instagram", "main", body).await;
    let written = anna.write_entries(&[entry(&stack, "instagram", "post", "Late", &["a.jpg"])]).await;

    let refused = anna.publish(&written.order(&json!({}))).await.refused(422, "CHANNEL_AUTH_MISSING").json();

    assert_eq!(refused["error"]["channel"], "instagram");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_stuck_containers_and_one_text_post_the_post_leaves_within_two_seconds() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=4,calendar=2").start().await;
    let channels = stack.world.channels();
    let (anna, grant) = connected(&stack, Site::Instagram).await;
    channels.set_ending(&grant.account, Ending::Stuck);
    let entries: Vec<_> = texts(50).iter().map(|text| entry(&stack, "instagram", "reel", text, REEL)).collect();
    let written = anna.write_entries(&entries).await;
    let (ben, bens) = connected(&stack, Site::Facebook).await;
    let order = ben.write("facebook", &["At once".to_owned()]).await.order(&json!({}));
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    let all_wait = async || (channels.ledger().requests(&grant.account, Step::Init).len() == 50).then_some(());
    eventually(SOON, "each has a container", all_wait).await;

    let began = tokio::time::Instant::now();
    let id = ben.published(&order).await.intents.remove(0);
    let sent = channels.wait_for_request(&bens.account, Step::Publish, 1).await;

    let took = sent.at.saturating_duration_since(began);
    assert!(took < Duration::from_secs(2), "it left after {took:?}");
    ben.wait_for_intent(&id, "published").await;
    assert_eq!(sends(channels.ledger(), &grant), 0, "what is stuck is not published");
    for intent in &intents {
        anna.post(&format!("/v1/publish/intents/{intent}/cancel"), json!({})).await;
    }
    for intent in anna.wait_for_ends(&intents).await {
        assert_eq!(intent["status"], "cancelled", "{intent}");
    }
    assert_all_ended(&stack, &anna, &intents).await;
}
