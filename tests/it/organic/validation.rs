//! Requests for a week that are refused before the first byte of its stream, each with status, code and field, and that
//! leave nothing behind; presets and changes of the clock.

use almanac_tests::{
    OrFail, Stack,
    actor::organic::{BRAND, MONDAY, placement_ids, seed, week_order},
};
use http::Method;
use serde_json::{Value, json};

fn with(changes: &Value) -> Value {
    let mut placement = seed("p1", 0, 9);
    for (name, value) in changes.as_object().into_iter().flatten() {
        placement[name] = value.clone();
    }
    json!({ "placements": [placement] })
}

fn without(order: &Value, name: &str) -> Value {
    let mut order = order.clone();
    order.as_object_mut().or_fail("an order").remove(name);
    order
}

/// Invalid orders, and the error and place of each.
fn nonsense() -> Vec<(Value, u16, &'static str, Value)> {
    let order = |changes: &Value| week_order(changes);
    let invalid = |changes: Value, loc: Value| (order(&changes), 400, "VALIDATION_FAILED", loc);
    let refused = |changes: Value, code: &'static str, loc: Value| (order(&changes), 422, code, loc);
    let many: Vec<Value> = (0..51).map(|n| seed(&format!("p{n}"), n % 5, 9)).collect();
    let placed = |field: &str| json!(["body", "placements", 0, field]);
    vec![
        // What is required.
        (without(&order(&json!({})), "brandProfileId"), 400, "VALIDATION_FAILED", json!(["body", "brandProfileId"])),
        (without(&order(&json!({})), "weekStart"), 400, "VALIDATION_FAILED", json!(["body", "weekStart"])),
        (without(&order(&json!({})), "timezone"), 400, "VALIDATION_FAILED", json!(["body", "timezone"])),
        (without(&order(&json!({})), "placements"), 400, "VALIDATION_FAILED", json!(["body", "placements"])),
        invalid(json!({ "brandProfileId": "" }), json!(["body", "brandProfileId"])),
        // Fifty placements are the most.
        invalid(json!({ "placements": many }), json!(["body", "placements"])),
        // Words that are none.
        invalid(with(&json!({ "dayId": "2026-02-30" })), placed("dayId")),
        invalid(with(&json!({ "scheduledAt": "2026-01-26 09:00" })), placed("scheduledAt")),
        invalid(with(&json!({ "platform": "myspace" })), placed("platform")),
        invalid(with(&json!({ "trendId": "" })), placed("trendId")),
        invalid(with(&json!({ "trendId": 7 })), placed("trendId")),
        invalid(with(&json!({ "desiredFormat": "poem" })), placed("desiredFormat")),
        invalid(with(&json!({ "seedSource": "rumour" })), placed("seedSource")),
        invalid(json!({ "options": { "schedulePreset": "gamma" } }), json!(["body", "options", "schedulePreset"])),
        invalid(json!({ "weekStart": "26.01.2026" }), json!(["body", "weekStart"])),
        // Weeks and zones.
        refused(json!({ "weekStart": "2026-01-27" }), "NOT_A_MONDAY", json!(["body", "weekStart"])),
        refused(json!({ "timezone": "Mars/Base" }), "UNKNOWN_TIME_ZONE", json!(["body", "timezone"])),
        refused(
            with(&json!({ "dayId": "2026-02-02", "scheduledAt": "2026-02-02T09:00:00-08:00" })),
            "DAY_OUTSIDE_WEEK",
            placed("dayId"),
        ),
        refused(
            with(&json!({ "scheduledAt": "2026-01-26T23:30:00Z", "dayId": "2026-01-27" })),
            "DAY_MISMATCH",
            placed("dayId"),
        ),
        // Nothing to place.
        refused(json!({ "placements": [] }), "NO_PLACEMENTS", json!(["body", "placements"])),
        refused(
            json!({ "options": { "includeNewsletter": true } }),
            "NEWSLETTER_DAY_MISSING",
            json!(["body", "options", "newsletterDayId"]),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_makes_no_sense_is_named_and_leaves_nothing() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    anna.coffee_brand().await;

    for (order, status, code, loc) in nonsense() {
        let reply = anna.post("/v1/organic/generate-calendar", order.clone()).await;
        assert_eq!((reply.status, reply.error_code().as_str()), (status, code), "{order}: {}", reply.text());
        let details = reply.json()["error"]["details"].clone();
        let named = details.as_array().or_fail("details").iter().any(|detail| detail["loc"] == loc);
        assert!(named, "{code} names {loc}: {details}");
    }

    assert_eq!(anna.get("/v1/jobs").await.expect(200).data()["items"], json!([]));
    assert!(anna.placements().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_or_an_account_of_somebody_else_is_refused_before_the_first_byte() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    anna.coffee_brand().await;
    let path = "/v1/organic/generate-calendar";

    // Foreign is as missing, whatever else is wrong with it.
    let foreign = eve.post(path, week_order(&json!({}))).await.refused(404, "NOT_FOUND");
    let missing = eve.post(path, week_order(&json!({ "brandProfileId": "brand_nobody" }))).await;
    assert_eq!(missing.refused(404, "NOT_FOUND").json()["error"], foreign.json()["error"]);
    // Not linked, linked elsewhere, linked on another platform.
    for (changes, loc) in [
        (with(&json!({ "accountId": "acct_nobody" })), json!(["body", "placements", 0, "accountId"])),
        (with(&json!({ "accountId": "acct_linkedin" })), json!(["body", "placements", 0, "accountId"])),
        (
            json!({ "platformAccountIds": { "instagram": "acct_insta", "youtube": "acct_nobody" } }),
            json!(["body", "platformAccountIds", "youtube"]),
        ),
    ] {
        let reply = anna.post(path, week_order(&changes)).await.refused(403, "FORBIDDEN");
        assert_eq!(reply.json()["error"]["details"][0]["loc"], loc);
    }
    assert_eq!(anna.get("/v1/jobs").await.expect(200).data()["items"], json!([]));
    anna.anonymous().post(path, week_order(&json!({}))).await.refused(401, "UNAUTHENTICATED");
    // A foreign trend is as missing, for its placement alone.
    eve.coffee_brand().await;
    let trend = json!({ "id": "trend_eves", "title": "Hers", "source": "trend" });
    eve.post(&format!("/v1/brands/{BRAND}/trends"), trend).await.expect(201);
    let events = anna.generate_week(&with(&json!({ "trendId": "trend_eves" }))).await;
    assert_eq!(events.iter().find(|event| event.kind == "error").or_fail("an error").json()["code"], "TREND_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preset_fills_a_week_that_nobody_placed_anything_in() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    anna.coffee_brand().await;

    // Without seeds, and without accounts, which are the brand's then.
    let mut order = week_order(&json!({ "placements": [], "options": { "schedulePreset": "beta-launch" } }));
    order.as_object_mut().or_fail("an order").remove("platformAccountIds");
    let call = anna.request(Method::POST, "/v1/organic/generate-calendar").json(&order);
    let events = call.open(almanac_tests::actor::stream::Encoding::Ndjson).await.collect_to_end().await;

    let ids = placement_ids(&events);
    assert_eq!(ids.len(), 3, "as many as the brand has unused trends: {ids:?}");
    assert!(
        ids.iter().all(|id| id.starts_with(&format!("preset-{MONDAY}")) || id.starts_with("preset-2026-01-27")),
        "{ids:?}"
    );
    let saved = anna.placements().await;
    let local: Vec<_> =
        saved.iter().map(|one| (one["platform"]["name"].clone(), one["schedule"]["scheduledAt"].clone())).collect();
    assert_eq!(local[0], (json!("linkedin"), json!("2026-01-26T17:00:00Z")));
    assert_eq!(local[1], (json!("instagram"), json!("2026-01-26T19:00:00Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_in_which_the_clocks_change_has_its_own_hours() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    anna.coffee_brand().await;
    // Clocks go forward on Sunday, 8 March 2026: 09:00 is an hour earlier in UTC from then on.
    let on = |id: &str, day: &str, at: &str| {
        let mut seed = seed(id, 0, 9);
        seed["dayId"] = day.into();
        seed["scheduledAt"] = at.into();
        seed
    };
    let placements = json!([
        on("before", "2026-03-07", "2026-03-07T09:00:00-08:00"),
        on("after", "2026-03-08", "2026-03-08T09:00:00-07:00"),
        on("late", "2026-03-08", "2026-03-08T23:30:00-07:00"),
    ]);

    let events = anna.generate_week(&json!({ "weekStart": "2026-03-02", "placements": placements })).await;

    let saved = |id: &str| almanac_tests::actor::organic::placement_lines(&events, id)[0]["schedule"].clone();
    assert_eq!(
        (&saved("before")["scheduledAt"], &saved("before")["timeOfDay"]),
        (&json!("2026-03-07T17:00:00Z"), &json!("morning"))
    );
    assert_eq!(
        (&saved("after")["scheduledAt"], &saved("after")["timeOfDay"]),
        (&json!("2026-03-08T16:00:00Z"), &json!("morning"))
    );
    assert_eq!((&saved("late")["dayId"], &saved("late")["timeOfDay"]), (&json!("2026-03-08"), &json!("night")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_week_in_a_row_is_refused_where_two_are_allowed() {
    let stack = Stack::builder().api_env("ORGANIC_RATE", "2/300").start().await;
    let anna = stack.user();
    anna.coffee_brand().await;
    let post = |key: &'static str| {
        anna.request(Method::POST, "/v1/organic/generate-calendar")
            .key(key)
            .json(&week_order(&json!({})))
            .header("accept", "application/json")
            .header("prefer", "wait=20")
            .send()
    };

    let first = post("one").await.expect(200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"organic\";q=2;w=300"));
    assert!(first.header("ratelimit").or_fail("RateLimit").starts_with("\"organic\";r=1;t="));
    anna.post("/v1/organic/generate-calendar", week_order(&json!({ "weekStart": "2026-01-27" }))).await.expect(422);
    post("one").await.expect(200);
    post("two").await.expect(200);

    let refused = post("three").await.refused(429, "RATE_LIMITED");
    assert!(
        refused.header("retry-after").is_some() && refused.header("ratelimit").or_fail("RateLimit").contains("r=0")
    );
    // Another family, another bucket.
    anna.calendar(&json!({})).await;
}
