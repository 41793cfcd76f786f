//! Syntheses that people ask for: what they read, say and cost, and how they end.

use almanac_tests::{
    Stack,
    actor::stream::Encoding,
    invariants,
    world::{Script, feeds::Feed, theme_description},
};
use http::Method;
use serde_json::{Value, json};

use super::{articles, feeds};

#[tokio::test(flavor = "multi_thread")]
async fn the_feeds_of_a_theme_are_summed_up_in_its_sections() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let name = format!("sum-{}", anna.id.simple());
    let theme = anna.theme(&feeds(&stack, vec![(&name, Feed::rss(&articles(3)))])).await;

    let accepted = anna.post(&format!("/v1/themes/{theme}/syntheses"), json!({})).await.expect(202);
    let id = accepted.data()["id"].as_str().unwrap().to_owned();
    let events = anna.follow(&id).await.collect_to_end().await;
    let synthesis = anna.get(&format!("/v1/syntheses/{id}")).await.expect(200).data();

    assert_eq!(accepted.header("location"), Some(format!("/v1/jobs/{id}").as_str()));
    assert_eq!(accepted.data()["urls"]["self"], format!("/v1/syntheses/{id}"));
    let first = events[0].json();
    assert_eq!((&first["step"], &first["percent"]), (&json!("init"), &json!(0)), "{first}");
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "section").count(), 2, "{kinds:?}");
    let done = events.last().unwrap().json();
    assert_eq!((&done["status"], &done["sections"]), (&json!("succeeded"), &json!(2)));
    assert_eq!(synthesis["status"], "succeeded");
    let titles: Vec<&Value> = synthesis["sections"].as_array().unwrap().iter().map(|it| &it["title"]).collect();
    assert_eq!(titles, [&json!("Harvest"), &json!("Roasting")]);
    let cited = synthesis["sections"].to_string();
    assert!(cited.contains("https://news.example/"), "links are the feed's: {cited}");
    assert!(!cited.contains("<b>"), "{cited}");
    assert!(synthesis["week"].as_str().unwrap().starts_with("20"), "{synthesis}");
    let source = anna.get(&format!("/v1/themes/{theme}/sources")).await.expect(200).data()["items"][0].clone();
    assert_eq!((&source["items"], &source["last_error"]), (&json!(3), &Value::Null));
    assert!(anna.deliveries(&id).await.is_empty(), "a synthesis that a person asks for is not mailed");
    let page = anna.get(&format!("/v1/syntheses/{id}/html")).await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.text().contains("https://news.example/"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("unsafe"), "the console frames it: {policy}");
    invariants::assert_all(&stack.admin().await, &[id.parse().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_without_feeds_is_written_from_its_description() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({ "sections": [] })).await;

    let synthesis = anna.synthesised(&theme).await;
    let again = anna.synthesised(&theme).await;

    assert_eq!((&synthesis["status"], &again["status"]), (&json!("succeeded"), &json!("succeeded")));
    assert!(!synthesis["sections"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_new_ends_a_synthesis_before_the_model_is_asked() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (name, key) = (format!("news-{}", anna.id.simple()), format!("news-{}", anna.id.simple()));
    let mut order = feeds(&stack, vec![(&name, Feed::atom(&articles(2)))]);
    order["description"] = theme_description(&key).into();
    let theme = anna.theme(&order).await;
    assert_eq!(anna.synthesised(&theme).await["status"], "succeeded");

    let second = anna.synthesised(&theme).await;
    stack.world.feeds().serve(&name, Feed::atom(&articles(3)));
    let third = anna.synthesised(&theme).await;

    assert_eq!((&second["status"], &second["error"]["code"]), (&json!("failed"), &json!("NO_NEWS")));
    assert_eq!(third["status"], "succeeded");
    assert_eq!(stack.world.calls(&key).len(), 2, "the model is asked for news only");
    let requests = stack.world.feeds().requests(&name);
    assert!(requests[1].header("if-none-match").is_some(), "asked only for changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_synthesis_of_a_user_runs_at_a_time() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    let (one, other) = (anna.theme(&json!({})).await, anna.theme(&json!({})).await);
    let first = anna.synthesis(&one).await;

    let refused = anna.post(&format!("/v1/themes/{other}/syntheses"), json!({})).await.expect(409);

    assert_eq!(refused.error_code(), "ACTIVE_GENERATION");
    assert_eq!(refused.json()["error"]["active"]["id"], first);
    anna.get(&format!("/v1/syntheses/{first}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_makes_one_synthesis_and_a_key_counts_for_one_theme() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (one, other) = (anna.theme(&json!({})).await, anna.theme(&json!({})).await);
    let ask =
        |theme: &str| anna.request(Method::POST, &format!("/v1/themes/{theme}/syntheses")).key("k").json(&json!({}));

    let first = ask(&one).send().await.expect(202);
    let again = ask(&one).send().await;
    let elsewhere = ask(&other).send().await.expect(422);

    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.data()["id"], first.data()["id"]);
    assert_eq!(elsewhere.error_code(), "IDEMPOTENCY_KEY_REUSED");
    anna.follow(first.data()["id"].as_str().unwrap()).await.collect_to_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synthesis_streams_and_waits_as_other_generations_do() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let path = format!("/v1/themes/{theme}/syntheses");

    let mut lines = anna.request(Method::POST, &path).json(&json!({})).open(Encoding::Ndjson).await;
    let lines = lines.collect_to_end().await;
    let waited = anna.request(Method::POST, &path).header("prefer", "wait=60").json(&json!({})).send().await;
    let bare = anna.request(Method::POST, &format!("/api/v1/themes/{theme}/syntheses")).json(&json!({}));
    let bare = bare.header("prefer", "wait=60").send().await.expect(200).json();

    assert_eq!(lines.last().unwrap().json()["status"], "succeeded");
    assert_eq!(waited.expect(200).data()["status"], "succeeded");
    assert_eq!(bare["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_theme_counts_as_missing() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let theme = anna.theme(&json!({})).await;
    let id = anna.synthesised(&theme).await["id"].as_str().unwrap().to_owned();

    eve.post(&format!("/v1/themes/{theme}/syntheses"), json!({})).await.expect(404);
    eve.get(&format!("/v1/themes/{theme}/syntheses")).await.expect(404);
    for path in ["", "/html", "/deliveries"] {
        eve.get(&format!("/v1/syntheses/{id}{path}")).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synthesis_that_takes_too_long_has_failed() {
    let stack = Stack::builder().env("SYNTHESIS_TIMEOUT_SECONDS", "2").start().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({ "description": theme_description("slow") })).await;
    stack.world.play("slow", [Script::Silence]);

    let id = anna.synthesis(&theme).await;
    anna.follow(&id).await.collect_to_end().await;

    let synthesis = anna.get(&format!("/v1/syntheses/{id}")).await.expect(200).data();
    assert_eq!((&synthesis["status"], &synthesis["error"]["code"]), (&json!("failed"), &json!("SYNTHESIS_TIMEOUT")));
    assert_eq!(anna.get(&format!("/v1/jobs/{id}")).await.expect(200).data()["status"], "timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_synthesis_keeps_what_it_has_and_frees_the_slot() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = format!("stop-{}", anna.id.simple());
    let theme = anna.theme(&json!({ "description": theme_description(&key) })).await;
    stack.world.play(&key, [Script::Silence, Script::ok(usize::MAX)]);
    let id = anna.synthesis(&theme).await;
    stack.world.wait_for_call(&key, 1).await;

    anna.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await;
    anna.follow(&id).await.collect_to_end().await;

    assert_eq!(anna.get(&format!("/v1/syntheses/{id}")).await.expect(200).data()["status"], "cancelled");
    assert_eq!(anna.synthesised(&theme).await["status"], "succeeded");
}
