//! What people do with organic weeks: have a brand, ask for its week, watch it, and look at it.
//! Tests call it where asking is not the subject. It must never hide a refusal: what is not accepted fails the test.

use http::Method;
use serde_json::{Value, json};

use super::{
    Reply, User,
    stream::{Encoding, Event, EventStream},
};
use crate::observe::OrFail;

/// The Monday of the tests' week; Los Angeles is eight hours behind UTC in it.
pub const MONDAY: &str = "2026-01-26";
/// The brand of the tests.
pub const BRAND: &str = "brand_123";

/// A seed on Instagram at a local time of a day of the week, from 0.
pub fn seed(id: &str, day: u32, hour: u32) -> Value {
    let date = format!("2026-{:02}-{:02}", if day < 6 { 1 } else { 2 }, if day < 6 { 26 + day } else { day - 5 });
    json!({
        "placementId": id, "trendId": "trend_coldbrew", "dayId": date,
        "scheduledAt": format!("{date}T{hour:02}:00:00-08:00"), "platform": "instagram",
    })
}

/// Three placements on three days, with these fields instead of the usual ones.
pub fn week_order(changes: &Value) -> Value {
    let mut order = json!({
        "brandProfileId": BRAND, "weekStart": MONDAY, "timezone": "America/Los_Angeles",
        "platformAccountIds": { "instagram": "acct_insta", "linkedin": "acct_linkedin" },
        "placements": [seed("p1", 0, 9), seed("p2", 1, 9), seed("p3", 2, 9)],
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        order[name] = value.clone();
    }
    order
}

/// Options whose guidance holds the key of scripted calls.
pub fn options_with_key(key: &str) -> Value {
    json!({ "guidancePrompt": format!("Warm. [[key:{key}]]") })
}

impl User {
    /// A brand with three accounts, one of each state, some trends, and a picture for one of them.
    pub async fn coffee_brand(&self) {
        if let Some(refusal) = self.try_coffee_brand().await {
            panic!("{}: {} {}", refusal.request, refusal.status, refusal.text());
        }
    }

    /// The same at an API that may be unable; the refusal, if there is one. May be repeated.
    pub async fn try_coffee_brand(&self) -> Option<Reply> {
        let brand = json!({ "id": BRAND, "name": "Bean & Co", "timezone": "America/Los_Angeles", "voice": "warm" });
        let made = self.post("/v1/brands", brand).await;
        if !matches!(made.status, 201 | 409) {
            return Some(made);
        }
        let things = json!({
            "accounts": [
                { "id": "acct_insta", "platform": "instagram", "name": "bean" },
                { "id": "acct_linkedin", "platform": "linkedin", "name": "bean co" },
                { "id": "acct_gone", "platform": "facebook", "name": "bean", "state": "disconnected" },
                { "id": "acct_stale", "platform": "tiktok", "name": "bean", "state": "auth_failed" },
            ],
            "trends": [
                {
                    "id": "trend_coldbrew", "title": "Cold brew season", "source": "trend", "priority": 9,
                    "description": "Cold brew is asked for again.", "tags": ["coldbrew"],
                },
                { "id": "trend_latte", "title": "Latte art", "source": "question", "priority": 5, "tags": ["latte"] },
                { "id": "trend_beans", "title": "New beans", "source": "event", "priority": 1, "tags": [] },
            ],
            "assets": [
                { "id": "asset_brew", "title": "Cold brew in a glass", "kind": "image", "tags": ["coldbrew", "reel"] },
                { "id": "asset_tea", "title": "Herbal infusion", "kind": "image", "tags": ["tea"] },
            ],
        });
        let imported = self.post(&format!("/v1/brands/{BRAND}/import"), things).await;
        (imported.status != 200).then_some(imported)
    }

    /// Makes a placement of the id `placement` in a brand of `User::brand`.
    pub async fn place(&self, brand: &str) {
        let mut seed = seed("placement", 0, 9);
        seed["trendId"] = "trend".into();
        let accounts = json!({ "instagram": "account" });
        let order = json!({ "brandProfileId": brand, "platformAccountIds": accounts, "placements": [seed] });
        let events = self.generate_week(&order).await;
        assert_eq!(events.last().map(Event::json).or_fail("a last line")["status"], "succeeded");
    }

    /// Asks for a week and opens its stream of lines.
    pub async fn week(&self, changes: &Value) -> EventStream {
        self.week_as(changes, Encoding::Ndjson).await
    }

    /// The same in this encoding.
    pub async fn week_as(&self, changes: &Value, encoding: Encoding) -> EventStream {
        let call = self.request(Method::POST, "/v1/organic/generate-calendar").json(&week_order(changes));
        let stream = call.open(encoding).await;
        assert_eq!(stream.status, 200, "a week was asked for");
        stream
    }

    /// Asks for a week, of a brand that is there, and waits for its end: all its lines.
    pub async fn generate_week(&self, changes: &Value) -> Vec<Event> {
        let events = self.week(changes).await.collect_to_end().await;
        assert!(events.last().is_some_and(|event| event.kind == "complete"), "the last line is complete: {events:?}");
        events
    }

    /// The brand's saved placements, by time.
    pub async fn placements(&self) -> Vec<Value> {
        let path = format!("/v1/brands/{BRAND}/placements?weekStart={MONDAY}");
        let page = self.get(&path).await.expect(200).data();
        page["items"].as_array().or_fail("a page of placements").clone()
    }
}

/// The lines of a week about one placement.
pub fn placement_lines<'a>(events: &'a [Event], id: &str) -> Vec<Value> {
    let of = |event: &'a Event| {
        let line = event.json();
        (line["placement"]["placementId"] == id).then(|| line["placement"].clone())
    };
    events.iter().filter(|event| event.kind == "placement").filter_map(of).collect()
}

/// The ids of the placements in a week's lines, in their order.
pub fn placement_ids(events: &[Event]) -> Vec<String> {
    let placements = events.iter().filter(|event| event.kind == "placement");
    placements.map(|event| event.json()["placement"]["placementId"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The errors in a week's lines: placement and code.
pub fn placement_errors(events: &[Event]) -> Vec<(Option<String>, String)> {
    let errors = events.iter().filter(|event| event.kind == "error").map(Event::json);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    errors.map(|line| (text(&line["placementId"]), text(&line["code"]).unwrap_or_default())).collect()
}
