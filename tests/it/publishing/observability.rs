//! Observability of publishing: the log lines of a request and of its jobs, and what is counted for the alerts.

use std::time::Duration;

use almanac_tests::{
    Node, Stack, User,
    actor::{calendar::keyed, publishing::texts},
    eventually,
    world::channels::{Script, Site, Step},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{SOON, connected};

/// A calendar of one channel that a run filled: its id, the run, and its entries' ids.
async fn generated(user: &User, channel: &str) -> (String, String, Vec<Value>) {
    let order = json!({ "channels": [channel], "constraints": keyed("posts") });
    let (run, calendar) = user.calendar(&order).await;
    let id = calendar["id"].as_str().unwrap().to_owned();
    let entries: Vec<Value> = calendar["entries"].as_array().unwrap().iter().map(|entry| entry["id"].clone()).collect();
    // What the scripted model plans needs media, which only people add.
    for entry in entries.iter().take(2) {
        let path = format!("/v1/calendars/{id}/entries/{}", entry.as_str().unwrap());
        user.patch(&path, json!({ "format": "post" })).await.expect(200);
    }
    (id, run, entries)
}

/// The lines of a process about a request, or about the jobs that it submitted.
fn lines_of(node: &Node, request_id: &str) -> Vec<Value> {
    node.log_lines().into_iter().filter(|line| line["requestId"] == request_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_post_says_whose_it_is_where_it_goes_and_how_it_ended() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::graph(200), Script::Ok]);
    let (calendar, run, entries) = generated(&anna, "facebook").await;
    let request_id = format!("req-{}", Uuid::new_v4());
    let order = json!({ "calendarId": calendar, "entryIds": entries[..2], "dryRun": false });

    let plan = anna.publish_call(&order).header("x-request-id", &request_id).send().await.expect(202).data();
    let intents: Vec<String> =
        plan["intents"].as_array().unwrap().iter().map(|intent| intent["id"].as_str().unwrap().to_owned()).collect();
    let mut statuses: Vec<Value> =
        anna.wait_for_ends(&intents).await.iter().map(|intent| intent["status"].clone()).collect();
    statuses.sort_by_key(Value::to_string);
    assert_eq!(statuses, ["failed", "published"]);

    let accepted = lines_of(stack.api(0), &request_id);
    assert_eq!(accepted.len(), 1, "the API answers the request in one line: {accepted:?}");
    let line = &accepted[0];
    assert_eq!((&line["userId"], &line["calendarId"]), (&json!(anna.id), &json!(calendar)), "{line}");
    assert_eq!(line["status"], 202);
    let ended = async || {
        let lines = lines_of(stack.worker(0), &request_id);
        let ends = |status: &str| lines.iter().any(|line| line["status"] == status);
        (ends("published") && ends("failed")).then_some(lines)
    };
    for line in eventually(SOON, "the lines about both ends", ended).await {
        assert_eq!(
            (&line["userId"], &line["channel"], &line["calendarId"], &line["runId"]),
            (&json!(anna.id), &json!("facebook"), &json!(calendar), &json!(run)),
            "{line}"
        );
        assert_ne!(line["jobId"], Value::Null, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_a_dry_run_refuses_stands_in_the_log_and_is_counted() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let (calendar, run, entries) = generated(&anna, "instagram").await;
    let order = json!({ "calendarId": calendar, "entryIds": entries[..1] });
    let request_id = format!("req-{}", Uuid::new_v4());

    // An entry that a model made has no media, which Instagram needs.
    let plan = anna.publish_call(&order).header("x-request-id", &request_id).send().await.expect(200).data();

    assert_eq!(plan["intents"][0]["error"]["code"], "MEDIA_REQUIRED", "{plan}");
    let lines = lines_of(stack.api(0), &request_id);
    let line = lines.iter().find(|line| line["code"] == "MEDIA_REQUIRED").expect("a line about the failure");
    assert_eq!(
        (&line["userId"], &line["channel"], &line["calendarId"], &line["runId"], &line["status"]),
        (&json!(anna.id), &json!("instagram"), &json!(calendar), &json!(run), &json!("failed")),
        "{line}"
    );
    let family = "almanac_publish_dry_runs_total";
    assert_counted(stack.api(0), family, &["channel=\"instagram\"", "outcome=\"failed\""], 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_alerts_count_is_counted() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::graph(200), Script::Ok]);
    let written = anna.write("facebook", &texts(3)).await;
    let published = anna.published(&written.order(&json!({}))).await;
    anna.wait_for_ends(&published.intents).await;

    let worker = stack.worker(0);
    let ended = "almanac_publish_intents_ended_total";
    assert_counted(worker, ended, &["channel=\"facebook\"", "outcome=\"published\""], 2.0).await;
    assert_counted(worker, ended, &["channel=\"facebook\"", "outcome=\"failed\"", "cause=\"provider\""], 1.0).await;
    assert_counted(worker, "almanac_publish_failures_total", &["channel=\"facebook\"", "cause=\"provider\""], 1.0)
        .await;
    assert_counted(worker, "almanac_publish_failures_total", &["channel=\"linkedin\"", "cause=\"provider\""], 0.0)
        .await;
    assert_counted(
        worker,
        "almanac_channel_calls_total",
        &["channel=\"facebook\"", "step=\"publish\"", "class=\"permission\""],
        1.0,
    )
    .await;

    // Cancelled before a worker had it.
    let later = anna.write("facebook", &texts(1)).await;
    let later = anna.published(&later.order(&json!({ "publishAt": "entry" }))).await.intents.remove(0);
    anna.post(&format!("/v1/publish/intents/{later}/cancel"), json!({})).await.expect(202);
    assert_counted(stack.api(0), ended, &["channel=\"facebook\"", "outcome=\"cancelled\"", "cause=\"request\""], 1.0)
        .await;

    // A channel without an account: the whole request is refused, before anything is attempted.
    let other = anna.write("linkedin", &texts(1)).await;
    anna.publish(&other.order(&json!({}))).await.refused(422, "CHANNEL_AUTH_MISSING");
    let family = "almanac_channel_auth_missing_total";
    assert_counted(stack.api(0), family, &["channel=\"linkedin\"", "reason=\"missing\""], 1.0).await;

    // Credentials that the channel refuses.
    stack.world.channels().revoke(&grant.account);
    let (intent, _) = anna.publish_text("facebook", "After the token was revoked").await;
    let intent = anna.wait_for_intent(&intent, "failed").await;
    assert_eq!(intent["error"]["code"], "CHANNEL_AUTH_INVALID");
    assert_counted(worker, family, &["channel=\"facebook\"", "reason=\"invalid\""], 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_takes_its_worker_along_needs_a_review_and_is_counted() {
    let stack = Stack::builder().workers(2).worker_env("JOB_MAX_CRASHES", "1").start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.channels().play(&grant.account, Step::Publish, [Script::AcceptThenHold]);
    let (intent, _) = anna.publish_text("facebook", &texts(1)[0]).await;
    stack.world.channels().wait_until_holding(&grant.account).await;
    let job = anna.jobs_of(&intent).await[0].parse().unwrap();
    let holder = stack.holder(job).await;

    holder.kill().await;

    let intent = anna.wait_for_intent(&intent, "needs_review").await;
    assert_eq!(intent["error"]["code"], "OUTCOME_UNKNOWN", "{intent}");
    let other = stack.workers().iter().find(|worker| worker.is_running()).unwrap();
    let labels = ["channel=\"facebook\"", "outcome=\"needs_review\"", "cause=\"unanswered\""];
    assert_counted(other, "almanac_publish_intents_ended_total", &labels, 1.0).await;
}

/// Waits until a process shows this value of a counter.
async fn assert_counted(node: &Node, name: &str, labels: &[&str], expected: f64) {
    let shown = async || {
        let text = node.metrics().await;
        let fits =
            |line: &&str| line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label));
        let value: f64 = text.lines().find(fits)?.rsplit(' ').next()?.parse().ok()?;
        ((value - expected).abs() < 0.5).then_some(())
    };
    eventually(Duration::from_secs(30), &format!("{name} {labels:?} is {expected}"), shown).await;
}
