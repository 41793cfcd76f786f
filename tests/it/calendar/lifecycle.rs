//! Calendars over HTTP: streamed as generated, edited by users, regenerated, and never at the cost of an edit.

use std::collections::BTreeSet;

use almanac_tests::{
    OrFail, Script, Stack, User,
    actor::{
        calendar::{calendar_order, keyed},
        log::{assert_follows, stored},
        stream::{Encoding, Event},
    },
    invariants,
    world::Answer,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::new_v4().simple())
}

/// Says the same of every slot, but for the number of its edition.
fn edition(first: usize) -> Script {
    Answer { cards: usize::MAX, first, ..Answer::default() }.into()
}

fn of_kind<'a>(events: &'a [Event], kind: &str) -> Vec<&'a Event> {
    events.iter().filter(|event| event.kind == kind).collect()
}

fn keys(list: &Value) -> Vec<&str> {
    list.as_array().or_fail("a list").iter().map(|entry| entry["key"].as_str().or_fail("a key")).collect()
}

fn entry<'a>(list: &'a Value, key: &str) -> &'a Value {
    let found = list.as_array().or_fail("a list").iter().find(|entry| entry["key"] == key);
    found.or_fail(&format!("{key} in {list}"))
}

/// The path of a calendar's part.
fn at(calendar: &Value, rest: &str) -> String {
    format!("/v1/calendars/{}{rest}", calendar["id"].as_str().or_fail("a calendar's id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_is_streamed_as_it_is_made_and_saved_as_it_was_streamed() {
    let stack = Stack::shared().await;
    let (anna, key, plan) = (stack.user(), unique("story"), Uuid::new_v4());
    stack.world.play(&key, [Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() }.into()]);

    let mut stream = anna.plan(&json!({ "constraints": keyed(&key), "planId": plan, "title": "Coffee" })).await;
    let location = stream.headers["location"].to_str().unwrap().to_owned();
    assert!(stream.headers.contains_key("ratelimit"), "a limited route says where its limit stands");
    // Two entries are here while the model still writes the third.
    let mut events = vec![stream.next_of("entry").await, stream.next_of("entry").await];
    stack.world.wait_until_holding(&key).await;
    stack.world.release(&key);
    events.extend(stream.collect_to_end().await);

    let entries = of_kind(&events, "entry");
    let slots: Vec<Value> = entries.iter().map(|event| event.json()["data"]["key"].clone()).collect();
    let expected = ["26", "27", "28"]
        .map(|day| ["instagram", "blog"].map(|channel| json!(format!("{channel}:2026-01-{day}:1"))))
        .concat();
    assert_eq!(slots, expected, "each slot once, in the order of the slots");
    let first = entries[0].json();
    assert_eq!(
        (&first["data"]["channel"], &first["data"]["date"], &first["data"]["time"], &first["data"]["scheduledAt"]),
        (&json!("instagram"), &json!("2026-01-26"), &json!("11:00"), &json!("2026-01-26T10:00:00Z")),
        "where and when is the slot's to say, whatever the answer held"
    );
    let done = events.last().unwrap().json();
    assert_eq!(location, format!("/v1/jobs/{}", done["meta"]["runId"].as_str().unwrap()));
    assert_eq!((&done["meta"]["done"], &done["meta"]["version"]), (&json!(true), &json!(1)));
    assert_eq!(
        (&done["data"]["status"], &done["data"]["entries"], &done["data"]["added"]),
        (&json!("succeeded"), &json!(6), &json!(6))
    );
    for name in ["updated", "removed", "latencyMs", "tokens", "tokensInput", "tokensOutput", "costUsd"] {
        assert!(done["data"][name].is_number(), "{name} in {done}");
    }
    for event in stored(events.clone()) {
        let frame = event.json();
        assert_eq!(frame["meta"]["seq"], json!(event.seq), "each frame says its place");
        assert_eq!(frame["meta"]["done"], json!(event.is_final()));
    }
    let run = done["meta"]["runId"].as_str().unwrap();
    assert_follows(&stored(anna.follow(run).await.collect_to_end().await), 0);

    let calendar = anna.calendar_of(&done).await;
    assert_eq!((&calendar["title"], &calendar["timezone"]), (&json!("Coffee"), &json!("Europe/Paris")));
    for event in entries {
        let told = event.json()["data"].clone();
        let saved = entry(&calendar["entries"], told["key"].as_str().unwrap());
        for (name, value) in told.as_object().unwrap() {
            assert_eq!(&saved[name], value, "{name}: what was told is what is saved");
        }
        assert_eq!((&saved["version"], &saved["source"]), (&json!(1), &json!("ai")));
    }
    let shown = anna.get(&at(&calendar, &format!("/runs/{run}"))).await.expect(200).data();
    assert_eq!((&shown["planId"], keys(&shown["entries"]).len()), (&json!(plan), 6));
    assert_eq!(shown["latencyMs"], done["data"]["latencyMs"]);
    assert_eq!(stack.world.calls(&key).len(), 1);
    invariants::assert_all(&stack.admin().await, &[run.parse().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_asking_tells_of_the_same_run() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let post = || anna.request(Method::POST, "/v1/ai/calendar").json(&calendar_order(&json!({}))).key("one");

    let accepted = post().header("accept", "application/json").send().await.expect(202);
    let data = accepted.data();
    let run = data["runId"].as_str().unwrap();
    assert_eq!((&data["status"], &data["version"]), (&json!("pending"), &json!(1)));
    let job = anna.get(&format!("/v1/jobs/{run}")).await.expect(200).data();
    assert_eq!(job["urls"], data["urls"], "one run has one set of links");
    assert_eq!(data["urls"]["self"], json!(format!("/v1/calendars/{}", data["calendarId"].as_str().unwrap())));
    let sse = stored(anna.follow(run).await.collect_to_end().await);

    let mut again = post().open(Encoding::Ndjson).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let lines = stored(again.collect_to_end().await);
    assert_eq!(lines.len(), sse.len());
    for (line, event) in lines.iter().zip(&sse) {
        let (mut line, event) = (line.json(), (event.kind.clone(), event.seq, event.json()));
        assert_eq!((&line["type"], &line["seq"]), (&json!(event.0), &json!(event.1)));
        line.as_object_mut().unwrap().retain(|name, _| name != "type" && name != "seq");
        assert_eq!(line, event.2, "a line is the envelope plus type and seq");
    }
    let waited = post().header("accept", "application/json").header("prefer", "wait=5").send().await.expect(200).data();
    assert_eq!((&waited["id"], keys(&waited["entries"]).len()), (&data["calendarId"], 6));
    assert_eq!(anna.get("/v1/calendars").await.expect(200).data()["items"].as_array().unwrap().len(), 1);
    let other = anna.request(Method::POST, "/v1/ai/calendar").json(&calendar_order(&json!({ "title": "x" })));
    other.key("one").send().await.refused(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regeneration_changes_nothing_until_it_is_accepted_and_never_a_persons_edit() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("again"));
    stack.world.play(&key, [edition(1), edition(2)]);
    let (_, calendar) = anna.calendar(&json!({ "constraints": keyed(&key) })).await;
    let id = |slot: &str| entry(&calendar["entries"], slot)["id"].as_str().unwrap().to_owned();
    let (edited, deleted, dropped) = ("instagram:2026-01-26:1", "blog:2026-01-26:1", "instagram:2026-01-28:1");
    let edit = json!({ "caption": "Mine" });
    anna.patch(&at(&calendar, &format!("/entries/{}", id(edited))), edit.clone()).await.expect(200);
    anna.patch(&at(&calendar, &format!("/entries/{}", id(dropped))), edit).await.expect(200);
    anna.delete(&at(&calendar, &format!("/entries/{}", id(deleted)))).await.expect(204);
    let by_hand = json!({ "channel": "instagram", "date": "2026-01-27", "title": "By hand" });
    let by_hand = anna.post(&at(&calendar, "/entries"), by_hand).await.expect(201).data();
    assert_eq!((&by_hand["key"], &by_hand["source"]), (&json!("instagram:2026-01-27:h1"), &json!("human")));
    let before = anna.get(&at(&calendar, "")).await.expect(200).data()["entries"].clone();

    let mut constraints = keyed(&key);
    constraints["skipDates"] = json!(["2026-01-28"]);
    let order = json!({ "calendarId": calendar["id"], "constraints": constraints });
    let events = anna.plan(&order).await.collect_to_end().await;

    let done = events.last().unwrap().json();
    let run = done["meta"]["runId"].as_str().unwrap().to_owned();
    let told = of_kind(&events, "diff")[0].json()["data"].clone();
    assert_eq!((&done["meta"]["version"], &done["meta"]["calendarId"]), (&json!(2), &calendar["id"]));
    assert!(of_kind(&events, "entry").iter().all(|event| event.json()["data"]["id"].is_null()), "ids: first runs only");
    assert_eq!(keys(&told["added"]), [deleted]);
    assert_eq!(told["added"][0]["conflicts"], json!(["deleted"]));
    assert_eq!(keys(&told["removed"]), ["blog:2026-01-28:1", dropped]);
    let update = entry(&told["updated"], edited);
    assert_eq!((&update["changes"], &update["conflicts"]), (&json!(["title", "caption"]), &json!(["caption"])));
    assert_eq!(
        ["added", "updated", "removed"].map(|name| done["data"][name].as_u64().unwrap()),
        [1, 3, 2],
        "the summary counts what the diff lists"
    );
    assert_eq!(anna.get(&at(&calendar, &format!("/runs/{run}/diff"))).await.expect(200).data(), told);
    assert_eq!(anna.get(&at(&calendar, "")).await.expect(200).data()["entries"], before, "nothing is accepted yet");

    let accept = at(&calendar, &format!("/runs/{run}/accept"));
    let taken = anna.post(&accept, json!({})).await.expect(200).data();
    let now = &taken["entries"];
    assert_eq!(
        (&entry(now, edited)["caption"], &entry(now, edited)["title"]),
        (&json!("Mine"), &json!("Title 2")),
        "her caption stays, the title is the run's"
    );
    assert_eq!(entry(now, edited)["editedFields"], json!(["caption"]));
    assert_eq!(entry(now, dropped)["caption"], "Mine", "an edited entry that the run dropped is kept");
    let expected: BTreeSet<&str> =
        [edited, dropped, "instagram:2026-01-27:1", "blog:2026-01-27:1", "instagram:2026-01-27:h1"].into();
    assert_eq!(keys(now).into_iter().collect::<BTreeSet<_>>(), expected);
    let skipped: BTreeSet<_> = keys(&taken["skipped"]).into_iter().collect();
    assert_eq!(skipped, [edited, deleted, dropped].into(), "what was not taken is said: {}", taken["skipped"]);

    let again = anna.post(&accept, json!({})).await.expect(200).data();
    assert_eq!(&again["entries"], now, "accepting twice changes nothing");
    assert_eq!((&again["added"], &again["updated"], &again["removed"]), (&json!([]), &json!([]), &json!([])));
    let named = json!({ "keys": [deleted, dropped], "fields": { edited: ["caption"] } });
    let named = anna.post(&accept, named).await.expect(200).data();
    assert!(keys(&named["entries"]).contains(&deleted) && !keys(&named["entries"]).contains(&dropped), "{named}");
    let runs = anna.get(&at(&calendar, "/runs")).await.expect(200).data();
    let versions: Vec<_> = runs["items"].as_array().unwrap().iter().map(|run| run["version"].clone()).collect();
    assert_eq!(versions, [2, 1], "history is kept");
    anna.post(&accept, json!({ "fields": { edited: ["price"] } })).await.refused(400, "VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_kept_and_one_of_an_old_version_is_refused() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (_, calendar) = anna.calendar(&json!({ "title": "=Coffee" })).await;
    let first = &calendar["entries"][0];
    let path = at(&calendar, &format!("/entries/{}", first["id"].as_str().unwrap()));
    let patch = |version: &'static str, body: Value| {
        anna.request(Method::PATCH, &path).header("if-match", version).json(&body).send()
    };

    let media = json!([{ "url": "https://cdn.example/a.jpg", "type": "image" }]);
    let edited =
        patch("\"1\"", json!({ "title": "=Mine", "date": "2026-02-03", "media": media })).await.expect(200).data();
    assert_eq!((&edited["version"], &edited["key"], &edited["media"]), (&json!(2), &first["key"], &media));
    assert_eq!(edited["editedFields"], json!(["date", "title", "media"]));
    patch("\"1\"", json!({ "title": "Late" })).await.refused(412, "PRECONDITION_FAILED");
    patch("\"2\"", json!({ "price": 1 })).await.refused(400, "VALIDATION_FAILED");
    let stale = anna.request(Method::DELETE, &path).header("if-match", "\"1\"").send().await;
    stale.refused(412, "PRECONDITION_FAILED");
    let saved = anna.get(&at(&calendar, "")).await.expect(200).data();
    assert_eq!(entry(&saved["entries"], first["key"].as_str().unwrap()), &edited, "reloaded as it was answered");

    let json_file = anna.get(&at(&calendar, "/export")).await.expect(200);
    assert_eq!(json_file.json(), saved["entries"]);
    let csv = anna.get(&at(&calendar, "/export?format=csv")).await.expect(200);
    assert!(csv.text().lines().count() == 7 && !csv.text().contains(",=Mine"), "{}", csv.text());
    let ics = anna.get(&at(&calendar, "/export?format=ics")).await.expect(200).text();
    assert_eq!(ics.matches("BEGIN:VEVENT").count(), 6, "{ics}");
    anna.get(&at(&calendar, "/export?format=pdf")).await.refused(400, "VALIDATION_FAILED");

    anna.delete(&path).await.expect(204);
    anna.patch(&path, json!({ "title": "x" })).await.refused(404, "NOT_FOUND");
    let renamed = anna.patch(&at(&calendar, ""), json!({ "title": "Tea" })).await.expect(200).data();
    assert_eq!((&renamed["title"], &renamed["entryCount"]), (&json!("Tea"), &json!(5)));
    anna.patch(&at(&calendar, ""), json!({})).await.refused(400, "VALIDATION_FAILED");
    anna.delete(&at(&calendar, "")).await.expect(204);
    anna.get(&at(&calendar, "")).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_made_while_runs_are_accepted_are_all_kept() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("race"));
    stack.world.play(&key, [edition(1), edition(2)]);
    let (one, calendar) = anna.calendar(&json!({ "constraints": keyed(&key) })).await;
    let order = json!({ "calendarId": calendar["id"], "constraints": keyed(&key) });
    let done = anna.plan(&order).await.collect_to_end().await.last().unwrap().json();
    let two = done["meta"]["runId"].as_str().unwrap().to_owned();
    let entries = calendar["entries"].as_array().unwrap();

    for round in 0_u32..8 {
        let edits = entries.iter().map(|entry| {
            let path = at(&calendar, &format!("/entries/{}", entry["id"].as_str().unwrap()));
            let field = if round % 2 == 0 { "caption" } else { "notes" };
            let anna = &anna;
            async move { anna.patch(&path, json!({ field: format!("Mine {round}") })).await.expect(200) }
        });
        let accepts = [&one, &two].map(|run| {
            let path = at(&calendar, &format!("/runs/{run}/accept"));
            let anna = &anna;
            async move { anna.post(&path, json!({})).await.expect(200) }
        });
        let _ = tokio::join!(join_all(edits), join_all(accepts));
        let now = anna.get(&at(&calendar, "")).await.expect(200).data();
        for saved in now["entries"].as_array().unwrap() {
            let (caption, notes) = (round - round % 2, round.saturating_sub(1) / 2 * 2 + 1);
            assert_eq!(saved["caption"], json!(format!("Mine {caption}")), "round {round}: {saved}");
            if round > 0 {
                assert_eq!(saved["notes"], json!(format!("Mine {notes}")), "round {round}: {saved}");
            }
        }
        assert_eq!(keys(&now["entries"]).len(), 6, "none is lost, none is doubled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_stay_empty_are_asked_for_once_more_and_then_named() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("gaps"));
    let some = |cards: usize| Script::from(Answer { cards, ..Answer::default() });
    stack.world.play(&key, [some(3), some(2)]);

    let events = anna.plan(&json!({ "constraints": keyed(&key) })).await.collect_to_end().await;

    let calls = stack.world.calls(&key);
    assert_eq!(calls.len(), 2, "asked twice");
    assert_eq!(calls[1].task["slots"].as_array().map(Vec::len), Some(3), "only for what is missing");
    let errors = of_kind(&events, "error");
    assert_eq!(errors.len(), 1);
    let error = errors[0].json()["data"].clone();
    assert_eq!((&error["code"], &error["key"]), (&json!("SLOT_UNFILLED"), &json!("blog:2026-01-28:1")));
    let done = events.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("partial"), &json!(5)));
    assert_eq!(keys(&anna.calendar_of(&done).await["entries"]).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_waits_its_turn_and_a_cancelled_one_keeps_what_it_made() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), unique("slot"));
    stack.world.play(&key, [Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() }.into()]);
    let mut stream = anna.plan(&json!({ "constraints": keyed(&key) })).await;
    let first = stream.next_of("entry").await.json();
    stream.next_of("entry").await;
    stack.world.wait_until_holding(&key).await;
    let run = first["meta"]["runId"].as_str().unwrap();

    let second = anna.post("/v1/ai/calendar", calendar_order(&json!({}))).await.refused(409, "ACTIVE_GENERATION");
    let active = second.json()["error"]["active"].clone();
    assert_eq!((&active["id"], &active["kind"]), (&json!(run), &json!("calendar.generate")));
    let calendar = format!("/v1/calendars/{}", first["meta"]["calendarId"].as_str().unwrap());
    let delete = anna.delete(&calendar).await.refused(409, "ACTIVE_GENERATION");
    let accept = anna.post(&format!("{calendar}/runs/{run}/accept"), json!({})).await.refused(409, "UNFINISHED");
    for refused in [second, delete, accept] {
        assert_eq!(refused.json()["error"]["active"]["urls"]["self"], calendar, "the resource: {}", refused.text());
    }

    anna.post(active["urls"]["cancel"].as_str().unwrap(), json!({})).await.expect(202);
    let done = stream.collect_to_end().await.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("cancelled"), &json!(2)));
    assert_eq!(keys(&anna.calendar_of(&done).await["entries"]).len(), 2);
    anna.calendar(&json!({})).await;
}

