//! Weeks and calendars while their model's circuit is open: before the start they wait unstarted; once started they
//! wait while there is time, and then end with what they have.

use std::time::Duration;

use almanac_tests::{
    Script, Stack, User,
    actor::{
        calendar::keyed,
        log::{assert_follows, stored},
        organic::{options_with_key, placement_errors, placement_ids},
        stream::{Event, EventStream},
    },
    eventually, invariants,
    world::{Answer, End, source_text},
};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(30);
const OPEN: &str = "the provider's circuit is open";

/// Runs that are submitted from now on have this many seconds, and those after `lengthen` two minutes.
async fn short_runs(seconds: &str) -> Stack {
    let names = ["ORGANIC_TIMEOUT_SECONDS", "CALENDAR_TIMEOUT_SECONDS"];
    names.iter().fold(Stack::builder(), |builder, name| builder.api_env(name, seconds)).start().await
}

async fn lengthen(stack: &Stack) {
    let longer = "UPDATE almanac.job_kinds SET time_limit = '120 s' WHERE time_limit IS NOT NULL";
    sqlx::query(longer).execute(&stack.admin().await).await.unwrap();
}

/// Opens the circuit, and has a probe keep it open: it is held until `probe` is released. Nothing is published any more
/// by then, so the API accepts again.
async fn open_circuit(stack: &Stack) -> Uuid {
    stack.world.play("down", [Script::status(401)]);
    let (admin, text) = (stack.admin().await, source_text("down"));
    let active = "SELECT count(*) FROM almanac.jobs WHERE lane = 'flashcards' AND finished_at IS NULL";
    eventually(4 * SOON, "twenty refusals in ten seconds open the circuit", || async {
        let people: Vec<User> = (0..20).map(|_| stack.user()).collect();
        join_all(people.iter().map(|user| user.submit(&text))).await;
        // A call that came too late for that returns as a probe, is refused too, and leaves the circuit open.
        let over = async || sqlx::query_scalar(active).fetch_one(&admin).await.ok().filter(|active: &i64| *active == 0);
        eventually(4 * SOON, "all of them have been refused", over).await;
        stack.worker(0).log().contains(OPEN).then_some(())
    })
    .await;
    stack.world.play("probe", [Answer { hold_after: Some(1), ..Answer::default() }.into()]);
    let (user, text) = (stack.user(), source_text("probe"));
    let accepted = async || Some(user.submit(&text).await).filter(|reply| reply.status == 202);
    let accepted = eventually(SOON, "the API accepts again", accepted).await.data();
    stack.world.wait_until_holding("probe").await;
    accepted["generation_id"].as_str().unwrap().parse().unwrap()
}

fn run_of(stream: &EventStream) -> Uuid {
    stream.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()
}

/// A new person's week, and a new person's calendar.
async fn both(stack: &Stack, key: &str) -> [EventStream; 2] {
    let [anna, ben] = [(); 2].map(|()| stack.user());
    anna.coffee_brand().await;
    let week = anna.week(&json!({ "options": options_with_key(&format!("{key}-week")) })).await;
    [week, ben.plan(&json!({ "constraints": keyed(&format!("{key}-calendar")) })).await]
}

/// How many slots each call of a key asked for.
fn asked(stack: &Stack, key: &str) -> Vec<usize> {
    stack.world.calls(key).iter().map(|call| call.task["slots"].as_array().unwrap().len()).collect()
}

async fn ledger_rows(stack: &Stack, run: Uuid) -> i64 {
    let query = sqlx::query_scalar("SELECT count(*) FROM almanac.llm_calls WHERE job_id = $1").bind(run);
    query.fetch_one(&stack.admin().await).await.unwrap()
}

/// The rest of a run's log, with what was read of it before.
async fn ended(stream: &mut EventStream, mut seen: Vec<Event>) -> Vec<Event> {
    seen.extend(stream.collect_to_end().await);
    let events = stored(seen);
    assert_follows(&events, 0);
    events
}

