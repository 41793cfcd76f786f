//! A job that kills every worker that takes it ends as `POISON` in time, and no other job is lost.

use std::time::Duration;

use almanac_tests::{Script, Stack, invariants, world::scripted_text};
use serde_json::json;
use uuid::Uuid;

/// A lease, a reaper's round, a start.
const ONE_CRASH: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_workers_is_given_up_and_costs_its_neighbours_nothing() {
    let stack = Stack::builder().worker_env("ALMANAC_CRASH_AT", "poison_pill").start().await;
    let (anna, berta) = (stack.user(), stack.user());
    // A neighbour that is in the middle of its work when the worker dies for the first time. (What happens to jobs with one
    // chance left is shown by `jobs::lease::last_chances_are_taken_one_at_a_time`.)
    stack.world.play("neighbour", [Script::hold_after(3), Script::ok(7)]);
    let neighbour = berta.generate_scripted("neighbour").await;
    berta.follow_until_suggestions(neighbour, 3).await;

    let text = scripted_text("ok]] [[poison");
    let accepted = anna.post("/v1/ai/generations", json!({ "source_text": text })).await.expect(202);
    let pill: Uuid = accepted.data()["generation_id"].as_str().unwrap().parse().unwrap();
    let mut open = anna.follow(&pill.to_string()).await;
    let mut others = Vec::new();
    for _ in 1..=3 {
        stack.worker(0).wait_exit(ONE_CRASH).await;
        let user = stack.user();
        let job = user.generate_scripted("other").await;
        stack.worker(0).start().await;
        others.push((user, job));
    }
    let events = open.collect_to_end().await;

    let end = events.last().unwrap().json();
    assert_eq!((end["status"].as_str(), end["error"]["code"].as_str()), (Some("failed"), Some("POISON")));
    let shown = anna.get(&format!("/v1/jobs/{pill}")).await.expect(200).data();
    assert_eq!((shown["status"].as_str(), shown["error"]["code"].as_str()), (Some("failed"), Some("POISON")));
    let generation = anna.get(&format!("/v1/ai/generations/{pill}")).await.expect(200).data();
    assert_eq!(generation["status"], "failed");
    let mut jobs = vec![pill, neighbour];
    for (user, job) in others {
        assert_eq!(user.follow_to_end(job).await.last().unwrap().json()["status"], "succeeded");
        jobs.push(job);
    }
    let log = berta.follow_to_end(neighbour).await;
    assert_eq!(log.last().unwrap().json()["status"], "succeeded", "the neighbour lost nothing");
    assert_eq!(berta.fronts(neighbour).await.len(), 7, "three before the first crash, and the rest that it asked for");
    assert!(stack.worker(0).is_running());
    invariants::assert_all(&stack.admin().await, &jobs).await;
}
