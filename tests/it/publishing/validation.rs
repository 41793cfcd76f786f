//! Requests to publish that are refused: each with its status and code, the entry, the field, the limit and the
//! channel; and nothing of them is stored.

use almanac_tests::{OrFail, Stack, User, actor::publishing::Written, rows::Rows};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Site, connected, ending, sends};

/// Plans and intents of a person, and everything else that a request leaves behind.
async fn stored(admin: &PgPool, user: &User) -> (i64, Rows) {
    let intents = "SELECT (SELECT count(*) FROM almanac.publish_plans WHERE user_id = $1)
                        + (SELECT count(*) FROM almanac.publish_intents WHERE user_id = $1)";
    let intents = sqlx::query_scalar(intents).bind(user.id).fetch_one(admin).await.or_fail("counting intents");
    (intents, Rows::of(admin, user.id).await)
}

/// The error of a refused request that stores nothing.
async fn refused(admin: &PgPool, user: &User, order: &Value, status: u16, code: &str) -> Value {
    let before = stored(admin, user).await;
    let call = user.publish_call(order).key(&format!("refused-{}", Uuid::new_v4()));
    let refusal = call.send().await.refused(status, code);
    assert_eq!(stored(admin, user).await, before, "{order}");
    refusal.json()["error"].clone()
}

