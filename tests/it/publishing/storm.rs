//! Ten thousand posts on networks that answer by a seed: executed or not, with an answer or without. Part of `make storm`.

use std::time::Duration;

use almanac_tests::{
    OrFail, Stack, User,
    actor::publishing::texts,
    eventually,
    run::test_run,
    world::channels::{Grant, LookUp, Repeats, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::json;

use super::{SITES, assert_all_ended, assert_ledgers_agree, connected};

/// Posts of one account.
const POSTS: usize = 100;
/// Accounts of each network, with and without a list of posts.
const ACCOUNTS: usize = 25;
/// For all intents to end.
const PATIENCE: Duration = Duration::from_secs(1_800);

struct Posted {
    user: User,
    grant: Grant,
    intents: Vec<String>,
}

async fn posted(stack: &Stack, site: Site, look_up: LookUp, seed: u64) -> Posted {
    let (user, grant) = connected(stack, site).await;
    let channels = stack.world.channels();
    channels.set_look_up(&grant.account, look_up);
    channels.set_repeats(&grant.account, Repeats::Published);
    channels.play(&grant.account, Step::Publish, Script::seeded(seed, POSTS));
    let written = user.write(grant.channel(), &texts(POSTS)).await;
    let intents = user.published(&written.order(&json!({}))).await.intents;
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
        let of = SITES.into_iter().flat_map(|site| [LookUp::On, LookUp::Off].map(|look_up| (site, look_up)));
        let seeded = of.zip(0_u64..).map(|((site, look_up), number)| {
            let seed = first.wrapping_add(round as u64 * 4 + number);
            posted(&stack, site, look_up, seed)
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
    let counts = "SELECT status, count(*) FROM almanac.publish_intents GROUP BY status ORDER BY status";
    let counts: Vec<(String, i64)> = sqlx::query_as(counts).fetch_all(&admin).await.or_fail("counting");
    eprintln!("{} intents of {} accounts ended as {counts:?}", all.len() * POSTS, all.len());
}
