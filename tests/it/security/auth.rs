//! Authentication: tokens of every kind, valid and forged, cookies, tickets.

use std::{net::TcpListener, time::Duration};

use almanac_tests::{
    Stack, User,
    actor::{
        stream::Encoding,
        token::{self, SECRET, TestKey, claims, hs256, now, with_header},
    },
    eventually,
    world::source_text,
};
use chrono::{DateTime, Utc};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn status(user: &User, token: String) -> u16 {
    user.with_token(token).get("/v1/jobs").await.status
}

async fn refused(user: &User, token: String, why: &str) {
    let reply = user.with_token(token).get("/v1/jobs").await;
    assert_eq!(reply.status, 401, "{why}: {}", reply.text());
    assert_eq!(reply.error_code(), "UNAUTHENTICATED", "{why}");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{why}");
}

fn with(user: &User, changes: Value) -> Value {
    let mut claims = claims(user.id);
    for (name, value) in changes.as_object().expect("changes") {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().expect("claims").remove(name);
        }
    }
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_and_a_key_set_admit_side_by_side() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    assert_eq!(status(&anna, hs256(&claims(anna.id))).await, 200);
    assert_eq!(status(&anna, TestKey::EsOne.sign(&claims(anna.id))).await, 200);
    assert_eq!(status(&anna, TestKey::Rs.sign(&claims(anna.id))).await, 200);
    assert_eq!(status(&anna, hs256(&with(&anna, json!({ "aud": ["other", "authenticated"] })))).await, 200);
    assert_eq!(status(&anna, hs256(&with(&anna, json!({ "exp": now() - 15 })))).await, 200, "leeway for exp");
    assert_eq!(status(&anna, hs256(&with(&anna, json!({ "nbf": now() + 15 })))).await, 200, "leeway for nbf");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_is_the_same_whoever_signed() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;

    for token in [TestKey::EsOne.sign(&claims(anna.id)), TestKey::Rs.sign(&claims(anna.id))] {
        anna.with_token(token).get(&format!("/v1/ai/generations/{id}")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_not_right_are_refused() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let cases = [
        json!({ "exp": now() - 60 }),
        json!({ "exp": null }),
        json!({ "exp": (now() + 600).to_string() }),
        json!({ "exp": now() as f64 + 600.5 }),
        json!({ "exp": -1 }),
        json!({ "nbf": now() + 120 }),
        json!({ "aud": "other" }),
        json!({ "aud": null }),
        json!({ "aud": [] }),
        json!({ "aud": { "authenticated": true } }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "anna" }),
        json!({ "sub": 7 }),
        json!({ "sub": format!("{}\",\"role\":\"service_role", anna.id) }),
        json!({ "role": null }),
        json!({ "role": "anon" }),
        json!({ "role": "Authenticated" }),
        json!({ "role": ["authenticated"] }),
        json!({ "role": "service_role" }),
        json!({ "role": "almanac_owner" }),
    ];

    for case in cases {
        for token in [hs256(&with(&anna, case.clone())), TestKey::EsOne.sign(&with(&anna, case.clone()))] {
            refused(&anna, token, &case.to_string()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_signatures_and_borrowed_algorithms_are_refused() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let good = claims(anna.id);
    let public = TestKey::Rs.public_jwk();
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (mine, other) = (parts(&hs256(&good)), parts(&hs256(&with(&anna, json!({ "sub": Uuid::new_v4() })))));

    refused(&anna, token::unsigned(&good), "alg none").await;
    for name in ["none", "None", "NONE", "nOnE", "HS384", "HS512", "PS256", "EdDSA", "hs256", ""] {
        refused(&anna, with_header(&json!({ "alg": name }), &good, SECRET), &format!("alg {name}")).await;
    }
    refused(&anna, with_header(&json!({ "alg": "HS256" }), &good, "another secret"), "another secret").await;
    refused(&anna, with_header(&json!({ "alg": "HS256" }), &good, ""), "no secret").await;
    for secret in [public["n"].as_str().unwrap().to_owned(), public.to_string()] {
        let header = json!({ "alg": "HS256", "kid": "rs" });
        refused(&anna, with_header(&header, &good, &secret), "the public key as a secret").await;
    }
    for (algorithm, kid) in [("RS256", "rs"), ("ES256", "es-one"), ("RS256", "es-one"), ("ES256", "rs")] {
        let header = json!({ "alg": algorithm, "kid": kid });
        refused(&anna, with_header(&header, &good, SECRET), "our secret under a public key's name").await;
    }
    refused(&anna, format!("{}.{}.{}", mine[0], other[1], mine[2]), "another person's claims").await;
    refused(&anna, format!("{}.{}.", mine[0], mine[1]), "no signature").await;
    refused(&anna, format!("{}.{}", mine[0], mine[1]), "two parts").await;
    refused(&anna, "x".repeat(9_000), "a token longer than any").await;
    refused(&anna, TestKey::EsTwo.sign(&good), "a key that was never published").await;
}

/// RFC 7515, section 4.1.11: a recipient rejects critical extensions that it does not understand.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_a_critical_extension_is_refused() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let good = claims(anna.id);
    let plain = json!({ "alg": "HS256", "typ": "JWT" });
    assert_eq!(status(&anna, with_header(&plain, &good, SECRET)).await, 200);

    for critical in
        [json!(["exp"]), json!(["http://example.test/x"]), json!(["b64"]), json!([]), json!("exp"), json!(1)]
    {
        let mut header = plain.clone();
        header["crit"] = critical;
        header["http://example.test/x"] = json!("y");
        refused(&anna, with_header(&header, &good, SECRET), &header.to_string()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_a_tokens_header_is_never_asked() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let trap = TcpListener::bind("127.0.0.1:0").expect("a trap");
    trap.set_nonblocking(true).expect("a trap that does not wait");
    let url = format!("http://{}/jwks.json", trap.local_addr().unwrap());
    let jwk = TestKey::EsTwo.public_jwk();

    for alg in ["ES256", "RS256"] {
        let header = json!({ "alg": alg, "kid": "trap", "jku": url, "x5u": url, "jwk": jwk });
        refused(&anna, with_header(&header, &claims(anna.id), SECRET), "jku").await;
    }

    assert!(trap.accept().is_err(), "the API asked an address that a token named");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_is_compared_byte_for_byte_when_one_is_set() {
    let issuer = "https://id.example.test/auth/v1";
    let stack = Stack::builder().workers(0).api_env("AUTH_ISSUER", issuer).start().await;
    let anna = stack.user();

    assert_eq!(status(&anna, hs256(&with(&anna, json!({ "iss": issuer })))).await, 200);
    for wrong in [json!(null), json!(format!("{issuer}/")), json!("https://ID.example.test/auth/v1"), json!([issuer])] {
        refused(&anna, hs256(&with(&anna, json!({ "iss": wrong }))), "another issuer").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_nobody_gets_in_by_hmac() {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let stack = Stack::builder().workers(0).api_env("AUTH_JWT_SECRET", "").api_env("SIGNING_KEY", key).start().await;
    let anna = stack.user();

    for secret in ["", SECRET, key] {
        refused(&anna, with_header(&json!({ "alg": "HS256" }), &claims(anna.id), secret), "HMAC").await;
    }
    assert_eq!(status(&anna, TestKey::EsOne.sign(&claims(anna.id))).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_that_is_away_is_our_trouble_and_never_an_open_door() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    stack.world.set_keys_unavailable(true);

    let away = anna.with_token(TestKey::EsOne.sign(&claims(anna.id))).get("/v1/jobs").await.refused(503, "UNAVAILABLE");
    assert!(away.header("retry-after").is_some());
    assert_eq!(status(&anna, hs256(&claims(anna.id))).await, 200, "the secret needs no key set");

    stack.world.set_keys_unavailable(false);
    let signed = || TestKey::EsOne.sign(&claims(anna.id));
    let admitted = || async { (status(&anna, signed()).await == 200).then_some(()) };
    eventually(Duration::from_secs(30), "the key set is read again", admitted).await;

    stack.world.set_keys_unavailable(true);
    assert_eq!(status(&anna, signed()).await, 200, "a known set outlives its provider");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_found_within_a_minute_and_a_flood_of_unknown_ones_is_no_flood_of_fetches() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    assert_eq!(status(&anna, TestKey::EsOne.sign(&claims(anna.id))).await, 200);

    stack.world.publish_keys(&[TestKey::EsTwo]);
    let rotated = || async { (status(&anna, TestKey::EsTwo.sign(&claims(anna.id))).await == 200).then_some(()) };
    eventually(Duration::from_secs(75), "the new key is known", rotated).await;

    assert_eq!(status(&anna, TestKey::EsOne.sign(&claims(anna.id))).await, 401, "the old key is gone");
    assert_eq!(stack.world.key_reads(), 2, "thousands of tokens, one fetch a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_well_formed_bearer_header_counts() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let nobody = anna.anonymous();
    let ask = |value: String| nobody.request(Method::GET, "/v1/jobs").header("authorization", &value).send();

    ask(format!("bearer {}", anna.token())).await.expect(200);
    let wrong = ["Bearer", "Bearer ", "Basic YTpi", "Token x"].map(str::to_owned);
    for value in wrong.into_iter().chain([anna.token().to_owned(), format!("Bearer {0} {0}", anna.token())]) {
        ask(value).await.refused(401, "UNAUTHENTICATED");
    }
    let twice = anna.request(Method::GET, "/v1/jobs").header("authorization", &format!("Bearer {}", anna.token()));
    twice.send().await.refused(401, "UNAUTHENTICATED");
    nobody.get(&format!("/v1/jobs?token={0}&access_token={0}", anna.token())).await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cookie_reads_freely_and_writes_only_from_our_own_script() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("cookie") });
    let cookie = format!("theme=dark; almanac_session={}", anna.token());
    let call = |method: Method, path: &str| anna.anonymous().request(method, path).header("cookie", &cookie);
    let post = || call(Method::POST, "/v1/ai/generations").json(&body);

    call(Method::GET, "/v1/jobs").send().await.expect(200);
    post().send().await.refused(403, "CSRF_REQUIRED");
    for value in ["xmlhttprequest", "XMLHttpRequest, XMLHttpRequest", "true", ""] {
        post().header("x-requested-with", value).send().await.refused(403, "CSRF_REQUIRED");
    }
    let id = "0198c7a0-0000-7000-8000-000000000000";
    call(Method::DELETE, &format!("/v1/cards/{id}")).send().await.refused(403, "CSRF_REQUIRED");
    call(Method::POST, &format!("/v1/jobs/{id}/cancel")).send().await.refused(403, "CSRF_REQUIRED");
    post().header("x-requested-with", "XMLHttpRequest").send().await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_header_is_judged_by_that_header_alone() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let id = anna.generation().await;
    let path = format!("/v1/ai/generations/{id}");
    let good = format!("almanac_session={}", anna.token());

    let bad_header = eve.with_token("not.a.token").request(Method::GET, &path).header("cookie", &good);
    bad_header.send().await.refused(401, "UNAUTHENTICATED");
    eve.request(Method::GET, &path).header("cookie", &good).send().await.refused(404, "NOT_FOUND");
    let bad_cookie = anna.request(Method::POST, &format!("{path}/reject")).header("cookie", "almanac_session=x");
    bad_cookie.send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_jobs_stream_and_nothing_else() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let (id, other) = (anna.generation().await, anna.generation().await);
    let nobody = anna.anonymous();

    let ticket = anna.post("/v1/tickets", json!({ "jobId": id })).await.expect(200).data();
    let expires: DateTime<Utc> = ticket["expiresAt"].as_str().unwrap().parse().expect("a time");
    let left = expires.timestamp() - i64::try_from(now()).unwrap();
    assert!((285..=300).contains(&left), "five minutes, not {left} s");
    let ticket = ticket["ticket"].as_str().unwrap().to_owned();

    let events = format!("/v1/jobs/{id}/events?ticket={ticket}");
    for encoding in [Encoding::Sse, Encoding::Ndjson, Encoding::Sse] {
        let mut stream = nobody.request(Method::GET, &events).open(encoding).await;
        assert_eq!(stream.status, 200, "reusable until it expires");
        assert!(stream.collect_to_end().await.last().is_some_and(|event| event.kind == "done"));
    }
    // An Authorization header is judged alone, also beside a good ticket.
    for wrong in [anna.with_token("not.a.token"), anna.with_token(hs256(&with(&anna, json!({ "exp": now() - 60 }))))] {
        wrong.get(&events).await.refused(401, "UNAUTHENTICATED");
    }
    eve.get(&events).await.refused(404, "NOT_FOUND");
    anna.get(&format!("/v1/jobs/{id}/events?ticket=x")).await.expect(200);
    nobody.get(&format!("/v1/jobs/{other}/events?ticket={ticket}")).await.refused(404, "NOT_FOUND");
    for wrong in ["x".to_owned(), String::new(), format!("{ticket}A"), ticket.to_lowercase()] {
        nobody.get(&format!("/v1/jobs/{id}/events?ticket={wrong}")).await.refused(401, "UNAUTHENTICATED");
    }
    for path in [format!("/v1/jobs/{id}"), format!("/v1/jobs/{id}/explain"), "/v1/jobs".into(), "/v1/cards".into()] {
        nobody.get(&format!("{path}?ticket={ticket}")).await.refused(401, "UNAUTHENTICATED");
    }
    let cancel = nobody.post(&format!("/v1/jobs/{id}/cancel?ticket={ticket}"), json!({})).await;
    cancel.refused(401, "UNAUTHENTICATED");
    refused(&anna, ticket, "a ticket as a token").await;

    eve.post("/v1/tickets", json!({ "jobId": id })).await.refused(404, "NOT_FOUND");
    nobody.post("/v1/tickets", json!({ "jobId": id })).await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_processed_without_a_valid_token() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = format!("unseen-{}", anna.id);

    for user in [anna.anonymous(), anna.with_token(hs256(&with(&anna, json!({ "exp": now() - 60 }))))] {
        user.submit(&source_text(&key)).await.refused(401, "UNAUTHENTICATED");
    }

    let rows = almanac_tests::rows::Rows::of(&stack.admin().await, anna.id).await;
    assert_eq!(rows, almanac_tests::rows::Rows::none());
    assert!(stack.world.calls(&key).is_empty());
}
