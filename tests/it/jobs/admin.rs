//! Operators: who is one, the list of all users' jobs, and retries of ended jobs.

use std::time::Duration;

use almanac_tests::{
    OrFail, Script, Stack,
    actor::{User, token},
    eventually, invariants,
    world::source_text,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// The operator's own key: no person, no audience.
pub fn operator(stack: &Stack) -> User {
    stack.user().with_token(token::hs256(&json!({ "role": "service_role", "exp": token::now() + 3600 })))
}

/// A user marked as admin by the identity provider.
fn admin_person(stack: &Stack) -> User {
    let person = stack.user();
    let mut claims = token::claims(person.id);
    claims["app_metadata"] = json!({ "role": "admin" });
    person.with_token(token::hs256(&claims))
}

/// Asks for cards and answers the job's id, which is the generation's.
pub async fn submit(user: &User, key: &str) -> String {
    let accepted = user.post("/v1/ai/generations", json!({ "source_text": source_text(key) })).await.expect(202).data();
    accepted["generation_id"].as_str().or_fail("an accepted generation has an id").to_owned()
}

/// Asks for cards and waits for the end.
pub async fn generate(user: &User, key: &str) -> String {
    let id = submit(user, key).await;
    user.follow(&id).await.collect_to_end().await;
    id
}

fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::new_v4().simple())
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().or_fail("a page has items");
    items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operators_key_and_marked_people_come_in() {
    let stack = Stack::shared().await;
    let person = stack.user();
    let mut pretender = token::claims(person.id);
    pretender["user_metadata"] = json!({ "role": "admin" });
    pretender["app_metadata"] = json!({ "role": "Admin" });
    let pretender = person.with_token(token::hs256(&pretender));
    let retry = format!("/v1/admin/jobs/{}/retry", Uuid::new_v4());

    for path in ["/v1/admin/flags/CALENDAR_SERVICE_ENABLED", "/v1/admin/queues", "/v1/admin/jobs", "/v1/admin/dead"] {
        person.anonymous().get(path).await.refused(401, "UNAUTHENTICATED");
        person.get(path).await.refused(403, "FORBIDDEN");
        pretender.get(path).await.refused(403, "FORBIDDEN");
        operator(&stack).get(path).await.expect(200);
        admin_person(&stack).get(path).await.expect(200);
    }
    person.anonymous().post(&retry, json!({})).await.refused(401, "UNAUTHENTICATED");
    person.post(&retry, json!({})).await.refused(403, "FORBIDDEN");
    admin_person(&stack).post(&retry, json!({})).await.refused(404, "NOT_FOUND");
    operator(&stack).delete("/v1/me/data").await.refused(401, "UNAUTHENTICATED");
    person.anonymous().delete("/v1/me/data").await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_repeats_a_job_by_the_back_door() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = generate(&anna, &unique("door")).await;
    let pool = stack.as_api().await;
    let retry = format!("SELECT * FROM almanac.retry_job('{id}', '{}', NULL, NULL, NULL)", Uuid::now_v7());

    // A refusal leaves its transaction open, and the next may come to the same connection.
    for role in ["", "SET LOCAL ROLE authenticated; "] {
        let sql = format!("ROLLBACK; BEGIN; {role}{retry}; ROLLBACK");
        let told = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await;
        let code = told.expect_err("no right to").as_database_error().and_then(|error| error.code()).map(String::from);
        assert_eq!(code.as_deref(), Some("42501"), "{role}");
    }
    // What an administrator may not do either: write the rows themselves.
    for write in ["UPDATE almanac.jobs SET state = state", "DELETE FROM almanac.job_events"] {
        let sql = format!("ROLLBACK; BEGIN; SET LOCAL ROLE almanac_admin; {write}; ROLLBACK");
        let told = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await;
        assert!(told.is_err(), "{write}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_makes_a_new_job_with_a_log_of_its_own_and_the_old_one_stays() {
    let stack = Stack::shared().await;
    let (anna, operator) = (stack.user(), operator(&stack));
    let key = unique("retry");
    stack.world.play(&key, [Script::status(400), Script::ok(4)]);
    let old = generate(&anna, &key).await;
    let before = anna.get(&format!("/v1/ai/generations/{old}")).await.expect(200).data();
    assert_eq!(before["status"], "failed");
    let log = anna.follow(&old).await.collect_to_end().await.len();

    let path = format!("/v1/admin/jobs/{old}/retry");
    let call = || operator.request(http::Method::POST, &path).key("once").send();
    let accepted = call().await.expect(202);

    let made = accepted.data();
    let new = made["id"].as_str().or_fail("a job has an id").to_owned();
    assert_eq!(accepted.header("location"), Some(format!("/v1/jobs/{new}").as_str()));
    assert_ne!(new, old);
    assert_eq!((&made["retryOf"], &made["userId"]), (&json!(old), &json!(anna.id)));
    assert_eq!(made["subject"], json!({ "type": "generation", "id": new }));
    let events = anna.follow(&new).await.collect_to_end().await;
    assert_eq!(events.last().or_fail("a final event").json()["status"], "succeeded");
    assert_eq!(anna.get(&format!("/v1/jobs/{new}")).await.expect(200).data()["retryOf"], json!(old));
    let suggestions = anna.get(&format!("/v1/ai/generations/{new}/suggestions")).await.expect(200).data();
    assert_eq!(ids(&suggestions).len(), 4);

    assert_eq!(anna.get(&format!("/v1/ai/generations/{old}")).await.expect(200).data(), before);
    assert_eq!(anna.follow(&old).await.collect_to_end().await.len(), log);
    // The same key again is the same retry; without one it is another.
    let again = call().await.expect(202);
    assert_eq!((again.header("idempotency-replayed"), &again.data()["id"]), (Some("true"), &json!(new)));
    let other = operator.post(&path, json!({})).await.expect(202).data();
    let other = other["id"].as_str().or_fail("a job has an id").to_owned();
    anna.follow(&other).await.collect_to_end().await;
    // Three jobs in the window, one of them accepted from Anna: no retry counts against her.
    let limited = anna.post("/v1/ai/generations", json!({ "source_text": source_text(&key) })).await.expect(202);
    assert!(limited.header("ratelimit").or_fail("a limit").contains("r=3;"), "{:?}", limited.header("ratelimit"));
    let last = limited.data()["generation_id"].as_str().or_fail("an id").to_owned();
    anna.follow(&last).await.collect_to_end().await;
    let all = [&old, &new, &other, &last].map(|id| id.parse().or_fail("a UUID"));
    invariants::assert_all(&stack.admin().await, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_ended_or_is_not_kept_is_not_repeated() {
    let stack = Stack::shared().await;
    let (anna, operator) = (stack.user(), operator(&stack));
    let key = unique("running");
    stack.world.play(&key, [Script::hold_after(1)]);
    let id = submit(&anna, &key).await;
    stack.world.wait_until_holding(&key).await;
    let path = format!("/v1/admin/jobs/{id}/retry");

    let refused = operator.post(&path, json!({})).await.refused(409, "UNFINISHED");
    assert_eq!(refused.json()["error"]["active"]["id"], json!(id));
    stack.world.release(&key);
    anna.follow(&id).await.collect_to_end().await;
    let forget = "UPDATE almanac.ai_generations SET source_text = NULL WHERE id = $1::uuid";
    sqlx::query(forget).bind(&id).execute(&stack.admin().await).await.or_fail("forgetting a text");
    operator.post(&path, json!({})).await.refused(422, "RULE_REFUSED");

    let jobs = operator.get(&format!("/v1/admin/jobs?user={}", anna.id)).await.expect(200).data();
    assert_eq!(ids(&jobs), [id], "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_list_everybodys_jobs_by_person_kind_and_status_page_by_page() {
    let stack = Stack::shared().await;
    let (anna, ben, operator) = (stack.user(), stack.user(), operator(&stack));
    let bad = unique("bad");
    stack.world.play(&bad, [Script::status(400)]);
    let mut annas = Vec::new();
    for key in [unique("one"), bad, unique("two")] {
        annas.push(generate(&anna, &key).await);
    }
    let bens = generate(&ben, &unique("ben")).await;
    annas.reverse();
    let list = |query: String| {
        let operator = operator.clone();
        async move { operator.get(&format!("/v1/admin/jobs?{query}")).await.expect(200).data() }
    };

    assert_eq!(ids(&list(format!("user={}", anna.id)).await), annas);
    assert_eq!(ids(&list(format!("user={}&status=failed", anna.id)).await), [annas[1].clone()]);
    assert!(ids(&list(format!("user={}&kind=account.erase", anna.id)).await).is_empty());
    assert!(ids(&list("kind=flashcards.generate".to_owned()).await).contains(&bens));
    let failed = ids(&list("status=failed&limit=250".to_owned()).await);
    assert!(failed.contains(&annas[1]) && !failed.contains(&bens), "of all users");
    let works = unique("works");
    stack.world.play(&works, [Script::hold_after(1)]);
    let running = submit(&ben, &works).await;
    stack.world.wait_until_holding(&works).await;
    assert!(ids(&list("status=running&limit=250".to_owned()).await).contains(&running));
    assert!(!ids(&list("status=pending&limit=250".to_owned()).await).contains(&running));
    stack.world.release(&works);
    ben.follow(&running).await.collect_to_end().await;
    let first = list(format!("user={}&limit=2", anna.id)).await;
    let cursor = first["nextCursor"].as_str().or_fail("another page");
    let second = list(format!("user={}&limit=2&cursor={cursor}", anna.id)).await;
    assert_eq!([ids(&first), ids(&second)].concat(), annas);
    assert_eq!(second["nextCursor"], Value::Null);
    for query in ["kind=nothing", "status=sleeping", "user=anna", "limit=0", "cursor=x"] {
        operator.get(&format!("/v1/admin/jobs?{query}")).await.refused(400, "VALIDATION_FAILED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lanes_tell_what_waits_what_died_and_whether_redis_answers() {
    let stack = Stack::builder().workers(0).proxied().start().await;
    let (anna, operator) = (stack.user(), operator(&stack));
    let (dead, waiting) = (submit(&anna, "dead").await, submit(&anna, "waiting").await);
    // No worker runs: what a reaper does with poison is done by hand, through the function it calls.
    let admin = stack.admin().await;
    let end = "SELECT almanac.finish($1::uuid, NULL, 'dead', '{\"code\":\"POISON\",\"message\":\"x\"}')";
    sqlx::query(end).bind(&dead).execute(&admin).await.or_fail("ending a job");
    sqlx::query("UPDATE almanac.jobs SET run_at = run_at - interval '90 s' WHERE id = $1::uuid")
        .bind(&waiting)
        .execute(&admin)
        .await
        .or_fail("making a job older");

    let queues = eventually(Duration::from_secs(30), "Redis was rung twice", || async {
        let queues = operator.get("/v1/admin/queues").await.expect(200).data();
        (queues["items"][0]["redisDepth"] == 2).then_some(queues)
    })
    .await;
    let lane = &queues["items"][0];
    assert_eq!(lane["lane"], "flashcards");
    assert_eq!((&lane["queued"], &lane["running"], &lane["dead"]), (&json!(1), &json!(0), &json!(1)));
    assert!(lane["oldestDueSeconds"].as_f64().is_some_and(|seconds| (90.0..120.0).contains(&seconds)), "{lane}");
    let account = queues["items"].as_array().and_then(|lanes| lanes.last()).or_fail("a last lane");
    assert_eq!(
        (&account["lane"], &account["queued"], &account["oldestDueSeconds"]),
        (&json!("account"), &json!(0), &Value::Null)
    );

    let page = operator.get("/v1/admin/dead").await.expect(200).data();
    assert_eq!(ids(&page), std::slice::from_ref(&dead));
    assert_eq!((&page["items"][0]["state"], &page["items"][0]["status"]), (&json!("dead"), &json!("failed")));

    stack.proxies().api_redis.set(almanac_tests::Mode::Refuse).await;
    let degraded = operator.get("/v1/admin/queues").await.expect(200);
    assert_eq!(degraded.json()["meta"]["degraded"], json!(["live"]));
    assert_eq!(degraded.data()["items"][0]["redisDepth"], Value::Null);
    assert_eq!(degraded.data()["items"][0]["queued"], 1);
}
