//! The number of model calls and their ledger: truncated answers are continued within a bound that holds over all
//! attempts, and a call that was not made is neither recorded nor counted.

use std::time::Duration;

use almanac_shared::{
    jobs::{
        Lease,
        store::{WriteError, calls as ledger},
    },
    platform::{
        db::Service,
        id::{JobId, LlmCallId},
    },
};
use almanac_tests::{
    Script, Stack, User,
    actor::{
        calendar::keyed,
        log::{assert_follows, stored},
        organic::{options_with_key, placement_errors, placement_ids, seed},
        stream::{Event, EventStream},
    },
    eventually, invariants,
    world::{Answer, End, Outcome, source_text},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(30);

/// An answer that is cut at the token limit after this number of placements or entries.
fn part(cards: usize) -> Script {
    Script::ending(cards, End::Length)
}

/// This number of placements, two a day.
fn many(count: u32) -> Value {
    (0..count).map(|n| seed(&format!("p{n}"), n / 2, if n % 2 == 0 { 9 } else { 15 })).collect()
}

async fn branded(stack: &Stack) -> User {
    let user = stack.user();
    user.coffee_brand().await;
    user
}

fn run_of(stream: &EventStream) -> Uuid {
    stream.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()
}

/// How many slots each call of a key asked for.
fn asked(stack: &Stack, key: &str) -> Vec<usize> {
    stack.world.calls(key).iter().map(|call| call.task["slots"].as_array().unwrap().len()).collect()
}

/// How each call of a job ended, as the ledger says.
async fn ledger(admin: &PgPool, job: Uuid) -> Vec<String> {
    let query = sqlx::query_scalar("SELECT state FROM almanac.llm_calls WHERE job_id = $1 ORDER BY started_at, id");
    query.bind(job).fetch_all(admin).await.unwrap()
}

fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::new_v4().simple())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_whose_answers_are_cut_is_asked_for_in_parts_until_it_is_whole() {
    let stack = Stack::shared().await;
    let (anna, key) = (branded(&stack).await, unique("parts"));
    stack.world.play(&key, [part(1), part(2), part(1), Script::ok(usize::MAX)]);

    let mut stream = anna.week(&json!({ "options": options_with_key(&key), "placements": many(6) })).await;
    let events = stored(stream.collect_to_end().await);

    assert_follows(&events, 0);
    let complete = events.last().unwrap().json();
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("succeeded"), &json!(6)), "{complete}");
    assert_eq!(placement_ids(&events).len(), 6, "each is streamed once");
    assert!(placement_errors(&events).is_empty());
    assert_eq!(asked(&stack, &key), [6, 5, 3, 2], "each call asks for what is missing");
    let admin = stack.admin().await;
    let read: i64 = sqlx::query_scalar("SELECT sum(tokens_input) FROM almanac.llm_calls WHERE job_id = $1")
        .bind(run_of(&stream))
        .fetch_one(&admin)
        .await
        .unwrap();
    assert_eq!((complete["tokensInput"].as_i64(), read), (Some(read), 4 * 300), "all calls are counted");
    assert_eq!(ledger(&admin, run_of(&stream)).await, ["succeeded"; 4]);
    assert_eq!(anna.placements().await.len(), 6);
}

