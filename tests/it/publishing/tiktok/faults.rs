//! What can go wrong on the way to TikTok, at each step: it costs time, and never a post or a second one.

use std::time::Duration;

use almanac_tests::{
    Mode, eventually,
    run::test_run,
    world::channels::{Ending, Quota, Refreshes, Script},
};

use futures_util::{StreamExt, stream};

use super::*;
use crate::publishing::SOON;

const STEPS: [Step; 5] = [Step::Quota, Step::Init, Step::Chunk, Step::Publish, Step::Status];

/// Each is followed by `Ok`.
fn faults(step: Step) -> Vec<Script> {
    let all = [
        Script::status(503),
        Script::too_many(Some(1)),
        Script::Hang,
        Script::ResetBefore,
        Script::AcceptThenReset,
        Script::AcceptThenStatus(500),
        Script::ErrorIn200,
        Script::Truncated,
        Script::SlowBody(Duration::from_millis(300)),
        Script::ExpireToken,
    ];
    let of_uploads = [Script::CutAfter(30_000), Script::AcceptThenHang];
    match step {
        // Each takes 20 MB.
        Step::Chunk => vec![Script::status(503), Script::AcceptThenReset, Script::CutAfter(3_000_000)],
        Step::Publish => all.into_iter().chain(of_uploads).collect(),
        _ => all.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_step_costs_time_and_no_post() {
    let concurrency = "publishing=16,calendar=8";
    let stack = Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", concurrency).start().await;
    let stack = &stack;
    let cells = STEPS.into_iter().flat_map(|step| faults(step).into_iter().map(move |fault| (step, fault)));

    // As many people at once as one API process serves well.
    let run = stream::iter(cells).for_each_concurrent(12, async |(step, fault)| {
        let video = if step == Step::Chunk { LARGE } else { SMALL };
        let case = Case::with(stack, video, |channels, account| {
            channels.play(account, step, [fault.clone(), Script::Ok]);
        });
        let case = case.await;
        let (id, ended) = case.run().await;

        assert_eq!(ending(&ended), ("published", ""), "{step:?} {fault:?}: {ended}");
        case.assert_posted_once(stack, &id).await;
    });
    run.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_tiktok_does_with_last_chunks_nothing_is_posted_twice() {
    let stack = Stack::builder().workers(2).env("PUBLISH_RATE", "1000/300").start().await;
    let seed = test_run().settings.seed.unwrap_or_else(rand::random);
    let (anna, grant) = connected(&stack, Site::Tiktok).await;
    stack.world.channels().play(&grant.account, Step::Publish, Script::seeded(seed, 20));
    let texts = texts(20);
    let entries: Vec<_> = texts.iter().map(|text| entry(&stack, &grant, SMALL, text)).collect();
    let written = anna.write_entries(&entries).await;

    let intents = anna.published(&written.order(&json!({}))).await.intents;

    for (text, intent) in texts.iter().zip(anna.wait_for_ends(&intents).await) {
        assert_eq!(ending(&intent), ("published", ""), "seed {seed}: {intent}");
        stack.world.channels().ledger().the_only_post(&grant.account, text);
    }
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_address_has_expired_is_begun_again() {
    let stack = Stack::builder().worker_env("CHANNEL_CALL_TIMEOUT_MS", "2000").start().await;
    let stack = &stack;
    join_all([(LARGE, Step::Chunk), (SMALL, Step::Publish), (LARGE, Step::Publish)].map(async |(video, step)| {
        let case = Case::with(stack, video, |channels, account| {
            channels.play(account, step, [Script::Hold, Script::Ok]);
        });
        let case = case.await;
        let (channels, account) = (stack.world.channels(), &case.grant.account);
        let id = case.publish().await;
        channels.wait_until_holding(account).await;

        channels.end_uploads(account);
        stack.world.release(account);

        case.assert_posted_once(stack, &id).await;
        assert_eq!(case.requests(stack, Step::Init), 2, "{video} {step:?}: another upload");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_tiktoks_own_is_sent_again_and_any_other_ends_the_post() {
    let stack = Stack::builder().workers(2).start().await;
    let stack = &stack;
    let failed = |reason: &str| Ending::Failed(reason.to_owned());
    let reasons = [
        ("file_format_check_failed", "MEDIA_TYPE"),
        ("duration_check_failed", "MEDIA_DURATION"),
        ("frame_rate_check_failed", "CHANNEL_REJECTED"),
        ("picture_size_check_failed", "MEDIA_DIMENSIONS"),
        ("publish_cancelled", "CHANNEL_REJECTED"),
        ("auth_removed", "CHANNEL_AUTH_INVALID"),
        ("spam_risk_text", "CHANNEL_POLICY"),
    ];
    let refused = join_all(reasons.map(async |(reason, code)| {
        let case = Case::with(stack, SMALL, |channels, account| channels.set_ending(account, failed(reason))).await;
        let (id, ended) = case.run().await;
        assert_eq!(ending(&ended), ("failed", code), "{reason}: {ended}");
        assert_eq!(ended["error"]["provider_code"], reason, "{ended}");
        assert_eq!(case.requests(stack, Step::Publish), 1, "{reason}");
        assert_ledgers_agree(stack, &case.anna, &case.grant).await;
        assert_all_ended(stack, &case.anna, &[id]).await;
    }));
    let passing = async {
        let case = Case::with(stack, SMALL, |channels, account| channels.set_ending(account, failed("internal"))).await;
        let (channels, account) = (stack.world.channels(), &case.grant.account);
        let id = case.publish().await;
        channels.wait_until_ended(account, Step::Publish, 1).await;
        channels.set_ending(account, Ending::Ready);
        case.assert_posted_once(stack, &id).await;
        assert_eq!(case.requests(stack, Step::Init), 2, "the old handle is of no use");
    };
    tokio::join!(refused, passing);
}

/// The queued, uncharged jobs of a person that are not due for this number of seconds.
async fn waiting(stack: &Stack, user: &User, seconds: i32) -> i64 {
    let sql = "SELECT count(*) FROM almanac.jobs
                WHERE user_id = $1 AND kind = 'publishing.publish' AND state = 'queued' AND attempt = 0 AND crashes = 0
                  AND run_at > clock_timestamp() + make_interval(secs => $2)";
    sqlx::query_scalar(sql).bind(user.id).bind(f64::from(seconds)).fetch_one(&stack.admin().await).await.unwrap()
}

/// Four videos of one account, two of which may be posted now; the others wait for as long, and can be cancelled.
async fn two_of_four_wait(stack: &Stack, seconds: i32, tell: impl FnOnce(&Channels, &str)) {
    let (anna, grant) = connected(stack, Site::Tiktok).await;
    tell(stack.world.channels(), &grant.account);
    let entries: Vec<_> = texts(4).iter().map(|text| entry(stack, &grant, SMALL, text)).collect();
    let written = anna.write_entries(&entries).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;

    eventually(SOON, "two of them wait", async || (waiting(stack, &anna, seconds).await == 2).then_some(())).await;
    let open = eventually(SOON, "two of them are published", async || {
        let shown = join_all(intents.iter().map(|id| anna.intent(id))).await;
        let is_open = |intent: &&Value| intent["status"] != "published";
        let open: Vec<_> =
            shown.iter().filter(is_open).map(|it| it["id"].as_str().unwrap_or_default().to_owned()).collect();
        (open.len() == 2).then_some(open)
    })
    .await;
    for id in &open {
        anna.post(&format!("/v1/publish/intents/{id}/cancel"), json!({})).await;
        anna.wait_for_intent(id, "cancelled").await;
    }
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 2);
    assert_ledgers_agree(stack, &anna, &grant).await;
    assert_all_ended(stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_in_the_middle_of_a_batch_is_waited_for() {
    // One after the other: the network counts posts when it has them.
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=1,calendar=4").start().await;
    let day = two_of_four_wait(&stack, 60, |channels, account| {
        channels.set_quota(account, Quota { used: 13, total: 15 });
    });
    let minute = two_of_four_wait(&stack, 5, |channels, account| channels.set_inits_per_minute(account, 2));
    tokio::join!(day, minute);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_exchanged_once_for_all_videos() {
    let stack = Stack::builder().workers(2).start().await;
    let (anna, grant) = connected(&stack, Site::Tiktok).await;
    stack.world.channels().expire(&grant.account);
    let texts = texts(10);
    let entries: Vec<_> = texts.iter().map(|text| entry(&stack, &grant, SMALL, text)).collect();
    let written = anna.write_entries(&entries).await;

    let intents = anna.published(&written.order(&json!({}))).await.intents;

    for (text, intent) in texts.iter().zip(anna.wait_for_ends(&intents).await) {
        assert_eq!(ending(&intent), ("published", ""), "{intent}");
        stack.world.channels().ledger().the_only_post(&grant.account, text);
    }
    // The old refresh token is of no use after the first exchange.
    assert_eq!(stack.world.channels().refreshes(&grant.account), Refreshes { granted: 1, stale: 0 });
    assert_ledgers_agree(&stack, &anna, &grant).await;
    assert_all_ended(&stack, &anna, &intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_postgres_could_not_take_at_once_are_stored_later() {
    let builder = Stack::builder().private_postgres().worker_env("CHANNEL_CALL_TIMEOUT_MS", "8000");
    let stack = builder.start().await;
    let case = Case::with(&stack, SMALL, |channels, account| {
        channels.expire(account);
        channels.play(account, Step::Token, [Script::AcceptThenHold, Script::Ok]);
    });
    let case = case.await;
    let id = case.publish().await;
    stack.world.channels().wait_until_holding(&case.grant.account).await;

    stack.services.postgres.stop_immediately().await;
    stack.world.release(&case.grant.account);
    let tried = async || stack.worker(0).log().contains("could not be stored yet").then_some(());
    eventually(SOON, "the worker tries to store them", tried).await;
    stack.services.postgres.start_again().await;

    case.assert_posted_once(&stack, &id).await;
    assert_eq!(stack.world.channels().refreshes(&case.grant.account), Refreshes { granted: 1, stale: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn tiktok_being_away_costs_no_attempt_and_no_post() {
    let stack = Stack::builder().proxied().start().await;
    let case = Case::new(&stack, SMALL).await;
    stack.proxies().provider.set(Mode::Refuse).await;
    let id = case.publish().await;
    let tried = async || stack.worker(0).log().contains("a request to the channel failed").then_some(());
    eventually(SOON, "the worker tries", tried).await;

    stack.proxies().provider.set(Mode::Pass).await;

    case.assert_posted_once(&stack, &id).await;
    let attempt: i32 = sqlx::query_scalar("SELECT attempt FROM almanac.jobs WHERE kind = 'publishing.publish'")
        .fetch_one(&stack.admin().await)
        .await
        .unwrap();
    assert_eq!(attempt, 0);
}
