//! Observability of calendars: the log lines of a run in both processes, and the metrics of streams that ended early.

use std::time::Duration;

use almanac_tests::{
    Node, Script, Stack,
    actor::{
        calendar::{calendar_order, keyed},
        stream::Encoding,
        token,
    },
    eventually,
    world::Answer,
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(30);

/// The lines of a process that name a run.
fn lines_of(node: &Node, run: &str) -> Vec<Value> {
    node.log_lines().into_iter().filter(|line| line["runId"] == run).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_run_says_whose_it_is_and_its_last_what_it_took() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let request_id = format!("req-{}", Uuid::new_v4());
    // The first call fails, so that the worker has something to say before the end.
    let scripts = [Script::status(500), Answer { cards: usize::MAX, ..Answer::default() }.into()];
    stack.world.play("lines", scripts);
    let order = calendar_order(&json!({ "constraints": keyed("lines") }));
    let post = anna.request(Method::POST, "/v1/ai/calendar").header("x-request-id", &request_id).json(&order);
    let done = post.open(Encoding::Sse).await.collect_to_end().await.pop().unwrap().json();
    let run = done["meta"]["runId"].as_str().unwrap();

    let ended = async || lines_of(stack.worker(0), run).into_iter().find(|line| line.get("latencyMs").is_some());
    let ended = eventually(SOON, "the line about its end", ended).await;
    let accepted = lines_of(stack.api(0), run);

    assert_eq!(accepted.len(), 1, "the API answers the request in one line: {accepted:?}");
    let worked = lines_of(stack.worker(0), run);
    assert!(worked.len() >= 2, "a failed call and the end: {worked:?}");
    for line in accepted.iter().chain(&worked) {
        assert_eq!(
            (&line["requestId"], &line["userId"], &line["calendarId"]),
            (&json!(request_id), &json!(anna.id), &done["meta"]["calendarId"]),
            "{line}"
        );
    }
    assert_eq!(accepted[0]["status"], 200);
    assert_eq!(
        (&ended["status"], &ended["latencyMs"], &ended["tokens"]),
        (&json!("succeeded"), &done["data"]["latencyMs"], &done["data"]["tokens"]),
        "how it ended, how long it took, what it used: {ended}"
    );
    assert!(ended["tokens"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_and_a_taken_slot_stand_in_the_log() {
    let stack = Stack::builder().api_env("CALENDAR_TIMEOUT_SECONDS", "4").start().await;
    let anna = stack.user();
    stack.world.play("late", [Answer { cards: usize::MAX, hold_after: Some(1), ..Answer::default() }.into()]);
    let mut stream = anna.plan(&json!({ "constraints": keyed("late") })).await;
    let refused = anna.post("/v1/ai/calendar", calendar_order(&json!({}))).await.refused(409, "ACTIVE_GENERATION");
    let refused = refused.json()["meta"]["requestId"].clone();
    let done = stream.collect_to_end().await.pop().unwrap().json();
    let run = done["meta"]["runId"].as_str().unwrap();

    let timed_out = async || lines_of(stack.worker(0), run).into_iter().find(|line| line["status"] == "timeout");
    let timed_out = eventually(SOON, "the line about the time-out", timed_out).await;

    assert_eq!((&timed_out["code"], &timed_out["userId"]), (&json!("TIMEOUT"), &json!(anna.id)));
    let lines = stack.api(0).log_lines();
    let taken = lines.iter().find(|line| line["requestId"] == refused).expect("the line about the refusal");
    assert_eq!(
        (&taken["status"], &taken["code"]),
        (&json!(409), &json!("ACTIVE_GENERATION")),
        "the refusal is in the log: {taken}"
    );
}

/// How often a calendar's stream ended for this reason.
async fn failures(stack: &Stack, family: &str, reason: &str) -> f64 {
    let text = stack.api(0).metrics().await;
    let labels = ["kind=\"calendar.generate\"".to_owned(), format!("reason=\"{reason}\"")];
    let fits =
        |line: &&str| line.starts_with(&format!("{family}{{")) && labels.iter().all(|label| line.contains(label));
    let line = text.lines().find(fits);
    line.and_then(|line| line.rsplit(' ').next()).map_or(-1.0, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_ended_by_an_error_or_a_time_out_are_counted() {
    let stack = Stack::builder().api_env("CALENDAR_TIMEOUT_SECONDS", "7").start().await;
    let (anna, ben, eve) = (stack.user(), stack.user(), stack.user());
    let of = "almanac_stream_failures_total";
    for reason in ["failed", "timeout", "write_timeout", "auth_expired"] {
        assert!(failures(&stack, of, reason).await.abs() < 0.5, "{reason} is exported before it happens");
    }
    stack.world.play("late", [Answer { cards: usize::MAX, hold_after: Some(1), ..Answer::default() }.into()]);
    stack.world.play("bad", [Script::status(400)]);
    let mut claims = token::claims(anna.id);
    // Believed for two seconds more: a token counts for 30 s after its end.
    claims["exp"] = json!(token::now() - 28);
    let hasty = anna.with_token(token::hs256(&claims));

    let late = json!({ "constraints": keyed("late") });
    let mut expiring = hasty.plan(&late).await;
    let job = expiring.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let mut patient = anna.follow(&job).await;
    let mut failing = ben.plan(&json!({ "constraints": keyed("bad") })).await;
    let mut served = eve.plan(&json!({})).await;
    let (expired, timed_out, failed, _) = tokio::join!(
        expiring.collect_to_end(),
        patient.collect_to_end(),
        failing.collect_to_end(),
        served.collect_to_end()
    );
    assert_eq!(expired.last().unwrap().json()["code"], "auth_expired");
    assert_eq!(timed_out.last().unwrap().json()["data"]["status"], "timeout");
    assert_eq!(failed.last().unwrap().json()["data"]["status"], "failed");

    for (reason, expected) in [("auth_expired", 1.0), ("timeout", 1.0), ("failed", 1.0), ("write_timeout", 0.0)] {
        let counted = async || Some(failures(&stack, of, reason).await).filter(|count| (count - expected).abs() < 0.5);
        eventually(SOON, &format!("{reason} is counted {expected} times"), counted).await;
    }
    // To read a log again is no failure, and a stream that was served is none.
    anna.follow(&job).await.collect_to_end().await;
    let done = async || {
        Some(failures(&stack, "almanac_stream_ends_total", "done").await).filter(|count| (count - 2.0).abs() < 0.5)
    };
    eventually(SOON, "two that ended well", done).await;
    assert!((failures(&stack, of, "timeout").await - 1.0).abs() < 0.5);
}