/// An answer that is cut and brings nothing is no part but a failure, and three of these are the most.
#[tokio::test(flavor = "multi_thread")]
async fn a_week_whose_cut_answers_bring_nothing_more_is_not_asked_for_for_ever() {
    let stack = Stack::builder().start().await;
    let anna = branded(&stack).await;
    stack.world.play("dry", [part(2), part(0)]);

    let mut stream = anna.week(&json!({ "options": options_with_key("dry") })).await;
    let events = stored(stream.collect_to_end().await);

    assert_follows(&events, 0);
    assert_eq!(asked(&stack, "dry"), [3, 1, 1, 1]);
    assert_eq!(events.last().unwrap().json()["status"], "partial");
    assert_eq!(placement_errors(&events), [(Some("p3".to_owned()), "PROVIDER_TRUNCATED".to_owned())]);
    assert_eq!(ledger(&stack.admin().await, run_of(&stream)).await, ["succeeded", "failed", "failed", "failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_that_is_always_cut_costs_eight_calls_at_most_and_names_what_is_missing() {
    let stack = Stack::shared().await;
    let (anna, key) = (branded(&stack).await, unique("endless"));
    stack.world.play(&key, [part(1)]);

    let mut stream = anna.week(&json!({ "options": options_with_key(&key), "placements": many(10) })).await;
    let events = stored(stream.collect_to_end().await);

    assert_follows(&events, 0);
    let complete = events.last().unwrap().json();
    let shown = ["status", "placements", "errors"].map(|name| complete[name].clone());
    assert_eq!(shown, [json!("partial"), json!(8), json!(2)], "{complete}");
    let missing = ["p8", "p9"].map(|id| (Some(id.to_owned()), "SLOT_UNFILLED".to_owned()));
    assert_eq!(placement_errors(&events), missing, "each that is missing is named");
    assert_eq!(asked(&stack, &key), [10, 9, 8, 7, 6, 5, 4, 3]);
    let admin = stack.admin().await;
    assert_eq!(
        ledger(&admin, run_of(&stream)).await,
        ["succeeded"; 8],
        "a call that was not made is not in the ledger"
    );
    invariants::assert_all(&admin, &[run_of(&stream)]).await;
}

/// Reads until this number of placements or entries were streamed.
async fn told(stream: &mut EventStream, count: usize) -> Vec<Event> {
    let mut seen: Vec<Event> = Vec::new();
    while seen.iter().filter(|event| matches!(event.kind.as_str(), "placement" | "entry")).count() < count {
        seen.extend(stored(vec![stream.next().await.unwrap()]));
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bound_on_calls_holds_over_all_attempts_of_a_week_and_of_a_calendar() {
    let stack = Stack::builder()
        .worker_env("SHUTDOWN_SECONDS", "1")
        .api_env("CALENDAR_TIMEOUT_SECONDS", "120")
        .api_env("ORGANIC_TIMEOUT_SECONDS", "120")
        .start()
        .await;
    let (anna, ben) = (branded(&stack).await, stack.user());
    let cut_off = Answer { cards: 2, hold_after: Some(1), ..Answer::default() };
    for key in ["week", "calendar"] {
        stack.world.play(key, [part(1), part(1), part(1), cut_off.clone().into(), part(1)]);
    }
    let mut week = anna.week(&json!({ "options": options_with_key("week"), "placements": many(10) })).await;
    let mut calendar = ben.plan(&json!({ "constraints": keyed("calendar"), "end": "2026-01-31" })).await;
    let (mut seen_week, mut seen_calendar) = (told(&mut week, 4).await, told(&mut calendar, 4).await);

    stack.worker(0).terminate();
    assert_eq!(stack.worker(0).wait_exit(SOON).await.code(), Some(0));
    stack.worker(0).start().await;

    seen_week.extend(stored(week.collect_to_end().await));
    seen_calendar.extend(stored(calendar.collect_to_end().await));
    assert_follows(&seen_week, 0);
    assert_follows(&seen_calendar, 0);
    let (complete, done) = (seen_week.last().unwrap().json(), seen_calendar.last().unwrap().json());
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("partial"), &json!(8)), "{complete}");
    assert_eq!(placement_errors(&seen_week).len(), 2);
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("partial"), &json!(8)), "{done}");
    assert_eq!(seen_calendar.iter().filter(|event| event.kind == "error").count(), 4);
    assert_eq!(asked(&stack, "week"), [10, 9, 8, 7, 6, 5, 4, 3], "eight calls in two attempts");
    assert_eq!(asked(&stack, "calendar"), [12, 11, 10, 9, 8, 7, 6, 5]);
    let admin = stack.admin().await;
    for stream in [&week, &calendar] {
        let mut expected = ["succeeded"; 8];
        expected[3] = "unknown";
        assert_eq!(
            ledger(&admin, run_of(stream)).await,
            expected,
            "the one that was broken off may have been paid for"
        );
    }
    invariants::assert_all(&admin, &[run_of(&week), run_of(&calendar)]).await;
}

/// Twenty people whose models break off in the same moment: that opens the circuit.
async fn twenty_that_break(stack: &Stack) -> Vec<(User, String)> {
    let broken = Answer { cards: 1, hold_after: Some(1), end: End::Error(502), ..Answer::default() };
    stack.world.play("down", (0..20).map(|_| broken.clone().into()).chain([Script::status(400)]));
    let people = (0..20).map(|_| stack.user());
    let asked = people.map(|user| async { (user.generate(&source_text("down")).await, user) });
    let asked = join_all(asked).await;
    let holding = |calls: &[almanac_tests::world::Call]| {
        (calls.iter().filter(|call| call.outcome == Outcome::Holding).count() == 20).then_some(())
    };
    stack.world.ledger().wait_for("twenty hold", holding).await;
    asked.into_iter().map(|(id, user)| (user, id)).collect()
}

