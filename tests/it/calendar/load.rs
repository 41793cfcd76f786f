//! Calendars under load: runs that no worker starts in time, a model that is silent for long, two hundred requests at
//! once.

use std::time::Duration;

use almanac_tests::{
    Reply, Script, Stack, User,
    actor::{
        calendar::{calendar_order, keyed},
        log::{assert_follows, stored},
        stream::{Encoding, Event, EventStream, Frame},
    },
    eventually, invariants,
    world::{Answer, End},
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

/// Who asks at the same moment.
const PEOPLE: usize = 200;
/// Of these, the model of every so manieth never comes to an end.
const EVERY_HANGING: usize = 10;
/// The deadline of a run, in seconds.
const DEADLINE: u64 = 30;

/// How long a client continues to poll, with time for a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn run_of(stream: &EventStream) -> Uuid {
    stream.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_starts_in_time_ends_as_failed_and_frees_its_slot() {
    let stack = Stack::builder().workers(1).worker_env("WORKER_CONCURRENCY", "flashcards=1").start().await;
    let anna = stack.user();
    let mut stream = anna.plan(&json!({})).await;
    let run = run_of(&stream);
    anna.post("/v1/ai/calendar", calendar_order(&json!({}))).await.refused(409, "ACTIVE_GENERATION");
    let (start_by, accepted): (f64, String) = sqlx::query_as(
        "SELECT extract(epoch FROM start_by - created_at)::float8, state FROM almanac.jobs WHERE id = $1",
    )
    .bind(run)
    .fetch_one(&stack.admin().await)
    .await
    .unwrap();
    assert_eq!((start_by.round(), accepted.as_str()), (60.0, "queued"), "a minute to be started in");

    let over = "UPDATE almanac.jobs SET start_by = clock_timestamp() WHERE id = $1";
    sqlx::query(over).bind(run).execute(&stack.admin().await).await.unwrap();

    // Heartbeats keep the stream open, so this wait has a bound of its own.
    let ended = tokio::time::timeout(PATIENCE, stream.collect_to_end()).await;
    let seen = stored(ended.expect("the run is given up within some rounds of the sweeper"));
    assert_follows(&seen, 0);
    let done = seen[0].json();
    assert_eq!((&done["data"]["status"], &done["error"]["code"]), (&json!("failed"), &json!("QUEUE_TIMEOUT")));
    assert_eq!((&done["data"]["entries"], &done["data"]["message"]), (&json!(0), &done["error"]["message"]));
    let meta = json!({
        "runId": run, "calendarId": done["meta"]["calendarId"], "version": 1, "seq": 1, "done": true,
    });
    assert_eq!(done["meta"], meta, "an envelope like any other");
    let calendar = format!("/v1/calendars/{}", done["meta"]["calendarId"].as_str().unwrap());
    let shown = anna.get(&format!("{calendar}/runs/{run}")).await.expect(200).data();
    assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("failed"), &json!("QUEUE_TIMEOUT")));
    let job = anna.get(&format!("/v1/jobs/{run}")).await.expect(200).data();
    assert_eq!((&job["status"], &job["startedAt"]), (&json!("failed"), &Value::Null));
    // Its slot is free: the next is accepted.
    anna.plan(&json!({ "calendarId": done["meta"]["calendarId"] })).await;
    invariants::assert_all(&stack.admin().await, &[run]).await;
}

/// Reads on until a heartbeat: a comment, or a line of progress without a seq that repeats what was said before.
async fn heartbeats(stream: &mut EventStream, encoding: Encoding, count: usize) -> Vec<Event> {
    let mut beats = Vec::new();
    while beats.len() < count {
        match stream.next_frame().await.expect("the stream is open") {
            Frame::Comment(_) if encoding == Encoding::Sse => beats.push(Event::default()),
            Frame::Event(event) if encoding == Encoding::Ndjson && event.seq.is_none() => beats.push(event),
            Frame::Event(event) => assert!(!event.is_final(), "{event:?}"),
            _ => {}
        }
    }
    beats
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendars_stream_is_kept_alive_while_its_model_is_silent() {
    let stack = Stack::builder().api_env("CALENDAR_TIMEOUT_SECONDS", "120").start().await;
    let (anna, ben) = (stack.user(), stack.user());
    // One model says nothing at all, the other falls silent behind two entries.
    stack.world.play("mute", [Script::Silence]);
    stack.world.play("half", [Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() }.into()]);
    let (mute, half) = (json!({ "constraints": keyed("mute") }), json!({ "constraints": keyed("half") }));
    let mut lines = anna.plan_as(&mute, Encoding::Ndjson).await;
    let mut comments = ben.plan(&half).await;
    stack.world.wait_until_holding("half").await;
    let log = format!("/v1/jobs/{}/events", run_of(&comments));
    let mut also = ben.request(Method::GET, &log).open(Encoding::Ndjson).await;

    let began = Instant::now();
    let (silent, commented, repeated) = tokio::join!(
        heartbeats(&mut lines, Encoding::Ndjson, 3),
        heartbeats(&mut comments, Encoding::Sse, 2),
        heartbeats(&mut also, Encoding::Ndjson, 2),
    );

    assert!(began.elapsed() < Duration::from_secs(15 * 3), "three, one in 15 s at least");
    assert_eq!(commented.len(), 2);
    let last = silent.last().unwrap().json();
    assert_eq!((&last["type"], last.get("seq")), (&json!("progress"), None));
    assert_eq!((&last["data"]["completed"], &last["data"]["total"]), (&json!(0), &json!(6)));
    assert_eq!((&last["meta"]["runId"], &last["meta"]["done"]), (&json!(run_of(&lines)), &json!(false)));
    let last = repeated.last().unwrap().json();
    assert_eq!((&last["data"]["completed"], &last["data"]["total"]), (&json!(2), &json!(6)), "{last}");
    for (user, mut stream) in [(anna, lines), (ben, comments)] {
        user.post(&format!("/v1/jobs/{}/cancel", run_of(&stream)), json!({})).await.expect(202);
        assert_eq!(stored(stream.collect_to_end().await).last().unwrap().kind, "done");
    }
}

