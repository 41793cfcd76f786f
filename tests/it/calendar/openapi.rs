//! Calendars against the OpenAPI document: every object of an answer or an event has the described shape, with no field
//! missing and none undescribed.

use almanac_tests::{
    OrFail, Script, Stack,
    actor::{
        calendar::{calendar_order, keyed},
        stream::Encoding,
    },
    contract::contract,
    world::Answer,
};
use http::Method;
use serde_json::{Value, json};

/// Fails if a value does not have the shape of this name.
#[track_caller]
fn fit(name: &str, value: &Value) {
    let flaws = contract().flaws(contract().schema(name), value, name);
    assert!(flaws.is_empty(), "{flaws:#?}\nin {value}");
}

/// The shape of the answer to an operation, by what it answers with.
fn answered(description: &Value, path: &str, method: &str, status: &str, kind: &str) -> Value {
    let content = &description["paths"][path][method]["responses"][status]["content"];
    let found = content.as_object().or_fail(path).iter().find(|(name, _)| name.starts_with(kind));
    let schema = &found.or_fail(&format!("{kind} of {path} in {content}")).1["schema"];
    schema["properties"]["data"].get("$ref").or(schema.get("$ref")).cloned().or_fail(&schema.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_about_a_calendar_has_the_shape_that_is_described() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    stack.world.play("shape", [1, 2].map(|first| Answer { cards: usize::MAX, first, ..Answer::default() }.into()));
    let (_, calendar) = anna.calendar(&json!({ "constraints": keyed("shape") })).await;
    let path = format!("/v1/calendars/{}", calendar["id"].as_str().unwrap());
    let entry = |nth: usize| format!("{path}/entries/{}", calendar["entries"][nth]["id"].as_str().unwrap());
    let media = json!([{ "url": "https://cdn.example/a.jpg", "type": "image", "alt": "A cup" }]);
    let edited = anna.patch(&entry(0), json!({ "title": "Mine", "media": media })).await.expect(200).data();
    anna.delete(&entry(1)).await.expect(204);
    let by_hand = json!({ "channel": "blog", "date": "2026-01-27", "title": "By hand" });
    let added = anna.post(&format!("{path}/entries"), by_hand).await.expect(201).data();
    let constraints = json!({ "marker": "[[key:shape]]", "skipDates": ["2026-01-28"] });
    let again = json!({ "calendarId": calendar["id"], "constraints": constraints });
    let lines = anna.plan_as(&again, Encoding::Ndjson).await.collect_to_end().await;
    let run = lines.last().unwrap().json()["meta"]["runId"].as_str().unwrap().to_owned();
    let frames = anna.follow(&run).await.collect_to_end().await;
    let diff = anna.get(&format!("{path}/runs/{run}/diff")).await.expect(200).data();
    for list in ["added", "updated", "removed"] {
        assert!(!diff[list].as_array().unwrap().is_empty(), "there is something to look at in {diff}");
    }
    let taken = anna.post(&format!("{path}/runs/{run}/accept"), json!({})).await.expect(200).data();
    assert!(!taken["skipped"].as_array().unwrap().is_empty());

    fit("EntryResponse", &edited);
    fit("EntryResponse", &added);
    fit("CalendarWithEntries", &anna.get(&path).await.expect(200).data());
    fit("DiffResponse", &diff);
    fit("AcceptDone", &taken);
    let shown = anna.get(&format!("{path}/runs/{run}")).await.expect(200).data();
    shown["entries"].as_array().unwrap().iter().for_each(|made| fit("EntryMade", made));
    for kind in ["progress", "entry", "diff", "done"] {
        assert!(lines.iter().any(|line| line.kind == kind), "{kind} was seen");
    }
    lines.iter().for_each(|line| fit("CalendarLine", &line.json()));
    frames.iter().for_each(|frame| fit("CalendarFrame", &frame.json()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_or_is_rehearsed_has_the_described_shape_too() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    stack.world.play("gaps", [Answer { cards: 2, ..Answer::default() }.into()]);
    stack.world.play("bad", [Script::status(400)]);

    for (key, status) in [("gaps", "partial"), ("bad", "failed")] {
        let frames = anna.plan(&json!({ "constraints": keyed(key) })).await.collect_to_end().await;
        assert_eq!(frames.last().unwrap().json()["data"]["status"], status);
        frames.iter().for_each(|frame| fit("CalendarFrame", &frame.json()));
    }
    let operator = crate::jobs::admin::operator(&stack);
    operator.put("/v1/admin/flags/CALENDAR_SERVICE_ENABLED", json!({ "enabled": false })).await.expect(200);
    let frames = anna.plan(&json!({})).await.collect_to_end().await;
    frames.iter().for_each(|frame| fit("CalendarFrame", &frame.json()));
    let post = anna.request(Method::POST, "/v1/ai/calendar").header("accept", "application/json");
    let rehearsed = post.json(&calendar_order(&json!({}))).send().await.expect(200).data();
    fit("DryRunResponse", &rehearsed);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_about_a_calendar_is_described_by_its_shape() {
    let stack = Stack::shared().await;
    let description = stack.user().anonymous().get("/v1/openapi.json").await.expect(200).json();

    for (path, method, status, kind, shape) in [
        ("/calendars/{id}", "get", "200", "application/json", "CalendarWithEntries"),
        ("/calendars/{id}/entries", "post", "201", "application/json", "EntryResponse"),
        ("/calendars/{id}/entries/{entry}", "patch", "200", "application/json", "EntryResponse"),
        ("/calendars/{id}/runs/{run}", "get", "200", "application/json", "RunResponse"),
        ("/calendars/{id}/runs/{run}/diff", "get", "200", "application/json", "DiffResponse"),
        ("/calendars/{id}/runs/{run}/accept", "post", "200", "application/json", "AcceptDone"),
        ("/ai/calendar", "post", "200", "text/event-stream", "CalendarFrame"),
        ("/ai/calendar", "post", "200", "application/x-ndjson", "CalendarLine"),
    ] {
        let described = answered(&description, path, method, status, kind);
        assert_eq!(described, json!(format!("#/components/schemas/{shape}")), "{method} {path}");
    }
}
