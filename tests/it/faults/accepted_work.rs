//! Accepted work stays accepted: a repeated request gets the stored answer even while new work is refused, and a
//! failure after the commit is never reported as a refusal.

use std::time::Duration;

use almanac_tests::{
    Mode, OrFail, Reply, Stack, User,
    actor::{Call, calendar::calendar_order, organic::week_order},
    eventually,
    rows::Rows,
    world::source_text,
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

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

/// Postgres ends the connection that commits a job, at its commit.
pub(crate) const COMMITS_ARE_CUT: &str = "
    CREATE FUNCTION almanac.cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(1);
        RETURN NULL;
    END
    $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON almanac.jobs DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION almanac.cut()";

/// Who asks for work of each kind that a person submits: how, and with what.
async fn requests(stack: &Stack) -> Vec<Call> {
    let mut calls = Vec::new();
    for (user, path, body) in everybody(stack).await {
        calls.push(user.request(Method::POST, path).json(&body));
    }
    let dora = stack.user();
    let theme = dora.theme(&json!({})).await;
    calls.push(dora.request(Method::POST, &format!("/v1/themes/{theme}/syntheses")).json(&json!({})));
    calls.push(stack.user().request(Method::DELETE, "/v1/me/data"));
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_is_told_with_the_address_of_what_it_may_have_made() {
    let stack = Stack::builder().workers(0).start().await;
    let calls = requests(&stack).await;
    sqlx::raw_sql(COMMITS_ARE_CUT).execute(&stack.admin().await).await.unwrap();

    for call in calls {
        let reply = call.send().await.refused(503, "UNAVAILABLE");

        assert!(reply.header("retry-after").is_some(), "{}", reply.request);
        assert_ne!(job_at(&reply), Uuid::nil(), "{}", reply.request);
    }
}

/// The job that an answer names.
#[track_caller]
fn job_at(reply: &Reply) -> Uuid {
    let id = reply.header("location").and_then(|location| location.strip_prefix("/v1/jobs/"));
    id.and_then(|id| id.parse().ok()).or_fail(&format!("{} has no address of a job", reply.request))
}

/// Postgres keeps each commit of a job waiting while a lock is held.
const COMMITS_WAIT: &str = "
    CREATE FUNCTION almanac.held() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(1, 1);
        RETURN NULL;
    END
    $$;
    CREATE CONSTRAINT TRIGGER held AFTER INSERT ON almanac.jobs DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION almanac.held()";
const WAITING_COMMITS: &str = "
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1 AND objid = 1 AND NOT granted";

#[tokio::test(flavor = "multi_thread")]
async fn work_whose_accepted_commit_was_never_answered_is_found_and_gets_no_dry_run() {
    let stack = Stack::builder().proxied().workers(0).start().await;
    let (admin, proxy) = (stack.admin().await, &stack.proxies().api_postgres);
    sqlx::raw_sql(COMMITS_WAIT).execute(&admin).await.unwrap();

    for (user, path, body) in everybody(&stack).await {
        // The connection breaks between the commit and its answer.
        let mut held = admin.begin().await.unwrap();
        sqlx::query("SELECT pg_advisory_xact_lock(1, 1)").execute(&mut *held).await.unwrap();
        let cut = async {
            let waits = async || {
                let waiting: i64 = sqlx::query_scalar(WAITING_COMMITS).fetch_one(&admin).await.unwrap();
                (waiting == 1).then_some(())
            };
            eventually(SOON, "the commit waits", waits).await;
            proxy.set(Mode::Refuse).await;
        };
        let (reply, ()) = tokio::join!(submit(&user, path, "kept", &body), cut);
        held.rollback().await.unwrap();

        let job = job_at(&reply.refused(503, "UNAVAILABLE"));
        let stored = async || {
            let found: Option<i32> = sqlx::query_scalar("SELECT 1 FROM almanac.jobs WHERE id = $1")
                .bind(job)
                .fetch_optional(&admin)
                .await
                .unwrap();
            found
        };
        eventually(SOON, &format!("{path}: the job is stored"), stored).await;
        let again = submit(&user, path, "kept", &body).await.refused(503, "UNAVAILABLE");
        if path == CALENDAR {
            assert_eq!(job_at(&again), job);
            let dry = submit(&user, path, "new", &body).await.expect(200);
            assert_eq!(dry.json()["meta"]["dryRun"], true);
        }

        proxy.set(Mode::Pass).await;
        let accepted = async || Some(submit(&user, path, "kept", &body).await).filter(|reply| reply.status != 503);
        let reply = eventually(SOON, &format!("{path}: Postgres is back"), accepted).await.expect(202);
        assert_eq!(reply.header("idempotency-replayed"), Some("true"), "{path}");
        assert_eq!(job_at(&reply), job, "{path}");
    }
}
