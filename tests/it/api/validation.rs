//! Bad input: every refusal has a status, a code and the field's name, stores nothing and enqueues nothing.

use almanac_tests::{
    Stack, User,
    actor::{
        calendar::calendar_order,
        organic::{BRAND, week_order},
    },
    rows::Rows,
    world::source_text,
};
use http::Method;
use serde_json::{Value, json};

const ROUTE: &str = "/v1/ai/generations";

/// A body, and how it is refused: status, code, `details[0].loc`.
type Case = (&'static str, Vec<u8>, u16, &'static str, Value);

fn bodies() -> Vec<Case> {
    let good = "a".repeat(1_000);
    let deep = format!("{{\"source_text\": {}{}}}", "[".repeat(64), "]".repeat(64));
    let text = |inner: &str| format!("{{\"source_text\": \"{good}{inner}\"}}").into_bytes();
    let (whole, field) = (json!(["body"]), json!(["body", "source_text"]));
    let invalid = "VALIDATION_FAILED";
    vec![
        ("half a JSON", b"{\"source_text\": ".to_vec(), 400, "MALFORMED_JSON", whole.clone()),
        ("nothing", Vec::new(), 400, "MALFORMED_JSON", whole.clone()),
        ("two documents", [text(""), b"{}".to_vec()].concat(), 400, "MALFORMED_JSON", Value::Null),
        ("nested too deeply", deep.into_bytes(), 400, "MALFORMED_JSON", whole.clone()),
        ("a number no f64 holds", b"{\"source_text\": 1e999}".to_vec(), 400, "MALFORMED_JSON", Value::Null),
        ("a raw NUL", text("\0"), 400, "MALFORMED_TEXT", whole.clone()),
        ("an escaped NUL", text("\\u0000"), 400, "MALFORMED_TEXT", whole.clone()),
        ("half a surrogate pair", text("\\ud83d"), 400, "MALFORMED_TEXT", whole.clone()),
        ("the other half", text("\\udc00"), 400, "MALFORMED_TEXT", whole.clone()),
        (
            "no UTF-8",
            [b"{\"source_text\": \"".as_slice(), &[0xff, 0xfe], b"\"}"].concat(),
            400,
            "MALFORMED_TEXT",
            whole.clone(),
        ),
        ("a list", b"[]".to_vec(), 400, invalid, Value::Null),
        ("a string", b"\"text\"".to_vec(), 400, invalid, whole.clone()),
        ("null", b"null".to_vec(), 400, invalid, whole.clone()),
        ("no text", b"{}".to_vec(), 400, invalid, field.clone()),
        ("a number for a text", b"{\"source_text\": 7}".to_vec(), 400, invalid, field.clone()),
        ("null for a text", b"{\"source_text\": null}".to_vec(), 400, invalid, field.clone()),
        (
            "the text twice",
            format!("{{\"source_text\": \"{good}\", \"source_text\": \"{good}\"}}").into_bytes(),
            400,
            invalid,
            field.clone(),
        ),
        ("a list for a model", of(&good, "model", &json!(["x"])), 400, invalid, json!(["body", "model"])),
        (
            "a number for a prompt",
            of(&good, "prompt_version", &json!(1)),
            400,
            invalid,
            json!(["body", "prompt_version"]),
        ),
        ("999 characters", of(&"é".repeat(999), "x", &json!(0)), 400, invalid, field.clone()),
        ("999 after trimming", of(&format!(" \n{}\t ", "a".repeat(999)), "x", &json!(0)), 400, invalid, field.clone()),
        ("10,001 characters", of(&"🜁".repeat(10_001), "x", &json!(0)), 400, invalid, field),
        (
            "an unknown model",
            of(&good, "model", &json!("gpt-unheard-of")),
            422,
            "MODEL_NOT_ALLOWED",
            json!(["body", "model"]),
        ),
        (
            "an unknown prompt",
            of(&good, "prompt_version", &json!("v99")),
            422,
            "RULE_REFUSED",
            json!(["body", "prompt_version"]),
        ),
    ]
}