fn assert_whole(week: &[Event], calendar: &[Event]) {
    let (complete, done) = (week.last().unwrap().json(), calendar.last().unwrap().json());
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("succeeded"), &json!(3)), "{complete}");
    assert_eq!(placement_ids(week), ["p1", "p2", "p3"]);
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("succeeded"), &json!(6)), "{done}");
    assert!(week.iter().chain(calendar).all(|event| event.kind != "error"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_while_its_circuit_is_open_waits_for_it_unstarted() {
    let stack = short_runs("4").await;
    let probe = open_circuit(&stack).await;

    let [mut short_week, mut short_calendar] = both(&stack, "short").await;
    lengthen(&stack).await;
    let [mut week, mut calendar] = both(&stack, "long").await;
    // None starts while the circuit is open.
    let admin = stack.admin().await;
    let held = "SELECT count(*) = 4 FROM almanac.jobs
                 WHERE lane <> 'flashcards' AND held_since IS NOT NULL AND started_at IS NULL AND last_seq = 0";
    let held = async || sqlx::query_scalar::<_, bool>(held).fetch_one(&admin).await.unwrap().then_some(());
    eventually(SOON, "all of them wait for the circuit, unstarted", held).await;
    let over = "UPDATE almanac.jobs SET start_by = clock_timestamp() WHERE id = ANY ($1)";
    sqlx::query(over).bind([&short_week, &short_calendar].map(run_of)).execute(&admin).await.unwrap();
    let failed_week = ended(&mut short_week, Vec::new()).await;
    let failed_calendar = ended(&mut short_calendar, Vec::new()).await;

    let complete = failed_week.last().unwrap().json();
    assert_eq!((&complete["type"], &complete["status"]), (&json!("complete"), &json!("failed")), "{complete}");
    assert_eq!(placement_errors(&failed_week), [(None, "PROVIDER_UNAVAILABLE".to_owned())], "an error, then complete");
    let done = failed_calendar.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("failed"), &json!(0)), "{done}");
    assert_eq!(done["error"]["code"], "PROVIDER_UNAVAILABLE");
    for stream in [&short_week, &short_calendar] {
        assert_eq!(ledger_rows(&stack, run_of(stream)).await, 0, "no call was made, and the ledger knows of none");
    }
    for key in ["short-week", "short-calendar", "long-week", "long-calendar"] {
        assert!(stack.world.calls(key).is_empty(), "{key} asked through an open circuit");
    }
    stack.world.release("probe");

    assert_whole(&ended(&mut week, Vec::new()).await, &ended(&mut calendar, Vec::new()).await);
    assert_eq!((asked(&stack, "long-week"), asked(&stack, "long-calendar")), (vec![3], vec![6]), "asked once each");
    let runs = [&short_week, &short_calendar, &week, &calendar].map(run_of);
    invariants::assert_all(&stack.admin().await, &[runs.as_slice(), &[probe]].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_when_its_circuit_opens_goes_on_or_ends_in_time() {
    let stack = short_runs("25").await;
    let broken = Answer { cards: 2, hold_after: Some(2), end: End::Error(502), ..Answer::default() };
    let keys = ["short-week", "short-calendar", "long-week", "long-calendar"];
    keys.iter().for_each(|key| stack.world.play(key, [broken.clone().into(), Script::ok(usize::MAX)]));
    let [mut short_week, mut short_calendar] = both(&stack, "short").await;
    lengthen(&stack).await;
    let [mut week, mut calendar] = both(&stack, "long").await;
    join_all(keys.iter().map(|key| stack.world.wait_until_holding(key))).await;
    let probe = open_circuit(&stack).await;

    keys.iter().for_each(|key| stack.world.release(key));
    let partial_week = ended(&mut short_week, Vec::new()).await;
    let partial_calendar = ended(&mut short_calendar, Vec::new()).await;
    stack.world.release("probe");

    let complete = partial_week.last().unwrap().json();
    let shown = ["type", "status", "placements"].map(|name| complete[name].clone());
    assert_eq!(shown, [json!("complete"), json!("timeout"), json!(2)], "{complete}");
    assert_eq!(placement_ids(&partial_week), ["p1", "p2"]);
    let done = partial_calendar.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("timeout"), &json!(2)), "{done}");
    assert_eq!((asked(&stack, "short-week"), asked(&stack, "short-calendar")), (vec![3], vec![6]));
    assert_whole(&ended(&mut week, Vec::new()).await, &ended(&mut calendar, Vec::new()).await);
    assert_eq!(asked(&stack, "long-week"), [3, 1], "only what was missing is asked for again");
    assert_eq!(asked(&stack, "long-calendar"), [6, 4]);
    let runs = [&short_week, &short_calendar, &week, &calendar].map(run_of);
    invariants::assert_all(&stack.admin().await, &[runs.as_slice(), &[probe]].concat()).await;
}
