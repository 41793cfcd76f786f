//! Connected accounts over HTTP: what is stored, what is shown, what is refused, and where tokens must not be.

use std::time::Duration;

use almanac_tests::{OrFail, Stack, User};
use http::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

const PATH: &str = "/v1/channels/linkedin/accounts/corner";
const URN: &str = "urn:li:organization:2414183";
/// Base64 of 32 bytes.
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// An account without its times, which are checked to be there.
fn timeless(mut account: Value) -> Value {
    let fields = account.as_object_mut().or_fail("an object");
    for name in ["createdAt", "updatedAt"] {
        let time = fields.remove(name).or_fail("a time");
        assert!(time.as_str().is_some_and(|time| time.ends_with('Z')), "{name}: {time}");
    }
    account
}

/// The accounts of a channel in the list of channels.
async fn listed(user: &User, channel: &str) -> Value {
    let channels = user.get("/v1/channels").await.expect(200).data();
    let items = channels["items"].as_array().or_fail("a list");
    items.iter().find(|item| item["channel"] == channel).or_fail(channel)["accounts"].clone()
}

async fn health(user: &User, path: &str) -> String {
    user.get(path).await.expect(200).data()["health"].as_str().or_fail("a health").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_connected_shown_replaced_and_disconnected() {
    let anna = Stack::shared().await.user();
    let body = json!({
        "accessToken": "first", "refreshToken": "again", "expiresAt": "2099-01-01T00:00:00Z",
        "refreshExpiresAt": "2099-06-01T00:00:00+02:00", "externalId": format!(" {URN} "),
        "settings": { "visibility": "CONNECTIONS" },
    });

    let connected = anna.put(PATH, body).await.expect(200).data();

    let expected = json!({
        "channel": "linkedin", "accountId": "corner", "externalId": URN, "login": null,
        "settings": { "visibility": "CONNECTIONS" }, "expiresAt": "2099-01-01T00:00:00Z",
        "refreshExpiresAt": "2099-05-31T22:00:00Z", "hasRefreshToken": true, "health": "ok",
    });
    assert_eq!(timeless(connected.clone()), expected);
    assert_eq!(anna.get(PATH).await.expect(200).data(), connected);
    let item = json!({ "accountId": "corner", "health": "ok", "expiresAt": "2099-01-01T00:00:00Z", "quota": null });
    assert_eq!(listed(&anna, "linkedin").await, json!([item]));

    let replaced = anna.put(PATH, json!({ "accessToken": "second", "externalId": URN })).await.expect(200).data();
    let expected = json!({
        "channel": "linkedin", "accountId": "corner", "externalId": URN, "login": null, "settings": {},
        "expiresAt": null, "refreshExpiresAt": null, "hasRefreshToken": false, "health": "ok",
    });
    assert_eq!(timeless(replaced.clone()), expected, "what is not sent is removed");
    assert_eq!(replaced["createdAt"], connected["createdAt"]);
    assert_ne!(replaced["updatedAt"], connected["updatedAt"]);

    anna.delete(PATH).await.expect(204);
    anna.get(PATH).await.refused(404, "NOT_FOUND");
    anna.delete(PATH).await.refused(404, "NOT_FOUND");
    assert_eq!(listed(&anna, "linkedin").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_an_account_may_be_its_external_id() {
    let anna = Stack::shared().await.user();
    let instagram = json!({ "accessToken": "t", "login": "facebook", "settings": { "shareToFeed": true } });

    for (path, body, external_id) in [
        (format!("/v1/channels/linkedin/accounts/{URN}"), json!({ "accessToken": "t" }), URN),
        ("/v1/channels/facebook/accounts/1784".into(), json!({ "accessToken": "t", "externalId": null }), "1784"),
        ("/v1/channels/instagram/accounts/1785".into(), instagram, "1785"),
        ("/v1/channels/tiktok/accounts/caf%C3%A9%20%231".into(), json!({ "accessToken": "t" }), "café #1"),
    ] {
        let connected = anna.put(&path, body).await.expect(200).data();
        assert_eq!((&connected["externalId"], &connected["accountId"]), (&json!(external_id), &json!(external_id)));
        assert_eq!(anna.get(&path).await.expect(200).data(), connected);
    }
    assert_eq!(anna.get("/v1/channels/instagram/accounts/1785").await.data()["login"], "facebook");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_an_account_is_refused_and_names_the_field() {
    let anna = Stack::shared().await.user();
    let valid = json!({ "accessToken": "t", "externalId": URN });
    let with = |field: &str, value: Value| {
        let mut body = valid.clone();
        body[field] = value;
        body
    };

    for (body, field) in [
        (json!({ "externalId": URN }), json!(["body", "accessToken"])),
        (with("accessToken", json!("")), json!(["body", "accessToken"])),
        (with("accessToken", json!("a b")), json!(["body", "accessToken"])),
        (with("refreshToken", json!(7)), json!(["body", "refreshToken"])),
        (with("refresh_token", json!("t")), json!(["body", "refresh_token"])),
        (with("expiresAt", json!("tomorrow")), json!(["body", "expiresAt"])),
        (with("refreshExpiresAt", json!("-200000-01-01T00:00:00Z")), json!(["body", "refreshExpiresAt"])),
        (with("externalId", json!("  ")), json!(["body", "externalId"])),
        (with("externalId", json!("x".repeat(201))), json!(["body", "externalId"])),
        (with("login", json!("google")), json!(["body", "login"])),
        (with("settings", json!([])), json!(["body", "settings"])),
        (with("settings", json!({ "visibility": "FRIENDS" })), json!(["body", "settings", "visibility"])),
        (with("settings", json!({ "shareToFeed": true })), json!(["body", "settings", "shareToFeed"])),
    ] {
        let refusal = anna.put(PATH, body.clone()).await.refused(400, "VALIDATION_FAILED").json();
        assert_eq!(refusal["error"]["details"][0]["loc"], field, "{body}: {refusal}");
    }
    for (path, id) in [
        (PATH, "123"),
        (PATH, "urn:li:share:1"),
        ("/v1/channels/facebook/accounts/page", "page"),
        ("/v1/channels/instagram/accounts/shop", "@shop"),
    ] {
        let body = json!({ "accessToken": "t", "externalId": id });
        let refusal = anna.put(path, body).await.refused(422, "RULE_REFUSED").json();
        assert_eq!(refusal["error"]["details"][0]["loc"], json!(["body", "externalId"]), "{refusal}");
    }
    for path in [
        "/v1/channels/myspace/accounts/corner",
        "/v1/channels/LinkedIn/accounts/corner",
        "/v1/channels/linkedin/accounts/%20corner",
        "/v1/channels/linkedin/accounts/a%00b",
    ] {
        anna.put(path, valid.clone()).await.refused(404, "NOT_FOUND");
        anna.get(path).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(listed(&anna, "linkedin").await, json!([]), "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_an_account_says_whether_its_tokens_can_be_used() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (past, future) = ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z");
    let body = |expires: &str, refresh: Option<&str>, refresh_expires: Option<&str>| {
        json!({
            "accessToken": "t", "externalId": URN, "expiresAt": expires, "refreshToken": refresh,
            "refreshExpiresAt": refresh_expires,
        })
    };

    for (body, expected) in [
        (body(future, None, None), "ok"),
        (body(past, None, None), "expired"),
        (body(past, Some("r"), None), "ok"),
        (body(past, Some("r"), Some(future)), "ok"),
        (body(past, Some("r"), Some(past)), "expired"),
        (body(future, Some("r"), Some(past)), "ok"),
    ] {
        assert_eq!(anna.put(PATH, body.clone()).await.expect(200).data()["health"], expected, "{body}");
        assert_eq!(listed(&anna, "linkedin").await[0]["health"], expected, "{body}");
    }

    let refuse =
        "UPDATE almanac.channel_credentials SET invalid_since = now(), quota = '{\"left\": 3}' WHERE user_id = $1";
    sqlx::query(refuse).bind(anna.id).execute(&stack.admin().await).await.unwrap();
    assert_eq!(health(&anna, PATH).await, "invalid");
    assert_eq!(listed(&anna, "linkedin").await[0]["quota"], json!({ "left": 3 }));
    anna.put(PATH, body(future, None, None)).await.expect(200);
    assert_eq!(health(&anna, PATH).await, "ok", "new tokens have not been refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_an_older_key_stay_usable_while_the_key_is_listed() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    anna.connect_unused("linkedin", "corner").await;
    let restart = async |keys: &str| {
        let api = stack.api(0);
        api.kill().await;
        api.set("CREDENTIALS_KEY", keys);
        api.launch();
        api.wait_until_ready(Duration::from_secs(60)).await;
    };

    restart(OTHER_KEY).await;
    assert_eq!(health(&anna, PATH).await, "unreadable");
    restart(&format!("{OTHER_KEY},{}", almanac_tests::CREDENTIALS_KEY)).await;
    assert_eq!(health(&anna, PATH).await, "ok");
    anna.connect_unused("linkedin", "corner").await;
    restart(OTHER_KEY).await;
    assert_eq!(health(&anna, PATH).await, "ok", "the first key seals");

    restart("").await;
    assert_eq!(health(&anna, PATH).await, "unreadable");
    let body = json!({ "accessToken": "t", "externalId": URN });
    let refusal = anna.put(PATH, body).await.refused(422, "CHANNEL_NOT_CONFIGURED").json();
    assert_eq!(refusal["error"]["channel"], "linkedin");
    anna.delete(PATH).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_channels_says_what_the_installation_has() {
    let mut builder = Stack::builder().workers(0).env("PUBLISH_TRANSPORT", "sandbox");
    for prefix in ["INSTAGRAM_APP", "GOOGLE_CLIENT"] {
        builder = builder.env(&format!("{prefix}_ID"), "").env(&format!("{prefix}_SECRET"), "");
    }
    let stack = builder.start().await;
    let anna = stack.user();
    let found = async || {
        let items = anna.get("/v1/channels").await.expect(200).data()["items"].clone();
        let items = items.as_array().cloned().or_fail("a list");
        assert!(items.iter().all(|item| item["transport"] == "sandbox"), "{items:?}");
        let configured = |item: &Value| (item["channel"].to_string(), item["configured"].as_bool().or_fail("a flag"));
        items.iter().map(configured).collect::<Vec<_>>()
    };
    let expected = |instagram: bool| {
        let others = [("tiktok", true), ("linkedin", true), ("facebook", true), ("youtube", false)];
        let all = [("instagram", instagram)].into_iter().chain(others);
        all.map(|(channel, is_set_up)| (json!(channel).to_string(), is_set_up)).collect::<Vec<_>>()
    };

    assert_eq!(found().await, expected(true), "Instagram accounts can be connected by Facebook");

    let account = |login: &str| json!({ "accessToken": "t", "externalId": "1", "login": login });
    anna.put("/v1/channels/instagram/accounts/shop", account("instagram")).await;
    assert_eq!(found().await, expected(false), "the client of Instagram's own login is missing");
    anna.put("/v1/channels/instagram/accounts/page", account("facebook")).await;
    assert_eq!(found().await, expected(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_log_or_column_shows_a_token() {
    let level = "trace,almanac_api=trace,almanac_shared=trace,sqlx=trace";
    let stack = Stack::builder().workers(0).env("LOG_LEVEL", level).start().await;
    let anna = stack.user();
    let canary = format!("canary{}", Uuid::new_v4().simple());
    let tokens = json!({ "accessToken": canary, "refreshToken": canary, "externalId": URN });
    let with = |field: &str, value: Value| {
        let mut body = tokens.clone();
        body[field] = value;
        body
    };

    let mut said = String::new();
    for body in [
        tokens.clone(),
        with("settings", json!({ "visibility": "nobody" })),
        with("externalId", json!("1")),
        with("accessToken", json!(format!("{canary} {canary}"))),
        with("accessToken", json!([canary])),
        with("refreshToken", json!({ "a": canary })),
        with("expiresAt", json!("never")),
    ] {
        let reply = anna.put(PATH, body).await;
        said.push_str(&format!("{:?}{}", reply.headers, reply.text()));
    }
    let cut = format!("{{\"accessToken\": \"{canary}\", \"refreshToken\": \"{canary}");
    said.push_str(&anna.request(Method::PUT, PATH).body("application/json", cut).send().await.expect(400).text());
    for path in [PATH, "/v1/channels"] {
        said.push_str(&anna.get(path).await.expect(200).text());
    }

    let sql = "SELECT concat_ws(' ', to_jsonb(c)::text, encode(sealed, 'escape')) FROM almanac.channel_credentials c";
    let row: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&stack.admin().await).await.unwrap();
    let log = stack.api(0).log();
    assert!(log.contains("channel_credentials") && row.contains(URN), "there is something to look through");
    for (name, text) in [("an answer", &said), ("the log", &log), ("the row", &row)] {
        assert!(!text.contains(&canary), "{name} shows a token");
    }
}
