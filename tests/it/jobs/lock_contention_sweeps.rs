//! Sweeps while another transaction locks a row: the sweep handles all other jobs without waiting, and a later one
//! handles the locked one.

use almanac_tests::Stack;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::lock_contention::{count, hold_row, worker_that_never_waits};

/// Tables whose rows a job's end locks or writes.
const SUBJECTS: [&str; 5] = ["jobs", "ai_generations", "calendar_runs", "calendars", "organic_runs"];

/// Three jobs of three users, of the kind whose end needs a row of `table`.
async fn three_jobs(stack: &Stack, table: &str) -> Vec<Uuid> {
    let admin = stack.admin().await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let user = stack.user();
        match table {
            "calendar_runs" | "calendars" => drop(user.plan(&json!({})).await),
            "organic_runs" => {
                user.coffee_brand().await;
                drop(user.week(&json!({})).await);
            }
            _ => drop(user.generate_scripted("held").await),
        }
        let job = sqlx::query_scalar("SELECT id FROM almanac.jobs WHERE user_id = $1").bind(user.id);
        jobs.push(job.fetch_one(&admin).await.unwrap());
    }
    jobs
}

/// The id of the row in `table` that belongs to a job.
async fn subject(stack: &Stack, table: &str, job: Uuid) -> Uuid {
    if table != "calendars" {
        return job;
    }
    let calendar = sqlx::query_scalar("SELECT calendar_id FROM almanac.calendar_runs WHERE id = $1").bind(job);
    calendar.fetch_one(&stack.admin().await).await.unwrap()
}

async fn change(stack: &Stack, jobs: &[Uuid], change: &str) {
    let sql = AssertSqlSafe(format!("UPDATE almanac.jobs SET {change} WHERE id = ANY ($1)"));
    let changed = sqlx::query(sql).bind(jobs).execute(&stack.admin().await).await.unwrap();
    assert_eq!(changed.rows_affected(), jobs.len() as u64);
}

