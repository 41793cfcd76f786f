//! Repeated requests for work: one job, one call of the model, one answer.

use almanac_tests::{Reply, Stack, User, actor::stream::Encoding, rows::Rows, world::source_text};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

const ROUTE: &str = "/v1/ai/generations";

async fn submit(user: &User, path: &str, key: &str, body: &Value) -> Reply {
    user.request(Method::POST, path).key(key).json(body).send().await
}

fn id_of(reply: &Reply) -> String {
    let body = reply.json();
    let id = body["generation_id"].as_str().or(body["data"]["generation_id"].as_str());
    id.unwrap_or_else(|| panic!("no id: {body}")).to_owned()
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == Some("true")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_ten_times_at_once_is_one_job_and_one_call() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let text = format!("ten-{}", anna.id);
    let body = json!({ "source_text": source_text(&text) });

    let replies = join_all((0..10).map(|_| submit(&anna, ROUTE, "once", &body))).await;

    let ids: Vec<_> = replies.iter().map(|reply| id_of(&reply.clone().expect(202))).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(replies.iter().filter(|reply| !replayed(reply)).count(), 1, "one was new");
    assert_eq!(anna.ended(&ids[0]).await["status"], "succeeded");
    assert_eq!(stack.world.calls(&text).len(), 1);
    let rows = Rows::of(&stack.admin().await, anna.id).await;
    assert_eq!((rows.jobs, rows.generations, rows.submissions, rows.keys), (1, 1, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_the_stored_answer_byte_for_byte_and_costs_nothing() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("replay"), "prompt_version": "v1" });

    let first = submit(&anna, "/api/ai/generations", "again", &body).await.expect(202);
    anna.ended(&id_of(&first)).await;
    let second = submit(&anna, "/api/ai/generations", "again", &body).await.expect(202);

    assert!(!replayed(&first) && replayed(&second));
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("location"), second.header("location"));
    assert!(second.header("ratelimit").unwrap().contains("r=4"), "{:?}", second.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_body_is_the_same_however_it_is_written() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let text = source_text("canonical");
    let spellings = [
        format!("{{\"source_text\":\"{text}\",\"prompt_version\":\"v1\"}}"),
        format!("{{ \"prompt_version\" : \"v1\",\n\t\"source_text\": \"{text}\" }}"),
        format!("{{\"prompt_version\":\"\\u0076\\u0031\",\"source_text\":\"{text}\"}}"),
    ];

    let mut ids = Vec::new();
    for spelling in spellings {
        let call = anna.request(Method::POST, ROUTE).key("canonical").body("application/json", spelling);
        ids.push(id_of(&call.send().await.expect(202)));
    }

    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_another_body_is_refused_and_leaves_the_first_alone() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("reused") });
    let first = submit(&anna, ROUTE, "mine", &body).await.expect(202);
    let before = Rows { suggestions: 0, ..Rows::of(&admin, anna.id).await };

    let others = [
        json!({ "source_text": format!("{}!", source_text("reused")) }),
        json!({ "source_text": source_text("reused"), "prompt_version": "v1" }),
        json!({ "source_text": source_text("reused"), "unknown": 1 }),
    ];
    for other in others {
        for path in [ROUTE, "/api/ai/generations"] {
            let reply = submit(&anna, path, "mine", &other).await;
            assert!(matches!(reply.status, 400 | 422), "{}", reply.text());
            if reply.status == 422 {
                assert_eq!(reply.error_code(), "IDEMPOTENCY_KEY_REUSED");
            }
        }
    }

    assert_eq!(Rows { suggestions: 0, ..Rows::of(&admin, anna.id).await }, before);
    assert_eq!(id_of(&submit(&anna, ROUTE, "mine", &body).await.expect(202)), id_of(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_mounts_and_other_encodings_are_the_same_request() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("mounts") });
    let first = submit(&anna, "/api/ai/generations", "d43", &body).await.expect(202);
    let id = id_of(&first);

    for path in [ROUTE, "/api/v1/ai/generations"] {
        let again = submit(&anna, path, "d43", &body).await.expect(202);
        assert!(replayed(&again));
        assert_eq!(id_of(&again), id);
    }
    for (path, encoding) in [(ROUTE, Encoding::Sse), ("/api/ai/generations", Encoding::Ndjson)] {
        let mut stream = anna.request(Method::POST, path).key("d43").json(&body).open(encoding).await;
        assert_eq!(stream.status, 200);
        let header = |name: &str| stream.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("location"), Some(format!("/v1/jobs/{id}")));
        assert_eq!(header("idempotency-replayed").as_deref(), Some("true"));
        assert!(stream.collect_to_end().await.last().is_some_and(|event| event.is_final()));
    }
    let waited = anna.request(Method::POST, ROUTE).key("d43").header("prefer", "wait=10").json(&body).send().await;
    assert_eq!(waited.expect(200).data()["id"], id.as_str());
    assert_eq!(Rows::of(&stack.admin().await, anna.id).await.jobs, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_key_begins_anew() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (body, other) = (json!({ "source_text": source_text("old") }), json!({ "source_text": source_text("new") }));
    let first = id_of(&submit(&anna, ROUTE, "aged", &body).await.expect(202));

    let sql = "UPDATE almanac.idempotency_keys SET expires_at = clock_timestamp() - interval '1 s' WHERE user_id = $1";
    sqlx::query(sql).bind(anna.id).execute(&stack.admin().await).await.unwrap();
    let second = submit(&anna, ROUTE, "aged", &other).await.expect(202);

    assert!(!replayed(&second));
    assert_ne!(id_of(&second), first);
    let third = submit(&anna, ROUTE, "aged", &other).await.expect(202);
    assert!(replayed(&third));
    assert_eq!(id_of(&third), id_of(&second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lives_for_a_day() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    submit(&anna, ROUTE, "a-day", &json!({ "source_text": source_text("a-day") })).await.expect(202);

    let sql = "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM almanac.idempotency_keys WHERE user_id = $1";
    let left: f64 = sqlx::query_scalar(sql).bind(anna.id).fetch_one(&stack.admin().await).await.unwrap();

    assert!((86_300.0..=86_400.0).contains(&left), "{left} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_two_people_never_meet() {
    let stack = Stack::shared().await;
    let (anna, bob) = (stack.user(), stack.user());
    let body = json!({ "source_text": source_text("shared-key") });

    let one = submit(&anna, ROUTE, "same", &body).await.expect(202);
    let two = submit(&bob, ROUTE, "same", &body).await.expect(202);

    assert!(!replayed(&two));
    assert_ne!(id_of(&one), id_of(&two));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twin_that_is_still_being_accepted_is_waited_for_and_then_named() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("twin") });
    let mut twin = admin.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7311)),
                       pg_advisory_xact_lock(hashtextextended($1::text || 'POST /v1/ai/generations' || 'twin', 7312))";
    sqlx::query(lock).bind(anna.id).execute(&mut *twin).await.unwrap();

    let waited = submit(&anna, ROUTE, "twin", &body).await.refused(409, "IDEMPOTENCY_IN_PROGRESS");
    assert!(waited.header("retry-after").is_some());
    assert_eq!(Rows::of(&admin, anna.id).await, Rows::none());

    twin.rollback().await.unwrap();
    submit(&anna, ROUTE, "twin", &body).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_does_not_burn_its_key() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("burnt") });
    for n in 0..5 {
        submit(&anna, ROUTE, &format!("fill-{n}"), &body).await.expect(202);
    }
    submit(&anna, ROUTE, "kept", &body).await.refused(429, "RATE_LIMITED");

    let sql = "UPDATE almanac.submissions SET at = at - interval '301 s' WHERE user_id = $1";
    sqlx::query(sql).bind(anna.id).execute(&stack.admin().await).await.unwrap();

    assert!(!replayed(&submit(&anna, ROUTE, "kept", &body).await.expect(202)));
}
