//! Examples of request and response bodies, by the name of their schema. Integration tests check each against its schema
//! and send those of requests.

mod synthesis;

use serde_json::{Value, json};

/// An id in examples.
pub(super) const ID: &str = "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11";
const OTHER: &str = "0198c4a2-81b0-7e55-8a3d-2f6a9c417b02";
const CREATED: &str = "2026-01-20T09:30:00Z";
const ENDED: &str = "2026-01-20T09:30:12Z";
const HASH: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const POST_URL: &str = "https://www.facebook.com/123_456";

/// The example of a schema.
pub(super) fn of(schema: &str) -> Option<Value> {
    of_request(schema).or_else(|| of_answer(schema)).or_else(|| of_page(schema))
}

fn of_request(schema: &str) -> Option<Value> {
    Some(match schema {
        "CreateAIGenerationCommand" => json!({ "source_text": source_text() }),
        "SidesPatch" => json!({ "back": "The powerhouse of the cell" }),
        "SuggestionChoice" => json!({ "suggestion_ids": [OTHER] }),
        "CreateCalendar" => json!({
            "channels": ["instagram", "blog"], "cadence": "daily", "start": "2026-01-26", "end": "2026-02-01",
            "timezone": "Europe/Paris", "constraints": { "topics": ["slow coffee"], "tone": "warm", "language": "en" },
        }),
        "NoOptions" => json!({}),
        "CalendarPatch" => json!({ "title": "A week of coffee" }),
        "NewEntry" => json!({ "channel": "blog", "date": "2026-01-27", "title": "Our roastery, room by room" }),
        "EntryPatch" => json!({ "title": "Five slow coffees", "time": "10:30" }),
        "AcceptChoice" => json!({ "keys": ["instagram:2026-01-26:1"] }),
        "CreateBrand" => json!({ "id": "brand_123", "name": "Bean & Co", "timezone": "America/Los_Angeles" }),
        "BrandPatch" => json!({ "voice": "Warm and practical" }),
        "BrandImport" => json!({
            "accounts": [{ "id": "acc_ig_1", "platform": "instagram", "name": "@beanandco" }],
            "trends": [{ "id": "trend_1", "title": "Slow coffee", "source": "trend" }],
            "assets": [{ "id": "asset_1", "title": "Roastery at dawn", "kind": "image" }],
        }),
        "CreateAccount" => json!({ "id": "acc_ig_1", "platform": "instagram", "name": "@beanandco" }),
        "AccountPatch" => json!({ "state": "disconnected" }),
        "CreateTrend" => json!({ "id": "trend_1", "title": "Slow coffee", "source": "trend", "priority": 10 }),
        "TrendPatch" => json!({ "priority": 20, "tags": ["coffee"] }),
        "CreateAsset" => json!({
            "id": "asset_1", "title": "Roastery at dawn", "kind": "image", "url": "https://cdn.example.com/dawn.jpg",
        }),
        "AssetPatch" => json!({ "tags": ["roastery", "morning"] }),
        "GenerateWeek" => json!({
            "brandProfileId": "brand_123", "weekStart": "2026-01-26", "timezone": "America/Los_Angeles",
            "placements": [{
                "placementId": "placement_1", "trendId": "trend_1", "dayId": "2026-01-26",
                "scheduledAt": "2026-01-26T17:00:00.000Z", "platform": "instagram", "accountId": "acc_ig_1",
                "desiredFormat": "reel",
            }],
            "options": { "language": "en-US" },
        }),
        "PlacementPatch" => json!({ "copy": { "caption": "Slow coffee, fast mornings." } }),
        "PublishCommand" => json!({
            "calendarId": ID, "channels": ["facebook"], "dryRun": false, "publishAt": "entry", "planHash": HASH,
        }),
        "PublishOptions" => json!({ "youtube": { "privacyStatus": "private", "madeForKids": false } }),
        "ExportCommand" => json!({ "calendarId": ID, "format": "ics" }),
        "ResolveCommand" => json!({ "outcome": "published", "url": "https://www.facebook.com/123_456" }),
        "ConnectAccount" => json!({
            "accessToken": "the-access-token", "refreshToken": "the-refresh-token",
            "expiresAt": "2026-03-21T09:30:00Z", "externalId": "urn:li:organization:2414183",
            "settings": { "visibility": "PUBLIC" },
        }),
        "TicketOrder" => json!({ "jobId": ID }),
        "FlagSetting" => json!({ "enabled": true, "users": null }),
        schema => return synthesis::of_request(schema),
    })
}