/// Jobs that are final, and whose domain rows are.
async fn ended(session: &mut PgConnection, jobs: &[Uuid]) -> i64 {
    let sql = "SELECT count(*) FROM almanac.jobs j
                WHERE id = ANY ($1) AND finished_at IS NOT NULL
                  AND (EXISTS (SELECT FROM almanac.ai_generations g WHERE g.id = j.id AND g.finished_at IS NOT NULL)
                    OR EXISTS (SELECT FROM almanac.calendar_runs r WHERE r.id = j.id AND r.finished_at IS NOT NULL)
                    OR EXISTS (SELECT FROM almanac.organic_runs r WHERE r.id = j.id AND r.finished_at IS NOT NULL))";
    count(session, sql, jobs).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_keeps_no_other_job_from_being_reaped() {
    let stack = Stack::builder().workers(0).start().await;
    let mut worker = worker_that_never_waits(&stack).await;
    let start = "SELECT count(*) FROM almanac.start($1, $1, 'gone', '-1 s', NULL, NULL)";
    let reap = "SELECT count(*) FROM almanac.reap(3) WHERE id = ANY ($1)";
    for table in SUBJECTS {
        for ending in ["crashes = 2", "cancel_requested_at = clock_timestamp()"] {
            let jobs = three_jobs(&stack, table).await;
            assert_eq!(count(&mut worker, start, &jobs).await, 3);
            change(&stack, &jobs, ending).await;
            let holder = hold_row(&stack, table, subject(&stack, table, jobs[0]).await).await;

            assert_eq!(count(&mut worker, reap, &jobs).await, 2, "beside a held row of {table}, {ending}");
            assert_eq!(ended(&mut worker, &jobs[1..]).await, 2, "beside a held row of {table}, {ending}");

            holder.rollback().await.unwrap();
            assert_eq!(count(&mut worker, reap, &jobs).await, 1, "once {table} is free, {ending}");
            assert_eq!(ended(&mut worker, &jobs).await, 3, "once {table} is free, {ending}");
        }
    }
}

/// No program writes such a row; a repair by hand or a bug may.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_keeps_no_other_job_from_being_reaped_or_expired() {
    let stack = Stack::builder().workers(0).start().await;
    let mut worker = worker_that_never_waits(&stack).await;
    let admin = stack.admin().await;
    let damage = "CREATE FUNCTION public.damage() RETURNS trigger LANGUAGE plpgsql AS
                      $$ BEGIN RAISE EXCEPTION 'cannot delete from scalar'; END $$;
                  CREATE TRIGGER damaged BEFORE UPDATE OF finished_at ON almanac.ai_generations
                      FOR EACH ROW WHEN (false) EXECUTE FUNCTION public.damage()";
    sqlx::raw_sql(damage).execute(&admin).await.unwrap();
    let ways = [
        (
            "crashes = 2, lease_expires_at = clock_timestamp()",
            "SELECT count(*) FROM almanac.reap(3) WHERE id = ANY ($1) AND state <> 'unended'",
        ),
        (
            "deadline_at = clock_timestamp() - interval '40 s'",
            "SELECT count(*) FROM almanac.expire_unstarted() WHERE job_id = ANY ($1)",
        ),
    ];
    for (ending, round) in ways {
        let jobs = three_jobs(&stack, "ai_generations").await;
        let start = "SELECT count(*) FROM almanac.start($1, $1, 'gone', '1 h', NULL, NULL)";
        assert_eq!(count(&mut worker, start, &jobs).await, 3);
        let only = format!(
            "DROP TRIGGER damaged ON almanac.ai_generations;
             CREATE TRIGGER damaged BEFORE UPDATE OF finished_at ON almanac.ai_generations
                 FOR EACH ROW WHEN (new.id = '{}') EXECUTE FUNCTION public.damage()",
            jobs[0]
        );
        sqlx::raw_sql(AssertSqlSafe(only)).execute(&admin).await.unwrap();
        change(&stack, &jobs, ending).await;

        // The sweeper of the API may have been here first.
        count(&mut worker, round, &jobs).await;

        let all = async || {
            (ended(&mut stack.as_worker().await.acquire().await.unwrap(), &jobs[1..]).await == 2).then_some(())
        };
        almanac_tests::eventually(std::time::Duration::from_secs(20), "the others have ended", all).await;
        assert_eq!(ended(&mut worker, &jobs[..1]).await, 0, "{ending}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_keeps_no_other_job_from_being_expired() {
    let stack = Stack::builder().workers(0).start().await;
    let mut worker = stack.as_worker().await.acquire().await.unwrap().detach();
    let expire = "SELECT count(*) FROM almanac.expire_unstarted() WHERE job_id = ANY ($1)";
    let lates = ["start_by = clock_timestamp()", "deadline_at = clock_timestamp() - interval '40 s'"];
    for table in SUBJECTS {
        for late in lates {
            let jobs = three_jobs(&stack, table).await;
            // The sweeper of the API, which is another process, takes this lock first and skips a round without it.
            let mut round = worker.begin().await.unwrap();
            sqlx::query("SELECT pg_advisory_xact_lock(7312, 1)").execute(&mut *round).await.unwrap();
            change(&stack, &jobs, late).await;
            let holder = hold_row(&stack, table, subject(&stack, table, jobs[0]).await).await;

            assert_eq!(count(&mut round, expire, &jobs).await, 2, "beside a held row of {table}, {late}");
            assert_eq!(ended(&mut round, &jobs[1..]).await, 2, "beside a held row of {table}, {late}");

            holder.rollback().await.unwrap();
            assert_eq!(count(&mut round, expire, &jobs).await, 1, "once {table} is free, {late}");
            assert_eq!(ended(&mut round, &jobs).await, 3, "once {table} is free, {late}");
            round.commit().await.unwrap();
        }
    }
}

/// Three jobs of a kind that ended long ago, with a row of each table of theirs that retention changes.
async fn three_expired(stack: &Stack, kind: &str) -> Vec<Uuid> {
    let fill = "
        WITH j AS (
            INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, finished_at, error)
            SELECT gen_random_uuid(), gen_random_uuid(), $1, 'flashcards', 'generation', n::text, 'failed',
                   now() - interval '60 days', '{\"excerpt\": \"x\"}'
              FROM generate_series(1, 3) AS n
            RETURNING id, user_id, kind, error),
        e AS (INSERT INTO almanac.job_events (job_id, seq, type, data)
              SELECT id, seq, 'done', '{}' FROM j, generate_series(1, 2) AS seq),
        c AS (INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model, error)
              SELECT id, id, 1, 'cards', 'p', 'm', error FROM j),
        g AS (INSERT INTO almanac.ai_generations (id, user_id, model, prompt_version, error, source_text)
              SELECT id, user_id, 'm', 'v1', error, repeat('x', 4000) FROM j
               WHERE kind = 'flashcards.generate'),
        r AS (INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, model,
                                                 prompt_version, error)
              SELECT id, user_id, id, 1, true, '{}', 1, 'm', 'v1', error FROM j WHERE kind = 'calendar.generate'),
        o AS (INSERT INTO almanac.organic_runs (id, user_id, brand_id, week_start, request, model, prompt_version, error)
              SELECT id, user_id, 'b', '2026-01-26', '{}', 'm', 'v1', error FROM j WHERE kind = 'organic.generate')
        SELECT id FROM j";
    let mut filler = stack.admin().await.begin().await.unwrap();
    // A calendar and a brand are not needed: keys are not checked.
    sqlx::raw_sql("SET LOCAL session_replication_role = replica").execute(&mut *filler).await.unwrap();
    let jobs = sqlx::query_scalar(fill).bind(kind).fetch_all(&mut *filler).await.unwrap();
    filler.commit().await.unwrap();
    jobs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_event_keeps_no_other_log_from_being_pruned() {
    let stack = Stack::builder().workers(0).start().await;
    let mut worker = worker_that_never_waits(&stack).await;
    let prune = "SELECT almanac.prune_events(7, 2) WHERE $1::uuid[] IS NOT NULL";
    let left = "SELECT count(DISTINCT job_id) FROM almanac.job_events WHERE job_id = ANY ($1)";
    let jobs = three_expired(&stack, "flashcards.generate").await;
    let mut holder = stack.admin().await.begin().await.unwrap();
    let lock = sqlx::query("SELECT FROM almanac.job_events WHERE job_id = $1 AND seq = 2 FOR UPDATE").bind(jobs[0]);
    assert_eq!(lock.execute(&mut *holder).await.unwrap().rows_affected(), 1);

    // All three ended at once, so one round takes them all.
    let rounds = [count(&mut worker, prune, &jobs).await, count(&mut worker, prune, &jobs).await];

    assert_eq!(rounds, [2, 0]);
    assert_eq!((count(&mut worker, left, &jobs).await, count(&mut worker, left, &jobs[..1]).await), (1, 1));
    let later = three_expired(&stack, "flashcards.generate").await;
    count(&mut worker, prune, &later).await;
    count(&mut worker, prune, &later).await;
    assert_eq!(count(&mut worker, left, &later).await, 0, "jobs that end later are not kept by the held one");
    holder.rollback().await.unwrap();
    assert_eq!([count(&mut worker, prune, &jobs).await, count(&mut worker, prune, &jobs).await], [1, 0]);
    assert_eq!(count(&mut worker, left, &jobs).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_row_keeps_no_other_text_from_being_pruned() {
    let stack = Stack::builder().workers(0).start().await;
    let mut worker = worker_that_never_waits(&stack).await;
    let prune = "SELECT almanac.prune_texts(7, 200) WHERE $1::uuid[] IS NOT NULL";
    let left = "SELECT count(*) FROM almanac.jobs j
                  LEFT JOIN almanac.ai_generations g USING (id) LEFT JOIN almanac.calendar_runs r USING (id)
                  LEFT JOIN almanac.organic_runs o USING (id) JOIN almanac.llm_calls c USING (id)
                 WHERE j.id = ANY ($1) AND (g.source_text IS NOT NULL OR j.error ? 'excerpt' OR g.error ? 'excerpt'
                        OR r.error ? 'excerpt' OR o.error ? 'excerpt' OR c.error ? 'excerpt')";
    for (table, kind) in [
        ("jobs", "flashcards.generate"),
        ("llm_calls", "flashcards.generate"),
        ("ai_generations", "flashcards.generate"),
        ("calendar_runs", "calendar.generate"),
        ("organic_runs", "organic.generate"),
    ] {
        let jobs = three_expired(&stack, kind).await;
        let holder = hold_row(&stack, table, jobs[0]).await;

        let rounds = [count(&mut worker, prune, &jobs).await, count(&mut worker, prune, &jobs).await];

        assert_eq!(rounds, [2, 0], "beside a held row of {table}");
        let texts = (count(&mut worker, left, &jobs).await, count(&mut worker, left, &jobs[..1]).await);
        assert_eq!(texts, (1, 1), "beside a held row of {table}");
        holder.rollback().await.unwrap();
        let rounds = [count(&mut worker, prune, &jobs).await, count(&mut worker, prune, &jobs).await];
        assert_eq!(rounds, [1, 0], "once {table} is free");
        assert_eq!(count(&mut worker, left, &jobs).await, 0, "once {table} is free");
    }
}
