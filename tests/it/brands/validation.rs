//! Bad input for brands: every refusal names the field and stores nothing.

use almanac_tests::{OrFail, Stack};
use http::Method;
use serde_json::{Value, json};

use crate::api::lists::read_all_pages;

/// A body for a path below the brand, and how it is refused: status, code, `details[0].loc` below the body.
type Case = (Method, &'static str, Value, u16, &'static str, Value);

fn bad() -> Vec<Case> {
    let invalid = "VALIDATION_FAILED";
    let long = |chars: usize| "é".repeat(chars);
    let asset = |field: &str, value: Value| {
        let mut asset = json!({ "title": "A cup", "kind": "image" });
        asset[field] = value;
        asset
    };
    let trend = |field: &str, value: Value| {
        let mut trend = json!({ "title": "Heat", "source": "event" });
        trend[field] = value;
        trend
    };
    let post = |path, body, loc| (Method::POST, path, body, 400, invalid, loc);
    let patch = |path, body, loc| (Method::PATCH, path, body, 400, invalid, loc);
    vec![
        post("/accounts", json!({ "name": "@us" }), json!(["platform"])),
        post("/accounts", json!({ "name": "@us", "platform": "myspace" }), json!(["platform"])),
        post("/accounts", json!({ "platform": "tiktok" }), json!(["name"])),
        post("/accounts", json!({ "platform": "tiktok", "name": long(201) }), json!(["name"])),
        post("/accounts", json!({ "platform": "tiktok", "name": "@us", "state": "gone" }), json!(["state"])),
        post("/accounts", json!({ "platform": "tiktok", "name": "@us", "id": "a~b" }), json!(["id"])),
        post("/accounts", json!({ "platform": 1, "name": "@us" }), json!(["platform"])),
        post("/trends", json!({ "title": "Heat" }), json!(["source"])),
        post("/trends", trend("source", json!("rumour")), json!(["source"])),
        post("/trends", trend("title", json!(" ")), json!(["title"])),
        post("/trends", trend("priority", json!(101)), json!(["priority"])),
        post("/trends", trend("priority", json!(-1)), json!(["priority"])),
        post("/trends", trend("priority", json!(1.5)), json!(["priority"])),
        post("/trends", trend("priority", json!(1e12)), json!(["priority"])),
        post("/trends", trend("description", json!(long(2_001))), json!(["description"])),
        post("/trends", trend("tags", json!("hot")), json!(["tags"])),
        post("/trends", trend("tags", json!(["hot", 1])), json!(["tags", 1])),
        post("/trends", trend("tags", json!(vec!["t"; 51])), json!(["tags"])),
        post("/assets", asset("kind", json!("song")), json!(["kind"])),
        post("/assets", asset("title", json!(long(301))), json!(["title"])),
        post("/assets", asset("url", json!("ftp://x")), json!(["url"])),
        post("/assets", asset("url", json!("https:///x")), json!(["url"])),
        post("/assets", asset("url", json!(format!("https://x/{}", "y".repeat(2_048)))), json!(["url"])),
        post("/assets", asset("tags", json!(["ok", ""])), json!(["tags", 1])),
        post("/assets", asset("tags", json!([long(65)])), json!(["tags", 0])),
        post("/assets", asset("id", json!("")), json!(["id"])),
        post("/assets", asset("id", json!("x".repeat(129))), json!(["id"])),
        post("/assets", asset("id", json!("..")), json!(["id"])),
        post("/import", json!({ "assets": {} }), json!(["assets"])),
        post(
            "/import",
            json!({ "assets": [asset("tags", json!([])), json!({ "kind": "image" })] }),
            json!(["assets", 1, "title"]),
        ),
        post(
            "/import",
            json!({ "assets": [asset("url", json!("x"))], "trends": [trend("id", json!("a~b"))] }),
            json!(["trends", 0, "id"]),
        ),
        post(
            "/import",
            json!({ "accounts": vec![json!({ "platform": "tiktok", "name": "x" }); 2_001] }),
            json!(["accounts"]),
        ),
        patch("", json!({ "name": null }), json!(["name"])),
        patch("", json!({ "name": "" }), json!(["name"])),
        patch("", json!({ "id": "other" }), json!([])),
        patch("", json!({ "voice": long(2_001) }), json!(["voice"])),
        patch("/accounts/account", json!({ "platform": null }), json!(["platform"])),
        patch("/trends/trend", json!({ "title": 7 }), json!(["title"])),
        patch("/trends/trend", json!({ "priority": 200 }), json!(["priority"])),
        patch("/assets/asset", json!({ "kind": "song" }), json!(["kind"])),
        (Method::PATCH, "", json!({ "timezone": "Mars/Base" }), 422, "UNKNOWN_TIME_ZONE", json!(["timezone"])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_body_is_refused_by_name_and_stores_nothing() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let brand = anna.brand().await;
    let everything = async || {
        let mut all = Vec::new();
        for rest in ["", "/accounts", "/trends", "/assets"] {
            all.push(anna.get(&format!("/v1/brands/{brand}{rest}")).await.expect(200).data());
        }
        all
    };
    let before = everything().await;
    let refused = async |method: Method, path: &str, body: &Value, status: u16, code: &str, loc: &Value| {
        let reply = anna.request(method.clone(), path).json(body).send().await;
        let what = format!("{method} {path} {:.200}: {}", body.to_string(), reply.text());
        assert_eq!((reply.status, reply.error_code().as_str()), (status, code), "{what}");
        let mut whole = vec![json!("body")];
        whole.extend(loc.as_array().or_fail("a loc").iter().cloned());
        let found = &reply.json()["error"]["details"][0]["loc"];
        assert!(loc == &json!([]) || *found == json!(whole), "{what}");
    };

    for (method, rest, body, status, code, loc) in bad() {
        refused(method, &format!("/v1/brands/{brand}{rest}"), &body, status, code, &loc).await;
    }
    for (body, status, code, loc) in [
        (json!({ "timezone": "UTC" }), 400, "VALIDATION_FAILED", json!(["name"])),
        (json!({ "name": "x" }), 400, "VALIDATION_FAILED", json!(["timezone"])),
        (json!({ "name": "x", "timezone": "Mars/Base" }), 422, "UNKNOWN_TIME_ZONE", json!(["timezone"])),
        (json!({ "name": "x", "timezone": "UTC", "id": "~" }), 400, "VALIDATION_FAILED", json!(["id"])),
        (json!({ "name": "x", "timezone": "UTC", "language": ["en"] }), 400, "VALIDATION_FAILED", json!(["language"])),
        (json!([]), 400, "VALIDATION_FAILED", json!([])),
    ] {
        refused(Method::POST, "/v1/brands", &body, status, code, &loc).await;
    }
    let nul =
        anna.request(Method::POST, "/v1/brands").body("application/json", r#"{"name": "a\u0000", "timezone": "UTC"}"#);
    nul.send().await.refused(400, "MALFORMED_TEXT");

    assert_eq!(everything().await, before);
    assert_eq!(read_all_pages(&anna, "/v1/brands", 50).await, [brand]);
}