/// Invalid orders of the user, and the refusal of each.
fn nonsense() -> Vec<(Value, u16, &'static str)> {
    let channels: Vec<String> = (0..9).map(|n| format!("c{n}")).collect();
    vec![
        (json!({ "cadence": "hourly" }), 400, "VALIDATION_FAILED"),
        (json!({ "channels": [] }), 400, "VALIDATION_FAILED"),
        (json!({ "channels": channels }), 400, "VALIDATION_FAILED"),
        (json!({ "channels": ["Insta"] }), 400, "VALIDATION_FAILED"),
        (json!({ "start": "2026-02-30" }), 400, "VALIDATION_FAILED"),
        (json!({ "constraints": [1] }), 400, "VALIDATION_FAILED"),
        (json!({ "constraints": { "times": { "blog": "25:00" } } }), 400, "VALIDATION_FAILED"),
        (json!({ "calendarId": "mine" }), 400, "VALIDATION_FAILED"),
        (json!({ "end": "2026-01-25" }), 422, "END_BEFORE_START"),
        (json!({ "timezone": "Mars/Base" }), 422, "UNKNOWN_TIME_ZONE"),
        (json!({ "end": "2026-12-31" }), 422, "RANGE_TOO_LARGE"),
        (json!({ "calendarId": Uuid::new_v4() }), 404, "NOT_FOUND"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_makes_no_sense_is_named_and_leaves_nothing() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let (_, annas) = anna.calendar(&json!({})).await;

    let mut orders = nonsense();
    orders.push((json!({ "calendarId": annas["id"] }), 404, "NOT_FOUND"));
    for (changes, status, code) in orders {
        let reply = eve.post("/v1/ai/calendar", calendar_order(&changes)).await;
        assert_eq!((reply.status, reply.error_code().as_str()), (status, code), "{changes}: {}", reply.text());
    }

    assert_eq!(eve.get("/v1/jobs").await.expect(200).data()["items"], json!([]));
    assert_eq!(eve.get("/v1/calendars").await.expect(200).data()["items"], json!([]));
}

/// Answers of a model that a run must survive, by the script's words, and what becomes of the run.
async fn answered(stack: &Stack, words: &str) -> Value {
    let anna: User = stack.user();
    let constraints = json!({ "marker": format!("[[script:{words}]]") });
    let events = anna.plan(&json!({ "constraints": constraints })).await.collect_to_end().await;
    events.last().unwrap().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_calendar_ends_the_run_with_a_reason() {
    let stack = Stack::shared().await;

    for (words, code) in [("bad-json", "INVALID_OUTPUT"), ("empty", "EMPTY_OUTPUT"), ("400", "PROVIDER_REJECTED")] {
        let done = answered(&stack, words).await;
        assert_eq!(
            (&done["data"]["status"], &done["error"]["code"]),
            (&json!("failed"), &json!(code)),
            "{words}: {done}"
        );
    }
    let done = answered(&stack, "flood:3145728").await;
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("partial"), &json!(1)), "{done}");
}
