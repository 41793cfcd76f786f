//! Deletion by users of generations and placements, and which calendars are listed.

use almanac_tests::{
    OrFail, Script, Stack, User,
    actor::{
        calendar::keyed,
        organic::{BRAND, options_with_key},
    },
    world::{Answer, source_text},
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::new_v4().simple())
}

async fn titles(user: &User, path: &str) -> Vec<String> {
    let page = user.get(path).await.expect(200).data();
    let items = page["items"].as_array().or_fail("a page");
    items.iter().map(|item| item["title"].as_str().or_fail("a title").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_generation_takes_its_suggestions_and_leaves_its_cards() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let generation = anna.generation().await;
    let at = format!("/v1/ai/generations/{generation}");
    let suggestion = anna.suggestions(&generation).await[4]["id"].as_str().unwrap().to_owned();
    let first = anna.suggestions(&generation).await[0]["id"].clone();
    let cards = anna.post(&format!("{at}/accept"), json!({ "suggestion_ids": [first] })).await.expect(200).data();
    let card = &cards["cards"][0];
    let card_at = format!("/v1/cards/{}", card["id"].as_str().unwrap());

    eve.delete(&at).await.refused(404, "NOT_FOUND");
    anna.delete(&at).await.expect(204);

    anna.delete(&at).await.refused(404, "NOT_FOUND");
    anna.get(&at).await.refused(404, "NOT_FOUND");
    anna.get(&format!("{at}/suggestions")).await.refused(404, "NOT_FOUND");
    anna.patch(&format!("/v1/ai/suggestions/{suggestion}"), json!({ "front": "x" })).await.refused(404, "NOT_FOUND");
    assert_eq!(anna.get("/v1/ai/generations").await.expect(200).data()["items"], json!([]));
    let log = anna.follow(&generation).await.collect_to_end().await;
    assert_eq!((log.len(), log[0].kind.as_str()), (1, "snapshot"), "the log keeps no text of it: {log:?}");
    assert_eq!(log[0].json()["suggestions"], json!([]));
    let kept = anna.get(&card_at).await.expect(200).data();
    assert_eq!((&kept["front"], &kept["generation_id"]), (&card["front"], &card["generation_id"]));
    assert_eq!(kept["suggestion_id"], Value::Null);
    let changed = anna.patch(&card_at, json!({ "front": "Mine" })).await.expect(200).data();
    assert_eq!((&changed["front"], &changed["back"]), (&json!("Mine"), &card["back"]));
    let operator = crate::jobs::admin::operator(&stack);
    operator.post(&format!("/v1/admin/jobs/{generation}/retry"), json!({})).await.refused(422, "RULE_REFUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_generation_is_cancelled_before_it_is_deleted() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("active"));
    stack.world.play(&key, [Script::hold_after(2)]);
    let generation = anna.generate(&source_text(&key)).await;
    stack.world.wait_until_holding(&key).await;
    let at = format!("/v1/ai/generations/{generation}");

    let refused = anna.delete(&at).await.refused(409, "ACTIVE_GENERATION");
    assert_eq!(refused.json()["error"]["active"]["id"], json!(generation));
    anna.post(&format!("/v1/jobs/{generation}/cancel"), json!({})).await.expect(202);
    anna.ended(&generation).await;
    stack.world.release(&key);
    anna.delete(&at).await.expect(204);
    anna.get(&format!("/v1/jobs/{generation}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_takes_cards_whose_generation_is_gone() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let generation = anna.generation().await;
    anna.post(&format!("/v1/ai/generations/{generation}/accept"), json!({})).await.expect(200);
    anna.delete(&format!("/v1/ai/generations/{generation}")).await.expect(204);
    assert_eq!(anna.get("/v1/cards").await.expect(200).data()["items"].as_array().unwrap().len(), 5);

    let erase = anna.delete("/v1/me/data").await.expect(202).data();
    anna.follow(erase["id"].as_str().unwrap()).await.collect_to_end().await;

    assert_eq!(anna.get("/v1/cards").await.expect(200).data()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_placement_is_gone_until_its_id_is_asked_for_again() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    anna.coffee_brand().await;
    anna.generate_week(&json!({})).await;
    let at = format!("/v1/brands/{BRAND}/placements/p2");
    let delete = |version: &str| anna.request(Method::DELETE, &at).header("if-match", version);

    eve.delete(&at).await.refused(404, "NOT_FOUND");
    delete("\"7\"").send().await.refused(412, "PRECONDITION_FAILED");
    delete("\"1\"").send().await.expect(204);

    anna.delete(&at).await.refused(404, "NOT_FOUND");
    anna.patch(&at, json!({ "copy": { "caption": "x" } })).await.refused(404, "NOT_FOUND");
    let left: Vec<Value> = anna.placements().await.iter().map(|saved| saved["placementId"].clone()).collect();
    assert_eq!(left, [json!("p1"), json!("p3")]);
    anna.generate_week(&json!({})).await;
    assert_eq!(anna.placements().await.len(), 3, "asked for again, it is made again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placement_deleted_under_a_running_week_is_made_by_it() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("under"));
    anna.coffee_brand().await;
    anna.generate_week(&json!({})).await;
    stack.world.play(&key, [Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() }.into()]);
    let mut open = anna.week(&json!({ "options": options_with_key(&key) })).await;
    stack.world.wait_until_holding(&key).await;

    anna.delete(&format!("/v1/brands/{BRAND}/placements/p3")).await.expect(204);
    stack.world.release(&key);

    let last = open.collect_to_end().await.last().unwrap().json();
    assert_eq!(last["status"], "succeeded", "{last}");
    assert_eq!(anna.placements().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_without_a_title_is_called_after_its_channels_and_dates() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (_, calendar) = anna.calendar(&json!({})).await;
    assert_eq!(calendar["title"], "instagram, blog: 2026-01-26 to 2026-01-28");
    let at = format!("/v1/calendars/{}", calendar["id"].as_str().unwrap());
    assert_eq!(anna.patch(&at, json!({ "title": "Mine" })).await.expect(200).data()["title"], "Mine");
    let unnamed = anna.patch(&at, json!({ "title": null })).await.expect(200).data();
    assert_eq!(unnamed["title"], calendar["title"], "a title that is taken away is made again");

    let channels: Vec<String> = (0..8).map(|n| format!("{}{n}", "c".repeat(31))).collect();
    let many = json!({ "channels": channels, "start": "2026-01-26", "end": "2026-01-26" });
    let (_, calendar) = anna.calendar(&many).await;
    let title = calendar["title"].as_str().unwrap();
    assert!(title.starts_with(&channels[0]) && title.ends_with(": 2026-01-26") && title.len() <= 200, "{title}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_came_to_nothing_is_listed_only_when_asked_for() {
    let stack = Stack::shared().await;
    let (anna, refused, held) = (stack.user(), unique("refused"), unique("held"));
    stack.world.play(&refused, vec![Script::status(402); 2]);
    stack.world.play(&held, [Answer { cards: usize::MAX, hold_after: Some(1), ..Answer::default() }.into()]);
    anna.calendar(&json!({ "title": "Full" })).await;
    let ended = anna.plan(&json!({ "title": "Empty", "constraints": keyed(&refused) })).await.collect_to_end().await;
    let empty = ended.last().unwrap().json()["meta"]["calendarId"].as_str().unwrap().to_owned();
    let mut open = anna.plan(&json!({ "title": "Running", "constraints": keyed(&held) })).await;
    stack.world.wait_until_holding(&held).await;

    assert_eq!(
        titles(&anna, "/v1/calendars").await,
        ["Running", "Full"],
        "one that may still bring something is shown"
    );
    assert_eq!(titles(&anna, "/v1/calendars?empty=false").await, ["Running", "Full"]);
    assert_eq!(titles(&anna, "/v1/calendars?empty=true").await, ["Running", "Empty", "Full"]);
    stack.world.release(&held);
    open.collect_to_end().await;
    let shown = anna.get(&format!("/v1/calendars/{empty}")).await.expect(200).data();
    assert_eq!((&shown["title"], &shown["entries"]), (&json!("Empty"), &json!([])));
    anna.get("/v1/calendars?empty=maybe").await.refused(400, "VALIDATION_FAILED");

    let entry = json!({ "channel": "blog", "date": "2026-01-26", "title": "By hand" });
    anna.post(&format!("/v1/calendars/{empty}/entries"), entry).await.expect(201);
    assert_eq!(titles(&anna, "/v1/calendars").await, ["Running", "Empty", "Full"]);
}
