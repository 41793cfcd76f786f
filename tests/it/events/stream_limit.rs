//! The limit of open streams per user and API process.

use std::time::Duration;

use almanac_tests::{
    Script, Stack, User,
    actor::{calendar::calendar_order, organic::week_order, stream::Encoding},
    eventually,
    rows::Rows,
    world::source_text,
};
use http::Method;
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);

/// Requests a stream from every route that offers one, and expects a refusal.
async fn refused_everywhere(anna: &User, job: &str) {
    let text = json!({ "source_text": source_text("one more") });
    let posts = [
        ("/v1/ai/generations", text),
        ("/v1/ai/calendar", calendar_order(&json!({}))),
        ("/v1/organic/generate-calendar", week_order(&json!({}))),
    ];
    for encoding in [Encoding::Sse, Encoding::Ndjson] {
        let accept = encoding.media_type();
        let events = anna.request(Method::GET, &format!("/v1/jobs/{job}/events")).header("accept", accept);
        let refused = events.send().await.refused(429, "STREAM_LIMIT");
        assert!(refused.header("retry-after").is_some());
        assert_eq!(refused.json()["error"]["retryable"], true);
        for (path, body) in &posts {
            let call = anna.request(Method::POST, path).header("accept", accept).key("kept").json(body);
            call.send().await.refused(429, "STREAM_LIMIT");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_over_the_limit_is_429_and_nothing_is_accepted() {
    let stack = Stack::builder().api_env("STREAMS_PER_USER", "2").start().await;
    let (anna, ben) = (stack.user(), stack.user());
    anna.coffee_brand().await;
    stack.world.play("held", [Script::hold_after(1)]);
    let job = anna.generate(&source_text("held")).await;
    stack.world.wait_until_holding("held").await;
    let mut first = anna.follow(&job).await;
    let mut second = anna.follow(&job).await;
    first.next_of("suggestion").await;
    let before = Rows::of(&stack.admin().await, anna.id).await;

    refused_everywhere(&anna, &job).await;
    let ticket = anna.post("/v1/tickets", json!({ "jobId": job })).await.expect(200).data();
    let by_ticket = format!("/v1/jobs/{job}/events?ticket={}", ticket["ticket"].as_str().unwrap());
    anna.anonymous().get(&by_ticket).await.refused(429, "STREAM_LIMIT");
    assert_eq!(Rows::of(&stack.admin().await, anna.id).await, before, "a refusal stores nothing");

    // `Prefer: wait` does not count, and other users have their own limit.
    let body = json!({ "source_text": source_text("waited for") });
    let waited = anna.request(Method::POST, "/v1/ai/generations").header("prefer", "wait=30").json(&body);
    waited.send().await.expect(200);
    let theirs = ben.generate(&source_text("theirs")).await;
    assert_eq!(ben.follow(&theirs).await.status, 200);

    drop(second);
    let again = || async {
        let stream = anna.follow(&job).await;
        (stream.status == 200).then_some(stream)
    };
    second = eventually(SOON, "the place of a closed stream is free", again).await;
    stack.world.release("held");
    for stream in [&mut first, &mut second] {
        assert_eq!(stream.collect_to_end().await.last().map(|event| event.kind.as_str()), Some("done"));
    }
    eventually(SOON, "the places of ended streams are free", again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_limit_is_twenty_streams() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = format!("twenty-{}", anna.id);
    stack.world.play(&key, [Script::hold_after(1)]);
    let job = anna.generate(&source_text(&key)).await;
    stack.world.wait_until_holding(&key).await;

    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(anna.follow(&job).await);
    }

    assert!(open.iter().all(|stream| stream.status == 200));
    anna.get(&format!("/v1/jobs/{job}/events")).await.refused(429, "STREAM_LIMIT");
    stack.world.release(&key);
    for mut stream in open {
        stream.collect_to_end().await;
    }
}
