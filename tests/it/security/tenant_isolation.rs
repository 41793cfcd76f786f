//! Users see and change nothing of other users: missing and foreign are one answer.

use std::time::Duration;

use almanac_tests::{Mode, Reply, Stack, User, actor::stream::Encoding, eventually, rows::Rows, world::source_text};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::resources::{Things, UPSERTS, body, filled, things};

async fn attempt(user: &User, method: &Method, path: &str, body: &Value) -> Reply {
    let call = user.request(method.clone(), path);
    let call = if matches!(*method, Method::GET | Method::DELETE) { call } else { call.json(body) };
    call.send().await
}

/// The refusal without what differs between any two requests.
fn plain(reply: &Reply) -> Value {
    let mut body = reply.json();
    body["meta"]["requestId"] = Value::Null;
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_for_a_foreign_id_as_for_a_missing_one() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let (anna, eve) = (stack.user(), stack.user());
    let annas = things(&anna).await;
    let before = (Rows::of(&admin, anna.id).await, contents(&anna, &annas).await);

    let description = anna.get("/v1/openapi.json").await.json();
    let mut tried = 0;
    for (path, operations) in description["paths"].as_object().expect("paths") {
        // The link of a mail belongs to whoever holds it.
        if !path.contains('{') || path.starts_with("/admin") || path.starts_with("/unsubscribe") {
            continue;
        }
        let operations = operations.as_object().unwrap().iter();
        let is_upsert = |operation: &Value| UPSERTS.iter().any(|id| operation["operationId"] == *id);
        let operations = operations.filter(|(name, operation)| !name.starts_with("param") && !is_upsert(operation));
        for (name, _) in operations {
            let method: Method = name.to_uppercase().parse().unwrap();
            for mount in ["/v1", "/api"] {
                let body = body(path);
                let foreign = attempt(&eve, &method, &format!("{mount}{}", filled(path, Some(&annas))), &body).await;
                let missing = attempt(&eve, &method, &format!("{mount}{}", filled(path, None)), &body).await;
                assert_eq!((foreign.status, missing.status), (404, 404), "{method} {path}: {}", foreign.text());
                assert_eq!(plain(&foreign), plain(&missing), "{method} {path}");
                let names = |reply: &Reply| reply.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
                assert_eq!(names(&foreign), names(&missing), "{method} {path}");
            }
            tried += 1;
        }
    }

    assert!(tried >= 10, "only {tried} operations with an id");
    assert_eq!((Rows::of(&admin, anna.id).await, contents(&anna, &annas).await), before, "and nothing was changed");
}

async fn contents(user: &User, things: &Things) -> Vec<Value> {
    let mut all = user.suggestions(&things.generation).await;
    for path in [
        format!("/v1/cards/{}", things.card),
        format!("/v1/jobs/{}", things.generation),
        "/v1/cards".into(),
        "/v1/channels".into(),
    ] {
        all.push(user.get(&path).await.expect(200).data());
    }
    for rest in ["", "/accounts", "/trends", "/assets", "/placements"] {
        all.push(user.get(&format!("/v1/brands/{}{rest}", things.brand)).await.expect(200).data());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_lists_and_files_hold_nothing_of_anybody_else() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    things(&anna).await;

    for path in ["/v1/jobs", "/v1/ai/generations", "/v1/cards", "/v1/brands", "/v1/themes"] {
        assert_eq!(eve.get(path).await.expect(200).data()["items"], json!([]), "{path}");
    }
    let channels = eve.get("/v1/channels").await.expect(200).data();
    for channel in channels["items"].as_array().unwrap() {
        assert_eq!(channel["accounts"], json!([]));
    }
    assert_eq!(eve.get("/v1/cards/export?format=json").await.expect(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_ticket_key_or_position_opens_nothing() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let annas = things(&anna).await;
    let events = format!("/v1/jobs/{}/events", annas.generation);
    let own = eve.generation().await;
    let ticket = eve.post("/v1/tickets", json!({ "jobId": own })).await.data()["ticket"].as_str().unwrap().to_owned();

    eve.get(&format!("{events}?ticket={ticket}")).await.refused(404, "NOT_FOUND");
    let positioned = eve.request(Method::GET, &events).header("last-event-id", "1");
    positioned.send().await.refused(404, "NOT_FOUND");
    assert_eq!(eve.request(Method::GET, &events).open(Encoding::Ndjson).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_cut_off_in_flight_leave_nobodys_rights_behind() {
    let stack = Stack::builder().workers(0).proxied().start().await;
    let people: Vec<_> = (0..6).map(|_| stack.user()).collect();
    let text = source_text("mine");
    let owned = join_all(people.iter().map(|user| user.generate(&text))).await;
    // A slow way to the database makes every round trip long enough to be cut off in: begin, query, commit.
    stack.proxies().api_postgres.set(Mode::Delay(Duration::from_millis(10))).await;

    // First anywhere, then while it begins: whatever comes to its end would heal what an earlier one left behind.
    for round in 0..12_u64 {
        let cut = (0..25_u64).map(|n| {
            let (user, own) = (&people[n as usize % people.len()], &owned[n as usize % people.len()]);
            let patience = if round < 6 { 1 + (n * 7 + round * 11) % 80 } else { 4 + n % 15 };
            async move {
                let path =
                    ["/v1/jobs".to_owned(), "/v1/cards".to_owned(), format!("/v1/jobs/{own}")][n as usize % 3].clone();
                let _ = tokio::time::timeout(Duration::from_millis(patience), user.get(&path)).await;
            }
        });
        join_all(cut).await;
    }
    stack.proxies().api_postgres.set(Mode::Pass).await;

    // No further requests come now, so what was left open would stay open until the server's own time-out of ten
    // seconds.
    let admin = stack.admin().await;
    let stray = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                 AND usename = 'almanac_api' AND state LIKE 'idle in transaction%'";
    let none = || async { (sqlx::query_scalar::<_, i64>(stray).fetch_one(&admin).await.unwrap() == 0).then_some(()) };
    eventually(Duration::from_secs(8), "no session is left inside a transaction", none).await;
    for _ in 0..4 {
        join_all(people.iter().zip(&owned).map(|(user, own)| sees_only(user, own))).await;
        // The API as itself, which a role left behind on its connection would not let through.
        let explained = people.iter().zip(&owned).map(async |(user, own)| {
            user.get(&format!("/v1/jobs/{own}/explain")).await.expect(200);
        });
        join_all(explained).await;
    }
}

async fn sees_only(user: &User, own: &str) {
    for path in ["/v1/jobs", "/v1/ai/generations"] {
        let items = user.get(path).await.expect(200).data()["items"].clone();
        let ids: Vec<_> = items.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [own], "{path}");
    }
}
