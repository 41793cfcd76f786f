//! What people do with themes: make one, schedule it, ask for a synthesis, and look at what became of fires and mails.
//! Tests call it where asking is not the subject. It must never look anywhere but over HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use super::User;
use crate::observe::{OrFail, eventually};

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(60);

/// A theme without feeds, with these fields instead of the usual ones.
pub fn theme_order(changes: &Value) -> Value {
    changed(
        json!({ "name": "Coffee weekly", "description": "Coffee, from the plant to the cup.", "language": "en",
                "sections": ["Harvest", "Roasting"] }),
        changes,
    )
}

/// A schedule whose time of today has passed, so that it is due at once, with these fields instead of the usual ones.
pub fn schedule_order(changes: &Value) -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    changed(json!({ "enabled": true, "days": days, "time_utc": "00:00", "emails": [] }), changes)
}

fn changed(mut order: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        order[name] = value.clone();
    }
    order
}

/// Addresses of recipients that no other test has.
pub fn recipients(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("reader{number}-{}@example.org", uuid::Uuid::new_v4().simple())).collect()
}

impl User {
    /// A new theme; its id.
    pub async fn theme(&self, changes: &Value) -> String {
        let theme = self.post("/v1/themes", theme_order(changes)).await.expect(201).data();
        theme["id"].as_str().or_fail("the theme's id").to_owned()
    }

    /// Asks for a synthesis of a theme; the id of its job.
    pub async fn synthesis(&self, theme: &str) -> String {
        let accepted = self.post(&format!("/v1/themes/{theme}/syntheses"), json!({})).await.expect(202).data();
        accepted["id"].as_str().or_fail("the synthesis's id").to_owned()
    }

    /// Asks for a synthesis and waits for its end; what is shown of it.
    pub async fn synthesised(&self, theme: &str) -> Value {
        let id = self.synthesis(theme).await;
        self.follow(&id).await.collect_to_end().await;
        self.get(&format!("/v1/syntheses/{id}")).await.expect(200).data()
    }

    /// Saves the schedule of a theme; what is shown of it.
    pub async fn schedule(&self, theme: &str, changes: &Value) -> Value {
        self.put(&format!("/v1/themes/{theme}/schedule"), schedule_order(changes)).await.expect(200).data()
    }

    /// What became of the fires of a theme, newest first.
    pub async fn decisions(&self, theme: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/themes/{theme}/schedule/decisions")).await.expect(200).data();
        page["items"].as_array().or_fail("a page of decisions").clone()
    }

    /// Waits until the newest fire of a theme has one of these outcomes.
    pub async fn wait_for_decision(&self, theme: &str, outcomes: &[&str]) -> Value {
        let seen = async || {
            let newest = self.decisions(theme).await.into_iter().next()?;
            outcomes.contains(&newest["outcome"].as_str()?).then_some(newest)
        };
        eventually(SOON, &format!("a fire of {theme} becomes {outcomes:?}"), seen).await
    }

    /// The syntheses of a theme, newest first.
    pub async fn syntheses(&self, theme: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/themes/{theme}/syntheses")).await.expect(200).data();
        page["items"].as_array().or_fail("a page of syntheses").clone()
    }

    /// The mails of a synthesis, in the order in which they were made.
    pub async fn deliveries(&self, synthesis: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/syntheses/{synthesis}/deliveries")).await.expect(200).data();
        page["items"].as_array().or_fail("a page of mails").clone()
    }

    /// Waits until the mails of a synthesis have these statuses, in any order; the mails.
    pub async fn wait_for_deliveries(&self, synthesis: &str, statuses: &[&str]) -> Vec<Value> {
        let mut wanted: Vec<&str> = statuses.to_vec();
        wanted.sort_unstable();
        let wanted = &wanted;
        let seen = async || {
            let mails = self.deliveries(synthesis).await;
            let mut are: Vec<&str> = mails.iter().filter_map(|mail| mail["status"].as_str()).collect();
            are.sort_unstable();
            (are == *wanted).then(|| mails.clone())
        };
        eventually(SOON, &format!("the mails of {synthesis} become {statuses:?}"), seen).await
    }
}
