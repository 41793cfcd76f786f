//! A flashcard generation as its owner sees it: asked for, followed, looked at; and what a whole event log is.
//! Fault tests call it, because most of them begin with a generation and end by looking at all that is left of it.
//! It must never look anywhere but over HTTP.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    User,
    stream::{Event, EventStream},
};
use crate::{observe::OrFail, world::source_text};

impl User {
    /// Asks for a generation whose calls follow the scripts of `key`; answers its id.
    pub async fn generate_scripted(&self, key: &str) -> Uuid {
        let body = json!({ "source_text": source_text(key) });
        let reply = self.post("/api/ai/generations", body).await.expect(202);
        id_of(&reply.json()["generation_id"])
    }

    /// The same with an idempotency key, at an API that may be gone or unable.
    pub async fn try_generate(&self, key: &str, idempotency_key: &str) -> reqwest::Result<super::Reply> {
        let body = json!({ "source_text": source_text(key) });
        self.request(Method::POST, "/api/ai/generations").key(idempotency_key).json(&body).try_send().await
    }

    /// Follows a generation from its first event to its end, and fails the test unless the log is whole.
    pub async fn follow_to_end(&self, id: Uuid) -> Vec<Event> {
        let events = stored(self.follow(&id.to_string()).await.collect_to_end().await);
        assert_follows(&events, 0);
        events
    }

    /// Follows a generation until it has streamed this number of suggestions; returns the open stream and its events.
    pub async fn follow_until_suggestions(&self, id: Uuid, count: usize) -> (EventStream, Vec<Event>) {
        let mut stream = self.follow(&id.to_string()).await;
        let mut events = Vec::new();
        while suggestion_fronts(&events).len() < count {
            let event = stream.next().await.or_fail(&format!("{id} streamed {count} suggestions"));
            events.push(event);
        }
        (stream, stored(events))
    }

    /// The fronts of a generation's suggestions, in their order.
    pub async fn fronts(&self, id: Uuid) -> Vec<String> {
        let reply = self.get(&format!("/v1/ai/generations/{id}/suggestions")).await.expect(200).data();
        let items = reply["items"].as_array().or_fail("reading suggestions").clone();
        items.iter().map(|item| item["front"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// The id in an answer.
#[track_caller]
pub fn id_of(value: &Value) -> Uuid {
    value.as_str().and_then(|text| text.parse().ok()).or_fail(&format!("reading an id from {value}"))
}

/// The events that are stored in the log; those without a seq only decorate.
pub fn stored(events: Vec<Event>) -> Vec<Event> {
    events.into_iter().filter(|event| event.seq.is_some()).collect()
}

/// Fails the test unless these are all events after a seq: no gap, no repetition, one final event and that last.
#[track_caller]
pub fn assert_follows(events: &[Event], after: u64) {
    let seqs: Vec<u64> = events.iter().filter_map(|event| event.seq).collect();
    let expected: Vec<u64> = (after + 1..=after + seqs.len() as u64).collect();
    assert_eq!(seqs, expected, "the log has gaps or repeats itself");
    let finals = events.iter().filter(|event| event.is_final()).count();
    assert_eq!(finals, 1, "a log has one final event: {events:?}");
    assert!(events.last().is_some_and(Event::is_final), "nothing follows the final event: {events:?}");
}

/// The fronts of the suggestions in a log, in their order.
pub fn suggestion_fronts(events: &[Event]) -> Vec<String> {
    let suggestions = events.iter().filter(|event| event.kind == "suggestion");
    suggestions.map(|event| event.json()["front"].as_str().unwrap_or_default().to_owned()).collect()
}