/// The circuit opens between a claim and the start of its job, while the claim waits for a lock of the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_opened_with_a_claim_is_taken_back_when_the_circuit_has_opened_since() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let people = twenty_that_break(&stack).await;
    stack.world.play("late", [Script::status(502), Script::status(502), Script::ok(5)]);
    let mut lock = admin.begin().await.unwrap();
    sqlx::query("LOCK TABLE almanac.llm_calls IN SHARE MODE").execute(&mut *lock).await.unwrap();
    let late = anna.generate_scripted("late").await;
    let claiming = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%almanac.start%'";
    eventually(SOON, "the claim waits", || async {
        let waits: i64 = sqlx::query_scalar(claiming).fetch_one(&admin).await.ok()?;
        (waits > 0).then_some(())
    })
    .await;

    (0..20).for_each(|_| stack.world.release("down"));
    eventually(SOON, "the circuit opens", || async {
        stack.worker(0).log().contains("the provider's circuit is open").then_some(())
    })
    .await;
    lock.commit().await.unwrap();

    let paused = "SELECT j.epoch, (SELECT count(*) FROM almanac.llm_calls c WHERE c.job_id = j.id)
                    FROM almanac.jobs j WHERE j.id = $1 AND j.state = 'queued' AND j.held_since IS NOT NULL AND j.attempt = 0";
    let left: (i64, i64) = eventually(SOON, "it waits for the circuit in the queue", || async {
        sqlx::query_as(paused).bind(late).fetch_optional(&admin).await.ok()?
    })
    .await;
    assert_eq!(left, (1, 0), "the call that was not made is not in the ledger");
    assert!(stack.world.calls("late").is_empty());
    let events = anna.follow_to_end(late).await;
    assert_eq!(events.last().unwrap().json()["status"], "succeeded", "{events:?}");
    assert_eq!(stack.world.calls("late").len(), 3, "it still had its three calls");
    let calls = ledger(&admin, late).await;
    assert_eq!((calls.len(), calls.last().unwrap().as_str()), (3, "succeeded"), "{calls:?}");
    let mut jobs = vec![late];
    for (user, id) in people {
        user.ended(&id).await;
        jobs.push(id.parse().unwrap());
    }
    invariants::assert_all(&admin, &jobs).await;
}

