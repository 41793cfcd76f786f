//! `Prefer: wait`: the finished resource reports how its work ended, for every outcome.

use almanac_tests::{
    OrFail, Reply, Script, Stack, User,
    actor::{
        calendar::{calendar_order, keyed},
        organic::{options_with_key, week_order},
    },
    world::{Answer, source_text},
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::new_v4().simple())
}

/// Posts and waits for the end.
async fn waited(user: &User, path: &str, body: &Value) -> Reply {
    let call = user.request(Method::POST, path).json(body);
    call.header("accept", "application/json").header("prefer", "wait=30").send().await.expect(200)
}

/// A run as its own page shows it, without its entries.
async fn run(user: &User, shown: &Value) -> Value {
    let path = format!(
        "/v1/calendars/{}/runs/{}",
        shown["id"].as_str().or_fail("a calendar"),
        shown["run"]["id"].as_str().or_fail("a run")
    );
    let mut run = user.get(&path).await.expect(200).data();
    run.as_object_mut().or_fail("an object").remove("entries");
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_was_waited_for_says_how_its_run_ended() {
    let stack = Stack::shared().await;
    let (anna, refused, fine) = (stack.user(), unique("refused"), unique("fine"));
    stack.world.play(&refused, [Script::status(402)]);
    stack.world.play(&fine, [Answer { cards: usize::MAX, ..Answer::default() }.into()]);

    let failed = waited(&anna, "/v1/ai/calendar", &calendar_order(&json!({ "constraints": keyed(&refused) }))).await;
    let made = waited(&anna, "/v1/ai/calendar", &calendar_order(&json!({ "constraints": keyed(&fine) }))).await;

    let (failed, made) = (failed.data(), made.data());
    assert_eq!((&failed["entries"], &failed["run"]["status"]), (&json!([]), &json!("failed")), "{failed}");
    assert!(failed["run"]["error"]["code"].is_string(), "{failed}");
    assert_eq!(failed["run"]["message"], failed["run"]["error"]["message"], "{failed}");
    assert_eq!(
        (&made["run"]["status"], &made["run"]["entryCount"], &made["run"]["slots"], &made["run"]["error"]),
        (&json!("succeeded"), &json!(6), &json!(6), &Value::Null)
    );
    for shown in [&failed, &made] {
        assert_eq!(shown["run"], run(&anna, shown).await, "as the run's own page has it");
        assert!(shown["run"].get("entries").is_none() && shown.get("diff").is_none(), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regeneration_that_was_waited_for_says_what_it_would_change() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("again"));
    let edition = |first| -> Script { Answer { cards: usize::MAX, first, ..Answer::default() }.into() };
    stack.world.play(&key, [edition(1), edition(2), Script::status(402)]);
    let (_, calendar) = anna.calendar(&json!({ "constraints": keyed(&key) })).await;
    let again = calendar_order(&json!({ "constraints": keyed(&key), "calendarId": calendar["id"] }));

    let shown = waited(&anna, "/v1/ai/calendar", &again).await.data();
    let failed = waited(&anna, "/v1/ai/calendar", &again).await.data();

    assert_eq!(shown["entries"], calendar["entries"], "nothing changes until it is accepted");
    assert_eq!((&shown["run"]["status"], &shown["run"]["updated"]), (&json!("succeeded"), &json!(6)), "{shown}");
    assert_eq!(shown["diff"]["updated"].as_array().map(Vec::len), Some(6), "{shown}");
    let path = format!(
        "/v1/calendars/{}/runs/{}/diff",
        calendar["id"].as_str().unwrap(),
        shown["run"]["id"].as_str().unwrap()
    );
    assert_eq!(shown["diff"], anna.get(&path).await.expect(200).data());
    assert_eq!(failed["run"]["status"], "failed", "{failed}");
    assert_eq!((&failed["diff"]["added"], &failed["diff"]["updated"]), (&json!([]), &json!([])), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_and_a_generation_that_were_waited_for_say_how_they_ended() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("week"));
    anna.coffee_brand().await;
    let answer: Script = Answer { cards: usize::MAX, ..Answer::default() }.into();
    stack.world.play(&key, [answer, Script::status(402)]);
    let order = week_order(&json!({ "options": options_with_key(&key) }));

    let made = waited(&anna, "/v1/organic/generate-calendar", &order).await.data();
    let failed = waited(&anna, "/v1/organic/generate-calendar", &order).await.data();

    assert_eq!((&made["run"]["status"], &made["run"]["total"]), (&json!("succeeded"), &json!(3)), "{made}");
    assert_eq!((&made["run"]["placements"], &made["run"]["errors"]), (&json!(3), &json!(0)), "{made}");
    assert_eq!((&made["run"]["error"], &made["run"]["id"]), (&Value::Null, &made["runId"]));
    assert_eq!((&failed["run"]["status"], &failed["status"]), (&json!("failed"), &json!("failed")), "{failed}");
    assert!(failed["run"]["error"]["code"].is_string() && failed["run"]["message"].is_string(), "{failed}");

    let text = unique("cards");
    stack.world.play(&text, [Script::status(402)]);
    let failed = waited(&anna, "/v1/ai/generations", &json!({ "source_text": source_text(&text) })).await.data();
    assert_eq!(failed["status"], "failed", "{failed}");
    assert!(failed["error"]["code"].is_string() && failed["error"]["message"].is_string(), "{failed}");
}
