//! Redis is down: work is accepted, and answers say that nothing is live.

use std::time::Duration;

use almanac_tests::{
    Mode, Stack, actor::calendar::calendar_order, actor::organic::week_order, actor::stream::Encoding, eventually,
    world::source_text,
};
use http::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_what_is_accepted_and_followed_says_that_it_is_not_live() {
    let stack = Stack::builder().workers(0).proxied().start().await;
    let (anna, ben) = (stack.user(), stack.user());
    anna.coffee_brand().await;
    let live = anna.post("/v1/ai/generations", json!({ "source_text": source_text("live") })).await.expect(202);
    assert!(live.json()["meta"].get("degraded").is_none(), "{}", live.text());
    let job = live.data()["generation_id"].as_str().unwrap().to_owned();

    stack.proxies().api_redis.set(Mode::Refuse).await;

    let away = async || {
        let shown = anna.get(&format!("/v1/jobs/{job}")).await.expect(200);
        (shown.json()["meta"]["degraded"] == json!(["live"])).then_some(())
    };
    eventually(Duration::from_secs(20), "the API notices", away).await;
    let orders = [
        (&anna, "/v1/ai/generations", json!({ "source_text": source_text("away") })),
        (&anna, "/v1/organic/generate-calendar", week_order(&json!({}))),
        (&ben, "/v1/ai/calendar", calendar_order(&json!({}))),
    ];
    for (user, path, body) in orders {
        let post = || user.request(Method::POST, path).json(&body).key("one");
        let accepted = post().header("accept", "application/json").send().await.expect(202);
        assert_eq!(accepted.json()["meta"]["degraded"], json!(["live"]), "{path}: {}", accepted.text());
        for encoding in [Encoding::Sse, Encoding::Ndjson] {
            let mut stream = post().open(encoding).await;
            let first = stream.next_of("progress").await;
            let told: Value = first.json();
            assert_eq!((first.seq, &told["meta"]["degraded"]), (None, &json!(["live"])), "{path}: {told}");
            if path == "/v1/ai/calendar" {
                assert_eq!((&told["data"]["completed"], &told["meta"]["done"]), (&json!(0), &json!(false)), "{told}");
                assert_eq!(told["meta"]["runId"], accepted.data()["runId"]);
            }
        }
    }
    let bare = anna.get(&format!("/api/jobs/{job}")).await.expect(200).json();
    assert!(bare.get("meta").is_none(), "{bare}");
    let cancelled = anna.post(&format!("/v1/jobs/{job}/cancel"), json!({})).await;
    assert_eq!(cancelled.json()["meta"]["degraded"], json!(["live"]), "{}", cancelled.text());

    stack.proxies().api_redis.set(Mode::Pass).await;
    let back = async || {
        let shown = anna.get(&format!("/v1/jobs/{job}")).await.expect(200);
        shown.json()["meta"].get("degraded").is_none().then_some(())
    };
    eventually(Duration::from_secs(20), "the API notices the return", back).await;
}
