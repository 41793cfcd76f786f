//! Calendars under faults: the deadline, killed workers, flags switched off, an unreachable store, and streams resumed
//! at another API process.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use almanac_tests::{
    Mode, Script, Stack,
    actor::{
        calendar::{calendar_order, keyed},
        log::{assert_follows, stored},
        stream::{Encoding, Event},
    },
    invariants,
    world::{Answer, End, JsonReader},
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(45);

fn holding_after(entries: usize) -> Script {
    Answer { cards: usize::MAX, hold_after: Some(entries), ..Answer::default() }.into()
}

fn entries(events: &[Event]) -> Vec<Value> {
    events.iter().filter(|event| event.kind == "entry").map(|event| event.json()["data"]["key"].clone()).collect()
}

fn run_of(events: &[Event]) -> Uuid {
    events.last().unwrap().json()["meta"]["runId"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_at_its_deadline_with_what_it_has_also_when_its_worker_was_killed() {
    let stack = Stack::builder().api_env("CALENDAR_TIMEOUT_SECONDS", "5").start().await;
    let (anna, ben) = (stack.user(), stack.user());
    stack.world.play("late", [holding_after(3)]);
    stack.world.play("killed", [holding_after(1)]);

    let late = anna.plan(&json!({ "constraints": keyed("late") })).await.collect_to_end().await;

    let done = late.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("timeout"), &json!(3)));
    assert!(done["data"]["message"].as_str().unwrap().contains("3 entries"), "a friendly message: {done}");
    let latency = done["data"]["latencyMs"].as_u64().unwrap();
    assert!((5_000..9_000).contains(&latency), "{latency} ms");
    assert_eq!(anna.calendar_of(&done).await["entryCount"], 3, "what exists is kept");

    // Killed in the middle of a run; the slot is taken until the job is ended as timed out.
    let mut open = ben.plan(&json!({ "constraints": keyed("killed") })).await;
    open.next_of("entry").await;
    stack.world.wait_until_holding("killed").await;
    stack.worker(0).kill().await;
    ben.post("/v1/ai/calendar", calendar_order(&json!({}))).await.refused(409, "ACTIVE_GENERATION");
    stack.worker(0).start().await;
    let killed = open.collect_to_end().await;
    let done = killed.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("timeout"), &json!(1)));
    assert_eq!(stack.world.calls("killed").len(), 1, "no time, no call");
    ben.calendar(&json!({})).await;
    invariants::assert_all(&stack.admin().await, &[run_of(&late), run_of(&killed)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_worker_died_between_bursts_buys_and_tells_of_nothing_twice() {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", "between_bursts:2").start().await;
    let anna = stack.user();
    let dripping = Answer { cards: usize::MAX, gap: Duration::from_millis(2), ..Answer::default() };
    stack.world.play("crash", [dripping.into()]);
    let mut open = anna.plan(&json!({ "constraints": keyed("crash") })).await;

    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "the crash point fired");
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    let seen = stored(open.collect_to_end().await);
    let run = run_of(&seen);
    assert_eq!(seen, stored(anna.follow(&run.to_string()).await.collect_to_end().await));
    assert_follows(&seen, 0);
    let done = seen.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("succeeded"), &json!(6)));
    let (told, calls) = (entries(&seen), stack.world.calls("crash"));
    assert_eq!(told.len(), 6, "each entry is told of once: {told:?}");
    let asked_again: Vec<Value> =
        calls[1].task["slots"].as_array().unwrap().iter().map(|slot| slot["key"].clone()).collect();
    assert_eq!(calls.len(), 2);
    assert!(asked_again.len() <= 4, "two bursts were bought already: {asked_again:?}");
    assert_eq!(told[6 - asked_again.len()..], asked_again, "only what was missing is bought again");
    invariants::assert_all(&stack.admin().await, &[run]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_taken_up_again_after_any_event_at_another_api() {
    let stack = Stack::builder().apis(2).api_env("STREAMS_PER_USER", "100").start().await;
    let anna = stack.user();
    stack.world.play("resume", [holding_after(3)]);
    let mut stream = anna.plan(&json!({ "constraints": keyed("resume") })).await;
    let mut seen: Vec<Event> = Vec::new();
    while entries(&seen).len() < 3 {
        seen.extend(stored(vec![stream.next().await.unwrap()]));
    }
    stack.world.wait_until_holding("resume").await;
    let run = seen[0].json()["meta"]["runId"].as_str().unwrap().to_owned();
    let there = anna.at(stack.api(1).address());

    let last = seen.last().and_then(|event| event.seq).unwrap();
    let resumed = join_all((0..=last).map(|seq| there.follow_after(&run, seq))).await;
    stack.world.release("resume");
    seen.extend(stored(stream.collect_to_end().await));

    assert_follows(&seen, 0);
    for (seq, mut resumed) in resumed.into_iter().enumerate() {
        assert_eq!(stored(resumed.collect_to_end().await), seen[seq..], "after {seq}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_off_calendar_is_a_dry_run_of_the_same_bytes_that_leaves_nothing() {
    let stack = Stack::builder().start().await;
    let (anna, eve) = (stack.user(), stack.user());
    let (_, calendar) = anna.calendar(&json!({ "constraints": keyed("on") })).await;
    let operator = crate::jobs::admin::operator(&stack);
    operator.put("/v1/admin/flags/CALENDAR_SERVICE_ENABLED", json!({ "enabled": false })).await.expect(200);

    let order = json!({ "constraints": keyed("off") });
    let (mut one, mut other) = (anna.plan(&order).await, eve.plan(&order).await);
    let events = one.collect_to_end().await;
    other.collect_to_end().await;

    assert_eq!(one.raw(), other.raw(), "byte-stable for the same input");
    assert!(one.raw().starts_with(b"retry: 2000\n\n"), "a dry run begins as every stream does");
    assert_follows(&events, 0);
    assert_eq!(entries(&events).len(), 6);
    assert!(events.iter().all(|event| event.json()["meta"]["dryRun"] == true));
    let again = json!({ "calendarId": calendar["id"] });
    let diff = anna.plan(&again).await.next_of("diff").await.json();
    assert_eq!(diff["data"]["updated"].as_array().map(Vec::len), Some(6));
    eve.post("/v1/ai/calendar", calendar_order(&again)).await.refused(404, "NOT_FOUND");
    let call = anna.request(Method::POST, "/v1/ai/calendar").header("accept", "application/json");
    let reply = call.json(&calendar_order(&order)).send().await.expect(200).json();
    assert_eq!((&reply["meta"]["dryRun"], &reply["data"]["summary"]["persisted"]), (&json!(true), &json!(false)));
    assert!(stack.world.calls("off").is_empty(), "no provider is called");
    assert_eq!(eve.get("/v1/jobs").await.expect(200).data()["items"], json!([]));
    // Reading and editing continue as before.
    let path = format!("/v1/calendars/{}", calendar["id"].as_str().unwrap());
    let first = calendar["entries"][0]["id"].as_str().unwrap();
    anna.patch(&format!("{path}/entries/{first}"), json!({ "title": "Mine" })).await.expect(200);
    assert_eq!(anna.get(&path).await.expect(200).data()["entryCount"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_looks_at_the_flag_again_before_it_calls_the_model() {
    let stack = Stack::builder().worker_env("CALENDAR_SERVICE_ENABLED", "false").start().await;

    let events = stack.user().plan(&json!({ "constraints": keyed("off") })).await.collect_to_end().await;

    let done = events.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["error"]["code"]), (&json!("failed"), &json!("SERVICE_DISABLED")));
    assert!(stack.world.calls("off").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_there_is_a_dry_run_that_says_so() {
    let stack = Stack::builder().workers(0).proxied().start().await;
    let anna = stack.user();
    stack.proxies().api_postgres.set(Mode::Refuse).await;

    let events = anna.plan_as(&json!({}), Encoding::Ndjson).await.collect_to_end().await;

    let done = events.last().unwrap().json();
    assert_eq!((&done["meta"]["degraded"], &done["meta"]["dryRun"]), (&json!(["storage"]), &json!(true)));
    assert_eq!(done["data"]["persisted"], false);
    assert_eq!(entries(&events).len(), 6);
    stack.proxies().api_postgres.set(Mode::Pass).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_never_started_ends_in_an_envelope_too() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    let mut stream = anna.plan(&json!({})).await;
    let jobs = anna.get("/v1/jobs").await.expect(200).data();
    let run = jobs["items"][0]["id"].as_str().unwrap();

    anna.post(&format!("/v1/jobs/{run}/cancel"), json!({})).await.expect(202);

    let done = stream.collect_to_end().await.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["meta"]["done"]), (&json!("cancelled"), &json!(true)));
    assert_eq!((&done["meta"]["runId"], &done["meta"]["seq"]), (&json!(run), &json!(1)));
    assert_eq!(done["error"]["code"], "CANCELLED");
    anna.plan(&json!({})).await;
}

/// A model that answers for slots that were not requested, repeats an entry, and returns channels, dates, times and
/// media itself.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_has_no_say_in_is_dropped_counted_and_never_stored() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    stack
        .world
        .play("intrude", [Answer { cards: usize::MAX, shape: JsonReader::Intruding, ..Answer::default() }.into()]);

    let events = anna.plan(&json!({ "constraints": keyed("intrude") })).await.collect_to_end().await;

    let done = events.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("succeeded"), &json!(6)));
    let asked: Vec<Value> = stack.world.calls("intrude")[0].task["slots"].as_array().unwrap().clone();
    let told: Vec<Value> =
        events.iter().filter(|event| event.kind == "entry").map(|event| event.json()["data"].clone()).collect();
    let calendar = anna.calendar_of(&done).await;
    for slot in &asked {
        for shown in [&told, calendar["entries"].as_array().unwrap()] {
            let entry: Vec<&Value> = shown.iter().filter(|entry| entry["key"] == slot["key"]).collect();
            assert_eq!(entry.len(), 1, "{slot} once");
            for name in ["channel", "date", "time"] {
                assert_eq!(entry[0][name], slot[name], "{name} is the slot's to say");
            }
            assert_eq!((&entry[0]["timezone"], &entry[0]["media"]), (&json!("Europe/Paris"), &json!([])));
        }
    }
    let run = run_of(&events);
    let admin = stack.admin().await;
    let (counted, rows): (Value, String) = sqlx::query_as(
        "SELECT r.ai_metadata -> 'items',
                (SELECT string_agg(concat_ws(' ', e.key, e.fields::text), ' ') FROM almanac.calendar_entries e)
                || (SELECT string_agg(concat_ws(' ', g.key, g.fields::text), ' ') FROM almanac.calendar_run_entries g)
                || (SELECT string_agg(v.data, ' ') FROM almanac.job_events v)
           FROM almanac.calendar_runs r WHERE r.id = $1",
    )
    .bind(run)
    .fetch_one(&admin)
    .await
    .unwrap();
    assert_eq!(counted, json!({ "kept": 6, "cut": 0, "dropped": 13, "echoed": 0, "repeated": 5 }));
    for stranger in ["ntruder", "2099-09-09", "03:33", "Auckland", "myspace", "1999-01-01"] {
        assert!(!rows.contains(stranger), "{stranger} was stored: {rows}");
    }
    invariants::assert_all(&admin, &[run]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_run_is_asked_for_in_parts_while_each_brings_something_and_eight_times_at_most() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = |word: &str| format!("{word}-{}", Uuid::new_v4().simple());
    let part = |cards: usize| Script::from(Answer { cards, end: End::Length, ..Answer::default() });
    let (whole, endless) = (key("parts"), key("endless"));
    stack.world.play(&whole, [part(2), part(3), Answer { cards: usize::MAX, ..Answer::default() }.into()]);
    stack.world.play(&endless, [part(1)]);

    let done = anna.plan(&json!({ "constraints": keyed(&whole) })).await.collect_to_end().await.pop().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("succeeded"), &json!(6)));
    let asked = |key: &str| -> Vec<usize> {
        stack.world.calls(key).iter().map(|call| call.task["slots"].as_array().unwrap().len()).collect()
    };
    assert_eq!(asked(&whole), [6, 4, 1], "each call asks for what is missing");

    let long = json!({ "constraints": keyed(&endless), "end": "2026-01-31" });
    let events = anna.plan(&long).await.collect_to_end().await;
    let done = events.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("partial"), &json!(8)));
    assert_eq!(asked(&endless), [12, 11, 10, 9, 8, 7, 6, 5]);
    let errors = events.iter().filter(|event| event.kind == "error").map(|event| event.json()["data"].clone());
    let errors: Vec<Value> = errors.collect();
    assert_eq!(errors.len(), 4, "each empty slot is named: {errors:?}");
    assert!(errors.iter().all(|error| error["code"] == "SLOT_UNFILLED" && error["key"].is_string()), "{errors:?}");
    let ledger: Vec<String> = sqlx::query_scalar("SELECT state FROM almanac.llm_calls WHERE job_id = $1")
        .bind(run_of(&events))
        .fetch_all(&stack.admin().await)
        .await
        .unwrap();
    assert_eq!(ledger, ["succeeded"; 8], "a call that was not made is not in the ledger");
}
