//! `deploy/smoke.sh`, the smoke test of a release: it passes on a private stack in the order of a release, and fails
//! where a flag is not as it should be.

use std::process::{Command, Stdio};

use almanac_tests::{OrFail, Stack, User, run::test_run};
use tokio::task::spawn_blocking;

use crate::jobs::admin::operator;

/// Runs one step of the script as a user: whether it passed, and what it printed.
async fn smoke(stack: &Stack, user: &User, step: &str) -> (bool, String) {
    let script = test_run().settings.repository.join("deploy/smoke.sh");
    let mut command = Command::new(script);
    command
        .arg(step)
        .env("ALMANAC_URL", format!("http://{}", stack.api(0).address()))
        .env("ALMANAC_TOKEN", user.token())
        .env("ALMANAC_ADMIN_TOKEN", operator(stack).token())
        .env("NO_PROXY", "*")
        .stdin(Stdio::null());
    let output = spawn_blocking(move || command.output()).await.or_fail("waiting").or_fail("running deploy/smoke.sh");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

async fn assert_passes(stack: &Stack, user: &User, step: &str) {
    let (passed, printed) = smoke(stack, user, step).await;
    assert!(passed && printed.contains(&format!("smoke: {step}: ok")), "{step}: {printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_of_a_release_passes_in_its_order_and_names_a_flag_that_is_on() {
    let off = |flag: &str| (flag.to_owned(), "false");
    let [calendar, publish] = ["CALENDAR_SERVICE_ENABLED", "PUBLISH_SERVICE_ENABLED"].map(off);
    let stack = Stack::builder().env(&calendar.0, calendar.1).env(&publish.0, publish.1).start().await;
    let (anna, ben) = (stack.user(), stack.user());

    assert_passes(&stack, &anna, "enable").await;
    let flags = ben.get("/v1/flags").await.expect(200).data();
    assert_eq!((&flags[calendar.0.as_str()], &flags[publish.0.as_str()]), (&false.into(), &false.into()), "only hers");
    let (passed, printed) = smoke(&stack, &anna, "off").await;
    assert!(!passed && printed.contains("CALENDAR_SERVICE_ENABLED is not false"), "{printed}");
    assert_passes(&stack, &anna, "disable").await;
    assert_passes(&stack, &anna, "off").await;
}
