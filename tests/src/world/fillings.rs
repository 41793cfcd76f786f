//! What the scripted provider says in the place of a slot of a calendar or a week, and how it goes wrong. Called by scripts.
//! Pure. A section of a synthesis counts as a slot; `sections` says what stands in it.

use serde_json::{Value, json};

use super::sections;

/// What a model says about a slot, and what it has no say in. `edition` numbers the answer, so that another run
/// can say something else.
pub(super) fn filling(slot: &Value, edition: usize) -> Value {
    match slot {
        _ if sections::is_section(slot) => sections::filling(slot, edition),
        _ if slot["placementId"].is_string() => placement(slot, edition),
        _ => entry(slot, edition),
    }
}

fn placement(slot: &Value, edition: usize) -> Value {
    let id = &slot["placementId"];
    json!({
        "placementId": id,
        "content": {
            "type": slot["format"].as_str().unwrap_or("post"), "titleTopic": format!("Title {edition}"),
            "objective": "Awareness", "target": "Regulars", "tone": "warm", "cta": "Save this", "numSlides": null,
        },
        "creative": {
            "creativeIdea": format!("Idea {edition}"),
            "assetHints": [{ "role": "hook", "suggestion": "steam over a cup" }],
            "assetIds": ["asset_of_somebody"],
        },
        "copy": {
            "caption": format!("Caption {edition} for {}", id.as_str().unwrap_or_default()),
            "hashtags": { "high": ["#coffee"], "medium": ["#coldbrew"], "low": ["#beanandco"] },
        },
        "platform": { "name": "myspace", "accountId": "acct_of_somebody" },
        "schedule": { "dayId": "1999-01-01", "scheduledAt": "1999-01-01T00:00:00Z" },
    })
}

fn entry(slot: &Value, edition: usize) -> Value {
    let key = &slot["key"];
    json!({
        "key": key, "title": format!("Title {edition}"), "topic": "coffee", "format": "reel",
        "caption": format!("Caption {edition} for {key}"), "hashtags": ["#coffee"], "notes": "",
        "channel": "myspace", "date": "1999-01-01", "scheduledAt": "1999-01-01T00:00:00Z",
    })
}

/// An entry between two that have no place in the calendar: of its slot, of another channel, of no slot at all.
pub(super) fn intruding(slot: &Value, edition: usize) -> String {
    if sections::is_section(slot) {
        return sections::intruding(slot, edition);
    }
    let wanted = entry(slot, edition);
    let mut again = wanted.clone();
    let moved = [("title", "Intruder"), ("channel", "intruder"), ("date", "2099-09-09"), ("time", "03:33")];
    for (name, value) in moved.into_iter().chain([("timezone", "Pacific/Auckland")]) {
        again[name] = value.into();
    }
    again["media"] = json!([{ "url": "https://intruder.example/x.jpg", "type": "image" }]);
    let mut strange = again.clone();
    strange["key"] = "intruder:2099-09-09:1".into();
    let mut none = again.clone();
    none["key"] = slot["date"].clone();
    [&strange, &wanted, &again, &none].map(Value::to_string).join(", ")
}

/// What fills a slot, with every text but its title replaced by the system prompt in one of the forms that models give it.
pub(super) fn echoing(mut filling: Value, system_prompt: &str) -> Value {
    if filling["summary"].is_string() {
        return sections::echoing(filling, system_prompt);
    }
    let tags: Vec<String> = system_prompt.split_whitespace().map(|word| format!("#{word}")).collect();
    let inside_json = Value::from(system_prompt).to_string();
    if filling["placementId"].is_string() {
        filling["content"]["objective"] = system_prompt.into();
        filling["creative"]["creativeIdea"] = inside_json.into();
        filling["creative"]["assetHints"][0]["suggestion"] = system_prompt.to_uppercase().into();
        filling["copy"]["caption"] = format!("Try this: {system_prompt} Enjoy.").into();
        filling["copy"]["hashtags"]["low"] = tags.into();
    } else {
        filling["topic"] = inside_json.into();
        filling["caption"] = format!("Try this: {system_prompt} Enjoy.").into();
        filling["notes"] = system_prompt.to_uppercase().into();
        filling["hashtags"] = tags.into();
    }
    filling
}

/// What fills a slot, without a word in its title and its text.
pub(super) fn hollow(mut filling: Value) -> Value {
    if filling["placementId"].is_string() {
        filling["content"]["titleTopic"] = "...".into();
        filling["copy"]["caption"] = "…".into();
    } else {
        let text = if filling["summary"].is_string() { "summary" } else { "caption" };
        filling["title"] = "...".into();
        filling[text] = "…".into();
    }
    filling
}
