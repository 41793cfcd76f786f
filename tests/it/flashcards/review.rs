//! Review of suggestions (edit, accept, reject) and of cards (change, delete, export).

use almanac_tests::{Stack, User};
use serde_json::{Value, json};
use uuid::Uuid;

async fn accept(user: &User, id: &str, choice: Value) -> Vec<Value> {
    let data = user.post(&format!("/v1/ai/generations/{id}/accept"), choice).await.expect(200).data();
    data["cards"].as_array().expect("cards").clone()
}

async fn statuses(user: &User, id: &str) -> Vec<String> {
    user.suggestions(id).await.iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect()
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_begin_as_proposed_and_in_the_order_the_model_made_them() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;

    let suggestions = anna.suggestions(&id).await;

    let fronts: Vec<_> = suggestions.iter().map(|one| one["front"].as_str().unwrap()).collect();
    assert_eq!(fronts, ["Question 1?", "Question 2?", "Question 3?", "Question 4?", "Question 5?"]);
    assert!(suggestions.iter().all(|one| one["status"] == "proposed" && one["generation_id"] == id.as_str()));
    let mut names: Vec<_> = suggestions[0].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["back", "created_at", "front", "generation_id", "id", "status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_suggestion_is_kept_as_edited() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let one = anna.suggestions(&id).await.remove(0);
    let path = format!("/v1/ai/suggestions/{}", id_of(&one));

    let edited = anna.patch(&path, json!({ "front": "  What is rain? " })).await.expect(200).data();
    assert_eq!((&edited["front"], &edited["status"]), (&json!("What is rain?"), &json!("edited")));
    assert_eq!(edited["back"], one["back"], "the side that was not named stays");
    anna.patch(&path, json!({ "back": "Water." })).await.expect(200);

    let cards = accept(&anna, &id, json!({ "suggestion_ids": [id_of(&one)] })).await;
    assert_eq!(cards.len(), 1);
    assert_eq!((&cards[0]["front"], &cards[0]["back"]), (&json!("What is rain?"), &json!("Water.")));
    anna.patch(&path, json!({ "front": "Too late?" })).await.refused(409, "ALREADY_FINAL");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_none_is_refused_by_name() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let suggestion = id_of(&anna.suggestions(&id).await[0]);
    let card = id_of(&accept(&anna, &id, json!({})).await[1]);
    let cases = [
        (json!({}), json!(["body"])),
        (json!({ "front": "  " }), json!(["body", "front"])),
        (json!({ "front": "é".repeat(501) }), json!(["body", "front"])),
        (json!({ "back": "é".repeat(2_001) }), json!(["body", "back"])),
        (json!({ "front": 7 }), json!(["body", "front"])),
        (json!({ "status": "accepted" }), json!(["body", "status"])),
    ];

    for path in [format!("/v1/ai/suggestions/{suggestion}"), format!("/v1/cards/{card}")] {
        for (patch, loc) in &cases {
            let reply = anna.patch(&path, patch.clone()).await.refused(400, "VALIDATION_FAILED");
            assert_eq!(reply.json()["error"]["details"][0]["loc"], *loc, "{path} {patch}: {}", reply.text());
        }
    }
    anna.patch(&format!("/v1/cards/{card}"), json!({ "front": "é".repeat(500), "back": "é".repeat(2_000) }))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_twice_makes_no_second_card() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let chosen: Vec<_> = anna.suggestions(&id).await.iter().take(2).map(id_of).collect();

    let some = accept(&anna, &id, json!({ "suggestion_ids": chosen })).await;
    assert_eq!(some.len(), 2);
    assert_eq!(some.iter().map(|card| card["suggestion_id"].clone()).collect::<Vec<_>>(), chosen);
    assert_eq!(accept(&anna, &id, json!({ "suggestion_ids": [chosen[1], chosen[1]] })).await, [some[1].clone()]);
    assert_eq!(statuses(&anna, &id).await, ["accepted", "accepted", "proposed", "proposed", "proposed"]);

    let all = accept(&anna, &id, json!({})).await;
    assert_eq!(all.len(), 5);
    let replies = futures_util::future::join_all((0..6).map(|_| accept(&anna, &id, json!({})))).await;
    assert!(replies.iter().all(|cards| *cards == all), "at once and again");
    assert_eq!(anna.get("/v1/cards").await.data()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_needs_no_body() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;

    let reply = anna.request(http::Method::POST, &format!("/v1/ai/generations/{id}/accept")).send().await.expect(200);

    assert_eq!(reply.data()["cards"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_suggestion_makes_no_card_and_an_accepted_one_stays() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let ids: Vec<_> = anna.suggestions(&id).await.iter().map(id_of).collect();
    accept(&anna, &id, json!({ "suggestion_ids": [ids[0]] })).await;
    let reject = async |choice: Value| {
        let data = anna.post(&format!("/v1/ai/generations/{id}/reject"), choice).await.expect(200).data();
        data["suggestions"].as_array().unwrap().clone()
    };

    let rejected = reject(json!({ "suggestion_ids": [ids[1]] })).await;
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0]["status"], "rejected");
    let cards = accept(&anna, &id, json!({})).await;
    assert!(cards.iter().all(|card| card["suggestion_id"] != ids[1].as_str()), "{cards:?}");
    reject(json!({})).await;
    assert_eq!(statuses(&anna, &id).await, ["accepted", "rejected", "accepted", "accepted", "accepted"]);
    let edit = anna.patch(&format!("/v1/ai/suggestions/{}", ids[1]), json!({ "front": "Again?" })).await;
    edit.refused(409, "ALREADY_FINAL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_with_an_unknown_or_foreign_id_is_404_and_changes_nothing() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let (id, other) = (anna.generation().await, anna.generation().await);
    let foreign = eve.generation().await;
    let own = id_of(&anna.suggestions(&id).await[0]);
    let strangers = [
        Uuid::new_v4().to_string(),
        "no-id".to_owned(),
        id_of(&anna.suggestions(&other).await[0]),
        id_of(&eve.suggestions(&foreign).await[0]),
    ];

    for stranger in strangers {
        for verb in ["accept", "reject"] {
            let choice = json!({ "suggestion_ids": [own, stranger] });
            anna.post(&format!("/v1/ai/generations/{id}/{verb}"), choice).await.refused(404, "NOT_FOUND");
        }
    }
    assert!(statuses(&anna, &id).await.iter().all(|status| status == "proposed"));
    assert_eq!(accept(&anna, &id, json!({ "suggestion_ids": [] })).await, Vec::<Value>::new());
    anna.post(&format!("/v1/ai/generations/{id}/accept"), json!({ "ids": [own] }))
        .await
        .refused(400, "VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_shown_changed_and_removed() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let card = accept(&anna, &id, json!({})).await.remove(0);
    let path = format!("/v1/cards/{}", id_of(&card));

    assert_eq!(anna.get(&path).await.expect(200).data(), card);
    let changed = anna.patch(&path, json!({ "back": "Because." })).await.expect(200).data();
    assert_eq!((&changed["front"], &changed["back"]), (&card["front"], &json!("Because.")));
    assert!(changed["updated_at"].as_str() > card["updated_at"].as_str());
    let gone = anna.delete(&path).await.expect(204);
    assert!(gone.body.is_empty());
    for reply in [anna.get(&path).await, anna.delete(&path).await, anna.patch(&path, json!({ "back": "x" })).await] {
        reply.refused(404, "NOT_FOUND");
    }
    assert_eq!(anna.get("/v1/cards").await.data()["items"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_taken_away_as_csv_json_and_anki_text() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = anna.generation().await;
    let card = accept(&anna, &id, json!({})).await.remove(0);
    let awkward = json!({ "front": "=SUM(\"A1\"; 2)", "back": "tab\there, <b>line\nbreak</b> \"é\"" });
    anna.patch(&format!("/v1/cards/{}", id_of(&card)), awkward.clone()).await.expect(200);
    let items = anna.get("/v1/cards").await.data()["items"].as_array().unwrap().clone();
    let expected: Vec<_> = items.iter().map(|item| (text(&item["front"]), text(&item["back"]))).collect();
    let export = async |format: &str| anna.get(&format!("/v1/cards/export?format={format}")).await.expect(200);

    let csv = export("csv").await;
    assert!(csv.header("content-type").unwrap().starts_with("text/csv"));
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"cards.csv\""));
    let rows = quoted_rows(&csv.text(), ',');
    assert_eq!(rows[0], ["front", "back", "created_at"]);
    let unquoted = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    let read: Vec<_> = rows[1..].iter().map(|row| (unquoted(&row[0]), row[1].clone())).collect();
    assert_eq!(read, expected);
    assert!(csv.text().contains("\"'=SUM("), "a spreadsheet would run it: {}", csv.text());

    let json = export("json").await;
    let read: Vec<_> =
        json.json().as_array().unwrap().iter().map(|row| (text(&row["front"]), text(&row["back"]))).collect();
    assert_eq!(read, expected);

    let anki = export("anki").await;
    let file = anki.text();
    let head: Vec<_> = file.lines().take_while(|line| line.starts_with('#')).collect();
    assert!(head.contains(&"#separator:tab") && head.contains(&"#html:false"), "{head:?}");
    let body = file.split_inclusive('\n').skip(head.len()).collect::<String>();
    let read: Vec<_> = quoted_rows(&body, '\t').iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(read, expected);
    assert_eq!(anna.get("/api/cards/export?format=csv").await.expect(200).body, csv.body, "files have no envelope");
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// RFC 4180, by an independent reader.
fn quoted_rows(file: &str, separator: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, file.chars().peekable());
    while let Some(next) = chars.next() {
        match next {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            next if next == separator && !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            next => cell.push(next),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "the file ends inside a row");
    rows
}