fn of_answer(schema: &str) -> Option<Value> {
    Some(match schema {
        "CreateAIGenerationAcceptedDTO" => json!({ "generation_id": ID, "status": "pending", "urls": urls() }),
        "AIGenerationDTO" => json!({
            "id": ID, "status": "succeeded", "model": "openai/gpt-4o-mini", "prompt_version": "1",
            "tokens_input": 812, "tokens_output": 340, "cost_usd": 0.0004, "ai_metadata": null, "error": null,
            "created_at": CREATED, "finished_at": ENDED, "suggestion_count": 10,
        }),
        "Suggestion" => json!({
            "id": OTHER, "generation_id": ID, "front": "What is a mitochondrion?", "back": "An organelle that makes ATP",
            "status": "proposed", "created_at": ENDED,
        }),
        "Card" => card(),
        "AcceptedCards" => json!({ "cards": [card()] }),
        "RunAccepted" => {
            json!({ "runId": ID, "calendarId": OTHER, "version": 1, "status": "pending", "urls": urls() })
        }
        "CalendarResponse" => calendar(),
        "CalendarWithEntries" => with(calendar(), "entries", json!([entry()])),
        "EntryResponse" => entry(),
        "DiffResponse" => json!({ "added": [], "updated": [], "removed": [] }),
        "AcceptDone" => json!({
            "entries": [entry()], "added": ["instagram:2026-01-26:1"], "updated": [], "removed": [], "skipped": [],
        }),
        "BrandResponse" => json!({
            "id": "brand_123", "name": "Bean & Co", "timezone": "America/Los_Angeles", "voice": "Warm and practical",
            "language": "en-US", "createdAt": CREATED, "updatedAt": CREATED,
        }),
        "BrandImported" => json!({ "accounts": 1, "trends": 1, "assets": 1 }),
        "AccountResponse" => json!({
            "id": "acc_ig_1", "platform": "instagram", "name": "@beanandco", "state": "connected", "createdAt": CREATED,
            "updatedAt": CREATED,
        }),
        "TrendResponse" => json!({
            "id": "trend_1", "title": "Slow coffee", "source": "trend", "description": null, "priority": 10,
            "tags": ["coffee"], "createdAt": CREATED, "updatedAt": CREATED,
        }),
        "AssetResponse" => json!({
            "id": "asset_1", "title": "Roastery at dawn", "kind": "image", "url": null, "tags": ["roastery"],
            "createdAt": CREATED, "updatedAt": CREATED,
        }),
        "WeekAccepted" => json!({
            "runId": ID, "brandProfileId": "brand_123", "weekStart": "2026-01-26", "status": "pending", "urls": urls(),
        }),
        "PublishAccepted" => json!({
            "planId": ID, "planHash": HASH, "transport": "live",
            "intents": [{
                "id": OTHER, "entryId": ID, "channel": "facebook", "accountId": "page_1", "status": "pending",
                "error": null,
            }],
            "skipped": [{ "entryId": OTHER, "code": "CHANNEL_UNSUPPORTED" }],
            "urls": { "self": format!("/v1/publish/plans/{ID}"), "events": format!("/v1/publish/plans/{ID}/events") },
        }),
        "PublishDryRun" => json!({
            "planId": null, "planHash": HASH, "transport": "live", "intents": [dry_run_intent()], "skipped": [],
            "warnings": [], "urls": null,
        }),
        "PlanResponse" => json!({
            "planId": ID, "planHash": HASH, "transport": "live", "approvedBy": OTHER, "createdAt": CREATED,
            "counts": {
                "total": 1, "pending": 0, "publishing": 0, "published": 1, "failed": 0, "unknown": 0, "needs_review": 0,
                "cancelled": 0,
            },
            "intents": [{
                "id": OTHER, "entryId": ID, "channel": "facebook", "accountId": "page_1", "status": "published",
                "externalUrl": POST_URL, "error": null,
            }],
            "skipped": [],
        }),
        "IntentResponse" => intent(),
        "IntentCancelling" => json!({ "status": "cancelling" }),
        "ReceiptResponse" => json!({
            "seq": 1, "intentId": OTHER, "payloadHash": HASH, "planHash": HASH, "transport": "live", "approvedBy": OTHER,
            "account": { "channel": "facebook", "accountId": "page_1", "externalId": "123" }, "outcome": "published",
            "externalId": "123_456", "externalUrl": POST_URL,
            "events": [{ "at": ENDED, "from": "publishing", "to": "published", "proof": { "status": 200 } }],
            "previous": null, "hash": HASH,
        }),
        "ConnectedAccountResponse" => json!({
            "channel": "linkedin", "accountId": "bean_and_co", "externalId": "urn:li:organization:2414183", "login": null,
            "settings": { "visibility": "PUBLIC" }, "expiresAt": "2026-03-21T09:30:00Z", "refreshExpiresAt": null,
            "hasRefreshToken": true, "health": "ok", "createdAt": CREATED, "updatedAt": CREATED,
        }),
        "ChannelResponse" => json!({
            "channel": "linkedin", "configured": true, "transport": "live",
            "accounts": [{
                "accountId": "bean_and_co", "health": "ok", "expiresAt": "2026-03-21T09:30:00Z", "quota": null,
            }],
        }),
        "ChannelList" => json!({ "items": [of_answer("ChannelResponse")?] }),
        "Job" => job(),
        "Cancelling" => json!({ "status": "cancelling" }),
        "Explanation" => json!({
            "id": ID, "state": "queued", "status": "pending", "attempt": 0, "crashes": 0,
            "blocker": "no worker has taken it yet", "nextAction": "a worker starts it within seconds",
            "nextActionAt": null, "error": null,
        }),
        "StreamTicket" => json!({ "ticket": "eyJqb2IiOiIwMTk4YzRhMiJ9.c2lnbmF0dXJl", "expiresAt": ENDED }),
        "SessionResponse" => json!({ "userId": ID, "role": "authenticated", "admin": false, "expiresAt": ENDED }),
        "FlagsResponse" => json!({ "CALENDAR_SERVICE_ENABLED": true, "PUBLISH_SERVICE_ENABLED": false }),
        "Flag" => json!({
            "name": "CALENDAR_SERVICE_ENABLED", "enabled": true, "users": null, "source": "row", "updatedAt": CREATED,
            "inEffect": true,
        }),
        "Queues" => json!({ "items": [{
            "lane": "calendar", "queued": 3, "oldestDueSeconds": 0.4, "running": 8, "dead": 0, "redisDepth": 3,
        }] }),
        "AdminJob" => admin_job(),
        "Version" => json!({ "name": "almanac", "version": "0.1.0" }),
        "ErrorEnvelope" => json!({
            "data": null,
            "error": {
                "code": "VALIDATION_FAILED", "message": "the request does not match the schema",
                "details": [{ "loc": ["body", "name"], "msg": "missing field `name`", "type": "missing" }],
                "retryable": false,
            },
            "meta": { "requestId": OTHER },
        }),
        schema => return synthesis::of_answer(schema),
    })
}

