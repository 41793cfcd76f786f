//! Examples of themes, schedules, syntheses and mails.

use serde_json::{Value, json};

use super::{CREATED, ENDED, ID, OTHER, urls};

pub(super) fn of_request(schema: &str) -> Option<Value> {
    Some(match schema {
        "CreateTheme" => json!({
            "name": "Coffee weekly", "description": "Specialty coffee, from the plant to the cup.", "language": "fr",
            "sources": ["https://news.example.com/coffee.xml"], "sections": ["Récoltes", "Torréfaction"],
        }),
        "ThemePatch" => json!({ "sources": ["https://news.example.com/coffee.xml"], "sections": null }),
        "UpsertScheduleRequest" => json!({
            "enabled": true, "days": ["mon", "fri"], "time_utc": "09:00", "emails": ["reader@example.com"],
        }),
        "NoSettings" => json!({}),
        _ => return None,
    })
}

pub(super) fn of_answer(schema: &str) -> Option<Value> {
    Some(match schema {
        "Theme" => json!({
            "id": OTHER, "version": 1_768_901_400_000_000_i64, "name": "Coffee weekly", "description": "Specialty coffee, from the plant to the cup.",
            "language": "fr", "sources": ["https://news.example.com/coffee.xml"],
            "sections": ["Récoltes", "Torréfaction"], "created_at": CREATED, "updated_at": CREATED,
        }),
        "ThemeSourceList" => json!({ "items": [{
            "url": "https://news.example.com/coffee.xml", "last_fetched_at": ENDED, "last_error": null, "items": 25,
        }] }),
        "ScheduleResponse" => json!({
            "id": ID, "theme_id": OTHER, "version": 1_768_901_400_000_000_i64, "enabled": true, "days": ["mon", "fri"], "time_utc": "09:00",
            "emails": ["reader@example.com"], "last_run_at": null, "timezone": null, "time_local": null,
            "catch_up_minutes": null, "next_fire_at": "2026-01-23T09:00:00Z",
        }),
        "SchedulePreview" => json!({ "items": [{
            "fire_at": "2026-01-23T09:00:00Z", "local_time": "2026-01-23T09:00:00+00:00", "zone": "UTC",
        }] }),
        "ScheduleDecisionPage" => json!({
            "items": [{ "fire_at": "2026-01-19T09:00:00Z", "outcome": "done", "reason": null, "at": "2026-01-19T09:00:41Z" }],
            "next_cursor": null,
        }),
        "SynthesisAccepted" => json!({ "id": ID, "theme_id": OTHER, "status": "pending", "urls": urls() }),
        "Synthesis" => json!({
            "id": ID, "theme_id": OTHER, "status": "succeeded", "week": "2026-W04", "fire_date": null,
            "sections": [{
                "title": "Récoltes", "summary": "La récolte a commencé plus tôt cette année.",
                "articles": [{
                    "title": "An early harvest", "url": "https://news.example.com/early-harvest", "published_at": CREATED,
                    "takeaway": "Trois semaines d'avance dans les vallées.",
                }],
            }],
            "error": null, "model": "openai/gpt-4o-mini", "tokens_input": 2400, "tokens_output": 700, "cost_usd": 0.001,
            "created_at": CREATED, "finished_at": ENDED,
        }),
        "EmailDelivery" => json!({
            "id": OTHER, "synthesis_id": ID, "email": "reader@example.com", "status": "delivered",
            "fire_date": "2026-01-19", "created_at": CREATED, "updated_at": ENDED,
        }),
        "AdminDelivery" => json!({
            "id": OTHER, "userId": OTHER, "synthesisId": ID, "status": "failed",
            "error": { "code": "EMAIL_REJECTED", "message": "The mail provider refused the mail." },
            "providerRef": null, "createdAt": CREATED, "updatedAt": ENDED,
        }),
        _ => return None,
    })
}