fn of(text: &str, name: &str, value: &Value) -> Vec<u8> {
    let mut body = json!({ "source_text": text });
    body[name] = value.clone();
    body.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_body_is_refused_by_name_and_costs_nothing() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();

    for (name, body, status, code, loc) in bodies() {
        for path in [ROUTE, "/api/ai/generations"] {
            let reply =
                anna.request(Method::POST, path).key("never-used").body("application/json", body.clone()).send().await;
            assert_eq!(reply.status, status, "{name}: {}", reply.text());
            assert_eq!(reply.error_code(), code, "{name}: {}", reply.text());
            let found = &reply.json()["error"]["details"][0]["loc"];
            assert!(loc.is_null() || *found == loc, "{name}: {}", reply.text());
        }
    }

    assert_eq!(Rows::of(&admin, anna.id).await, Rows::none());
    let accepted = anna.submit(&source_text("after-refusals")).await.expect(202);
    assert!(accepted.header("ratelimit").unwrap().contains("r=4"), "refusals were counted: {:?}", accepted.headers);
}

/// Numbers out of the range of a double are refused in every field, ignored fields included.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_out_of_range_are_400_with_and_without_a_key() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    anna.coffee_brand().await;
    let huge = "9".repeat(400);
    let numbers = ["1e400", "-1e400", "1E+999", "0.1e310", &huge, "1e99999999999999999999"];
    let orders = [
        (ROUTE, json!({ "source_text": source_text("huge"), "unread": "NUMBER" })),
        ("/v1/ai/calendar", calendar_order(&json!({ "constraints": { "unread": ["NUMBER"] } }))),
        ("/v1/organic/generate-calendar", week_order(&json!({ "unread": { "deep": "NUMBER" } }))),
        ("/v1/brands", json!({ "name": "Bean", "timezone": "Europe/Paris", "unread": "NUMBER" })),
    ];

    for (path, order) in &orders {
        for number in numbers {
            let body = order.to_string().replace("\"NUMBER\"", number);
            for key in [None, Some("huge")] {
                let call = anna.request(Method::POST, path).header("accept", "application/json");
                let call = key.into_iter().fold(call, |call, key| call.key(key));
                let reply = call.body("application/json", body.clone()).send().await;
                reply.refused(400, "MALFORMED_JSON");
            }
        }
    }

    let rows = Rows::of(&admin, anna.id).await;
    assert_eq!((rows.jobs, rows.keys), (0, 0));
    let small = json!({ "source_text": source_text("small"), "unread": "NUMBER" }).to_string();
    let small = small.replace("\"NUMBER\"", "[1e308, 1e-400, -0.0, \"1e400\"]");
    anna.request(Method::POST, ROUTE).body("application/json", small).send().await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_with_a_content_coding_is_415() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    // The first bytes of a gzip stream.
    let gzip: &[u8] = &[0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0];
    let send = |user: &User, path: &str, coding: &str, body: Vec<u8>| {
        let call = user.request(Method::POST, path).header("content-encoding", coding);
        call.body("application/json", body).send()
    };

    for path in [ROUTE, "/api/ai/generations", "/v1/ai/calendar", "/v1/brands", "/v1/tickets"] {
        for coding in ["gzip", "GZIP", "x-gzip", "br", "deflate", "identity, gzip", "nonsense"] {
            let reply = send(&anna, path, coding, gzip.to_vec()).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
            assert_eq!(reply.header("accept-encoding"), Some("identity"), "{path} {coding}");
        }
    }
    send(&anna.anonymous(), ROUTE, "gzip", gzip.to_vec()).await.refused(401, "UNAUTHENTICATED");
    assert_eq!(Rows::of(&admin, anna.id).await, Rows::none());

    let plain = json!({ "source_text": source_text("identity") }).to_string().into_bytes();
    send(&anna, ROUTE, "identity", plain).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_an_objects_values_in_their_order_is_not_that_object() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    anna.coffee_brand().await;
    let order = week_order(&json!({}));
    let list = |names: &[&str]| names.iter().map(|name| order[*name].clone()).collect::<Value>();
    let week = list(&["brandProfileId", "weekStart", "timezone", "platformAccountIds", "placements"]);
    let seed = json!(["p1", "trend_coldbrew", "2026-01-26", "2026-01-26T09:00:00-08:00", null, "instagram"]);
    let with = |name: &str, value: Value| week_order(&json!({ name: value }));
    let (whole, calendar, organic) = (json!(["body"]), "/v1/ai/calendar", "/v1/organic/generate-calendar");
    let cases = [
        (ROUTE, json!([source_text("positions")]), whole.clone()),
        (calendar, json!([["instagram"], "daily", "2026-01-26", "2026-01-28"]), whole.clone()),
        (organic, week, whole.clone()),
        ("/v1/brands", json!([null, "Bean", "Europe/Paris"]), whole),
        (organic, with("placements", json!([seed])), json!(["body", "placements", 0])),
        (organic, with("options", json!(["beta-launch"])), json!(["body", "options"])),
        (calendar, calendar_order(&json!({ "constraints": ["coffee"] })), json!(["body", "constraints"])),
    ];

    for (path, body, loc) in cases {
        for key in [None, Some("lists")] {
            let call = anna.request(Method::POST, path).header("accept", "application/json").json(&body);
            let call = key.into_iter().fold(call, |call, key| call.key(key));
            let reply = call.send().await.refused(400, "VALIDATION_FAILED");
            assert_eq!(reply.json()["error"]["details"][0]["loc"], loc, "{path} {body}: {}", reply.text());
        }
    }

    let jobs = Rows::of(&admin, anna.id).await;
    assert_eq!((jobs.jobs, jobs.keys), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_are_counted_in_characters_after_trimming_and_kept_trimmed() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    let texts = ["a".repeat(1_000), "é".repeat(10_000), "🜁".repeat(10_000), format!("\n {} \t", "x".repeat(1_000))];

    for text in texts {
        let id = anna.generate(&text).await;
        let sql = "SELECT source_text FROM almanac.ai_generations WHERE id = $1::uuid";
        let kept: String = sqlx::query_scalar(sql).bind(&id).fetch_one(&admin).await.unwrap();
        assert_eq!(kept, text.trim());
        anna.ended(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_kind_or_size_is_refused() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    let good = json!({ "source_text": source_text("kinds") }).to_string();
    let post = |kind: &str, body: String| anna.request(Method::POST, ROUTE).body(kind, body).send();

    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "nonsense"] {
        post(kind, good.clone()).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let padded = |bytes: usize| format!("{}{good}", " ".repeat(bytes - good.len()));
    post("application/json", padded(256 * 1024 + 1)).await.refused(413, "BODY_TOO_LARGE");
    let pieces = futures_util::stream::iter((0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_024])));
    let endless = anna.request(Method::POST, ROUTE).body("application/json", chunked(pieces));
    endless.send().await.refused(413, "BODY_TOO_LARGE");
    assert_eq!(Rows::of(&admin, anna.id).await, Rows::none());

    post("application/json; charset=utf-8", padded(256 * 1024)).await.expect(202);
}

