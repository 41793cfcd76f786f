//! Edits of placements: a regenerated week duplicates nothing and overwrites no edit.

use almanac_tests::{
    OrFail, Script, Stack, User,
    actor::{
        organic::{BRAND, options_with_key, placement_errors, placement_ids, placement_lines, seed},
        stream::Event,
    },
    world::Answer,
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::new_v4().simple())
}

async fn branded(stack: &Stack) -> User {
    let user = stack.user();
    user.coffee_brand().await;
    user
}

/// Fills every slot; `first` is the number of the edition.
fn edition(first: usize) -> Script {
    Answer { cards: usize::MAX, first, ..Answer::default() }.into()
}

fn at(id: &str) -> String {
    format!("/v1/brands/{BRAND}/placements/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_made_anew_changes_placements_and_doubles_none() {
    let stack = Stack::shared().await;
    let (anna, key) = (branded(&stack).await, unique("again"));
    stack.world.play(&key, [edition(1), edition(2)]);
    let order = json!({ "options": options_with_key(&key) });
    anna.generate_week(&order).await;
    let before = anna.placements().await;
    let edit = json!({ "copy": { "caption": "Mine" }, "content": { "cta": null } });
    let edited = anna.patch(&at("p1"), edit).await.expect(200).data();
    assert_eq!((&edited["version"], &edited["copy"]["caption"]), (&json!(2), &json!("Mine")));
    assert_eq!(edited["editedFields"], json!(["content.cta", "copy.caption"]));
    let moved = json!({ "schedule": { "scheduledAt": "2026-01-29T10:00:00-08:00" } });
    let moved = anna.patch(&at("p2"), moved).await.expect(200).data();
    assert_eq!(
        moved["schedule"],
        json!({ "dayId": "2026-01-29", "scheduledAt": "2026-01-29T18:00:00Z", "timeOfDay": "morning", "adjusted": false })
    );

    let events = anna.generate_week(&order).await;

    let after = anna.placements().await;
    assert_eq!((before.len(), after.len()), (3, 3), "never doubled");
    let of = |id: &str| after.iter().find(|saved| saved["placementId"] == id).or_fail(id).clone();
    assert_eq!((&of("p1")["copy"]["caption"], &of("p1")["content"]["titleTopic"]), (&json!("Mine"), &json!("Title 2")));
    assert!(of("p1")["content"].get("cta").is_none(), "what she took away stays away");
    assert_eq!(of("p1")["copy"]["hashtags"], before[0]["copy"]["hashtags"]);
    assert_eq!(of("p2")["schedule"]["scheduledAt"], "2026-01-29T18:00:00Z", "she moved it there");
    assert_eq!(of("p3")["copy"]["caption"], "Caption 2 for p3");
    assert_eq!(of("p3")["schedule"], before[2]["schedule"], "nothing that is asked for again moves");
    assert_eq!((&of("p1")["version"], &of("p3")["version"]), (&json!(3), &json!(2)));
    assert_eq!(placement_lines(&events, "p1")[0]["copy"]["caption"], "Mine", "what is streamed is what is saved");
    assert_eq!(placement_ids(&events).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_while_the_week_is_made_anew_is_never_lost() {
    let stack = Stack::shared().await;
    let (anna, key) = (branded(&stack).await, unique("race"));
    stack.world.play(
        &key,
        [edition(1), Answer { cards: usize::MAX, first: 2, hold_after: Some(1), ..Answer::default() }.into()],
    );
    let order = json!({ "options": options_with_key(&key) });
    anna.generate_week(&order).await;

    let mut stream = anna.week(&order).await;
    stream.next_of("placement").await;
    stack.world.wait_until_holding(&key).await;
    anna.patch(&at("p2"), json!({ "copy": { "caption": "Mine" } })).await.expect(200);
    stack.world.release(&key);
    let events = stream.collect_to_end().await;

    assert_eq!(placement_lines(&events, "p2")[0]["copy"]["caption"], "Mine");
    let saved = anna.placements().await;
    assert_eq!(saved[1]["copy"]["caption"], "Mine");
    assert_eq!((&saved[1]["content"]["titleTopic"], &saved[1]["version"]), (&json!("Title 2"), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_kept_and_one_that_makes_no_sense_is_refused() {
    let stack = Stack::shared().await;
    let anna = branded(&stack).await;
    anna.generate_week(&json!({})).await;
    let patch = |version: &'static str, body: Value| {
        anna.request(Method::PATCH, &at("p1")).header("if-match", version).json(&body).send()
    };

    let hashtags = json!({ "copy": { "hashtags": { "low": ["#mine"] } } });
    let edited = patch("\"1\"", hashtags).await.expect(200).data();
    assert_eq!(edited["copy"]["hashtags"], json!({ "high": ["#coffee"], "medium": ["#coldbrew"], "low": ["#mine"] }));
    patch("\"1\"", json!({ "copy": { "caption": "Late" } })).await.refused(412, "PRECONDITION_FAILED");
    for (body, status, code) in [
        (json!({ "copy": { "caption": 1 } }), 400, "VALIDATION_FAILED"),
        (json!({ "price": 1 }), 400, "VALIDATION_FAILED"),
        (json!({ "seed": { "trendId": "trend_latte", "source": "trend" } }), 400, "VALIDATION_FAILED"),
        (json!({ "platform": { "accountId": null } }), 400, "VALIDATION_FAILED"),
        (json!({ "platform": { "accountId": "acct_of_somebody" } }), 403, "FORBIDDEN"),
        (json!([1]), 400, "VALIDATION_FAILED"),
        (json!({ "schedule": { "adjusted": "yes" } }), 400, "VALIDATION_FAILED"),
        (json!({ "schedule": { "timeOfDay": "noon" } }), 400, "VALIDATION_FAILED"),
        (json!({ "schedule": { "reason": 5 } }), 400, "VALIDATION_FAILED"),
        (
            json!({ "schedule": { "dayId": "2026-01-27", "scheduledAt": "2026-01-26T09:00:00-08:00" } }),
            422,
            "DAY_MISMATCH",
        ),
    ] {
        let reply = anna.patch(&at("p1"), body.clone()).await;
        assert_eq!((reply.status, reply.error_code().as_str()), (status, code), "{body}: {}", reply.text());
    }
    anna.patch(&at("nobody"), json!({})).await.refused(404, "NOT_FOUND");
    let saved = anna.placements().await;
    assert_eq!(saved[0], edited, "reloaded as it was answered");
    let linkedin = json!({ "platform": { "name": "linkedin", "accountId": "acct_linkedin" } });
    let there = anna.patch(&at("p1"), linkedin).await.expect(200).data();
    assert_eq!(there["platform"], json!({ "name": "linkedin", "accountId": "acct_linkedin" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_placements_is_one_week_or_all_page_by_page() {
    let stack = Stack::shared().await;
    let anna = branded(&stack).await;
    anna.generate_week(&json!({})).await;
    let path = format!("/v1/brands/{BRAND}/placements");

    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = anna.get(&format!("{path}?limit=2{cursor}")).await.expect(200).data();
        ids.extend(page["items"].as_array().unwrap().iter().map(|item| item["placementId"].clone()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(ids, ["p1", "p2", "p3"]);
    let other = anna.get(&format!("{path}?weekStart=2026-02-02")).await.expect(200).data();
    assert_eq!(other["items"], json!([]));
    anna.get(&format!("{path}?weekStart=2026-01-27")).await.refused(422, "NOT_A_MONDAY");
    anna.get(&format!("{path}?weekStart=soon")).await.refused(400, "VALIDATION_FAILED");
    anna.get("/v1/brands/nobody/placements").await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_are_too_close_are_moved_apart_until_none_is_left() {
    let stack = Stack::shared().await;
    let anna = branded(&stack).await;
    // Sunday evening: the last times of the week.
    let late = |id: &str| {
        let mut seed = seed(id, 6, 21);
        seed["scheduledAt"] = json!("2026-02-01T21:30:00-08:00");
        seed
    };
    let placements = json!([late("a"), late("b"), late("c")]);

    let first = anna.generate_week(&json!({ "placements": placements })).await;

    let times = |events: &[Event], id: &str| placement_lines(events, id)[0]["schedule"]["scheduledAt"].clone();
    assert_eq!(
        (times(&first, "a"), times(&first, "b")),
        (json!("2026-02-02T05:30:00Z"), json!("2026-02-02T06:00:00Z"))
    );
    assert_eq!(placement_errors(&first), [(Some("c".to_owned()), "NO_FREE_SLOT".to_owned())]);
    let again = anna.generate_week(&json!({ "placements": placements })).await;
    assert_eq!((times(&again, "a"), times(&again, "b")), (times(&first, "a"), times(&first, "b")), "nothing moves");
    let backwards = json!([late("b"), late("a")]);
    let swapped = anna.generate_week(&json!({ "placements": backwards })).await;
    assert_eq!((times(&swapped, "a"), times(&swapped, "b")), (times(&first, "a"), times(&first, "b")));
}
