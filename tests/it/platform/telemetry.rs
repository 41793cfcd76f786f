//! Logs, traces and metrics: what they must contain, and what they must never contain.

use std::time::Duration;

use almanac_tests::{
    Stack,
    actor::{calendar::calendar_order, organic::week_order, token::SECRET},
    eventually,
    world::{Answer, End, JsonReader, Script, source_text},
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_runs_from_the_request_to_the_providers_call() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let key = format!("trace-{}", anna.id);

    let call = anna.request(Method::POST, "/v1/ai/generations").header("traceparent", &format!("00-{trace}-{span}-01"));
    let accepted = call.json(&json!({ "source_text": source_text(&key) })).send().await.expect(202).data();
    let seen = stack.world.wait_for_call(&key, 1).await;
    anna.ended(accepted["generation_id"].as_str().unwrap()).await;

    let parent = seen.traceparent().expect("the provider gets it").to_owned();
    let parts: Vec<_> = parent.split('-').collect();
    assert_eq!((parts.len(), parts[0], parts[1]), (4, "00", trace), "{parent}");
    assert_ne!(parts[2], span, "a span of our own");
    assert_eq!(parts[3], "01", "the caller's decision to sample is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_trace_begins_one_and_a_broken_one_is_not_passed_on() {
    let stack = Stack::shared().await;
    let mut seen = Vec::new();

    for broken in
        [None, Some("00-zz-zz-01"), Some("00-00000000000000000000000000000000-0000000000000000-01"), Some("x")]
    {
        let anna = stack.user();
        let key = format!("begun-{}", anna.id);
        let call = anna.request(Method::POST, "/v1/ai/generations").json(&json!({ "source_text": source_text(&key) }));
        let call = if let Some(broken) = broken { call.header("traceparent", broken) } else { call };
        let id = call.send().await.expect(202).data()["generation_id"].as_str().unwrap().to_owned();
        anna.ended(&id).await;
        let parent = stack.world.calls(&key)[0].traceparent().expect("one was begun").to_owned();
        let stored: Option<String> = sqlx::query_scalar("SELECT trace FROM almanac.jobs WHERE id = $1::uuid")
            .bind(&id)
            .fetch_one(&stack.admin().await)
            .await
            .unwrap();
        let trace = parent.split('-').nth(1).unwrap().to_owned();
        assert!(trace.len() == 32 && trace.bytes().any(|byte| byte != b'0'), "{parent}");
        assert!(stored.is_some_and(|stored| stored.contains(&trace)), "the job remembers its trace");
        seen.push(trace);
    }

    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4, "each its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_about_a_job_carries_the_required_fields() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let request_id = format!("req-{}", Uuid::new_v4());
    let call = anna.request(Method::POST, "/v1/ai/generations").header("x-request-id", &request_id);
    let body = json!({ "source_text": source_text("lines") });
    let id = call.json(&body).send().await.expect(202).data()["generation_id"].as_str().unwrap().to_owned();
    anna.ended(&id).await;

    let ended = async || {
        let found = stack.worker(0).log_lines().into_iter().find(|line| line.get("latencyMs").is_some());
        found.filter(|line| line["runId"] == id.as_str())
    };
    let ended = eventually(Duration::from_secs(30), "the line about its end", ended).await;

    assert_eq!((&ended["requestId"], &ended["userId"]), (&json!(request_id), &json!(anna.id)));
    assert_eq!((&ended["status"], &ended["channel"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(
        (&ended["tokensInput"], &ended["providerRequestId"]),
        (&json!(300), &json!("gen-scripted")),
        "what the call used and its id: {ended}"
    );
    let answered = stack.api(0).log_lines().into_iter().find(|line| line["requestId"] == request_id.as_str());
    assert_eq!(answered.expect("the access line")["userId"], json!(anna.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_about_accepted_work_names_its_run_in_every_family() {
    let stack = Stack::builder().workers(0).start().await;
    let [anna, ben, cleo] = [(); 3].map(|()| stack.user());
    cleo.coffee_brand().await;
    let orders = [
        (anna, "/v1/ai/generations", json!({ "source_text": source_text("named") })),
        (ben, "/v1/ai/calendar", calendar_order(&json!({}))),
        (cleo, "/v1/organic/generate-calendar", week_order(&json!({}))),
    ];

    for (user, path, body) in orders {
        let request_id = format!("req-{}", Uuid::new_v4());
        let call = user.request(Method::POST, path).header("x-request-id", &request_id);
        let reply = call.header("accept", "application/json").json(&body).send().await.expect(202);
        let run = reply.header("location").unwrap().trim_start_matches("/v1/jobs/").to_owned();

        let of_it = |line: &Value| line["requestId"] == request_id.as_str() && line["message"] == "answered";
        let written = async || stack.api(0).log_lines().into_iter().find(of_it);
        let line = eventually(Duration::from_secs(30), "the access line", written).await;
        assert_eq!(line["runId"], json!(run), "{path}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_row_or_event_holds_a_secret_a_token_a_prompt_or_a_persons_text() {
    let level = "info,almanac_api=trace,almanac_worker=trace,almanac_shared=trace";
    let stack = Stack::builder().env("LOG_LEVEL", level).start().await;
    let anna = stack.user();
    let canary = format!("canary{}", Uuid::new_v4().simple());
    let scripts = [
        vec![Script::ok(5)],
        vec![Script::status(401)],
        vec![Script::status(500), Script::ok(2)],
        vec![Script::shaped(JsonReader::BadJson)],
        vec![Script::shaped(JsonReader::Echo), Answer { end: End::Error(502), ..Answer::default() }.into()],
    ];
    let mut prompt = String::new();
    for (place, script) in scripts.into_iter().enumerate() {
        let key = format!("secret-{place}");
        stack.world.play(&key, script);
        let id = anna.generate(&format!("{} {canary}", source_text(&key))).await;
        anna.ended(&id).await;
        prompt = stack.world.calls(&key)[0].system_prompt().chars().take(60).collect();
    }
    anna.post("/v1/ai/generations", json!({ "source_text": canary, "model": canary })).await.expect(400);
    anna.submit(&format!("{} {canary}", source_text("limited"))).await.expect(429);
    anna.with_token(format!("{}x", anna.token())).get(&format!("/v1/jobs?cursor={canary}")).await.expect(401);
    let ticket = anna.get("/v1/jobs?limit=1").await.data()["items"][0]["id"].clone();
    let job = ticket.as_str().unwrap().to_owned();
    let ticket = anna.post("/v1/tickets", json!({ "jobId": job })).await.data()["ticket"].as_str().unwrap().to_owned();
    anna.anonymous().get(&format!("/v1/jobs/{job}/events?ticket={ticket}")).await.expect(200);

    let logs = [stack.api(0).log(), stack.worker(0).log()].concat();
    let rows = "SELECT coalesce(string_agg(concat_ws(' ', e.data, j.error::text, j.payload::text, g.error::text, g.ai_metadata::text, c.error::text), ' '), '')
                  FROM almanac.jobs j LEFT JOIN almanac.job_events e ON e.job_id = j.id
                  LEFT JOIN almanac.ai_generations g ON g.id = j.id LEFT JOIN almanac.llm_calls c ON c.job_id = j.id";
    let rows: String = sqlx::query_scalar(rows).fetch_one(&stack.admin().await).await.unwrap();
    assert!(logs.len() > 2_000 && rows.len() > 1_000, "there is something to look through");

    let redis = stack.services.redis.url();
    let password = redis.split(['@', ':']).nth(2).unwrap().to_owned();
    let signature = anna.token().rsplit('.').next().unwrap().to_owned();
    for (name, secret) in [
        ("the provider's key", "test-key-canary-77c1"),
        ("the signing secret", SECRET),
        ("a token", signature.as_str()),
        ("a ticket", ticket.as_str()),
        ("the password of Redis", password.as_str()),
        ("the system prompt", prompt.as_str()),
    ] {
        assert!(secret.len() >= 16, "{name} would be found by chance");
        assert!(!logs.contains(secret), "{name} stands in a log");
        assert!(!rows.contains(secret), "{name} stands in a row or an event");
    }
    for (name, text) in
        [("the source text", canary.as_str()), ("a suggestion", "Question 1?"), ("what the model said", "I am afraid")]
    {
        assert!(!logs.contains(text), "{name} stands in a log");
    }
    assert!(!rows.contains(&canary), "the source text stands outside of its own column");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    for (key, script) in [("counted-ok", Script::ok(5)), ("counted-bad", Script::status(401))] {
        stack.world.play(key, [script]);
        let id = anna.generate(&source_text(key)).await;
        anna.ended(&id).await;
    }
    anna.get("/v1/nowhere").await.expect(404);

    let api = stack.api(0).metrics().await;
    counted(&api, "almanac_jobs_accepted_total", &["kind=\"flashcards.generate\""], 2.0);
    counted(&api, "almanac_http_requests_total", &["method=\"POST\"", "status=\"202\""], 2.0);
    counted(&api, "almanac_http_requests_total", &["status=\"404\""], 1.0);
    assert!(!api.contains("nowhere"), "no label holds what clients write");
    assert!(!api.contains(&anna.id.to_string()), "no label holds an id");
    let seen = async || {
        let text = stack.worker(0).metrics().await;
        (value(&text, "almanac_jobs_finished_total", &["state=\"failed\""]) == Some(1.0)).then_some(text)
    };
    let text = eventually(Duration::from_secs(30), "the end is counted", seen).await;
    counted(&text, "almanac_jobs_finished_total", &["state=\"succeeded\""], 1.0);
    counted(&text, "almanac_generations_total", &["outcome=\"succeeded\""], 1.0);
    counted(&text, "almanac_generations_total", &["outcome=\"failed\""], 1.0);
    counted(&text, "almanac_llm_calls_total", &["outcome=\"succeeded\""], 1.0);
    counted(&text, "almanac_llm_calls_total", &["outcome=\"auth\""], 1.0);
    counted(&text, "almanac_llm_tokens_total", &["direction=\"input\""], 300.0);
    counted(&text, "almanac_provider_failures_total", &["code=\"PROVIDER_AUTH\""], 1.0);
}

fn value(metrics: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let fits = |line: &&str| line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label));
    metrics.lines().find(fits)?.rsplit(' ').next()?.parse().ok()
}

#[track_caller]
fn counted(metrics: &str, name: &str, labels: &[&str], expected: f64) {
    assert_eq!(value(metrics, name, labels), Some(expected), "{name} {labels:?} in\n{metrics}");
}
