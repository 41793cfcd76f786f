//! Connections to Postgres: how many a process opens, and that one user cannot take all of them.

use std::time::Duration;

use almanac_tests::{Stack, User, actor::calendar::calendar_order, eventually, world::source_text};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

const SOON: Duration = Duration::from_secs(45);

/// Sessions of one process's role in this database that this condition holds for.
async fn sessions(admin: &PgPool, application: &str, condition: &str) -> i64 {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = '{application}' AND {condition}"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(admin).await.unwrap()
}

async fn calendar(user: &User) -> Value {
    let call = user.request(Method::POST, "/v1/ai/calendar").header("accept", "application/json");
    call.json(&calendar_order(&json!({}))).send().await.expect(202).data()["calendarId"].clone()
}

/// Each of one user's requests waits for a row, with a connection.
#[tokio::test(flavor = "multi_thread")]
async fn one_user_cannot_take_every_connection() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, ben, admin) = (stack.user(), stack.user(), stack.admin().await);
    let path = format!("/v1/calendars/{}", calendar(&anna).await.as_str().unwrap());
    let mut holder = admin.begin().await.unwrap();
    sqlx::raw_sql("SELECT FROM almanac.calendars FOR UPDATE").execute(&mut *holder).await.unwrap();

    let crowd = join_all((0..60).map(|_| anna.patch(&path, json!({ "title": "A title" }))));
    let others = async {
        let waiting = async || {
            let waiting = sessions(&admin, "almanac-api", "wait_event_type = 'Lock'").await;
            (waiting >= 2).then_some(())
        };
        eventually(SOON, "the crowd waits", waiting).await;
        for _ in 0..5 {
            ben.get("/v1/jobs").await.expect(200);
            ben.get("/v1/calendars").await.expect(200);
        }
    };
    let (crowd, ()) = tokio::join!(crowd, others);

    assert!(crowd.iter().all(|reply| reply.status == 503), "a row that is held is an outage for its user alone");
    holder.rollback().await.unwrap();
    anna.patch(&path, json!({ "title": "A title" })).await.expect(200);
}

/// Requests of users whose lock is held wait without a connection; a batcher that has to open its own again does not
/// stand behind them.
#[tokio::test(flavor = "multi_thread")]
async fn submits_that_wait_for_a_lock_do_not_hold_up_the_others() {
    let stack = Stack::builder().workers(0).start().await;
    let admin = stack.admin().await;
    let users: Vec<User> = (0..24).map(|_| stack.user()).collect();
    let text = source_text("locked");
    stack.user().submit(&text).await.expect(202);
    let mut holder = admin.begin().await.unwrap();
    for user in &users {
        let lock = format!("SELECT pg_advisory_xact_lock(hashtextextended('{}', 7311))", user.id);
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *holder).await.unwrap();
    }

    let crowd = join_all(users.iter().map(|user| user.submit(&text)));
    let others = async {
        for _ in 0..3 {
            // The batchers lose their connections.
            let cut = "CASE WHEN state = 'idle' AND query LIKE '%submit_generations%'
                       THEN pg_terminate_backend(pid) ELSE false END";
            let at_rest = async || (sessions(&admin, "almanac-api", cut).await > 0).then_some(());
            eventually(SOON, "a batcher has a connection, and it rests", at_rest).await;
            // What meets a dead connection is refused: it may have been stored. After that each batcher opens another.
            let submit = |_| async { stack.user().submit(&text).await };
            join_all((0..16).map(submit)).await;
            let replies = join_all((0..8).map(submit)).await;
            assert!(replies.iter().all(|reply| reply.status == 202), "{replies:?}");
        }
    };
    tokio::join!(crowd, others);
    holder.rollback().await.unwrap();
}

/// Every kind of request at once, and jobs on all lanes.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_opens_no_more_connections_than_it_is_given() {
    for given in [4, 7] {
        let stack = Stack::builder().env("DATABASE_CONNECTIONS", &given.to_string()).start().await;
        let admin = stack.admin().await;
        let ask = |_| async {
            let user = stack.user();
            let id = user.generate(&source_text("bounded")).await;
            calendar(&user).await;
            user.get("/v1/jobs").await.expect(200);
            user.get(&format!("/v1/jobs/{id}/explain")).await.expect(200);
            user.get("/readyz").await.expect(200);
            user.ended(&id).await;
        };

        let crowd = join_all((0..12).map(ask));
        let most = async {
            let mut most = [0, 0];
            loop {
                for (most, name) in most.iter_mut().zip(["almanac-api", "almanac-worker"]) {
                    *most = sessions(&admin, name, "true").await.max(*most);
                }
                tokio::select! {
                    biased;
                    () = stack_is_idle(&admin) => return most,
                    () = tokio::task::yield_now() => {}
                }
            }
        };
        let (_, most) = tokio::join!(crowd, most);

        assert!(most.iter().all(|most| (1..=given).contains(most)), "{given} are given, {most:?} were open");
    }
}

/// Resolves when every job has ended; pends as long as there is work or none was submitted.
async fn stack_is_idle(admin: &PgPool) {
    let sql = "SELECT count(*) >= 24 AND bool_and(finished_at IS NOT NULL) FROM almanac.jobs";
    let idle: Option<bool> = sqlx::query_scalar(sql).fetch_one(admin).await.unwrap();
    if idle != Some(true) {
        std::future::pending::<()>().await;
    }
}
