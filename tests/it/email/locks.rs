//! Rows of mails that another transaction holds: they delay their own mail only.

use almanac_tests::{OrFail, Stack, eventually, world::mail::Script};
use serde_json::Value;

use super::{Mailing, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn a_held_mail_or_recipient_delays_its_own_mails_and_each_leaves_once() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    for table in ["email_deliveries", "email_recipients", "syntheses", "schedule_runs"] {
        let (held, free) = (Mailing::prepare(&stack, 3).await, Mailing::prepare(&stack, 1).await);
        // Each mail is refused once, so that it waits when its row is taken.
        for address in &held.to {
            stack.world.mail().play(address, [Script::status(500), Script::Ok]);
        }
        held.fire().await;
        let waiting = async || {
            let sql = "UPDATE almanac.jobs SET run_at = clock_timestamp() + interval '1 hour'
                        WHERE user_id = $1 AND state = 'queued'
                          AND id IN (SELECT id FROM almanac.email_deliveries WHERE first_sent_at IS NOT NULL)";
            sqlx::query(sql).bind(held.anna.id).execute(&admin).await.unwrap();
            let sql = "SELECT count(*) FROM almanac.jobs
                        WHERE user_id = $1 AND kind = 'email.send' AND state = 'queued' AND run_at > clock_timestamp()";
            let waiting: i64 = sqlx::query_scalar(sql).bind(held.anna.id).fetch_one(&admin).await.unwrap();
            (waiting == 3).then_some(())
        };
        eventually(SOON, "its mails wait", waiting).await;
        let mut tx = admin.begin().await.or_fail("beginning");
        let hold = format!("SELECT FROM almanac.{table} WHERE user_id = $1 FOR UPDATE");
        sqlx::query(sqlx::AssertSqlSafe(hold)).bind(held.anna.id).fetch_all(&mut *tx).await.or_fail("locking");
        let due = "UPDATE almanac.jobs SET run_at = clock_timestamp() WHERE user_id = $1 AND state = 'queued'";
        sqlx::query(due).bind(held.anna.id).execute(&admin).await.unwrap();

        free.fire().await;
        assert_eq!(free.done().await, Value::Null, "{table}: another user's mails leave meanwhile");
        tx.rollback().await.or_fail("releasing");

        assert_eq!(held.done().await, Value::Null, "{table}");
        held.assert_each_got_one(&stack).await;
        free.assert_each_got_one(&stack).await;
    }
}
