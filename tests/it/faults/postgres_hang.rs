//! Postgres hangs: connections stay open and no byte comes. Requests are refused in time, streams keep their
//! heartbeats, and service is normal when it answers again.

use std::time::Duration;

use almanac_tests::{
    Mode, Stack, User,
    actor::{
        Call,
        calendar::calendar_order,
        forged::ForgedJob,
        stream::{EventStream, Frame},
    },
    eventually,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use tokio::time::{Instant, timeout};

/// Within which a client is answered that the store is unavailable.
const TOLD: Duration = Duration::from_secs(10);
/// Heartbeats come at least as often.
const BEAT: Duration = Duration::from_secs(15);
/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(45);

/// One question of each kind: of a look, of a user's own transaction, of a log, of a batch.
async fn ask_everything(user: &User, job: &ForgedJob) -> Vec<(&'static str, u16)> {
    let id = job.id;
    let get = |path: String| user.request(Method::GET, &path);
    let ticket = user.request(Method::POST, "/v1/tickets").json(&json!({ "jobId": id }));
    let asked = [
        ("show", get(format!("/v1/jobs/{id}"))),
        ("list", get("/v1/jobs".to_owned())),
        ("explain", get(format!("/v1/jobs/{id}/explain"))),
        ("ticket", ticket),
    ];
    let answer = |(name, call): (&'static str, Call)| async move {
        let answer = timeout(TOLD, call.send()).await;
        (name, answer.unwrap_or_else(|_| panic!("{name}: no answer within {TOLD:?}")).status)
    };
    join_all(asked.map(answer)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_says_nothing_is_told_as_an_outage_within_ten_seconds() {
    let stack = Stack::builder().api_env("CALENDAR_RATE", "100000/300").proxied().workers(0).start().await;
    let anna = stack.user();
    let job = anna.forge(&stack).await;
    assert_eq!(statuses(&ask_everything(&anna, &job).await), [200; 4]);

    stack.proxies().api_postgres.set(Mode::BlackHole).await;
    // Those that were open when it fell silent, and then those that are opened in the silence.
    for round in ["first", "second"] {
        let answers = ask_everything(&anna, &job).await;
        assert_eq!(statuses(&answers), [503; 4], "{round}: {answers:?}");
    }
    stack.proxies().api_postgres.set(Mode::Pass).await;

    let begun = Instant::now();
    eventually(SOON, "everything is answered again", || async {
        (statuses(&ask_everything(&anna, &job).await) == [200; 4]).then_some(())
    })
    .await;
    assert!(begun.elapsed() < TOLD, "it took {:?} to come back", begun.elapsed());
}

fn statuses(answers: &[(&'static str, u16)]) -> Vec<u16> {
    answers.iter().map(|(_, status)| *status).collect()
}

/// Many more than share one statement: who waited for it in vain need not wait for another.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_looks_at_its_jobs_is_told_in_time_as_well() {
    let stack = Stack::builder().api_env("CALENDAR_RATE", "100000/300").proxied().workers(0).start().await;
    let anna = stack.user();
    let path = format!("/v1/jobs/{}", anna.forge(&stack).await.id);
    anna.get(&path).await.expect(200);

    stack.proxies().api_postgres.set(Mode::BlackHole).await;
    let crowd = join_all((0..400).map(|_| timeout(TOLD, anna.get(&path)))).await;

    assert!(crowd.iter().flatten().all(|answer| answer.status == 503));
    let late = crowd.iter().filter(|answer| answer.is_err()).count();
    assert_eq!(late, 0, "requests had no answer within {TOLD:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_its_heartbeats_and_its_events_although_postgres_says_nothing_for_a_while() {
    let stack = Stack::builder().api_env("CALENDAR_RATE", "100000/300").proxied().workers(0).start().await;
    let anna = stack.user();
    let job = anna.forge(&stack).await;
    open_connections(&anna, &job).await;
    let epoch = job.claim("the test", 3_600_000).await.unwrap();
    let mut stream = anna.follow(&job.id.to_string()).await;
    beat(&mut stream).await;

    stack.proxies().api_postgres.set(Mode::BlackHole).await;
    for _ in 0..3 {
        beat(&mut stream).await;
    }
    job.emit(epoch, 3, "{}").await.unwrap();
    job.finish(epoch).await.unwrap();
    stack.proxies().api_postgres.set(Mode::Pass).await;

    let Ok(events) = timeout(SOON, stream.collect_to_end()).await else { panic!("no end within {SOON:?}") };
    assert_eq!(events.len(), 4);
}

/// A log that is longer than what is on its way to the client: the rest of it is read when there is room again.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_read_again_has_heartbeats_although_postgres_says_nothing_for_a_while() {
    let stack = Stack::builder().proxied().workers(0).start().await;
    let anna = stack.user();
    let job = anna.forge(&stack).await;
    open_connections(&anna, &job).await;
    let epoch = job.claim("the test", 3_600_000).await.unwrap();
    let text = format!(r#"{{"id":"","front":"{}","back":""}}"#, "x".repeat(16_000));
    for _ in 0..20 {
        job.emit(epoch, 100, &text).await.unwrap();
    }
    job.finish(epoch).await.unwrap();
    let mut stream = anna.follow(&job.id.to_string()).await;
    stream.next().await.unwrap();

    stack.proxies().api_postgres.set(Mode::BlackHole).await;
    for _ in 0..3 {
        beat(&mut stream).await;
    }
    stack.proxies().api_postgres.set(Mode::Pass).await;

    let Ok(events) = timeout(SOON, stream.collect_to_end()).await else { panic!("no end within {SOON:?}") };
    assert_eq!(events.last().and_then(|event| event.seq), Some(2_001), "nothing is left out");
}

/// Has the API open all the connections that it reads logs with, so that what it does next meets one that is open.
async fn open_connections(user: &User, job: &ForgedJob) {
    let path = format!("/v1/jobs/{}/explain", job.id);
    let answers = join_all((0..8).map(|_| user.get(&path))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

/// Reads on to the next heartbeat.
async fn beat(stream: &mut EventStream) {
    let heard = async { while !matches!(stream.next_frame().await.unwrap(), Frame::Comment(_)) {} };
    assert!(timeout(BEAT, heard).await.is_ok(), "no heartbeat within {BEAT:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_drains_in_time_although_postgres_says_nothing() {
    let stack = Stack::builder().api_env("CALENDAR_RATE", "100000/300").proxied().workers(0).start().await;
    let anna = stack.user();
    let job = anna.forge(&stack).await;
    open_connections(&anna, &job).await;
    job.claim("the test", 3_600_000).await.unwrap();
    let mut stream = anna.follow(&job.id.to_string()).await;
    beat(&mut stream).await;
    stack.proxies().api_postgres.set(Mode::BlackHole).await;
    // By then the store is known to be gone.
    anna.anonymous().get("/readyz").await.expect(503);

    stack.api(0).terminate();

    let goodbye = async { while !matches!(stream.next_frame().await, Some(Frame::Retry(_))) {} };
    assert!(timeout(Duration::from_secs(3), goodbye).await.is_ok(), "no stream was closed");
    assert!(stack.api(0).wait_exit(TOLD).await.success());
}

/// More requests than a minute has room for if each of them waits for the store.
const MANY: usize = 60;

/// Postgres has gone: known soon, and from then on no request waits for it or connects to it.
async fn gone(stack: &Stack, what: &str) {
    let (anna, proxy) = (stack.user(), &stack.proxies().api_postgres);
    // Until the first probe has ended a request may still connect for itself.
    let known = async || {
        let before = proxy.accepted_connections();
        let answer = order(&anna).await;
        (answer == "dry run" && proxy.accepted_connections() == before).then_some(())
    };
    eventually(SOON, &format!("{what}: a dry run without a connection"), known).await;

    let (begun, connections) = (Instant::now(), proxy.accepted_connections());
    for _ in 0..MANY {
        assert_eq!(order(&anna).await, "dry run", "{what}");
        anna.get("/v1/jobs").await.refused(503, "UNAVAILABLE");
    }
    let (elapsed, connections) = (begun.elapsed(), proxy.accepted_connections() - connections);
    // The probe alone connects, a few times a second at most.
    assert!(elapsed < SOON, "{what}: {} requests took {elapsed:?}", 2 * MANY);
    assert!(connections < elapsed.as_secs() * 5 + 10, "{what}: {connections} connections in {elapsed:?}");
    anna.anonymous().get("/readyz").await.expect(503);
}

/// What an order of a calendar is answered.
async fn order(user: &User) -> &'static str {
    let call = user.request(Method::POST, "/v1/ai/calendar").header("accept", "application/json");
    let reply = call.json(&calendar_order(&json!({}))).send().await;
    match reply.status {
        202 => "accepted",
        409 => "active",
        503 => "unavailable",
        200 => {
            let meta = &reply.json()["meta"];
            assert_eq!((&meta["dryRun"], &meta["degraded"]), (&json!(true), &json!(["storage"])), "{}", reply.text());
            "dry run"
        }
        _ => panic!("{}", reply.text()),
    }
}

async fn back(stack: &Stack, what: &str) {
    let anna = stack.user();
    let accepted = async || Some(order(&anna).await).filter(|answer| ["accepted", "active"].contains(answer));
    eventually(SOON, &format!("{what}: accepted again"), accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_cannot_be_reached_costs_no_request_a_wait() {
    let stack = Stack::builder().api_env("CALENDAR_RATE", "100000/300").proxied().workers(0).start().await;

    for mode in [Mode::BlackHole, Mode::Refuse, Mode::Reset] {
        stack.proxies().api_postgres.set(mode).await;
        gone(&stack, &format!("{mode:?}")).await;
        stack.proxies().api_postgres.set(Mode::Pass).await;
        back(&stack, &format!("{mode:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_stands_still_costs_no_request_a_wait() {
    let stack =
        Stack::builder().api_env("CALENDAR_RATE", "100000/300").private_postgres().proxied().workers(0).start().await;

    let stopped = stack.services.postgres.pause();
    gone(&stack, "stopped").await;
    drop(stopped);

    back(&stack, "stopped").await;
}
