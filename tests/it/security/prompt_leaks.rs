//! A model or provider that repeats the system prompt: no part of it reaches a user, a row or a log line.

use std::collections::HashSet;

use almanac_tests::{
    Script, Stack,
    world::{Answer, End, JsonReader},
};
use futures_util::future::join_all;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};

use crate::models::domain_outcomes::{Domain, Played, play_everywhere};

/// Letters of the prompt in a row that must stand nowhere: what 60 characters of prose have at least.
const RUN: usize = 46;

/// Letters and digits alone, so that a repetition is found in any case, wrapping and escaping.
fn letters(text: &str) -> Vec<u8> {
    let text = text.replace("\\n", " ");
    let letters = text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase);
    letters.collect::<String>().into_bytes()
}

/// System prompts, to be looked for in other texts.
pub(crate) struct Prompts(HashSet<Vec<u8>>);

impl Prompts {
    pub(crate) fn new<'a>(prompts: impl IntoIterator<Item = &'a str>) -> Self {
        let runs = |prompt| letters(prompt).windows(RUN).map(<[u8]>::to_vec).collect::<Vec<_>>();
        Self(prompts.into_iter().flat_map(runs).collect())
    }

    /// The first part of a prompt that a text repeats.
    pub(crate) fn quoted_in(&self, text: &str) -> Option<String> {
        let letters = letters(text);
        let run = letters.windows(RUN).find(|run| self.0.contains(*run))?;
        Some(String::from_utf8_lossy(run).into_owned())
    }
}

#[track_caller]
fn assert_silent(place: &str, text: &str, prompts: &Prompts) {
    if let Some(run) = prompts.quoted_in(text) {
        panic!("{place} repeats the system prompt: {run}");
    }
}

/// Every row of every table, as text.
pub(crate) async fn all_rows(admin: &PgPool) -> Vec<(String, String)> {
    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'almanac'::regnamespace AND relkind = 'r'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(admin).await.unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let sql = format!("SELECT t::text FROM almanac.{table} t");
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(admin).await.unwrap();
        rows.extend(found.into_iter().map(|row| (table.clone(), row)));
    }
    rows
}

