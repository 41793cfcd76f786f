//! Fencing: nothing that a worker writes after it lost its lease is kept, by any function, and a refused end does not
//! fail others of its batch.

use almanac_shared::{
    jobs::{Lease, endings::Endings, store::WriteError},
    platform::{
        db::Service,
        id::{JobId, SuggestionId},
    },
};
use almanac_tests::{
    actor::forged::{ForgedJob, succeeded},
    invariants,
};
use futures_util::future::join_all;
use serde_json::json;

use super::lease::{EXPIRED_LEASE_MS, LONG_LEASE_MS, now, reap, running, stack_without_workers};

/// Every function by which a worker writes and that says so when it may not, called under an epoch that has passed on.
const WRITES: [(&str, &str); 20] = [
    ("fence", "SELECT almanac.fence($1, $2)"),
    ("content_came", "SELECT almanac.content_came($1, $2)"),
    ("emit", "SELECT almanac.emit($1, $2, ARRAY['suggestion'], ARRAY['{}'], NULL)"),
    ("finish", "SELECT almanac.finish($1, $2, 'succeeded', NULL)"),
    ("open_call", "SELECT almanac.open_call(gen_random_uuid(), $1, $2, 'draft', 'test', 'test', 3, 6)"),
    ("keep_organic_plan", "SELECT almanac.keep_organic_plan($1, $2, '{}', 1, 0, ARRAY['stage'], ARRAY['{}'], NULL)"),
    (
        "save_items",
        r#"SELECT almanac.save_items($1, $2, jsonb_build_array(jsonb_build_object('ordinal', 1, 'id', gen_random_uuid(),
               'front_key', 'a', 'front', 'a', 'back', 'b')), ARRAY['suggestion'], ARRAY['{}'], NULL)"#,
    ),
    ("erase_stop", "SELECT almanac.erase_stop($1, $2)"),
    ("erase_pause", "SELECT almanac.erase_pause($1, $2, '1 s')"),
    ("erase_some", "SELECT almanac.erase_some($1, $2, 1)"),
    ("open_intent", "SELECT * FROM almanac.open_intent($1, $2)"),
    ("begin_sending", "SELECT almanac.begin_sending($1, $2, gen_random_uuid(), 1, '1 s', true)"),
    ("note_outcome", "SELECT almanac.note_outcome($1, $2, 'unknown', 'unknown', '{}', NULL)"),
    ("keep_known", "SELECT almanac.keep_known($1, $2, '{}', false)"),
    ("keep_reading", "SELECT almanac.keep_reading($1, $2, '2026-W01', '[]', '{}', '[]')"),
    ("open_mail", "SELECT * FROM almanac.open_mail($1, $2, repeat('0', 32))"),
    ("keep_mail", "SELECT almanac.keep_mail($1, $2, '', '', '', '')"),
    ("begin_mail", "SELECT almanac.begin_mail($1, $2, gen_random_uuid(), 'resend', '1 s')"),
    ("note_mail", "SELECT almanac.note_mail($1, $2, '', false)"),
    ("render_intent_again", "SELECT almanac.render_intent_again($1, $2, '{}', 1, '', '[]', '', NULL)"),
];
/// Those that answer instead that nothing was theirs.
const GENTLE: [&str; 6] =
    ["release", "release_unconfirmed", "renew_leases", "finish_jobs", "undo_crash", "note_late_post"];

/// The functions that did not refuse, each with what it said.
async fn late_writes(job: &ForgedJob, epoch: i64) -> Vec<String> {
    let mut slipped = Vec::new();
    for (name, sql) in WRITES {
        let result = sqlx::query(sql).bind(job.id).bind(epoch).execute(job.worker()).await;
        let code = result.as_ref().err().and_then(|error| error.as_database_error()?.code());
        if code.as_deref() != Some("LL001") {
            slipped.push(format!("{name}: {result:?}"));
        }
    }
    slipped
}

