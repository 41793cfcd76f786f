//! Retention: expired data is pruned completely, a failure in one table does not stop the others, and a round reads
//! little beside what it removes.

use std::time::Duration;

use almanac_tests::{
    Script, Stack, User, eventually, invariants,
    world::{JsonReader, source_text},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use uuid::Uuid;

/// Words of a source text and of a model's raw answer, by which they are found again.
const TEXT: &str = "water rises as vapour";
const ANSWER: &str = "I am afraid";

/// Moves the end of everything that has ended so far back by a number of days.
async fn age(admin: &PgPool, days: i32) {
    for table in ["jobs", "ai_generations"] {
        let sql = format!(
            "UPDATE almanac.{table} SET finished_at = finished_at - make_interval(days => $1) WHERE finished_at IS NOT NULL"
        );
        sqlx::query(AssertSqlSafe(sql)).bind(days).execute(admin).await.unwrap();
    }
}

/// Tables in which these words stand.
async fn places_of(admin: &PgPool, words: &str) -> Vec<String> {
    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'almanac'::regnamespace AND relkind = 'r'
                   ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(admin).await.unwrap();
    let mut found = Vec::new();
    for table in tables {
        let sql = format!("SELECT EXISTS (SELECT FROM almanac.{table} t WHERE t::text LIKE '%' || $1 || '%')");
        if sqlx::query_scalar(AssertSqlSafe(sql)).bind(words).fetch_one(admin).await.unwrap() {
            found.push(table);
        }
    }
    found
}

/// One generation that succeeded and one whose model said nothing of use, both ended.
async fn two_generations(stack: &Stack, user: &User) -> [Uuid; 2] {
    stack.world.play("unusable", vec![Script::shaped(JsonReader::BadJson); 3]);
    let jobs = [user.generate_scripted("good").await, user.generate_scripted("unusable").await];
    for job in jobs {
        user.follow_to_end(job).await;
    }
    jobs
}

/// A worker forgets when it starts, and every ten minutes after that.
async fn forgetting_worker(stack: &Stack) {
    stack.worker(0).kill().await;
    stack.worker(0).start().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_raw_answers_and_event_logs_are_forgotten_when_their_time_is_over_and_not_before() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let old = two_generations(&stack, &anna).await;
    let shown = anna.get(&format!("/v1/ai/generations/{}", old[1])).await.expect(200).data();
    assert!(shown["error"]["excerpt"].as_str().unwrap().contains(ANSWER), "{shown}");
    assert_eq!(places_of(&admin, ANSWER).await, ["ai_generations", "job_events", "jobs", "llm_calls"]);
    age(&admin, 31).await;
    let young = anna.generate_scripted("young").await;
    anna.follow_to_end(young).await;

    forgetting_worker(&stack).await;

    let gone = || async {
        let (answers, texts) = (places_of(&admin, ANSWER).await, places_of(&admin, TEXT).await);
        (answers.is_empty() && texts == ["ai_generations"]).then_some(())
    };
    eventually(Duration::from_secs(15), "what is old is forgotten", gone).await;
    let kept = "SELECT array_agg(id) FROM almanac.ai_generations WHERE source_text IS NOT NULL";
    let kept: Vec<Uuid> = sqlx::query_scalar(kept).fetch_one(&admin).await.unwrap();
    assert_eq!(kept, [young]);
    let logs: Vec<Uuid> =
        sqlx::query_scalar("SELECT DISTINCT job_id FROM almanac.job_events").fetch_all(&admin).await.unwrap();
    assert_eq!(logs, [young]);
    let shown = anna.get(&format!("/v1/ai/generations/{}", old[1])).await.expect(200).data();
    assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("failed"), &json!("INVALID_OUTPUT")));
    assert_eq!(anna.suggestions(&old[0].to_string()).await.len(), 5, "what was made of it stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_forgotten_keeps_nothing_else() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    two_generations(&stack, &anna).await;
    age(&admin, 31).await;
    sqlx::raw_sql(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
         GRANT EXECUTE ON FUNCTION public.refuse TO PUBLIC;
         CREATE TRIGGER refuse BEFORE DELETE ON almanac.job_events FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    )
    .execute(&admin)
    .await
    .unwrap();

    forgetting_worker(&stack).await;

    let gone = || async { places_of(&admin, TEXT).await.is_empty().then_some(()) };
    eventually(Duration::from_secs(15), "texts are forgotten", gone).await;
    assert_eq!(places_of(&admin, ANSWER).await, ["job_events"]);
}

