//! Rows of themes and schedules that another transaction holds: they delay their own work only.

use almanac_tests::{
    OrFail, Stack,
    actor::synthesis::recipients,
    eventually,
    world::{Outcome, theme_description},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use super::SOON;

/// Holds the rows of one theme in a table.
async fn hold(stack: &Stack, table: &str, theme: &str) -> Transaction<'static, Postgres> {
    let mut tx = stack.admin().await.begin().await.or_fail("beginning");
    let column = if table == "themes" { "id" } else { "theme_id" };
    let sql = format!("SELECT FROM almanac.{table} WHERE {column} = $1::uuid FOR UPDATE");
    sqlx::query(AssertSqlSafe(sql)).bind(theme).fetch_all(&mut *tx).await.or_fail("locking");
    tx
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_schedule_or_theme_delays_its_own_fire_only() {
    let stack = Stack::shared().await;
    for table in ["theme_schedules", "themes"] {
        let (anna, ben) = (stack.user(), stack.user());
        let (held, free) = (anna.theme(&json!({})).await, ben.theme(&json!({})).await);
        anna.schedule(&held, &json!({ "enabled": false })).await;
        let enable = "UPDATE almanac.theme_schedules SET enabled = true WHERE theme_id = $1::uuid";
        let mut tx = hold(&stack, table, &held).await;
        sqlx::query(enable).bind(&held).execute(&mut *tx).await.unwrap();

        ben.schedule(&free, &json!({})).await;
        ben.wait_for_decision(&free, &["done"]).await;
        assert!(anna.decisions(&held).await.is_empty(), "{table}");
        tx.commit().await.unwrap();

        anna.wait_for_decision(&held, &["done"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_fire_delays_its_end_and_its_mails_leave_once() {
    // A worker that fires and does nothing else.
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "flashcards=1").start().await;
    let worker = stack.worker(0);
    let (anna, to) = (stack.user(), recipients(1));
    let theme = anna.theme(&json!({ "description": theme_description("held") })).await;
    anna.schedule(&theme, &json!({ "emails": to })).await;
    let fired = async || anna.decisions(&theme).await.into_iter().next();
    eventually(SOON, "it fires", fired).await;
    worker.kill().await;
    let tx = hold(&stack, "schedule_runs", &theme).await;
    worker.unset("WORKER_CONCURRENCY");
    worker.start().await;

    let id = anna.syntheses(&theme).await[0]["id"].as_str().unwrap().to_owned();
    let answered = async || {
        let calls = stack.world.calls("held");
        calls.first().is_some_and(|call| call.outcome == Outcome::Completed).then_some(())
    };
    eventually(SOON, "its model has answered", answered).await;
    assert_eq!(anna.get(&format!("/v1/syntheses/{id}")).await.expect(200).data()["status"], "running");
    assert!(stack.world.mail().ledger().requests_to(&to[0]).is_empty());
    tx.rollback().await.unwrap();

    anna.wait_for_decision(&theme, &["done"]).await;
    stack.world.mail().ledger().the_only_mail(&to[0]);
}
