//! What every answer has in common: mounts, envelope, request ids, headers, CORS, the OpenAPI document.

use std::time::Duration;

use almanac_tests::{Stack, services::ADMIN, stack::ORIGIN, world::source_text};
use http::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn one_handler_answers_enveloped_on_v1_and_bare_on_the_documents_paths() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let path = format!("ai/generations/{id}");

    let enveloped = anna.get(&format!("/v1/{path}")).await.expect(200);
    let bare = anna.get(&format!("/api/{path}")).await.expect(200);
    let bare_v1 = anna.get(&format!("/api/v1/{path}")).await.expect(200);

    let names: Vec<_> = enveloped.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["data", "error", "meta"]);
    assert_eq!(enveloped.json()["error"], Value::Null);
    assert_eq!(enveloped.json()["meta"]["requestId"], enveloped.header("x-request-id").unwrap());
    assert_eq!(enveloped.data(), bare.json());
    assert_eq!(bare.body, bare_v1.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_generation_says_two_things_to_the_documents_clients_and_more_on_v1() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    for mount in ["/api", "/api/v1"] {
        let body = json!({ "source_text": source_text("two-fields") });
        let accepted = anna.post(&format!("{mount}/ai/generations"), body).await.expect(202);
        let said = accepted.json();
        assert_eq!(said.as_object().unwrap().len(), 2, "{said}");
        assert_eq!(said["status"], "pending");
        let id = said["generation_id"].as_str().unwrap().parse::<Uuid>().expect("a UUID");
        assert_eq!(accepted.header("location"), Some(format!("/v1/jobs/{id}").as_str()));
        assert!(accepted.header("content-type").unwrap().starts_with("application/json"));
    }
    let accepted = anna.submit(&source_text("two-fields")).await.expect(202);
    let data = accepted.data();
    let id = data["generation_id"].as_str().unwrap();
    assert_eq!(accepted.header("location"), Some(format!("/v1/jobs/{id}").as_str()));
    assert_eq!(
        data["urls"],
        json!({
            "self": format!("/v1/ai/generations/{id}"),
            "events": format!("/v1/jobs/{id}/events"),
            "cancel": format!("/v1/jobs/{id}/cancel"),
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_the_same_envelope_on_every_mount() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    for mount in ["/v1", "/api", "/api/v1"] {
        let reply = anna.get(&format!("{mount}/ai/generations/{}", Uuid::new_v4())).await.refused(404, "NOT_FOUND");
        let body = reply.json();
        assert_eq!(body["data"], Value::Null);
        assert_eq!(body["meta"]["requestId"], reply.header("x-request-id").unwrap());
        assert_eq!(body["error"]["retryable"], false);
        assert!(body["error"]["message"].is_string() && body["error"]["details"].is_array(), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_kept_when_fit_made_when_not_and_stands_in_the_log() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let given = format!("req-{}-{}", Uuid::new_v4(), "x".repeat(87));
    assert_eq!(given.len(), 128);
    let ask =
        async |id: &str| anna.request(Method::GET, "/v1/jobs").header("x-request-id", id).send().await.expect(200);

    let kept = ask(&given).await;
    assert_eq!(kept.header("x-request-id"), Some(given.as_str()));
    assert_eq!(kept.json()["meta"]["requestId"], given.as_str());

    for unfit in ["y".repeat(129), "two words".to_owned(), "t\tab".to_owned()] {
        let made = ask(&unfit).await;
        let id = made.header("x-request-id").expect("one is made");
        assert_ne!(id, unfit);
        assert!((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
    }
    let made = anna.get("/v1/jobs").await;
    assert!(made.header("x-request-id").is_some_and(|id| !id.is_empty()));
    let line = stack.api(0).log().lines().find(|line| line.contains(&given)).map(str::to_owned);
    let line: Value = serde_json::from_str(&line.expect("the access line")).expect("JSON");
    for name in ["requestId", "userId", "channel", "calendarId", "runId", "status"] {
        assert!(line.get(name).is_some(), "{name} is missing in {line}");
    }
    assert_eq!(line["userId"], anna.id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_its_security_headers_and_no_servers_name() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    for path in ["/v1/jobs", "/v1/nowhere", "/healthz", "/api/cards", "/v1/cards/export?format=csv"] {
        let reply = anna.get(path).await;
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(
            reply.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert!(reply.header("vary").unwrap_or_default().contains("Origin"), "{path}");
        assert_eq!(reply.header("server"), None, "{path}");
        assert_eq!(reply.header("strict-transport-security"), None, "{path}: plain HTTP promises no TLS");
    }
    let page = anna.get("/docs").await;
    let policy = page.header("content-security-policy").unwrap_or_default().to_owned();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("connect-src 'self'"), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_exact_origin_may_call_from_a_browser() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let ask = async |origin: &str| anna.request(Method::GET, "/v1/jobs").header("origin", origin).send().await;
    let preflight = async |origin: &str| {
        let request = anna.anonymous().request(Method::OPTIONS, "/v1/ai/generations").header("origin", origin);
        request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,idempotency-key")
            .send()
            .await
            .expect(204)
    };

    let ours = ask(ORIGIN).await.expect(200);
    assert_eq!(ours.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(ours.header("access-control-allow-credentials"), Some("true"));
    let exposed = ours.header("access-control-expose-headers").expect("headers a script may read").to_lowercase();
    assert!(["x-request-id", "x-error-code", "ratelimit", "location"].iter().all(|name| exposed.contains(name)));
    let asked = preflight(ORIGIN).await;
    assert_eq!(asked.header("access-control-allow-origin"), Some(ORIGIN));
    assert!(asked.header("access-control-allow-methods").unwrap().contains("POST"));
    let taken = asked.header("access-control-allow-headers").unwrap();
    assert!(
        ["idempotency-key", "if-match", "if-none-match", "x-expected-user"].iter().all(|name| taken.contains(name))
    );

    let near_misses = [
        "https://app.example.test:443",
        "http://app.example.test",
        "https://app.example.test.evil.test",
        "https://evil-app.example.test",
        "https://APP.example.test",
        "null",
        "*",
    ];
    for origin in near_misses {
        for reply in [ask(origin).await, preflight(origin).await] {
            assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(reply.header("access-control-allow-credentials"), None, "{origin}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_can_be_read_by_a_script_of_our_origin() {
    let stack = Stack::shared().await;

    let request = stack.user().anonymous().request(Method::GET, "/v1/jobs").header("origin", ORIGIN);
    let refused = request.send().await.refused(401, "UNAUTHENTICATED");

    assert_eq!(refused.header("access-control-allow-origin"), Some(ORIGIN));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_served_and_every_operation_in_it_wants_a_token() {
    let stack = Stack::shared().await;
    let nobody = stack.user().anonymous();

    let description = nobody.get("/v1/openapi.json").await.expect(200).json();
    let page = nobody.get("/docs").await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "a page for people");

    let (mut tested, mut open) = (0, Vec::new());
    for (method, path) in operations(&description) {
        let reply = nobody.request(method.parse().unwrap(), &format!("/v1{}", filled(&path))).send().await;
        match reply.status {
            401 if reply.error_code() == "UNAUTHENTICATED" => tested += 1,
            _ => open.push(format!("{method} {path}")),
        }
    }
    assert!(tested >= 15, "only {tested} operations are described");
    // A mail's recipient has no token, and a webhook is proved by its signature.
    assert_eq!(open, OPEN, "routes that need no token");
}

/// Operations that look at no token.
const OPEN: [&str; 4] =
    ["GET /unsubscribe/{token}", "GET /version", "POST /unsubscribe/{token}", "POST /webhooks/resend"];

/// Method and path of every operation of the description, sorted.
fn operations(description: &Value) -> Vec<(String, String)> {
    let paths = description["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().expect("operations").keys().filter(|name| is_method(name));
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_a_bad_token_before_it_looks_at_the_body() {
    let stack = Stack::shared().await;
    let stranger = stack.user().with_token("not.a.token");

    let description = stranger.anonymous().get("/v1/openapi.json").await.json();
    let wants_token = |(method, path): &(String, String)| !OPEN.contains(&format!("{method} {path}").as_str());
    for (method, path) in operations(&description).into_iter().filter(wants_token) {
        for mount in ["/v1", "/api", "/api/v1"] {
            let call = stranger.request(method.parse().unwrap(), &format!("{mount}{}", filled(&path)));
            call.body("application/json", "{ no json").send().await.refused(401, "UNAUTHENTICATED");
        }
    }
}

fn is_method(name: &str) -> bool {
    ["get", "post", "put", "patch", "delete"].contains(&name)
}

/// A path of the description with an id in each of its holes.
fn filled(path: &str) -> String {
    let id = Uuid::new_v4().to_string();
    path.split('/').map(|part| if part.starts_with('{') { id.as_str() } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_house_says_that_it_lives_is_ready_and_what_it_is() {
    let stack = Stack::shared().await;
    let nobody = stack.user().anonymous();

    nobody.get("/healthz").await.expect(200);
    let ready = nobody.get("/readyz").await.expect(200).json();
    assert_eq!((&ready["postgres"], &ready["redis"]), (&json!("up"), &json!("up")));
    assert_eq!(nobody.get("/v1/version").await.expect(200).data()["name"], "almanac");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_not_served_on_the_port_of_the_api() {
    let stack = Stack::shared().await;

    for metrics in [stack.api(0).metrics().await, stack.worker(0).metrics().await] {
        assert!(metrics.contains("# TYPE "), "Prometheus text: {metrics}");
    }
    for path in ["/metrics", "/metrics/", "/v1/metrics", "/api/metrics"] {
        stack.user().get(path).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_declares_its_security() {
    let stack = Stack::shared().await;
    let description = stack.user().get("/v1/openapi.json").await.expect(200).json();
    let mut without = Vec::new();
    for (method, path) in operations(&description) {
        let operation = &description["paths"][&path][method.to_lowercase()];
        if operation["security"].as_array().is_none_or(Vec::is_empty) {
            without.push(format!("{method} {path}"));
        }
    }

    let mut expected = [&["DELETE /session"], &OPEN[..]].concat();
    expected.sort_unstable();
    assert_eq!(without, expected);
    let events = &description["paths"]["/jobs/{id}/events"]["get"]["security"];
    assert_eq!(*events, json!([{ "bearer": [] }, { "session": [] }, { "ticket": [] }]));
    let ticket = &description["components"]["securitySchemes"]["ticket"];
    assert_eq!((&ticket["in"], &ticket["name"]), (&json!("query"), &json!("ticket")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_leads_to_the_documentation_and_a_front_end_learns_which_features_are_on() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    let root = anna.anonymous().get("/").await.expect(302);
    assert_eq!(root.header("location"), Some("/docs"));
    anna.anonymous().get("/v1/flags").await.refused(401, "UNAUTHENTICATED");
    let flags = anna.get("/v1/flags").await.expect(200).data();
    let [calendar, publishing] =
        ["CALENDAR_SERVICE_ENABLED", "PUBLISH_SERVICE_ENABLED"].map(|name| flags[name].as_bool());
    assert_eq!((calendar, publishing), (Some(true), Some(true)), "{flags}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_answered_304_to_a_current_etag() {
    let stack = Stack::shared().await;
    let nobody = stack.user().anonymous();

    for path in ["/v1/openapi.json", "/docs"] {
        let first = nobody.get(path).await.expect(200);
        let tag = first.header("etag").expect("ETag").to_owned();
        let ask = |tags: &str| nobody.request(Method::GET, path).header("if-none-match", tags).send();
        for tags in [tag.clone(), format!("W/{tag}"), format!("\"old\", {tag}"), "*".to_owned()] {
            let again = ask(&tags).await.expect(304);
            assert_eq!((again.body.len(), again.header("etag")), (0, Some(tag.as_str())), "{tags}");
        }
        let other = ask("\"old\"").await.expect(200);
        assert_eq!((&other.body, other.header("cache-control")), (&first.body, Some("no-cache")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hsts_is_promised_only_where_a_trusted_proxy_speaks_tls_for_us() {
    let stack = Stack::builder().workers(0).api_env("TRUSTED_PROXIES", "127.0.0.0/8").start().await;

    let call = stack.user().request(Method::GET, "/v1/jobs").header("x-forwarded-proto", "https");
    let reply = call.send().await.expect(200);

    assert!(reply.header("strict-transport-security").is_some_and(|value| value.contains("max-age=")));
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_process_starts_under_a_login_that_looks_past_row_security() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let name = format!("bypasser_{}", Uuid::new_v4().simple());
    let make = format!("CREATE ROLE {name} LOGIN BYPASSRLS; GRANT USAGE ON SCHEMA almanac TO {name}");
    sqlx::raw_sql(AssertSqlSafe(make)).execute(&admin).await.unwrap();

    for role in [ADMIN, "almanac_owner", name.as_str()] {
        for node in [stack.api(0), stack.worker(0)] {
            if node.is_running() {
                node.kill().await;
            }
            node.set("DATABASE_URL", &stack.services.postgres.url(role, &stack.database));
            node.launch();
            let status = node.wait_exit(Duration::from_secs(45)).await;
            assert!(!status.success(), "{} started as {role}", node.name);
            assert!(node.log().contains("refusing to start"), "{}", node.log());
        }
    }
    let drop = format!("DROP OWNED BY {name}; DROP ROLE {name}");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&admin).await.unwrap();
}
