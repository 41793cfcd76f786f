//! Lists and pages, `Prefer: wait`, and a job as its owner sees it.

use almanac_tests::{
    Stack, User,
    world::{Outcome, Script, source_text},
};
use chrono::{DateTime, Utc};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// All ids of a list, page by page.
pub(crate) async fn read_all_pages(user: &User, path: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    let separator = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = user.get(&format!("{path}{separator}limit={limit}{cursor}")).await.expect(200).data();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= limit);
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let next = if page.get("nextCursor").is_some() { &page["nextCursor"] } else { &page["next_cursor"] };
        match next.as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_newest_first_and_pages_join_without_gap_or_repeat() {
    let stack = Stack::shared().await;
    let (anna, bob) = (stack.user(), stack.user());
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(anna.generate(&source_text("pages")).await);
    }
    bob.generate(&source_text("pages")).await;
    made.reverse();

    for path in ["/v1/ai/generations", "/v1/jobs"] {
        for limit in [1, 2, 3, 5, 250] {
            assert_eq!(read_all_pages(&anna, path, limit).await, made, "{path} by {limit}");
        }
    }
    let whole = anna.get("/v1/ai/generations?limit=5").await.data();
    assert_eq!(whole["next_cursor"], Value::Null, "nothing follows a full last page");
    assert_eq!(anna.get("/v1/jobs").await.data()["nextCursor"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_keeps_its_place_while_new_things_come() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(anna.generate(&source_text("stable")).await);
    }
    let first = anna.get("/v1/ai/generations?limit=2").await.expect(200).data();
    let jobs = anna.get("/v1/jobs?limit=2").await.expect(200).data();

    anna.generate(&source_text("stable")).await;

    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = anna.get(&format!("/v1/ai/generations?limit=2&cursor={cursor}")).await.expect(200).data();
    let ids =
        |page: &Value| page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&rest), [json!(made[1]), json!(made[0])]);
    let cursor = jobs["nextCursor"].as_str().unwrap();
    let rest = anna.get(&format!("/v1/jobs?limit=2&cursor={cursor}")).await.expect(200).data();
    assert_eq!(ids(&rest), [json!(made[1]), json!(made[0])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_and_cards_are_paged_too() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let accepted = anna.post(&format!("/v1/ai/generations/{id}/accept"), json!({})).await.expect(200).data();

    let made: Vec<_> = anna.suggestions(&id).await.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(read_all_pages(&anna, &format!("/v1/ai/generations/{id}/suggestions"), 2).await, made);
    let mut cards: Vec<_> =
        accepted["cards"].as_array().unwrap().iter().map(|card| card["id"].as_str().unwrap()).collect();
    cards.sort_unstable();
    cards.reverse();
    assert_eq!(read_all_pages(&anna, "/v1/cards", 2).await, cards);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_one_person_shows_another_only_their_own() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    for _ in 0..3 {
        anna.generate(&source_text("cursor")).await;
    }
    let own = eve.generate(&source_text("cursor")).await;
    let cursor = anna.get("/v1/ai/generations?limit=1").await.data()["next_cursor"].as_str().unwrap().to_owned();

    let seen = eve.get(&format!("/v1/ai/generations?cursor={cursor}")).await.expect(200).data();

    let ids: Vec<_> = seen["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| *id == own), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_filtered_by_kind_and_status() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let done = anna.generation().await;
    let key = format!("filter-{}", anna.id);
    stack.world.play(&key, [Script::hold_after(1)]);
    let running = anna.generate(&source_text(&key)).await;
    stack.world.wait_until_holding(&key).await;
    let list = async |query: &str| read_all_pages(&anna, &format!("/v1/jobs?{query}"), 50).await;

    assert_eq!(list("status=succeeded").await, [done.as_str()]);
    assert_eq!(list("status=running").await, [running.as_str()]);
    assert_eq!(list("kind=flashcards.generate").await, [running.clone(), done.clone()]);
    assert_eq!(list("kind=flashcards.generate&status=failed").await, Vec::<String>::new());
    for status in ["pending", "partial", "timeout", "failed", "cancelled"] {
        assert_eq!(list(&format!("status={status}")).await, Vec::<String>::new(), "{status}");
    }

    stack.world.release(&key);
    anna.ended(&running).await;
    assert_eq!(list("status=succeeded").await, [running, done]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_tells_its_owner_all_there_is_while_it_runs_and_after() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = format!("shown-{}", anna.id);
    stack.world.play(&key, [Script::hold_after(2)]);
    let id = anna.generate(&source_text(&key)).await;
    stack.world.wait_until_holding(&key).await;
    anna.follow(&id).await.next_of("suggestion").await;

    let shown = anna.get(&format!("/v1/jobs/{id}")).await.expect(200);
    assert!(shown.header("retry-after").is_some(), "while not final");
    let job = shown.data();
    assert_eq!((&job["kind"], &job["status"]), (&json!("flashcards.generate"), &json!("running")));
    assert_eq!((&job["error"], &job["finishedAt"]), (&Value::Null, &Value::Null));
    assert_eq!(job["subject"], json!({ "type": "generation", "id": id }));
    assert_eq!(job["urls"]["self"], format!("/v1/ai/generations/{id}"));
    assert_eq!(anna.get(&format!("/v1/ai/generations/{id}")).await.data()["status"], "running");
    let explained = anna.get(&format!("/v1/jobs/{id}/explain")).await.expect(200).data();
    assert_eq!(explained["status"], "running");
    assert!(explained["blocker"].is_string() && explained["nextAction"].is_string(), "{explained}");

    stack.world.release(&key);
    anna.ended(&id).await;
    let shown = anna.get(&format!("/v1/jobs/{id}")).await.expect(200);
    assert_eq!(shown.header("retry-after"), None);
    let job = shown.data();
    assert_eq!((&job["status"], &job["attempt"]), (&json!("succeeded"), &json!(0)));
    assert_eq!(job["progress"]["completed"], 10);
    let time = |name: &str| job[name].as_str().unwrap().parse::<DateTime<Utc>>().expect("RFC 3339");
    assert!(time("createdAt") <= time("startedAt") && time("startedAt") <= time("finishedAt"));
    assert!(job["createdAt"].as_str().unwrap().ends_with('Z'), "UTC on the wire: {job}");
    assert_eq!(anna.get(&format!("/v1/jobs/{id}/explain")).await.data()["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_says_why_and_ends_at_once_when_cancelled() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    let (first, second) = (anna.generate(&source_text("a")).await, anna.generate(&source_text("b")).await);

    assert_eq!(anna.get(&format!("/v1/jobs/{second}")).await.data()["status"], "pending");
    let explained = anna.get(&format!("/v1/jobs/{second}/explain")).await.expect(200).data();
    assert_eq!((&explained["state"], &explained["status"]), (&json!("queued"), &json!("pending")));
    assert!(explained["blocker"].as_str().unwrap().contains('1'), "one stands before it: {explained}");
    assert_eq!(read_all_pages(&anna, "/v1/jobs?status=pending", 50).await, [second.clone(), first]);

    let cancelled = anna.post(&format!("/v1/jobs/{second}/cancel"), json!({})).await.expect(202);
    assert_eq!(cancelled.data(), json!({ "status": "cancelling" }));
    let events = anna.follow(&second).await.collect_to_end().await;
    assert_eq!(events.last().unwrap().json()["status"], "cancelled");
    assert_eq!(anna.get(&format!("/v1/ai/generations/{second}")).await.data()["status"], "cancelled");
    let again = anna.post(&format!("/v1/jobs/{second}/cancel"), json!({})).await.expect(200).data();
    assert_eq!((&again["id"], &again["status"]), (&json!(second), &json!("cancelled")));
    assert!(stack.world.ledger().all().is_empty(), "the model was not called");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_running_job_closes_the_call_upstream_and_keeps_what_was_made() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = format!("cancel-{}", anna.id);
    stack.world.play(&key, [Script::hold_after(3)]);
    let id = anna.generate(&source_text(&key)).await;
    stack.world.wait_until_holding(&key).await;
    let mut stream = anna.follow(&id).await;
    for _ in 0..3 {
        stream.next_of("suggestion").await;
    }

    let answer = anna.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await.expect(202);

    assert_eq!(answer.data(), json!({ "status": "cancelling" }));
    assert_eq!(stack.world.wait_until_ended(&key, 1).await.outcome, Outcome::ClosedByClient);
    let events = stream.collect_to_end().await;
    assert_eq!(events.last().unwrap().json()["status"], "cancelled");
    let generation = anna.ended(&id).await;
    assert_eq!((&generation["status"], &generation["suggestion_count"]), (&json!("cancelled"), &json!(3)));
    assert_eq!(generation["error"]["code"], "CANCELLED");
    let again = anna.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await.expect(200).data();
    assert_eq!(again["status"], "cancelled");
    assert_eq!(stack.world.calls(&key).len(), 1, "and the model is not called again");
    let cards = anna.post(&format!("/v1/ai/generations/{id}/accept"), json!({})).await.expect(200).data();
    assert_eq!(cards["cards"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_what_has_ended_changes_nothing() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;

    for _ in 0..2 {
        let job = anna.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await.expect(200).data();
        assert_eq!((&job["id"], &job["status"]), (&json!(id), &json!("succeeded")));
    }
    assert_eq!(anna.get(&format!("/v1/ai/generations/{id}")).await.data()["suggestion_count"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_prefers_to_wait_gets_the_finished_generation_or_the_202() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = format!("wait-{}", anna.id);
    stack.world.play(&key, [Script::hold_after(1)]);
    let ask = |prefer: &str, path: &str, text: &str| {
        let body = json!({ "source_text": source_text(text) });
        anna.request(Method::POST, path).header("prefer", prefer).json(&body).send()
    };

    let done = ask("respond-async, wait=20", "/v1/ai/generations", "wait-done").await.expect(200);
    assert_eq!((&done.data()["status"], &done.data()["suggestion_count"]), (&json!("succeeded"), &json!(5)));
    let id = done.data()["id"].as_str().unwrap().parse::<Uuid>().unwrap();
    assert_eq!(done.header("location"), Some(format!("/v1/jobs/{id}").as_str()));
    let bare = ask("wait=20", "/api/ai/generations", "wait-done").await.expect(200).json();
    assert_eq!(bare["status"], "succeeded", "bare on the documents' path: {bare}");

    let late = ask("wait=1", "/v1/ai/generations", &key).await.expect(202).data();
    assert_eq!(late["status"], "pending");
    ask("wait=0", "/v1/ai/generations", "wait-not").await.expect(202);
    ask("wait=soon", "/v1/ai/generations", "wait-not").await.expect(202);
    stack.world.release(&key);
    anna.ended(late["generation_id"].as_str().unwrap()).await;
}
