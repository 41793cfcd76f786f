//! An erase and the jobs that were requested before it, whenever they write, and rows that are locked.

use std::{collections::BTreeMap, os::unix::process::ExitStatusExt, time::Duration};

use almanac_tests::{
    OrFail, Stack,
    actor::{
        User,
        calendar::keyed,
        organic::{BRAND, options_with_key},
        stream::EventStream,
    },
    eventually, invariants,
    world::{Answer, theme_description},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::erase::{counts_owned, make_user_data};
use crate::jobs::admin::{generate, operator, submit};

const SOON: Duration = Duration::from_secs(45);
/// Lanes of a worker that runs no erase.
const ALL_BUT_ACCOUNT: &str = "flashcards=4,calendar=4,organic=4,synthesis=4";

/// What a user waits for when the erase is requested.
#[derive(Clone, Copy, Debug)]
enum Running {
    Flashcards,
    FirstCalendar,
    Regeneration,
    Week,
    Synthesis,
}

const KINDS: [Running; 5] =
    [Running::Flashcards, Running::FirstCalendar, Running::Regeneration, Running::Week, Running::Synthesis];

impl Running {
    fn key(self, place: usize) -> String {
        format!("{self:?}-{place}").to_lowercase()
    }
}

/// Starts a job whose model holds after two items, and returns when both are shown.
async fn in_the_middle(stack: &Stack, user: &User, kind: Running, key: &str) -> EventStream {
    let held = Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() };
    let (mut stream, item) = match kind {
        Running::Flashcards => {
            stack.world.play(key, [Answer { cards: 10, ..held }.into()]);
            let id = user.generate_scripted(key).await;
            (user.follow(&id.to_string()).await, "suggestion")
        }
        Running::FirstCalendar => {
            stack.world.play(key, [held.into()]);
            (user.plan(&json!({ "constraints": keyed(key) })).await, "entry")
        }
        Running::Regeneration => {
            let (_, calendar) = user.calendar(&json!({})).await;
            stack.world.play(key, [held.into()]);
            let order = json!({ "calendarId": calendar["id"], "constraints": keyed(key) });
            (user.plan(&order).await, "entry")
        }
        Running::Week => {
            user.coffee_brand().await;
            stack.world.play(key, [held.into()]);
            (user.week(&json!({ "options": options_with_key(key) })).await, "placement")
        }
        Running::Synthesis => {
            let order = json!({ "description": theme_description(key), "sections": [] });
            let theme = user.theme(&order).await;
            stack.world.play(key, [held.into()]);
            let id = user.synthesis(&theme).await;
            (user.follow(&id).await, "section")
        }
    };
    for _ in 0..2 {
        stream.next_of(item).await;
    }
    stream
}

/// Requests the erase; its job's id.
async fn request_erase(user: &User) -> String {
    user.delete("/v1/me/data").await.expect(202).data()["id"].as_str().or_fail("an id").to_owned()
}

/// Waits for the end of an erase that must succeed.
async fn see_erased(user: &User, id: &str) {
    let ended = eventually(SOON, "the erase ends", || async {
        let job = user.get(&format!("/v1/jobs/{id}")).await.expect(200).data();
        (!job["finishedAt"].is_null()).then_some(job)
    })
    .await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
}

fn expected(rows: &[(&str, usize)]) -> BTreeMap<String, usize> {
    rows.iter().map(|(table, count)| ((*table).to_owned(), *count)).collect()
}

/// An erase, and nothing else.
fn only_the_erase() -> BTreeMap<String, usize> {
    expected(&[("submissions", 1), ("job_events", 1), ("jobs", 1)])
}

