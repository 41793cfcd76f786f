//! What a user may own, for the tests of this folder: rows of every table, ids for every path, bodies for every operation,
//! and who may do what with each table. A new domain is added here and nowhere else in this folder.

use almanac_tests::{Stack, User, actor::publishing::texts};
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
    ("channel_credentials", "siud", "", "siud"),
    ("email_deliveries", "si", "", "siud"),
    ("email_recipients", "", "", "siud"),
    ("email_suppressions", "", "", "s"),
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
    ("publish_attempts", "si", "", "siud"),
    ("publish_intents", "si", "", "siud"),
    ("publish_plans", "si", "", "sud"),
    ("publish_receipt_heads", "si", "", "siud"),
    ("publish_receipts", "s", "", "sid"),
    ("releases", "", "si", "si"),
    ("retention", "", "", "su"),
    ("schema_version", "", "s", "s"),
    ("schedule_runs", "s", "", "siud"),
    ("syntheses", "si", "", "siud"),
    ("theme_schedules", "siud", "", "sud"),
    ("theme_sources", "siud", "", "sud"),
    ("themes", "siud", "", "sud"),
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
    plan: String,
    intent: String,
    theme: String,
    synthesis: String,
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
    user.connect_unused("linkedin", "account").await;
    let written = user.write("linkedin", &texts(1)).await;
    let published = user.published(&written.order(&json!({}))).await;
    let (plan, intent) = (published.plan, published.intents[0].clone());
    let theme = user.theme(&json!({})).await;
    let synthesis = user.synthesised(&theme).await["id"].as_str().unwrap().to_owned();
    Things { generation, suggestion, card, calendar, entry, run, brand, plan, intent, theme, synthesis }
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
                "plans" => things.plan.clone(),
                "intents" => things.intent.clone(),
                "themes" => things.theme.clone(),
                "syntheses" => things.synthesis.clone(),
                "channels" => "linkedin".into(),
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

/// Operations that make what their path names if it is missing, so that a foreign id is a new one.
pub const UPSERTS: [&str; 1] = ["connectAccount"];

/// A body that each operation reads.
pub fn body(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("accept" | "reject" | "cancel" | "retry" | "import") => json!({}),
        Some("resolve") => json!({ "outcome": "published" }),
        Some("accounts") => json!({ "platform": "tiktok", "name": "Mine now?" }),
        Some("trends") => json!({ "title": "Mine now?", "source": "manual" }),
        Some("assets") => json!({ "title": "Mine now?", "kind": "image" }),
        Some("schedule") => almanac_tests::actor::synthesis::schedule_order(&json!({ "enabled": false })),
        Some("syntheses" | "test-mail") => json!({}),
        _ if path.contains("/placements/") => json!({ "copy": { "caption": "Mine now?" } }),
        _ if path.starts_with("/themes/") => json!({ "name": "Mine now?" }),
        _ if path.starts_with("/brands/") => json!({ "name": "Mine now?" }),
        Some("entries") => json!({ "channel": "blog", "date": "2026-01-26", "title": "Mine now?" }),
        _ if path.contains("/calendars/") => json!({ "title": "Mine now?" }),
        _ => json!({ "front": "Mine now?" }),
    }
}

/// A plan with an intent, an attempt and a receipt, as the job of this id would leave them.
async fn publish(admin: &PgPool, user: &User, job: &str) {
    let rows = [
        "INSERT INTO almanac.publish_plans (id, user_id, plan_hash, approved, transport, brand_id, request)
         VALUES ($2::uuid, $1, 'h', true, 'live', 'b', '{}')",
        "INSERT INTO almanac.publish_intents (id, user_id, plan_id, brand_id, entry_id, entry_version, entry, channel,
                                              account_id, external_account, transport, options, payload, payload_hash,
                                              publish_at)
         VALUES ($2::uuid, $1, $2::uuid, 'b', 'e', 1, '{}', 'linkedin', 'account', 'urn', 'live', '{}', '[]', 'h', now())",
        "INSERT INTO almanac.publish_attempts (user_id, id, intent_id) VALUES ($1, $2::uuid, $2::uuid)",
        "INSERT INTO almanac.publish_receipts (user_id, seq, intent_id, body) VALUES ($1, 1, $2::uuid, '{}')",
        "INSERT INTO almanac.publish_receipt_heads (user_id, count, head)
         SELECT $1, 1, 'h' WHERE $2 <> '' ON CONFLICT DO NOTHING",
    ];
    for sql in rows {
        sqlx::query(sql).bind(user.id).bind(job).execute(admin).await.unwrap();
    }
}

/// A theme with a feed, a schedule, a fire, a synthesis and a mail, as the job of this id would leave them.
async fn mail(admin: &PgPool, user: &User, job: &str) {
    let rows = [
        "INSERT INTO almanac.themes (id, user_id, name, description, language) VALUES ($2::uuid, $1, 't', '', 'en')",
        "INSERT INTO almanac.theme_sources (user_id, theme_id, url, place) VALUES ($1, $2::uuid, 'https://a.example', 1)",
        "INSERT INTO almanac.theme_schedules (user_id, theme_id, enabled, zone_data) VALUES ($1, $2::uuid, false, '')",
        "INSERT INTO almanac.schedule_runs (user_id, theme_id, fire_date, fire_at, state, zone, start_until)
         VALUES ($1, $2::uuid, '2026-01-26', now(), 'done', 'UTC', now())",
        "INSERT INTO almanac.syntheses (id, user_id, theme_id, model, prompt_version) VALUES ($2::uuid, $1, $2::uuid, 'm', 'v1')",
        "INSERT INTO almanac.email_recipients (user_id, theme_id, address_hash, token)
         VALUES ($1, $2::uuid, '\\x00', replace($2, '-', ''))",
        "INSERT INTO almanac.email_deliveries (user_id, id, synthesis_id, theme_id, address, dedupe_key)
         VALUES ($1, $2::uuid, $2::uuid, $2::uuid, 'a@b.example', 'test/' || $2)",
        "INSERT INTO almanac.email_suppressions (address_hash, reason) SELECT sha256($2::bytea), 'bounce' WHERE $1 IS NOT NULL",
    ];
    for sql in rows {
        sqlx::query(sql).bind(user.id).bind(job).execute(admin).await.unwrap();
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
    user.connect_unused("linkedin", "account").await;
    publish(admin, &user, &id).await;
    mail(admin, &user, &id).await;
    let effect = "INSERT INTO almanac.effects (id, kind, dedupe_key, user_id, job_id, provider_key, payload_hash)
                  VALUES (gen_random_uuid(), 'post', $2, $1, $2::uuid, 'k', '\\x00')";
    sqlx::query(effect).bind(user.id).bind(&id).execute(admin).await.unwrap();
    let flag = "INSERT INTO almanac.feature_flags (name, enabled) VALUES ('ROWS_TEST', true) ON CONFLICT DO NOTHING";
    sqlx::query(flag).execute(admin).await.unwrap();
    user
}
