//! Browser sessions: a cookie that holds the token for as long as the token is valid.

use almanac_tests::{Reply, Stack, User, actor::token};
use http::Method;
use serde_json::{Value, json};

/// The session cookie that an answer sets: its value and its attributes.
fn cookie(reply: &Reply) -> (String, Vec<String>) {
    let set = reply.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {:?}", reply.headers));
    let mut parts = set.split(';').map(|part| part.trim().to_owned());
    let value = parts.next().unwrap().strip_prefix("almanac_session=").unwrap().to_owned();
    (value, parts.collect())
}

fn max_age(attributes: &[String]) -> i64 {
    let age = attributes.iter().find_map(|part| part.strip_prefix("Max-Age="));
    age.unwrap_or_else(|| panic!("{attributes:?}")).parse().unwrap()
}

async fn with_cookie(user: &User, method: Method, path: &str, cookie: &str, script: bool) -> Reply {
    let call = user.anonymous().request(method, path).header("cookie", &format!("almanac_session={cookie}"));
    let call = if script { call.header("x-requested-with", "XMLHttpRequest") } else { call };
    call.send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_cookie_that_lives_as_long_as_its_token() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    let made = anna.request(Method::POST, "/v1/session").send().await.expect(200);

    let (value, attributes) = cookie(&made);
    assert_eq!(value, anna.token());
    for wanted in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(attributes.iter().any(|part| part == wanted), "{wanted}: {attributes:?}");
    }
    assert!(!attributes.iter().any(|part| part == "Secure"), "over loopback: {attributes:?}");
    let shown = with_cookie(&anna, Method::GET, "/v1/session", &value, false).await.expect(200).data();
    assert_eq!(made.data(), shown);
    assert_eq!(
        (&shown["userId"], &shown["role"], &shown["admin"]),
        (&json!(anna.id), &json!("authenticated"), &json!(false))
    );
    let ends: chrono::DateTime<chrono::Utc> = shown["expiresAt"].as_str().unwrap().parse().unwrap();
    let left = (ends - almanac_shared::platform::clock::Clock::now(&almanac_shared::platform::clock::SystemClock))
        .num_seconds();
    assert!((left - max_age(&attributes)).abs() <= 20, "{left} {attributes:?}");
    let claims = token::claims(anna.id)["exp"].as_i64().unwrap();
    assert!((ends.timestamp() - claims).abs() <= 20, "the token's own end: {ends}");

    with_cookie(&anna, Method::GET, "/v1/jobs", &value, false).await.expect(200);
    with_cookie(&anna, Method::DELETE, "/v1/session", &value, false).await.refused(403, "CSRF_REQUIRED");
    let ended = with_cookie(&anna, Method::DELETE, "/v1/session", &value, true).await.expect(204);
    let (value, attributes) = cookie(&ended);
    assert_eq!((value.as_str(), max_age(&attributes)), ("", 0));
    anna.get("/v1/session").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_made_of_a_bearer_token_only() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    anna.anonymous().request(Method::POST, "/v1/session").send().await.refused(401, "UNAUTHENTICATED");
    anna.with_token("nonsense").request(Method::POST, "/v1/session").send().await.refused(401, "UNAUTHENTICATED");
    with_cookie(&anna, Method::POST, "/v1/session", anna.token(), true).await.refused(401, "UNAUTHENTICATED");
    anna.anonymous().get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    let ended = with_cookie(&anna, Method::DELETE, "/v1/session", "long-gone", true).await.expect(204);
    assert_eq!(cookie(&ended).0, "", "also of a token that has expired");

    let mut claims: Value = token::claims(anna.id);
    claims["app_metadata"] = json!({ "role": "admin" });
    let admin = anna.with_token(token::hs256(&claims));
    assert_eq!(admin.get("/v1/session").await.expect(200).data()["admin"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_one_user_does_not_act_as_the_next_one() {
    let stack = Stack::shared().await;
    let (anna, ben) = (stack.user(), stack.user());
    let cookie = format!("almanac_session={}", ben.token());
    // Ben has signed in since in another tab: the cookie is his, the page is Anna's.
    let ask = |method: Method, path: &str, expected: &str| {
        let call = anna.anonymous().request(method, path).header("cookie", &cookie);
        call.header("x-requested-with", "XMLHttpRequest").header("x-expected-user", expected)
    };
    let (annas, bens) = (anna.id.to_string(), ben.id.to_string());

    let theme = json!({ "name": "Coffee" });
    ask(Method::POST, "/v1/themes", &annas).json(&theme).send().await.refused(403, "OTHER_USER");
    ask(Method::GET, "/v1/themes", &annas).send().await.refused(403, "OTHER_USER");
    let kept = ask(Method::DELETE, "/v1/session", &annas).send().await;
    assert_eq!(kept.header("set-cookie"), None, "Ben stays signed in");
    kept.refused(403, "OTHER_USER");
    anna.request(Method::GET, "/v1/themes").header("x-expected-user", &bens).send().await.refused(403, "OTHER_USER");
    anna.request(Method::GET, "/v1/themes").header("x-expected-user", "Anna").send().await.refused(403, "OTHER_USER");

    ask(Method::POST, "/v1/themes", &bens).json(&theme).send().await.expect(201);
    for (user, themes) in [(&anna, 0), (&ben, 1)] {
        assert_eq!(user.get("/v1/themes").await.expect(200).data()["items"].as_array().unwrap().len(), themes);
    }
}
