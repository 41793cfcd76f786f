//! Schedules that fire: once per date, with one row for each fire whatever became of it.

use almanac_tests::{
    Stack, User,
    actor::{synthesis::recipients, token},
    eventually,
    world::{Answer, Script, feeds::Feed, theme_description},
};
use serde_json::{Value, json};

use super::{SOON, articles, feeds};

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_whose_time_has_passed_fires_at_once_and_once() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;

    let saved = anna.schedule(&theme, &json!({})).await;
    let done = anna.wait_for_decision(&theme, &["done"]).await;
    let run = anna.schedule(&theme, &json!({ "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] })).await;
    anna.delete(&format!("/v1/themes/{theme}/schedule")).await.expect(204);
    let again = anna.schedule(&theme, &json!({ "time_utc": "00:01" })).await;

    assert_eq!(saved["last_run_at"], Value::Null);
    assert_eq!((&done["outcome"], &done["reason"]), (&json!("done"), &Value::Null));
    assert!(run["last_run_at"].is_string(), "{run}");
    assert!(run["next_fire_at"].as_str() > done["fire_at"].as_str(), "{run}");
    assert_eq!(&again["next_fire_at"].as_str().unwrap()[..10], &run["next_fire_at"].as_str().unwrap()[..10]);
    assert_eq!(anna.decisions(&theme).await.len(), 1, "one fire today");
    let syntheses = anna.syntheses(&theme).await;
    assert_eq!(syntheses.len(), 1);
    assert!(syntheses[0]["fire_date"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_schedule_and_one_without_days_do_not_fire() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (off, empty, on) = (anna.theme(&json!({})).await, anna.theme(&json!({})).await, anna.theme(&json!({})).await);

    anna.schedule(&off, &json!({ "enabled": false })).await;
    anna.schedule(&empty, &json!({ "days": [] })).await;
    anna.schedule(&on, &json!({})).await;
    anna.wait_for_decision(&on, &["done"]).await;

    assert!(anna.decisions(&off).await.is_empty());
    assert!(anna.decisions(&empty).await.is_empty());
}

/// An answer that waits for its release.
fn holding() -> Script {
    Script::Answer(Answer { cards: usize::MAX, hold_after: Some(0), ..Answer::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_waits_while_its_user_has_a_synthesis_running() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = format!("busy-{}", anna.id.simple());
    let manual = anna.theme(&json!({ "description": theme_description(&key) })).await;
    let theme = anna.theme(&json!({})).await;
    stack.world.play(&key, [holding(), Script::ok(usize::MAX)]);
    let running = anna.synthesis(&manual).await;
    stack.world.wait_for_call(&key, 1).await;

    anna.schedule(&theme, &json!({})).await;
    let log = async || stack.worker(0).log().contains("skipped: the user has an active synthesis").then_some(());
    eventually(SOON, "the scheduler leaves the fire", log).await;
    assert!(anna.decisions(&theme).await.is_empty(), "not decided yet");
    let preview = anna.get(&format!("/v1/themes/{theme}/schedule/preview")).await.expect(200).data();
    assert!(preview["items"][0]["fire_at"].as_str().unwrap().ends_with("T00:00:00Z"), "{preview}");
    stack.world.release(&key);
    anna.follow(&running).await.collect_to_end().await;

    anna.wait_for_decision(&theme, &["done"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_without_news_is_done_and_mails_nobody() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let name = format!("fire-{}", anna.id.simple());
    let theme = anna.theme(&feeds(&stack, vec![(&name, Feed::rss(&articles(2)))])).await;
    assert_eq!(anna.synthesised(&theme).await["status"], "succeeded");
    let to = recipients(1);

    anna.schedule(&theme, &json!({ "emails": to })).await;
    let done = anna.wait_for_decision(&theme, &["done"]).await;

    assert_eq!(done["reason"], "NO_NEWS");
    assert!(stack.world.mail().ledger().requests_to(&to[0]).is_empty());
    let schedule = anna.get(&format!("/v1/themes/{theme}/schedule")).await.expect(200).data();
    assert!(schedule["last_run_at"].is_string(), "it ran");
}

/// Lets the pause of a fire that waits be over.
async fn end_pause(stack: &Stack, theme: &str) {
    let sql = "UPDATE almanac.schedule_runs SET next_attempt_at = clock_timestamp() WHERE theme_id = $1::uuid AND state = 'waiting'";
    sqlx::query(sql).bind(theme).execute(&stack.admin().await).await.unwrap();
}

/// Waits until a fire has this state and number of failed attempts.
async fn wait_for_attempts(stack: &Stack, theme: &str, state: &str, attempts: i32) {
    let admin = stack.admin().await;
    let seen = async || {
        let sql =
            "SELECT count(*) FROM almanac.schedule_runs WHERE theme_id = $1::uuid AND state = $2 AND attempts = $3";
        let found: i64 =
            sqlx::query_scalar(sql).bind(theme).bind(state).bind(attempts).fetch_one(&admin).await.unwrap();
        (found == 1).then_some(())
    };
    eventually(SOON, &format!("{attempts} failed attempts, then {state}"), seen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_whose_feeds_fail_is_tried_three_times() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let name = format!("three-{}", anna.id.simple());
    let theme = anna.theme(&feeds(&stack, vec![(&name, Feed::status(500))])).await;

    anna.schedule(&theme, &json!({ "emails": recipients(1) })).await;
    for attempt in 1..=2 {
        wait_for_attempts(&stack, &theme, "waiting", attempt).await;
        end_pause(&stack, &theme).await;
    }
    let failed = anna.wait_for_decision(&theme, &["failed"]).await;

    assert_eq!(failed["reason"], "SOURCES_FAILED");
    assert_eq!(anna.syntheses(&theme).await.len(), 3);
    let schedule = anna.get(&format!("/v1/themes/{theme}/schedule")).await.expect(200).data();
    assert_eq!(schedule["last_run_at"], Value::Null, "it never succeeded");
    assert!(schedule["next_fire_at"].is_string(), "the next fire is as usual");
    anna.schedule(&theme, &json!({})).await;
    assert_eq!(anna.decisions(&theme).await.len(), 1, "saving it again does not fire it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_after_a_failure_succeeds_and_mails_once() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (name, to) = (format!("again-{}", anna.id.simple()), recipients(2));
    let theme = anna.theme(&feeds(&stack, vec![(&name, Feed::status(500))])).await;
    anna.schedule(&theme, &json!({ "emails": to })).await;
    wait_for_attempts(&stack, &theme, "waiting", 1).await;
    stack.world.feeds().serve(&name, Feed::rss(&articles(1)));

    end_pause(&stack, &theme).await;

    anna.wait_for_decision(&theme, &["done"]).await;
    for address in &to {
        stack.world.mail().ledger().the_only_mail(address);
    }
}

/// A theme whose schedule was saved before its next fire was due, which was three hours and so many days ago.
async fn late(stack: &Stack, anna: &User, days: i32, changes: &Value) -> String {
    let theme = anna.theme(&json!({})).await;
    let mut order = json!({ "enabled": false });
    for (name, value) in changes.as_object().into_iter().flatten() {
        order[name] = value.clone();
    }
    anna.schedule(&theme, &order).await;
    let admin = stack.admin().await;
    let mut tx = admin.begin().await.unwrap();
    // Each update sets the time of the save, so that it is moved last, before a scheduler sees any of it.
    for sql in [
        "UPDATE almanac.theme_schedules s
            SET time_utc = to_char(t.at AT TIME ZONE 'UTC', 'HH24:MI'), next_fire_date = (t.at AT TIME ZONE 'UTC')::date,
                next_fire_at = date_trunc('minute', t.at), enabled = true
           FROM (SELECT clock_timestamp() - interval '3 hours' - $2 * interval '1 day' AS at) t
          WHERE s.theme_id = $1::uuid",
        "UPDATE almanac.theme_schedules SET saved_at = clock_timestamp() - ($2 + 1) * interval '1 day' WHERE theme_id = $1::uuid",
    ] {
        sqlx::query(sql).bind(&theme).bind(days).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    theme
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_that_was_away_for_three_hours_catches_up_inside_the_window() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let missed = late(&stack, &anna, 0, &json!({ "catch_up_minutes": 120 })).await;
    let caught_up = late(&stack, &anna, 0, &json!({ "catch_up_minutes": 300 })).await;

    let missed = anna.wait_for_decision(&missed, &["missed"]).await;
    let done = anna.wait_for_decision(&caught_up, &["done"]).await;

    assert_eq!(missed["reason"], "LATE");
    assert_eq!(done["reason"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_date_of_a_long_absence_has_its_row() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = late(&stack, &anna, 4, &json!({ "catch_up_minutes": 1440 })).await;

    let seen = async || {
        let outcomes: Vec<Value> =
            anna.decisions(&theme).await.iter().map(|decision| decision["outcome"].clone()).collect();
        (outcomes == ["done", "missed", "missed", "missed", "missed"].map(Value::from)).then_some(())
    };
    eventually(SOON, "each date is decided", seen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_retry_of_a_scheduled_synthesis_fires_nothing_again() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let admin = stack.user().with_token(token::hs256(&json!({ "role": "service_role", "exp": token::now() + 3600 })));
    let (theme, to) = (anna.theme(&json!({})).await, recipients(1));
    anna.schedule(&theme, &json!({ "emails": to })).await;
    anna.wait_for_decision(&theme, &["done"]).await;
    let job = anna.syntheses(&theme).await[0]["id"].as_str().unwrap().to_owned();

    let retried = admin.post(&format!("/v1/admin/jobs/{job}/retry"), json!({})).await.expect(202).data();
    let id = retried["id"].as_str().unwrap();
    anna.follow(id).await.collect_to_end().await;

    assert_eq!(anna.get(&format!("/v1/syntheses/{id}")).await.expect(200).data()["fire_date"], Value::Null);
    stack.world.mail().ledger().the_only_mail(&to[0]);
    assert_eq!(anna.decisions(&theme).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_that_waits_is_skipped_if_its_schedule_is_switched_off_or_deleted() {
    let stack = Stack::shared().await;
    for change in ["off", "deleted"] {
        let anna = stack.user();
        let name = format!("{change}-{}", anna.id.simple());
        let theme = anna.theme(&feeds(&stack, vec![(&name, Feed::status(500))])).await;
        anna.schedule(&theme, &json!({})).await;
        wait_for_attempts(&stack, &theme, "waiting", 1).await;

        if change == "off" {
            anna.schedule(&theme, &json!({ "enabled": false })).await;
        } else {
            anna.delete(&format!("/v1/themes/{theme}/schedule")).await.expect(204);
        }
        end_pause(&stack, &theme).await;

        let skipped = async || {
            let sql = "SELECT reason FROM almanac.schedule_runs WHERE theme_id = $1::uuid AND state = 'skipped'";
            sqlx::query_scalar::<_, Option<String>>(sql)
                .bind(&theme)
                .fetch_optional(&stack.admin().await)
                .await
                .unwrap()
        };
        let reason = eventually(SOON, "the fire is skipped", skipped).await;
        assert_eq!(reason.as_deref(), Some("SCHEDULE_OFF"), "{change}");
    }
}