/// Asks for a calendar; its run and its stream. In such a crowd the store may be too busy to answer in time, and the answer
/// is a 503 or a dry run: then nothing was kept, or the key finds what was, and the same is asked again. If the run is
/// accepted and its log cannot be read in time, the answer is a 202, and the log is followed at its own address.
async fn asked(user: &User, key: &str) -> (Uuid, EventStream) {
    let order = calendar_order(&json!({ "constraints": keyed(key) }));
    let ask = async || {
        let post = user.request(Method::POST, "/v1/ai/calendar").json(&order).key(key);
        Some(post.open(Encoding::Sse).await).filter(|stream| stream.headers.contains_key("location"))
    };
    let answer = eventually(PATIENCE, "an accepted run", ask).await;
    let run = run_of(&answer);
    if answer.status == 200 {
        return (run, answer);
    }
    assert_eq!(answer.status, 202, "{answer:?}");
    let log = format!("/v1/jobs/{run}/events");
    let follow = async || {
        let stream = user.request(Method::GET, &log).open(Encoding::Sse).await;
        Some(stream).filter(|stream| stream.status != 503)
    };
    let stream = eventually(PATIENCE, "the log of an accepted run", follow).await;
    assert_eq!(stream.status, 200, "{stream:?}");
    (run, stream)
}

/// Asks for another at the same time, and for an answer that the store had a part in.
async fn asked_again(user: &User) -> Reply {
    let ask = async || {
        let reply = user.post("/v1/ai/calendar", calendar_order(&json!({}))).await;
        assert_eq!(reply.header("location"), None, "a second run: {}", reply.text());
        Some(reply).filter(|reply| !matches!(reply.status, 200 | 503))
    };
    eventually(PATIENCE, "an answer to the second", ask).await
}

/// One person: asks, asks again while the first is on its way, and watches that one to its end.
async fn one_of_many(stack: &Stack, number: usize) -> (Uuid, Value) {
    let (user, key) = (stack.user(), format!("crowd-{number}"));
    let hangs = number.is_multiple_of(EVERY_HANGING);
    // Neither is ever silent for so long that the model would be given up: one circuit serves them all.
    let end = if hangs { End::Drip } else { End::Done };
    let cards = if hangs { 2 } else { usize::MAX };
    stack.world.play(&key, [Answer { cards, hold_after: Some(1), end, ..Answer::default() }.into()]);

    let (run, mut stream) = asked(&user, &key).await;
    let second = asked_again(&user).await.refused(409, "ACTIVE_GENERATION");
    assert_eq!(second.json()["error"]["active"]["id"], json!(run));
    stack.world.release(&key);
    let seen = stored(stream.collect_to_end().await);

    assert_follows(&seen, 0);
    let done = seen.last().unwrap().json();
    let told: Vec<Value> =
        seen.iter().filter(|event| event.kind == "entry").map(|event| event.json()["data"]["key"].clone()).collect();
    let (status, entries) = if hangs { ("timeout", 2) } else { ("succeeded", 6) };
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!(status), &json!(entries)), "{done}");
    assert_eq!(told.len(), entries, "{done}");
    let path = format!("/v1/calendars/{}", done["meta"]["calendarId"].as_str().unwrap());
    let shown = async || Some(user.get(&path).await).filter(|reply| reply.status != 503);
    let calendar = eventually(PATIENCE, "a look at the calendar", shown).await.expect(200).data();
    let mut saved: Vec<Value> =
        calendar["entries"].as_array().unwrap().iter().map(|entry| entry["key"].clone()).collect();
    let mut told = told;
    saved.sort_by_key(Value::to_string);
    told.sort_by_key(Value::to_string);
    assert_eq!(saved, told, "no entry is lost");
    (run, done)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_people_at_once_have_one_run_each_and_every_run_ends_in_time() {
    let stack = Stack::builder().workers(2).start().await;
    let admin = stack.admin().await;

    let crowd = join_all((0..PEOPLE).map(|number| one_of_many(&stack, number)));
    let watch = async {
        // The rule of one active run per person is looked at all the time, from outside.
        loop {
            let broken = invariants::at_any_instant(&admin).await;
            assert!(broken.is_empty(), "{broken:?}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let ended = tokio::select! {
        ended = crowd => ended,
        () = watch => unreachable!("it watches for ever"),
    };

    let runs: Vec<Uuid> = ended.iter().map(|(run, _)| *run).collect();
    for (run, done) in &ended {
        let latency = done["data"]["latencyMs"].as_u64().unwrap();
        assert!(latency < DEADLINE * 1000 + 5_000, "{run} took {latency} ms");
    }
    let timed_out = ended.iter().filter(|(_, done)| done["data"]["status"] == "timeout").count();
    assert_eq!(timed_out, PEOPLE / EVERY_HANGING);
    let active = "SELECT count(*) FROM almanac.jobs WHERE state IN ('queued', 'running')";
    let left: i64 = eventually(PATIENCE, "nothing is left", async || {
        sqlx::query_scalar(active).fetch_one(&admin).await.ok().filter(|left| *left == 0)
    })
    .await;
    assert_eq!(left, 0);
    invariants::assert_all(&admin, &runs).await;
}
