//! The schedule of a theme over HTTP.

use almanac_tests::{Stack, actor::synthesis::schedule_order};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

fn path(theme: &str) -> String {
    format!("/api/v1/themes/{theme}/schedule")
}

#[tokio::test(flavor = "multi_thread")]
async fn get_schedule_returns_null_when_none() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;

    let bare = anna.get(&path(&theme)).await.expect(200);

    assert_eq!(bare.json(), Value::Null);
    assert_eq!(anna.get(&format!("/v1/themes/{theme}/schedule")).await.expect(200).data(), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_schedule_creates_schedule() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let order = json!({ "enabled": false, "days": ["fri", "mon", "fri"], "time_utc": "09:00",
                        "emails": ["test@example.com", "TEST@example.com"] });

    let made = anna.put(&path(&theme), order).await.expect(200).json();

    assert_eq!(made["theme_id"], theme);
    assert_eq!(made["enabled"], false);
    assert_eq!(made["days"], json!(["fri", "mon"]), "in the order sent, each once");
    assert_eq!((&made["time_utc"], &made["emails"]), (&json!("09:00"), &json!(["test@example.com"])));
    assert_eq!(made["last_run_at"], Value::Null);
    assert_eq!(anna.get(&path(&theme)).await.expect(200).json(), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_schedule_updates_existing() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let first = anna.put(&path(&theme), schedule_order(&json!({ "enabled": false }))).await.expect(200).json();

    let changes = json!({ "enabled": false, "days": ["sun"], "timezone": "Europe/Paris", "time_local": "07:30",
                          "catch_up_minutes": 90, "emails": [] });
    let second = anna.put(&path(&theme), schedule_order(&changes)).await.expect(200).json();

    assert_eq!(second["id"], first["id"], "one schedule per theme");
    assert_eq!((&second["days"], &second["time_local"]), (&json!(["sun"]), &json!("07:30")));
    assert_eq!((&second["timezone"], &second["catch_up_minutes"]), (&json!("Europe/Paris"), &json!(90)));
    assert_eq!(second["time_utc"], "00:00", "echoed, also where it does not decide");
}

/// Sends a schedule with these fields; the status and the places of the flaws.
async fn refused(changes: Value) -> (u16, Vec<Value>) {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let reply = anna.put(&path(&theme), schedule_order(&changes)).await;
    let details = reply.json()["error"]["details"].as_array().cloned().unwrap_or_default();
    assert_eq!(anna.get(&path(&theme)).await.expect(200).json(), Value::Null, "nothing is stored");
    (reply.status, details.into_iter().map(|detail| detail["loc"].clone()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_schedule_invalid_emails_returns_422() {
    let emails = json!(["fine@example.com", "no-at.example.com", "a@b"]);

    let (status, places) = refused(json!({ "emails": emails })).await;

    assert_eq!(status, 422);
    assert_eq!(places, [json!(["body", "emails", 1]), json!(["body", "emails", 2])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_schedule_invalid_days_returns_422() {
    let (status, places) = refused(json!({ "days": ["mon", "Monday"] })).await;

    assert_eq!((status, places), (422, vec![json!(["body", "days", 1])]));
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_schedule_too_many_emails_returns_422() {
    let emails: Vec<String> = (0..4).map(|number| format!("reader{number}@example.com")).collect();

    let (status, _) = refused(json!({ "emails": emails })).await;

    assert_eq!(status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_schedule_invalid_time_returns_422() {
    for changes in [
        json!({ "time_utc": "24:00" }),
        json!({ "time_utc": "9:00" }),
        json!({ "timezone": "Europe/Paris" }),
        json!({ "time_local": "09:00" }),
        json!({ "timezone": "Mars/Base", "time_local": "09:00" }),
        json!({ "catch_up_minutes": 0 }),
    ] {
        let (status, places) = refused(changes.clone()).await;
        assert_eq!(status, 422, "{changes}");
        assert!(!places.is_empty(), "{changes}");
    }
    let (status, _) = refused(json!({ "days": "mon" })).await;
    assert_eq!(status, 400, "of another shape");
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_schedule_returns_204() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    anna.schedule(&theme, &json!({ "enabled": false })).await;

    anna.delete(&path(&theme)).await.expect(204);

    assert_eq!(anna.get(&path(&theme)).await.expect(200).json(), Value::Null);
    anna.delete(&path(&theme)).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_requires_auth() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let nobody = anna.anonymous();

    nobody.get(&path(&theme)).await.expect(401);
    nobody.put(&path(&theme), schedule_order(&json!({}))).await.expect(401);
    nobody.delete(&path(&theme)).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_requires_theme_ownership() {
    let stack = Stack::shared().await;
    let (anna, eve) = (stack.user(), stack.user());
    let theme = anna.theme(&json!({})).await;
    anna.schedule(&theme, &json!({ "enabled": false })).await;

    for theme in [theme, Uuid::now_v7().to_string()] {
        eve.get(&path(&theme)).await.expect(404);
        eve.put(&path(&theme), schedule_order(&json!({}))).await.expect(404);
        eve.put(&path(&theme), schedule_order(&json!({ "days": ["never"] }))).await.expect(404);
        eve.delete(&path(&theme)).await.expect(404);
        eve.get(&format!("{}/preview", path(&theme))).await.expect(404);
        eve.get(&format!("{}/decisions", path(&theme))).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_a_session_cookie_saves_a_schedule() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let cookie = format!("almanac_session={}", anna.token());
    let order = json!({ "enabled": true, "days": ["mon", "fri"], "time_utc": "09:00", "emails": ["test@example.com"] });
    let put = || anna.anonymous().request(Method::PUT, &path(&theme)).header("cookie", &cookie).json(&order);

    let saved = put().header("x-requested-with", "XMLHttpRequest").send().await.expect(200).json();
    let forged = put().send().await.expect(403);

    assert_eq!(saved["days"], json!(["mon", "fri"]));
    assert_eq!(forged.header("x-error-code"), Some("CSRF_REQUIRED"));
    anna.schedule(&theme, &json!({ "enabled": false })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_fires_in_local_time_over_a_change_of_clocks() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let changes = json!({ "days": ["sat", "sun", "mon"], "timezone": "Europe/Paris", "time_local": "02:30" });
    anna.schedule(&theme, &changes).await;

    let span = "from=2027-03-27T00:00:00Z&to=2027-03-30T00:00:00Z";
    let preview = anna.get(&format!("/v1/themes/{theme}/schedule/preview?{span}")).await.expect(200).data();
    let backwards = "from=2027-03-30T00:00:00Z&to=2027-03-27T00:00:00Z";
    let backwards = anna.get(&format!("/v1/themes/{theme}/schedule/preview?{backwards}")).await;

    let times: Vec<&str> =
        preview["items"].as_array().unwrap().iter().map(|item| item["local_time"].as_str().unwrap()).collect();
    assert_eq!(times, ["2027-03-27T02:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"]);
    assert_eq!(preview["items"][0]["zone"], "Europe/Paris");
    backwards.expect(422);
    anna.schedule(&theme, &json!({ "enabled": false })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_changed_elsewhere_is_not_overwritten() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let path = path(&anna.theme(&json!({})).await);
    let call = |method: Method, header: &str, tag: &str| anna.request(method, &path).header(header, tag);
    let save = |header: &str, tag: &str| call(Method::PUT, header, tag).json(&schedule_order(&json!({})));
    let tag = |schedule: &Value| format!("\"{}\"", schedule["version"]);

    save("if-match", "*").send().await.refused(412, "PRECONDITION_FAILED");
    let first = save("if-none-match", "*").send().await.expect(200).json();
    save("if-none-match", "*").send().await.refused(412, "PRECONDITION_FAILED");
    let second = save("if-match", &tag(&first)).send().await.expect(200).json();
    save("if-match", &tag(&first)).send().await.refused(412, "PRECONDITION_FAILED");
    call(Method::DELETE, "if-match", &tag(&first)).send().await.refused(412, "PRECONDITION_FAILED");
    assert_eq!(anna.get(&path).await.expect(200).json(), second);

    call(Method::DELETE, "if-match", &tag(&second)).send().await.expect(204);
    let third = save("if-none-match", "*").send().await.expect(200).json();
    save("if-match", &tag(&second)).send().await.refused(412, "PRECONDITION_FAILED");
    assert_eq!(anna.get(&path).await.expect(200).json(), third, "a new schedule is no version of a deleted one");
}
