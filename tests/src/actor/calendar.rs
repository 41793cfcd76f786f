//! What people do with calendars: ask for one, watch it, and look at it.
//! Tests call it where asking is not the subject. It must never hide a refusal: what is not accepted fails the test.

use http::Method;
use serde_json::{Value, json};

use super::{
    User,
    stream::{Encoding, Event, EventStream},
};
use crate::observe::OrFail;

/// Three days on two channels, with these fields instead of the usual ones.
pub fn calendar_order(changes: &Value) -> Value {
    let mut order = json!({
        "channels": ["instagram", "blog"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-28",
        "timezone": "Europe/Paris",
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        order[name] = value.clone();
    }
    order
}

/// A world's key among an order's constraints.
pub fn keyed(key: &str) -> Value {
    json!({ "topics": ["coffee"], "marker": format!("[[key:{key}]]") })
}

impl User {
    /// Asks for a calendar and opens its stream, whatever its status is.
    pub async fn plan(&self, changes: &Value) -> EventStream {
        self.plan_as(changes, Encoding::Sse).await
    }

    /// The same in this encoding.
    pub async fn plan_as(&self, changes: &Value, encoding: Encoding) -> EventStream {
        let call = self.request(Method::POST, "/v1/ai/calendar").json(&calendar_order(changes));
        let stream = call.open(encoding).await;
        assert_eq!(stream.status, 200, "a calendar was asked for");
        stream
    }

    /// Asks for a calendar, waits for its end, and shows it; the run's id and the calendar.
    pub async fn calendar(&self, changes: &Value) -> (String, Value) {
        let events = self.plan(changes).await.collect_to_end().await;
        let last = events.last().map(Event::json).or_fail("a final event");
        assert_eq!(last["data"]["status"], "succeeded", "{last}");
        let calendar = self.calendar_of(&last).await;
        (last["meta"]["runId"].as_str().or_fail("the run's id").to_owned(), calendar)
    }

    /// The calendar that a frame is about, as it is saved.
    pub async fn calendar_of(&self, frame: &Value) -> Value {
        let id = frame["meta"]["calendarId"].as_str().or_fail("the calendar's id");
        self.get(&format!("/v1/calendars/{id}")).await.expect(200).data()
    }
}
