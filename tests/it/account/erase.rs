//! `DELETE /v1/me/data` removes everything of one user and nothing of another, whatever runs at the same time.

use std::{collections::BTreeMap, time::Duration};

use almanac_tests::{
    OrFail, Script, Stack,
    actor::{User, synthesis::recipients},
    eventually, invariants,
    world::{
        Outcome,
        feeds::{Feed, Item},
    },
};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::jobs::admin::{generate, operator, submit};

fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::new_v4().simple())
}

/// Asks for the erase and waits for its end; answers its job's id.
async fn erase(user: &User) -> String {
    let job = user.delete("/v1/me/data").await.expect(202).data();
    let id = job["id"].as_str().or_fail("a job has an id").to_owned();
    let events = user.follow(&id).await.collect_to_end().await;
    assert_eq!(events.last().or_fail("a final event").json()["status"], "succeeded");
    id
}

/// Every row of a user, as text, by table: all rows with a `user_id`, and the rows of their jobs.
async fn rows_of(admin: &PgPool, user: Uuid) -> BTreeMap<String, Vec<String>> {
    let named = "SELECT c.table_name::text FROM information_schema.columns c
                   JOIN information_schema.tables t USING (table_schema, table_name)
                  WHERE c.table_schema = 'almanac' AND c.column_name = 'user_id' AND t.table_type = 'BASE TABLE'";
    let tables: Vec<String> = sqlx::query_scalar(named).fetch_all(admin).await.or_fail("listing tables");
    let mut questions: Vec<(String, String)> = tables
        .into_iter()
        .map(|table| {
            (table.clone(), format!("SELECT to_jsonb(t)::text FROM almanac.{table} t WHERE user_id = $1 ORDER BY 1"))
        })
        .collect();
    for table in ["job_events", "llm_calls"] {
        let sql = format!(
            "SELECT to_jsonb(t)::text FROM almanac.{table} t JOIN almanac.jobs j ON j.id = t.job_id WHERE j.user_id = $1 ORDER BY 1"
        );
        questions.push((table.to_owned(), sql));
    }
    let mut found = BTreeMap::new();
    for (table, sql) in questions {
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(user).fetch_all(admin).await;
        found.insert(table, rows.or_fail("reading a user's rows"));
    }
    found
}

fn counts(rows: &BTreeMap<String, Vec<String>>) -> BTreeMap<&str, usize> {
    rows.iter().filter(|(_, rows)| !rows.is_empty()).map(|(table, rows)| (table.as_str(), rows.len())).collect()
}

/// Makes data of each kind: accepted cards, a generation that failed, an idempotency key.
pub async fn make_user_data(stack: &Stack, user: &User) -> String {
    let (good, bad) = (unique("good"), unique("bad"));
    stack.world.play(&bad, [Script::status(400)]);
    let id = generate(user, &good).await;
    user.post(&format!("/v1/ai/generations/{id}/accept"), json!({})).await.expect(200);
    user.calendar(&json!({})).await;
    user.place(&user.brand().await).await;
    user.connect_unused("linkedin", "corner").await;
    generate(user, &bad).await;
    let body = json!({ "source_text": almanac_tests::world::source_text(&unique("keyed")) });
    let call = user.request(http::Method::POST, "/v1/ai/generations").key("mine").json(&body);
    let keyed = call.send().await.expect(202).data();
    user.follow(keyed["generation_id"].as_str().or_fail("an id")).await.collect_to_end().await;
    id
}

