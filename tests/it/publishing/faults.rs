//! Networks that execute a request and do not say so: every outcome ends as one post, or with a person, and nothing is
//! posted twice. The networks publish repeated texts here, so that a second request would be seen.

use almanac_tests::{
    Stack, User,
    actor::publishing::texts,
    eventually,
    run::test_run,
    world::channels::{Grant, LookUp, Repeats, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{SITES, SOON, assert_all_ended, assert_ledgers_agree, connected, ending, sends};

const SEEDS: usize = 60;

/// One way in which requests of an account go wrong.
#[derive(Clone, Debug)]
struct Cell {
    site: Site,
    fault: Script,
    look_up: LookUp,
}

fn cells(faults: &[Script]) -> Vec<Cell> {
    let look_ups = [LookUp::On, LookUp::Off];
    let of = |site| faults.iter().flat_map(move |fault| look_ups.map(|look_up| (site, fault.clone(), look_up)));
    SITES.into_iter().flat_map(of).map(|(site, fault, look_up)| Cell { site, fault, look_up }).collect()
}

/// Intents whose requests follow scripts, and what became of each.
struct Run {
    anna: User,
    grant: Grant,
    texts: Vec<String>,
    intents: Vec<String>,
    ended: Vec<Value>,
}

/// Publishes entries on an account of its own that plays these scripts, and waits for all ends.
async fn run(stack: &Stack, site: Site, look_up: LookUp, scripts: Vec<Script>) -> Run {
    let (anna, grant) = connected(stack, site).await;
    let channels = stack.world.channels();
    channels.set_look_up(&grant.account, look_up);
    channels.set_repeats(&grant.account, Repeats::Published);
    let texts = texts(scripts.len());
    channels.play(&grant.account, Step::Publish, scripts.into_iter().chain([Script::Ok]));
    let written = anna.write(grant.channel(), &texts).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;
    let ended = anna.wait_for_ends(&intents).await;
    Run { anna, grant, texts, intents, ended }
}

async fn stack() -> Stack {
    Stack::builder().workers(2).env("PUBLISH_RATE", "1000/300").start().await
}

/// Every request was executed and its answer lost.
async fn assert_posted_once(stack: &Stack, cell: Cell) {
    let run = run(stack, cell.site, cell.look_up, vec![cell.fault.clone(); SEEDS]).await;

    let ledger = stack.world.channels().ledger();
    let expected = if cell.look_up == LookUp::Off { "needs_review" } else { "published" };
    for (text, intent) in run.texts.iter().zip(&run.ended) {
        let post = ledger.the_only_post(&run.grant.account, text);
        assert_eq!(intent["status"], expected, "{cell:?}: {intent}");
        if expected == "published" {
            assert_eq!(intent["externalId"], post.id, "{cell:?}: each finds its own post");
        }
    }
    assert_eq!(sends(ledger, &run.grant), SEEDS, "{cell:?}: one request each");
    assert_ledgers_agree(stack, &run.anna, &run.grant).await;
    assert_all_ended(stack, &run.anna, &run.intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_answer_is_lost_is_found_and_never_sent_again() {
    let stack = stack().await;
    let faults = [Script::AcceptThenHang, Script::AcceptThenReset, Script::AcceptThenStatus(500)];

    join_all(cells(&faults).into_iter().map(|cell| assert_posted_once(&stack, cell))).await;
}

/// No request was executed, and the client cannot know.
async fn assert_sent_again_with_proof(stack: &Stack, cell: Cell) {
    let run = run(stack, cell.site, cell.look_up, vec![cell.fault.clone(); SEEDS / 3]).await;

    let ledger = stack.world.channels().ledger();
    for (text, intent) in run.texts.iter().zip(&run.ended) {
        if cell.look_up == LookUp::Off {
            assert_eq!(intent["status"], "needs_review", "{cell:?}: {intent}");
        } else {
            assert_eq!(intent["status"], "published", "{cell:?}: {intent}");
            ledger.the_only_post(&run.grant.account, text);
        }
    }
    if cell.look_up == LookUp::Off {
        assert_eq!((ledger.posts(&run.grant.account).len(), sends(ledger, &run.grant)), (0, SEEDS / 3), "{cell:?}");
    }
    assert_ledgers_agree(stack, &run.anna, &run.grant).await;
    assert_all_ended(stack, &run.anna, &run.intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_not_there_is_sent_again_only_with_proof() {
    let stack = stack().await;
    let faults = [Script::Hang, Script::ResetBefore, Script::status(500)];

    join_all(cells(&faults).into_iter().map(|cell| assert_sent_again_with_proof(&stack, cell))).await;
}

/// Outcomes in any order, by a seed.
async fn assert_no_duplicate(stack: &Stack, cell: Cell, seed: u64) {
    let mut scripts = Script::seeded(seed, SEEDS);
    scripts.pop();
    let run = run(stack, cell.site, cell.look_up, scripts).await;

    let ledger = stack.world.channels().ledger();
    let counts = ledger.posts_by_text(&run.grant.account);
    let mut in_review = 0;
    for (text, intent) in run.texts.iter().zip(&run.ended) {
        let posts = counts.get(text).copied().unwrap_or(0);
        match intent["status"].as_str().unwrap() {
            "published" => assert_eq!(posts, 1, "seed {seed}: {intent}"),
            "needs_review" => {
                assert!(posts <= 1, "seed {seed}: {intent}");
                in_review += 1;
            }
            other => panic!("seed {seed}: {other}: {intent}"),
        }
    }
    if cell.look_up == LookUp::Off {
        let requests = ledger.requests(&run.grant.account, Step::Publish);
        let ambiguous = requests.iter().filter(|request| request.script.is_ambiguous()).count();
        assert_eq!(in_review, ambiguous, "seed {seed}: none unexplained, none forgotten");
    } else {
        assert_eq!(in_review, 0, "seed {seed}: each could be looked up");
    }
    assert_ledgers_agree(stack, &run.anna, &run.grant).await;
    assert_all_ended(stack, &run.anna, &run.intents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_networks_do_nothing_is_posted_twice() {
    let stack = stack().await;
    let first = test_run().settings.seed.unwrap_or_else(rand::random);
    // Two seeds for each network and look-up; the scripts of a seed stand for the cell's own.
    let cells = cells(&[Script::Ok, Script::Ok]).into_iter();
    let seeded = cells.zip(0..).map(|(cell, number)| (cell, first.wrapping_add(number)));

    join_all(seeded.map(|(cell, seed)| assert_no_duplicate(&stack, cell, seed))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_listed_late_is_found_by_the_look_up() {
    let stack = stack().await;
    // Within the grace that a look-up gives the network.
    let late = LookUp::After(std::time::Duration::from_millis(200));

    join_all(SITES.map(|site| assert_posted_once(&stack, Cell { site, fault: Script::AcceptThenHang, look_up: late })))
        .await;
}

/// The network lists the post later than the look-up waits, and refuses its text as one that it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_names_the_post_of_a_lost_answer_confirms_it() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let channels = stack.world.channels();
    channels.set_look_up(&grant.account, LookUp::AfterLists(100));
    channels.play(&grant.account, Step::Publish, [Script::AcceptThenReset, Script::Ok]);
    let texts = texts(1);
    let (id, _) = anna.publish_text("linkedin", &texts[0]).await;

    let intent = anna.wait_for_intent_in(&id, &["published", "needs_review"]).await;

    let post = channels.ledger().the_only_post(&grant.account, &texts[0]);
    if intent["status"] == "published" {
        assert_eq!(intent["externalId"], post.id);
    }
    assert_ledgers_agree(&stack, &anna, &grant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_fails_is_made_again_and_sends_nothing() {
    let stack = Stack::shared().await;
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let channels = stack.world.channels();
        channels.play(&grant.account, Step::Publish, [Script::AcceptThenReset, Script::Ok]);
        channels.play(
            &grant.account,
            Step::LookUp,
            [Script::status(503), Script::too_many(Some(1)), Script::Hang, Script::Ok],
        );
        let texts = texts(1);
        let (id, _) = anna.publish_text(grant.channel(), &texts[0]).await;

        anna.wait_for_intent(&id, "published").await;

        channels.ledger().the_only_post(&grant.account, &texts[0]);
        assert_eq!(sends(channels.ledger(), &grant), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_cannot_be_looked_up_for_its_token_is_left_to_a_person() {
    let stack = stack().await;
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let channels = stack.world.channels();
        channels.play(&grant.account, Step::Publish, [Script::AcceptThenHold, Script::Ok]);
        let texts = texts(1);
        let (id, _) = anna.publish_text(grant.channel(), &texts[0]).await;
        channels.wait_until_holding(&grant.account).await;
        channels.revoke(&grant.account);

        let intent = anna.wait_for_intent_in(&id, &["needs_review"]).await;

        stack.world.release(&grant.account);
        assert_eq!(intent["error"]["code"], "OUTCOME_UNKNOWN", "{intent}");
        assert_eq!(sends(channels.ledger(), &grant), 1, "nothing is sent again");
        anna.post(&format!("/v1/publish/intents/{id}/retry"), json!({})).await.refused(409, "ALREADY_FINAL");
        channels.ledger().the_only_post(&grant.account, &texts[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_never_makes_a_post_is_asked_ever_more_rarely() {
    let stack = stack().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::status(500)]);
    let (id, _) = anna.publish_text("facebook", "Never made").await;

    let admin = stack.admin().await;
    let waits = async || {
        let sql = "SELECT waiting_since IS NOT NULL FROM almanac.publish_intents WHERE id = $1::uuid";
        let waits: bool = sqlx::query_scalar(sql).bind(&id).fetch_one(&admin).await.ok()?;
        waits.then_some(())
    };
    eventually(SOON, "the channel is waited for", waits).await;
    // As if that had been for longer than a channel is waited for.
    let sql =
        "UPDATE almanac.publish_intents SET waiting_since = waiting_since - interval '2 days' WHERE id = $1::uuid";
    sqlx::query(sql).bind(&id).execute(&admin).await.unwrap();

    let intent = anna.wait_for_intent(&id, "failed").await;
    assert_eq!(ending(&intent), ("failed", "CHANNEL_UNAVAILABLE"), "{intent}");
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 0);
    assert_all_ended(&stack, &anna, &[id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identical_texts_each_find_a_post_of_their_own() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let channels = stack.world.channels();
    channels.play(&grant.account, Step::Publish, [Script::AcceptThenReset, Script::AcceptThenHang, Script::Ok]);
    let same = vec!["The same words".to_owned(); 3];
    let written = anna.write("facebook", &same).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;

    let ended = anna.wait_for_ends(&intents).await;

    let posts = channels.ledger().posts(&grant.account);
    assert_eq!(posts.len(), 3, "one for each entry");
    let mut claimed: Vec<&str> = ended.iter().filter_map(|intent| intent["externalId"].as_str()).collect();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 3, "no post stands for two entries: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_away_costs_no_attempt_and_no_post() {
    let stack = Stack::builder().proxied().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let texts = texts(1);
    let written = anna.write("facebook", &texts).await;
    stack.proxies().provider.set(almanac_tests::Mode::Refuse).await;
    let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);
    let tried = async || stack.worker(0).log().contains("a request to the channel failed").then_some(());
    eventually(SOON, "the worker tries", tried).await;

    stack.proxies().provider.set(almanac_tests::Mode::Pass).await;

    anna.wait_for_intent(&id, "published").await;
    stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
    let attempt: i32 = sqlx::query_scalar("SELECT attempt FROM almanac.jobs WHERE kind = 'publishing.publish'")
        .fetch_one(&stack.admin().await)
        .await
        .unwrap();
    assert_eq!(attempt, 0);
    assert_all_ended(&stack, &anna, &[id]).await;
}