/// Pages, and what holds a list of others.
fn of_page(schema: &str) -> Option<Value> {
    let (list, cursor, item) = match schema {
        "GenerationPage" => ("items", "next_cursor", "AIGenerationDTO"),
        "SuggestionPage" => ("items", "next_cursor", "Suggestion"),
        "CardPage" => ("items", "next_cursor", "Card"),
        "CalendarPage" => ("items", "nextCursor", "CalendarResponse"),
        "BrandPage" => ("items", "nextCursor", "BrandResponse"),
        "AccountPage" => ("items", "nextCursor", "AccountResponse"),
        "TrendPage" => ("items", "nextCursor", "TrendResponse"),
        "AssetPage" => ("items", "nextCursor", "AssetResponse"),
        "IntentPage" => ("items", "nextCursor", "IntentResponse"),
        "JobPage" => ("items", "nextCursor", "Job"),
        "AdminJobPage" => ("items", "nextCursor", "AdminJob"),
        "ThemePage" => ("items", "next_cursor", "Theme"),
        "SynthesisPage" => ("items", "next_cursor", "Synthesis"),
        "EmailDeliveryPage" => ("items", "next_cursor", "EmailDelivery"),
        "AdminDeliveryPage" => ("items", "nextCursor", "AdminDelivery"),
        "RejectedSuggestions" => return Some(json!({ "suggestions": [of_answer("Suggestion")?] })),
        "RunPage" => return Some(json!({ "items": [run()], "nextCursor": null })),
        "RunResponse" => return Some(run()),
        "PlacementPage" => return Some(json!({ "items": [placement()], "nextCursor": null })),
        "PlacementResponse" => return Some(placement()),
        _ => return None,
    };
    let mut page = json!({ list: [of_answer(item)?] });
    page[cursor] = Value::Null;
    Some(page)
}

fn urls() -> Value {
    json!({
        "self": format!("/v1/jobs/{ID}"), "events": format!("/v1/jobs/{ID}/events"),
        "cancel": format!("/v1/jobs/{ID}/cancel"),
    })
}

fn card() -> Value {
    json!({
        "id": OTHER, "suggestion_id": OTHER, "generation_id": ID, "front": "What is a mitochondrion?",
        "back": "An organelle that makes ATP", "created_at": ENDED, "updated_at": ENDED,
    })
}

