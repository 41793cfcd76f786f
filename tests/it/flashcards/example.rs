//! Flashcards from the request to the card: the documented example.

use almanac_tests::{Stack, world::source_text};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_document_ends_in_cards() {
    let stack = Stack::shared().await;
    let anna = stack.user();

    let accepted = anna.post("/api/ai/generations", json!({ "source_text": source_text("example") })).await.expect(202);

    let body = accepted.json();
    assert_eq!(body.as_object().unwrap().len(), 2, "exactly the two fields of the document");
    assert_eq!(body["status"], "pending");
    let id = body["generation_id"].as_str().unwrap().to_owned();
    let events = anna.follow(&id).await.collect_to_end().await;
    assert_eq!(events.last().unwrap().json()["status"], "succeeded");
    let suggestions = anna.get(&format!("/v1/ai/generations/{id}/suggestions")).await.expect(200).data();
    assert_eq!(suggestions["items"].as_array().unwrap().len(), 5);
    let cards = anna.post(&format!("/v1/ai/generations/{id}/accept"), json!({})).await.expect(200).data();
    assert_eq!(cards["cards"].as_array().unwrap().len(), 5);
    let again = anna.post(&format!("/v1/ai/generations/{id}/accept"), json!({})).await.expect(200).data();
    assert_eq!(again, cards);
}
