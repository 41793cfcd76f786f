//! What people do most: ask for flashcards from a text, and wait for the end.
//! Tests call it where asking is not the subject. It must never hide a refusal: what is not accepted fails the test.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Reply, User};
use crate::observe::OrFail;

impl User {
    /// Asks for flashcards from a text; any answer.
    pub async fn submit(&self, text: &str) -> Reply {
        self.post("/v1/ai/generations", json!({ "source_text": text })).await
    }

    /// Asks for flashcards from a text; the id of the accepted generation, which is its job's too.
    pub async fn generate(&self, text: &str) -> String {
        let data = self.submit(text).await.expect(202).data();
        data["generation_id"].as_str().or_fail("the accepted generation's id").to_owned()
    }

    /// Follows a job to its end and shows the generation it made.
    pub async fn ended(&self, id: &str) -> Value {
        self.follow(id).await.collect_to_end().await;
        self.get(&format!("/v1/ai/generations/{id}")).await.expect(200).data()
    }

    /// A finished generation of five cards.
    pub async fn generation(&self) -> String {
        let id = self.generate(&crate::world::source_text(&format!("plain-{}", Uuid::new_v4()))).await;
        assert_eq!(self.ended(&id).await["status"], "succeeded");
        id
    }

    /// A generation's suggestions, in their order.
    pub async fn suggestions(&self, id: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/ai/generations/{id}/suggestions")).await.expect(200).data();
        page["items"].as_array().or_fail("a page of suggestions").clone()
    }
}
