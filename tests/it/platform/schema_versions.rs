//! Schema versions that a program starts on: its own, and newer ones that still support it.

use std::time::Duration;

use almanac_tests::{Stack, eventually};
use sqlx::AssertSqlSafe;

const SOON: Duration = Duration::from_secs(45);

/// Starts both processes on a schema of this version and reads why they end.
async fn endings(change: &str) -> [String; 2] {
    let stack = Stack::builder().start().await;
    stack.api(0).kill().await;
    stack.worker(0).kill().await;
    let admin = stack.admin().await;
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&admin).await.unwrap();
    let mut endings = [String::new(), String::new()];
    for (node, ending) in [stack.api(0), stack.worker(0)].into_iter().zip(&mut endings) {
        node.launch();
        assert_eq!(node.wait_exit(SOON).await.code(), Some(1), "{}", node.log());
        *ending = node.log().lines().last().unwrap_or_default().to_owned();
    }
    endings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_refuses_a_schema_that_is_older_than_it_needs() {
    // The policies of the owner cost these statements nothing: they are an administrator's.
    for change in
        ["UPDATE almanac.schema_version SET version = 0, compatible_from = 0", "DROP TABLE almanac.schema_version"]
    {
        let unchecked = "ALTER TABLE almanac.schema_version DROP CONSTRAINT schema_version_compatible_from_check";
        for ending in endings(&format!("{unchecked}; {change}")).await {
            assert!(ending.contains("needs schema version 1 and the database has 0"), "{ending}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_refuses_a_schema_that_has_left_it_behind() {
    for ending in endings("UPDATE almanac.schema_version SET version = 7, compatible_from = 2").await {
        assert!(ending.contains("version 7") && ending.contains("version 2 or newer"), "{ending}");
        assert!(ending.contains("this program is of version 1"), "{ending}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_of_two_versions_run_side_by_side() {
    let stack = Stack::builder().start().await;
    let newer = "UPDATE almanac.schema_version SET version = 7, compatible_from = 1";
    sqlx::raw_sql(newer).execute(&stack.admin().await).await.unwrap();

    stack.api(0).restart().await;
    stack.worker(0).restart().await;

    let anna = stack.user();
    let works = async || Some(anna.generation().await);
    eventually(SOON, "work is done on the newer schema", works).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_release_does_not_migrate_a_newer_schema() {
    let stack = Stack::builder().workers(0).start().await;
    let newer = "UPDATE almanac.schema_version SET version = 7";
    sqlx::raw_sql(newer).execute(&stack.admin().await).await.unwrap();

    let refusal = stack.services.postgres.migrate(&stack.database).await.unwrap_err().to_string();

    assert!(refusal.contains("schema version 7") && refusal.contains("brings it to 1"), "{refusal}");
}
