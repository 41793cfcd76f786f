//! The world against a plain client: each behaviour is what its name says.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

async fn call(world: &World, text: &str) -> reqwest::Result<reqwest::Response> {
    ask(world, &json!({"task": "flashcards", "source_text": text, "count": 10})).await
}

async fn ask(world: &World, task: &Value) -> reqwest::Result<reqwest::Response> {
    let messages = json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": task.to_string()}]);
    let body = json!({"model": "m", "stream": true, "messages": messages});
    let url = format!("{}/chat/completions", world.ai_base_url(world.address()));
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?.post(url).json(&body).send().await
}

/// The content of an answer to a theme with three articles.
async fn sections_of(world: &World, description: &str, sections: &[&str]) -> String {
    let articles: Vec<Value> = (1..=3).map(|id| json!({"id": id.to_string(), "title": "T"})).collect();
    let theme = json!({"name": "Coffee", "description": description});
    let task = json!({"task": "synthesis", "theme": theme, "sections": sections, "exclude": [], "articles": articles});
    content(&ask(world, &task).await.expect("answer").text().await.expect("body")).0
}

/// The content of all deltas, and whether `[DONE]` came.
fn content(stream: &str) -> (String, bool) {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let chunks = data.clone().filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let text = chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect();
    (text, data.into_iter().any(|data| data == "[DONE]"))
}

#[tokio::test]
async fn an_answer_streams_the_cards_it_promises_and_the_ledger_knows() {
    let world = World::start().await.expect("world");
    world.play("a", [Script::status(503), Script::ok(3)]);

    let refused = call(&world, &source_text("a")).await.expect("refusal").status();
    let answer = call(&world, &source_text("a")).await.expect("answer").text().await.expect("body");

    let (text, done) = content(&answer);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((refused.as_u16(), value["items"].as_array().map(Vec::len), done), (503, Some(3), true));
    let call = world.wait_until_ended("a", 2).await;
    assert_eq!((call.outcome, call.cards_sent, call.system_prompt()), (Outcome::Completed, 3, "be brief"));
    assert_eq!(world.calls("a")[0].outcome, Outcome::Refused(503));
}

#[tokio::test]
async fn an_outage_refuses_every_call_and_uses_up_no_script() {
    let world = World::start().await.expect("world");
    world.play("a", [Script::ok(3), Script::status(401)]);

    world.answer_everything(Some(Script::status(503)));
    let refused = call(&world, &source_text("a")).await.expect("refusal").status();
    world.answer_everything(None);
    let answer = call(&world, &source_text("a")).await.expect("answer").text().await.expect("body");

    let value: Value = serde_json::from_str(&content(&answer).0).expect("JSON");
    assert_eq!((refused.as_u16(), value["items"].as_array().map(Vec::len)), (503, Some(3)));
}

#[tokio::test]
async fn a_held_answer_waits_for_its_release() {
    let world = World::start().await.expect("world");
    world.play("a", [Script::hold_after(2)]);

    let mut answer = call(&world, &source_text("a")).await.expect("answer");
    let held = world.wait_until_holding("a").await;
    assert_eq!(held.cards_sent, 2);
    world.release("a");
    while answer.chunk().await.expect("chunk").is_some() {}

    assert_eq!(world.wait_until_ended("a", 1).await.outcome, Outcome::Completed);
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed_at_once() {
    let world = World::start().await.expect("world");

    let hanging = call(&world, &scripted_text("hang:1")).await.expect("headers");
    drop(hanging);
    let silent = tokio::time::timeout(Duration::from_millis(200), call(&world, &scripted_text("silence"))).await;

    assert!(silent.is_err(), "silence");
    for key in ["hang:1", "silence"] {
        assert_eq!(world.wait_until_ended(key, 1).await.outcome, Outcome::ClosedByClient, "{key}");
    }
}

#[tokio::test]
async fn a_cut_answer_ends_without_a_word_and_a_reset_one_breaks() {
    let world = World::start().await.expect("world");

    let cut = call(&world, &scripted_text("cut:20")).await.expect("answer").text().await.expect("a clean end");
    let reset = call(&world, &scripted_text("reset:1")).await.expect("headers").text().await;

    assert_eq!(content(&cut), ("{\"items\": [{\"front\":".to_owned(), false));
    assert!(!cut.contains("\"stop\""), "no finish_reason");
    assert!(reset.is_err(), "a broken connection");
}

#[tokio::test]
async fn a_synthesis_follows_the_scripts_of_its_themes_key() {
    let world = World::start().await.expect("world");
    let description = theme_description("a");
    let shapes = [JsonReader::Hollow, JsonReader::Intruding, JsonReader::Lines, JsonReader::Invented, JsonReader::Echo];
    let usual = sections_of(&world, &description, &["Harvest", "Prices"]).await;
    let open = sections_of(&world, &description, &[]).await;
    world.play("a", shapes.map(Script::shaped));
    let mut shaped = Vec::new();
    for _ in shapes {
        shaped.push(sections_of(&world, &description, &["Harvest", "Prices"]).await);
    }

    let items = |text: &str| serde_json::from_str::<Value>(text).expect("JSON")["items"].clone();
    let titles = |text: &str| {
        let titles =
            items(text).as_array().expect("items").iter().map(|item| item["title"].clone()).collect::<Vec<_>>();
        Value::from(titles).to_string()
    };

    assert_eq!(
        (titles(&usual).as_str(), titles(&open).as_str()),
        (r#"["Harvest","Prices"]"#, r#"["Section 1","Section 2"]"#)
    );
    let notes = items(&usual)[0]["articles"].clone();
    assert_eq!(
        notes.as_array().map(|notes| notes.iter().map(|note| note["id"].clone()).collect()),
        Some(json!(["1", "3"]))
    );
    assert_eq!(titles(&shaped[0]), r#"["...","Prices"]"#);
    assert_eq!(titles(&shaped[1]), r#"["Intruder","Harvest","Harvest","Intruder","Prices","Prices"]"#);
    assert_eq!(shaped[2].lines().count(), 2);
    assert_eq!(titles(&shaped[3]), r#"["nobody-asked","Harvest","Prices"]"#);
    assert!(shaped[4].contains("Try this: be brief Enjoy.") && shaped[4].contains("BE BRIEF"), "{}", shaped[4]);
    assert_eq!(world.calls("a").len(), 7);
}

#[tokio::test]
async fn the_key_set_holds_what_the_test_publishes() {
    let world = World::start().await.expect("world");
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("client");
    world.publish_keys(&[TestKey::EsTwo]);

    let keys: Value = client.get(world.jwks_url()).send().await.expect("answer").json().await.expect("JSON");
    world.set_keys_unavailable(true);
    let down = client.get(world.jwks_url()).send().await.expect("answer").status();

    assert_eq!((keys["keys"][0]["kid"].as_str(), down.as_u16(), world.key_reads()), (Some("es-two"), 503, 2));
}
