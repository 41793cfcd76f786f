//! The same model behaviour in each domain: how long a job waits, what it counts, and how it reports the end.

use std::time::Duration;

use almanac_tests::{
    Script, Stack, User,
    actor::{calendar::keyed, organic::options_with_key, stream::Event},
    invariants,
    world::{Answer, Call, End, JsonReader, Outcome, source_text, theme_description},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    Flashcards,
    Calendar,
    Organic,
    Synthesis,
}

impl Domain {
    pub(crate) const ALL: [Self; 4] = [Self::Flashcards, Self::Calendar, Self::Organic, Self::Synthesis];

    /// Items that a whole answer has.
    fn whole(self) -> usize {
        match self {
            Self::Flashcards => 10,
            Self::Calendar => 6,
            Self::Organic => 3,
            Self::Synthesis => 2,
        }
    }

    /// The table that holds how its jobs ended.
    fn table(self) -> &'static str {
        match self {
            Self::Flashcards => "ai_generations",
            Self::Calendar => "calendar_runs",
            Self::Organic => "organic_runs",
            Self::Synthesis => "syntheses",
        }
    }
}

/// A job of a new user, from its request to its end.
pub(crate) struct Played {
    pub(crate) domain: Domain,
    pub(crate) user: User,
    pub(crate) job: Uuid,
    pub(crate) events: Vec<Event>,
    pub(crate) calls: Vec<Call>,
}

impl Played {
    /// The final event's summary, with the same names for every domain.
    fn summary(&self) -> Value {
        let last = self.events.last().unwrap().json();
        match self.domain {
            Domain::Flashcards => with_snake_case_names(&last, "suggestions"),
            Domain::Calendar => {
                let mut data = last["data"].clone();
                data["made"] = data["entries"].clone();
                data
            }
            Domain::Organic => {
                let mut data = last.clone();
                data["made"] = last["placements"].clone();
                data
            }
            Domain::Synthesis => with_snake_case_names(&last, "sections"),
        }
    }

    async fn job_as_shown(&self) -> Value {
        self.user.get(&format!("/v1/jobs/{}", self.job)).await.expect(200).data()
    }

    /// What its row counts: tokens read, tokens written, dollars.
    async fn counted(&self, admin: &PgPool) -> Value {
        let sql = format!(
            "SELECT json_build_array(tokens_input, tokens_output, cost_usd::float8) FROM almanac.{} WHERE id = $1",
            self.domain.table()
        );
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(self.job).fetch_one(admin).await.unwrap()
    }
}

fn with_snake_case_names(last: &Value, made: &str) -> Value {
    json!({
        "status": last["status"], "made": last[made], "tokens": last["tokens"], "tokensInput": last["tokens_input"],
        "tokensOutput": last["tokens_output"], "costUsd": last["cost_usd"], "message": last["error"]["message"],
    })
}

/// Plays scripts to a job of a new user and follows it to its end.
pub(crate) async fn play(stack: &Stack, domain: Domain, scripts: impl IntoIterator<Item = Script>) -> Played {
    let user = stack.user();
    let key = format!("{domain:?}-{}", user.id);
    stack.world.play(&key, scripts);
    let (job, events) = match domain {
        Domain::Flashcards => {
            let id = user.generate(&source_text(&key)).await;
            let events = user.follow(&id).await.collect_to_end().await;
            (id, events)
        }
        Domain::Calendar => {
            let mut stream = user.plan(&json!({ "constraints": keyed(&key) })).await;
            let events = stream.collect_to_end().await;
            (stream.headers["location"].to_str().unwrap().to_owned(), events)
        }
        Domain::Organic => {
            user.coffee_brand().await;
            let mut stream = user.week(&json!({ "options": options_with_key(&key) })).await;
            let events = stream.collect_to_end().await;
            (stream.headers["location"].to_str().unwrap().to_owned(), events)
        }
        Domain::Synthesis => {
            let theme = user.theme(&json!({ "description": theme_description(&key) })).await;
            let id = user.synthesis(&theme).await;
            let events = user.follow(&id).await.collect_to_end().await;
            (id, events)
        }
    };
    let job = job.trim_start_matches("/v1/jobs/").parse().unwrap();
    Played { domain, user, job, events, calls: stack.world.calls(&key) }
}

/// The same scripts for a job of every domain, at the same time.
pub(crate) async fn play_everywhere(stack: &Stack, scripts: &[Script]) -> Vec<Played> {
    join_all(Domain::ALL.map(|domain| play(stack, domain, scripts.to_vec()))).await
}

