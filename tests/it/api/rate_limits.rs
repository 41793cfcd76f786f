//! Rate limits: five generations in five minutes per user, and the limit per address without a token.

use almanac_tests::{
    Reply, Stack, User,
    actor::{calendar::calendar_order, stream::Encoding, token},
    rows::Rows,
    world::source_text,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use uuid::Uuid;

fn left(reply: &Reply) -> (u32, u32) {
    let value = reply.header("ratelimit").unwrap_or_else(|| panic!("no RateLimit: {:?}", reply.headers));
    let rest = value.strip_prefix("\"generation\";r=").unwrap_or_else(|| panic!("{value}"));
    let (remaining, reset) = rest.split_once(";t=").unwrap_or_else(|| panic!("{value}"));
    (remaining.parse().unwrap(), reset.parse().unwrap())
}

async fn fill(user: &User) {
    for _ in 0..5 {
        user.submit(&source_text("fill")).await.expect(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_generation_is_refused_and_says_when_to_come_back() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let (anna, bob) = (stack.user(), stack.user());

    for n in 0..5 {
        let reply = anna.submit(&source_text("five")).await.expect(202);
        assert_eq!(reply.header("ratelimit-policy"), Some("\"generation\";q=5;w=300"));
        let (remaining, reset) = left(&reply);
        assert_eq!(remaining, 4 - n);
        assert!((1..=300).contains(&reset), "{reset}");
    }
    let before = Rows::of(&admin, anna.id).await;
    let refused = anna.submit(&source_text("six")).await.refused(429, "RATE_LIMITED");

    let wait: u32 = refused.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((250..=300).contains(&wait), "{wait}");
    assert_eq!(left(&refused).0, 0);
    assert_eq!(refused.header("ratelimit-policy"), Some("\"generation\";q=5;w=300"));
    let error = refused.json()["error"].clone();
    assert_eq!((&error["retryable"], &error["retryAfterSeconds"]), (&json!(true), &json!(wait)));
    let after = Rows::of(&admin, anna.id).await;
    assert_eq!(
        (after.jobs, after.generations, after.submissions),
        (before.jobs, before.generations, before.submissions)
    );
    bob.submit(&source_text("five")).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_header_or_second_token_is_a_way_around() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    fill(&anna).await;
    let body = json!({ "source_text": source_text("around") });
    let mut other = token::claims(anna.id);
    other["session_id"] = json!(Uuid::new_v4());
    other["exp"] = json!(token::now() + 7_200);
    let people =
        [anna.clone(), anna.with_token(token::hs256(&other)), anna.with_token(token::TestKey::Rs.sign(&other))];

    for user in &people {
        for path in ["/v1/ai/generations", "/api/ai/generations", "/api/v1/ai/generations", "/v1/ai/generations?x=1"] {
            let call = user
                .request(Method::POST, path)
                .header("x-forwarded-for", "203.0.113.7")
                .header("forwarded", "for=1.2.3.4");
            call.key(&Uuid::new_v4().to_string()).json(&body).send().await.refused(429, "RATE_LIMITED");
        }
        for path in [
            "/v1/ai/generations/",
            "/v1//ai/generations",
            "//v1/ai/generations",
            "/V1/ai/generations",
            "/v1/ai/%67enerations",
        ] {
            let status = user.post(path, body.clone()).await.status;
            assert!(matches!(status, 404 | 405 | 429), "{path}: {status}");
        }
    }
    assert_eq!(Rows::of(&stack.admin().await, anna.id).await.jobs, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_at_once_are_five_generations() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let text = source_text("twenty");

    let replies = join_all((0..20).map(|_| anna.submit(&text))).await;

    let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((count(202), count(429)), (5, 15));
    let mut remaining: Vec<_> = replies.iter().filter(|reply| reply.status == 202).map(|reply| left(reply).0).collect();
    remaining.sort_unstable();
    assert_eq!(remaining, [0, 1, 2, 3, 4], "each accepted request saw its own place");
    assert_eq!(Rows::of(&stack.admin().await, anna.id).await.jobs, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_flushed_redis_nor_a_second_process_nor_a_restart_forgets() {
    let stack = Stack::builder().apis(2).start().await;
    let anna = stack.user();
    let second = anna.at(stack.api(1).address());
    let here_and_there = [&anna, &second, &anna, &second, &anna];

    for user in here_and_there {
        user.submit(&source_text("everywhere")).await.expect(202);
    }
    second.submit(&source_text("everywhere")).await.refused(429, "RATE_LIMITED");
    stack.services.redis.flush_all().await;
    for user in [&anna, &second] {
        user.submit(&source_text("everywhere")).await.refused(429, "RATE_LIMITED");
    }
    stack.api(0).restart().await;
    anna.submit(&source_text("everywhere")).await.refused(429, "RATE_LIMITED");

    let bob = stack.user();
    let there = bob.at(stack.api(1).address());
    let text = source_text("race");
    let replies = join_all((0..16).map(|n| if n % 2 == 0 { bob.submit(&text) } else { there.submit(&text) })).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 202).count(), 5, "two processes share one limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_slides() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let anna = stack.user();
    let age = async |seconds: i32, n: i64| {
        let sql = "UPDATE almanac.submissions SET at = at - make_interval(secs => $2) WHERE user_id = $1 AND n <= $3";
        sqlx::query(sql).bind(anna.id).bind(f64::from(seconds)).bind(n).execute(&admin).await.unwrap();
    };
    fill(&anna).await;

    age(280, 2).await;
    let refused = anna.submit(&source_text("slides")).await.refused(429, "RATE_LIMITED");
    let wait = left(&refused).1;
    assert!((1..=20).contains(&wait), "the oldest leaves in 20 s, not {wait}");
    age(21, 2).await;
    assert_eq!(left(&anna.submit(&source_text("slides")).await.expect(202)).0, 1);
    assert_eq!(left(&anna.submit(&source_text("slides")).await.expect(202)).0, 0);
    anna.submit(&source_text("slides")).await.refused(429, "RATE_LIMITED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_accepted_costs_nothing() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let post = |body: serde_json::Value| anna.post("/v1/ai/generations", body);

    let key = |key: &str, text: &str| {
        anna.request(Method::POST, "/v1/ai/generations").key(key).json(&json!({ "source_text": source_text(text) }))
    };
    assert_eq!(left(&key("k", "one").send().await.expect(202)).0, 4);
    for _ in 0..6 {
        let refusals = [
            post(json!({ "source_text": "short" })).await.expect(400),
            post(json!({ "source_text": source_text("x"), "model": "none" })).await.expect(422),
            key("k", "two").send().await.refused(422, "IDEMPOTENCY_KEY_REUSED"),
        ];
        assert_eq!(refusals.map(|refusal| left(&refusal).0), [4; 3], "and says what is left");
        anna.anonymous().submit(&source_text("x")).await.expect(401);
        anna.get("/v1/ai/generations/7").await.expect(404);
        key("k", "one").send().await.expect(202);
    }
    assert_eq!(left(&anna.submit(&source_text("next")).await.expect(202)).0, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_every_limited_route_have_the_state_of_its_limit() {
    let stack = Stack::builder().workers(0).api_env("CALENDAR_RATE", "3/60").start().await;
    let anna = stack.user();
    let order = |changes: serde_json::Value| calendar_order(&changes);
    let post = anna.request(Method::POST, "/v1/ai/calendar").header("accept", "application/json");
    let waiting = post.json(&order(json!({}))).send().await.expect(202);
    let named = |reply: &Reply| {
        let value = |name| reply.header(name).unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
        (value("ratelimit-policy"), value("ratelimit"))
    };
    let week = |brand: &str| json!({ "brandProfileId": brand, "weekStart": "2026-01-26", "timezone": "UTC", "placements": [] });

    let cancel = waiting.data()["urls"]["cancel"].as_str().unwrap().to_owned();
    let active = anna.post("/v1/ai/calendar", order(json!({}))).await.refused(409, "ACTIVE_GENERATION");
    anna.post(&cancel, json!({})).await.expect(202);
    let calendar = [
        active,
        anna.post("/v1/ai/calendar", order(json!({ "cadence": "hourly" }))).await.expect(400),
        anna.post("/api/ai/calendar", order(json!({ "end": "2001-01-01" }))).await.expect(422),
        anna.post("/v1/ai/calendar", order(json!({ "calendarId": Uuid::new_v4() }))).await.expect(404),
    ];
    let organic = [
        anna.post("/v1/organic/generate-calendar", json!({})).await.expect(400),
        anna.post("/generate-calendar", week("brand")).await.expect(422),
    ];

    assert_eq!(
        calendar.each_ref().map(named),
        [(); 4].map(|()| ("\"calendar\"".to_owned(), "\"calendar\"".to_owned()))
    );
    assert_eq!(calendar.each_ref().map(|reply| calendars_left(&reply.headers)), [2; 4]);
    assert_eq!(organic.each_ref().map(named), [(); 2].map(|()| ("\"organic\"".to_owned(), "\"organic\"".to_owned())));
    let unlimited = anna.post("/v1/brands", json!({})).await.expect(400);
    assert_eq!(named(&unlimited), Default::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_answered_even_when_nothing_is_left() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("exhausted") });
    let call = || anna.request(Method::POST, "/v1/ai/generations").key("first").json(&body).send();
    let first = call().await.expect(202);
    for _ in 0..4 {
        anna.submit(&source_text("exhausted")).await.expect(202);
    }
    anna.submit(&source_text("exhausted")).await.refused(429, "RATE_LIMITED");

    let again = call().await.expect(202);

    assert_eq!(again.data()["generation_id"], first.data()["generation_id"]);
    assert_eq!(left(&again).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sets_the_rate_and_sees_the_refusals_counted() {
    let stack = Stack::builder().workers(0).api_env("GENERATION_RATE", "2/60").start().await;
    let anna = stack.user();

    anna.submit(&source_text("two")).await.expect(202);
    let second = anna.submit(&source_text("two")).await.expect(202);
    assert_eq!(second.header("ratelimit-policy"), Some("\"generation\";q=2;w=60"));
    anna.submit(&source_text("two")).await.refused(429, "RATE_LIMITED");

    let metrics = stack.api(0).metrics().await;
    let counted = metrics.lines().any(|line| line.starts_with("almanac_rate_limited_total{") && line.ends_with(" 1"));
    assert!(counted, "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_without_a_token_share_a_bucket_per_address_and_people_do_not() {
    let stack = Stack::builder().workers(0).api_env("ANONYMOUS_RATE", "3/60").start().await;
    let anna = stack.user();
    let nobody = anna.anonymous();

    // A path that ends like the description's is a path like any other.
    for (n, path) in ["/v1/jobs", "/v1/jobs/openapi.json", "/api/brands/openapi.json"].into_iter().enumerate() {
        let forwarded = format!("203.0.113.{n}");
        let call = nobody.request(Method::GET, path).header("x-forwarded-for", &forwarded);
        call.send().await.refused(401, "UNAUTHENTICATED");
    }
    for user in [&nobody, &anna.with_token("not.a.token")] {
        let refused = user.request(Method::GET, "/v1/jobs").header("x-forwarded-for", "198.51.100.1").send().await;
        let refused = refused.refused(429, "RATE_LIMITED");
        assert_eq!(refused.header("ratelimit-policy"), Some("\"anonymous\";q=3;w=60"));
        assert!(refused.header("retry-after").is_some());
    }
    anna.get("/v1/jobs").await.expect(200);
    nobody.get("/healthz").await.expect(200);
    for document in ["/v1/openapi.json", "/docs"] {
        nobody.get(document).await.refused(429, "RATE_LIMITED");
        anna.get(document).await.expect(200);
    }
}

/// Remaining calendars by the `RateLimit` header.
fn calendars_left(headers: &http::HeaderMap) -> u32 {
    assert_eq!(headers["ratelimit-policy"], "\"calendar\";q=3;w=60");
    let value = headers["ratelimit"].to_str().unwrap();
    let rest = value.strip_prefix("\"calendar\";r=").unwrap_or_else(|| panic!("{value}"));
    rest.split_once(";t=").unwrap_or_else(|| panic!("{value}")).0.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_count_in_the_limit_of_their_family() {
    let off = [("CALENDAR_SERVICE_ENABLED", "false"), ("CALENDAR_RATE", "3/60")];
    let builder = off.iter().fold(Stack::builder().workers(0), |builder, (name, value)| builder.api_env(name, value));
    let stack = builder.start().await;
    let (anna, ben) = (stack.user(), stack.user());
    let order = calendar_order(&json!({}));
    let ask = |user: &User| user.request(Method::POST, "/v1/ai/calendar").json(&order);

    for wrong in [json!({ "cadence": "hourly" }), json!({ "end": "2001-01-01" })] {
        let status = anna.post("/v1/ai/calendar", calendar_order(&wrong)).await.status;
        assert!(matches!(status, 400 | 422), "{wrong}: {status}");
    }
    let json = ask(&anna).header("accept", "application/json").send().await.expect(200);
    assert_eq!(calendars_left(&json.headers), 2, "refused requests do not count");
    assert_eq!(json.header("cache-control"), Some("no-store"));
    for (encoding, left) in [(Encoding::Sse, 1), (Encoding::Ndjson, 0)] {
        let mut stream = ask(&anna).open(encoding).await;
        assert_eq!((stream.status, calendars_left(&stream.headers)), (200, left));
        let kept = stream.headers["cache-control"].to_str().unwrap();
        assert!(kept.split(", ").any(|directive| directive == "no-store"), "{kept}");
        stream.collect_to_end().await;
    }

    for accept in ["application/json", "text/event-stream"] {
        let refused = ask(&anna).header("accept", accept).send().await.refused(429, "RATE_LIMITED");
        assert_eq!(calendars_left(&refused.headers), 0);
        let wait: u32 = refused.header("retry-after").expect("Retry-After").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
    }
    ask(&ben).send().await.expect(200);
}
