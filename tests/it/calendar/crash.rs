//! Processes killed in the middle of a calendar: a worker at each named point of a run, and the API at those of an
//! accept. Each scenario has a stack of its own, and all of them wait for their leases at the same time.

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt, time::Duration};

use almanac_tests::{
    Stack,
    actor::{
        calendar::{calendar_order, keyed},
        log::{assert_follows, stored},
        stream::Event,
    },
    invariants,
    world::Answer,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(45);

/// A point at which a worker dies, and what is known of the run then.
#[derive(Clone, Copy, Debug)]
struct Death {
    point: &'static str,
    /// Leases that run out.
    crashes: i32,
    /// Slots of the run.
    slots: usize,
    /// Entries after which the model waits until the test lets it continue.
    hold_after: Option<usize>,
    /// Whether the worker dies because it is asked to end.
    asked_to_end: bool,
}

const fn at(point: &'static str, crashes: i32) -> Death {
    Death { point, crashes, slots: 6, hold_after: None, asked_to_end: false }
}

const DEATHS: [Death; 11] = [
    at("popped_before_claim", 0),
    at("claimed_before_call", 1),
    at("call_in_flight", 1),
    at("answered_before_commit", 1),
    at("answered_before_commit:2", 1),
    at("committed_before_publish", 1),
    at("committed_before_publish:2", 1),
    at("between_bursts", 1),
    at("between_bursts:2", 1),
    // One entry, held back from the end: the second commit is the one that ends the run, and its events are not
    // published.
    Death { slots: 1, hold_after: Some(1), ..at("committed_before_publish:2", 0) },
    Death { hold_after: Some(2), asked_to_end: true, ..at("draining", 1) },
];

fn of_entries(events: &[Event]) -> Vec<Value> {
    events.iter().filter(|event| event.kind == "entry").map(|event| event.json()["data"]["key"].clone()).collect()
}

fn asked_for(task: &Value) -> Vec<Value> {
    task["slots"].as_array().unwrap().iter().map(|slot| slot["key"].clone()).collect()
}

async fn made(stack: &Stack, run: Uuid) -> Vec<String> {
    sqlx::query_scalar("SELECT key FROM almanac.calendar_run_entries WHERE run_id = $1 ORDER BY ordinal")
        .bind(run)
        .fetch_all(&stack.admin().await)
        .await
        .unwrap()
}

/// One worker dies, another is started; the stream that was open all the time sees the run to its one end.
async fn survives(death: Death) {
    let Death { point, crashes, slots, hold_after, asked_to_end } = death;
    let stack =
        Stack::builder().worker_env("ALMANAC_CRASH_AT", point).api_env("CALENDAR_TIMEOUT_SECONDS", "120").start().await;
    let anna = stack.user();
    let dripping = Answer { cards: usize::MAX, gap: Duration::from_millis(2), hold_after, ..Answer::default() };
    stack.world.play("it", [dripping.into(), Answer { cards: usize::MAX, ..Answer::default() }.into()]);
    let few = if slots == 1 { json!({ "channels": ["blog"], "end": "2026-01-26" }) } else { json!({}) };
    let mut order = json!({ "constraints": keyed("it") });
    order.as_object_mut().unwrap().extend(few.as_object().unwrap().clone());
    let mut open = anna.plan(&order).await;
    let run: Uuid = open.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap();

    if hold_after.is_some() {
        stack.world.wait_until_holding("it").await;
        for _ in 0..hold_after.unwrap_or(0) {
            open.next_of("entry").await;
        }
    }
    if asked_to_end {
        stack.worker(0).terminate();
    } else {
        stack.world.release("it");
    }
    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "{point}: the crash point fired");
    let kept = made(&stack, run).await;
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    open.collect_to_end().await;
    let seen = stored(anna.follow(&run.to_string()).await.collect_to_end().await);
    assert_follows(&seen, 0);
    let done = seen.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("succeeded"), &json!(slots)), "{point}");
    let told = of_entries(&seen);
    assert_eq!(told.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), slots, "{point}: {told:?}");
    assert_eq!(told.len(), slots, "{point}: no entry is told of twice");
    assert_eq!(json!(told), json!(made(&stack, run).await), "{point}: what was told is what is stored");
    assert_eq!(json!(told[..kept.len()]), json!(kept), "{point}: what was stored stays");
    let calls = stack.world.calls("it");
    assert!(calls.len() <= 1 + usize::try_from(crashes).unwrap(), "{point}: {} calls", calls.len());
    if let Some(second) = calls.get(1) {
        assert_eq!(asked_for(&second.task), told[kept.len()..], "{point}: what exists is not bought again");
    }
    let counted: i32 = sqlx::query_scalar("SELECT crashes FROM almanac.jobs WHERE id = $1")
        .bind(run)
        .fetch_one(&stack.admin().await)
        .await
        .unwrap();
    assert_eq!(counted, crashes, "{point}");
    assert_eq!(anna.calendar_of(&done).await["entryCount"], json!(slots), "{point}");
    invariants::assert_all(&stack.admin().await, &[run]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_point_of_a_run_buys_and_tells_of_nothing_twice() {
    join_all(DEATHS.map(survives)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_kills_its_workers_ends_as_poison_in_an_envelope_with_what_it_has() {
    let stack = Stack::builder()
        .worker_env("ALMANAC_CRASH_AT", "between_bursts")
        .worker_env("JOB_MAX_CRASHES", "1")
        .api_env("CALENDAR_TIMEOUT_SECONDS", "120")
        .start()
        .await;
    let anna = stack.user();
    let dripping = Answer { cards: usize::MAX, gap: Duration::from_millis(2), ..Answer::default() };
    stack.world.play("poison", [dripping.into()]);
    let mut open = anna.plan(&json!({ "constraints": keyed("poison") })).await;

    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9));
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    let seen = stored(open.collect_to_end().await);
    assert_follows(&seen, 0);
    let done = seen.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["error"]["code"]), (&json!("failed"), &json!("POISON")));
    assert_eq!((&done["meta"]["done"], &done["meta"]["seq"]), (&json!(true), &json!(seen.len())));
    let told = of_entries(&seen);
    assert!(!told.is_empty());
    assert_eq!(done["data"]["entries"], json!(told.len()));
    assert_eq!(anna.calendar_of(&done).await["entryCount"], json!(told.len()), "what was shown stays");
    anna.calendar(&json!({})).await;
}