fn whole(end: End) -> Script {
    Answer { cards: 10, end, ..Answer::default() }.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_thinks_for_twelve_seconds_is_asked_once() {
    let stack = Stack::builder().start().await;
    let slow = Answer { cards: 10, silent: Duration::from_secs(12), ..Answer::default() };

    let played = play_everywhere(&stack, &[slow.into()]).await;

    for one in &played {
        let summary = one.summary();
        assert_eq!(
            (&summary["status"], &summary["made"]),
            (&json!("succeeded"), &json!(one.domain.whole())),
            "{summary}"
        );
        let outcomes: Vec<&Outcome> = one.calls.iter().map(|call| &call.outcome).collect();
        assert_eq!(outcomes, [&Outcome::Completed], "{:?}", one.domain);
    }
    invariants::assert_all(&stack.admin().await, &played.iter().map(|one| one.job).collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_after_its_last_item_is_a_success() {
    let stack = Stack::builder().start().await;
    let ends = [End::Error(402), End::Error(502), End::Hang];

    let played = join_all(ends.map(async |end| (end, play_everywhere(&stack, &[whole(end)]).await)));

    for (end, played) in played.await {
        for one in played {
            let (summary, job) = (one.summary(), one.job_as_shown().await);
            let shown = (&summary["status"], &summary["made"], &summary["message"]);
            assert_eq!(
                shown,
                (&json!("succeeded"), &json!(one.domain.whole()), &Value::Null),
                "{end:?} {:?}: {summary}",
                one.domain
            );
            assert_eq!(
                (&job["status"], &job["error"]),
                (&json!("succeeded"), &Value::Null),
                "{end:?} {:?}",
                one.domain
            );
            assert_eq!(one.calls.len(), 1, "{end:?} {:?}: nothing is asked for again", one.domain);
            assert!(one.events.iter().all(|event| event.kind != "error"), "{end:?} {:?}", one.domain);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_names_what_the_provider_did() {
    let stack = Stack::builder().start().await;
    let table = [
        (Script::status(401), "PROVIDER_AUTH", "account"),
        (Script::status(402), "PROVIDER_AUTH", "credit"),
        (Script::ending(1, End::Error(402)), "PROVIDER_AUTH", "credit"),
        (Script::status(400), "PROVIDER_REJECTED", "refused"),
        (Script::shaped(JsonReader::BadJson), "INVALID_OUTPUT", "could not be read"),
    ];

    let played = table.map(async |(script, code, word)| (code, word, play_everywhere(&stack, &[script]).await));

    for (code, word, played) in join_all(played).await {
        for one in played {
            let (summary, job) = (one.summary(), one.job_as_shown().await);
            assert_eq!(job["error"]["code"], code, "{:?}: {job}", one.domain);
            assert!(job["error"]["latency_ms"].is_u64(), "{:?}: {job}", one.domain);
            for message in [&job["error"]["message"], &summary["message"]] {
                let message = message.as_str().unwrap_or_default();
                assert!(message.contains(word), "{code} {:?}: {message}", one.domain);
                assert!(!message.contains("reached"), "{code} {:?}: {message}", one.domain);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_cost_of_unusable_answers_are_counted_alike_everywhere() {
    let stack = Stack::builder().start().await;
    let (unusable, cut) = (Script::shaped(JsonReader::BadJson), Script::ending(1, End::Length));
    let admin = stack.admin().await;
    let table = [
        vec![unusable.clone(), whole(End::Done)],
        vec![unusable.clone(), unusable.clone()],
        vec![cut, unusable.clone(), unusable],
        vec![whole(End::Done)],
    ];

    let played = table.map(async |scripts| play_everywhere(&stack, &scripts).await);

    for one in join_all(played).await.into_iter().flatten() {
        let ledger = "SELECT json_build_array(sum(tokens_input), sum(tokens_output), sum(cost_usd)::float8)
                        FROM almanac.llm_calls WHERE job_id = $1";
        let paid: Value = sqlx::query_scalar(ledger).bind(one.job).fetch_one(&admin).await.unwrap();
        let summary = one.summary();
        let told = json!([summary["tokensInput"], summary["tokensOutput"], summary["costUsd"]]);
        assert_eq!(paid[0].as_u64(), Some(300 * one.calls.len() as u64), "{:?}: each call is paid", one.domain);
        assert_eq!(told, paid, "{:?}: {summary}", one.domain);
        assert_eq!(summary["tokens"].as_u64(), Some(paid[0].as_u64().unwrap() + paid[1].as_u64().unwrap()));
        assert_eq!(one.counted(&admin).await, paid, "{:?}", one.domain);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_an_earlier_attempt_are_counted_by_the_attempt_that_ends_the_job() {
    let stack = Stack::builder().api_env("CALENDAR_TIMEOUT_SECONDS", "120").worker_env("SHUTDOWN_SECONDS", "1");
    let stack =
        stack.api_env("ORGANIC_TIMEOUT_SECONDS", "120").api_env("SYNTHESIS_TIMEOUT_SECONDS", "120").start().await;
    let admin = stack.admin().await;
    let held = Answer { cards: 10, hold_after: Some(1), ..Answer::default() };
    let scripts = [Script::shaped(JsonReader::BadJson), held.into(), whole(End::Done)];

    let hand_over = async {
        let holding = |calls: &[Call]| {
            (calls.iter().filter(|call| call.outcome == Outcome::Holding).count() == Domain::ALL.len()).then_some(())
        };
        stack.world.ledger().wait_for("each has made its second call", holding).await;
        stack.worker(0).terminate();
        stack.worker(0).wait_exit(Duration::from_secs(30)).await;
        stack.worker(0).start().await;
    };
    let (played, ()) = tokio::join!(play_everywhere(&stack, &scripts), hand_over);

    for one in played {
        let summary = one.summary();
        let told = json!([summary["tokensInput"], summary["tokensOutput"], summary["costUsd"]]);
        assert_eq!(told[0], 600, "{:?}: the unusable answer and the last: {summary}", one.domain);
        assert_eq!(one.counted(&admin).await, told, "{:?}", one.domain);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_without_words_is_dropped_counted_and_no_success() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let hollow = |cards| Script::from(Answer { cards, shape: JsonReader::Hollow, ..Answer::default() });

    let (only, among) = tokio::join!(
        play(&stack, Domain::Flashcards, [hollow(1)]),
        join_all(Domain::ALL.map(|domain| play(&stack, domain, [hollow(10)]))),
    );

    assert_eq!(only.summary()["status"], "failed", "a card of dots is no card");
    assert_eq!(only.job_as_shown().await["error"]["code"], "INVALID_OUTPUT");
    assert!(only.user.suggestions(&only.job.to_string()).await.is_empty());
    for one in among {
        let sql = format!("SELECT ai_metadata -> 'items' FROM almanac.{} WHERE id = $1", one.domain.table());
        let items: Value = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(one.job).fetch_one(&admin).await.unwrap();
        assert_eq!(items["dropped"], 1, "{:?}: {items}", one.domain);
        let (status, missing) = match one.domain {
            // There may be nothing to say under a title.
            Domain::Flashcards | Domain::Synthesis => ("succeeded", 1),
            Domain::Calendar | Domain::Organic => ("partial", 1),
        };
        let summary = one.summary();
        assert_eq!(summary["status"], status, "{summary}");
        assert_eq!(summary["made"].as_u64(), Some(one.domain.whole() as u64 - missing), "{summary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_for_assets_stay_beside_assets_that_match() {
    let stack = Stack::shared().await;

    let one = play(&stack, Domain::Organic, [whole(End::Done)]).await;

    let placements = one.user.placements().await;
    let matched: Vec<&Value> = placements
        .iter()
        .filter(|placement| placement["creative"]["assetIds"].as_array().is_some_and(|ids| !ids.is_empty()))
        .collect();
    assert!(!matched.is_empty(), "the brand has a picture that fits: {placements:?}");
    for placement in matched {
        let hints = json!([{ "role": "hook", "suggestion": "steam over a cup" }]);
        assert_eq!(placement["creative"]["assetHints"], hints, "{placement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_calendar_says_so_alike_whether_it_had_started() {
    let (idle, busy) = tokio::join!(Stack::builder().workers(0).start(), Stack::builder().start());
    let (anna, ben) = (idle.user(), busy.user());
    busy.world.play("running", [Answer { cards: 10, hold_after: Some(2), ..Answer::default() }.into()]);
    let mut queued = anna.plan(&json!({})).await;
    let mut running = ben.plan(&json!({ "constraints": keyed("running") })).await;
    busy.world.wait_until_holding("running").await;

    let mut shapes = Vec::new();
    for (user, stream) in [(&anna, &mut queued), (&ben, &mut running)] {
        let job = stream.headers["location"].to_str().unwrap().to_owned();
        user.post(&format!("{job}/cancel"), json!({})).await.expect(202);
        let done = stream.collect_to_end().await.last().unwrap().json();
        let shown = user.get(&job).await.expect(200).data();
        assert_eq!((&done["error"]["code"], &shown["error"]["code"]), (&json!("CANCELLED"), &json!("CANCELLED")));
        assert_eq!(done["error"], shown["error"], "the job and its last event name the same error");
        assert_eq!(done["data"]["message"], shown["error"]["message"]);
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        shapes.push([names(&done), names(&done["data"]), names(&done["error"])]);
    }
    assert_eq!(shapes[0], shapes[1]);
}
