//! Ten thousand posts on networks that answer by a seed: executed or not, with an answer or without. All channels take
//! part, with what they publish: texts, pictures and videos. Part of `make storm`.

use std::time::Duration;

use almanac_tests::{
    OrFail, Stack, User,
    actor::publishing::texts,
    eventually,
    run::test_run,
    world::channels::{Grant, LookUp, Quota, Repeats, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::json;

use super::{assert_all_ended, assert_ledgers_agree, media_posts::entry};

/// Posts of one account.
const POSTS: usize = 100;
/// Accounts of each kind, with and without a list of posts.
const ACCOUNTS: usize = 6;
/// For all intents to end.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// What an account publishes: format and files.
const KINDS: [(Site, &str, &[&str]); 10] = [
    (Site::Facebook, "post", &[]),
    (Site::Facebook, "video", &["v.mp4"]),
    (Site::Facebook, "reel", &["v.mp4"]),
    (Site::Linkedin, "post", &[]),
    (Site::Linkedin, "video", &["video-12s-100KiB.mp4"]),
    (Site::Instagram, "post", &["a.jpg"]),
    (Site::Instagram, "reel", &["v.mp4"]),
    (Site::Tiktok, "video", &["v.mp4"]),
    (Site::Tiktok, "carousel", &["a.jpg", "b.jpg"]),
    (Site::Youtube, "video", &["v.mp4"]),
];

struct Posted {
    user: User,
    grant: Grant,
    intents: Vec<String>,
}

/// Accounts of a stack that publish what they can; how their networks answer is in the seed.
async fn posted(stack: &Stack, (site, format, files): (Site, &str, &[&str]), look_up: LookUp, seed: u64) -> Posted {
    let channels = stack.world.channels();
    let (user, grant) = (stack.user(), channels.account(site));
    user.connect_account(&grant).await;
    channels.set_look_up(&grant.account, look_up);
    channels.set_repeats(&grant.account, Repeats::Published);
    channels.set_quota(&grant.account, Quota { used: 0, total: 100 * POSTS });
    channels.play(&grant.account, Step::Publish, Script::seeded(seed, POSTS));
    let entries: Vec<_> = texts(POSTS).iter().map(|text| entry(stack, grant.channel(), format, text, files)).collect();
    let options = json!({ "tiktok": { "privacyLevel": "SELF_ONLY" }, "youtube": { "madeForKids": false } });
    let written = user.write_entries(&entries).await;
    let intents = user.published(&written.order(&json!({ "options": options }))).await.intents;
    Posted { user, grant, intents }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make storm"]
async fn ten_thousand_lost_answers_double_no_post() {
    let stack = Stack::builder()
        .workers(2)
        .env("PUBLISH_RATE", "1000/300")
        .worker_env("WORKER_CONCURRENCY", "publishing=32,calendar=4")
        .start()
        .await;
    let first = test_run().settings.seed.unwrap_or_else(rand::random);
    eprintln!("storm of lost answers, seed {first}");
    let mut all = Vec::new();
    for round in 0..ACCOUNTS {
        let of = KINDS.into_iter().flat_map(|kind| [LookUp::On, LookUp::Off].map(|look_up| (kind, look_up)));
        let seeded = of.zip(0_u64..).map(|((kind, look_up), number)| {
            let seed = first.wrapping_add(round as u64 * 2 * KINDS.len() as u64 + number);
            posted(&stack, kind, look_up, seed)
        });
        all.extend(join_all(seeded).await);
    }

    let admin = stack.admin().await;
    let open = "SELECT count(*) FROM almanac.publish_intents WHERE status IN ('pending', 'publishing', 'unknown')";
    let ended = async || {
        let open: i64 = sqlx::query_scalar(open).fetch_one(&admin).await.ok()?;
        (open == 0).then_some(())
    };
    eventually(PATIENCE, "all intents have ended or need a review", ended).await;

    let unexplained = "SELECT count(*) FROM almanac.publish_intents WHERE status = 'needs_review' AND error IS NULL";
    let unexplained: i64 = sqlx::query_scalar(unexplained).fetch_one(&admin).await.or_fail("counting");
    assert_eq!(unexplained, 0, "each review has a reason");
    for Posted { user, grant, intents } in &all {
        assert_ledgers_agree(&stack, user, grant).await;
        assert_all_ended(&stack, user, intents).await;
    }
    let counts = "SELECT channel, status, count(*) FROM almanac.publish_intents GROUP BY 1, 2 ORDER BY 1, 2";
    let counts: Vec<(String, String, i64)> = sqlx::query_as(counts).fetch_all(&admin).await.or_fail("counting");
    assert!(counts.iter().all(|(_, status, _)| status != "failed"), "no network refuses anything for good: {counts:?}");
    eprintln!("{} intents of {} accounts ended as {counts:?}", all.len() * POSTS, all.len());
}
