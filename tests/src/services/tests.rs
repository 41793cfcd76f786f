//! The servers by themselves: they start, survive the faults of tests, and refuse other clients.

use sqlx::{Connection, PgConnection};

use super::*;

#[tokio::test]
async fn committed_rows_survive_an_immediate_restart_of_postgres() {
    let services = Services::private().await;
    let url = services.postgres.url(ADMIN, "postgres");
    let mut before = PgConnection::connect(&url).await.expect("connect");
    sqlx::raw_sql("CREATE TABLE kept AS SELECT 7 AS n").execute(&mut before).await.expect("create");

    services.postgres.restart_immediately().await;

    let mut after = PgConnection::connect(&url).await.expect("connect again");
    let n: i32 = sqlx::query_scalar("SELECT n FROM kept").fetch_one(&mut after).await.expect("select");
    assert_eq!(n, 7);
    assert!(before.ping().await.is_err(), "the old session is cut");
}

#[tokio::test]
async fn a_killed_redis_comes_back_empty_unless_it_keeps_its_file() {
    let services = Services::shared().await;
    let redis = &services.redis;
    let set = async || {
        let mut connection = redis.connect().await;
        ::redis::cmd("SET").arg("k").arg("v").exec_async(&mut connection).await.expect("set");
    };
    let exists = async || {
        let mut connection = redis.connect().await;
        ::redis::cmd("EXISTS").arg("k").query_async::<bool>(&mut connection).await.expect("exists")
    };

    set().await;
    redis.kill().await;
    redis.start_again().await;
    assert!(!exists().await, "nothing was kept");

    redis.kill().await;
    redis.keep_append_only_file();
    redis.start_again().await;
    set().await;
    // Written before the answer, synced within a second: only a crash of the machine would lose it.
    redis.kill().await;
    redis.start_again().await;
    assert!(exists().await, "the file was kept");
}