/// Everything that its owner may read of a job.
async fn shown(one: &Played) -> Vec<(String, String)> {
    let mut paths =
        vec![format!("/v1/jobs/{}", one.job), format!("/v1/jobs/{}/explain", one.job), "/v1/jobs".to_owned()];
    match one.domain {
        Domain::Flashcards => {
            paths.push(format!("/v1/ai/generations/{}", one.job));
            paths.push(format!("/v1/ai/generations/{}/suggestions", one.job));
        }
        Domain::Calendar => {
            let done = one.events.last().unwrap().json();
            let calendar = format!("/v1/calendars/{}", done["meta"]["calendarId"].as_str().unwrap());
            paths.extend(["", "/runs"].map(|rest| format!("{calendar}{rest}")));
            paths.push(format!("{calendar}/runs/{}", one.job));
            paths.push(format!("{calendar}/export?format=csv"));
        }
        Domain::Organic => {
            paths.push(format!(
                "/v1/brands/{}/placements?weekStart={}",
                almanac_tests::actor::organic::BRAND,
                almanac_tests::actor::organic::MONDAY
            ));
        }
        Domain::Synthesis => {
            paths.push(format!("/v1/syntheses/{}", one.job));
            paths.push(format!("/v1/syntheses/{}/html", one.job));
        }
    }
    let mut shown: Vec<(String, String)> =
        one.events.iter().map(|event| (format!("event {}", event.kind), event.data.clone())).collect();
    for path in paths {
        let reply = one.user.get(&path).await.expect(200);
        shown.push((path, String::from_utf8_lossy(&reply.body).into_owned()));
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_repeats_its_instructions_is_quoted_nowhere() {
    let stack = Stack::builder().start().await;
    let torn = |shape| Script::from(Answer { shape, cards: 10, piece: 7, ..Answer::default() });
    let scripts = [
        torn(JsonReader::Echo),
        torn(JsonReader::EchoProse),
        Script::Repeating(400),
        Answer { cards: 1, end: End::Repeating(402), ..Answer::default() }.into(),
    ];

    let played = join_all(scripts.map(|script| async {
        let played = play_everywhere(&stack, std::slice::from_ref(&script)).await;
        (script, played)
    }))
    .await;

    let (mut prompts, mut marked) = (Vec::new(), 0);
    for (script, one) in played.iter().flat_map(|(script, played)| played.iter().map(move |one| (script, one))) {
        let prompt = one.calls[0].system_prompt().to_owned();
        let own = Prompts::new([prompt.as_str()]);
        for (place, text) in shown(one).await {
            assert_silent(&format!("{script:?} {:?} {place}", one.domain), &text, &own);
            marked += usize::from(text.contains("[…]"));
        }
        prompts.push(prompt);
    }
    assert!(marked >= 12, "what was left out is marked: {marked}");
    prompts.sort();
    prompts.dedup();
    assert_eq!(prompts.len(), Domain::ALL.len());
    let rows = all_rows(&stack.admin().await).await;
    let logs = [("API log", stack.api(0).log()), ("worker log", stack.worker(0).log())];
    let prompts = Prompts::new(prompts.iter().map(String::as_str));
    rows.iter().for_each(|(table, row)| assert_silent(table, row, &prompts));
    logs.iter().for_each(|(place, log)| assert_silent(place, log, &prompts));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_repeats_instructions_keeps_its_own_words_and_is_counted() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let echo = Script::from(Answer { shape: JsonReader::Echo, cards: 10, ..Answer::default() });

    let played = play_everywhere(&stack, &[echo]).await;

    for one in &played {
        let table = match one.domain {
            Domain::Flashcards => "ai_generations",
            Domain::Calendar => "calendar_runs",
            Domain::Organic => "organic_runs",
            Domain::Synthesis => "syntheses",
        };
        let sql = format!("SELECT ai_metadata -> 'items' FROM almanac.{table} WHERE id = $1");
        let items: Value = sqlx::query_scalar(AssertSqlSafe(sql)).bind(one.job).fetch_one(&admin).await.unwrap();
        assert_eq!(items["echoed"], 1, "{:?}: {items}", one.domain);
        let first = |kind: &str| one.events.iter().find(|event| event.kind == kind).unwrap().json();
        match one.domain {
            // Nothing of its back is left, so the card is dropped.
            Domain::Flashcards => assert_eq!(first("suggestion")["front"], "Question 2?"),
            Domain::Calendar => {
                let entry = &first("entry")["data"];
                let texts = ["caption", "topic", "notes"].map(|name| entry[name].as_str().unwrap());
                assert!(texts.iter().all(|text| text.contains("[…]")), "{entry}");
                assert!(texts[0].starts_with("Try this: […]") && texts[0].ends_with("Enjoy."), "{entry}");
                assert!(entry["hashtags"].as_array().unwrap().is_empty(), "{entry}");
                assert_eq!(entry["title"], "Title 1");
            }
            Domain::Organic => {
                let placement = &first("placement")["placement"];
                let caption = placement["copy"]["caption"].as_str().unwrap();
                assert!(caption.starts_with("Try this: […]") && caption.ends_with("Enjoy."), "{placement}");
                assert!(placement["copy"]["hashtags"]["low"].as_array().unwrap().is_empty(), "{placement}");
                assert_eq!(placement["content"]["titleTopic"], "Title 1");
            }
            Domain::Synthesis => {
                let section = first("section");
                let summary = section["summary"].as_str().unwrap();
                assert!(summary.starts_with("Try this: […]") && summary.ends_with("Enjoy."), "{section}");
            }
        }
    }
}
