//! `Idempotency-Key` on every POST that creates or changes something in the request itself: a repeated request gets the
//! stored answer and changes nothing.

use almanac_tests::{OrFail, Reply, Stack, User};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::house::rules::files;

/// The POSTs that take a key here, each with a body, another body, and the status of its answer.
struct Case {
    path: String,
    body: Value,
    other: Value,
    status: u16,
}

/// A user with rows of every kind, and the valid body of each POST.
async fn cases(user: &User) -> Vec<Case> {
    let generation = user.generation().await;
    let rejected = user.generation().await;
    let (run, calendar) = user.calendar(&json!({})).await;
    let brand = user.brand().await;
    let calendar = calendar["id"].as_str().or_fail("an id").to_owned();
    let case = |path: String, body: Value, other: Value, status| Case { path, body, other, status };
    vec![
        case(
            "/v1/brands".into(),
            json!({ "name": "A", "timezone": "UTC" }),
            json!({ "name": "B", "timezone": "UTC" }),
            201,
        ),
        case(
            format!("/v1/brands/{brand}/accounts"),
            json!({ "platform": "tiktok", "name": "a" }),
            json!({ "platform": "tiktok", "name": "b" }),
            201,
        ),
        case(
            format!("/v1/brands/{brand}/trends"),
            json!({ "title": "a", "source": "manual" }),
            json!({ "title": "b", "source": "manual" }),
            201,
        ),
        case(
            format!("/v1/brands/{brand}/assets"),
            json!({ "title": "a", "kind": "image" }),
            json!({ "title": "b", "kind": "image" }),
            201,
        ),
        case(
            format!("/v1/brands/{brand}/import"),
            json!({ "trends": [{ "title": "a", "source": "manual" }] }),
            json!({ "trends": [] }),
            200,
        ),
        case(
            format!("/v1/calendars/{calendar}/entries"),
            json!({ "channel": "blog", "date": "2026-01-26", "title": "a" }),
            json!({ "channel": "blog", "date": "2026-01-26", "title": "b" }),
            201,
        ),
        case(format!("/v1/calendars/{calendar}/runs/{run}/accept"), json!({}), json!({ "keys": [] }), 200),
        case(format!("/v1/ai/generations/{generation}/accept"), json!({}), json!({ "suggestion_ids": [] }), 200),
        case(format!("/v1/ai/generations/{rejected}/reject"), json!({}), json!({ "suggestion_ids": [] }), 200),
    ]
}

/// All rows of a user that these POSTs make.
async fn holdings(stack: &Stack, user: &User) -> Vec<i64> {
    let sql = "SELECT ARRAY[
        (SELECT count(*) FROM almanac.brand_profiles WHERE user_id = $1),
        (SELECT count(*) FROM almanac.platform_accounts WHERE user_id = $1),
        (SELECT count(*) FROM almanac.trends WHERE user_id = $1),
        (SELECT count(*) FROM almanac.creative_assets WHERE user_id = $1),
        (SELECT count(*) FROM almanac.calendar_entries WHERE user_id = $1),
        (SELECT count(*) FROM almanac.cards WHERE user_id = $1)]";
    sqlx::query_scalar(sql).bind(user.id).fetch_one(&stack.admin().await).await.or_fail("counting")
}