fn with(order: &Value, changes: &Value) -> Value {
    let mut order = order.clone();
    for (name, value) in changes.as_object().into_iter().flatten() {
        order[name] = value.clone();
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_another_shape_names_its_field() {
    let stack = Stack::shared().await;
    let (admin, anna) = (stack.admin().await, stack.user());
    let calendar = Uuid::now_v7().to_string();
    let order = json!({ "calendarId": calendar });
    let many: Vec<String> = (0..1_001).map(|_| Uuid::now_v7().to_string()).collect();

    for (changes, loc) in [
        (json!({ "brandId": "b" }), json!(["body", "brandId"])),
        (json!({ "placementIds": ["p"] }), json!(["body", "placementIds"])),
        (json!({ "calendarId": "c" }), json!(["body", "calendarId"])),
        (json!({ "calendarId": 7 }), json!(["body", "calendarId"])),
        (json!({ "entryIds": many }), json!(["body", "entryIds"])),
        (json!({ "channels": ["facebook", "myspace"] }), json!(["body", "channels", 1])),
        (json!({ "channels": "facebook" }), json!(["body", "channels"])),
        (json!({ "accountIds": { "myspace": "a" } }), json!(["body", "accountIds", "myspace"])),
        (json!({ "accountIds": { "facebook": " " } }), json!(["body", "accountIds", "facebook"])),
        (json!({ "dryRun": "no" }), json!(["body", "dryRun"])),
        (json!({ "publishAt": "tomorrow" }), json!(["body", "publishAt"])),
        (json!({ "publishAt": "2026-01-26" }), json!(["body", "publishAt"])),
        (json!({ "options": { "myspace": {} } }), json!(["body", "options", "myspace"])),
        (
            json!({ "options": { "youtube": { "privacy": "private" } } }),
            json!(["body", "options", "youtube", "privacy"]),
        ),
        (
            json!({ "options": { "linkedin": { "visibility": "FRIENDS" } } }),
            json!(["body", "options", "linkedin", "visibility"]),
        ),
        (json!({ "entryids": [] }), json!(["body", "entryids"])),
    ] {
        for is_dry in [true, false] {
            let order = with(&with(&order, &json!({ "dryRun": is_dry })), &changes);
            let error = refused(&admin, &anna, &order, 400, "VALIDATION_FAILED").await;
            assert_eq!(error["details"][0]["loc"], loc, "{order}: {error}");
        }
    }
    refused(&admin, &anna, &json!({}), 400, "VALIDATION_FAILED").await;
    let export = anna.post("/v1/publish/export", json!({ "calendarId": calendar, "format": "pdf" })).await;
    let export = export.refused(400, "VALIDATION_FAILED").json();
    assert_eq!(export["error"]["details"][0]["loc"], json!(["body", "format"]));
    anna.get("/v1/publish/intents?status=asleep").await.refused(400, "VALIDATION_FAILED");
    anna.get("/v1/publish/intents?calendarId=c").await.refused(400, "VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_foreign_is_not_found() {
    let stack = Stack::shared().await;
    let (admin, anna, eve) = (stack.admin().await, stack.user(), stack.user());
    let written = anna.write("facebook", &["Mine".to_owned()]).await;
    let (_, other) = anna.calendar(&json!({})).await;
    let nobody = Uuid::now_v7();

    for (user, order) in [
        (&eve, written.order(&json!({}))),
        (&anna, json!({ "calendarId": nobody })),
        (&anna, written.order(&json!({ "entryIds": [written.entries[0], nobody] }))),
        (&anna, written.order(&json!({ "entryIds": ["no-uuid"] }))),
        (&anna, written.order(&json!({ "calendarId": other["id"] }))),
        (&anna, json!({ "brandId": "nobody" })),
    ] {
        for is_dry in [true, false] {
            refused(&admin, user, &with(&order, &json!({ "dryRun": is_dry })), 404, "NOT_FOUND").await;
        }
    }
    anna.delete(&written.path(0)).await.expect(204);
    refused(&admin, &anna, &written.order(&json!({})), 404, "NOT_FOUND").await;
    let format = json!({ "calendarId": written.calendar, "format": "csv" });
    eve.post("/v1/publish/export", format).await.refused(404, "NOT_FOUND");
}

/// Connects an account that can be used as far as the API knows.
async fn connect(user: &User, channel: &str, account: &str) {
    let external_id = if channel == "linkedin" { "urn:li:organization:1" } else { "1784" };
    user.connect_with(channel, account, json!({ "accessToken": "t", "externalId": external_id })).await;
}

/// Changes the only account of a person behind the API's back.
async fn change_account(admin: &PgPool, user: &User, column: &str) {
    let sql = format!("UPDATE almanac.channel_credentials SET {column} WHERE user_id = $1");
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.id).execute(admin).await.or_fail("changing an account");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_the_whole_call_is_refused_and_names_each_channel() {
    let stack = Stack::shared().await;
    let (admin, anna) = (stack.admin().await, stack.user());
    let entries = ["linkedin", "facebook"].map(|channel| json!({ "channel": channel, "caption": "Hello" }));
    let order = anna.write_entries(&entries).await.order(&json!({}));
    let missing = |channels: &[&str]| -> Vec<Value> {
        channels.iter().map(|channel| json!(["body", "channels", channel])).collect()
    };
    let places = |error: &Value| -> Vec<Value> {
        error["details"].as_array().or_fail("details").iter().map(|detail| detail["loc"].clone()).collect()
    };

    let error = refused(&admin, &anna, &order, 422, "CHANNEL_AUTH_MISSING").await;
    assert_eq!((places(&error), &error["channel"]), (missing(&["linkedin", "facebook"]), &json!("linkedin")));

    connect(&anna, "facebook", "page").await;
    let error = refused(&admin, &anna, &order, 422, "CHANNEL_AUTH_MISSING").await;
    assert_eq!((places(&error), &error["channel"]), (missing(&["linkedin"]), &json!("linkedin")));

    for column in ["key_id = 'another'", "expires_at = now() - interval '1 s', has_refresh = false"] {
        connect(&anna, "facebook", "page").await;
        change_account(&admin, &anna, column).await;
        let order = with(&order, &json!({ "channels": ["facebook"] }));
        let error = refused(&admin, &anna, &order, 422, "CHANNEL_AUTH_MISSING").await;
        assert_eq!((places(&error), &error["channel"]), (missing(&["facebook"]), &json!("facebook")), "{column}");
    }
    let named = with(&order, &json!({ "channels": ["facebook"], "accountIds": { "facebook": "nobody" } }));
    refused(&admin, &anna, &named, 422, "CHANNEL_AUTH_MISSING").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_set_up_is_refused_by_name() {
    let unset = Stack::builder().env("INSTAGRAM_APP_ID", "").env("INSTAGRAM_APP_SECRET", "");
    let stack = unset.start().await;
    let (admin, anna) = (stack.admin().await, stack.user());
    let medium = json!([{ "url": "https://cdn.example/a.jpg", "type": "image" }]);
    let entry = json!({ "channel": "instagram", "caption": "Hello", "media": medium });
    let order = anna.write_entries(&[entry]).await.order(&json!({}));
    connect(&anna, "instagram", "insta").await;

    let error = refused(&admin, &anna, &order, 422, "CHANNEL_NOT_CONFIGURED").await;

    assert_eq!(error["channel"], "instagram");
    assert_eq!(error["details"][0]["loc"], json!(["body", "channels", "instagram"]));
    let dry = anna.publish(&with(&order, &json!({ "dryRun": true }))).await.expect(200).data();
    assert_eq!(dry["intents"][0]["status"], "dry_run", "a dry run needs no configuration: {dry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_accounts_need_a_name() {
    let stack = Stack::shared().await;
    let (admin, anna) = (stack.admin().await, stack.user());
    let order = anna.write("facebook", &["Hello".to_owned()]).await.order(&json!({}));
    connect(&anna, "facebook", "one").await;
    connect(&anna, "facebook", "two").await;

    let error = refused(&admin, &anna, &order, 422, "ACCOUNT_AMBIGUOUS").await;

    assert_eq!(
        (&error["channel"], &error["details"][0]["loc"]),
        (&json!("facebook"), &json!(["body", "accountIds", "facebook"]))
    );
    let dry = anna.publish(&with(&order, &json!({ "dryRun": true }))).await.expect(200).data();
    assert_eq!(
        (&dry["intents"][0]["status"], &dry["intents"][0]["error"]["code"]),
        (&json!("failed"), &json!("ACCOUNT_AMBIGUOUS"))
    );
    let named = with(&order, &json!({ "dryRun": true, "accountIds": { "facebook": "two" } }));
    assert_eq!(anna.publish(&named).await.expect(200).data()["intents"][0]["accountId"], "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_have_passed_and_choices_of_nothing_are_refused() {
    let stack = Stack::shared().await;
    let (admin, anna) = (stack.admin().await, stack.user());
    connect(&anna, "facebook", "page").await;
    let past = json!({ "channel": "facebook", "caption": "Late", "date": "2020-01-01" });
    let entries = [past, json!({ "channel": "facebook", "caption": "In time" })];
    let written = anna.write_entries(&entries).await;
    let order = written.order(&json!({}));

    for (changes, code, loc) in [
        (json!({ "publishAt": "2020-01-01T00:00:00Z" }), "IN_THE_PAST", json!(["body", "publishAt"])),
        (
            json!({ "publishAt": "entry", "entryIds": [written.entries[0]] }),
            "IN_THE_PAST",
            json!(["body", "entryIds", written.entries[0]]),
        ),
        (json!({ "channels": ["youtube"] }), "NOTHING_TO_PUBLISH", json!(["body", "channels"])),
        (json!({ "channels": [] }), "NOTHING_TO_PUBLISH", json!(["body", "channels"])),
        (json!({ "entryIds": [] }), "NOTHING_TO_PUBLISH", json!(["body", "channels"])),
    ] {
        for is_dry in [true, false] {
            let order = with(&with(&order, &json!({ "dryRun": is_dry })), &changes);
            let error = refused(&admin, &anna, &order, 422, code).await;
            assert_eq!(error["details"][0]["loc"], loc, "{order}");
        }
    }
    let dry = anna.publish(&with(&order, &json!({ "dryRun": true, "publishAt": "entry" }))).await.expect(200).data();
    assert_eq!(dry["skipped"], json!([{ "entryId": written.entries[0], "code": "IN_THE_PAST" }]));
    assert_eq!(dry["intents"].as_array().map(Vec::len), Some(1));
}

/// An entry that a channel does not take, and what is said about it.
struct Flaw {
    entry: Value,
    code: &'static str,
    field: &'static str,
    limit: Option<u64>,
}

fn flaw(entry: Value, code: &'static str, field: &'static str, limit: Option<u64>) -> Flaw {
    Flaw { entry, code, field, limit }
}

fn media(kinds: &[&str]) -> Value {
    kinds.iter().map(|kind| json!({ "url": format!("https://cdn.example/{kind}"), "type": kind })).collect()
}

fn flaws() -> Vec<Flaw> {
    let facebook = |changes: Value| with(&json!({ "channel": "facebook", "caption": "Hello" }), &changes);
    let linkedin = |changes: Value| with(&json!({ "channel": "linkedin", "caption": "Hello" }), &changes);
    let instagram = |changes: Value| with(&json!({ "channel": "instagram", "caption": "Hello" }), &changes);
    let tiktok = |changes: Value| with(&json!({ "channel": "tiktok", "caption": "Hello" }), &changes);
    let youtube = |changes: Value| with(&json!({ "channel": "youtube", "caption": "Hello" }), &changes);
    vec![
        flaw(linkedin(json!({ "caption": "x".repeat(3_001) })), "TEXT_TOO_LONG", "caption", Some(3_000)),
        flaw(facebook(json!({ "caption": "" })), "TEXT_REQUIRED", "caption", None),
        flaw(facebook(json!({ "format": "story" })), "FORMAT_UNSUPPORTED", "format", None),
        flaw(facebook(json!({ "format": "reel", "media": media(&["image"]) })), "MEDIA_TYPE", "media", None),
        flaw(facebook(json!({ "format": "carousel", "media": media(&["image"]) })), "MEDIA_COUNT", "media", Some(2)),
        flaw(instagram(json!({})), "MEDIA_REQUIRED", "media", None),
        flaw(tiktok(json!({})), "MEDIA_REQUIRED", "media", None),
        flaw(youtube(json!({})), "MEDIA_REQUIRED", "media", None),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_flaw_of_an_entry_names_entry_field_limit_and_channel() {
    let stack = Stack::builder().env("PUBLISH_TRANSPORT", "sandbox").start().await;
    let anna = stack.user();
    for channel in ["facebook", "linkedin", "instagram", "tiktok", "youtube"] {
        connect(&anna, channel, "main").await;
    }
    // What a person has to decide is decided.
    let options = json!({ "tiktok": { "privacyLevel": "SELF_ONLY" }, "youtube": { "madeForKids": false } });
    for Flaw { entry, code, field, limit } in flaws() {
        let written = anna.write_entries(std::slice::from_ref(&entry)).await;
        let order = written.order(&json!({ "options": options }));

        let dry = anna.publish(&with(&order, &json!({ "dryRun": true }))).await.expect(200).data();
        let real = anna.published(&order).await.intents.remove(0);

        let intent = &dry["intents"][0];
        assert_eq!((&intent["status"], &intent["requests"]), (&json!("failed"), &json!([])), "{dry}");
        for shown in [intent, &anna.wait_for_intent(&real, "failed").await] {
            let error = &shown["error"];
            assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(field)), "{shown}");
            assert_eq!(error.get("limit").and_then(Value::as_u64), limit, "{shown}");
            assert_eq!(shown["channel"], entry["channel"]);
        }
    }
    assert_eq!(stack.world.channels().connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_that_a_person_has_to_decide_is_named() {
    let stack = Stack::builder().env("PUBLISH_TRANSPORT", "sandbox").start().await;
    let (admin, anna) = (stack.admin().await, stack.user());
    let written = video_entries(&anna).await;

    for (number, channel, field) in
        [(0, "tiktok", "options.tiktok.privacyLevel"), (1, "youtube", "options.youtube.madeForKids")]
    {
        connect(&anna, channel, "main").await;
        let order = written.order(&json!({ "channels": [channel] }));
        let error = refused(&admin, &anna, &order, 422, "OPTION_REQUIRED").await;
        assert_eq!(error["details"][0]["loc"], json!(["body", "entryIds", written.entries[number], field]));
        assert_eq!(error["channel"], channel);
        let dry = anna.publish(&with(&order, &json!({ "dryRun": true }))).await.expect(200).data();
        assert_eq!(dry["intents"][0]["error"]["code"], "OPTION_REQUIRED", "{dry}");
    }
    let options = json!({ "tiktok": { "privacyLevel": "SELF_ONLY" }, "youtube": { "madeForKids": false } });
    anna.published(&written.order(&json!({ "options": options }))).await;
}

async fn video_entries(user: &User) -> Written {
    let video = |channel: &str| json!({ "channel": channel, "caption": "Hello", "media": media(&["video"]) });
    user.write_entries(&[video("tiktok"), video("youtube")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_published_stops_no_other() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let captions = ["Good", "", "Good too"];
    let entries = captions.map(|caption| json!({ "channel": "facebook", "caption": caption }));
    let written = anna.write_entries(&entries).await;

    let intents = anna.published(&written.order(&json!({}))).await.intents;

    let ended = anna.wait_for_ends(&intents).await;
    let ended: Vec<_> = ended.iter().map(ending).collect();
    assert_eq!(ended, [("published", ""), ("failed", "TEXT_REQUIRED"), ("published", "")]);
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_entry_of_a_dry_run_is_logged_with_its_fields_and_without_its_text() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (run, calendar) = anna.calendar(&json!({ "channels": ["facebook"], "end": "2026-01-26" })).await;
    let entry = calendar["entries"][0]["id"].as_str().or_fail("an entry");
    let id = calendar["id"].as_str().or_fail("a calendar");
    let secret = "Nobody reads this in a log";
    let edit = json!({ "format": "story", "caption": secret });
    anna.patch(&format!("/v1/calendars/{id}/entries/{entry}"), edit).await.expect(200);

    anna.publish(&json!({ "calendarId": id })).await.expect(200);

    let log = stack.api(0).log();
    let line =
        log.lines().rev().find(|line| line.contains("an entry cannot be published as it is") && line.contains(id));
    let line: Value = serde_json::from_str(line.or_fail("a line")).or_fail("a line is JSON");
    assert_eq!((&line["channel"], &line["calendarId"], &line["runId"]), (&json!("facebook"), &json!(id), &json!(run)));
    assert_eq!(
        (&line["status"], &line["code"], &line["userId"]),
        (&json!("failed"), &json!("FORMAT_UNSUPPORTED"), &json!(anna.id))
    );
    assert!(line["requestId"].is_string() && !log.contains(secret));
}