/// Rows of all tables that a statement reads.
async fn rows_read(connection: &mut PgConnection, statement: &str) -> (i64, i64) {
    const READ: &str = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint
                          FROM pg_stat_xact_user_tables WHERE schemaname = 'almanac'";
    let mut tx = connection.begin().await.unwrap();
    let before: i64 = sqlx::query_scalar(READ).fetch_one(&mut *tx).await.unwrap();
    let done: i64 = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut *tx).await.unwrap();
    let after: i64 = sqlx::query_scalar(READ).fetch_one(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    (done, after - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_has_nothing_to_forget_reads_next_to_nothing_beside_thousands_that_have_ended() {
    let stack = Stack::builder().workers(0).start().await;
    let admin = stack.admin().await;
    sqlx::query(
        "INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, finished_at)
         SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text,
                'succeeded', clock_timestamp() - interval '60 days' - n * interval '1 s'
           FROM generate_series(1, 3000) AS n",
    )
    .execute(&admin)
    .await
    .unwrap();
    let mut worker = stack.as_worker().await.acquire().await.unwrap().detach();
    for statement in ["SELECT almanac.prune_events(7, 200)", "SELECT almanac.prune_texts(30, 200)"] {
        let (mut seen, mut rounds) = (0, 0);
        loop {
            let (done, rows) = rows_read(&mut worker, statement).await;
            // Each job itself, once for each thing that is looked up for it.
            assert!(rows <= done * 6 + 10, "{statement}: {rows} rows for {done} jobs");
            (seen, rounds) = (seen + done, rounds + 1);
            if done == 0 {
                break;
            }
        }
        assert_eq!((seen, rounds), (3_000, 16), "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_generations_are_found_by_their_keys_for_an_erase_and_for_a_retry() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let id = anna.submit(&source_text("hers")).await.expect(202).data()["generation_id"].clone();
    let others = "WITH j AS (
            INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id)
            SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text
              FROM generate_series(1, 3000) AS n
            RETURNING id, user_id)
        INSERT INTO almanac.ai_generations (id, user_id, model, prompt_version) SELECT id, user_id, 'm', 'v1' FROM j";
    sqlx::query(others).execute(&admin).await.unwrap();
    sqlx::raw_sql("ANALYZE almanac.jobs, almanac.ai_generations").execute(&admin).await.unwrap();
    let mut connection = admin.acquire().await.unwrap().detach();

    let new = Uuid::now_v7();
    let remake = format!(
        "WITH new AS (INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id)
                      VALUES ('{new}', '{}', 'flashcards.generate', 'flashcards', 'generation', '{new}') RETURNING 1)
         SELECT almanac.clone_generation(j, '{new}')::int::bigint FROM almanac.jobs j, new WHERE j.id = {id}",
        anna.id,
        id = id.to_string().replace('"', "'"),
    );
    let (made, read) = rows_read(&mut connection, &remake).await;
    assert!(made == 1 && read < 20, "a retry reads {read} rows");
    let erase = format!("SELECT almanac.erase_flashcards('{}', clock_timestamp(), 20)", anna.id);
    let (gone, read) = rows_read(&mut connection, &erase).await;
    assert!(gone == 2 && read < 40, "an erase reads {read} rows for {gone} generations");
    invariants::assert_all(&admin, &[]).await;
}
