//! Publishing: entries become posts on fake networks that keep a ledger of their own. What a test says about posts is
//! read from that ledger, never from the database.

mod accounts;
mod content;
mod crash;
mod entries;
mod facebook_videos;
mod faults;
mod flags;
mod instagram;
mod lifecycle;
mod linkedin_videos;
mod locks;
mod media_posts;
mod memory;
mod observability;
mod outcomes;
mod plans;
mod races;
mod refresh;
mod refusals;
mod smoke;
mod spool;
mod stalls;
mod storm;
mod tiktok;
mod tokens;
mod validation;
mod videos;
mod waits;
mod youtube;

use std::{collections::BTreeSet, time::Duration};

use almanac_tests::{
    OrFail, Stack, User, invariants,
    world::channels::{Grant, Ledger, Site, Step},
};
use serde_json::Value;
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(120);
const SITES: [Site; 2] = [Site::Facebook, Site::Linkedin];

/// A person with an account of a network.
async fn connected(stack: &Stack, site: Site) -> (User, Grant) {
    let (user, grant) = (stack.user(), stack.world.channels().account(site));
    user.connect_account(&grant).await;
    (user, grant)
}

/// The status of an intent and the code of its error.
fn ending(intent: &Value) -> (&str, &str) {
    (intent["status"].as_str().unwrap_or_default(), intent["error"]["code"].as_str().unwrap_or_default())
}

/// Number of requests that were to publish something on an account.
fn sends(ledger: &Ledger, grant: &Grant) -> usize {
    ledger.requests(&grant.account, Step::Publish).len()
}

/// Fails the test unless every confirmed effect of a person is a post, every post is a confirmed effect or one under
/// review, and no text was posted twice.
async fn assert_ledgers_agree(stack: &Stack, user: &User, grant: &Grant) {
    let ledger = stack.world.channels().ledger();
    let repeated: Vec<_> = ledger.posts_by_text(&grant.account).into_iter().filter(|(_, posts)| *posts > 1).collect();
    assert_eq!(repeated, [], "posted more than once on {}", grant.account);
    let admin = stack.admin().await;
    let confirmed =
        "SELECT provider_ref FROM almanac.effects WHERE user_id = $1 AND kind = 'post' AND state = 'confirmed'";
    let confirmed: Vec<Option<String>> =
        sqlx::query_scalar(confirmed).bind(user.id).fetch_all(&admin).await.or_fail("reading effects");
    let confirmed: BTreeSet<String> =
        confirmed.into_iter().map(|id| id.or_fail("the id of a confirmed post")).collect();
    let open = "SELECT count(*) FROM almanac.effects WHERE user_id = $1 AND kind = 'post' AND state = 'needs_review'";
    let open: i64 = sqlx::query_scalar(open).bind(user.id).fetch_one(&admin).await.or_fail("reading effects");
    let posts = ledger.posts(&grant.account);
    let invented: Vec<_> = confirmed.iter().filter(|id| !posts.iter().any(|post| post.is_called(id))).collect();
    assert!(invented.is_empty(), "confirmed, but no post: {invented:?}");
    let forgotten: Vec<_> = posts.iter().filter(|post| !confirmed.iter().any(|id| post.is_called(id))).collect();
    assert!(i64::try_from(forgotten.len()).is_ok_and(|count| count <= open), "{open} under review: {forgotten:?}");
}

/// The invariants of all jobs, and that a person's intents have ended.
async fn assert_all_ended(stack: &Stack, user: &User, intents: &[String]) {
    let mut jobs: Vec<Uuid> = Vec::new();
    for intent in intents {
        jobs.extend(user.jobs_of(intent).await.iter().map(|id| id.parse::<Uuid>().or_fail("a job's id")));
    }
    assert!(jobs.len() >= intents.len(), "every intent has a job");
    invariants::assert_all(&stack.admin().await, &jobs).await;
}
