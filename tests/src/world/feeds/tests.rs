//! The host of feeds against a plain client.

use chrono::DateTime;
use reqwest::{Response, StatusCode};

use super::*;
use crate::World;

async fn get(world: &World, name: &str, etag: Option<&str>) -> reqwest::Result<Response> {
    let redirects = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(redirects).build()?;
    let request = client.get(world.feed_url(world.address(), name));
    match etag {
        Some(etag) => request.header("if-none-match", etag).send().await,
        None => request.send().await,
    }
}

fn feed() -> Feed {
    Feed::rss(&[Item::new("A & B", "https://a.example/?a=1&b=2").at(DateTime::UNIX_EPOCH).html("<p>Text</p>")])
}

#[tokio::test]
async fn a_feed_that_did_not_change_is_not_sent_again() {
    let world = World::start().await.expect("world");
    world.feeds().serve("news", feed());

    let first = get(&world, "news", None).await.expect("answer");
    let etag = first.headers()["etag"].to_str().expect("a tag").to_owned();
    let body = first.text().await.expect("body");
    let again = get(&world, "news", Some(&etag)).await.expect("answer").status();
    world.feeds().serve("news", Feed::json(&[Item::new("C", "https://a.example/c")]));
    let changed = get(&world, "news", Some(&etag)).await.expect("answer").status();

    assert!(body.contains("<title>A &amp; B</title><link>https://a.example/?a=1&amp;b=2</link>"), "{body}");
    assert!(body.contains("<pubDate>Thu, 1 Jan 1970 00:00:00 +0000</pubDate>"), "{body}");
    assert_eq!((again, changed), (StatusCode::NOT_MODIFIED, StatusCode::OK));
    let seen: Vec<_> = world.feeds().requests("news");
    assert_eq!(
        seen.iter().map(|it| it.header("if-none-match")).collect::<Vec<_>>(),
        [None, Some(&*etag), Some(&*etag)]
    );
}

#[tokio::test]
async fn refusals_and_redirects_are_what_they_say() {
    let world = World::start().await.expect("world");
    world.feeds().serve("down", Feed::status(500));
    world.feeds().serve("moved", Feed::redirect("/feeds/other"));

    let missing = get(&world, "missing", None).await.expect("answer").status();
    let down = get(&world, "down", None).await.expect("answer").status();
    let moved = get(&world, "moved", None).await.expect("answer");

    assert_eq!((missing.as_u16(), down.as_u16(), moved.status().as_u16()), (404, 500, 302));
    assert_eq!(moved.headers()["location"], "/feeds/other");
    assert_eq!(world.feeds().requests("missing")[0].outcome, Outcome::Refused(404));
}

#[tokio::test]
async fn a_client_that_leaves_a_slow_feed_is_noticed() {
    let world = World::start().await.expect("world");
    world.feeds().serve("drip", feed().drip());
    world.feeds().serve("hang", Feed::hang());

    let mut dripping = get(&world, "drip", None).await.expect("headers");
    assert_eq!(dripping.chunk().await.expect("a chunk").expect("a chunk"), "<");
    drop(dripping);
    let waited = tokio::time::timeout(Duration::from_millis(200), get(&world, "hang", None)).await;

    assert!(waited.is_err());
    for name in ["drip", "hang"] {
        assert_eq!(world.feeds().wait_until_ended(name, 1).await.outcome, Outcome::ClosedByClient, "{name}");
    }
}

#[tokio::test]
async fn a_large_feed_has_no_length_and_a_reset_one_breaks() {
    let world = World::start().await.expect("world");
    world.feeds().serve("large", feed().too_large());
    world.feeds().serve("reset", feed().reset());

    let large = get(&world, "large", None).await.expect("headers");
    assert_eq!(large.content_length(), None);
    let large = large.bytes().await.expect("body").len();
    let reset = match get(&world, "reset", None).await {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    };

    assert!(large > 11 << 20 && reset);
    world.feeds().wait_until_ended("reset", 1).await;
}
