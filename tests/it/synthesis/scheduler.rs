//! Several schedulers at once, and processes that die between a fire and its synthesis.

use std::{os::unix::process::ExitStatusExt, time::SystemTime};

use almanac_tests::{OrFail, Stack, actor::synthesis::recipients, eventually, invariants};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::SOON;

/// Users with a theme each, whose schedules are due in the same second.
async fn due_schedules(stack: &Stack, count: i32) {
    let sql = "WITH people AS (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)),
               themes AS (INSERT INTO almanac.themes (id, user_id, name, description, language)
                          SELECT gen_random_uuid(), p.id, 'Load', '', 'en' FROM people p RETURNING id, user_id)
               INSERT INTO almanac.theme_schedules (theme_id, user_id, days, time_utc, next_fire_date, next_fire_at, zone_data)
               SELECT t.id, t.user_id, '[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"]',
                      to_char((clock_timestamp() - interval '1 minute') AT TIME ZONE 'UTC', 'HH24:MI'),
                      ((clock_timestamp() - interval '1 minute') AT TIME ZONE 'UTC')::date,
                      date_trunc('minute', clock_timestamp() - interval '1 minute'), '2000a'
                 FROM themes t";
    sqlx::query(sql).bind(count).execute(&stack.admin().await).await.or_fail("making schedules");
}

async fn count(stack: &Stack, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&stack.admin().await).await.or_fail("counting")
}

#[tokio::test(flavor = "multi_thread")]
async fn five_schedulers_fire_a_thousand_schedules_once_each() {
    let stack = Stack::builder().workers(5).worker_env("WORKER_CONCURRENCY", "synthesis=2").start().await;

    due_schedules(&stack, 1_000).await;
    let fired = async || (count(&stack, "SELECT count(*) FROM almanac.schedule_runs").await >= 1_000).then_some(());
    eventually(SOON, "all schedules fire", fired).await;

    assert_eq!(count(&stack, "SELECT count(*) FROM almanac.schedule_runs").await, 1_000);
    assert_eq!(count(&stack, "SELECT count(*) FROM almanac.syntheses").await, 1_000);
    assert_eq!(count(&stack, "SELECT count(*) FROM almanac.jobs WHERE kind = 'synthesis.generate'").await, 1_000);
    let due = "SELECT count(*) FROM almanac.theme_schedules WHERE next_fire_at <= clock_timestamp()";
    assert_eq!(count(&stack, due).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_after_it_fired_a_schedule_leaves_the_fire_to_others() {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", "claimed_before_call").start().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;

    anna.schedule(&theme, &json!({})).await;
    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "the crash point fired");
    stack.worker(0).unset("ALMANAC_CRASH_AT");
    stack.worker(0).start().await;

    anna.wait_for_decision(&theme, &["done"]).await;
    let syntheses = anna.syntheses(&theme).await;
    assert_eq!(syntheses.len(), 1);
    let id: Uuid = syntheses[0]["id"].as_str().unwrap().parse().unwrap();
    invariants::assert_all(&stack.admin().await, &[id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_was_computed_with_old_zone_data_is_computed_again() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let theme = anna.theme(&json!({})).await;
    let saved =
        anna.schedule(&theme, &json!({ "timezone": "Europe/Paris", "time_local": "09:00", "enabled": false })).await;
    let old = "UPDATE almanac.theme_schedules SET next_fire_at = next_fire_at + interval '40 days', enabled = true, zone_data = '2000a'
                WHERE theme_id = $1::uuid";
    sqlx::query(old).bind(&theme).execute(&stack.admin().await).await.unwrap();

    let mended = async || {
        let sql = "SELECT next_fire_at < clock_timestamp() + interval '3 days' AND zone_data > '2000a'
                     FROM almanac.theme_schedules WHERE theme_id = $1::uuid";
        let mended: bool =
            sqlx::query_scalar(sql).bind(&theme).fetch_one(&stack.admin().await).await.or_fail("reading a schedule");
        mended.then_some(())
    };
    eventually(SOON, "its next fire is that of the schedule", mended).await;
    assert_eq!(saved["timezone"], "Europe/Paris");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_wrong_by_ten_minutes_fires_by_the_databases_clock() {
    for offset in ["+10m", "-10m"] {
        let stack = Stack::builder().worker_clock(offset).start().await;
        let (anna, ben, to) = (stack.user(), stack.user(), recipients(1));
        let soon = anna.theme(&json!({})).await;
        anna.schedule(&soon, &json!({ "enabled": false })).await;
        let sql = "UPDATE almanac.theme_schedules
                      SET time_utc = to_char((clock_timestamp() + interval '5 minutes') AT TIME ZONE 'UTC', 'HH24:MI'),
                          next_fire_date = ((clock_timestamp() + interval '5 minutes') AT TIME ZONE 'UTC')::date,
                          next_fire_at = date_trunc('minute', clock_timestamp() + interval '5 minutes'), enabled = true
                    WHERE theme_id = $1::uuid";
        sqlx::query(sql).bind(&soon).execute(&stack.admin().await).await.or_fail("making it due in five minutes");
        let now = ben.theme(&json!({})).await;

        ben.schedule(&now, &json!({ "emails": to })).await;
        let done = ben.wait_for_decision(&now, &["done"]).await;

        assert_eq!(done["reason"], Value::Null, "{offset}");
        stack.world.mail().ledger().the_only_mail(&to[0]);
        let said = stack.worker(0).log();
        let wrong = said
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["timestamp"].as_str()?.parse().ok());
        let wrong: Vec<DateTime<Utc>> = wrong.collect();
        let last = *wrong.last().or_fail("a line of the worker");
        let off = last - DateTime::<Utc>::from(SystemTime::now());
        assert!(off.abs() > TimeDelta::minutes(8), "the worker's clock is wrong: {off}");
        assert!(anna.decisions(&soon).await.is_empty(), "{offset}: it is not due yet");
    }
}