fn calendar() -> Value {
    json!({
        "id": OTHER, "title": "A week of coffee", "timezone": "Europe/Paris", "version": 1, "entryCount": 14,
        "createdAt": CREATED, "updatedAt": ENDED,
    })
}

fn entry() -> Value {
    json!({
        "id": ID, "key": "instagram:2026-01-26:1", "version": 1, "channel": "instagram", "date": "2026-01-26",
        "time": "09:00", "timezone": "Europe/Paris", "scheduledAt": "2026-01-26T08:00:00Z", "title": "Five slow coffees",
        "topic": "slow coffee", "format": "reel", "caption": "Take your time.", "hashtags": ["#slowcoffee"],
        "notes": "", "media": [], "source": "ai", "editedFields": [], "updatedAt": ENDED,
    })
}

fn run() -> Value {
    json!({
        "id": ID, "calendarId": OTHER, "version": 1, "status": "succeeded",
        "request": of_request("CreateCalendar"), "planId": null, "model": "openai/gpt-4o-mini", "slots": 14,
        "entryCount": 14, "added": 14, "updated": 0, "removed": 0, "latencyMs": 9800, "tokens": 3100,
        "tokensInput": 900, "tokensOutput": 2200, "costUsd": 0.002, "message": null, "error": null,
        "createdAt": CREATED, "finishedAt": ENDED,
    })
}

fn placement() -> Value {
    json!({
        "placementId": "placement_1",
        "schedule": { "dayId": "2026-01-26", "scheduledAt": "2026-01-26T17:00:00.000Z", "timeOfDay": "morning" },
        "platform": { "name": "instagram", "accountId": "acc_ig_1" },
        "seed": { "trendId": "trend_1", "source": "trend" },
        "content": { "type": "reel", "format": "Reel", "titleTopic": "Slow coffee, step by step" },
        "creative": { "creativeIdea": "One pour, one take", "assetIds": ["asset_1"] },
        "copy": {
            "caption": "Slow coffee, fast mornings.",
            "hashtags": { "high": ["#coffee"], "medium": ["#slowcoffee"], "low": ["#beanandco"] },
        },
        "weekStart": "2026-01-26", "timezone": "America/Los_Angeles", "version": 1, "editedFields": [], "runId": ID,
        "assetMatches": [{ "assetId": "asset_1", "score": 12, "reason": "roastery" }], "updatedAt": ENDED,
    })
}

fn dry_run_intent() -> Value {
    json!({
        "id": null, "entryId": ID, "channel": "facebook", "accountId": "page_1", "status": "dry_run",
        "requests": [channel_request()], "warnings": [], "error": null,
    })
}

fn channel_request() -> Value {
    json!({
        "step": "publish", "method": "POST", "url": "https://graph.facebook.com/v23.0/123/feed",
        "headers": { "Content-Type": "application/json; charset=UTF-8" }, "body": { "message": "Take your time." },
    })
}

fn intent() -> Value {
    json!({
        "id": OTHER, "planId": ID, "calendarId": ID, "brandId": null, "runId": ID, "userId": OTHER, "entryId": ID,
        "channel": "facebook", "accountId": "page_1", "transport": "live", "payload": [channel_request()],
        "payloadHash": HASH, "publishAt": CREATED, "status": "pending", "error": null, "attempt": 1, "externalId": null,
        "externalUrl": null, "createdAt": CREATED, "updatedAt": CREATED, "jobId": ID,
        "urls": {
            "self": format!("/v1/publish/intents/{OTHER}"), "events": format!("/v1/jobs/{ID}/events"),
            "cancel": format!("/v1/publish/intents/{OTHER}/cancel"),
        },
    })
}

fn job() -> Value {
    json!({
        "id": ID, "kind": "calendar.generate", "status": "running", "attempt": 0, "createdAt": CREATED,
        "startedAt": CREATED, "finishedAt": null,
        "progress": { "completed": 6, "total": 14, "stage": "drafting", "percent": 42 }, "error": null,
        "subject": { "type": "calendar", "id": OTHER }, "urls": urls(),
    })
}

fn admin_job() -> Value {
    let own = json!({
        "userId": OTHER, "lane": "calendar", "state": "running", "crashes": 0, "runAt": CREATED, "leaseExpiresAt": ENDED,
    });
    own.as_object().into_iter().flatten().fold(job(), |job, (name, value)| with(job, name, value.clone()))
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

/// A text of more than 1,000 characters, which is the least that a generation takes.
fn source_text() -> String {
    "Mitochondria are organelles of most eukaryotic cells. They make adenosine triphosphate, which cells use as a source \
     of chemical energy. A mitochondrion has two membranes; the inner one is folded into cristae. "
        .repeat(6)
}
