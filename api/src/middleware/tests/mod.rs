//! The whole edge around a few endpoints, as a client sees it.

mod notes;

use bytes::Bytes;
use futures_util::StreamExt;
use poem::{Body, http::Method};
use serde_json::json;
use uuid::Uuid;

use self::notes::{Notes, door, door_with, token};
use super::*;

#[tokio::test]
async fn one_handler_answers_dressed_on_v1_and_bare_on_api() {
    let door = door();
    let note = json!({"text": "hello"}).to_string();

    let dressed = door.post("/v1/notes", note.clone()).await;
    let bare = door.post("/api/notes", note).await;

    assert_eq!((dressed.status, bare.status), (202, 202));
    assert_eq!((dressed.header("location"), bare.header("location")), ("/v1/notes/1", "/v1/notes/1"));
    let request_id = dressed.header("x-request-id");
    assert_eq!(dressed.json(), json!({"data": {"text": "hello"}, "error": null, "meta": {"requestId": request_id}}));
    assert_eq!(bare.text, r#"{"text":"hello"}"#);
    assert!(dressed.header("content-type").starts_with("application/json"));
}

#[tokio::test]
async fn what_is_no_reply_passes_the_envelope_untouched() {
    let door = door();
    let id = Uuid::nil();

    let degraded = door.get(&format!("/v1/notes/{id}")).await;
    let stored = door.get("/v1/replayed").await;
    let file = door.get("/v1/file").await;
    let gone = door.call(Method::DELETE, &format!("/v1/notes/{id}"), &[], ()).await;

    assert_eq!(degraded.json()["meta"]["degraded"], json!(["live"]));
    assert!(stored.text.starts_with(r#"{"data":{"text":  "as it was"},"#), "{}", stored.text);
    assert_eq!(door.get("/api/replayed").await.text, r#"{"text":  "as it was"}"#);
    assert_eq!(file.text, "a,b");
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
}

#[tokio::test]
async fn a_stream_passes_the_edge_with_its_own_headers_and_its_marker() {
    let answer = door().get("/v1/follow").await;

    assert!(answer.streams);
    assert_eq!(answer.text, "data: x\n\ndata: x\n\n");
    assert_eq!(answer.header("cache-control"), "no-cache, no-transform");
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn an_answer_that_is_whole_is_not_written_over() {
    let answer = door().get("/v1/teapot").await;

    assert_eq!((answer.status, answer.text.as_str()), (418, "short and stout"));
}

#[tokio::test]
async fn every_refusal_has_the_envelope_on_both_mounts() {
    let door = door();
    let id = Uuid::nil();
    let cases = [
        (Method::GET, "/nowhere".to_owned(), 404, "NOT_FOUND"),
        (Method::GET, "/notes/not-an-id".to_owned(), 404, "NOT_FOUND"),
        (Method::GET, format!("/notes/{id}?limit=0"), 400, "VALIDATION_FAILED"),
        (Method::GET, format!("/notes/{id}?limit=x"), 400, "VALIDATION_FAILED"),
        (Method::PUT, "/notes".to_owned(), 405, "METHOD_NOT_ALLOWED"),
        (Method::POST, "/notes".to_owned(), 401, "UNAUTHENTICATED"),
        (Method::GET, "/refused/running".to_owned(), 409, "ACTIVE_GENERATION"),
        (Method::GET, "/refused/limited".to_owned(), 429, "RATE_LIMITED"),
        (Method::GET, "/refused/rule".to_owned(), 422, "MODEL_NOT_ALLOWED"),
        (Method::GET, "/refused/store".to_owned(), 503, "UNAVAILABLE"),
        (Method::GET, "/refused/panic".to_owned(), 500, "INTERNAL"),
        (Method::GET, "/refused/else".to_owned(), 500, "INTERNAL"),
    ];

    for (method, path, status, code) in cases {
        for mount in ["/v1", "/api"] {
            let answer = door.call(method.clone(), &format!("{mount}{path}"), &[], ()).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{method} {mount}{path}");
            assert!(!answer.text.contains("hunter2"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_refusal_says_where_and_when_to_try_again() {
    let door = door();
    let id = Uuid::nil();

    let limit = door.get(&format!("/v1/notes/{id}?limit=0")).await.json();
    let method = door.call(Method::PUT, &format!("/v1/notes/{id}"), &[], ()).await;
    let limited = door.get("/v1/refused/limited").await;
    let running = door.get("/v1/refused/running").await.json();

    assert_eq!(limit["error"]["details"][0]["loc"], json!(["query", "limit"]));
    assert_eq!(limit["error"]["retryable"], json!(false));
    assert_eq!(method.header("allow"), "GET, DELETE");
    assert_eq!(limited.header("retry-after"), "7");
    assert_eq!(limited.json()["error"]["retryAfterSeconds"], 7);
    assert_eq!(limited.json()["error"]["retryable"], json!(true));
    assert_eq!(running["error"]["active"]["kind"], "calendar.generate");
    assert_eq!(running["error"]["active"]["urls"]["events"], format!("/v1/jobs/{id}/events"));
}

#[tokio::test]
async fn bodies_are_judged_after_the_token_and_by_the_letter() {
    let door = door();
    let unsigned = door.call(Method::POST, "/v1/notes", &[("content-type", "application/json")], "{").await;
    assert_eq!(unsigned.code(), "UNAUTHENTICATED");
    let cases = [
        ("{", 400, "MALFORMED_JSON"),
        ("", 400, "MALFORMED_JSON"),
        ("{}", 400, "VALIDATION_FAILED"),
        (r#"{"text": 5}"#, 400, "VALIDATION_FAILED"),
        (r#"{"text": ""}"#, 400, "VALIDATION_FAILED"),
        (r#"{"text": "12345678901"}"#, 400, "VALIDATION_FAILED"),
        (r#"{"text": "\u0000"}"#, 400, "MALFORMED_TEXT"),
    ];

    for (body, status, code) in cases {
        let answer = door.post("/v1/notes", body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
    }
    let details = door.post("/v1/notes", r#"{"text": 5}"#).await.json()["error"]["details"].clone();
    assert_eq!((&details[0]["loc"], &details[0]["type"]), (&json!(["body", "text"]), &json!("type")));
}

#[tokio::test]
async fn only_json_is_read_and_an_optional_body_may_be_missing() {
    let door = door();
    let bearer = format!("Bearer {}", token());
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
        let answer = door.call(Method::POST, "/v1/notes", &headers, r#"{"text": "a"}"#).await;
        assert_eq!((answer.status, answer.code().as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"), "{content_type}");
    }

    assert_eq!(door.call(Method::POST, "/api/optional", &[], ()).await.text, "false");
    assert_eq!(door.post("/api/optional", r#"{"text": "a"}"#).await.text, "true");
    assert_eq!(door.post("/api/optional", "{}").await.status, 400);
}

#[tokio::test]
async fn a_body_is_bounded_by_its_declaration_and_while_it_is_read() {
    let door = door_with(1_000, BodyLimits { bytes: 100, ..BodyLimits::default() });
    let text = json!({"text": "x".repeat(200)}).to_string();
    let bearer = format!("Bearer {}", token());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("content-length", "214")];

    let declared = door.call(Method::POST, "/v1/notes", &headers, text.clone()).await;
    let chunks = text
        .into_bytes()
        .chunks(10)
        .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
        .collect::<Vec<_>>();
    let chunked = door.post("/v1/notes", Body::from_bytes_stream(futures_util::stream::iter(chunks))).await;

    assert_eq!((declared.status, declared.code().as_str()), (413, "BODY_TOO_LARGE"));
    assert_eq!((chunked.status, chunked.code().as_str()), (413, "BODY_TOO_LARGE"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_in_time_is_given_up() {
    let door = door();
    let half = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
    let never = half.chain(futures_util::stream::pending());
    let started = tokio::time::Instant::now();

    let answer = door.post("/v1/notes", Body::from_bytes_stream(never)).await;

    assert_eq!((answer.status, answer.code().as_str()), (408, "BODY_TIMEOUT"));
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_request_id_is_kept_when_fit_and_made_when_not() {
    let door = door();
    let long = "x".repeat(129);
    for (given, kept) in [("abc-1", true), ("", false), (long.as_str(), false), ("a b", false)] {
        let answer = door.call(Method::GET, "/v1/nowhere", &[("x-request-id", given)], ()).await;
        assert_eq!(answer.header("x-request-id") == given, kept, "{given}");
        assert!(!answer.header("x-request-id").is_empty());
        answer.code();
    }
}

#[tokio::test]
async fn only_exact_origins_are_let_in() {
    let door = door();
    let preflight = [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
    let with_origin = |origin| [[("origin", origin)].as_slice(), &preflight].concat();

    let ours = door.call(Method::OPTIONS, "/v1/notes", &with_origin("https://app.example"), ()).await;
    assert_eq!(ours.status, 204);
    assert_eq!(ours.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(ours.header("access-control-allow-credentials"), "true");
    assert!(ours.header("access-control-allow-headers").contains("x-requested-with"));
    for origin in ["https://app.example.evil", "http://app.example", "https://APP.example", "null"] {
        let theirs = door.call(Method::OPTIONS, "/v1/notes", &with_origin(origin), ()).await;
        assert_eq!(theirs.header("access-control-allow-origin"), "", "{origin}");
    }
    let plain = door.call(Method::GET, "/v1/file", &[("origin", "https://app.example")], ()).await;
    assert_eq!((plain.header("access-control-allow-origin"), plain.header("vary")), ("https://app.example", "Origin"));
    assert!(plain.header("access-control-expose-headers").contains("x-request-id"));
    assert_eq!(door.get("/v1/file").await.header("vary"), "Origin");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let door = door();
    let plain = door.get("/v1/nowhere").await;
    let tls = door.call(Method::GET, "/v1/nowhere", &[("x-forwarded-proto", "https")], ()).await;

    assert_eq!((plain.header("x-content-type-options"), plain.header("cache-control")), ("nosniff", "no-store"));
    assert_eq!(plain.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(plain.header("referrer-policy"), "no-referrer");
    assert_eq!((plain.header("strict-transport-security"), plain.header("server")), ("", ""));
    assert_eq!(tls.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn strangers_share_a_bucket_per_address_and_callers_do_not() {
    let door = door_with(2, BodyLimits::default());
    let from = |address| [("x-forwarded-for", address)];
    let ask = async |address| door.call(Method::GET, "/v1/file", &from(address), ()).await;

    assert_eq!((ask("198.51.100.1").await.status, ask("198.51.100.1").await.status), (200, 200));
    let limited = ask("198.51.100.1").await;

    assert_eq!((limited.status, limited.code().as_str()), (429, "RATE_LIMITED"));
    assert_eq!(limited.header("ratelimit-policy"), "\"anonymous\";q=2;w=60");
    assert!(limited.header("ratelimit").starts_with("\"anonymous\";r=0;t="), "{}", limited.header("ratelimit"));
    assert!(!limited.header("retry-after").is_empty());
    assert_eq!(ask("198.51.100.2").await.status, 200);
    // What a client writes to the left of its proxy's entry changes nothing.
    assert_eq!(ask("203.0.113.5, 198.51.100.1").await.status, 429);
    let bearer = format!("Bearer {}", token());
    let known = [("authorization", bearer.as_str()), ("x-forwarded-for", "198.51.100.1")];
    assert_eq!(door.call(Method::GET, "/v1/file", &known, ()).await.status, 200);
    assert_eq!(door.call(Method::GET, "/healthz", &from("198.51.100.1"), ()).await.status, 200);
}

#[tokio::test]
async fn metrics_see_patterns_instead_of_paths() {
    let door = door();
    let id = Uuid::now_v7();

    door.get(&format!("/v1/notes/{id}")).await;
    door.get("/v1/refused/store").await;
    door.get(&format!("/{id}")).await;
    door.call(Method::from_bytes(b"BREW").unwrap(), "/v1/file", &[], ()).await;

    let seen = door.seen.lock().unwrap().clone();
    let routes = ["GET /v1/notes/:param0", "GET /v1/refused/:param0", "GET unmatched", "OTHER /v1/file"];
    assert_eq!(seen.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>(), routes);
    assert_eq!(seen.iter().map(|(_, status)| *status).collect::<Vec<_>>(), [200, 503, 404, 405]);
}

#[test]
fn the_document_names_envelopes_refusals_and_both_ways_in() {
    let document = crate::openapi::document::<Notes>().unwrap();
    let submit = &document["paths"]["/notes"]["post"];

    let statuses: Vec<_> = submit["responses"].as_object().unwrap().keys().cloned().collect();
    let expected = ["202", "400", "401", "403", "408", "413", "415", "429", "431", "500", "503"];
    assert_eq!(statuses, expected);
    let schema = |status: &str, kind: &str| submit["responses"][status]["content"][kind]["schema"].clone();
    assert_eq!(submit["responses"]["400"], json!({"$ref": "#/components/responses/BadRequest"}));
    let refusal = &document["components"]["responses"]["BadRequest"]["content"]["application/json"]["schema"];
    assert_eq!(*refusal, json!({"$ref": "#/components/schemas/ErrorEnvelope"}));
    let success = schema("202", "application/json");
    assert_eq!(success["properties"]["data"], json!({"$ref": "#/components/schemas/Note"}));
    assert_eq!(submit["security"], json!([{"bearer": []}, {"session": []}]));
    assert_eq!(document["components"]["securitySchemes"]["session"]["name"], "almanac_session");
    assert_eq!(
        submit["requestBody"]["content"]["application/json"]["schema"],
        json!({"$ref": "#/components/schemas/Note"})
    );
}