/// An API process dies after the accept is committed; its client asks again with the same key.
async fn is_accepted_once_although_the_api_dies_at(point: &str) {
    let stack = Stack::builder().api_env("ALMANAC_CRASH_AT", point).start().await;
    let anna = stack.user();
    let order = calendar_order(&json!({ "constraints": keyed("once") }));
    let post =
        || anna.request(Method::POST, "/v1/ai/calendar").header("accept", "application/json").json(&order).key("k");

    assert!(post().try_send().await.is_err(), "{point}: the answer was lost");
    assert_eq!(stack.api(0).wait_exit(SOON).await.signal(), Some(9));
    stack.api(0).unset("ALMANAC_CRASH_AT");
    stack.api(0).start().await;

    let again = post().send().await.expect(202);
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{point}: the accept was kept");
    let run = again.data()["runId"].as_str().unwrap().to_owned();
    let seen = stored(anna.follow(&run).await.collect_to_end().await);
    assert_follows(&seen, 0);
    assert_eq!(seen.last().unwrap().json()["data"]["status"], "succeeded", "{point}");
    assert_eq!(anna.get("/v1/calendars").await.expect(200).data()["items"].as_array().unwrap().len(), 1, "{point}");
    assert_eq!(stack.world.calls("once").len(), 1, "{point}: bought once");
    invariants::assert_all(&stack.admin().await, &[run.parse().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_whose_api_died_before_answering_is_made_once() {
    join_all(["accepted_before_ring", "accepted_before_answer"].map(is_accepted_once_although_the_api_dies_at)).await;
}
