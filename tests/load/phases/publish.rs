//! What publishing costs: a dry run of a thousand entries, accepting a thousand intents in one call, and posts a second over
//! fifty accounts of a channel that answers in ten milliseconds. Held against what the product promised itself.

use std::time::Duration;

use almanac_tests::{
    User,
    actor::publishing::texts,
    eventually,
    world::channels::{Script, Site, Step},
};
use anyhow::Context;
use serde_json::json;
use tokio::time::Instant;

use super::stack;
use crate::{
    Knobs,
    figures::{Latencies, Report, Yardstick},
};

/// Entries of a call: as many as it may have.
const ENTRIES: usize = 1_000;
/// Accounts, and posts of each.
const ACCOUNTS: usize = 50;
const POSTS: usize = 40;
/// What the channel takes for an answer.
const ANSWER: Duration = Duration::from_millis(10);
/// Dry runs after the first one.
const DRY_RUNS: usize = 10;
/// What was promised: milliseconds of a dry run and of an accept, posts a second.
const PROMISED: (f64, f64, f64) = (150.0, 1_000.0, 200.0);

pub async fn run(_: &Knobs, mut report: Report) -> anyhow::Result<()> {
    let stack = stack()
        .env("PUBLISH_RATE", "1000000/300")
        .worker_env("CHANNEL_CALL_TIMEOUT_MS", "8000")
        .worker_env("WORKER_CONCURRENCY", "publishing=8,calendar=2")
        .start()
        .await;
    let user = stack.user();
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        let grant = stack.world.channels().account(Site::Facebook);
        stack.world.channels().play(&grant.account, Step::Publish, [Script::Delay(ANSWER)]);
        let name = format!("page-{number}");
        user.connect_with("facebook", &name, grant.body()).await;
        accounts.push(name);
    }
    let written = user.write("facebook", &texts(ENTRIES)).await;
    let order = |account: &str, entries: &[String], more: serde_json::Value| {
        let mut order = json!({
            "calendarId": written.calendar, "entryIds": entries, "accountIds": { "facebook": account }, "dryRun": false,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        order
    };

    let mut dry = Latencies::default();
    let all = order(&accounts[0], &written.entries, json!({ "dryRun": true }));
    for round in 0..=DRY_RUNS {
        let began = Instant::now();
        user.publish(&all).await.expect(200);
        if round > 0 {
            dry.add(began.elapsed());
        }
    }
    report.latencies("dry run of 1,000 entries", &mut dry, Some(("what was promised", [PROMISED.0; 2])))?;

    let later = json!({ "publishAt": "2099-01-01T00:00:00Z" });
    let began = Instant::now();
    user.publish(&order(&accounts[0], &written.entries, later)).await.expect(202);
    let took = began.elapsed().as_secs_f64() * 1e3;
    report.figure("1,000 intents accepted in one call", took, "ms", Yardstick::of("promised", Some(PROMISED.1)))?;

    for (number, account) in accounts.iter().enumerate().skip(1) {
        let first = number * POSTS % (ENTRIES - POSTS);
        user.publish(&order(account, &written.entries[first..first + POSTS], json!({}))).await.expect(202);
    }
    let posts = (ACCOUNTS - 1) * POSTS;
    let rate = posts_a_second(&stack.admin().await, &user, posts).await?;
    report.figure("posts, accepted to published", rate, "/s", Yardstick::of("promised", Some(PROMISED.2)))
}

/// From the first accept to the last end, by the database's clock.
async fn posts_a_second(admin: &sqlx::PgPool, user: &User, posts: usize) -> anyhow::Result<f64> {
    let sql = "SELECT count(*), extract(epoch FROM max(updated_at) - min(created_at))::float8
                 FROM almanac.publish_intents WHERE user_id = $1 AND status = 'published'";
    let published = async || {
        let (count, seconds): (i64, Option<f64>) = sqlx::query_as(sql).bind(user.id).fetch_one(admin).await.ok()?;
        (usize::try_from(count).ok()? == posts).then_some(seconds)
    };
    let seconds = eventually(Duration::from_secs(300), "all posts are published", published).await;
    Ok(posts as f64 / seconds.context("reading when posts were published")?)
}