/// Attempts and crashes that a job was charged.
async fn charged(admin: &PgPool, job: &str) -> (i32, i32) {
    sqlx::query_as("SELECT attempt, crashes FROM almanac.jobs WHERE id = $1::uuid")
        .bind(job)
        .fetch_one(admin)
        .await
        .or_fail("reading a job")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_leaves_nothing_of_a_job_that_ran_when_it_was_requested() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;

    join_all(KINDS.map(async |kind| {
        let (user, key) = (stack.user(), kind.key(0));
        let mut stream = in_the_middle(&stack, &user, kind, &key).await;

        let id = request_erase(&user).await;
        see_erased(&user, &id).await;

        assert_eq!(counts_owned(&admin, user.id).await, only_the_erase(), "{kind:?}");
        let end = stream.collect_to_end().await.last().or_fail("a final event").json();
        assert!(end["status"] == "cancelled" || end["data"]["status"] == "cancelled", "{kind:?}: {end}");
        assert_eq!(charged(&admin, &id).await, (0, 0), "{kind:?}: waiting is not charged");
    }))
    .await;
    invariants::assert_all(&admin, &[]).await;
}

/// The worker of the erases dies at `point` while other workers' jobs run; another worker continues.
async fn survives_a_crash_at(point: &str) {
    let stack = Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", ALL_BUT_ACCOUNT).start().await;
    let (eraser, admin) = (stack.worker(1), stack.admin().await);
    eraser.kill().await;
    let users = join_all(KINDS.map(async |kind| {
        let user = stack.user();
        let stream = in_the_middle(&stack, &user, kind, &kind.key(1)).await;
        (user, stream)
    }))
    .await;

    eraser.set("WORKER_CONCURRENCY", "account=4");
    eraser.set("ALMANAC_CRASH_AT", point);
    let mut erases = Vec::new();
    for (user, _) in &users {
        erases.push(request_erase(user).await);
        user.post("/v1/brands", json!({ "id": "late", "name": "Late", "timezone": "UTC" })).await.expect(201);
    }
    eraser.start().await;
    assert_eq!(eraser.wait_exit(SOON).await.signal(), Some(9), "{point}: the crash point fired");
    eraser.unset("ALMANAC_CRASH_AT");
    eraser.start().await;

    let mut left = only_the_erase();
    left.insert("brand_profiles".to_owned(), 1);
    for ((user, _), id) in users.iter().zip(&erases) {
        see_erased(user, id).await;
        assert_eq!(
            counts_owned(&admin, user.id).await,
            left,
            "{point}: all that is older, and nothing that is younger"
        );
    }
    let jobs: Vec<Uuid> = erases.iter().map(|id| id.parse().or_fail("a UUID")).collect();
    invariants::assert_all(&admin, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_killed_at_any_point_removes_all_that_is_older() {
    let points =
        ["claimed_before_call", "between_bursts", "between_bursts:4", "between_bursts:9", "committed_before_publish"];

    for half in points.chunks(2) {
        join_all(half.iter().map(|point| survives_a_crash_at(point))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_that_waits_for_a_stalled_job_blocks_no_other_erase() {
    let stack = Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", ALL_BUT_ACCOUNT).start().await;
    let (anna, ben, admin) = (stack.user(), stack.user(), stack.admin().await);
    stack.worker(1).set("WORKER_CONCURRENCY", "account=1");
    stack.worker(1).restart().await;
    in_the_middle(&stack, &anna, Running::FirstCalendar, "stalled").await;
    generate(&ben, "ready").await;
    stack.worker(0).pause();

    let annas = request_erase(&anna).await;
    let taken = || async {
        let epoch: i64 = sqlx::query_scalar("SELECT epoch FROM almanac.jobs WHERE id = $1::uuid")
            .bind(&annas)
            .fetch_one(&admin)
            .await
            .or_fail("reading the erase");
        (epoch > 0).then_some(())
    };
    eventually(SOON, "the erase has started", taken).await;
    let bens = request_erase(&ben).await;
    see_erased(&ben, &bens).await;
    see_erased(&anna, &annas).await;

    let order: Vec<String> =
        sqlx::query_scalar("SELECT id::text FROM almanac.jobs WHERE kind = 'account.erase' ORDER BY finished_at")
            .fetch_all(&admin)
            .await
            .or_fail("reading the erases");
    assert_eq!(order, [bens, annas.clone()], "one slot, and an erase that waits does not keep it");
    assert_eq!(charged(&admin, &annas).await, (0, 0));
    assert_eq!(counts_owned(&admin, anna.id).await, only_the_erase());
    stack.worker(0).resume();
}

/// Tables of a user's rows with the condition that finds those of one user.
const LOCKED: [(&str, &str); 16] = [
    ("submissions", "user_id = $1 AND family <> 'erase'"),
    ("ai_generations", "user_id = $1"),
    ("ai_suggestions", "user_id = $1"),
    ("brand_profiles", "user_id = $1"),
    ("calendar_entries", "user_id = $1"),
    ("calendar_run_entries", "user_id = $1"),
    ("calendar_runs", "user_id = $1"),
    ("calendars", "user_id = $1"),
    ("cards", "user_id = $1"),
    ("creative_assets", "user_id = $1"),
    ("idempotency_keys", "user_id = $1"),
    ("job_events", "job_id IN (SELECT id FROM almanac.jobs WHERE user_id = $1)"),
    ("jobs", "user_id = $1"),
    ("llm_calls", "job_id IN (SELECT id FROM almanac.jobs WHERE user_id = $1)"),
    ("organic_placements", "user_id = $1"),
    ("trends", "user_id = $1"),
];

/// One row of a table is locked by another session while the erase runs.
async fn comes_back_for(stack: &Stack, admin: &PgPool, table: &str, condition: &str) {
    let user = stack.user();
    make_user_data(stack, &user).await;
    let mut stranger = stack.admin().await.begin().await.or_fail("beginning");
    let lock = format!("SELECT 1 FROM almanac.{table} WHERE {condition} LIMIT 1 FOR UPDATE");
    sqlx::query(AssertSqlSafe(lock)).bind(user.id).execute(&mut *stranger).await.or_fail("locking a row");

    let id = request_erase(&user).await;
    // What holds the locked row stays, and all that can go is gone.
    let mostly_gone = || async {
        let left = counts_owned(admin, user.id).await;
        let content = |table: &str| left.get(table).copied().unwrap_or(0);
        (["cards", "calendar_entries", "organic_placements", "trends"].iter().all(|table| content(table) <= 1)
            && content(table) > 0)
            .then_some(())
    };
    eventually(SOON, &format!("all but a locked row of {table} is gone"), mostly_gone).await;
    let open: bool = sqlx::query_scalar("SELECT finished_at IS NULL FROM almanac.jobs WHERE id = $1::uuid")
        .bind(&id)
        .fetch_one(admin)
        .await
        .or_fail("reading the erase");
    assert!(open, "{table}: the erase has not ended before the locked row is gone");
    stranger.rollback().await.or_fail("unlocking");

    see_erased(&user, &id).await;
    assert_eq!(counts_owned(admin, user.id).await, only_the_erase(), "{table}");
    assert_eq!(charged(admin, &id).await, (0, 0), "{table}: a locked row is not charged");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_comes_back_for_locked_rows() {
    let stack =
        Stack::builder().worker_env("WORKER_CONCURRENCY", "flashcards=8,calendar=8,organic=8,account=16").start().await;
    let admin = &stack.admin().await;

    for some in LOCKED.chunks(4) {
        join_all(some.iter().map(|(table, condition)| comes_back_for(&stack, admin, table, condition))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_by_an_operator_belongs_to_the_request_that_it_repeats() {
    let stack = Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", ALL_BUT_ACCOUNT).start().await;
    let (anna, operator, admin) = (stack.user(), operator(&stack), stack.admin().await);
    let old = generate(&anna, "old").await;
    let retry = async |id: &str| {
        let job = operator.post(&format!("/v1/admin/jobs/{id}/retry"), json!({})).await.expect(202).data();
        job["id"].as_str().or_fail("a job has an id").to_owned()
    };
    let erase = request_erase(&anna).await;
    anna.post(&format!("/v1/jobs/{erase}/cancel"), json!({})).await.expect(202);
    // The erase has ended without having removed anything; an operator repeats the older job, and a copy of the copy.
    let again = retry(&old).await;
    anna.follow(&again).await.collect_to_end().await;
    let again = retry(&again).await;
    anna.follow(&again).await.collect_to_end().await;
    let new = generate(&anna, "new").await;

    let erase = retry(&erase).await;
    stack.worker(1).set("WORKER_CONCURRENCY", "account=1");
    stack.worker(1).restart().await;
    see_erased(&anna, &erase).await;

    let left: Vec<String> = sqlx::query_scalar("SELECT id::text FROM almanac.ai_generations WHERE user_id = $1")
        .bind(anna.id)
        .fetch_all(&admin)
        .await
        .or_fail("reading her generations");
    assert_eq!(left, [new]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_makes_of_older_things_after_the_request_stays() {
    let stack = Stack::builder().workers(2).worker_env("WORKER_CONCURRENCY", ALL_BUT_ACCOUNT).start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let (old, plain) = (generate(&anna, "old").await, generate(&anna, "plain").await);
    let suggestions = anna.suggestions(&old).await;
    let accept = |of: usize| json!({ "suggestion_ids": [suggestions[of]["id"]] });
    anna.post(&format!("/v1/ai/generations/{old}/accept"), accept(0)).await.expect(200);
    anna.coffee_brand().await;
    anna.generate_week(&json!({})).await;
    let (_, calendar) = anna.calendar(&json!({})).await;

    let erase = request_erase(&anna).await;
    // A suggestion accepted, the week generated again, an entry added.
    anna.post(&format!("/v1/ai/generations/{old}/accept"), accept(1)).await.expect(200);
    anna.generate_week(&json!({})).await;
    let entry = json!({ "channel": "blog", "date": "2026-01-29", "time": "10:00", "title": "Later" });
    let entries = format!("/v1/calendars/{}/entries", calendar["id"].as_str().or_fail("an id"));
    anna.post(&entries, entry).await.expect(201);
    let late = submit(&anna, "late").await;
    stack.worker(1).set("WORKER_CONCURRENCY", "account=1");
    stack.worker(1).restart().await;
    see_erased(&anna, &erase).await;
    anna.follow(&late).await.collect_to_end().await;

    let cards = anna.get("/v1/cards").await.expect(200).data()["items"].clone();
    assert_eq!(cards.as_array().map(Vec::len), Some(1), "{cards}");
    assert_eq!(cards[0]["front"], suggestions[1]["front"]);
    let kept = anna.suggestions(&old).await;
    assert_eq!(kept.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&suggestions[1]["id"]]);
    let texts: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM almanac.ai_generations WHERE user_id = $1 AND source_text IS NOT NULL")
            .bind(anna.id)
            .fetch_all(&admin)
            .await
            .or_fail("reading texts");
    assert_eq!(texts, [late.parse::<Uuid>().or_fail("a UUID")], "the text of an older one is gone");
    anna.get(&format!("/v1/ai/generations/{plain}")).await.refused(404, "NOT_FOUND");
    assert_eq!(anna.placements().await.len(), 3, "the younger week made them again");
    let rest =
        async |rest: &str| anna.get(&format!("/v1/brands/{BRAND}{rest}")).await.expect(200).data()["items"].clone();
    assert_eq!(rest("/trends").await, json!([]));
    let shown: Value = anna.get(entries.trim_end_matches("/entries")).await.expect(200).data();
    assert_eq!(shown["entries"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["entries"][0]["title"], "Later");
}