async fn post(user: &User, path: &str, key: &str, body: &Value) -> Reply {
    user.request(Method::POST, path).key(key).json(body).send().await
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == Some("true")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_that_makes_something_answers_the_same_request_once() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    for Case { path, body, other, status } in cases(&anna).await {
        let first = post(&anna, &path, "key", &body).await.expect(status);
        assert!(!replayed(&first), "{path}");
        let made = holdings(&stack, &anna).await;
        let again = post(&anna, &path, "key", &body).await.expect(status);
        assert!(replayed(&again), "{path}: {}", again.text());
        assert_eq!(again.data(), first.data(), "{path}");
        let bare = post(&anna, &path.replace("/v1/", "/api/"), "key", &body).await.expect(status);
        assert!(replayed(&bare) && bare.json() == first.data(), "{path}: one route on both mounts");
        post(&anna, &path, "key", &other).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
        post(&anna, &path, &"k".repeat(256), &body).await.refused(400, "VALIDATION_FAILED");
        assert_eq!(holdings(&stack, &anna).await, made, "{path}: nothing more was made");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_post_many_times_at_once_makes_one_thing() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let brand = anna.brand().await;
    let before = holdings(&stack, &anna).await;
    let path = format!("/v1/brands/{brand}/trends");
    let body = json!({ "title": "a", "source": "manual" });

    let replies = join_all((0..6).map(|_| post(&anna, &path, "once", &body))).await;

    let fresh = replies.iter().filter(|reply| reply.status == 201 && !replayed(reply)).count();
    assert_eq!(fresh, 1, "{replies:?}");
    for reply in &replies {
        let waits = reply.status == 409 && reply.error_code() == "IDEMPOTENCY_IN_PROGRESS";
        assert!(reply.status == 201 || waits, "{}", reply.text());
    }
    let after = holdings(&stack, &anna).await;
    assert_eq!(after[2], before[2] + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_path_and_one_person_and_a_refusal_uses_none_up() {
    let stack = Stack::shared().await;
    let (anna, ben) = (stack.user(), stack.user());
    let (one, other) = (anna.brand().await, anna.brand().await);
    let body = json!({ "id": "same", "title": "a", "source": "manual" });
    let at = |brand: &str| format!("/v1/brands/{brand}/trends");

    assert!(!replayed(&post(&anna, &at(&one), "key", &body).await.expect(201)));
    assert!(!replayed(&post(&anna, &at(&other), "key", &body).await.expect(201)), "another brand");
    post(&ben, &at(&one), "key", &body).await.refused(404, "NOT_FOUND");
    post(&anna, &at(&one), "taken", &body).await.refused(409, "ALREADY_EXISTS");
    anna.delete(&format!("{}/same", at(&one))).await.expect(204);
    assert!(!replayed(&post(&anna, &at(&one), "taken", &body).await.expect(201)));
    anna.delete(&format!("{}/same", at(&one))).await.expect(204);
    assert!(replayed(&post(&anna, &at(&one), "taken", &body).await.expect(201)), "what came of it since plays no part");
    anna.get(&format!("{}/same", at(&one))).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_removes_older_keys_and_leaves_younger_ones() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let body = json!({ "name": "A", "timezone": "UTC" });
    post(&anna, "/v1/brands", "old", &body).await.expect(201);
    stack.worker(0).kill().await;
    let erase = anna.delete("/v1/me/data").await.expect(202).data();
    post(&anna, "/v1/brands", "young", &body).await.expect(201);
    stack.worker(0).start().await;
    anna.follow(erase["id"].as_str().unwrap()).await.collect_to_end().await;

    assert!(replayed(&post(&anna, "/v1/brands", "young", &body).await.expect(201)));
    assert!(!replayed(&post(&anna, "/v1/brands", "old", &body).await.expect(201)));
}

/// A new POST takes a key, or is one of those that start and make nothing.
#[test]
fn every_post_takes_a_key_or_makes_nothing() {
    let without = [
        "cancelJob",
        "cancelIntent",
        "exportForPublishing",
        "makeTicket",
        "makeSession",
        "unsubscribe",
        "receiveResendEvent",
    ];
    let (mut posts, mut wrong) = (0, Vec::new());
    for (file, text) in files("api/src/routes", ".rs") {
        for route in text
            .split("#[oai(path = ")
            .skip(1)
            .filter(|route| route.split(")]").next().is_some_and(|attribute| attribute.contains("method = \"post\"")))
        {
            posts += 1;
            let signature = route.split('{').next().unwrap_or_default();
            let body = route.split("\n    }\n").next().unwrap_or_default();
            let keyed = signature.contains("IdempotentJson<") || body.contains("idempotency_key(");
            let named = without.iter().any(|name| signature.contains(&format!("\"{name}\"")));
            if keyed == named {
                wrong.push(format!("{file}: {}", signature.lines().next().unwrap_or_default()));
            }
        }
    }
    assert!(posts >= 14, "only {posts} POSTs were found: is this test still reading the right files?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
