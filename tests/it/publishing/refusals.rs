//! Answers of networks that are no success: which end an intent, which are waited for, and which leave open whether the
//! post exists.

use almanac_tests::{
    Stack,
    actor::publishing::texts,
    world::channels::{Repeats, Script, Site, Step},
};
use futures_util::future::join_all;
use serde_json::json;

use super::{assert_all_ended, assert_ledgers_agree, connected, ending, sends};

/// An answer to the first request that publishes, and what follows.
#[derive(Clone, Debug)]
struct Case {
    site: Site,
    script: Script,
    status: &'static str,
    /// Requests that publish, in all.
    sends: usize,
}

const fn case(site: Site, script: Script, status: &'static str, sends: usize) -> Case {
    Case { site, script, status, sends }
}

async fn assert_ends(stack: &Stack, case: Case) {
    let (anna, grant) = connected(stack, case.site).await;
    let channels = stack.world.channels();
    channels.set_repeats(&grant.account, Repeats::Published);
    channels.play(&grant.account, Step::Publish, [case.script.clone(), Script::Ok]);
    let texts = texts(1);
    let (id, _) = anna.publish_text(grant.channel(), &texts[0]).await;

    let intent = anna.wait_for_intent(&id, case.status).await;

    assert_eq!(sends(channels.ledger(), &grant), case.sends, "{case:?}");
    let posts = channels.ledger().posts(&grant.account).len();
    assert_eq!(posts, usize::from(case.status == "published"), "{case:?}");
    if case.status == "failed" {
        let error = &intent["error"];
        assert!(error["code"].is_string() && error["message"].as_str().unwrap().len() > 10, "{case:?}: {error}");
        assert_eq!(anna.receipt(&id).await["outcome"], "failed", "{case:?}");
    }
    for secret in [Some(&grant.access_token), grant.refresh_token.as_ref()].into_iter().flatten() {
        assert!(!intent.to_string().contains(secret.as_str()) && !stack.worker(0).log().contains(secret.as_str()));
    }
    assert_ledgers_agree(stack, &anna, &grant).await;
    assert_all_ended(stack, &anna, &[id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_ends_the_intent_after_one_request() {
    let stack = Stack::shared().await;
    let cases = [
        case(Site::Facebook, Script::graph(190), "failed", 1),
        case(Site::Facebook, Script::graph(200), "failed", 1),
        case(Site::Facebook, Script::graph(10), "failed", 1),
        case(Site::Facebook, Script::graph(368), "failed", 1),
        case(Site::Facebook, Script::graph(506), "failed", 1),
        case(Site::Facebook, Script::graph(100), "failed", 1),
        case(Site::Linkedin, Script::status(400), "failed", 1),
        case(Site::Linkedin, Script::status(403), "failed", 1),
        case(Site::Linkedin, Script::status(426), "failed", 1),
    ];

    join_all(cases.into_iter().map(|case| assert_ends(&stack, case))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_waited_for_and_the_post_sent_once() {
    let stack = Stack::shared().await;
    let cases = [
        case(Site::Facebook, Script::too_many(Some(1)), "published", 2),
        case(Site::Facebook, Script::too_many(None), "published", 2),
        case(Site::Facebook, Script::graph(4), "published", 2),
        case(Site::Facebook, Script::graph(17), "published", 2),
        case(Site::Facebook, Script::graph(32), "published", 2),
        case(Site::Facebook, Script::graph(613), "published", 2),
        case(Site::Linkedin, Script::too_many(Some(1)), "published", 2),
        case(Site::Linkedin, Script::too_many(None), "published", 2),
    ];

    join_all(cases.into_iter().map(|case| assert_ends(&stack, case))).await;
}

/// A network that fails may have published: the post is looked up before it is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_looked_up_after_a_failure_of_the_network() {
    let stack = Stack::shared().await;
    let cases = [
        case(Site::Facebook, Script::graph(1), "published", 2),
        case(Site::Facebook, Script::graph(2), "published", 2),
        case(Site::Facebook, Script::graph_transient(1), "published", 2),
        case(Site::Facebook, Script::status(503), "published", 2),
        case(Site::Linkedin, Script::status(500), "published", 2),
        case(Site::Linkedin, Script::status(504), "published", 2),
        case(Site::Facebook, Script::AcceptThenStatus(502), "published", 1),
        case(Site::Linkedin, Script::AcceptThenStatus(504), "published", 1),
    ];

    join_all(cases.into_iter().map(|case| assert_ends(&stack, case))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_entry_keeps_no_other_from_its_post() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let channels = stack.world.channels();
    channels.play(&grant.account, Step::Publish, [Script::graph(368), Script::graph(100), Script::Ok]);
    let texts = texts(10);
    let written = anna.write("facebook", &texts).await;
    let intents = anna.published(&written.order(&json!({}))).await.intents;

    let ended = anna.wait_for_ends(&intents).await;

    let count = |status: &str| ended.iter().filter(|intent| ending(intent).0 == status).count();
    assert_eq!((count("published"), count("failed")), (8, 2));
    assert_eq!(channels.ledger().posts(&grant.account).len(), 8);
}