/// Ends a job through the batch, with one event more; answers how many the batch ended.
async fn conclude_alone(job: &ForgedJob, epoch: i64) -> i64 {
    let sql = "SELECT count(*) FROM almanac.finish_jobs(
        ARRAY[$1], ARRAY[$2], '{succeeded}', ARRAY[NULL::jsonb], ARRAY[NULL::jsonb], ARRAY[NULL::jsonb],
        ARRAY['{}'::jsonb], ARRAY['{}'], '{1}', '{suggestion}', '{late}')";
    sqlx::query_scalar(sql).bind(job.id).bind(epoch).fetch_one(job.worker()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_writes_nothing_more() {
    let stack = stack_without_workers().await;
    let admin = stack.admin().await;
    let job = stack.user().forge(&stack).await;
    let old = job.claim("first", EXPIRED_LEASE_MS).await.unwrap();
    assert_eq!(reap(job.worker()).await, [job.id]);
    let new = job.claim("second", LONG_LEASE_MS).await.unwrap();
    assert!(new > old);

    let slipped = late_writes(&job, old).await;

    assert!(slipped.is_empty(), "{}", slipped.join("\n"));
    assert_eq!(now(&admin, job.id).await, running(new, 1));
    // Gentle functions answer that there was nothing of theirs.
    assert_eq!(conclude_alone(&job, old).await, 0, "a batch leaves out what is not its own");
    let renewed =
        sqlx::query("SELECT * FROM almanac.renew_leases(ARRAY[$1], ARRAY[$2], '10 s')").bind(job.id).bind(old);
    assert!(renewed.fetch_all(job.worker()).await.unwrap().is_empty());
    let released = sqlx::query("SELECT * FROM almanac.release($1, $2, 'drain', NULL, NULL)").bind(job.id).bind(old);
    assert!(released.fetch_all(job.worker()).await.unwrap().is_empty());
    // The other way round: the epochs that a worker names are those it keeps.
    let unconfirmed = sqlx::query("SELECT * FROM almanac.release_unconfirmed('flashcards', 'first', '{}', '{}')");
    assert!(unconfirmed.fetch_all(job.worker()).await.unwrap().is_empty());
    assert_eq!(now(&admin, job.id).await, running(new, 1));
    assert_eq!(job.emit(new, 2, "{}").await.unwrap(), 2);
    assert_eq!(job.finish(new).await.unwrap(), 3);
    // After the end every write is refused, of the last holder too.
    let slipped = late_writes(&job, new).await;
    assert!(slipped.is_empty(), "after the end:\n{}", slipped.join("\n"));
    assert_eq!(conclude_alone(&job, new).await, 0, "not even its last holder's");
    invariants::assert_all(&admin, &[job.id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_that_names_an_epoch_is_left_out_here() {
    let admin = stack_without_workers().await.admin().await;

    let fenced: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT proname::text FROM pg_proc
          WHERE pronamespace = 'almanac'::regnamespace AND proargnames && ARRAY['p_epoch', 'p_epochs'] ORDER BY 1",
    )
    .fetch_all(&admin)
    .await
    .unwrap();

    let mut known: Vec<&str> = WRITES.iter().map(|(name, _)| *name).chain(GENTLE).collect();
    known.sort_unstable();
    assert_eq!(fenced, known);
}

/// The first end is written alone, and the others wait together.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_refused_costs_the_ends_beside_it_nothing() {
    let stack = stack_without_workers().await;
    let admin = stack.admin().await;
    let url = stack.services.postgres.url("almanac_worker", &stack.database).into();
    let endings = Endings::start(Service::open(&url).unwrap());
    let mut ends = Vec::new();
    for number in 0..8 {
        let job = stack.user().forge(&stack).await;
        let epoch = job.claim("the test", LONG_LEASE_MS).await.unwrap();
        let lease = Lease { job: JobId(job.id), epoch: if number == 2 { epoch + 1 } else { epoch } };
        // Of a generation that is not there: no row may be stored.
        let suggestion =
            json!({ "ordinal": 1, "id": SuggestionId::fresh(), "front_key": "a", "front": "a", "back": "b" });
        let suggestions = if number == 5 { vec![suggestion] } else { Vec::new() };
        ends.push((job, succeeded(lease, json!({ "items": suggestions }))));
    }

    let told = join_all(ends.iter().map(|(_, conclusion)| endings.write(conclusion.clone()))).await;

    for (number, ((job, _), told)) in ends.iter().zip(told).enumerate() {
        let state = now(&admin, job.id).await.state;
        match number {
            2 => assert!(matches!(told, Err(WriteError::LeaseLost)) && state == "running", "{told:?}"),
            5 => assert!(matches!(told, Err(WriteError::Refused(_))) && state == "running", "{told:?}"),
            _ => assert!(matches!(told, Ok(1)) && state == "succeeded", "{number}: {told:?}"),
        }
    }
    for number in [2, 5] {
        ends[number].0.finish(1).await.unwrap();
    }
}
