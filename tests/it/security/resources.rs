//! What a user may own, for the tests of this folder: rows of every table, ids for every path, bodies for every operation,
//! and who may do what with each table. A new domain is added here and nowhere else in this folder.

use almanac_tests::{Stack, User};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

/// Per table: what `authenticated` may on its own rows, what `almanac_api` may as itself and `almanac_worker` on all.
/// s(elect), i(nsert), u(pdate), d(elete).
pub const GRANTS: &[(&str, &str, &str, &str)] = &[
    ("submissions", "s", "", "sd"),
    ("ai_generations", "sid", "", "siud"),
    ("ai_suggestions", "su", "", "siud"),
    ("brand_profiles", "siud", "", "sd"),
    ("cards", "siud", "", "siud"),
    ("creative_assets", "siud", "", "sd"),
    ("effects", "s", "", "siud"),
    ("feature_flags", "", "s", "s"),
    ("calendar_entries", "siud", "", "siud"),
    ("calendar_run_entries", "s", "", "si"),
    ("calendar_runs", "si", "", "siud"),
    ("calendars", "siud", "", "siud"),
    ("idempotency_keys", "siu", "", "sd"),
    ("job_events", "s", "", "siud"),
    ("job_kinds", "", "", "s"),
    ("jobs", "s", "", "siud"),
    ("llm_calls", "", "", "siud"),
    ("organic_placements", "sud", "", "siud"),
    ("organic_runs", "si", "", "siud"),
    ("platform_accounts", "siud", "", "sd"),
    ("retention", "", "", "su"),
    ("schema_version", "", "s", "s"),
    ("trends", "siud", "", "sd"),
];

/// Ids of one person, by the segment of a path that they follow.
pub struct Things {
    pub generation: String,
    suggestion: String,
    pub card: String,
    calendar: String,
    entry: String,
    run: String,
    pub brand: String,
}

pub async fn things(user: &User) -> Things {
    let generation = user.generation().await;
    let suggestion = user.suggestions(&generation).await[1]["id"].as_str().unwrap().to_owned();
    let first = user.suggestions(&generation).await[0]["id"].clone();
    let choice = json!({ "suggestion_ids": [first] });
    let cards = user.post(&format!("/v1/ai/generations/{generation}/accept"), choice).await.expect(200).data();
    let (run, calendar) = user.calendar(&json!({})).await;
    let entry = calendar["entries"][0]["id"].as_str().unwrap().to_owned();
    let calendar = calendar["id"].as_str().unwrap().to_owned();
    let card = cards["cards"][0]["id"].as_str().unwrap().to_owned();
    let brand = user.brand().await;
    user.place(&brand).await;
    Things { generation, suggestion, card, calendar, entry, run, brand }
}

/// An operation's path with this user's ids, or with ids of no user.
pub fn filled(path: &str, things: Option<&Things>) -> String {
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    for at in 1..parts.len() {
        if parts[at].starts_with('{') {
            let nobody = Uuid::now_v7().to_string();
            parts[at] = things.map_or(nobody, |things| match parts[at - 1].as_str() {
                "jobs" | "generations" => things.generation.clone(),
                "suggestions" => things.suggestion.clone(),
                "cards" => things.card.clone(),
                "calendars" => things.calendar.clone(),
                "entries" => things.entry.clone(),
                "runs" => things.run.clone(),
                "brands" => things.brand.clone(),
                "accounts" => "account".into(),
                "trends" => "trend".into(),
                "assets" => "asset".into(),
                "placements" => "placement".into(),
                other => panic!("whose ids stand under /{other}? Say so here."),
            });
        }
    }
    parts.join("/")
}

/// A body that each operation reads.
pub fn body(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("accept" | "reject" | "cancel" | "retry" | "import") => json!({}),
        Some("accounts") => json!({ "platform": "tiktok", "name": "Mine now?" }),
        Some("trends") => json!({ "title": "Mine now?", "source": "manual" }),
        Some("assets") => json!({ "title": "Mine now?", "kind": "image" }),
        _ if path.contains("/placements/") => json!({ "copy": { "caption": "Mine now?" } }),
        _ if path.starts_with("/brands/") => json!({ "name": "Mine now?" }),
        Some("entries") => json!({ "channel": "blog", "date": "2026-01-26", "title": "Mine now?" }),
        _ if path.contains("/calendars/") => json!({ "title": "Mine now?" }),
        _ => json!({ "front": "Mine now?" }),
    }
}

/// A user with at least one row in every table.
pub async fn settled(stack: &Stack, admin: &PgPool) -> User {
    let user = stack.user();
    let body = json!({ "source_text": almanac_tests::world::source_text("rows") });
    let call = user.request(http::Method::POST, "/v1/ai/generations").key("rows").json(&body);
    let id = call.send().await.expect(202).data()["generation_id"].as_str().unwrap().to_owned();
    user.ended(&id).await;
    user.post(&format!("/v1/ai/generations/{id}/accept"), json!({})).await.expect(200);
    user.calendar(&json!({})).await;
    user.place(&user.brand().await).await;
    let effect = "INSERT INTO almanac.effects (id, kind, dedupe_key, user_id, job_id, provider_key, payload_hash)
                  VALUES (gen_random_uuid(), 'post', $2, $1, $2::uuid, 'k', '\\x00')";
    sqlx::query(effect).bind(user.id).bind(&id).execute(admin).await.unwrap();
    let flag = "INSERT INTO almanac.feature_flags (name, enabled) VALUES ('ROWS_TEST', true) ON CONFLICT DO NOTHING";
    sqlx::query(flag).execute(admin).await.unwrap();
    user
}