fn chunked<S>(pieces: S) -> reqwest::Body
where
    S: futures_util::TryStream + Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    bytes::Bytes: From<S::Ok>,
{
    reqwest::Body::wrap_stream(pieces)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_path_does_not_know_is_told_which_it_does() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let cases = [
        (Method::PUT, "/v1/ai/generations", vec!["GET", "POST"]),
        (Method::DELETE, "/api/ai/generations", vec!["GET", "POST"]),
        (Method::POST, "/v1/cards", vec!["GET"]),
        (Method::POST, "/v1/cards/0198c7a0-0000-7000-8000-000000000000", vec!["DELETE", "GET", "PATCH"]),
        (Method::GET, "/v1/tickets", vec!["POST"]),
    ];

    for (method, path, mut known) in cases {
        let reply = anna.request(method, path).send().await.refused(405, "METHOD_NOT_ALLOWED");
        let mut allow: Vec<_> = reply.header("allow").expect("Allow").split(", ").collect();
        allow.sort_unstable();
        known.sort_unstable();
        assert_eq!(allow, known, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_cannot_be_an_id_is_404() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    for path in ["/v1", "/v1/nowhere", "/api/nowhere", "/v2/jobs", "/v1/admin/nowhere"] {
        let status = anna.get(path).await.status;
        assert_eq!(status, 404, "{path}");
    }
    for path in ["/v1/jobs/7", "/v1/jobs/not-an-id/events", "/v1/ai/generations/%00", "/v1/cards/'", "/api/cards/7"] {
        anna.get(path).await.refused(404, "NOT_FOUND");
    }
    anna.post("/v1/jobs/7/cancel", json!({})).await.refused(404, "NOT_FOUND");
    anna.patch("/v1/ai/suggestions/x", json!({ "front": "y" })).await.refused(404, "NOT_FOUND");
    anna.delete("/v1/cards/x").await.refused(404, "NOT_FOUND");
    anna.post("/v1/tickets", json!({ "jobId": "7" })).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_make_is_not_acceptable() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();

    for accept in ["text/html", "application/json;q=0", "image/*, text/csv"] {
        let body = json!({ "source_text": source_text("unacceptable") });
        let call = anna.request(Method::POST, ROUTE).header("accept", accept).json(&body);
        call.send().await.refused(406, "NOT_ACCEPTABLE");
    }
    assert_eq!(Rows::of(&admin, anna.id).await, Rows::none());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_parameters_and_headers_are_named() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    let lists = ["/v1/jobs", "/v1/cards", "/v1/ai/generations", "/api/cards"];
    for list in lists {
        for limit in ["0", "-1", "251", "many", "1.5", "99999999999999999999"] {
            refused_at(&anna, &format!("{list}?limit={limit}"), &json!(["query", "limit"])).await;
        }
        for cursor in ["x", "!!", "AAAA", "%00", ""] {
            refused_at(&anna, &format!("{list}?cursor={cursor}"), &json!(["query", "cursor"])).await;
        }
    }
    // Well made, of a time that no store holds: 250,000 years ago, and in 250,000 years.
    anna.coffee_brand().await;
    let placements = format!("/v1/brands/{BRAND}/placements");
    for list in ["/v1/ai/generations", "/v1/calendars", "/v1/brands", "/v1/brands/brand_123/trends", &placements] {
        for time in ["kPpKYsTg", "bwW1nTsg"] {
            for tail in ["AAAAAAAAAAAAAAAAAAAAAAAA", "AABicmFuZF8x"] {
                refused_at(&anna, &format!("{list}?cursor={time}{tail}"), &json!(["query", "cursor"])).await;
            }
        }
    }
    refused_at(&anna, "/v1/jobs?kind=coffee.make", &json!(["query", "kind"])).await;
    refused_at(&anna, "/v1/jobs?status=dead", &json!(["query", "status"])).await;
    refused_at(&anna, "/v1/cards/export?format=xlsx", &json!(["query", "format"])).await;

    for key in ["k".repeat(256), String::new(), "two words".to_owned()] {
        let body = json!({ "source_text": source_text("bad-key") });
        let reply =
            anna.request(Method::POST, ROUTE).key(&key).json(&body).send().await.refused(400, "VALIDATION_FAILED");
        assert_eq!(reply.json()["error"]["details"][0]["loc"], json!(["header", "Idempotency-Key"]));
    }
    assert_eq!(Rows::of(&admin, anna.id).await, Rows::none());
    let body = json!({ "source_text": source_text("long-key") });
    anna.request(Method::POST, ROUTE).key(&"k".repeat(255)).json(&body).send().await.expect(202);
}

async fn refused_at(user: &User, path: &str, loc: &Value) {
    let reply = user.get(path).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(reply.json()["error"]["details"][0]["loc"], *loc, "{path}: {}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_in_a_log_is_a_number_inside_the_log() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let path = format!("/v1/jobs/{id}/events");
    let resume = |value: &str| anna.request(Method::GET, &path).header("last-event-id", value).send();

    for garbage in ["x", "-1", "1.5", "99999999999999999999"] {
        let reply = resume(garbage).await.refused(400, "VALIDATION_FAILED");
        assert_eq!(reply.json()["error"]["details"][0]["loc"], json!(["header", "Last-Event-ID"]));
    }
    anna.get(&format!("{path}?after=x")).await.refused(400, "VALIDATION_FAILED");
    resume("100000").await.refused(409, "SEQ_AHEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_nobody_asked_for_changes_nothing() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let (anna, eve) = (stack.user(), stack.user());
    let mut body = json!({ "source_text": source_text("assignment") });
    let extra = json!({
        "user_id": anna.id, "id": anna.id, "status": "succeeded", "role": "service_role", "epoch": 99, "cost_usd": 0,
        "lane": "vip", "tokens_input": 1, "__proto__": {}, "created_at": "2001-01-01T00:00:00Z",
    });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());

    let reply = eve.post(ROUTE, body).await;

    if reply.status != 202 {
        reply.refused(400, "VALIDATION_FAILED");
        assert_eq!(Rows::of(&admin, eve.id).await, Rows::none());
        return;
    }
    assert_eq!(Rows::of(&admin, anna.id).await, Rows::none());
    let id = reply.data()["generation_id"].as_str().unwrap().to_owned();
    let generation = eve.ended(&id).await;
    assert_ne!(generation["tokens_input"], 1);
    assert!(!generation["created_at"].as_str().unwrap().starts_with("2001"));
    for suggestion in eve.suggestions(&id).await {
        let path = format!("/v1/ai/suggestions/{}", suggestion["id"].as_str().unwrap());
        let patch = json!({ "front": "mine?", "status": "accepted", "user_id": anna.id });
        eve.patch(&path, patch).await.refused(400, "VALIDATION_FAILED");
    }
}
