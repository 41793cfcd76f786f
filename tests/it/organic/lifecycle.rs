//! Weeks over HTTP: streamed as generated and saved as streamed; placements that cannot be made are reported, the
//! others are made.

use almanac_tests::{
    OrFail, Script, Stack, User,
    actor::{
        log::{assert_follows, stored},
        organic::{
            BRAND, MONDAY, options_with_key, placement_errors, placement_ids, placement_lines, seed, week_order,
        },
        stream::{Encoding, Event},
    },
    invariants,
    world::{Answer, JsonReader},
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

fn stages(events: &[Event]) -> Vec<String> {
    let mut stages: Vec<String> = Vec::new();
    // A heartbeat of a job that has not started has no stage.
    for event in events.iter().filter(|event| event.kind == "progress" && !event.json()["stage"].is_null()) {
        let stage = event.json()["stage"].as_str().unwrap_or_default().to_owned();
        if stages.last() != Some(&stage) {
            stages.push(stage);
        }
    }
    stages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_streamed_as_it_is_made_and_saved_as_it_was_streamed() {
    let stack = Stack::builder().start().await;
    let (anna, key) = (branded(&stack).await, unique("story"));
    stack.world.play(&key, [Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() }.into()]);

    let mut stream = anna.week(&json!({ "options": options_with_key(&key) })).await;
    let headers = stream.headers.clone();
    let mut events = Vec::new();
    // Two placements are here while the model still writes the third.
    while placement_ids(&events).len() < 2 {
        events.push(stream.next().await.or_fail("two placements"));
    }
    stack.world.wait_until_holding(&key).await;
    assert_eq!(anna.placements().await.len(), 2, "what is streamed is stored");
    stack.world.release(&key);
    events.extend(stream.collect_to_end().await);

    assert!(headers["content-type"].to_str().unwrap().starts_with("application/x-ndjson"));
    assert!(headers.contains_key("ratelimit"), "a limited route says where its limit stands");
    assert_eq!(placement_ids(&events), ["p1", "p2", "p3"], "each once, in the order of the request");
    assert_eq!(stages(&events), ["analyzing", "drafting", "matching", "optimizing", "finalizing"]);
    let counts: Vec<u64> =
        events.iter().filter(|event| event.kind == "progress").filter_map(|e| e.json()["completed"].as_u64()).collect();
    assert!(counts.is_sorted() && counts.last() == Some(&3), "counts only rise: {counts:?}");
    let first = placement_lines(&events, "p1")[0].clone();
    assert_eq!(
        first["schedule"],
        json!({ "dayId": "2026-01-26", "scheduledAt": "2026-01-26T17:00:00Z", "timeOfDay": "morning", "adjusted": false })
    );
    assert_eq!(first["platform"], json!({ "name": "instagram", "accountId": "acct_insta" }), "never from the answer");
    assert_eq!(first["seed"], json!({ "trendId": "trend_coldbrew", "source": "trend" }));
    assert_eq!(first["creative"]["assetIds"], json!(["asset_brew"]), "matched from the brand's library");
    assert_eq!((&first["content"]["type"], &first["content"]["format"]), (&json!("reel"), &json!("Reel")));
    let complete = events.last().unwrap().json();
    assert_eq!(
        (&complete["status"], &complete["placements"], &complete["errors"]),
        (&json!("succeeded"), &json!(3), &json!(0))
    );
    assert!(complete["latencyMs"].is_number() && complete["tokens"].is_number(), "{complete}");
    let run = headers["location"].to_str().unwrap().trim_start_matches("/v1/jobs/").to_owned();
    let log = stored(anna.follow(&run).await.collect_to_end().await);
    assert_follows(&log, 0);
    same_log(&stored(events.clone()), &log);
    for saved in anna.placements().await {
        let told = placement_lines(&events, saved["placementId"].as_str().unwrap())[0].clone();
        for (name, value) in told.as_object().unwrap() {
            assert_eq!(&saved[name], value, "{name}: what was streamed is what is saved");
        }
        assert_eq!((&saved["version"], &saved["editedFields"], &saved["runId"]), (&json!(1), &json!([]), &json!(run)));
        let matches = saved["assetMatches"].as_array().unwrap();
        let ids: Vec<&Value> = matches.iter().map(|found| &found["assetId"]).collect();
        assert_eq!(json!(ids), saved["creative"]["assetIds"], "each asset says why it is there");
        assert!(
            matches.iter().all(|m| m["score"].as_u64() >= Some(6) && m["reason"].as_str() > Some("")),
            "{matches:?}"
        );
    }
    let call = &stack.world.calls(&key)[0].task;
    assert_eq!((&call["task"], &call["brand"]["name"]), (&json!("organic"), &json!("Bean & Co")));
    assert_eq!(call["slots"][0]["trend"]["title"], "Cold brew season");
    invariants::assert_all(&stack.admin().await, &[run.parse().unwrap()]).await;
}

/// Lines and frames of one log: a line is the data with its type and seq.
fn same_log(lines: &[Event], frames: &[Event]) {
    assert_eq!(lines.len(), frames.len());
    for (line, frame) in lines.iter().zip(frames) {
        let mut line = line.json();
        assert_eq!((&line["type"], &line["seq"]), (&json!(frame.kind), &json!(frame.seq)));
        line.as_object_mut().unwrap().retain(|name, _| name != "type" && name != "seq");
        assert_eq!(line, frame.json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_is_accepted_as_it_stands_at_every_door() {
    let stack = Stack::shared().await;
    let example: Value = serde_json::from_str(include_str!("../../golden/organic/request.json")).unwrap();

    for path in [
        "/api/organic/generate-calendar",
        "/api/v1/organic/generate-calendar",
        "/v1/organic/generate-calendar",
        "/generate-calendar",
    ] {
        let anna = stack.user();
        let brand = json!({ "id": "brand_123", "name": "Bean & Co", "timezone": "America/Los_Angeles" });
        anna.post("/v1/brands", brand).await.expect(201);
        let things = json!({
            "accounts": [
                { "id": "ig_123", "platform": "instagram", "name": "bean" },
                { "id": "li_456", "platform": "linkedin", "name": "bean" },
            ],
            "trends": [
                { "id": "trend-101", "title": "Small habits", "source": "trend" },
                { "id": "trend_2", "title": "A launch", "source": "event", "tags": [] },
            ],
            "assets": [],
        });
        anna.post("/v1/brands/brand_123/import", things).await.expect(200);

        let mut stream = anna.request(Method::POST, path).json(&example).open(Encoding::Ndjson).await;
        assert_eq!(stream.status, 200, "{path}");
        let events = stream.collect_to_end().await;

        let ids = placement_ids(&events);
        let seeded = placement_lines(&events, "seed-2026-01-26-trend-101")[0].clone();
        assert_eq!(
            seeded["schedule"],
            json!({ "dayId": "2026-01-26", "scheduledAt": "2026-01-26T17:00:00.000Z", "timeOfDay": "morning", "adjusted": false }),
            "{path}: as the document's example line shows it"
        );
        assert_eq!(seeded["platform"], json!({ "name": "instagram", "accountId": "ig_123" }));
        assert_eq!(seeded["seed"], json!({ "trendId": "trend-101", "source": "trend" }));
        assert_eq!((&seeded["content"]["type"], &seeded["content"]["format"]), (&json!("reel"), &json!("Reel")));
        assert!(ids.contains(&"newsletter-2026-01-26".to_owned()), "with a preset the day is the Monday: {ids:?}");
        assert!(ids.iter().any(|id| id.starts_with("preset-2026-01-")), "the preset fills what is free: {ids:?}");
        let letter = placement_lines(&events, "newsletter-2026-01-26")[0].clone();
        assert_eq!(letter["platform"], json!({ "name": "newsletter", "accountId": null }));
        assert_eq!(
            (&letter["content"]["type"], &letter["schedule"]["scheduledAt"]),
            (&json!("newsletter"), &json!("2026-01-26T17:00:00Z"))
        );
        assert_eq!(events.last().unwrap().json()["status"], "succeeded");
    }
    let anna = stack.user();
    let wrong = anna.get("/generate-calendar").await.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(wrong.header("allow"), Some("POST"));
    anna.anonymous().post("/generate-calendar", example).await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_asking_tells_of_the_same_week() {
    let stack = Stack::shared().await;
    let anna = branded(&stack).await;
    let post = |path| anna.request(Method::POST, path).json(&week_order(&json!({}))).key("one");
    let path = "/v1/organic/generate-calendar";

    let accepted = post(path).header("accept", "application/json").send().await.expect(202);
    let data = accepted.data();
    let run = data["runId"].as_str().unwrap();
    assert_eq!(
        (&data["status"], &data["brandProfileId"], &data["weekStart"]),
        (&json!("pending"), &json!(BRAND), &json!(MONDAY))
    );
    assert_eq!(data["urls"]["self"], json!(format!("/v1/brands/{BRAND}/placements?weekStart={MONDAY}")));
    let job = anna.get(&format!("/v1/jobs/{run}")).await.expect(200).data();
    assert_eq!((&job["kind"], &job["urls"]), (&json!("organic.generate"), &data["urls"]), "one set of links");
    let frames = stored(anna.follow(run).await.collect_to_end().await);

    let mut again = post("/generate-calendar").open(Encoding::Ndjson).await;
    assert_eq!(again.headers["idempotency-replayed"], "true", "every door is one route");
    same_log(&stored(again.collect_to_end().await), &frames);
    let mut again = post("/api/organic/generate-calendar").open(Encoding::Sse).await;
    assert!(again.headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    assert_eq!(stored(again.collect_to_end().await), frames);
    let waited = post(path).header("accept", "application/json").header("prefer", "wait=5").send().await.expect(200);
    let waited = waited.data();
    assert_eq!((&waited["runId"], &waited["status"]), (&json!(run), &json!("succeeded")));
    assert_eq!(waited["placements"].as_array().map(Vec::len), Some(3));
    let bare = post("/api/organic/generate-calendar").header("accept", "application/json").send().await.expect(202);
    assert_eq!(bare.json()["runId"], json!(run), "bare behind /api");
    assert_eq!(anna.get("/v1/jobs").await.expect(200).data()["items"].as_array().map(Vec::len), Some(1));
    let other = anna.request(Method::POST, path).json(&week_order(&json!({ "timezone": "UTC" }))).key("one");
    assert!([400, 422].contains(&other.send().await.status));
    let explained = anna.get(&format!("/v1/jobs/{run}/explain")).await.expect(200).data();
    assert_eq!(explained["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_an_error_of_its_placement_beside_what_can() {
    let stack = Stack::shared().await;
    let anna = branded(&stack).await;
    let on = |id: &str, platform: &str, changes: Value| {
        let mut seed = seed(id, 3, 9);
        seed["platform"] = platform.into();
        for (name, value) in changes.as_object().into_iter().flatten() {
            seed[name] = value.clone();
        }
        seed
    };
    let placements = json!([
        seed("good", 3, 9),
        on("homeless", "youtube", json!({})),
        on("gone", "facebook", json!({ "accountId": "acct_gone" })),
        on("stale", "tiktok", json!({ "accountId": "acct_stale" })),
        on("trendless", "instagram", json!({ "trendId": "trend_of_somebody" })),
        on("moved", "instagram", json!({ "scheduledAt": "2026-01-29T09:10:00-08:00" })),
    ]);

    let events = anna.generate_week(&json!({ "placements": placements })).await;

    let errors = placement_errors(&events);
    let expected = [
        ("homeless", "MISSING_ACCOUNT"),
        ("gone", "ACCOUNT_DISCONNECTED"),
        ("stale", "AUTH_FAILED"),
        ("trendless", "TREND_NOT_FOUND"),
    ];
    assert_eq!(errors, expected.map(|(id, code)| (Some(id.to_owned()), code.to_owned())));
    assert_eq!(placement_ids(&events), ["good", "moved"]);
    let moved = placement_lines(&events, "moved")[0]["schedule"].clone();
    assert_eq!((&moved["scheduledAt"], &moved["adjusted"]), (&json!("2026-01-29T17:40:00Z"), &json!(true)));
    assert!(moved["reason"].as_str().is_some_and(|reason| reason.contains("09:10")), "{moved}");
    let complete = events.last().unwrap().json();
    assert_eq!(
        ["status", "placements", "errors", "adjusted"].map(|name| complete[name].clone()),
        [json!("partial"), json!(2), json!(4), json!(1)]
    );
    assert_eq!(stages(&events), ["analyzing", "drafting", "matching", "optimizing", "finalizing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_which_nothing_can_be_made_fails_and_still_completes() {
    let stack = Stack::shared().await;
    let (anna, key) = (branded(&stack).await, unique("nothing"));
    let mut nowhere = seed("nowhere", 0, 9);
    nowhere["platform"] = json!("youtube");

    let events = anna.generate_week(&json!({ "placements": [nowhere], "options": options_with_key(&key) })).await;

    assert_eq!(placement_errors(&events)[0], (Some("nowhere".to_owned()), "MISSING_ACCOUNT".to_owned()));
    assert_eq!(placement_errors(&events)[1].0, None, "and the week as a whole has failed: {events:?}");
    let complete = events.last().unwrap().json();
    assert_eq!((&complete["status"], &complete["errors"]), (&json!("failed"), &json!(1)));
    assert!(stack.world.calls(&key).is_empty(), "nothing to ask for");
    assert_follows(&stored(events), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_id_counts_once_and_the_last_of_it_wins() {
    let stack = Stack::shared().await;
    let anna = branded(&stack).await;

    let events =
        anna.generate_week(&json!({ "placements": [seed("p1", 0, 9), seed("p2", 1, 9), seed("p1", 4, 15)] })).await;

    assert_eq!(placement_lines(&events, "p1").len(), 1);
    assert_eq!(placement_lines(&events, "p1")[0]["schedule"]["scheduledAt"], "2026-01-30T23:00:00Z");
    let named = events.iter().filter(|event| event.kind == "progress").map(Event::json);
    let named: Vec<_> = named.filter(|line| line["message"].as_str().is_some_and(|text| text.contains("p1"))).collect();
    assert_eq!(named.len(), 1, "one progress message names it: {events:?}");
    assert_eq!(events.last().unwrap().json()["placements"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_omits_is_asked_for_once_more_and_what_it_repeats_or_invents_is_dropped() {
    let stack = Stack::shared().await;
    let anna = branded(&stack).await;
    let (omits, repeats, invents) = (unique("omits"), unique("repeats"), unique("invents"));
    let some = |cards: usize| Script::from(Answer { cards, ..Answer::default() });
    stack.world.play(&omits, [some(1), some(1)]);
    let shaped = |shape| Script::from(Answer { cards: usize::MAX, shape, ..Answer::default() });
    stack.world.play(&repeats, [shaped(JsonReader::Repeated)]);
    stack.world.play(&invents, [shaped(JsonReader::Invented)]);

    let events = anna.generate_week(&json!({ "options": options_with_key(&omits) })).await;
    let calls = stack.world.calls(&omits);
    assert_eq!(calls.len(), 2, "asked twice");
    assert_eq!(calls[1].task["slots"].as_array().map(Vec::len), Some(2), "only for what is missing");
    assert_eq!(placement_ids(&events), ["p1", "p2"]);
    assert_eq!(placement_errors(&events), [(Some("p3".to_owned()), "SLOT_UNFILLED".to_owned())]);
    assert_eq!(events.last().unwrap().json()["status"], "partial");
    assert_eq!(stages(&events), ["analyzing", "drafting", "matching", "optimizing", "finalizing"]);

    let events = anna.generate_week(&json!({ "options": options_with_key(&repeats) })).await;
    assert_eq!(placement_ids(&events), ["p1", "p2", "p3"]);
    assert_eq!(placement_lines(&events, "p1")[0]["content"]["titleTopic"], "Title 1", "the first one counts");
    let events = anna.generate_week(&json!({ "options": options_with_key(&invents) })).await;
    assert_eq!(placement_ids(&events), ["p1", "p2", "p3"], "no more were requested");
    let counted: Value = sqlx::query_scalar(
        "SELECT ai_metadata FROM almanac.organic_runs WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1",
    )
    .bind(anna.id)
    .fetch_one(&stack.admin().await)
    .await
    .unwrap();
    assert_eq!(counted["items"]["dropped"], 1, "and what it invented is counted: {counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_calendar_or_week_at_a_time_and_a_cancelled_one_keeps_what_it_made() {
    let stack = Stack::shared().await;
    let (anna, key) = (branded(&stack).await, unique("slot"));
    stack.world.play(&key, [Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() }.into()]);
    let mut stream = anna.week(&json!({ "options": options_with_key(&key) })).await;
    stream.next_of("placement").await;
    stack.world.wait_until_holding(&key).await;

    let calendar = almanac_tests::actor::calendar::calendar_order(&json!({}));
    for (path, body) in [("/v1/organic/generate-calendar", week_order(&json!({}))), ("/v1/ai/calendar", calendar)] {
        let second = anna.post(path, body).await.refused(409, "ACTIVE_GENERATION");
        let active = &second.json()["error"]["active"];
        assert_eq!(active["kind"], "organic.generate");
        assert_eq!(active["urls"]["self"], format!("/v1/brands/{BRAND}/placements?weekStart={MONDAY}"));
    }
    let run = stream.headers["location"].to_str().unwrap().to_owned();
    let ticket = anna.post("/v1/tickets", json!({ "jobId": run.trim_start_matches("/v1/jobs/") })).await.expect(200);
    anna.post(&format!("{run}/cancel"), json!({})).await.expect(202);
    let events = stream.collect_to_end().await;

    let complete = events.last().unwrap().json();
    assert_eq!((&complete["status"], &complete["placements"]), (&json!("cancelled"), &json!(2)));
    assert!(placement_errors(&events).is_empty(), "a cancel is no failure: {events:?}");
    assert_eq!(anna.placements().await.len(), 2, "what was made is kept");
    assert_eq!(stack.world.wait_until_ended(&key, 1).await.outcome, almanac_tests::world::Outcome::ClosedByClient);
    let with_ticket = format!("{run}/events?ticket={}", ticket.data()["ticket"].as_str().unwrap());
    let mut seen = anna.anonymous().request(Method::GET, &with_ticket).open(Encoding::Ndjson).await;
    let seen = stored(seen.collect_to_end().await);
    assert_follows(&seen, 0);
    assert!(seen.ends_with(&stored(events)), "a ticket's holder sees the same log");
    anna.generate_week(&json!({})).await;
}
