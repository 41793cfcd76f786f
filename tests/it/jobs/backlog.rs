//! The cost of a job does not depend on the number of waiting or ended jobs.

use almanac_tests::{Stack, User, world::source_text};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// Rows of jobs, calls and generations that a statement may read for each job it names: by its key, and the same row again
/// to change it or to check a reference to it.
const ROWS_PER_JOB: i64 = 12;

/// Accepts this number of generations in one statement.
async fn accepted(stack: &Stack, user: &User, count: usize) -> Vec<Uuid> {
    let jobs: Vec<Uuid> = std::iter::repeat_with(Uuid::now_v7).take(count).collect();
    let text = source_text("backlog");
    let none = vec![None::<&str>; count];
    let sql = "SELECT outcome
                 FROM almanac.submit_generations($1, $2, $3, $4, $5, $6, $7, $8, $6, $6)";
    let outcomes: Vec<String> = sqlx::query_scalar(sql)
        .bind(vec![user.id; count])
        .bind(&jobs)
        .bind(vec![text.as_str(); count])
        .bind(vec!["openai/gpt-4o-mini"; count])
        .bind(vec!["v1"; count])
        .bind(&none)
        .bind(vec![None::<Vec<u8>>; count])
        .bind(vec!["{}"; count])
        .fetch_all(&stack.as_api().await)
        .await
        .unwrap();
    assert!(outcomes.iter().all(|outcome| outcome == "new"), "{outcomes:?}");
    jobs
}

/// What a worker does with jobs that it names.
const STATEMENTS: [(&str, &str); 5] = [
    ("start", "SELECT count(*) FROM almanac.start($1, $1, 'one', '1 h', 2, 'openrouter')"),
    // Another worker has them: it finds none, and checks whether one of them may be poison.
    ("start again", "SELECT cardinality($1) + count(*) FROM almanac.start($1, $1, 'two', '1 h', 2, 'openrouter')"),
    ("renew", "SELECT count(*) FROM almanac.renew_leases($1, array_fill(1::bigint, ARRAY[cardinality($1)]), '1 h')"),
    (
        "save_items",
        "SELECT count(almanac.save_items(job, 1, '[]', ARRAY['suggestion'], ARRAY['{}'], NULL))
           FROM unnest($1) AS job",
    ),
    (
        "finish_jobs",
        "SELECT count(*)
           FROM (SELECT cardinality($1) AS n) AS many
          CROSS JOIN LATERAL almanac.finish_jobs(
                $1, array_fill(1::bigint, ARRAY[n]), array_fill('succeeded'::text, ARRAY[n]),
                array_fill(NULL::jsonb, ARRAY[n]), array_fill(NULL::jsonb, ARRAY[n]),
                ARRAY(SELECT jsonb_build_object('call', j, 'state', 'succeeded') FROM unnest($1) AS j),
                array_fill('{}'::jsonb, ARRAY[n]), array_fill('{}'::text, ARRAY[n]), '{}', '{}', '{}')",
    ),
];

/// Runs the statement for these jobs and answers how many rows it read. A job's call has the job's id.
async fn rows_read(connection: &mut PgConnection, statement: &str, jobs: &[Uuid]) -> i64 {
    let mut tx = connection.begin().await.unwrap();
    // Reads of earlier transactions are still included until the process has reported them.
    let before = rows_so_far(&mut tx).await;
    let done: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(jobs).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(usize::try_from(done).unwrap(), jobs.len(), "{statement}");
    let rows = rows_so_far(&mut tx).await - before;
    tx.commit().await.unwrap();
    rows
}

async fn rows_so_far(connection: &mut PgConnection) -> i64 {
    let read = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint
                  FROM pg_stat_xact_user_tables
                 WHERE schemaname = 'almanac' AND relname IN ('jobs', 'llm_calls', 'ai_generations')";
    sqlx::query_scalar(read).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_started_kept_and_ended_by_its_key_however_many_others_there_are() {
    let stack = Stack::builder().workers(0).api_env("GENERATION_RATE", "1000000/300").start().await;
    let (anna, worker) = (stack.user(), stack.as_worker().await);
    let mut connection = worker.acquire().await.unwrap();
    // As a worker's own connections are set: whatever is planned now, with hardly a row there, is planned for good.
    sqlx::raw_sql(
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
         SET enable_hashjoin = off; SET enable_mergejoin = off",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    for count in [1, 8] {
        let jobs = accepted(&stack, &anna, count).await;
        for (_, statement) in STATEMENTS {
            rows_read(&mut connection, statement, &jobs).await;
        }
        // The tables are known to be small: then to read all of them is the cheapest way there is.
        sqlx::raw_sql("ANALYZE almanac.jobs, almanac.llm_calls, almanac.ai_generations")
            .execute(&stack.admin().await)
            .await
            .unwrap();
    }
    costs_its_keys(&stack, &anna, &mut connection, "none").await;

    let others = accepted(&stack, &anna, 3_000).await;
    costs_its_keys(&stack, &anna, &mut connection, "wait").await;
    for (name, statement) in STATEMENTS {
        rows_read(&mut connection, statement, &others).await;
        costs_its_keys(&stack, &anna, &mut connection, name).await;
    }
}

/// Runs new jobs from start to end; `what` was done to three thousand others before.
async fn costs_its_keys(stack: &Stack, user: &User, connection: &mut PgConnection, what: &str) {
    for count in [1, 8] {
        let jobs = accepted(stack, user, count).await;
        for (name, statement) in STATEMENTS {
            let rows = rows_read(connection, statement, &jobs).await;
            let most = ROWS_PER_JOB * i64::try_from(count).unwrap();
            assert!(rows <= most, "{name} of {count} reads {rows} rows beside 3,000 others ({what})");
        }
    }
}
