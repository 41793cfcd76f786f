//! An erase of all data between a fire and its mails.

use almanac_tests::{Stack, eventually, world::mail::Script};
use serde_json::json;

use super::{Mailing, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_in_the_middle_of_a_mailing_sends_nothing_more_and_leaves_no_address() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let mailing = Mailing::prepare(&stack, 3).await;
    stack.world.mail().play(&mailing.to[0], [Script::Hold, Script::Ok]);
    stack.world.mail().play(&mailing.to[1], [Script::status(500), Script::Ok]);
    stack.world.mail().play(&mailing.to[2], [Script::status(500), Script::Ok]);
    mailing.fire().await;
    stack.world.mail().wait_until_holding(&mailing.to[0]).await;
    // The others wait for the provider, which failed them, for longer than this test takes.
    let waits = async || {
        let sql = "UPDATE almanac.jobs SET run_at = clock_timestamp() + interval '1 hour'
                    WHERE user_id = $1 AND state = 'queued'
                      AND id IN (SELECT id FROM almanac.email_deliveries WHERE first_sent_at IS NOT NULL)";
        let put_off = sqlx::query(sql).bind(mailing.anna.id).execute(&admin).await.unwrap().rows_affected();
        (put_off == 2).then_some(())
    };
    eventually(SOON, "two mails wait", waits).await;

    let erase = mailing.anna.delete("/v1/me/data").await.expect(202).data()["id"].as_str().unwrap().to_owned();
    stack.world.release(&mailing.to[0]);
    let ended = async || {
        let job = mailing.anna.get(&format!("/v1/jobs/{erase}")).await.expect(200).data();
        (!job["finishedAt"].is_null()).then_some(job)
    };
    let ended = eventually(SOON, "the erase ends", ended).await;

    assert_eq!(ended["status"], "succeeded", "{ended}");
    assert!(stack.world.mail().ledger().mails_to(&mailing.to[0]).len() <= 1);
    for address in &mailing.to[1..] {
        assert_eq!(stack.world.mail().ledger().requests_to(address).len(), 1, "nothing is sent after an erase");
    }
    for table in ["themes", "theme_schedules", "schedule_runs", "syntheses", "email_recipients", "email_deliveries"] {
        let sql = format!("SELECT count(*) FROM almanac.{table} WHERE user_id = $1");
        let left: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(mailing.anna.id).fetch_one(&admin).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    assert_eq!(mailing.anna.get("/v1/themes").await.expect(200).data()["items"], json!([]));
}
