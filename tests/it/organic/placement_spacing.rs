//! Placements of one account are half an hour apart, in any week and time zone.

use almanac_tests::{
    Stack,
    actor::organic::{placement_lines, seed},
};
use serde_json::{Value, json};

/// A seed at a local time with its offset.
fn at(id: &str, time: &str) -> Value {
    let mut seed = seed(id, 0, 9);
    seed["dayId"] = time[..10].into();
    seed["scheduledAt"] = time.into();
    seed
}

#[tokio::test(flavor = "multi_thread")]
async fn placements_are_apart_across_weeks_and_zones() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    anna.coffee_brand().await;
    let sunday = json!({ "placements": [at("sunday", "2026-02-01T23:50:00-08:00")] });
    anna.generate_week(&sunday).await;

    // Ten minutes later it is Monday in Los Angeles, and has been for hours in Paris.
    let monday = json!({ "weekStart": "2026-02-02", "placements": [at("monday", "2026-02-02T00:00:00-08:00")] });
    let first = anna.generate_week(&monday).await;
    let paris = json!({
        "weekStart": "2026-02-02", "timezone": "Europe/Paris",
        "placements": [at("paris", "2026-02-02T08:40:00+01:00")],
    });
    let second = anna.generate_week(&paris).await;

    let times = [(&first, "monday"), (&second, "paris")].map(|(events, id)| {
        let placement = placement_lines(events, id).pop().unwrap();
        (placement["schedule"]["scheduledAt"].as_str().unwrap().to_owned(), placement["schedule"]["reason"].clone())
    });
    assert_eq!(times[0].0, "2026-02-02T15:00:00Z", "the first free time of Monday from 07:00: {times:?}");
    assert_eq!(times[1].0, "2026-02-02T08:40:00Z", "the first free time after it: {times:?}");
    assert!(times.iter().all(|(_, reason)| reason.is_string()), "each says why: {times:?}");
}
