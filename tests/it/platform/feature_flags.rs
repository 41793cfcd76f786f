//! Feature flags as operators set them: in effect in every process within two seconds, and kept while Postgres is down.

use std::time::Duration;

use almanac_shared::platform::{
    config::FlagSettings,
    db::{Database, Service},
    flags::{Flag, Flags},
    id::UserId,
};
use almanac_tests::{Mode, OrFail, Proxy, Stack, actor::User, eventually, services::Postgres};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::jobs::admin::operator;

/// A flag is read every second; more for a slow machine.
const SEEN_WITHIN: Duration = Duration::from_secs(5);
const CALENDAR: &str = "/v1/admin/flags/CALENDAR_SERVICE_ENABLED";
const PUBLISH: &str = "/v1/admin/flags/PUBLISH_SERVICE_ENABLED";

/// Waits until the process that this user calls applies what is stored, and returns that.
async fn in_effect(operator: &User, path: &str) -> Value {
    eventually(SEEN_WITHIN, "the flag is in effect", || async {
        let flag = operator.get(path).await.expect(200).data();
        (flag["inEffect"] == true).then_some(flag)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_that_one_process_sets_is_in_effect_in_the_other_within_two_seconds() {
    let stack = Stack::builder()
        .apis(2)
        .workers(0)
        .api_env("CALENDAR_SERVICE_ENABLED", "false")
        .api_env("PUBLISH_SERVICE_ENABLED", "true")
        .start()
        .await;
    let (here, there) = (operator(&stack), operator(&stack).at(stack.api(1).address()));
    let anna = Uuid::new_v4();
    let untouched = here.get(CALENDAR).await.expect(200).data();
    assert_eq!((&untouched["enabled"], &untouched["source"]), (&json!(false), &json!("default")));
    assert_eq!(here.get(PUBLISH).await.expect(200).data()["enabled"], true, "the environment is the default");

    let set = here.put(CALENDAR, json!({ "enabled": true, "users": [anna] })).await.expect(200).data();

    assert_eq!(set["inEffect"], true, "the process that stored it applies it at once");
    let seen = in_effect(&there, CALENDAR).await;
    assert_eq!((&seen["enabled"], &seen["users"], &seen["source"]), (&json!(true), &json!([anna]), &json!("row")));

    // A second PUT replaces all of the first: the people it named are forgotten.
    there.put(CALENDAR, json!({ "enabled": true })).await.expect(200);
    assert_eq!(in_effect(&here, CALENDAR).await["users"], Value::Null);
    here.put(PUBLISH, json!({ "enabled": false })).await.expect(200);
    assert_eq!(in_effect(&there, PUBLISH).await["enabled"], false, "a row wins over the environment");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_makes_no_sense_changes_no_flag() {
    let stack = Stack::builder().workers(0).start().await;
    let operator = operator(&stack);

    operator.put("/v1/admin/flags/NO_SUCH_FLAG", json!({ "enabled": true })).await.refused(404, "NOT_FOUND");
    operator.get("/v1/admin/flags/calendar_service_enabled").await.refused(404, "NOT_FOUND");
    for body in [
        json!({}),
        json!({ "enabled": 1 }),
        json!({ "enabled": true, "users": ["anna"] }),
        json!({ "enabled": true, "user": [] }),
    ] {
        operator.put(CALENDAR, body).await.refused(400, "VALIDATION_FAILED");
    }

    assert_eq!(operator.get(CALENDAR).await.expect(200).data()["source"], "default");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_known_flags_stand_while_postgres_is_away_and_follow_when_it_is_back() {
    let stack = Stack::builder().workers(0).start().await;
    let operator = operator(&stack);
    let (anna, ben) = (UserId::fresh(), UserId::fresh());
    operator.put(CALENDAR, json!({ "enabled": true, "users": [anna] })).await.expect(200);
    let away = Proxy::start(stack.services.postgres.address()).await.or_fail("starting a proxy");
    let url = |role: &str| Postgres::url_at(away.address(), role, &stack.database).into();
    let defaults = FlagSettings { calendar_service: false, publish_service: true };
    // Both processes' own roles read the same rows.
    let worker = Flags::of_worker(&Service::open(&url("almanac_worker")).or_fail("opening"), defaults);
    let api = Flags::of_api(&Database::open(&url("almanac_api")).or_fail("opening"), defaults);
    for flags in [&worker, &api] {
        flags.refresh().await.or_fail("reading the flags");
        assert!(flags.is_on(Flag::CalendarService, Some(anna)), "the row's people");
        assert!(!flags.is_on(Flag::CalendarService, Some(ben)), "no other user");
        assert!(flags.is_on(Flag::PublishService, None), "no row: the environment's value");
    }

    away.set(Mode::Refuse).await;
    operator.put(CALENDAR, json!({ "enabled": false })).await.expect(200);
    for flags in [&worker, &api] {
        flags.refresh().await.expect_err("Postgres is unavailable");
        assert!(flags.is_on(Flag::CalendarService, Some(anna)), "the last known value stands");
    }
    let never = Flags::of_worker(&Service::open(&url("almanac_worker")).or_fail("opening"), defaults);
    never.refresh().await.expect_err("Postgres is unavailable");
    assert!(never.is_on(Flag::PublishService, None) && !never.is_on(Flag::CalendarService, Some(anna)), "the defaults");

    away.set(Mode::Pass).await;
    for flags in [&worker, &api, &never] {
        eventually(Duration::from_secs(30), "the flag is off again", || async {
            (!flags.is_on(Flag::CalendarService, Some(anna))).then_some(())
        })
        .await;
    }
}
