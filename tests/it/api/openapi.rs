//! The OpenAPI document against the running API. Every answer and event of all other tests is compared with it, too
//! (`almanac_tests::contract`).

use almanac_tests::{Stack, User, contract::contract};
use http::Method;
use serde_json::{Value, json};

/// The example of a schema.
fn example(schema: &str) -> Value {
    contract().schema(schema)["example"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_example_has_the_shape_of_its_schema() {
    let schemas = contract().document()["components"]["schemas"].as_object().expect("schemas");
    let examples: Vec<_> = schemas.iter().filter_map(|(name, schema)| Some((name, schema.get("example")?))).collect();
    assert!(examples.len() > 50, "only {} examples", examples.len());

    for (name, example) in examples {
        let flaws = contract().flaws(contract().schema(name), example, name);
        assert!(flaws.is_empty(), "{flaws:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_requests_are_accepted() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let post = async |path: &str, schema: &str, status| anna.post(path, example(schema)).await.expect(status).data();
    let patch = async |path: &str, schema: &str| anna.patch(path, example(schema)).await.expect(200).data();
    let finished = async |path: &str, schema: &str| {
        let call = anna.request(Method::POST, path).header("prefer", "wait=30").header("accept", "application/json");
        call.json(&example(schema)).send().await.expect(200).data()
    };

    post("/v1/brands", "CreateBrand", 201).await;
    patch("/v1/brands/brand_123", "BrandPatch").await;
    for (path, create, change, id) in [
        ("accounts", "CreateAccount", "AccountPatch", "acc_ig_1"),
        ("trends", "CreateTrend", "TrendPatch", "trend_1"),
        ("assets", "CreateAsset", "AssetPatch", "asset_1"),
    ] {
        post(&format!("/v1/brands/brand_123/{path}"), create, 201).await;
        patch(&format!("/v1/brands/brand_123/{path}/{id}"), change).await;
    }
    post("/v1/brands/brand_123/import", "BrandImport", 200).await;
    let account = "/v1/channels/linkedin/accounts/bean_and_co";
    anna.put(account, example("ConnectAccount")).await.expect(200);
    let generation = finished("/v1/ai/generations", "CreateAIGenerationCommand").await;
    let suggestions = format!("/v1/ai/generations/{}/suggestions", generation["id"].as_str().unwrap());
    let suggestion = anna.get(&suggestions).await.expect(200).data()["items"][0]["id"].clone();
    patch(&format!("/v1/ai/suggestions/{}", suggestion.as_str().unwrap()), "SidesPatch").await;
    let calendar = finished("/v1/ai/calendar", "CreateCalendar").await;
    let path = format!("/v1/calendars/{}", calendar["id"].as_str().unwrap());
    patch(&path, "CalendarPatch").await;
    let entry = post(&format!("{path}/entries"), "NewEntry", 201).await;
    patch(&format!("{path}/entries/{}", entry["id"].as_str().unwrap()), "EntryPatch").await;
    post(&format!("{path}/runs/{}/accept", calendar["run"]["id"].as_str().unwrap()), "AcceptChoice", 200).await;
    let week = finished("/v1/organic/generate-calendar", "GenerateWeek").await;
    assert_eq!(week["placements"][0]["placementId"], "placement_1", "{week}");
    patch("/v1/brands/brand_123/placements/placement_1", "PlacementPatch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_printed_without_settings_and_is_the_one_that_is_served() {
    let stack = Stack::shared().await;

    let served = stack.user().anonymous().get("/v1/openapi.json").await.expect(200).json();

    assert_eq!(&served, contract().document());
}

/// What the contract says of an answer of this status and body.
fn flaws_of(user: &User, status: u16, body: &Value) -> Vec<String> {
    let operation = contract().operation(&Method::GET, &format!("/v1/cards/{}", user.id)).expect("showCard");
    contract().answer_flaws(operation, status, "application/json; charset=utf-8", body.to_string().as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_promised_header_fails_a_test() {
    let user = Stack::shared().await.user();
    let operation = contract().operation(&Method::GET, &format!("/v1/cards/{}", user.id)).expect("showCard");

    let flaws = contract().header_flaws(operation, 404, &http::HeaderMap::new());

    assert!(flaws.iter().any(|flaw| flaw.ends_with("X-Request-Id")), "{flaws:?}");
    assert!(flaws.iter().any(|flaw| flaw.ends_with("X-Error-Code")), "{flaws:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_described_fails_a_test() {
    let user = Stack::shared().await.user();
    let card = json!({ "data": example("Card"), "error": null, "meta": { "requestId": "x" } });
    let changed = |change: fn(&mut Value)| {
        let mut card = card.clone();
        change(&mut card["data"]);
        flaws_of(&user, 200, &card)
    };

    assert_eq!(flaws_of(&user, 200, &card), [""; 0]);
    assert_eq!(flaws_of(&user, 418, &card).len(), 1, "an unknown status");
    assert_eq!(changed(|card| card["colour"] = json!("red")), ["body.data.colour is not described"]);
    assert_eq!(changed(|card| card["front"] = json!(null)), ["body.data.front: null is no string"]);
    assert_eq!(changed(|card| _ = card.as_object_mut().unwrap().remove("back")), ["body.data.back is missing"]);
}
