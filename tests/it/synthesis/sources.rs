//! Feeds that are slow, broken, hostile or gone: each costs its own items only, and its owner reads why.

use almanac_tests::{
    Stack,
    world::feeds::{Feed, Item},
};
use serde_json::{Value, json};

use super::{articles, feeds};

/// A theme that reads these feeds, one of which is fine; its synthesis, and the code of each feed's last error.
async fn read(broken: Vec<Feed>) -> (Value, Vec<Value>) {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let names: Vec<String> = (0..=broken.len()).map(|number| format!("s{number}-{}", anna.id.simple())).collect();
    let mut all = vec![(names[0].as_str(), Feed::json(&articles(2)))];
    all.extend(names[1..].iter().map(String::as_str).zip(broken));
    let theme = anna.theme(&feeds(&stack, all)).await;
    let synthesis = anna.synthesised(&theme).await;
    let sources = anna.get(&format!("/v1/themes/{theme}/sources")).await.expect(200).data();
    let codes = sources["items"].as_array().unwrap().iter().map(|source| source["last_error"]["code"].clone());
    (synthesis, codes.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_feed_costs_its_own_items_only() {
    let broken = vec![
        Feed::status(404),
        Feed::status(503),
        Feed::html(),
        Feed::hang(),
        Feed::rss(&articles(1)).reset(),
        Feed::rss(&articles(1)).too_large(),
        Feed::redirect("http://10.0.0.1/feed"),
        Feed::redirect("file:///etc/passwd"),
        Feed::raw("application/rss+xml", "<rss><channel><item><title>unfinished"),
    ];

    let (synthesis, codes) = read(broken).await;

    assert_eq!(synthesis["status"], "succeeded", "{synthesis}");
    assert_eq!(codes[0], Value::Null, "the fine one");
    assert_eq!(
        codes[1..8],
        ["NOT_FOUND", "SERVER_ERROR", "WEB_PAGE", "TIMEOUT", "UNREACHABLE", "TOO_LARGE", "ADDRESS_REFUSED"]
            .map(Value::from)
    );
    assert!(codes[8..].iter().all(Value::is_string), "{codes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_feeds_failing_is_no_invented_synthesis() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let name = format!("down-{}", anna.id.simple());
    let theme = anna.theme(&feeds(&stack, vec![(&name, Feed::status(500))])).await;

    let synthesis = anna.synthesised(&theme).await;

    assert_eq!((&synthesis["status"], &synthesis["error"]["code"]), (&json!("failed"), &json!("SOURCES_FAILED")));
    assert_eq!(synthesis["sections"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_article_in_two_feeds_is_read_once() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (one, other) = (format!("one-{}", anna.id.simple()), format!("other-{}", anna.id.simple()));
    let tagged = Item::new("Shared", "https://news.example/shared?utm_source=other#top").hours_old(0);
    let plain = Item::new("Shared", "https://news.example/shared").hours_old(0);
    let order = feeds(&stack, vec![(&one, Feed::rss(&[plain])), (&other, Feed::atom(&[tagged]))]);
    let theme = anna.theme(&order).await;

    let id = anna.synthesised(&theme).await["id"].as_str().unwrap().to_owned();

    let articles = "SELECT jsonb_array_length(articles) FROM almanac.syntheses WHERE id = $1::uuid";
    let articles: i32 = sqlx::query_scalar(articles).bind(&id).fetch_one(&stack.admin().await).await.unwrap();
    assert_eq!(articles, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_of_a_feed_is_text_on_the_page() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let name = format!("evil-{}", anna.id.simple());
    let item = Item::new("&lt;script&gt;alert(1)&lt;/script&gt; \"News\"", "javascript:alert(1)").hours_old(0);
    let theme = anna.theme(&feeds(&stack, vec![(&name, Feed::rss(&[item]))])).await;

    let id = anna.synthesised(&theme).await["id"].as_str().unwrap().to_owned();

    let page = anna.get(&format!("/v1/syntheses/{id}/html")).await.expect(200);
    assert!(!page.text().contains("<script"), "{}", page.text());
    assert!(!page.text().contains("javascript:"), "{}", page.text());
}
