//! Themes over HTTP.

use almanac_tests::Stack;
use http::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_is_created_changed_listed_and_deleted() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let order = json!({
        "name": "Robotics", "language": "fr", "sources": ["https://a.example/feed", "http://b.example/rss#top"],
        "sections": ["Industrie"],
    });

    let made = anna.post("/v1/themes", order).await.expect(201).data();
    let id = made["id"].as_str().unwrap();
    let patch = json!({ "description": "Arms and legs", "sources": ["http://b.example/rss"], "sections": null });
    let changed = anna.patch(&format!("/v1/themes/{id}"), patch).await.expect(200).data();

    assert_eq!(made["sources"], json!(["https://a.example/feed", "http://b.example/rss"]));
    assert_eq!(changed["name"], "Robotics");
    assert_eq!((&changed["description"], &changed["sections"]), (&json!("Arms and legs"), &json!([])));
    assert_eq!(changed["sources"], json!(["http://b.example/rss"]));
    let sources = anna.get(&format!("/v1/themes/{id}/sources")).await.expect(200).data();
    assert_eq!(
        sources["items"],
        json!([{ "url": "http://b.example/rss", "last_fetched_at": null, "last_error": null, "items": 0 }])
    );
    let listed = anna.get("/v1/themes").await.expect(200).data();
    assert_eq!(listed["items"], json!([changed]));
    assert_eq!(listed["next_cursor"], Value::Null);
    anna.delete(&format!("/v1/themes/{id}")).await.expect(204);
    anna.get(&format!("/v1/themes/{id}")).await.expect(404);
    anna.get("/api/v1/themes").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_of_another_shape_is_refused_by_its_fields() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let sources: Vec<String> = (0..21).map(|number| format!("https://a.example/{number}")).collect();
    for (order, place) in [
        (json!({ "description": "no name" }), json!(["body", "name"])),
        (json!({ "name": "x", "sources": sources }), json!(["body", "sources"])),
        (json!({ "name": "x", "sources": ["ftp://a.example"] }), json!(["body", "sources", 0])),
        (json!({ "name": "x", "language": "no language" }), json!(["body", "language"])),
        (json!({ "name": "x", "sections": [""] }), json!(["body", "sections", 0])),
        (json!({ "name": "x", "unknown": 1 }), json!(["body", "unknown"])),
    ] {
        let refused = anna.post("/v1/themes", order.clone()).await.expect(400).json()["error"].clone();
        assert_eq!(refused["details"][0]["loc"], place, "{order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_with_an_active_synthesis_is_not_deleted() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let job = anna.synthesis(&theme).await;

    let refused = anna.delete(&format!("/v1/themes/{theme}")).await.expect(409);
    anna.post(&format!("/v1/jobs/{job}/cancel"), json!({})).await;
    anna.delete(&format!("/v1/themes/{theme}")).await.expect(204);

    assert_eq!(refused.error_code(), "ACTIVE_GENERATION");
    anna.get(&format!("/v1/syntheses/{job}")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_that_changed_elsewhere_is_not_overwritten() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({ "sources": ["https://a.example/feed"] })).await;
    let path = format!("/v1/themes/{theme}");
    let edit = |version: &Value, body: Value| {
        anna.request(Method::PATCH, &path).header("if-match", &format!("\"{version}\"")).json(&body)
    };
    let first = anna.get(&path).await.expect(200).data()["version"].clone();

    let added = json!({ "sources": ["https://a.example/feed", "https://b.example/feed"] });
    let second = edit(&first, added).send().await.expect(200).data();
    let late = edit(&first, json!({ "sources": [] })).send().await;
    late.refused(412, "PRECONDITION_FAILED");

    let now = anna.get(&path).await.expect(200).data();
    assert_eq!(now, second, "nothing of the late edit");
    assert_ne!(now["version"], first);
    edit(&now["version"], json!({ "sources": [] })).send().await.expect(200);
    anna.patch(&path, json!({ "name": "Without a version" })).await.expect(200);

    let late = anna.request(Method::DELETE, &path).header("if-match", &format!("\"{}\"", now["version"])).send().await;
    late.refused(412, "PRECONDITION_FAILED");
    let seen = anna.get(&path).await.expect(200).data()["version"].clone();
    anna.request(Method::DELETE, &path).header("if-match", &format!("\"{seen}\"")).send().await.expect(204);
}