/// A cancel that is there already when the job begins: the model is not called, and no row records a call.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_opened_with_a_claim_is_taken_back_when_the_job_was_cancelled_before_it_began() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "account=1").start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let job = anna.generate_scripted("cancelled").await;
    // As if it had come in the moment of the claim: a job that is still queued would be ended by the cancel itself.
    let cancel = "UPDATE almanac.jobs SET cancel_requested_at = clock_timestamp() WHERE id = $1 AND state = 'queued'";
    assert_eq!(sqlx::query(cancel).bind(job).execute(&admin).await.unwrap().rows_affected(), 1);

    stack.worker(0).unset("WORKER_CONCURRENCY");
    stack.worker(0).restart().await;

    let events = anna.follow_to_end(job).await;
    assert_eq!(events.last().unwrap().json()["status"], "cancelled");
    assert!(stack.world.calls("cancelled").is_empty(), "the model was not called");
    assert!(ledger(&admin, job).await.is_empty(), "and nothing says so");
    let epoch: i64 =
        sqlx::query_scalar("SELECT epoch FROM almanac.jobs WHERE id = $1").bind(job).fetch_one(&admin).await.unwrap();
    assert_eq!(epoch, 1, "it was claimed once, with its call");
    invariants::assert_all(&admin, &[job]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_holder_of_a_lease_takes_a_call_back_and_only_one_that_is_open() {
    let stack = Stack::builder().workers(0).start().await;
    let admin = stack.admin().await;
    let url = stack.services.postgres.url("almanac_worker", &stack.database).into();
    let service = Service::open(&url).unwrap();
    let (job, other) = (stack.user().forge(&stack).await, stack.user().forge(&stack).await);
    let open = async |epoch: i64| -> LlmCallId {
        let call = LlmCallId::fresh();
        let sql = "SELECT almanac.open_call($1, $2, $3, 'cards', 'test', 'test', 3, 6)";
        sqlx::query(sql).bind(call.0).bind(job.id).bind(epoch).execute(job.worker()).await.unwrap();
        call
    };
    let withdraw =
        |job: Uuid, epoch: i64, call| ledger::withdraw_call(&service, Lease { job: JobId(job), epoch }, call);
    let old = job.claim("first", -1_000).await.unwrap();
    let elsewhere = other.claim("first", 3_600_000).await.unwrap();
    let first = open(old).await;
    let reaped: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM almanac.reap(3)").fetch_all(job.worker()).await.unwrap();
    assert_eq!(reaped, [job.id]);

    let lost = async |call| matches!(withdraw(job.id, old, call).await, Err(WriteError::LeaseLost));
    assert!(lost(first).await, "its lease ran out");
    let new = job.claim("second", 3_600_000).await.unwrap();
    assert!(lost(first).await, "and another worker holds it now");
    let second = open(new).await;
    assert!(lost(second).await, "whose calls are not its own");
    withdraw(other.id, elsewhere, second).await.unwrap();
    assert_eq!(ledger(&admin, job.id).await, ["unknown", "started"], "nothing is taken back with another lease");
    withdraw(job.id, new, first).await.unwrap();
    withdraw(job.id, new, second).await.unwrap();

    assert_eq!(ledger(&admin, job.id).await, ["unknown"], "what may have been paid for stays");
    job.finish(new).await.unwrap();
    other.finish(elsewhere).await.unwrap();
    invariants::assert_all(&admin, &[job.id, other.id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_ended_for_its_handler_leaves_no_call_open() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, worker) = (stack.user(), stack.as_worker().await);
    let accepted = anna.submit(&source_text("ended")).await.expect(202).data();
    let job: Uuid = accepted["generation_id"].as_str().unwrap().parse().unwrap();
    let start = "SELECT call FROM almanac.start(ARRAY[$1], ARRAY[$1], 'one', '1 h', 2, 'openrouter')";
    let call: Option<Uuid> = sqlx::query_scalar(start).bind(job).fetch_one(&worker).await.unwrap();
    assert_eq!(call, Some(job));

    let fail = r#"SELECT almanac.finish($1, 1, 'failed', '{"code":"INTERNAL"}')"#;
    sqlx::query(fail).bind(job).execute(&worker).await.unwrap();

    let admin = stack.admin().await;
    assert_eq!(ledger(&admin, job).await, ["unknown"]);
    invariants::assert_all(&admin, &[job]).await;
}

/// A rolling deploy: a newer API accepts what the worker of the version before cannot ask for.
#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_only_newer_workers_know_is_left_to_them() {
    let stack = Stack::builder().start().await;
    let (anna, berta, admin) = (stack.user(), branded(&stack).await, stack.admin().await);
    stack.worker(0).kill().await;
    let cards = anna.generate_scripted("cards").await;
    let mut run = anna.plan(&json!({ "constraints": keyed("run") })).await;
    let mut week = berta.week(&json!({ "options": options_with_key("week"), "placements": many(2) })).await;
    let speak = async |version: &str| {
        for table in ["ai_generations", "calendar_runs", "organic_runs"] {
            let sql = sqlx::AssertSqlSafe(format!("UPDATE almanac.{table} SET prompt_version = $1"));
            sqlx::query(sql).bind(version).execute(&admin).await.unwrap();
        }
        let jobs = "UPDATE almanac.jobs
                       SET payload = payload || jsonb_build_object('prompt_version', $1::text), run_at = clock_timestamp()
                     WHERE state = 'queued'";
        sqlx::query(jobs).bind(version).execute(&admin).await.unwrap();
    };
    let known: String =
        sqlx::query_scalar("SELECT prompt_version FROM almanac.ai_generations").fetch_one(&admin).await.unwrap();
    speak("v9").await;

    stack.worker(0).launch();

    let left = "SELECT count(*) = 3 FROM almanac.jobs WHERE state = 'queued' AND epoch > 0 AND attempt = 0";
    let left = async || sqlx::query_scalar::<_, bool>(left).fetch_one(&admin).await.unwrap().then_some(());
    eventually(SOON, "each is left to another worker", left).await;
    let calls: i64 = sqlx::query_scalar("SELECT count(*) FROM almanac.llm_calls").fetch_one(&admin).await.unwrap();
    assert_eq!(
        (calls, stack.world.ledger().all().len()),
        (0, 0),
        "the model was not called, and no row records a call"
    );
    // A worker that knows the version.
    speak(&known).await;
    assert_eq!(anna.follow_to_end(cards).await.last().unwrap().json()["status"], "succeeded");
    assert_eq!(run.collect_to_end().await.last().unwrap().json()["data"]["status"], "succeeded");
    assert_eq!(week.collect_to_end().await.last().unwrap().json()["status"], "succeeded");
}
