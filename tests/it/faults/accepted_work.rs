//! Accepted work stays accepted: a repeated request gets the stored answer even while new work is refused, and a
//! failure after the commit is never reported as a refusal.

use std::time::Duration;

use almanac_tests::{
    Reply, Stack, User,
    actor::{calendar::calendar_order, organic::week_order},
    eventually,
    rows::Rows,
    world::source_text,
};
use http::Method;
use serde_json::{Value, json};

const GENERATIONS: &str = "/v1/ai/generations";
const CALENDAR: &str = "/v1/ai/calendar";
const WEEK: &str = "/v1/organic/generate-calendar";
const JSON: &str = "application/json";

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(30);

/// One person for each family, with what they ask for.
async fn everybody(stack: &Stack) -> [(User, &'static str, Value); 3] {
    let [anna, ben, cleo] = [(); 3].map(|()| stack.user());
    cleo.coffee_brand().await;
    [
        (anna, GENERATIONS, json!({ "source_text": source_text("accepted") })),
        (ben, CALENDAR, calendar_order(&json!({}))),
        (cleo, WEEK, week_order(&json!({}))),
    ]
}

async fn submit(user: &User, path: &str, key: &str, body: &Value) -> Reply {
    user.request(Method::POST, path).key(key).header("accept", JSON).json(body).send().await
}

#[track_caller]
fn assert_replays(reply: &Reply, first: &Reply) {
    assert_eq!(reply.status, 202, "{}: {}", reply.request, reply.text());
    assert_eq!(reply.header("idempotency-replayed"), Some("true"), "{}", reply.request);
    assert_eq!(reply.header("location"), first.header("location"), "{}", reply.request);
    assert_eq!(reply.data(), first.data(), "{}", reply.request);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_answered_again_whatever_holds_new_work_back() {
    let stack = Stack::builder().workers(0).api_env("AI_MODEL_ALLOW", "openai/other").start().await;
    let mut people = everybody(&stack).await;
    people[0].2["model"] = json!("openai/other");
    let mut first = Vec::new();
    for (user, path, body) in &people {
        first.push(submit(user, path, "kept", body).await.expect(202));
    }

    // A model that is offered no longer.
    stack.api(0).unset("AI_MODEL_ALLOW");
    stack.api(0).restart().await;
    let (anna, _, body) = &people[0];
    assert_replays(&submit(anna, GENERATIONS, "kept", body).await, &first[0]);
    submit(anna, GENERATIONS, "new", body).await.refused(422, "MODEL_NOT_ALLOWED");

    // An open circuit.
    let mut redis = stack.services.redis.connect().await;
    let mut open = redis::cmd("SET");
    open.arg("almanac:breaker:openai/gpt-4o-mini").arg("open").arg("PX").arg(600_000);
    open.exec_async(&mut redis).await.unwrap();
    let stranger = stack.user();
    let new = || stranger.request(Method::POST, CALENDAR).header("accept", JSON).json(&people[1].2).send();
    let refused = async || Some(new().await).filter(|reply| reply.status == 503);
    eventually(SOON, "the API knows of the circuit", refused).await.refused(503, "PROVIDER_UNAVAILABLE");
    let before = Rows::of(&stack.admin().await, people[1].0.id).await;
    for ((user, path, body), first) in people.iter().zip(&first) {
        assert_replays(&submit(user, path, "kept", body).await, first);
    }
    for (user, path, body) in &people[1..] {
        submit(user, path, "new", body).await.refused(503, "PROVIDER_UNAVAILABLE");
        let mut other = body.clone();
        other["unknown"] = json!(1);
        submit(user, path, "kept", &other).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    }

    // Calendars switched off.
    let operator = crate::jobs::admin::operator(&stack);
    operator.put("/v1/admin/flags/CALENDAR_SERVICE_ENABLED", json!({ "enabled": false })).await.expect(200);
    let (ben, _, body) = &people[1];
    let dry = submit(ben, CALENDAR, "new", body).await.expect(200);
    assert_eq!(dry.json()["meta"]["dryRun"], true);
    assert_replays(&submit(ben, CALENDAR, "kept", body).await, &first[1]);
    assert_eq!(Rows::of(&stack.admin().await, ben.id).await, before, "nothing new came of all that");
}

/// Postgres ends every connection that looks at a job; everything else of it works.
const LOOKS_ARE_CUT: &str = "
    CREATE OR REPLACE FUNCTION almanac.look(p_users uuid[], p_jobs uuid[])
    RETURNS TABLE (n int, job almanac.jobs, kept bigint) LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(1);
    END
    $$";

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_goes_away_after_the_commit_costs_the_stream_and_not_the_location() {
    let stack = Stack::builder().workers(0).start().await;
    let admin = stack.admin().await;
    sqlx::raw_sql(LOOKS_ARE_CUT).execute(&admin).await.unwrap();

    for accept in [JSON, "text/event-stream", "application/x-ndjson"] {
        for (user, path, body) in everybody(&stack).await {
            let call = user.request(Method::POST, path).header("accept", accept).header("prefer", "wait=5");
            let reply = call.json(&body).send().await.expect(202);

            let job: String = sqlx::query_scalar("SELECT id::text FROM almanac.jobs WHERE user_id = $1")
                .bind(user.id)
                .fetch_one(&admin)
                .await
                .unwrap();
            assert_eq!(reply.header("location"), Some(format!("/v1/jobs/{job}").as_str()), "{path} {accept}");
            assert_eq!(reply.data()["status"], "pending", "{path} {accept}");
        }
    }
}

/// Postgres ends the connection that commits a run.
const COMMITS_ARE_CUT: &str = "
    CREATE FUNCTION almanac.cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(1);
        RETURN NULL;
    END
    $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON almanac.calendar_runs DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION almanac.cut()";

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_answered_is_not_told_as_a_dry_run() {
    let stack = Stack::builder().workers(0).start().await;
    sqlx::raw_sql(COMMITS_ARE_CUT).execute(&stack.admin().await).await.unwrap();

    for accept in [JSON, "text/event-stream"] {
        let call = stack.user().request(Method::POST, CALENDAR).header("accept", accept);
        let reply = call.json(&calendar_order(&json!({}))).send().await.refused(503, "UNAVAILABLE");
        assert!(reply.header("retry-after").is_some());
    }
}
