//! A log past its retention: one `snapshot` built from the stored rows, then the end. And the progress of a job that
//! has not started.

use almanac_tests::{
    OrFail, Script, Stack, User,
    actor::{
        calendar::keyed,
        stream::{Encoding, Event},
    },
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// The one event that is left of a job's log, without what an encoding puts around it.
async fn snapshot(user: &User, job: &str, encoding: Encoding) -> Value {
    let call = user.request(Method::GET, &format!("/v1/jobs/{job}/events"));
    let events: Vec<Event> = call.open(encoding).await.collect_to_end().await;
    assert_eq!((events.len(), events[0].kind.as_str()), (1, "snapshot"), "{events:?}");
    let mut data = events[0].json();
    let fields = data.as_object_mut().or_fail("an object");
    fields.remove("type");
    fields.remove("seq");
    data
}

async fn forget(stack: &Stack, job: &str) {
    let job: Uuid = job.parse().unwrap();
    let done = sqlx::query("DELETE FROM almanac.job_events WHERE job_id = $1").bind(job);
    assert!(done.execute(&stack.admin().await).await.unwrap().rows_affected() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_log_of_a_calendar_is_told_in_its_envelope_with_its_entries() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    stack.world.play("refused", [Script::status(402)]);
    let (run, calendar) = anna.calendar(&json!({})).await;
    let failed = anna.plan(&json!({ "constraints": keyed("refused") })).await.collect_to_end().await;
    let failed = failed.last().unwrap().json()["meta"]["runId"].as_str().unwrap().to_owned();
    let job = anna.get(&format!("/v1/jobs/{run}")).await.expect(200).data();
    for run in [&run, &failed] {
        forget(&stack, run).await;
    }

    for encoding in [Encoding::Sse, Encoding::Ndjson] {
        let told = snapshot(&anna, &run, encoding).await;
        assert_eq!(
            (&told["meta"]["done"], &told["meta"]["runId"], &told["meta"]["calendarId"], &told["meta"]["version"]),
            (&json!(true), &json!(run), &calendar["id"], &json!(1)),
            "{told}"
        );
        assert!(told["meta"]["seq"].as_i64().is_some_and(|seq| seq > 6), "{told}");
        assert_eq!(told["error"], Value::Null);
        for (name, value) in job.as_object().unwrap() {
            assert_eq!(&told["data"][name], value, "the job's {name}");
        }
        let entries = told["data"]["entries"].as_array().or_fail("entries");
        assert_eq!(entries.len(), 6);
        for entry in entries {
            let saved = calendar["entries"].as_array().unwrap().iter().find(|saved| saved["key"] == entry["key"]);
            let saved = saved.or_fail("the saved entry");
            for (name, value) in entry.as_object().unwrap() {
                assert_eq!(&saved[name], value, "{name}");
            }
        }
        let told = snapshot(&anna, &failed, encoding).await;
        assert_eq!((&told["data"]["status"], &told["data"]["entries"]), (&json!("failed"), &json!([])));
        assert_eq!((&told["error"], &told["meta"]["done"]), (&told["data"]["error"], &json!(true)), "{told}");
        assert!(told["error"]["code"].is_string());
    }

    // Its log is forgotten with it.
    let again = anna.calendar(&json!({})).await;
    anna.delete(&format!("/v1/calendars/{}", again.1["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(snapshot(&anna, &again.0, Encoding::Sse).await["data"]["entries"], json!([]));
    anna.delete(&format!("/v1/calendars/{}", calendar["id"].as_str().unwrap())).await.expect(204);
    let told = snapshot(&anna, &run, Encoding::Sse).await;
    assert_eq!((&told["data"]["entries"], &told["meta"]["version"]), (&json!([]), &Value::Null), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_log_of_a_generation_and_of_a_week_is_told_with_what_they_made() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let generation = anna.generation().await;
    anna.coffee_brand().await;
    let mut stream = anna.week(&json!({})).await;
    stream.collect_to_end().await;
    let week = stream.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned();
    for job in [&generation, &week] {
        forget(&stack, job).await;
    }

    for encoding in [Encoding::Sse, Encoding::Ndjson] {
        let told = snapshot(&anna, &generation, encoding).await;
        assert_eq!(told["suggestions"], json!(anna.suggestions(&generation).await));
        let told_week = snapshot(&anna, &week, encoding).await;
        assert_eq!(told_week["placements"], json!(anna.placements().await));
        for (told, id) in [(told, &generation), (told_week, &week)] {
            let job = anna.get(&format!("/v1/jobs/{id}")).await.expect(200).data();
            for (name, value) in job.as_object().unwrap() {
                assert_eq!(&told[name], value, "the job's {name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_again_is_told_what_is_left_of_its_log_in_the_encoding_it_asks_for() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let order = almanac_tests::actor::calendar::calendar_order(&json!({}));
    let ask = || anna.request(Method::POST, "/v1/ai/calendar").key("once").json(&order);
    let done = ask().open(Encoding::Sse).await.collect_to_end().await.last().unwrap().json();
    forget(&stack, done["meta"]["runId"].as_str().unwrap()).await;

    for encoding in [Encoding::Sse, Encoding::Ndjson] {
        let mut again = ask().open(encoding).await;

        assert_eq!((again.status, again.headers["idempotency-replayed"].to_str().unwrap()), (200, "true"));
        let events = again.collect_to_end().await;
        assert_eq!((events.len(), events[0].kind.as_str()), (1, "snapshot"), "{events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_has_not_started_has_a_progress() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    let generation = anna.generate_scripted("waits").await.to_string();
    let calendar = anna.request(Method::POST, "/v1/ai/calendar");
    let order = almanac_tests::actor::calendar::calendar_order(&json!({}));
    let calendar = calendar.json(&order).header("accept", "application/json").send().await.expect(202).data();

    for (job, total) in [(generation.as_str(), 10), (calendar["runId"].as_str().unwrap(), 0)] {
        let shown = anna.get(&format!("/v1/jobs/{job}")).await.expect(200).data();
        assert_eq!(
            shown["progress"],
            json!({ "completed": 0, "total": total, "stage": "queued", "percent": 0 }),
            "{shown}"
        );
    }
    for job in anna.get("/v1/jobs").await.expect(200).data()["items"].as_array().unwrap() {
        assert!(job["progress"].is_object(), "{job}");
    }
}