/// A theme with a feed whose schedule has fired and mailed.
async fn make_mailed_synthesis(stack: &Stack, user: &User) {
    let name = unique("feed");
    stack.world.feeds().serve(&name, Feed::rss(&[Item::new("News", "https://news.example/1").hours_old(1)]));
    let feed = stack.world.feed_url(stack.world.address(), &name);
    let theme = user.theme(&json!({ "sources": [feed] })).await;
    user.schedule(&theme, &json!({ "emails": recipients(1) })).await;
    user.wait_for_decision(&theme, &["done"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_leaves_nothing_of_anna_and_all_of_ben() {
    let stack = Stack::shared().await;
    let (anna, ben) = (stack.user(), stack.user());
    let (annas, _) = tokio::join!(make_user_data(&stack, &anna), make_user_data(&stack, &ben));
    tokio::join!(make_mailed_synthesis(&stack, &anna), make_mailed_synthesis(&stack, &ben));
    let admin = stack.admin().await;
    let before = counts_owned(&admin, anna.id).await;
    for table in [
        "submissions",
        "ai_generations",
        "ai_suggestions",
        "brand_profiles",
        "calendar_entries",
        "calendar_run_entries",
        "calendar_runs",
        "calendars",
        "cards",
        "channel_credentials",
        "creative_assets",
        "email_deliveries",
        "email_recipients",
        "idempotency_keys",
        "job_events",
        "jobs",
        "llm_calls",
        "organic_placements",
        "organic_runs",
        "platform_accounts",
        "schedule_runs",
        "syntheses",
        "theme_schedules",
        "theme_sources",
        "themes",
        "trends",
    ] {
        assert!(before.contains_key(table), "the test must begin with rows in {table}: {before:?}");
    }
    // What one of her jobs did to the outside world.
    let effect =
        "INSERT INTO almanac.effects (id, kind, dedupe_key, user_id, job_id, state, provider_key, payload_hash)
                  VALUES (gen_random_uuid(), 'post', $1, $2, $3::uuid, 'confirmed', 'key', '\\x0102')";
    sqlx::query(effect).bind(unique("post")).bind(anna.id).bind(&annas).execute(&admin).await.or_fail("an effect");
    let bens = rows_of(&admin, ben.id).await;
    let jobs: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM almanac.jobs WHERE user_id = $1")
        .bind(anna.id)
        .fetch_all(&admin)
        .await
        .or_fail("listing her jobs");

    let id = erase(&anna).await;

    let left = rows_of(&admin, anna.id).await;
    let expected = BTreeMap::from([("submissions", 1), ("effects", 2), ("job_events", 1), ("jobs", 3)]);
    assert_eq!(counts(&left), expected, "the erase, and a post and a mail with their jobs: {left:#?}");
    let bare: Value =
        serde_json::from_str(left["jobs"].iter().find(|row| row.contains(&annas)).or_fail("a row")).or_fail("JSON");
    assert_eq!(
        (&bare["payload"], &bare["progress"], &bare["trace"], &bare["request_id"]),
        (&json!({}), &Value::Null, &Value::Null, &Value::Null)
    );
    // No key ties events to jobs: the events of deleted jobs would have no owner and still be there.
    let orphans = "SELECT (SELECT count(*) FROM almanac.job_events WHERE job_id = ANY ($1))
                        + (SELECT count(*) FROM almanac.llm_calls WHERE job_id = ANY ($1))";
    let orphans: i64 = sqlx::query_scalar(orphans).bind(&jobs).fetch_one(&admin).await.or_fail("counting orphans");
    assert_eq!(orphans, 0);
    assert_eq!(rows_of(&admin, ben.id).await, bens);
    for path in ["/v1/ai/generations", "/v1/cards", "/v1/brands", "/v1/themes"] {
        assert_eq!(anna.get(path).await.expect(200).data()["items"], json!([]), "{path}");
    }
    // Her limits start again, those of erasing do not; and a second erase changes nothing.
    erase(&anna).await;
    let again = counts_owned(&admin, anna.id).await;
    assert_eq!(again["jobs"], 3, "the newer erase took the older one along");
    assert_eq!(again["submissions"], 2);
    anna.get(&format!("/v1/jobs/{id}")).await.refused(404, "NOT_FOUND");
}

pub async fn counts_owned(admin: &PgPool, user: Uuid) -> BTreeMap<String, usize> {
    let rows = rows_of(admin, user).await;
    counts(&rows).into_iter().map(|(table, count)| (table.to_owned(), count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_ends_what_runs_and_what_waits_and_every_listener_hears_the_end() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "flashcards=1,account=1").start().await;
    let (anna, ben) = (stack.user(), stack.user());
    let (running, waiting) = ("running", "waiting");
    stack.world.play(running, [Script::hold_after(2)]);
    let first = submit(&anna, running).await;
    stack.world.wait_until_holding(running).await;
    let second = submit(&anna, waiting).await;
    let bens = submit(&ben, "bens").await;
    let (mut one, mut two) = (anna.follow(&first).await, anna.follow(&second).await);
    one.next_of("suggestion").await;

    let id = erase(&anna).await;

    for stream in [&mut one, &mut two] {
        // Heartbeats would keep a forgotten stream open for ever.
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.collect_to_end()).await;
        let events = ended.or_fail("the stream of an erased job ends");
        assert_eq!(events.last().or_fail("a final event").json()["status"], "cancelled");
    }
    let call = stack.world.wait_until_ended(running, 1).await;
    assert_ne!(call.outcome, Outcome::Holding, "the provider's stream was hung up");
    assert!(stack.world.calls(waiting).is_empty(), "what waited was never asked of the model");
    let admin = stack.admin().await;
    assert_eq!(
        counts_owned(&admin, anna.id).await,
        BTreeMap::from([("submissions", 1), ("job_events", 1), ("jobs", 1)].map(|(t, n)| (t.to_owned(), n)))
    );
    assert_eq!(ben.follow(&bens).await.collect_to_end().await.last().or_fail("an end").json()["status"], "succeeded");
    invariants::assert_all(&admin, &[id.parse().or_fail("a UUID"), bens.parse().or_fail("a UUID")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_job_is_gone_ends_in_the_shape_of_its_kind() {
    let stack = Stack::builder().workers(0).start().await;
    let (cards, theme, plan, week) = (stack.user(), stack.user(), stack.user(), stack.user());
    week.coffee_brand().await;
    let id = cards.post("/v1/ai/generations", json!({ "source_text": "a".repeat(1_000) })).await.expect(202).data();
    let cards_job = id["generation_id"].as_str().or_fail("a generation").to_owned();
    let theme_job = theme.synthesis(&theme.theme(&json!({})).await).await;
    let admin = stack.admin().await;

    let mut streams = vec![
        (cards.follow(&cards_job).await, "done"),
        (theme.follow(&theme_job).await, "done"),
        (plan.plan(&json!({})).await, "done"),
        (week.week(&json!({})).await, "complete"),
    ];
    for (stream, _) in &mut streams {
        stream.next_frame().await.or_fail("an open stream");
    }
    // As an erase leaves it whose own final events were lost on their way.
    sqlx::query("TRUNCATE almanac.jobs CASCADE").execute(&admin).await.or_fail("removing jobs");

    // Each event is checked against the document on its way.
    for (mut stream, kind) in streams {
        let events = stream.collect_to_end().await;
        let last = events.last().or_fail("a final event");
        let data = last.json();
        let status = data.pointer("/data/status").or_else(|| data.get("status"));
        assert_eq!((last.kind.as_str(), status), (kind, Some(&json!("cancelled"))), "{data}");
        assert_eq!(data.pointer("/meta/done"), data.get("meta").map(|_| &json!(true)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_that_dies_goes_on_and_never_reaches_what_came_after_it() {
    let stack = Stack::builder().start().await;
    let (anna, operator) = (stack.user(), operator(&stack));
    let old = generate(&anna, "old").await;
    let (kept, gone) = (anna.brand().await, anna.brand().await);
    stack.worker(0).kill().await;

    let erase = anna.delete("/v1/me/data").await.expect(202);
    let id = erase.data()["id"].as_str().or_fail("an id").to_owned();
    assert_eq!(erase.header("location"), Some(format!("/v1/jobs/{id}").as_str()));
    assert_eq!(anna.delete("/v1/me/data").await.expect(202).data()["id"], json!(id), "asking again is the same wish");
    let new = submit(&anna, "new").await;
    let late = json!({ "id": "late", "title": "After the erase", "source": "event" });
    anna.post(&format!("/v1/brands/{kept}/trends"), late).await.expect(201);
    // An operator's retry must not carry the old text past the erase.
    let refused =
        operator.post(&format!("/v1/admin/jobs/{old}/retry"), json!({})).await.refused(409, "ACTIVE_GENERATION");
    assert_eq!(refused.json()["error"]["active"]["kind"], "account.erase");

    stack.worker(0).set("ALMANAC_CRASH_AT", "between_bursts");
    stack.worker(0).set("WORKER_CONCURRENCY", "account=1");
    stack.worker(0).start().await;
    stack.worker(0).wait_exit(Duration::from_secs(45)).await;
    let admin = stack.admin().await;
    let half = counts_owned(&admin, anna.id).await;
    assert_eq!((half["ai_generations"], half["jobs"]), (1, 3), "the first batch is gone, the rest is not: {half:?}");
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).unset("WORKER_CONCURRENCY");
    stack.worker(0).start().await;

    let ended = eventually(Duration::from_secs(60), "the erase is rescued and ends", || async {
        let job = anna.get(&format!("/v1/jobs/{id}")).await.expect(200).data();
        (!job["finishedAt"].is_null()).then_some(job)
    })
    .await;
    assert_eq!(ended["status"], "succeeded");
    anna.get(&format!("/v1/ai/generations/{old}")).await.refused(404, "NOT_FOUND");
    let events = anna.follow(&new).await.collect_to_end().await;
    assert_eq!(events.last().or_fail("a final event").json()["status"], "succeeded");
    let suggestions = anna.get(&format!("/v1/ai/generations/{new}/suggestions")).await.expect(200).data();
    assert_eq!(suggestions["items"].as_array().map(Vec::len), Some(5));
    anna.get(&format!("/v1/brands/{gone}")).await.refused(404, "NOT_FOUND");
    let left =
        async |rest: &str| anna.get(&format!("/v1/brands/{kept}{rest}")).await.expect(200).data()["items"].clone();
    assert_eq!((left("/accounts").await, left("/assets").await), (json!([]), json!([])));
    assert_eq!(left("/trends").await[0]["id"], "late", "what came after it keeps its brand");
    assert_eq!(left("/trends").await.as_array().map(Vec::len), Some(1));
    invariants::assert_all(&admin, &[id, new].map(|id| id.parse().or_fail("a UUID"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_that_an_operator_repeats_reaches_no_further_than_before() {
    let stack = Stack::shared().await;
    let (anna, operator) = (stack.user(), operator(&stack));
    let old = generate(&anna, &unique("old")).await;
    let mut erased = erase(&anna).await;
    let new = generate(&anna, &unique("new")).await;
    anna.post(&format!("/v1/ai/generations/{new}/accept"), json!({})).await.expect(200);

    // And a repeated one that is repeated.
    for _ in 0..2 {
        let again = operator.post(&format!("/v1/admin/jobs/{erased}/retry"), json!({})).await.expect(202).data();
        erased = again["id"].as_str().or_fail("a job has an id").to_owned();
        let events = anna.follow(&erased).await.collect_to_end().await;
        assert_eq!(events.last().or_fail("a final event").json()["status"], "succeeded");
    }

    anna.get(&format!("/v1/ai/generations/{old}")).await.refused(404, "NOT_FOUND");
    anna.get(&format!("/v1/ai/generations/{new}")).await.expect(200);
    let cards = anna.get("/v1/cards").await.expect(200).data();
    assert_eq!(cards["items"].as_array().map(Vec::len), Some(5), "what she made since is hers");
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_is_limited_by_itself_so_that_it_is_no_way_around_other_limits() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    for left in (0..5).rev() {
        let accepted = anna.delete("/api/me/data").await.expect(202);
        let limit = accepted.header("ratelimit").or_fail("a limit").to_owned();
        assert!(limit.starts_with(&format!("\"erase\";r={left};")), "{limit}");
        let id = accepted.json()["id"].as_str().or_fail("an id").to_owned();
        anna.follow(&id).await.collect_to_end().await;
    }

    let refused = anna.delete("/v1/me/data").await.refused(429, "RATE_LIMITED");

    assert!(refused.header("retry-after").is_some());
}
