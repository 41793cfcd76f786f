//! A provider that answers late, wrongly or not at all: each mail arrives once, or a person is told.

use almanac_tests::{Stack, world::mail::Script};
use serde_json::{Value, json};

use super::Mailing;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_may_have_taken_is_sent_again_with_its_key() {
    let stack = Stack::shared().await;
    for script in [
        Script::AcceptThenReset,
        Script::AcceptThenStatus(500),
        Script::ResetBefore,
        Script::status(500),
        Script::too_many(Some(1)),
        Script::refusal(409, "concurrent_idempotent_requests"),
    ] {
        let mailing = Mailing::prepare(&stack, 2).await;
        stack.world.mail().play(&mailing.to[0], [script.clone(), Script::Ok]);
        mailing.fire().await;

        assert_eq!(mailing.done().await, Value::Null, "{script:?}");

        mailing.assert_each_got_one(&stack).await;
        let requests = stack.world.mail().ledger().requests_to(&mailing.to[0]);
        assert_eq!(requests.len(), 2, "{script:?}");
        assert_eq!(requests[0].key, requests[1].key, "{script:?}: the same key");
        assert_eq!(requests[0].body, requests[1].body, "{script:?}: the same bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_costs_its_time_out_and_no_second_mail() {
    let stack = Stack::shared().await;
    let mailing = Mailing::prepare(&stack, 2).await;
    stack.world.mail().play(&mailing.to[0], [Script::AcceptThenHang, Script::Ok]);
    mailing.fire().await;

    assert_eq!(mailing.done().await, Value::Null);

    mailing.assert_each_got_one(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_waited_for_and_costs_no_attempt() {
    let stack = Stack::builder().start().await;
    let mailing = Mailing::prepare(&stack, 2).await;
    stack.world.mail().answer_everything(Some(Script::status(503)));
    mailing.fire().await;
    stack.world.mail().wait_for_request(&mailing.to[0], 2).await;
    let waiting = mailing.anna.deliveries(&mailing.synthesis().await).await[0]["id"].as_str().unwrap().to_owned();
    let says_so = async || {
        let explained = mailing.anna.get(&format!("/v1/jobs/{waiting}/explain")).await.expect(200).data();
        let is_told = explained["blocker"].as_str().is_some_and(|blocker| blocker.contains("mail provider"));
        (is_told && explained["nextActionAt"].is_string()).then_some(())
    };
    almanac_tests::eventually(super::SOON, "the mail says what it waits for", says_so).await;

    stack.world.mail().answer_everything(None);

    assert_eq!(mailing.done().await, Value::Null);
    mailing.assert_each_got_one(&stack).await;
    let synthesis = mailing.synthesis().await;
    for mail in mailing.anna.deliveries(&synthesis).await {
        let job = mailing.anna.get(&format!("/v1/jobs/{}", mail["id"].as_str().unwrap())).await.expect(200).data();
        assert_eq!(job["attempt"], 0, "{job}");
    }
}

/// Puts the first request of a theme's mails into the past.
async fn age(stack: &Stack, theme: &str) {
    let sql = "UPDATE almanac.email_deliveries SET first_sent_at = first_sent_at - interval '24 hours' WHERE theme_id = $1::uuid";
    sqlx::query(sql).bind(theme).execute(&stack.admin().await).await.unwrap();
    let due = "UPDATE almanac.jobs SET run_at = clock_timestamp()
                WHERE state = 'queued' AND id IN (SELECT id FROM almanac.email_deliveries WHERE theme_id = $1::uuid)";
    sqlx::query(due).bind(theme).execute(&stack.admin().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_keys_lifetime_nothing_is_sent_again() {
    // Of its own, because the provider asks for an hour of silence.
    let stack = Stack::builder().start().await;
    for (script, status) in [(Script::AcceptThenReset, "needs_review"), (Script::too_many(Some(3600)), "failed")] {
        let mailing = Mailing::prepare(&stack, 1).await;
        stack.world.mail().play(&mailing.to[0], [script.clone(), script.clone()]);
        mailing.fire().await;
        stack.world.mail().wait_until_ended(&mailing.to[0], 1).await;
        let synthesis = mailing.synthesis().await;
        let id = mailing.anna.deliveries(&synthesis).await[0]["id"].as_str().unwrap().to_owned();
        let noted = async || {
            let sql = "SELECT count(*) FROM almanac.effects WHERE job_id = $1::uuid AND state = 'planned'";
            let noted: i64 = sqlx::query_scalar(sql).bind(&id).fetch_one(&stack.admin().await).await.unwrap();
            (noted == 1).then_some(())
        };
        almanac_tests::eventually(super::SOON, "the answer is noted", noted).await;
        let requests = stack.world.mail().ledger().requests_to(&mailing.to[0]).len();

        age(&stack, &mailing.theme).await;

        assert_eq!(mailing.done().await, "UNDELIVERED", "{script:?}");
        mailing.anna.wait_for_deliveries(&synthesis, &[status]).await;
        assert!(stack.world.mail().ledger().requests_to(&mailing.to[0]).len() <= requests + 1, "{script:?}");
        let job = mailing.anna.get(&format!("/v1/jobs/{id}")).await.expect(200).data();
        assert_eq!(job["status"], json!("failed"));
    }
}
