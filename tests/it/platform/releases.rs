//! The deploy marker: since when a release runs, as both processes export it.

use std::time::Duration;

use almanac_shared::platform::db::RELEASE;
use almanac_tests::{Node, Stack, eventually};

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(30);

/// The markers of the API and the worker, as Unix time.
async fn first_starts(stack: &Stack) -> [i64; 2] {
    // It listens for its metrics before it says so.
    let started = async || stack.worker(0).lease_owner();
    eventually(SOON, "the worker has started", started).await;
    [first_start(stack.api(0)).await, first_start(stack.worker(0)).await]
}

async fn first_start(node: &Node) -> i64 {
    let shown = async || {
        let text = node.metrics().await;
        let of_release = format!("version=\"{RELEASE}\"");
        let is_marker = |line: &&str| {
            line.starts_with("almanac_release_first_start_timestamp_seconds{") && line.contains(&of_release)
        };
        text.lines().find(is_marker)?.rsplit(' ').next()?.parse().ok()
    };
    eventually(SOON, "the start of the release is shown", shown).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_same_version_is_no_deploy() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let [api, worker] = first_starts(&stack).await;
    assert_eq!(api, worker, "both processes show the first start of either");
    let earlier = "UPDATE almanac.releases SET first_started_at = first_started_at - interval '1 hour'";
    sqlx::query(earlier).execute(&admin).await.unwrap();
    let other = "INSERT INTO almanac.releases VALUES ('0.0.0-other', now() + interval '1 day')";
    sqlx::query(other).execute(&admin).await.unwrap();

    stack.api(0).restart().await;
    stack.worker(0).restart().await;

    let expected = [api - 3_600; 2];
    assert_eq!(first_starts(&stack).await, expected, "the row of this version, not the time of the restart");
}
